//! Judges one recording as the pipeline does, and compares.

use crate::{recordings::Recording, words::transcript};
use domain::{Span, procedure::ProcedureStatus, session::FailureReason, signals::Signals};
use extraction::{
    Options, boundaries,
    quality::{self, Fault, Finding},
};

/// A recording, what was found in it, and how its session ends.
pub struct Judged<'a> {
    pub recording: &'a Recording,
    pub findings: Vec<Finding>,
    pub ended: Option<FailureReason>,
    pub sentence: String,
}

pub fn judge<'a>(recording: &'a Recording, signals: &Signals) -> Judged<'a> {
    let transcript = transcript(recording);
    let task_title = recording.task.then(|| "Replace the pump gasket".to_owned());
    let options = Options { task_title, ..Options::default() };
    let findings = quality::findings(&transcript, signals);
    let (ended, sentence) = match quality::check(&transcript, signals) {
        Err(rejection) => (Some(rejection.reason), rejection.sentence),
        Ok(()) => {
            let segments = boundaries::segment(&transcript, signals, &options, &[]);
            let drafts = extraction::name(&segments, &transcript, signals, &options);
            let shown = drafts.iter().any(|d| d.status == ProcedureStatus::Approved);
            let why = drafts.first().and_then(|d| d.excluded_reason.clone()).unwrap_or_default();
            ((!shown).then_some(FailureReason::NoProcedures), why)
        }
    };
    Judged { recording, findings, ended, sentence }
}

impl Judged<'_> {
    /// Whether the session ends as it has to.
    pub fn ends_right(&self) -> bool {
        match self.ended {
            None => self.recording.ends.is_empty(),
            Some(reason) => self.recording.ends.contains(&reason),
        }
    }

    /// What was found of a kind of fault.
    pub fn found(&self, group: Group) -> Vec<Span> {
        self.findings.iter().filter(|f| group.holds(f.fault)).flat_map(|f| f.spans.clone()).collect()
    }
}

/// Faults that a table takes together.
#[derive(Clone, Copy, PartialEq)]
pub enum Group {
    SoundMissing,
    /// Covered, dark or in the pocket.
    SeesNothing,
    Pocket,
    Frozen,
    PictureMissing,
    NothingHappens,
}

impl Group {
    pub const ALL: [Self; 6] =
        [Self::SoundMissing, Self::SeesNothing, Self::Pocket, Self::Frozen, Self::PictureMissing, Self::NothingHappens];

    pub fn name(self) -> &'static str {
        match self {
            Self::SoundMissing => "sound missing",
            Self::SeesNothing => "camera covered or dark",
            Self::Pocket => "of these, in the pocket",
            Self::Frozen => "picture frozen",
            Self::PictureMissing => "picture missing",
            Self::NothingHappens => "nothing happens",
        }
    }

    pub fn holds(self, fault: Fault) -> bool {
        match self {
            Self::SoundMissing => fault == Fault::SoundMissing,
            Self::SeesNothing => matches!(fault, Fault::CameraCovered | Fault::CameraDark | Fault::InPocket),
            Self::Pocket => fault == Fault::InPocket,
            Self::Frozen => fault == Fault::PictureFrozen,
            Self::PictureMissing => fault == Fault::PictureMissing,
            Self::NothingHappens => fault == Fault::NothingHappens,
        }
    }

    /// Whether a recording has a fault of this group.
    pub fn is_in(self, recording: &Recording) -> bool {
        let mute = recording.kind == "mute and covered" && self == Self::SoundMissing;
        mute || recording.fault.is_some_and(|(fault, ..)| self.holds(fault))
    }
}
