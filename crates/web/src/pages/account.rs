//! The account page: what everybody sets of himself, and where he is signed in.

use super::{layout::Layout, when::When};
use askama::Template;

/// The page.
#[derive(Clone, Debug, Template)]
#[template(path = "pages/account.html")]
pub struct AccountPage {
    /// The frame.
    pub layout: Layout,
    /// Goes into every form.
    pub csrf_token: String,
    /// Whether there is a password; without one the provider tells who it is.
    pub has_password: bool,
    /// Full name.
    pub full_name: String,
    /// E-mail address.
    pub email: String,
    /// Since when there is a second factor, and how many recovery codes are left.
    pub second_factor: Option<(When, u64)>,
    /// Whether it cannot be removed.
    pub factor_required: bool,
    /// The logins, the one of this browser first.
    pub logins: Vec<LoginRow>,
    /// Why the last form was refused.
    pub problem: Option<String>,
    /// What went well.
    pub notice: Option<&'static str>,
}

/// A login as the page shows it.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct LoginRow {
    pub id: String,
    /// `Chrome on Windows`
    pub browser: String,
    pub address: String,
    pub since: When,
    pub seen: When,
    /// Whether it is the one that looks.
    pub is_this: bool,
}
