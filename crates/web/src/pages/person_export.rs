//! The page on which somebody asks for all data of a person, and gets it.

use super::{layout::Layout, when::When};
use askama::Template;
use domain::UserId;

/// The page.
#[derive(Clone, Debug, Template)]
#[template(path = "pages/person_export.html")]
pub struct PersonExportPage {
    /// The frame.
    pub layout: Layout,
    /// Goes into every form.
    pub csrf_token: String,
    /// Whose data it is.
    pub name: String,
    /// Whose data it is, where it is not the viewer's own.
    pub user: Option<UserId>,
    /// What has become of it.
    pub export: ExportShown,
}

/// What has become of an export.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub enum ExportShown {
    None,
    Preparing { asked: When },
    Ready { made: When, size: String, until: When },
    Failed { asked: When },
}

impl PersonExportPage {
    fn is_new(&self) -> bool {
        matches!(self.export, ExportShown::None)
    }

    fn is_preparing(&self) -> bool {
        matches!(self.export, ExportShown::Preparing { .. })
    }

    /// The address of this page.
    fn here(&self) -> String {
        self.user.map_or_else(|| "/account/data".into(), |user| format!("/settings/users/{user}/data"))
    }
}
