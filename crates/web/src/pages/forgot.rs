//! The page for who has forgotten the password.

use super::layout::Layout;
use askama::Template;

/// The page.
#[derive(Clone, Debug, Template)]
#[template(path = "pages/forgot.html")]
pub struct ForgotPage {
    /// The frame, signed out.
    pub layout: Layout,
    /// How far it is.
    pub state: Forgot,
}

/// How far asking for a new password is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forgot {
    /// The address is asked for.
    Ask,
    /// The address is asked for again: there were too many attempts.
    TooMany,
    /// Whatever the address, this is the answer.
    Asked,
    /// No mail server is set.
    NoMail,
}

impl ForgotPage {
    /// The page in this state.
    pub fn new(state: Forgot) -> Self {
        Self { layout: Layout::signed_out("Forgot password"), state }
    }
}
