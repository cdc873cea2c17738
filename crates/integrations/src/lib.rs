//! Other people's systems: what is sent to them and how, and where it must not go.

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod addresses;
pub mod openid;
pub mod sealed;
pub mod webhook;
