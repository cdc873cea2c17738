//! Known devices: a cookie of a browser in which somebody has signed in before. Guesses at one account from everywhere are slowed
//! down together, and who comes with the cookie of that account is not among them: nobody locks out somebody else.
//! After OWASP's "device cookies".

use crate::App;
use aws_lc_rs::hmac;
use axum::http::{HeaderMap, HeaderValue, header};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::{UserId, user::normalise_email};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter, clock::Clock};
use std::{num::NonZeroU32, sync::Arc};
use tower_sessions::cookie::{Cookie, SameSite};

/// How long a browser stays known.
const LIFE: time::Duration = time::Duration::days(365);
/// Attempts at one account from browsers that it does not know, at once; and so many more every hour.
const STRANGERS: NonZeroU32 = NonZeroU32::new(20).unwrap();
/// The same from a browser that it knows, each for itself: a stolen cookie opens no door to guessing.
const KNOWN: NonZeroU32 = NonZeroU32::new(20).unwrap();

/// The attempts at accounts. There are at most 65,536 of each kind, whatever is tried: accounts that share a place share the
/// attempts, and nobody can tell which do.
#[derive(Clone)]
pub struct AccountThrottle {
    strangers: Arc<DefaultKeyedRateLimiter<u16>>,
    known: Arc<DefaultKeyedRateLimiter<u16>>,
}

impl AccountThrottle {
    /// No attempts yet.
    pub fn new() -> Self {
        let keyed = |burst| Arc::new(RateLimiter::keyed(Quota::per_hour(burst)));
        Self { strangers: keyed(STRANGERS), known: keyed(KNOWN) }
    }

    /// Counts an attempt at the account with this address, which may be nobody's; `Err` with the seconds to wait when there were
    /// too many. `user` is whose account it is.
    pub fn attempt(&self, app: &App, email: &str, user: Option<UserId>, headers: &HeaderMap) -> Result<(), u64> {
        let cookie = user.and_then(|user| own_cookie(app, user, headers));
        let (limiter, place) = match cookie {
            Some(cookie) => (&self.known, place(app, cookie.as_bytes())),
            None => (&self.strangers, place(app, normalise_email(email).as_bytes())),
        };
        limiter.check_key(&place).map_err(|not_until| {
            let wait = not_until.wait_time_from(governor::clock::DefaultClock::default().now());
            wait.as_secs().max(1)
        })
    }
}

/// The cookie by which this browser is known to a user from now on.
pub fn cookie(app: &App, user: UserId) -> Option<HeaderValue> {
    let nonce: [u8; 16] = rand::random();
    let value = URL_SAFE_NO_PAD.encode([nonce.as_slice(), &tag(app, user, &nonce)].concat());
    let cookie = Cookie::build((name(app, user), value))
        .path("/")
        .http_only(true)
        .secure(app.settings.tls)
        .same_site(SameSite::Lax)
        .max_age(LIFE);
    HeaderValue::from_str(&cookie.build().to_string()).ok()
}

/// The value of the cookie of this user, if the browser has sent one that is ours.
fn own_cookie(app: &App, user: UserId, headers: &HeaderMap) -> Option<String> {
    let wanted = name(app, user);
    let sent = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let value = sent
        .flat_map(Cookie::split_parse)
        .filter_map(Result::ok)
        .find(|cookie| cookie.name() == wanted)
        .map(|cookie| cookie.value().to_owned())?;
    let bytes = URL_SAFE_NO_PAD.decode(&value).ok()?;
    let (nonce, tag) = bytes.split_at_checked(16)?;
    hmac::verify(&key(app), &message(user, nonce), tag).ok()?;
    Some(value)
}

/// Several people may share a browser, each with a cookie.
fn name(app: &App, user: UserId) -> String {
    let prefix = if app.settings.tls { "__Host-" } else { "" };
    let whose = hmac::sign(&key(app), &[b"device-name\n", user.0.as_bytes().as_slice()].concat());
    format!("{prefix}trainar-device-{}", hex::encode(&whose.as_ref()[..4]))
}

fn tag(app: &App, user: UserId, nonce: &[u8]) -> Vec<u8> {
    hmac::sign(&key(app), &message(user, nonce)).as_ref().to_vec()
}

fn message(user: UserId, nonce: &[u8]) -> Vec<u8> {
    [b"known-device\n".as_slice(), user.0.as_bytes(), nonce].concat()
}

fn place(app: &App, text: &[u8]) -> u16 {
    let tag = hmac::sign(&key(app), &[b"place\n", text].concat());
    u16::from_be_bytes([tag.as_ref()[0], tag.as_ref()[1]])
}

/// The same key signs other things: each says what it is.
fn key(app: &App) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, app.secret.as_slice())
}
