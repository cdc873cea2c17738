//! The page behind a link by which somebody sets a password.

use super::layout::Layout;
use askama::Template;

/// The page.
#[derive(Clone, Debug, Template)]
#[template(path = "pages/set_password.html")]
pub struct SetPasswordPage {
    /// The frame, signed out.
    pub layout: Layout,
    /// What has become of the link.
    pub state: SetPassword,
    /// Why the last form was refused.
    pub problem: Option<&'static str>,
}

/// What has become of a link.
#[derive(Clone, Debug)]
pub enum SetPassword {
    /// A password can be set.
    Open {
        /// Goes back with the form.
        token: String,
        /// Whose password.
        full_name: String,
        /// Signs in with it.
        email: String,
        /// Whether it is the first one.
        is_invitation: bool,
    },
    /// The link has been used.
    Used,
    /// Nobody used it in time.
    Expired,
    /// There is no such link, or a newer one took its place.
    Unknown,
}

impl SetPasswordPage {
    /// The page of a link in this state.
    pub fn new(state: SetPassword, problem: Option<&'static str>) -> Self {
        Self { layout: Layout::signed_out("Set your password"), state, problem }
    }
}
