//! Rows: one set of queries and one set of migrations on SQLite and on PostgreSQL.
//! A file per table family. Every query about a tenant's data takes the tenant.

mod connect;
mod entity;
mod error;
mod like;
mod migrations;
mod reach;
mod tables;
pub mod tenant_rows;

pub mod api_keys;
pub mod attachments;
pub mod audit;
pub mod breaks;
mod charges;
pub mod deliveries;
pub mod dump;
pub mod erase;
pub mod erasures;
pub mod first_run;
pub mod frames;
pub mod jobs;
pub mod language_uses;
pub mod legal_holds;
pub mod lists;
pub mod logins;
pub mod minute_rows;
pub mod minutes;
pub mod notices;
pub mod openid;
pub mod operator;
pub mod overview;
pub mod pairing;
pub mod people;
pub mod person_exports;
pub mod person_rows;
mod phases;
pub mod procedures;
pub mod recordings;
pub mod removals;
mod results;
pub mod retention;
pub mod second_factor;
pub mod sessions;
pub mod steps;
pub mod task_list;
pub mod tasks;
pub mod tenants;
pub mod unfinished;
pub mod uploads;
pub mod user_links;
pub mod users;
pub mod vocabulary;
pub mod webhooks;
pub mod words;

pub use connect::Db;
pub use error::{DbError, Rule};
pub use tables::{Row, Table};

pub(crate) type Result<T> = std::result::Result<T, DbError>;
