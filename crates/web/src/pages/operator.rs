//! Operator access: the page that its link opens, and the banner that stands on every page while it lasts.

use super::{layout::Layout, when::When};
use askama::Template;
use domain::operator::OperatorAccess;
use uuid::Uuid;

/// The page that the link opens.
#[derive(Clone, Debug, Template)]
#[template(path = "pages/operator.html")]
pub struct OperatorPage {
    /// The frame, signed out.
    pub layout: Layout,
    /// What the link is good for.
    pub offer: Offer,
}

/// What a link is good for.
#[derive(Clone, Debug)]
pub enum Offer {
    /// Access can be begun.
    Open {
        /// Goes into the form.
        token: String,
        /// Whose data.
        tenant: String,
        /// Why.
        reason: String,
        /// Until when.
        until: When,
    },
    /// It was begun before.
    Used,
    /// It is over.
    Over,
    /// There is no such link.
    Unknown,
    /// Too many attempts.
    TooMany,
}

/// What stands on every page.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct OperatorBanner {
    pub id: Uuid,
    /// Whether it is the operator who looks.
    pub is_self: bool,
    /// Whether the operator has come.
    pub has_begun: bool,
    pub reason: String,
    pub until: When,
}

impl OperatorPage {
    /// The page.
    pub fn new(offer: Offer) -> Self {
        Self { layout: Layout::signed_out("Operator access"), offer }
    }
}

impl OperatorBanner {
    /// Of an access, as it is read in `timezone`.
    pub fn new(access: &OperatorAccess, is_self: bool, timezone: &str) -> Self {
        Self {
            id: access.id,
            is_self,
            has_begun: access.begun_at.is_some(),
            reason: access.reason.clone(),
            until: When::new(access.until, timezone),
        }
    }
}
