//! Settings, Privacy: how long what was recorded is kept, what is held, what was erased.

use super::{amounts::count, layout::Layout, when::When};
use askama::Template;
use domain::{
    SessionId,
    erasure::Scope,
    legal_hold::LegalHold,
    notice::{Notice, NoticeKind},
    retention::{Kept, LONGEST_DAYS, Retention},
};
use storage::db::{erasures::Erasure, retention::Counts};
use strum::VariantArray;
use uuid::Uuid;

/// The page.
#[derive(Clone, Debug, Template)]
#[template(path = "pages/privacy.html")]
pub struct PrivacyPage {
    /// The frame.
    pub layout: Layout,
    /// For the forms.
    pub csrf_token: String,
    /// What is set, or what was typed.
    pub retention: RetentionForm,
    /// What is said about being recorded.
    pub notices: Vec<NoticeField>,
    /// Why one of them was refused.
    pub notice_problem: Option<String>,
    /// The holds that stand.
    pub holds: Vec<HoldRow>,
    /// A hold that was refused.
    pub hold: HoldForm,
    /// What was typed to be erased.
    pub erase: String,
    /// Why it was refused.
    pub erase_problem: Option<String>,
    /// What was erased, newest first.
    pub erasures: Vec<ErasureRow>,
}

/// One of the texts.
#[derive(Clone, Debug)]
pub struct NoticeField {
    /// Which.
    pub kind: NoticeKind,
    /// What stands, what was typed, or what is suggested.
    pub text: String,
    /// Version that stands, and since when.
    pub stands: Option<(u32, When)>,
    /// Whether nothing was ever saved: the text is only suggested.
    pub is_suggestion: bool,
    /// At how many seats the version that stands was accepted.
    pub accepted: Option<u64>,
}

/// What somebody types of a hold.
#[derive(Clone, Debug, Default)]
#[allow(missing_docs)]
pub struct HoldForm {
    pub session: String,
    pub reason: String,
    pub everything: bool,
    /// Why it was refused.
    pub problem: Option<String>,
}

/// A hold that stands.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct HoldRow {
    pub id: Uuid,
    /// `None` holds everything.
    pub session: Option<(SessionId, String)>,
    pub reason: String,
    pub by: String,
    pub since: When,
}

/// The question before a hold is lifted.
#[derive(Clone, Debug, Template)]
#[template(path = "pages/privacy_lift.html")]
pub struct LiftPage {
    /// The frame.
    pub layout: Layout,
    /// For the form.
    pub csrf_token: String,
    /// The hold.
    pub hold: HoldRow,
}

/// Something that was erased.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct ErasureRow {
    pub id: Uuid,
    pub scope: Scope,
    pub subject: Uuid,
    pub asked: When,
    /// When it was signed; `None` until then.
    pub done: Option<When>,
    pub rows: u64,
    pub objects: u64,
}

/// What somebody types of how long things are kept.
#[derive(Clone, Debug, Default)]
pub struct RetentionForm {
    /// A number of days, or nothing, for each part.
    pub days: [String; 3],
    /// Why it was refused.
    pub problem: Option<String>,
}

/// The question before it is set.
#[derive(Clone, Debug, Template)]
#[template(path = "pages/privacy_retention.html")]
pub struct RetentionPage {
    /// The frame.
    pub layout: Layout,
    /// For the form.
    pub csrf_token: String,
    /// As it is now.
    pub now: Retention,
    /// As it is to be.
    pub new: Retention,
    /// Of how many sessions each part would go now.
    pub counts: Counts,
}

/// A row of the form.
pub struct Row<'a> {
    part: Kept,
    label: &'static str,
    what: &'static str,
    days: &'a str,
}

impl PrivacyPage {
    fn rows(&self) -> Vec<Row<'_>> {
        Kept::VARIANTS
            .iter()
            .zip(&self.retention.days)
            .map(|(part, days)| {
                let (label, what) = label(*part);
                Row { part: *part, label, what, days }
            })
            .collect()
    }

    fn longest(&self) -> u32 {
        LONGEST_DAYS
    }
}

impl NoticeField {
    /// A text as it is kept, or a suggestion in `language`.
    pub fn new(kind: NoticeKind, kept: Option<Notice>, language: &str, timezone: &str) -> Self {
        let is_suggestion = kept.is_none();
        let text = kept.as_ref().map_or_else(|| kind.suggestion(language).into(), |notice| notice.text.clone());
        let stands = kept.filter(|notice| !notice.text.is_empty());
        let stands = stands.map(|notice| (notice.version, When::new(notice.since, timezone)));
        Self { kind, text, stands, is_suggestion, accepted: None }
    }

    fn accepted(&self) -> Option<String> {
        self.accepted.map(|seats| match seats {
            0 => "not accepted at any seat yet".into(),
            seats => format!("accepted at {}", count(seats, "seat")),
        })
    }

    fn hint(&self) -> &'static str {
        match self.kind {
            NoticeKind::Recording => {
                "Shown and spoken by glasses and phones whenever recording begins, so that people who are there know. Each session keeps which version stood."
            }
            NoticeKind::Consent => {
                "The wearer has to accept it on the device before the first session at a seat, and again after every change."
            }
        }
    }
}

impl HoldRow {
    /// `hold`, as it is read in `timezone`.
    pub fn new(hold: &LegalHold, timezone: &str) -> Self {
        Self {
            id: hold.id,
            session: hold.session.clone(),
            reason: hold.reason.clone(),
            by: hold.placed_by.clone().unwrap_or_else(|| "Operator".into()),
            since: When::new(hold.placed_at, timezone),
        }
    }

    fn of(&self) -> &str {
        self.session.as_ref().map_or("Everything", |(_, name)| name)
    }
}

impl ErasureRow {
    /// `erasure`, as it is read in `timezone`.
    pub fn new(erasure: &Erasure, timezone: &str) -> Self {
        let when = |at| When::new(at, timezone);
        Self {
            id: erasure.id,
            scope: erasure.scope,
            subject: erasure.subject_id,
            asked: when(erasure.requested_at),
            done: erasure.completed_at.map(when),
            rows: erasure.rows.values().sum(),
            objects: erasure.objects,
        }
    }

    fn counts(&self) -> String {
        format!("{}, {}", count(self.rows, "row"), count(self.objects, "file"))
    }
}

impl RetentionForm {
    /// What is set.
    pub fn of(retention: Retention) -> Self {
        let days = |part: &Kept| retention.days(*part).map(|days| days.to_string()).unwrap_or_default();
        let mut form = Self::default();
        for (field, part) in form.days.iter_mut().zip(Kept::VARIANTS) {
            *field = days(part);
        }
        form
    }

    /// What was typed; what is no number of days is told.
    pub fn read(&self) -> Result<Retention, String> {
        let mut read = [None; 3];
        for ((typed, part), days) in self.days.iter().zip(Kept::VARIANTS).zip(&mut read) {
            *days = match typed.trim() {
                "" => None,
                text => match text.parse::<u32>() {
                    Ok(days) if (1..=LONGEST_DAYS).contains(&days) => Some(days),
                    _ => {
                        return Err(format!(
                            "{}: give whole days, from 1 to {LONGEST_DAYS}, or nothing to keep. Nothing was changed.",
                            label(*part).0
                        ));
                    }
                },
            };
        }
        let [recording_days, clips_days, transcript_days] = read;
        Ok(Retention { recording_days, clips_days, transcript_days })
    }
}

impl RetentionPage {
    fn lines(&self) -> Vec<(Kept, &'static str, String, Option<String>)> {
        let line = |part: &Kept| {
            let days = |r: &Retention| match r.days(*part) {
                None => "kept".to_owned(),
                Some(days) => count(days.into(), "day"),
            };
            let (from, to) = (days(&self.now), days(&self.new));
            let said = if from == to { format!("{to}, as now") } else { format!("{to}, until now {from}") };
            (*part, label(*part).0, said, self.counts.get(part).map(|n| count(*n, "session")))
        };
        Kept::VARIANTS.iter().map(line).collect()
    }

    fn field(&self, part: &Kept) -> String {
        self.new.days(*part).map(|days| days.to_string()).unwrap_or_default()
    }
}

fn label(part: Kept) -> (&'static str, &'static str) {
    match part {
        Kept::Recording => ("Recordings", "picture and sound, and the picture that stands for a session"),
        Kept::Clips => ("Clips", "of procedures, and their thumbnails"),
        Kept::Transcript => ("Transcripts", "what was said, as text, and the captions"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_read_and_nothing_else() {
        let form = |a: &str, b: &str, c: &str| RetentionForm { days: [a, b, c].map(Into::into), problem: None };
        let read = form(" 30", "", "1").read().unwrap();
        assert_eq!(read, Retention { recording_days: Some(30), clips_days: None, transcript_days: Some(1) });
        assert_eq!(RetentionForm::of(read).days, ["30", "", "1"]);
        for wrong in ["0", "-1", "1.5", "36501", "a week"] {
            assert!(form("", wrong, "").read().unwrap_err().starts_with("Clips: give whole days"), "{wrong}");
        }
    }
}
