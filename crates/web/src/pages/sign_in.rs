//! The sign-in page. Its form posts `email`, `password`, `csrf_token` and `next` to `/sign-in`.

use super::layout::Layout;
use askama::Template;

/// The sign-in page.
#[derive(Clone, Debug, Template)]
#[template(path = "pages/sign_in.html")]
pub struct SignInPage {
    /// The frame, signed out.
    pub layout: Layout,
    /// Goes into the hidden field of the form.
    pub csrf_token: String,
    /// What was typed before, so that nobody types it twice.
    pub email: String,
    /// Path to go to afterwards; empty for the list of sessions.
    pub next: String,
    /// Why the last attempt was refused.
    pub problem: Option<SignInProblem>,
    /// What went well before.
    pub notice: Option<SignInNotice>,
    /// What stands on the button of the provider, if one is set.
    pub provider: Option<String>,
}

/// The address that leads to the provider, and to `next` afterwards.
pub fn provider_address(next: &str) -> String {
    match next {
        "" => "/sign-in/openid".to_owned(),
        next => format!("/sign-in/openid?{}", serde_urlencoded::to_string([("next", next)]).unwrap_or_default()),
    }
}

/// What went well before somebody came to sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignInNotice {
    /// A password was set by a link.
    PasswordSet,
    /// The first organisation was created.
    SetUp,
}

/// Why somebody could not sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignInProblem {
    /// Email or password is wrong; which of them is not told.
    Refused,
    /// Too many attempts; `retry_after_seconds` until the next one is taken.
    TooManyAttempts {
        /// Seconds.
        retry_after_seconds: u64,
    },
    /// The form was open for too long, or came from elsewhere.
    FormExpired,
}

impl SignInPage {
    /// The empty form.
    pub fn new(csrf_token: impl Into<String>, next: impl Into<String>) -> Self {
        Self {
            layout: Layout::signed_out("Sign in"),
            csrf_token: csrf_token.into(),
            email: String::new(),
            next: next.into(),
            problem: None,
            notice: None,
            provider: None,
        }
    }

    /// The address behind the provider's button.
    pub fn provider_address(&self) -> String {
        provider_address(&self.next)
    }
}

impl SignInNotice {
    /// Out of the address of the page.
    pub fn read(word: &str) -> Option<Self> {
        match word {
            "password-set" => Some(Self::PasswordSet),
            "set-up" => Some(Self::SetUp),
            _ => None,
        }
    }

    /// What the person reads.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::PasswordSet => "Your password is set. Sign in with it.",
            Self::SetUp => "Your organisation is there. Sign in to it.",
        }
    }
}

impl SignInProblem {
    /// What the person reads.
    pub fn sentence(self) -> String {
        match self {
            Self::Refused => "That email and password do not match. Check both and try again.".into(),
            Self::TooManyAttempts { retry_after_seconds } => {
                let minutes = retry_after_seconds.div_ceil(60).max(1);
                let unit = if minutes == 1 { "minute" } else { "minutes" };
                format!("Too many attempts. Wait {minutes} {unit}, then try again.")
            }
            Self::FormExpired => "This form was open for too long. Sign in again.".into(),
        }
    }
}
