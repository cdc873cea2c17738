//! The video player: what its element carries, and the JSON with which it renews addresses that expire.

use super::gaps::ShownGap;
use domain::{ProcedureId, SessionId, recording::Gap, time::show_duration};
use serde::Serialize;

/// Answer of `GET /sessions/{id}/media`: signed addresses of a session's recording.
#[derive(Clone, Debug, Serialize)]
pub struct SessionMedia {
    /// Seconds until the addresses stop to work: a span, for the clock of a browser may be wrong.
    pub expires_in_seconds: u64,
    /// The recording as a browser plays it.
    pub recording: String,
    /// The frame that stands for the session.
    pub poster: Option<String>,
    /// The transcript as WebVTT.
    pub captions: Option<String>,
    /// The procedures as WebVTT chapters.
    pub chapters: Option<String>,
}

/// Answer of `GET /procedures/{id}/media`: signed addresses of a procedure's clip.
#[derive(Clone, Debug, Serialize)]
pub struct ProcedureMedia {
    /// Seconds until the addresses stop to work: a span, for the clock of a browser may be wrong.
    pub expires_in_seconds: u64,
    /// The clip.
    pub clip: String,
    /// The frame that stands for the procedure.
    pub thumbnail: Option<String>,
}

/// A player on a page. The first addresses stand in the page itself, so that it plays without JavaScript.
#[derive(Clone, Debug)]
pub struct Player {
    /// What a screen reader calls it.
    pub label: String,
    /// Where the browser's part asks for fresh addresses.
    pub media_url: String,
    /// Seconds until the addresses below stop to work.
    pub expires_in_seconds: u64,
    /// The video.
    pub video: String,
    /// The still picture before it plays.
    pub poster: Option<String>,
    /// WebVTT captions.
    pub captions: Option<String>,
    /// WebVTT chapters.
    pub chapters: Option<String>,
    /// BCP 47 language of captions and chapters.
    pub language: String,
    /// Where it holds nothing, in order.
    pub gaps: Vec<ShownGap>,
    /// How long it is; 0 where it does not matter.
    pub duration_seconds: f64,
}

impl Player {
    /// The player of a session's recording, spoken in `language` (BCP 47).
    pub fn of_session(id: SessionId, name: &str, media: SessionMedia, language: &str) -> Self {
        Self {
            label: format!("Recording of {name}"),
            media_url: format!("/sessions/{id}/media"),
            expires_in_seconds: media.expires_in_seconds,
            video: media.recording,
            poster: media.poster,
            captions: media.captions,
            chapters: media.chapters,
            language: language.into(),
            gaps: Vec::new(),
            duration_seconds: 0.0,
        }
    }

    /// The player of a procedure's clip.
    pub fn of_procedure(id: ProcedureId, name: &str, media: ProcedureMedia, language: &str) -> Self {
        Self {
            label: format!("Clip of {name}"),
            media_url: format!("/procedures/{id}/media"),
            expires_in_seconds: media.expires_in_seconds,
            video: media.clip,
            poster: media.thumbnail,
            captions: None,
            chapters: None,
            language: language.into(),
            gaps: Vec::new(),
            duration_seconds: 0.0,
        }
    }

    /// The same with the recording's `gaps`; the video is all of it and lasts `duration_seconds`.
    pub fn with_all_gaps(self, gaps: &[Gap], duration_seconds: f64) -> Self {
        Self { gaps: ShownGap::of(gaps, duration_seconds), duration_seconds, ..self }
    }

    /// The same with those of the recording's `gaps` that lie in the video, which begins at `begins_at` seconds of the
    /// recording and lasts `duration_seconds`.
    pub fn with_gaps(self, gaps: &[Gap], begins_at: f64, duration_seconds: f64) -> Self {
        Self { gaps: ShownGap::within(gaps, begins_at, duration_seconds), duration_seconds, ..self }
    }

    /// The same as long as the video is: another length or other gaps make another.
    pub fn version(&self) -> String {
        format!("{:.3}s, {}", self.duration_seconds, self.gap_sum())
    }

    /// How many gaps there are and how long they are together.
    pub fn gap_sum(&self) -> String {
        let count = match self.gaps.len() {
            1 => "1 gap".to_owned(),
            n => format!("{n} gaps"),
        };
        let known: Vec<f64> = self.gaps.iter().filter_map(|gap| gap.seconds).collect();
        let sum = show_duration(Some(known.iter().sum()));
        match known.len() {
            0 => count,
            all if all == self.gaps.len() => format!("{count}, {sum} in all"),
            _ => format!("{count}, at least {sum} in all"),
        }
    }
}
