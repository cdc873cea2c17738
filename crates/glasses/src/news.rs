//! What happens on the device, for whoever shows it, speaks it or tests it.

use crate::{
    preflight::{Check, NO_MINUTES},
    protocol::HeldSession,
};
use serde::Serialize;
use std::path::PathBuf;
use uuid::Uuid;

/// Something happened. As JSON: `{"event": "part", …}`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum News {
    /// The device is ready for `start`.
    Ready,
    /// What was looked at before a session.
    Preflight {
        /// Each thing.
        checks: Vec<Check>,
    },
    /// What the organisation says to everybody who is there, as recording begins.
    Notice {
        /// Plain text.
        text: String,
        /// BCP 47.
        language: String,
    },
    /// A session began.
    Recording {
        /// Its key on this device.
        session: Uuid,
    },
    /// A part is safe on the disk.
    Part {
        /// Key of the session.
        session: Uuid,
        /// Its number.
        part: u32,
        /// Number of its run.
        run: u32,
        /// On the session's clock.
        start_ms: u64,
        /// 0 for a header.
        duration_ms: u64,
        /// Its size.
        bytes: u64,
        /// Its hash.
        sha256: String,
    },
    /// The session is paused.
    Paused,
    /// The session goes on.
    Resumed,
    /// The last minute is not kept.
    Deleted {
        /// On the session's clock.
        from_ms: u64,
        /// On the session's clock.
        to_ms: u64,
    },
    /// The source stopped giving pictures and is started again.
    Stalled {
        /// What it said.
        detail: String,
    },
    /// The session ended.
    Stopped {
        /// Its key.
        session: Uuid,
        /// How many parts were made.
        parts: u32,
    },
    /// The disk is nearly full.
    DiskFull,
    /// A session was running when the power went.
    Recovered {
        /// Its key.
        session: Uuid,
    },
    /// A file was damaged and is kept apart.
    SetApart {
        /// Which.
        file: PathBuf,
    },
    /// Sessions are being sent.
    Uploading {
        /// How many.
        sessions: usize,
    },
    /// The server has confirmed a part.
    Confirmed {
        /// Key of the session.
        session: Uuid,
        /// Its number.
        part: u32,
    },
    /// The server has all of a session.
    Delivered {
        /// Key of the session.
        session: Uuid,
        /// Its id on the server.
        id: String,
        /// How many parts were made.
        parts: u32,
        /// Those that it did not get: deleted, or damaged.
        missing: Vec<u32>,
    },
    /// The server cannot be reached; everything is kept.
    NoNetwork {
        /// Why.
        detail: String,
    },
    /// The server can be reached again.
    NetworkBack,
    /// The server does not know this device any more.
    Unpaired,
    /// The server does not take something; it is kept and tried again later.
    Refused {
        /// Its sentence.
        detail: String,
    },
    /// The server takes no new session, as no minutes are left. What is recorded is kept and sent a little later.
    NoMinutes,
    /// What waits on the device, as it was asked for.
    Held {
        /// Each session.
        sessions: Vec<HeldSession>,
    },
    /// A command was heard.
    Heard {
        /// Which.
        phrase: String,
    },
    /// The last minute is to be deleted, by voice: it must be said again.
    AskAgain,
    /// A command makes no sense now, or something cannot be done.
    Problem {
        /// What and what to do.
        detail: String,
    },
    /// Loudness of the microphone over the last second.
    Level {
        /// In decibels below full scale.
        db: f32,
    },
}

impl News {
    /// A line for a person; `None` for what happens all the time.
    pub fn line(&self) -> Option<String> {
        Some(match self {
            Self::Ready => {
                "Ready. Say \"start training session\", or type start, stop, pause, resume, delete, status, quit."
                    .to_owned()
            }
            Self::Preflight { checks } => crate::preflight::table(checks),
            Self::Notice { text, .. } => text.clone(),
            Self::Recording { .. } => "Recording.".to_owned(),
            Self::Part { .. } | Self::Confirmed { .. } | Self::Level { .. } => return None,
            Self::Paused => "Paused.".to_owned(),
            Self::Resumed => "Recording again.".to_owned(),
            Self::Deleted { from_ms, to_ms } => {
                format!("Deleted from second {} to second {}.", from_ms / 1000, to_ms / 1000)
            }
            Self::Stalled { detail } => format!("The camera stopped; starting it again. {detail}"),
            Self::Stopped { parts, .. } => format!("Stopped; {parts} parts are saved."),
            Self::DiskFull => "The disk is nearly full: recording stops. Everything recorded is saved.".to_owned(),
            Self::Recovered { session } => format!("Session {session} was interrupted; what was recorded is saved."),
            Self::SetApart { file } => format!("Damaged, kept apart: {}", file.display()),
            Self::Uploading { sessions } => format!("Uploading {} ({sessions}).", sessions_in_words(*sessions)),
            Self::Delivered { id, parts, missing, .. } => match missing.len() {
                0 => format!("Delivered: session {id}, {parts} parts."),
                n => format!("Delivered: session {id}, {parts} parts without {n} that were deleted or damaged."),
            },
            Self::NoNetwork { detail } => format!("Saved on device, no network. ({detail})"),
            Self::NetworkBack => "The network is back.".to_owned(),
            Self::Unpaired => {
                "The server does not know this device any more. Everything is kept; pair again.".to_owned()
            }
            Self::Refused { detail } => format!("Kept on the device: {detail}"),
            Self::NoMinutes => format!("{NO_MINUTES} What is recorded is kept, and sent in a few minutes."),
            Self::Held { sessions } => {
                let bytes: u64 = sessions.iter().map(|session| session.bytes).sum();
                let parts: u64 = sessions.iter().map(|session| session.parts).sum();
                format!(
                    "On the device: {}, {parts} parts, {:.1} MB.",
                    sessions_in_words(sessions.len()),
                    bytes as f64 / 1e6
                )
            }
            Self::Heard { phrase } => format!("Heard: {phrase}."),
            Self::AskAgain => {
                "Say \"delete the last minute\" again within 15 seconds to delete it, or type delete.".to_owned()
            }
            Self::Problem { detail } => detail.clone(),
        })
    }

    /// The same in as few words as can be understood; `None` for what need not be heard.
    pub fn spoken(&self) -> Option<String> {
        Some(match self {
            Self::Preflight { checks } => crate::preflight::spoken(checks)?,
            Self::Ready => "Ready".to_owned(),
            Self::Notice { text, .. } => text.clone(),
            Self::Recording { .. } => "Recording".to_owned(),
            Self::Paused => "Paused".to_owned(),
            Self::Resumed => "Recording again".to_owned(),
            Self::Deleted { .. } => "Last minute deleted".to_owned(),
            Self::Stalled { .. } => "Camera restarted".to_owned(),
            Self::Stopped { .. } => "Stopped".to_owned(),
            Self::DiskFull => "Disk full. Recording stopped and saved".to_owned(),
            Self::Uploading { sessions } => format!("Uploading {}", sessions_in_words(*sessions)),
            Self::Delivered { .. } => "Session delivered".to_owned(),
            Self::NoNetwork { .. } => "Saved on device, no network".to_owned(),
            Self::NoMinutes => NO_MINUTES.to_owned(),
            Self::Held { sessions } if sessions.is_empty() => "Everything is delivered".to_owned(),
            Self::Held { sessions } => format!("{} on the device", sessions_in_words(sessions.len())),
            // Without the phrase itself: the microphone hears this as well.
            Self::AskAgain => "Say that again to delete it".to_owned(),
            Self::Unpaired => "This device is not paired. Recordings are kept".to_owned(),
            Self::Problem { detail } => detail.clone(),
            _ => return None,
        })
    }
}

impl News {
    /// The language in which it is spoken: BCP 47.
    pub fn language(&self) -> &str {
        match self {
            Self::Notice { language, .. } => language,
            _ => "en",
        }
    }
}

fn sessions_in_words(number: usize) -> String {
    let words = ["no sessions", "one session", "two sessions", "three sessions", "four sessions", "five sessions"];
    words.get(number).map_or_else(|| format!("{number} sessions"), |words| (*words).to_owned())
}
