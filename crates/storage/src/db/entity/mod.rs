//! The rows as SeaORM sees them, a file per table; nothing outside `db` sees these.

pub mod api_keys;
pub mod audit_entries;
pub mod audit_erasures;
pub mod devices;
pub mod jobs;
pub mod language_uses;
pub mod logins;
pub mod minute_erasures;
pub mod minute_reservations;
pub mod minute_transactions;
pub mod pairing_codes;
pub mod procedures;
pub mod recording_parts;
pub mod recordings;
pub mod removals;
pub mod seats;
pub mod session_breaks;
pub mod sessions;
pub mod step_runs;
pub mod tasks;
pub mod tenant_queues;
pub mod tenants;
pub mod upload_chunks;
pub mod uploads;
pub mod users;
pub mod utterances;
