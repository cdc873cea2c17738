//! Who is it: devices by their token, programs by their key, people by their login, pages that send a file by a ticket.

pub mod agent;
pub mod api_key;
pub mod device;
pub mod known_device;
pub mod link;
pub mod login;
pub mod login_store;
pub mod operator;
pub mod password;
pub mod rate_limit;
pub mod rules;
pub mod second_factor;
pub mod throttle;
pub mod ticket;
