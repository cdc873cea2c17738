//! Who is it: devices by their token, people by their login, pages that send a file by a ticket.

pub mod device;
pub mod login;
pub mod login_store;
pub mod password;
pub mod throttle;
pub mod ticket;
