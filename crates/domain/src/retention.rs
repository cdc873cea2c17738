//! Retention: how long an organisation keeps what was recorded, what of a session has gone by age, and what holds it back.

use crate::{
    Timestamp,
    audit::{Action, Actor, Entry},
};
use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, IntoStaticStr, VariantArray};

/// The longest age that can be set, in days: a hundred years.
pub const LONGEST_DAYS: u32 = 36_500;

/// What is kept of a session for a time of its own.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    Display,
    EnumString,
    IntoStaticStr,
    VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Kept {
    /// Picture and sound as they came and as they are played, and the picture that stands for the session.
    Recording,
    /// The clips of the procedures, and their thumbnails.
    Clips,
    /// What was said, as text.
    Transcript,
}

impl Kept {
    /// As a word within a sentence.
    pub fn label(self) -> &'static str {
        match self {
            Self::Recording => "recording",
            Self::Clips => "clips",
            Self::Transcript => "transcript",
        }
    }
}

/// Days after the end of a session at which a part of it goes; `None` keeps it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Retention {
    pub recording_days: Option<u32>,
    pub clips_days: Option<u32>,
    pub transcript_days: Option<u32>,
}

impl Retention {
    /// The days of one part.
    pub fn days(&self, part: Kept) -> Option<u32> {
        match part {
            Kept::Recording => self.recording_days,
            Kept::Clips => self.clips_days,
            Kept::Transcript => self.transcript_days,
        }
    }

    /// `recording: 30 days, clips: kept, transcript: 1 day`
    pub fn said(&self) -> String {
        let said = |part: &Kept| match self.days(*part) {
            None => format!("{}: kept", part.label()),
            Some(1) => format!("{}: 1 day", part.label()),
            Some(days) => format!("{}: {days} days", part.label()),
        };
        Kept::VARIANTS.iter().map(said).collect::<Vec<_>>().join(", ")
    }

    /// That somebody set this.
    pub fn set_by(&self, actor: Actor) -> Entry {
        let days = |entry: Entry, part: &Kept| entry.with(&format!("{part}_days"), self.days(*part));
        Kept::VARIANTS.iter().fold(Entry::new(actor, Action::RetentionChanged), days)
    }

    /// Sessions that ended before then have a part that has outlived its time; `None` where it is kept.
    pub fn ended_before(&self, part: Kept, now: Timestamp) -> Option<Timestamp> {
        self.days(part).map(|days| now.plus_seconds(-86_400.0 * f64::from(days)))
    }
}

/// When parts of a session went by age; `None` where they did not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Removed {
    pub recording: Option<Timestamp>,
    pub clips: Option<Timestamp>,
    pub transcript: Option<Timestamp>,
}

impl Removed {
    /// When this part went.
    pub fn when(&self, part: Kept) -> Option<Timestamp> {
        match part {
            Kept::Recording => self.recording,
            Kept::Clips => self.clips,
            Kept::Transcript => self.transcript,
        }
    }

    /// Whether any part went.
    pub fn any(&self) -> bool {
        Kept::VARIANTS.iter().any(|part| self.when(*part).is_some())
    }

    /// Whether an object of the session has gone with one of the parts, by its key below the session's prefix. What the steps
    /// left for each other is made of everything.
    pub fn takes(&self, name: &str) -> bool {
        match name {
            "captions.vtt" | "captions.source" => self.transcript.is_some(),
            _ if name.starts_with("procedures/") => self.clips.is_some(),
            _ if name.starts_with("steps/") => self.any(),
            _ => self.recording.is_some(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_object_of_a_session_goes_with_its_part() {
        let gone = |part| {
            let at = |wanted| (part == wanted).then_some(Timestamp(1));
            let removed =
                Removed { recording: at(Kept::Recording), clips: at(Kept::Clips), transcript: at(Kept::Transcript) };
            let all = [
                "source-100",
                "recording.mp4",
                "poster.jpg",
                "chapters.vtt",
                "captions.vtt",
                "captions.source",
                "procedures/001.mp4",
                "procedures/001.jpg",
                "steps/transcript.json",
            ];
            all.into_iter().filter(|name| removed.takes(name)).collect::<Vec<_>>()
        };
        let of_recording =
            ["source-100", "recording.mp4", "poster.jpg", "chapters.vtt", "steps/transcript.json"].to_vec();
        assert_eq!(gone(Kept::Recording), of_recording);
        assert_eq!(gone(Kept::Clips), ["procedures/001.mp4", "procedures/001.jpg", "steps/transcript.json"]);
        assert_eq!(gone(Kept::Transcript), ["captions.vtt", "captions.source", "steps/transcript.json"]);
        assert!(!Removed::default().takes("steps/transcript.json"));
    }

    #[test]
    fn an_age_is_counted_in_days() {
        let retention = Retention { clips_days: Some(2), ..Retention::default() };
        assert_eq!(retention.ended_before(Kept::Clips, Timestamp(172_800_000_001)), Some(Timestamp(1)));
        assert_eq!(retention.ended_before(Kept::Recording, Timestamp(0)), None);
        assert_eq!(retention.said(), "recording: kept, clips: 2 days, transcript: kept");
    }
}
