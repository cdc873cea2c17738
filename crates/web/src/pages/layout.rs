//! The frame around every page: navigation, who is signed in, sign out, skip link.

use super::operator::OperatorBanner;

/// What the frame shows.
#[derive(Clone, Debug)]
pub struct Layout {
    /// Title of the page, shown as `<title> · TrainAR`.
    pub title: String,
    /// Which entry of the navigation the page belongs to.
    pub area: Area,
    /// Who is signed in; `None` on the sign-in page and on error pages outside of a login.
    pub who: Option<SignedIn>,
}

/// The entries of the navigation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Area {
    /// The list of sessions and all that hangs below it.
    Sessions,
    /// The list of tasks and all that hangs below it.
    Tasks,
    /// Reports.
    Reports,
    /// What administrators set: seats, uploads.
    Settings,
    /// What everybody sets of himself.
    Account,
    /// A page that no entry leads to.
    Elsewhere,
}

/// Who looks at the page.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// Name of the organisation.
    pub tenant_name: String,
    /// Full name of the user.
    pub user_name: String,
    /// Whether the user administers: Settings are shown.
    pub is_admin: bool,
    /// Accesses of operators that can be begun or go on: a banner each.
    pub operators: Vec<OperatorBanner>,
    /// Goes into the hidden field `csrf_token` of every form.
    pub csrf_token: String,
}

impl Layout {
    /// The frame of a page for somebody who is signed in.
    pub fn new(title: impl Into<String>, area: Area, who: SignedIn) -> Self {
        Self { title: title.into(), area, who: Some(who) }
    }

    /// The frame of a page for nobody in particular.
    pub fn signed_out(title: impl Into<String>) -> Self {
        Self { title: title.into(), area: Area::Elsewhere, who: None }
    }

    /// Address of a file of the browser's part.
    pub fn asset(&self, name: &str) -> String {
        crate::assets::url(name)
    }

    /// Whether the entry `Sessions` is the current one.
    pub fn in_sessions(&self) -> bool {
        self.area == Area::Sessions
    }

    /// Whether the entry `Tasks` is the current one.
    pub fn in_tasks(&self) -> bool {
        self.area == Area::Tasks
    }

    /// Whether the entry `Reports` is the current one.
    pub fn in_reports(&self) -> bool {
        self.area == Area::Reports
    }

    /// Whether the entry `Account` is the current one.
    pub fn in_account(&self) -> bool {
        self.area == Area::Account
    }

    /// Whether the entry `Settings` is the current one.
    pub fn in_settings(&self) -> bool {
        self.area == Area::Settings
    }
}
