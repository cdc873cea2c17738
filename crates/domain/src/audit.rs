//! Audit: who did what, when, from where. An entry is written once and never changed.

use crate::{Timestamp, user::User};
use serde_json::{Map, Value};
use std::net::IpAddr;
use strum::{Display, EnumMessage, EnumString, IntoStaticStr, VariantArray};
use uuid::Uuid;

/// What kind of actor did something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Display, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum ActorKind {
    /// Somebody who was signed in.
    User,
    /// A program with an API key.
    Key,
    /// A paired device.
    Device,
    /// Whoever runs this installation.
    Operator,
    /// The installation by itself, or somebody whom it does not know.
    System,
}

/// Who did something, with the name of that time.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Actor {
    pub kind: ActorKind,
    pub id: Option<Uuid>,
    pub name: String,
}

/// To what it was done, with the name of that time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Its word in the product: `user`, `seat`, `device`, `session`, …
    pub kind: String,
    /// Its id, as text.
    pub id: String,
    /// Its name; may be empty.
    pub name: String,
}

/// What is noted: the dotted word that is kept, and the words that a person reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Display, EnumString, EnumMessage, IntoStaticStr, VariantArray)]
#[allow(missing_docs)]
pub enum Action {
    #[strum(serialize = "user.signed_in", message = "Signed in")]
    UserSignedIn,
    #[strum(serialize = "user.sign_in_failed", message = "Sign-in failed")]
    UserSignInFailed,
    #[strum(serialize = "user.signed_out", message = "Signed out")]
    UserSignedOut,
    #[strum(serialize = "tenant.created", message = "Created the organisation")]
    TenantCreated,
    #[strum(serialize = "user.created", message = "Created a user")]
    UserCreated,
    #[strum(serialize = "session.process_again", message = "Had a session processed again")]
    SessionProcessedAgain,
    #[strum(serialize = "session.cancelled", message = "Called off the processing of a session")]
    SessionCancelled,
    #[strum(serialize = "user.invited", message = "Invited a user")]
    UserInvited,
    #[strum(serialize = "user.invited_again", message = "Made a new invitation link")]
    UserInvitedAgain,
    #[strum(serialize = "user.joined", message = "Accepted the invitation")]
    UserJoined,
    #[strum(serialize = "user.reset_asked", message = "Asked for a new password")]
    UserResetAsked,
    #[strum(serialize = "user.reset_link_made", message = "Made a link for a new password")]
    UserResetLinkMade,
    #[strum(serialize = "user.password_reset", message = "Set a new password by a link")]
    UserPasswordReset,
    #[strum(serialize = "user.password_changed", message = "Changed the own password")]
    UserPasswordChanged,
    #[strum(serialize = "user.renamed", message = "Changed the own name")]
    UserRenamed,
    #[strum(serialize = "user.role_changed", message = "Changed a role")]
    UserRoleChanged,
    #[strum(serialize = "user.deactivated", message = "Deactivated a user")]
    UserDeactivated,
    #[strum(serialize = "user.reactivated", message = "Reactivated a user")]
    UserReactivated,
    #[strum(serialize = "user.joined_by_domain", message = "Joined by the address of the organisation")]
    UserJoinedByDomain,
    #[strum(serialize = "openid.linked", message = "Linked to the sign-in provider")]
    OpenIdLinked,
    #[strum(serialize = "openid.unlinked", message = "Unlinked a user from the sign-in provider")]
    OpenIdUnlinked,
    #[strum(serialize = "second_factor.added", message = "Set up a second factor")]
    SecondFactorAdded,
    #[strum(serialize = "second_factor.removed", message = "Removed the own second factor")]
    SecondFactorRemoved,
    #[strum(serialize = "second_factor.reset", message = "Reset a second factor")]
    SecondFactorReset,
    #[strum(serialize = "second_factor.failed", message = "Second factor refused")]
    SecondFactorFailed,
    #[strum(serialize = "recovery_code.used", message = "Used a recovery code")]
    RecoveryCodeUsed,
    #[strum(serialize = "recovery_code.renewed", message = "Made new recovery codes")]
    RecoveryCodesRenewed,
    #[strum(serialize = "second_factor.required", message = "Required a second factor of administrators")]
    SecondFactorRequired,
    #[strum(serialize = "second_factor.left_free", message = "Left the second factor to administrators")]
    SecondFactorLeftFree,
    #[strum(serialize = "user.logins_ended", message = "Ended logins")]
    UserLoginsEnded,
    #[strum(serialize = "operator_access.granted", message = "Was granted access as operator")]
    OperatorAccessGranted,
    #[strum(serialize = "operator_access.begun", message = "Began access as operator")]
    OperatorAccessBegun,
    #[strum(serialize = "operator_access.seen", message = "Looked as operator")]
    OperatorAccessSeen,
    #[strum(serialize = "operator_access.ended", message = "Ended access of the operator")]
    OperatorAccessEnded,
    #[strum(serialize = "seat.added", message = "Added a seat")]
    SeatAdded,
    #[strum(serialize = "seat.changed", message = "Changed a seat")]
    SeatChanged,
    #[strum(serialize = "seat.code_opened", message = "Opened a pairing code")]
    SeatCodeOpened,
    #[strum(serialize = "device.paired", message = "Paired a device")]
    DevicePaired,
    #[strum(serialize = "device.revoked", message = "Revoked a device")]
    DeviceRevoked,
    #[strum(serialize = "api_key.made", message = "Made an API key")]
    ApiKeyMade,
    #[strum(serialize = "api_key.revoked", message = "Revoked an API key")]
    ApiKeyRevoked,
    #[strum(serialize = "webhook.added", message = "Added a webhook")]
    WebhookAdded,
    #[strum(serialize = "webhook.changed", message = "Changed a webhook")]
    WebhookChanged,
    #[strum(serialize = "webhook.secret_rotated", message = "Made a new secret of a webhook")]
    WebhookSecretRotated,
    #[strum(serialize = "webhook.removed", message = "Removed a webhook")]
    WebhookRemoved,
    #[strum(serialize = "webhook.disabled", message = "Switched off a webhook that failed")]
    WebhookDisabled,
    #[strum(serialize = "file.uploaded", message = "Began the upload of a file")]
    FileUploaded,
    #[strum(serialize = "tenant.upload_keep_changed", message = "Changed how long unfinished uploads are kept")]
    UploadKeepChanged,
    #[strum(serialize = "tenant.retention_changed", message = "Changed how long recordings are kept")]
    RetentionChanged,
    #[strum(serialize = "data.removed_by_age", message = "Removed what had reached its age")]
    RemovedByAge,
    #[strum(serialize = "legal_hold.placed", message = "Placed a legal hold")]
    LegalHoldPlaced,
    #[strum(serialize = "legal_hold.lifted", message = "Lifted a legal hold")]
    LegalHoldLifted,
    #[strum(serialize = "notice.changed", message = "Changed what is said about being recorded")]
    NoticeChanged,
    #[strum(serialize = "consent.accepted", message = "Agreed to be recorded")]
    ConsentAccepted,
    #[strum(serialize = "tenant.included_minutes_changed", message = "Changed the included minutes")]
    IncludedMinutesChanged,
    #[strum(serialize = "minutes.added", message = "Added minutes")]
    MinutesAdded,
    #[strum(serialize = "minutes.adjusted", message = "Adjusted minutes")]
    MinutesAdjusted,
    #[strum(serialize = "person_export.asked", message = "Asked for all data of a person")]
    PersonExportAsked,
    #[strum(serialize = "person_export.downloaded", message = "Downloaded all data of a person")]
    PersonExportDownloaded,
    #[strum(serialize = "person.exported", message = "Exported all data of a person")]
    PersonExported,
    #[strum(serialize = "tenant.exported", message = "Exported the organisation")]
    TenantExported,
    #[strum(serialize = "tenant.imported", message = "Imported the organisation")]
    TenantImported,
    #[strum(serialize = "data.erased", message = "Erased data")]
    Erased,
    #[strum(serialize = "task.created", message = "Created a task")]
    TaskCreated,
    #[strum(serialize = "task.changed", message = "Changed a task")]
    TaskChanged,
    #[strum(serialize = "task.file_added", message = "Added a file to a task")]
    TaskFileAdded,
    #[strum(serialize = "task.file_removed", message = "Removed a file of a task")]
    TaskFileRemoved,
}

/// What is to be noted.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub struct Entry {
    pub actor: Actor,
    pub action: Action,
    pub target: Option<Target>,
    /// More about it; never a secret.
    pub detail: Map<String, Value>,
    /// Where the request came from.
    pub address: Option<IpAddr>,
}

/// What was noted.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub struct Noted {
    pub id: Uuid,
    pub at: Timestamp,
    pub actor: Actor,
    /// The dotted word; another version of the program may have written one that is unknown here.
    pub action: String,
    pub target: Option<Target>,
    pub detail: Map<String, Value>,
    pub address: Option<String>,
}

impl Actor {
    /// A user.
    pub fn user(user: &User) -> Self {
        Self { kind: ActorKind::User, id: Some(user.id.0), name: user.full_name.clone() }
    }

    /// A program by its API key.
    pub fn key(id: Uuid, name: impl Into<String>) -> Self {
        Self { kind: ActorKind::Key, id: Some(id), name: name.into() }
    }

    /// A device.
    pub fn device(id: crate::DeviceId, model: impl Into<String>) -> Self {
        Self { kind: ActorKind::Device, id: Some(id.0), name: model.into() }
    }

    /// Whoever runs this installation, at its command line.
    pub fn operator() -> Self {
        Self { kind: ActorKind::Operator, id: None, name: "Operator".into() }
    }

    /// The installation by itself.
    pub fn system() -> Self {
        Self { kind: ActorKind::System, id: None, name: "TrainAR".into() }
    }

    /// Somebody who has not said who he is, or not proven it.
    pub fn unknown() -> Self {
        Self { kind: ActorKind::System, id: None, name: "Somebody".into() }
    }
}

impl Action {
    /// The words that a person reads.
    pub fn label(self) -> &'static str {
        self.get_message().unwrap_or_else(|| self.into())
    }
}

impl Entry {
    /// That somebody did something.
    pub fn new(actor: Actor, action: Action) -> Self {
        Self { actor, action, target: None, detail: Map::new(), address: None }
    }

    /// To what.
    pub fn on(mut self, kind: &str, id: impl ToString, name: impl Into<String>) -> Self {
        self.target = Some(Target { kind: kind.into(), id: id.to_string(), name: name.into() });
        self
    }

    /// To which user.
    pub fn on_user(self, user: &User) -> Self {
        self.on("user", user.id, user.full_name.clone())
    }

    /// More about it.
    pub fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.detail.insert(key.into(), value.into());
        self
    }

    /// From where.
    pub fn from(mut self, address: impl Into<Option<IpAddr>>) -> Self {
        self.address = address.into();
        self
    }
}

impl Noted {
    /// What was done, in words; an unknown word stands for itself.
    pub fn label(&self) -> &str {
        match self.action.parse::<Action>() {
            Ok(action) => action.label(),
            Err(_) => &self.action,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_is_a_dotted_word_and_has_a_label() {
        for action in Action::VARIANTS {
            let word: &str = action.into();
            let (thing, done) = word.split_once('.').expect(word);
            let plain = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_lowercase() || c == '_');
            assert!(plain(thing) && plain(done), "{word}");
            assert_eq!(word.parse(), Ok(*action));
            assert_ne!(action.label(), word);
        }
    }
}
