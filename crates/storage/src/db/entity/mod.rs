//! The rows as SeaORM sees them, a file per table; nothing outside `db` sees these.

pub mod tenants;
pub mod users;
pub mod seats;
pub mod devices;
pub mod tasks;
pub mod sessions;
pub mod uploads;
pub mod upload_chunks;
pub mod recordings;
pub mod recording_parts;
pub mod utterances;
pub mod procedures;
pub mod jobs;
pub mod tenant_queues;
pub mod step_runs;
pub mod logins;
