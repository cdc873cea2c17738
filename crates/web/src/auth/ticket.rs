//! Tickets: an administrator's page sends the file of one session under a signed text that is good for the uploads of that
//! session only, and not for long.

use crate::App;
use aws_lc_rs::hmac;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::{SessionId, TenantId, Timestamp};
use uuid::Uuid;

const PREFIX: &str = "tut_";
/// How long a ticket is good, in seconds; a page whose viewer is still signed in gets a new one.
pub const LIFE_SECONDS: u32 = 15 * 60;
/// Tenant, session, expiry.
const MESSAGE: usize = 16 + 16 + 8;

/// A new ticket for the uploads of a session.
pub fn issue(app: &App, tenant: TenantId, session: SessionId) -> String {
    let expires_at = app.now().plus_seconds(f64::from(LIFE_SECONDS)).0;
    let mut bytes = [tenant.0.as_bytes().as_slice(), session.0.as_bytes(), &expires_at.to_be_bytes()].concat();
    let tag = hmac::sign(&key(app), &signed(&bytes));
    bytes.extend_from_slice(tag.as_ref());
    format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes))
}

/// What a ticket of this installation is good for; `None` when it is none, was tampered with, or has expired.
pub fn read(app: &App, token: &str) -> Option<(TenantId, SessionId)> {
    let bytes = URL_SAFE_NO_PAD.decode(token.strip_prefix(PREFIX)?).ok()?;
    let (message, tag) = bytes.split_at_checked(MESSAGE)?;
    hmac::verify(&key(app), &signed(message), tag).ok()?;
    let expires_at = i64::from_be_bytes(message[32..].try_into().ok()?);
    let id = |bytes: &[u8]| Uuid::from_slice(bytes).ok();
    (app.now() < Timestamp(expires_at)).then_some((TenantId(id(&message[..16])?), SessionId(id(&message[16..32])?)))
}

/// Whether a text looks like a ticket rather than a device token.
pub fn is_one(token: &str) -> bool {
    token.starts_with(PREFIX)
}

fn key(app: &App) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, app.secret.as_slice())
}

/// The same key signs other things: each says what it is.
fn signed(message: &[u8]) -> Vec<u8> {
    [b"upload-ticket\n".as_slice(), message].concat()
}
