//! Legal hold: somebody has to keep what was recorded, whatever its age and whoever wants it gone.

use crate::{SessionId, Timestamp};
use uuid::Uuid;

/// The longest reason, in characters.
pub const LONGEST_REASON: usize = 500;

/// A hold that stands.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct LegalHold {
    pub id: Uuid,
    /// The session and its name; `None` holds everything of the organisation.
    pub session: Option<(SessionId, String)>,
    pub reason: String,
    /// Who placed it; `None` for the operator of the installation, and where that user was erased.
    pub placed_by: Option<String>,
    pub placed_at: Timestamp,
}
