//! The pages of the Dashboard: a file per page, its template beside it, and the structs that a template shows.
//! Nothing here knows HTTP or the database: a handler fills a struct and calls `render`.

pub mod layout;
pub mod when;

pub mod account;
pub mod api_docs;
pub mod api_keys;
pub mod audit;
pub mod erasure;
pub mod error;
pub mod first_run;
pub mod forgot;
pub mod minutes;
pub mod operator;
pub mod pair;
pub mod person_export;
pub mod privacy;
pub mod procedure;
pub mod seats;
pub mod second_factor;
pub mod session;
pub mod sessions;
pub mod set_password;
pub mod sign_in;
pub mod sign_in_problem;
pub mod task;
pub mod tasks;
pub mod upload;
pub mod users;
pub mod webhooks;

pub mod amounts;
pub mod gaps;
pub mod player;
pub mod progress;

#[cfg(test)]
mod samples;
