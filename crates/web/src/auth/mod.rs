//! Who is it: devices by their token, programs by their key, people by their login, pages that send a file by a ticket.

pub mod api_key;
pub mod device;
pub mod login;
pub mod login_store;
pub mod password;
pub mod rate_limit;
pub mod throttle;
pub mod ticket;
