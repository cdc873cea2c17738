//! The API as devices meet it: a real server on a real socket, over SQLite and a folder.

#![allow(clippy::unwrap_used)]

mod capture;
mod deleted;
mod faults;
mod keys;
mod login;
mod minutes;
mod openapi;
mod pair;
mod parts;
mod probes;
mod sessions;
mod settings;
mod support;
mod tasks;
mod uploads;
mod uploads_create;
mod users;
mod walk;
mod walls;
mod webhooks;
