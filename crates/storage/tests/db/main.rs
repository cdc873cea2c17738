//! Rows behave alike on SQLite and on a real PostgreSQL.
#![allow(clippy::unwrap_used)]

mod harness;

mod migrations;
mod schema;
mod wall;
mod world;

mod api_keys;
mod approve;
mod attachments;
mod audit;
mod backup;
mod erase;
mod export;
mod frames;
mod jobs;
mod language_uses;
mod legal_holds;
mod logins;
mod minutes;
mod notices;
mod openid;
mod operator;
mod overview;
mod pairing;
mod parts;
mod people;
mod person_export;
mod recordings;
mod removals;
mod retention;
mod second_factor;
mod session_life;
mod silence;
mod steps;
mod tasks;

mod trainer_session;
mod uploads;
mod users;
mod webhooks;
