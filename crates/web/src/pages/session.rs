//! The page of one session: exactly the parts that the product promises, in its order, and nothing to edit.

use super::{layout::Layout, player::Player, progress::Progress, task::LinkedTask, when::When};
use askama::Template;
use domain::{
    ProcedureId, SeatId, SessionId,
    procedure::Procedure,
    score::{Criterion, CriterionName, ScoreCard},
    session::{FailureReason, Session, SessionStatus},
    time::show_duration,
};

/// The page of one session.
#[derive(Clone, Debug, Template)]
#[template(path = "pages/session.html")]
pub struct SessionPage {
    /// The frame.
    pub layout: Layout,
    /// The session.
    pub session: SessionView,
}

/// The parts of the page without its frame: the answer of `GET /sessions/{id}/live`.
#[derive(Clone, Debug, Template)]
#[template(path = "pages/session_live.html")]
pub struct SessionLive {
    /// The session.
    pub session: SessionView,
}

/// A session with all that its page shows.
#[derive(Clone, Debug)]
pub struct SessionView {
    /// Its id.
    pub id: SessionId,
    /// Its name.
    pub name: String,
    /// The badge.
    pub status: SessionStatus,
    /// The line beside an In Progress badge.
    pub progress: Option<Progress>,
    /// Why it failed, in words.
    pub failure: Option<String>,
    /// Full name of who ran it.
    pub user_name: String,
    /// The seat that ran it.
    pub seat_id: SeatId,
    /// Seconds; `None` while it runs.
    pub duration_seconds: Option<f64>,
    /// When it started.
    pub started: When,
    /// When it completed.
    pub completed: Option<When>,
    /// The video, or what stands in its place.
    pub recording: RecordingView,
    /// The approved procedures in order.
    pub procedures: Vec<ProcedureLine>,
    /// The score with its reasons.
    pub score: Option<ScoreCard>,
    /// The prose summary.
    pub summary: Option<String>,
    /// When its transcript went by age, where the recording is still there.
    pub transcript_removed: Option<When>,
    /// What is doubtful about the recording and its processing, a sentence each.
    pub warnings: Vec<String>,
    /// Which part of the built-in result stands where a language model was asked, and why.
    pub language_note: Option<String>,
    /// What the trainer left.
    pub trainer_notes: Option<String>,
    /// The task it was run against.
    pub task: Option<LinkedTask>,
}

/// The left column.
#[derive(Clone, Debug)]
pub enum RecordingView {
    /// It plays.
    Playable(Box<Player>),
    /// It is on its way.
    NotYet(Progress),
    /// Bytes arrived that are no recording.
    Unplayable,
    /// It went by age.
    Removed(When),
    /// There is none and there will be none.
    Missing,
}

impl RecordingView {
    /// A recording without a `player` is on its way as long as `progress` says so; `arrived` tells whether any of it came.
    pub fn of(player: Option<Player>, progress: Option<Progress>, arrived: bool) -> Self {
        match (player, progress) {
            (Some(player), _) => Self::Playable(player.into()),
            (None, Some(progress)) => Self::NotYet(progress),
            (None, None) if arrived => Self::Unplayable,
            (None, None) => Self::Missing,
        }
    }
}

/// One line of the list of procedures.
#[derive(Clone, Debug)]
pub struct ProcedureLine {
    /// Leads to its own page.
    pub id: ProcedureId,
    /// Its name.
    pub procedure_name: String,
    /// May be empty.
    pub description: String,
}

impl SessionView {
    /// The view of `session`, dates read in `timezone`; empty texts count as none.
    pub fn new(
        session: Session,
        user_name: String,
        progress: Option<Progress>,
        recording: RecordingView,
        procedures: &[Procedure],
        task: Option<LinkedTask>,
        timezone: &str,
    ) -> Self {
        Self {
            id: session.id,
            status: session.status,
            progress: progress.filter(|_| session.status == SessionStatus::InProgress),
            failure: failure_sentence(&session),
            user_name,
            seat_id: session.seat_id,
            duration_seconds: session.duration_seconds,
            started: When::new(session.started_at, timezone),
            completed: session.completed_at.map(|at| When::new(at, timezone)),
            procedures: procedures.iter().map(ProcedureLine::new).collect(),
            score: session.score,
            summary: said(session.summary),
            transcript_removed: session
                .removed
                .transcript
                .filter(|_| matches!(recording, RecordingView::Playable(_)))
                .map(|at| When::new(at, timezone)),
            recording,
            warnings: Vec::new(),
            language_note: None,
            trainer_notes: said(session.trainer_notes),
            task,
            name: session.name,
        }
    }

    fn duration(&self) -> String {
        show_duration(self.duration_seconds)
    }

    fn is_running(&self) -> bool {
        self.status == SessionStatus::InProgress
    }

    fn has_summary(&self) -> bool {
        self.score.is_some() || self.summary.is_some() || self.trainer_notes.is_some()
    }

    fn label_of(&self, criterion: &Criterion) -> &'static str {
        match criterion.name {
            CriterionName::Narration => "Narration",
            CriterionName::Visibility => "Visibility",
            CriterionName::Completeness => "Completeness",
            CriterionName::Order => "Order",
            CriterionName::Safety => "Safety",
        }
    }

    fn number_of(&self, criterion: &Criterion) -> Option<u8> {
        criterion.score.map(|score| score.clamp(0.0, 100.0).round() as u8)
    }
}

impl ProcedureLine {
    fn new(procedure: &Procedure) -> Self {
        Self {
            id: procedure.id,
            procedure_name: procedure.procedure_name.clone(),
            description: procedure.description.trim().into(),
        }
    }
}

/// Why a session failed, in words. What only this session knows says more than the reason, and stands in its place;
/// where the reason tells what became of the recording, both stand.
pub fn failure_sentence(session: &Session) -> Option<String> {
    if session.status != SessionStatus::Failed {
        return None;
    }
    let reason = session.failure_reason.map_or("The session failed.", |reason| reason.sentence());
    let detail = said(session.failure_detail.clone()).map(|detail| sentence(&detail));
    Some(match (session.failure_reason, detail) {
        (Some(FailureReason::ProcessingError | FailureReason::EndedAbnormally), Some(detail)) => {
            format!("{reason} {detail}")
        }
        (_, Some(detail)) => detail,
        (_, None) => reason.into(),
    })
}

/// Capital letter first, full stop last.
pub fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    let text = format!("{first}{}", letters.as_str());
    if text.ends_with(['.', '!', '?']) { text } else { format!("{text}.") }
}

fn said(text: Option<String>) -> Option<String> {
    text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
}
