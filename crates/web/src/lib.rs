//! Everything that answers HTTP: pages for people, an API for devices and programs, media for players.

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod api;
mod api_token;
mod assets;
mod attachment_file;
mod auth;
mod capture;
mod dashboard;
mod device_token;
mod invite;
mod mail;
mod media;
mod minutes_report;
mod openid;
mod pages;
mod pairing_code;
mod probes;
mod problem;
mod router;
mod state;

pub use api::openapi;
pub use api_token::{NewApiToken, new_api_token};
pub use assets::is_built as has_browser_part;
pub use auth::link::{HANDED_SECONDS as LINK_SECONDS, address as link_address, new_link, new_operator_token};
pub use auth::password::{hash_password, made_up_password};
pub use auth::rules::SHORTEST as SHORTEST_PASSWORD;
pub use dashboard::setup_code;
pub use device_token::new_device_token;
pub use mail::{MailEncryption, MailError, MailSettings, Mailer};
pub use openid::{Join, OpenId};
pub use pairing_code::new_pairing_code;
pub use router::router;
pub use state::{App, WebSettings};
