//! Skill: a tool that the live assistant can call.

use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, IntoStaticStr, VariantArray};

/// Where a skill runs.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, Display, EnumString, IntoStaticStr, VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum SkillRunsOn {
    /// In this program.
    Server,
    /// On the glasses.
    Device,
    /// Behind an outside address.
    Remote,
}
