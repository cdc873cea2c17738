//! What things are: the words of the product as types, with the rules that need nothing else.
//! No I/O, no async, no clock reads, no database, no HTTP types.

pub mod ids;
pub mod time;

pub mod api_key;
pub mod attachment;
pub mod audit;
pub mod device;
pub mod erasure;
pub mod knowledge;
pub mod legal_hold;
pub mod minutes;
pub mod notice;
pub mod retention;
pub mod seat;
pub mod skill;
pub mod task;
pub mod tenant;
pub mod text;
pub mod user;
pub mod webhook;

pub mod captions;
pub mod job;
pub mod language;
pub mod level;
pub mod operator;
pub mod procedure;
pub mod recording;
pub mod score;
pub mod session;
pub mod signals;
pub mod utterance;

pub use ids::*;
pub use time::{Clock, FixedClock, Span, SystemClock, Timestamp};
