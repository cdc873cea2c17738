//! Language model: any OpenAI-compatible endpoint, asked for JSON. Nothing that the server does can hold up or harm the
//! caller: an answer is read up to a size and a deadline, redirects are not followed, and what it says is only text.

mod error;
mod refusal;
mod wire;

pub use error::LanguageError;

use reqwest::{Client, StatusCode, header, redirect};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use std::{
    fmt,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};
use tokio::time::{Instant, sleep, timeout_at};
use wire::{FORMS, Form};

/// Largest answer that is read, in bytes.
pub const ANSWER_LIMIT_BYTES: usize = 1 << 20;
/// Time for a connection to come about.
const CONNECT_WITHIN: Duration = Duration::from_secs(10);
/// Pause before the one repetition, where the server does not name one.
const PAUSE: Duration = Duration::from_secs(1);
/// The longest pause that a server may name.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Which model is asked, and how.
#[derive(Clone, Debug)]
pub struct LanguageSettings {
    /// Base address, such as `http://127.0.0.1:11434/v1`.
    pub endpoint: String,
    /// Sent as bearer token; may be empty.
    pub api_key: SecretString,
    /// Name of the model.
    pub model: String,
    /// Time for all that is asked about one session.
    pub timeout: Duration,
    /// Tokens of one answer, at most.
    pub max_tokens: u32,
    /// Price of a million tokens read; 0 when not known.
    pub input_price: f64,
    /// Price of a million tokens written; 0 when not known.
    pub output_price: f64,
    /// Whether frames of the recording may be sent.
    pub send_pictures: bool,
}

/// One question.
#[derive(Clone, Debug)]
pub struct Question<'a> {
    /// What to do.
    pub instructions: &'a str,
    /// What to do it with.
    pub material: String,
    /// Frames as JPEG, each with the words that say what it is.
    pub pictures: Vec<(String, Vec<u8>)>,
    /// JSON schema of the answer.
    pub schema: &'a Value,
}

/// What questions cost, as far as the server told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Requests that were sent.
    pub requests: u64,
    /// Tokens read.
    pub input_tokens: u64,
    /// Tokens written.
    pub output_tokens: u64,
    /// Whether the server counted what cannot be; then the most stands that there can be, or nothing.
    pub doubtful: bool,
}

/// A language model behind an OpenAI-compatible endpoint.
pub struct Language {
    http: Client,
    settings: LanguageSettings,
    /// The form of request that the server took last.
    form: AtomicUsize,
}

impl fmt::Debug for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Language").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Language {
    /// A client for these settings. The process must have installed its TLS provider before.
    ///
    /// # Errors
    /// [`LanguageError::Setting`]
    pub fn new(settings: LanguageSettings) -> Result<Self, LanguageError> {
        let http = Client::builder()
            // The key and the transcript go to this server and to no other.
            .redirect(redirect::Policy::none())
            .connect_timeout(CONNECT_WITHIN)
            .build()
            .map_err(|e| LanguageError::Setting(format!("the HTTP client does not start: {e}")))?;
        Ok(Self { http, settings, form: AtomicUsize::new(0) })
    }

    /// Which model is asked, and how.
    pub fn settings(&self) -> &LanguageSettings {
        &self.settings
    }

    /// The text of the model's answer, which should be JSON. What it costs is added to `usage`, also where it fails.
    ///
    /// # Errors
    /// [`LanguageError`]: whatever the server does, at `deadline` at the latest.
    pub async fn ask(
        &self,
        question: &Question<'_>,
        deadline: Instant,
        usage: &mut Usage,
    ) -> Result<String, LanguageError> {
        let answered = timeout_at(deadline, self.in_a_form_it_takes(question, usage)).await;
        answered.unwrap_or(Err(LanguageError::TimedOut))
    }

    /// What `usage` costs; `None` where no price is set or no tokens were told.
    pub fn cost(&self, usage: &Usage) -> Option<f64> {
        let LanguageSettings { input_price, output_price, .. } = self.settings;
        let known = (input_price > 0.0 || output_price > 0.0) && usage.input_tokens + usage.output_tokens > 0;
        known.then(|| (usage.input_tokens as f64 * input_price + usage.output_tokens as f64 * output_price) / 1e6)
    }

    /// Servers differ in what they take; one that refuses a form is asked in the next, and from then on in that one.
    async fn in_a_form_it_takes(&self, question: &Question<'_>, usage: &mut Usage) -> Result<String, LanguageError> {
        let first = self.form.load(Ordering::Relaxed).min(FORMS.len() - 1);
        let mut refused = None;
        for (i, form) in FORMS.iter().enumerate().skip(first) {
            match self.with_one_repetition(question, form, usage).await {
                Err(e @ LanguageError::Rejected { .. }) => refused = Some(e),
                answered => {
                    if answered.is_ok() {
                        self.form.store(i, Ordering::Relaxed);
                    }
                    return answered;
                }
            }
        }
        // Perhaps it was not the form.
        self.form.store(0, Ordering::Relaxed);
        Err(refused.unwrap_or(LanguageError::Empty))
    }

    async fn with_one_repetition(
        &self,
        question: &Question<'_>,
        form: &Form,
        usage: &mut Usage,
    ) -> Result<String, LanguageError> {
        let mut pause = None;
        match self.once(question, form, usage, &mut pause).await {
            Err(e) if e.may_pass() => {
                sleep(pause.unwrap_or(PAUSE).min(LONGEST_PAUSE)).await;
                self.once(question, form, usage, &mut pause).await
            }
            answered => answered,
        }
    }

    async fn once(
        &self,
        question: &Question<'_>,
        form: &Form,
        usage: &mut Usage,
        pause: &mut Option<Duration>,
    ) -> Result<String, LanguageError> {
        usage.requests += 1;
        let settings = &self.settings;
        let address = format!("{}/chat/completions", settings.endpoint.trim_end_matches('/'));
        let asked = wire::request(question, settings, form).to_string();
        let most = wire::Most::of(asked.len(), settings);
        let mut request = self.http.post(address).header(header::CONTENT_TYPE, "application/json").body(asked);
        let key = settings.api_key.expose_secret();
        if !key.is_empty() {
            request = request.bearer_auth(key);
        }
        let response = request.send().await.map_err(|e| LanguageError::of(&e))?;
        let status = response.status();
        let seconds = response.headers().get(header::RETRY_AFTER).and_then(|v| v.to_str().ok()?.trim().parse().ok());
        *pause = seconds.map(Duration::from_secs);
        if status.is_redirection() {
            return Err(LanguageError::Redirected);
        }
        let body = read(response).await;
        match status {
            StatusCode::OK => wire::answer(&body?, most, usage),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(LanguageError::Unauthorised(status.as_u16())),
            StatusCode::NOT_FOUND => Err(LanguageError::NotFound(settings.model.clone())),
            StatusCode::TOO_MANY_REQUESTS => Err(LanguageError::Busy),
            _ if status.is_server_error() => Err(LanguageError::Server(status.as_u16())),
            _ => {
                let said = wire::complaint(&body.unwrap_or_default(), key);
                Err(LanguageError::Rejected { status: status.as_u16(), said })
            }
        }
    }
}

/// The body, up to [`ANSWER_LIMIT_BYTES`].
async fn read(mut response: reqwest::Response) -> Result<Vec<u8>, LanguageError> {
    let mut body = Vec::new();
    while let Some(piece) = response.chunk().await.map_err(|e| LanguageError::of(&e))? {
        if body.len() + piece.len() > ANSWER_LIMIT_BYTES {
            return Err(LanguageError::TooLarge);
        }
        body.extend_from_slice(&piece);
    }
    Ok(body)
}
