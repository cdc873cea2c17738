//! The page for a sign-in by the provider that came to nothing: what was in the way, and what to do.

use super::layout::Layout;
use askama::Template;

/// The page.
#[derive(Clone, Debug, Template)]
#[template(path = "pages/sign_in_problem.html")]
pub struct SignInProblemPage {
    /// The frame, signed out.
    pub layout: Layout,
    /// What happened.
    pub why: ProviderProblem,
    /// What stands on the button.
    pub button: String,
    /// Where the button leads.
    pub again: String,
}

/// What was in the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProviderProblem {
    /// It does not answer.
    Unreachable,
    /// It does not take this installation.
    Refused,
    /// Whoever signs in, or the provider, said no.
    Denied,
    /// Too long between begin and end, or the code was taken before.
    TooLate,
    /// This browser has not begun it, or has ended it before.
    NotBegunHere,
    /// What it says was not proven.
    NotBelieved,
    /// The clocks differ.
    Clock,
    /// It has not verified the address.
    Unverified(Option<String>),
    /// There is no login for the address.
    Nobody(Option<String>),
    /// The login is switched off.
    Deactivated,
    /// The login belongs to another account of the provider.
    Another,
    /// Too many attempts.
    TooMany,
}

impl SignInProblemPage {
    /// What happened to whom, who meant to go on to `next`.
    pub fn new(button: &str, why: ProviderProblem, next: &str) -> Self {
        Self {
            layout: Layout::signed_out("Sign in"),
            why,
            button: button.to_owned(),
            again: super::sign_in::provider_address(next),
        }
    }
}

impl ProviderProblem {
    /// HTTP status.
    pub fn status(&self) -> u16 {
        match self {
            Self::Unreachable => 503,
            Self::TooMany => 429,
            Self::Denied | Self::TooLate | Self::NotBegunHere => 400,
            _ => 403,
        }
    }

    /// What happened.
    pub fn heading(&self) -> &'static str {
        match self {
            Self::Unreachable => "The sign-in service does not answer",
            Self::Refused => "The sign-in service does not know this server",
            Self::Denied => "The sign-in was stopped",
            Self::TooLate => "The sign-in took too long",
            Self::NotBegunHere => "This sign-in was not begun here",
            Self::NotBelieved => "The sign-in could not be verified",
            Self::Clock => "The clocks do not agree",
            Self::Unverified(_) => "Your address is not verified",
            Self::Nobody(_) => "You have no login here",
            Self::Deactivated => "Your login is switched off",
            Self::Another => "Your login belongs to another account",
            Self::TooMany => "Too many attempts",
        }
    }

    /// What to do.
    pub fn advice(&self) -> String {
        match self {
            Self::Unreachable => "Try again in a minute. If it goes on, tell whoever runs this server: `trainar doctor` says what is in the way.".into(),
            Self::Refused => "Tell whoever runs this server: client id, secret and return address must be the same at both ends.".into(),
            Self::Denied => "You or the sign-in service said no; nothing was changed. Begin again if that was a slip.".into(),
            Self::TooLate => "Nothing was changed. Begin again.".into(),
            Self::NotBegunHere => "It was begun in another browser or window, or ended before. Begin again in this one.".into(),
            Self::NotBelieved => "What the sign-in service said did not pass the checks, so nobody was signed in. Begin again; if it happens again, tell whoever runs this server.".into(),
            Self::Clock => "The clock of this server and that of the sign-in service differ by minutes. Tell whoever runs this server.".into(),
            Self::Unverified(email) => format!(
                "The sign-in service has not verified {}. Have it verified there, then begin again.",
                email.as_deref().unwrap_or("any address of yours")
            ),
            Self::Nobody(email) => format!(
                "Nobody here has the address {}. Ask an administrator of your organisation to invite it, then begin again.",
                email.as_deref().unwrap_or("that the sign-in service names")
            ),
            Self::Deactivated => "Ask an administrator of your organisation to reactivate it.".into(),
            Self::Another => "The sign-in service knows your address under another account than before. Ask an administrator of your organisation to unlink your login, then begin again.".into(),
            Self::TooMany => "Wait a minute, then begin again.".into(),
        }
    }

    /// The words for the audit log.
    pub fn noted(&self) -> &'static str {
        match self {
            Self::Deactivated => "deactivated",
            Self::Another => "another account of the provider",
            _ => "refused",
        }
    }
}
