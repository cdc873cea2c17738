//! Settings, Users: who may sign in, and as what. And the page of one of them.

use super::{layout::Layout, when::When};
use askama::Template;
use domain::{
    ApiKeyId, UserId,
    user::{UserRole, UserStatus},
};
use storage::db::{user_links::LinkKind, users::UserOverview};

/// The page of all users.
#[derive(Clone, Debug, Template)]
#[template(path = "pages/users.html")]
pub struct UsersPage {
    /// The frame.
    pub layout: Layout,
    /// Goes into every form.
    pub csrf_token: String,
    /// The users by name.
    pub users: Vec<UserRow>,
    /// Whether invitations leave by mail.
    pub by_mail: bool,
    /// Whether administrators need a second factor.
    pub factor_rule: FactorRule,
    /// What was typed, where it was refused.
    pub typed: TypedInvitation,
    /// Why the last form was refused.
    pub problem: Option<String>,
    /// The link that was just made.
    pub made: Option<MadeLink>,
}

/// The page of one user.
#[derive(Clone, Debug, Template)]
#[template(path = "pages/user.html")]
pub struct UserPage {
    /// The frame.
    pub layout: Layout,
    /// Goes into every form.
    pub csrf_token: String,
    /// The user.
    pub user: UserRow,
    /// Whether it is the viewer: then most of it is not to be changed here.
    pub is_self: bool,
    /// Since when the user is linked to the sign-in provider.
    pub linked_since: Option<When>,
    /// The API keys that the user made and that were not revoked: id and name.
    pub keys: Vec<(ApiKeyId, String)>,
    /// How many logins are open.
    pub logins: usize,
    /// Why the last form was refused.
    pub problem: Option<String>,
    /// The link that was just made.
    pub made: Option<MadeLink>,
}

/// A user as a table shows him.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct UserRow {
    pub id: UserId,
    pub full_name: String,
    pub email: String,
    pub role: UserRole,
    pub status: UserStatus,
    pub last_signed_in: Option<When>,
    /// Until when a link to set a password is open.
    pub link_until: Option<When>,
    pub has_second_factor: bool,
}

/// Whether administrators need a second factor.
#[derive(Clone, Copy, Debug)]
pub enum FactorRule {
    /// Everybody does as he likes.
    Free,
    /// They do.
    Required,
    /// They do, and the organisation has no say.
    RequiredByOperator,
}

/// An invitation as it was typed.
#[derive(Clone, Debug, Default)]
#[allow(missing_docs)]
pub struct TypedInvitation {
    pub email: String,
    pub full_name: String,
    pub is_admin: bool,
}

/// A link that was just made: shown this once, where it was not sent.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct MadeLink {
    pub kind: LinkKind,
    pub full_name: String,
    pub email: String,
    /// The link; `None` where the mail server took it.
    pub url: Option<String>,
    /// Why it could not be sent.
    pub failure: Option<String>,
    pub until: When,
}

impl UsersPage {
    /// How many administrators have no second factor.
    pub fn without_factor(&self) -> usize {
        let lacks = |user: &&UserRow| user.is_admin() && !user.is_deactivated() && !user.has_second_factor;
        self.users.iter().filter(lacks).count()
    }
}

impl UserRow {
    /// A row of `found`, as it is read in `timezone`.
    pub fn new(found: &UserOverview, has_second_factor: bool, timezone: &str) -> Self {
        let when = |at| When::new(at, timezone);
        Self {
            id: found.user.id,
            full_name: found.user.full_name.clone(),
            email: found.user.email.clone(),
            role: found.user.role,
            status: found.status,
            last_signed_in: found.last_signed_in_at.map(when),
            link_until: found.link_until.map(when),
            has_second_factor,
        }
    }

    /// Whether the user administers.
    pub fn is_admin(&self) -> bool {
        self.role == UserRole::Admin
    }

    /// Whether the user has set no password yet.
    pub fn is_invited(&self) -> bool {
        self.status == UserStatus::Invited
    }

    /// Whether the user was deactivated.
    pub fn is_deactivated(&self) -> bool {
        self.status == UserStatus::Deactivated
    }
}

impl MadeLink {
    /// What the link is for.
    pub fn is_invitation(&self) -> bool {
        self.kind == LinkKind::Invitation
    }
}
