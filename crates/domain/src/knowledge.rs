//! Knowledge: documents and past procedures that the assistant can search.

use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, IntoStaticStr, VariantArray};

/// How far a document is on its way into the index.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, Display, EnumString, IntoStaticStr, VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum DocumentStatus {
    /// Waits to be read.
    Queued,
    /// Can be searched.
    Indexed,
    /// Could not be read.
    Failed,
}
