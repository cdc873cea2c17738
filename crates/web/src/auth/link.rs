//! Links by which somebody sets a password. Only a hash of the token is kept, and no log shows it: it stands in the query.

use crate::device_token::hash;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::Timestamp;
use storage::db::user_links::{LinkKind, NewLink};

/// How long an invitation is good, in seconds.
pub const INVITATION_SECONDS: f64 = 7.0 * 24.0 * 3600.0;
/// How long a link is good that somebody asked for by mail, in seconds.
pub const ASKED_SECONDS: f64 = 3600.0;
/// How long a link is good that an administrator hands over, in seconds.
pub const HANDED_SECONDS: f64 = 24.0 * 3600.0;

/// A new link, good for so many seconds: its token, which is shown or sent once, and what is kept.
pub fn new_link(kind: LinkKind, seconds: f64, now: Timestamp) -> (String, NewLink) {
    let token = new_token();
    let link = NewLink { kind, token_hash: hash(&token), expires_at: now.plus_seconds(seconds) };
    (token, link)
}

/// The token by which an operator begins to look, and what is kept of it.
pub fn new_operator_token() -> (String, String) {
    let token = new_token();
    let kept = hash(&token);
    (token, kept)
}

fn new_token() -> String {
    URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>())
}

/// The address of a link.
pub fn address(origin: &str, token: &str) -> String {
    format!("{origin}/set-password?token={token}")
}

/// What is kept of a token that somebody came with; `None` for what can be none.
pub fn hash_of(token: &str) -> Option<String> {
    (token.len() == 43 && token.is_ascii()).then(|| hash(token))
}
