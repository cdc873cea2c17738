//! Encryption at rest by the operator's keys.
//!
//! Every object and every sealed secret has a key of its own, derived from the operator's (HKDF-SHA256, RFC 5869). An object is
//! sealed in segments, by the STREAM construction of Hoang, Reyhanitabar, Rogaway and Vizár, "Online
//! Authenticated-Encryption and its Nonce-Reuse Misuse-Resistance" (CRYPTO 2015), over AES-256-GCM: so any range of it is
//! read by opening the segments that it touches, and none can be changed, moved, left out or added unnoticed.
//!
//! ```text
//! "TrainAR" 01 · id of the operator's key (8 bytes) · salt (32 bytes)     the header, bound into the key of the object
//! segment (65,536 bytes + tag of 16) … last segment (0 to 65,536 bytes + tag)
//! ```

pub(crate) mod cipher;
mod keys;
pub(crate) mod segments;

pub use keys::{KeyError, KeyId, Keys, Unsealed};
