//! Every page in every state, rendered.

use super::facts::*;
use crate::pages::{
    error::ErrorPage,
    layout::SignedIn,
    player::{Player, ProcedureMedia, SessionMedia},
    procedure::{Neighbour, ProcedurePage},
    progress::Progress,
    session::{RecordingView, SessionPage, SessionView},
    sessions::{SessionFilter, SessionRow, SessionsPage},
    sign_in::{SignInPage, SignInProblem},
    task::{LinkedTask, TaskPage},
    tasks::{TaskForm, TaskFormPage, TaskRow, TasksFilter, TasksPage},
    when::When,
};
use askama::Template;
use domain::{
    Span,
    job::Step,
    procedure::Procedure,
    recording::{Gap, GapKind},
    score::ScoreCard,
    seat::SeatRole,
    session::{FailureReason, Phase, Session, SessionStatus},
    task::Task,
};
use std::collections::BTreeMap;

pub fn row(session: Session, progress: Option<Progress>, procedures: u64) -> SessionRow {
    let picture = session.duration_seconds.map(|_| "/sample/thumb.jpg".to_owned());
    SessionRow::new(&session, progress, procedures, picture, ZONE)
}

pub fn rows() -> Vec<SessionRow> {
    let step = Some(Step::Name);
    let scored = Session { duration_seconds: Some(3840.0), ..session(5, "Fan and flue inspection") };
    vec![
        row(
            running(0, "Expansion vessel: re-pressurise and check the charge", Phase::Recording),
            Some(Progress::Recording),
            0,
        ),
        row(
            running(1, "Session 21 Nov 2026, 07:34", Phase::Uploading),
            Some(Progress::Uploading { percent: Some(63) }),
            0,
        ),
        row(running(2, "Annual boiler service", Phase::Processing), Some(Progress::Processing { step }), 0),
        row(session(3, "Replace the diverter valve on a Vaillant ecoTEC plus 832"), None, 5),
        row(session(4, "Pump head exchange"), None, 1),
        row(scored, None, 7),
        row(failed(6, "Session 20 Nov 2026, 19:04", FailureReason::CameraOccluded), None, 0),
        row(failed(7, "Gas valve setting", FailureReason::EndedAbnormally), None, 2),
    ]
}

pub fn list(rows: Vec<SessionRow>, filter: SessionFilter, newer: Option<&str>, older: Option<&str>) -> String {
    let (newer, older) = (newer.map(Into::into), older.map(Into::into));
    SessionsPage { layout: frame("Sessions"), filter, rows, newer, older }.render().unwrap()
}

pub fn player(session: &Session) -> Player {
    let media = SessionMedia {
        expires_in_seconds: 3600,
        recording: "/sample/recording.mp4".into(),
        poster: None,
        captions: Some("/sample/captions.vtt".into()),
        chapters: Some("/sample/chapters.vtt".into()),
    };
    Player::of_session(session.id, &session.name, media, "en")
}

pub fn view(
    session: Session,
    progress: Option<Progress>,
    player: Option<Player>,
    procedures: &[Procedure],
    task: Option<&Task>,
) -> SessionView {
    let recording = RecordingView::of(player, progress, false);
    SessionView::new(
        session,
        "Marek Kowalczyk".into(),
        progress,
        recording,
        procedures,
        task.map(LinkedTask::new),
        ZONE,
    )
}

pub fn detail(view: SessionView) -> String {
    SessionPage { layout: frame(&view.name.clone()), session: view }.render().unwrap()
}

pub fn whole() -> SessionView {
    let session = Session {
        score: Some(score()),
        summary: Some("Marek replaces the diverter valve of a Vaillant ecoTEC plus after isolating and draining the boiler. Each step is named before it is done. The system is refilled to 1.2 bar and both demands are tested.\n\nTightness of the gas connection is not tested on camera.".into()),
        trainer_notes: Some("Watch the retaining spring: it jumps. Keep a hand over it.".into()),
        ..session(3, "Replace the diverter valve on a Vaillant ecoTEC plus 832")
    };
    let player = player(&session);
    view(
        session,
        None,
        Some(player),
        &procedures(),
        Some(&task(Some("https://secure.getjobber.com/work_requests/48213"))),
    )
}

pub fn with_remarks() -> SessionView {
    SessionView {
        warnings: vec!["The file is cut off after 758 s of 1200 s.".into()],
        language_note: Some("The language model did not answer within 60 seconds: the built-in result stands.".into()),
        ..whole()
    }
}

pub fn with_gaps() -> SessionView {
    let gap = |start, end, kind, seconds| Gap { span: Span::new(start, end), kind, seconds };
    let gaps = [
        gap(0.0, 0.0, GapKind::Deleted, Some(4.0)),
        gap(300.0, 302.4, GapKind::Missing, None),
        gap(720.0, 1320.0, GapKind::Paused, Some(226_800.0)),
        gap(1500.0, 1560.0, GapKind::Deleted, None),
        gap(1918.0, 1918.0, GapKind::Missing, None),
    ];
    let session = whole();
    let RecordingView::Playable(player) = session.recording else { panic!("it plays") };
    SessionView { recording: RecordingView::Playable(player.with_all_gaps(&gaps, 1918.0).into()), ..session }
}

pub fn missing(phase: Phase, progress: Progress) -> String {
    detail(view(running(2, "Annual boiler service", phase), Some(progress), None, &[], None))
}

pub fn procedure(position: usize, with_clip: bool, removed: Option<When>) -> String {
    let all = procedures();
    let this = &all[position - 1];
    let neighbour = |p: &Procedure| Neighbour { id: p.id, procedure_name: p.procedure_name.clone() };
    let clip = ProcedureMedia { expires_in_seconds: 3600, clip: "/sample/recording.mp4".into(), thumbnail: None };
    ProcedurePage {
        layout: frame(&this.procedure_name),
        procedure_name: this.procedure_name.clone(),
        description: this.description.clone(),
        position,
        total: all.len(),
        duration_seconds: this.duration_seconds,
        player: with_clip.then(|| Player::of_procedure(this.id, &this.procedure_name, clip, "en")),
        removed,
        share_url: format!("https://training.northgate.example/procedures/{}", this.id),
        session_id: this.session_id,
        session_name: "Replace the diverter valve on a Vaillant ecoTEC plus 832".into(),
        previous: position.checked_sub(2).map(|i| neighbour(&all[i])),
        next: all.get(position).map(neighbour),
    }
    .render()
    .unwrap()
}

pub fn sign_in(problem: Option<SignInProblem>) -> String {
    let email = problem.map(|_| "priya@northgate.example".to_owned()).unwrap_or_default();
    SignInPage { problem, email, ..SignInPage::new("csrf-1", "/sessions") }.render().unwrap()
}

/// Every state by name.
pub fn pages() -> BTreeMap<&'static str, String> {
    let filtered = SessionFilter { status: Some(SessionStatus::Failed), role: Some(SeatRole::Trainee) };
    let occluded = Session {
        failure_detail: Some("Only 2 of 21 minutes show anything.".into()),
        ..failed(6, "Session 20 Nov 2026, 19:04", FailureReason::CameraOccluded)
    };
    let occluded_player = player(&occluded);
    let unrecorded =
        Session { duration_seconds: None, ..failed(8, "Session 20 Nov 2026, 14:04", FailureReason::NoRecording) };
    let unscored =
        ScoreCard::from_criteria(score().criteria.into_iter().filter(|c| c.score.is_none()).collect(), "x", "1");
    let unscored = Session { score: Some(unscored), ..session(4, "Pump head exchange") };
    let unscored_player = player(&unscored);
    let mut all = super::settings::pages();
    all.extend(super::people::pages());
    all.extend(super::minutes::pages());
    all.extend(super::api_keys::pages());
    all.extend(super::webhooks::pages());
    all.extend(super::privacy::pages());
    all.extend([
        ("sign-in", sign_in(None)),
        ("sign-in-refused", sign_in(Some(SignInProblem::Refused))),
        ("sign-in-limited", sign_in(Some(SignInProblem::TooManyAttempts { retry_after_seconds: 61 }))),
        ("sessions", list(rows(), SessionFilter::default(), None, Some("b2xkZXI="))),
        ("sessions-second-page", list(rows().split_off(3), SessionFilter::default(), Some("bmV3ZXI="), None)),
        ("sessions-none", list(vec![], SessionFilter::default(), None, None)),
        ("sessions-none-match", list(vec![], filtered, None, None)),
        ("session", detail(whole())),
        ("session-with-remarks", detail(with_remarks())),
        ("session-with-gaps", detail(with_gaps())),
        ("session-recording", missing(Phase::Recording, Progress::Recording)),
        ("session-uploading", missing(Phase::Uploading, Progress::Uploading { percent: Some(63) })),
        ("session-processing", missing(Phase::Processing, Progress::Processing { step: Some(Step::Name) })),
        ("session-failed", detail(view(occluded, None, Some(occluded_player), &[], None))),
        ("session-no-recording", detail(view(unrecorded, None, None, &[], Some(&task(None))))),
        ("session-unscored", detail(view(unscored, None, Some(unscored_player), &procedures()[..1], None))),
        ("procedure", procedure(2, true, None)),
        ("procedure-first-without-clip", procedure(1, false, None)),
        ("procedure-aged", procedure(2, false, Some(When::new(NOON, ZONE)))),
        ("task", TaskPage::new(frame("Task"), task(None), Some("Marek Kowalczyk".into()), ZONE).render().unwrap()),
        (
            "task-files",
            TaskPage::new(frame("Task"), task(None), None, ZONE)
                .with_files(&files(2), "csrf-1".into(), None, ZONE)
                .render()
                .unwrap(),
        ),
        (
            "task-full",
            TaskPage::new(frame("Task"), task(None), None, ZONE)
                .with_files(
                    &files(20),
                    "csrf-1".into(),
                    Some("The file has more than 10 MB. Nothing was kept of it."),
                    ZONE,
                )
                .render()
                .unwrap(),
        ),
        ("tasks", tasks_page(true).render().unwrap()),
        ("tasks-none-found", tasks_page(false).render().unwrap()),
        ("task-form-refused", task_form().render().unwrap()),
        ("error-404", ErrorPage::not_found(Some(who())).render().unwrap()),
        ("error-403", ErrorPage::forbidden(SignedIn { is_admin: false, ..who() }).render().unwrap()),
        ("error-500", ErrorPage::server_error(None, Some("01934c5e7a10".into())).render().unwrap()),
    ]);
    all
}

/// The list, with one task that is late, or with a search that finds none.
fn tasks_page(found: bool) -> TasksPage {
    let late = Task { due_date: Some(NOON.plus_seconds(-90_000.0)), ..task(None) };
    let row = |task: &Task| TaskRow::new(task, Some("Marek Kowalczyk".into()), NOON.date(ZONE), ZONE);
    TasksPage {
        layout: frame("Tasks"),
        may_add: true,
        filter: TasksFilter { search: if found { String::new() } else { "boiler".into() }, ..TasksFilter::default() },
        users: vec![("u".into(), "Marek Kowalczyk".into())],
        rows: if found { vec![row(&late)] } else { Vec::new() },
        older: found.then(|| "1.2".into()),
        is_later_page: false,
    }
}

fn task_form() -> TaskFormPage {
    TaskFormPage {
        layout: frame("Edit task"),
        csrf_token: "csrf-1".into(),
        action: "/tasks/1/edit".into(),
        back: "/tasks/1".into(),
        is_new: false,
        form: TaskForm { title: " ".into(), due: "2026-11-22".into(), ..TaskForm::default() },
        users: vec![("u".into(), "Marek Kowalczyk".into())],
        problem: Some("Give a title of 1 to 500 characters. Nothing was saved."),
    }
}
