//! The second factor: setting it up, its recovery codes, and the second step of signing in.

use super::{layout::Layout, pair::Qr};
use askama::Template;

/// The page on which an authenticator app is added.
#[derive(Clone, Debug, Template)]
#[template(path = "pages/second_factor.html")]
pub struct SecondFactorPage {
    /// The frame.
    pub layout: Layout,
    /// Goes into the form.
    pub csrf_token: String,
    /// What the app scans.
    pub qr: Qr,
    /// The same, to be typed.
    pub secret: String,
    /// Why the last code was refused.
    pub problem: Option<&'static str>,
}

/// What an administrator is shown who needs a second factor and has none.
#[derive(Clone, Debug, Template)]
#[template(path = "pages/second_factor_required.html")]
pub struct SecondFactorRequiredPage {
    /// The frame.
    pub layout: Layout,
    /// Goes into the form.
    pub csrf_token: String,
    /// Whether the present password is asked for.
    pub has_password: bool,
    /// Why the last password was refused.
    pub problem: Option<&'static str>,
}

/// The page that shows recovery codes, once.
#[derive(Clone, Debug, Template)]
#[template(path = "pages/recovery_codes.html")]
pub struct RecoveryCodesPage {
    /// The frame.
    pub layout: Layout,
    /// The codes.
    pub codes: Vec<String>,
}

/// The second step of signing in.
#[derive(Clone, Debug, Template)]
#[template(path = "pages/sign_in_code.html")]
pub struct SignInCodePage {
    /// The frame, signed out.
    pub layout: Layout,
    /// Goes into the form.
    pub csrf_token: String,
    /// Path to go to afterwards; empty for the list of sessions.
    pub next: String,
    /// Why the last code was refused.
    pub problem: Option<&'static str>,
}
