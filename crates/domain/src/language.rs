//! Language: what a language model was asked about a session, what that cost, and what the session says of it.

use serde::{Deserialize, Serialize};

/// What asking a language model about one session came to, over all its attempts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LanguageUse {
    /// The model that was asked last.
    pub model: String,
    /// Requests that were sent, repeated ones too.
    pub requests: u64,
    /// Tokens read by the model, as far as the server told.
    pub input_tokens: u64,
    /// Tokens written by the model, as far as the server told.
    pub output_tokens: u64,
    /// In the currency of the prices in the settings; `None` where no price is set or no tokens were told.
    pub cost: Option<f64>,
    /// What a person should know: which part of the built-in result stands, and why. `None` when all went well.
    pub note: Option<String>,
}
