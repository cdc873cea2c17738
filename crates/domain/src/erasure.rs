//! Erasure: what is erased, and what is kept of it: ids and counts, nothing else.

use crate::{TenantId, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use strum::{Display, EnumString, VariantArray};
use uuid::Uuid;

/// What is erased.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Display, EnumString, VariantArray, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Scope {
    /// A session with its recording and all that was made of it.
    Session,
    /// A user with seats, devices and sessions.
    User,
    /// An organisation with all that it has.
    Tenant,
}

/// What is proven of an erasure once it is done. Nothing in it tells what was erased.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct ErasureRecord {
    pub erasure_id: Uuid,
    pub tenant_id: TenantId,
    pub scope: Scope,
    /// Id of the session, user or tenant.
    pub subject_id: Uuid,
    pub requested_at: Timestamp,
    pub completed_at: Timestamp,
    /// Rows by table.
    pub rows: BTreeMap<String, u64>,
    pub objects: u64,
    /// Of these objects.
    pub bytes: u64,
}
