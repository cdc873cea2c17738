//! Who is it: devices by their token.

pub mod device;
pub mod password;
