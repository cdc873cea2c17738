//! Every page in every state, rendered: the strings the product promises are there, and what it promises not to have is not.

use super::{
    error::ErrorPage,
    layout::{Area, Layout, SignedIn},
    player::{Player, ProcedureMedia, SessionMedia},
    procedure::{Neighbour, ProcedurePage},
    progress::Progress,
    session::{SessionLive, SessionPage, SessionView},
    sessions::{SessionFilter, SessionRow, SessionRowFragment, SessionsPage},
    sign_in::{SignInPage, SignInProblem},
    task::{LinkedTask, TaskPage},
};
use askama::Template;
use domain::{
    ProcedureId, SeatId, SessionId, TaskId, TenantId, Timestamp, UserId,
    job::Step,
    procedure::{Procedure, ProcedureStatus},
    score::{Criterion, CriterionName, ScoreCard},
    seat::SeatRole,
    session::{FailureReason, Phase, Session, SessionStatus},
    task::{Task, TaskSource, TaskStatus},
};
use std::collections::BTreeMap;
use uuid::Uuid;

const ZONE: &str = "Europe/London";
const NOON: Timestamp = Timestamp(1_795_255_477_000_000);

fn id<T: From<Uuid>>(n: u128) -> T {
    Uuid::from_u128(0x0193_4c5e_7a10_7000_8000_0000_0000_0000 + n).into()
}

fn who() -> SignedIn {
    SignedIn {
        tenant_name: "Northgate Heating".into(),
        user_name: "Priya Raman".into(),
        csrf_token: "csrf-1".into(),
    }
}

fn frame(title: &str) -> Layout {
    Layout::new(title, Area::Sessions, who())
}

fn session(n: u128, name: &str) -> Session {
    let started_at = NOON.plus_seconds(-9000.0 * n as f64);
    Session {
        id: id::<SessionId>(n),
        tenant_id: id::<TenantId>(1),
        seat_id: SeatId(Uuid::from_u128(0x7f3a_91c2_0000_4000_8000_0000_0000_0001)),
        user_id: id::<UserId>(1),
        task_id: None,
        role: if n.is_multiple_of(3) { SeatRole::Trainee } else { SeatRole::Trainer },
        name: name.into(),
        status: SessionStatus::Completed,
        phase: Phase::Done,
        failure_reason: None,
        failure_detail: None,
        ended_abnormally: false,
        started_at,
        last_heartbeat_at: started_at,
        stopped_at: None,
        completed_at: Some(started_at.plus_seconds(1800.0)),
        duration_seconds: Some(1258.0),
        score: None,
        summary: None,
        trainer_notes: None,
        updated_at: started_at,
    }
}

fn running(n: u128, name: &str, phase: Phase) -> Session {
    let status = SessionStatus::InProgress;
    Session { status, phase, completed_at: None, duration_seconds: None, ..session(n, name) }
}

fn failed(n: u128, name: &str, reason: FailureReason) -> Session {
    Session { status: SessionStatus::Failed, failure_reason: Some(reason), ..session(n, name) }
}

fn row(session: Session, progress: Option<Progress>, procedures: u64) -> SessionRow {
    let picture = session.duration_seconds.map(|_| "/sample/thumb.jpg".to_owned());
    SessionRow::new(&session, progress, procedures, picture, ZONE)
}

fn rows() -> Vec<SessionRow> {
    let step = Some(Step::Name);
    let scored = Session { duration_seconds: Some(3840.0), ..session(5, "Fan and flue inspection") };
    vec![
        row(running(0, "Expansion vessel: re-pressurise and check the charge", Phase::Recording), Some(Progress::Recording), 0),
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

fn list(rows: Vec<SessionRow>, filter: SessionFilter, newer: Option<&str>, older: Option<&str>) -> String {
    let (newer, older) = (newer.map(Into::into), older.map(Into::into));
    SessionsPage { layout: frame("Sessions"), filter, rows, newer, older }.render().unwrap()
}

fn player(session: &Session) -> Player {
    let media = SessionMedia {
        expires_at: NOON.plus_seconds(3600.0),
        recording: "/sample/recording.mp4".into(),
        poster: None,
        captions: Some("/sample/captions.vtt".into()),
        chapters: Some("/sample/chapters.vtt".into()),
    };
    Player::of_session(session.id, &session.name, media, "en")
}

fn procedures() -> Vec<Procedure> {
    [
        ("Isolate the boiler and drain it down", "Turn off the isolation valves, open the drain cock and let the pressure fall to zero before opening the casing."),
        ("Remove the diverter valve motor", "Unclip the retaining spring, unplug the lead and pull the motor straight out."),
        ("Replace the diverter valve", ""),
        ("Refill and bleed the system", "Bring the pressure to 1.2 bar and bleed the radiators from the lowest to the highest."),
        ("Check hot water and heating demand", "Run both demands and watch that the valve moves to its end position each time."),
    ]
    .iter()
    .zip(1..)
    .map(|((name, description), number)| Procedure {
        id: id::<ProcedureId>(100 + u128::from(number)),
        tenant_id: id::<TenantId>(1),
        session_id: id::<SessionId>(3),
        number,
        procedure_name: (*name).into(),
        description: (*description).into(),
        start_seconds: 0.0,
        end_seconds: 90.0,
        duration_seconds: 94.0,
        status: ProcedureStatus::Approved,
        excluded_reason: None,
        video_key: None,
        thumbnail_key: None,
        created_at: NOON,
    })
    .collect()
}

fn score() -> ScoreCard {
    let criterion = |name, score, sentence: &str| Criterion { name, score, weight: 1.0, sentence: sentence.into(), evidence: vec![] };
    ScoreCard::from_criteria(
        vec![
            criterion(CriterionName::Narration, Some(88.0), "Most steps are explained in words while they are done."),
            criterion(CriterionName::Visibility, Some(91.0), "The work is well lit and in view for 19 of 21 minutes."),
            criterion(CriterionName::Completeness, Some(84.0), "The job is shown from isolation to the final check."),
            criterion(CriterionName::Order, None, "There is no earlier session of this job to compare with."),
            criterion(CriterionName::Safety, Some(62.0), "Isolation is spoken of; testing for gas tightness is not."),
        ],
        "built-in",
        "1",
    )
}

fn task(external_url: Option<&str>) -> Task {
    Task {
        id: id::<TaskId>(9),
        tenant_id: id::<TenantId>(1),
        title: "Replace the diverter valve, 14 Mill Lane".into(),
        description: "No hot water since Tuesday.\n\nBring the 0020132682 valve and a drain hose.".into(),
        status: TaskStatus::InProgress,
        priority: Some("high".into()),
        source: TaskSource::Jobber,
        external_id: Some("J-48213".into()),
        external_url: external_url.map(Into::into),
        assigned_to: None,
        due_date: Some(NOON.plus_seconds(90_000.0)),
        created_at: NOON,
    }
}

fn view(session: Session, progress: Option<Progress>, player: Option<Player>, procedures: &[Procedure], task: Option<&Task>) -> SessionView {
    SessionView::new(session, "Marek Kowalczyk".into(), progress, player, procedures, task.map(LinkedTask::new), ZONE)
}

fn detail(view: SessionView) -> String {
    SessionPage { layout: frame(&view.name.clone()), session: view }.render().unwrap()
}

fn whole() -> SessionView {
    let session = Session {
        score: Some(score()),
        summary: Some("Marek replaces the diverter valve of a Vaillant ecoTEC plus after isolating and draining the boiler. Each step is named before it is done. The system is refilled to 1.2 bar and both demands are tested.\n\nTightness of the gas connection is not tested on camera.".into()),
        trainer_notes: Some("Watch the retaining spring: it jumps. Keep a hand over it.".into()),
        ..session(3, "Replace the diverter valve on a Vaillant ecoTEC plus 832")
    };
    let player = player(&session);
    view(session, None, Some(player), &procedures(), Some(&task(Some("https://secure.getjobber.com/work_requests/48213"))))
}

fn missing(phase: Phase, progress: Progress) -> String {
    detail(view(running(2, "Annual boiler service", phase), Some(progress), None, &[], None))
}

fn procedure(position: usize, with_clip: bool) -> String {
    let all = procedures();
    let this = &all[position - 1];
    let neighbour = |p: &Procedure| Neighbour { id: p.id, procedure_name: p.procedure_name.clone() };
    let clip = ProcedureMedia { expires_at: NOON, clip: "/sample/recording.mp4".into(), thumbnail: None };
    ProcedurePage {
        layout: frame(&this.procedure_name),
        procedure_name: this.procedure_name.clone(),
        description: this.description.clone(),
        position,
        total: all.len(),
        duration_seconds: this.duration_seconds,
        player: with_clip.then(|| Player::of_procedure(this.id, &this.procedure_name, clip, "en")),
        share_url: format!("https://training.northgate.example/procedures/{}", this.id),
        session_id: this.session_id,
        session_name: "Replace the diverter valve on a Vaillant ecoTEC plus 832".into(),
        previous: position.checked_sub(2).map(|i| neighbour(&all[i])),
        next: all.get(position).map(neighbour),
    }
    .render()
    .unwrap()
}

fn sign_in(problem: Option<SignInProblem>) -> String {
    let email = problem.map(|_| "priya@northgate.example".to_owned()).unwrap_or_default();
    SignInPage { problem, email, ..SignInPage::new("csrf-1", "/sessions") }.render().unwrap()
}

/// Every state by name.
fn pages() -> BTreeMap<&'static str, String> {
    let filtered = SessionFilter { status: Some(SessionStatus::Failed), role: Some(SeatRole::Trainee) };
    let occluded = Session {
        failure_detail: Some("Only 2 of 21 minutes show anything.".into()),
        ..failed(6, "Session 20 Nov 2026, 19:04", FailureReason::CameraOccluded)
    };
    let occluded_player = player(&occluded);
    let unrecorded =
        Session { duration_seconds: None, ..failed(8, "Session 20 Nov 2026, 14:04", FailureReason::NoRecording) };
    let unscored = ScoreCard::from_criteria(score().criteria.into_iter().filter(|c| c.score.is_none()).collect(), "x", "1");
    let unscored = Session { score: Some(unscored), ..session(4, "Pump head exchange") };
    let unscored_player = player(&unscored);
    BTreeMap::from([
        ("sign-in", sign_in(None)),
        ("sign-in-refused", sign_in(Some(SignInProblem::Refused))),
        ("sign-in-limited", sign_in(Some(SignInProblem::TooManyAttempts { retry_after_seconds: 61 }))),
        ("sessions", list(rows(), SessionFilter::default(), None, Some("b2xkZXI="))),
        ("sessions-second-page", list(rows().split_off(3), SessionFilter::default(), Some("bmV3ZXI="), None)),
        ("sessions-none", list(vec![], SessionFilter::default(), None, None)),
        ("sessions-none-match", list(vec![], filtered, None, None)),
        ("session", detail(whole())),
        ("session-recording", missing(Phase::Recording, Progress::Recording)),
        ("session-uploading", missing(Phase::Uploading, Progress::Uploading { percent: Some(63) })),
        ("session-processing", missing(Phase::Processing, Progress::Processing { step: Some(Step::Name) })),
        ("session-failed", detail(view(occluded, None, Some(occluded_player), &[], None))),
        ("session-no-recording", detail(view(unrecorded, None, None, &[], Some(&task(None))))),
        ("session-unscored", detail(view(unscored, None, Some(unscored_player), &procedures()[..1], None))),
        ("procedure", procedure(2, true)),
        ("procedure-first-without-clip", procedure(1, false)),
        ("task", TaskPage::new(frame("Task"), task(None), Some("Marek Kowalczyk".into()), ZONE).render().unwrap()),
        ("error-404", ErrorPage::not_found(Some(who())).render().unwrap()),
        ("error-403", ErrorPage::forbidden(Some(who())).render().unwrap()),
        ("error-500", ErrorPage::server_error(None, Some("01934c5e7a10".into())).render().unwrap()),
    ])
}

/// Checks that the texts stand in the page in this order.
fn check(page: &str, texts: &[&str]) {
    let html = &pages()[page];
    let mut rest = html.split_once("<main").unwrap().1;
    for text in texts {
        rest = rest.split_once(text).unwrap_or_else(|| panic!("{page}: {text:?} is missing or out of order\n{html}")).1;
    }
}

fn check_without(page: &str, texts: &[&str]) {
    let html = &pages()[page];
    for text in texts {
        assert!(!html.contains(text), "{page}: {text:?} must not be there");
    }
}

#[test]
fn the_list_has_its_filters_and_columns() {
    check(
        "sessions",
        &[
            "<h1>Sessions</h1>", ">All<", ">Completed<", ">In Progress<", ">Failed<", ">All roles<", ">Trainer<", ">Trainee<",
            ">Thumbnail<", ">Session Name<", ">Role<", ">Status<", ">Duration<", ">Procedures<", ">Date<",
        ],
    );
    check("sessions", &["In Progress</span><span class=\"under\">Recording<", ">—<", ">—<", ">Started<"]);
    check("sessions", &[">Uploading 63%<", ">Processing 5 of 9: naming<", ">5 procedures<", ">1 procedure<", ">1h 04m<"]);
    check("sessions", &["Failed</span>", ">The camera was covered or dark for most of the recording.<", "20m 58s", ">—<"]);
    check("sessions", &["rel=\"next\" href=\"/sessions?before=b2xkZXI%3D\"", "Older"]);
    check_without("sessions", &["rel=\"prev\""]);
    check("sessions-second-page", &["rel=\"prev\" href=\"/sessions?after=bmV3ZXI%3D\"", "Newer"]);
    check("sessions-none", &["No sessions yet", "Start training session"]);
    check("sessions-none-match", &["aria-current=\"true\">Failed<", "aria-current=\"true\">Trainee<", "No sessions match"]);
}

#[test]
fn a_row_on_its_own_is_the_row_of_the_list() {
    for row in rows() {
        let html = SessionRowFragment { row }.render().unwrap();
        assert!(pages()["sessions"].contains(html.trim()), "{html}");
    }
}

#[test]
fn a_session_shows_its_parts_in_the_order_of_the_product() {
    check(
        "session",
        &[
            "<h1>Replace the diverter valve", ">Completed</span>", "User", "Marek Kowalczyk", "Seat ID", ">7F3A91C2<",
            "Total duration", "20m 58s", "Started", "<time datetime=\"2026-11-21T02:34:37Z\" title=\"21 Nov 2026, 02:34:37 GMT\">21 Nov 2026, 02:34<",
            "Completed", "21 Nov 2026, 03:04", "Video Recording", "Fullscreen", "<video controls",
            "<track kind=\"captions\"", "<track kind=\"chapters\"", ">Procedures<", "<ol", "Isolate the boiler", "Turn off",
            "Session Summary", "Score", "<b>81</b>", "<meter", "Narration", ">88<", "Order", "not enough evidence", "Safety",
            "Marek replaces", "Trainer notes", "Watch the retaining spring", "Linked Task", "Replace the diverter valve, 14 Mill Lane",
            ">jobber<", "J-48213", ">In Progress<", "https://secure.getjobber.com", "View Task",
        ],
    );
    check_without("session", &["Approve", "Reject", "Transcript", "Export", "Skills", "role=\"tab\"", "contenteditable", "<textarea"]);
}

#[test]
fn a_session_without_a_part_says_so_in_the_products_words() {
    check("session-no-recording", &["Failed</span>", "stopped before any video", "No recording was captured for this session"]);
    check("session-no-recording", &["No procedures extracted for this session", "Summary not provided by Training App."]);
    check("session-no-recording", &["Linked Task", "href=\"/tasks/", "View Task"]);
    check("session-failed", &["Failed</span>", "The camera was covered", "Only 2 of 21 minutes", "<video", "No procedures extracted"]);
    check("session-recording", &["In Progress</span>", ">Recording<", "still running"]);
    check("session-uploading", &[">Uploading 63%<", "still uploading: 63%", "<progress max=\"100\" value=\"63\""]);
    check("session-processing", &[">Processing 5 of 9: naming<", "step 5 of 9, naming"]);
    check("session-unscored", &["Not enough evidence for a score"]);
    for page in ["session-failed", "session-recording", "session-unscored"] {
        check_without(page, &["Linked Task", "View Task"]);
    }
    check_without("session-recording", &["Fullscreen", "<video", "No procedures extracted", "Summary not provided"]);
}

#[test]
fn the_parts_alone_are_the_parts_of_the_page() {
    let parts = SessionLive { session: whole() }.render().unwrap();
    assert!(pages()["session"].contains(parts.trim()));
}

#[test]
fn a_procedure_has_its_clip_its_place_and_a_link_to_share() {
    check("procedure", &["href=\"/sessions/", "Procedure 2 of 5 · 1m 34s", "<h1>Remove the diverter", "Unclip", "<video"]);
    check("procedure", &["value=\"https://training.northgate.example/procedures/", "Copy link", "Previous", "Next"]);
    check("procedure-first-without-clip", &["Procedure 1 of 5", "There is no clip of this procedure", "Next"]);
    check_without("procedure-first-without-clip", &["Previous", "<video"]);
}

#[test]
fn the_other_pages_say_what_they_are_for() {
    check("sign-in-refused", &["role=\"alert\"", "do not match", "value=\"csrf-1\"", "value=\"priya@northgate.example\""]);
    check("sign-in-limited", &["Too many attempts. Wait 2 minutes"]);
    check("task", &[">jobber<", "J-48213", "In Progress", "No hot water", "Marek Kowalczyk", "22 Nov 2026"]);
    check("error-404", &["404", "Page not found"]);
    check("error-403", &["403", "You do not have access"]);
    check("error-500", &["500", "our side", "01934c5e7a10"]);
}

/// The Content-Security-Policy takes neither inline script nor inline style; an id is unique; what is typed is escaped.
#[test]
fn no_page_breaks_the_rules_of_all_pages() {
    for (name, html) in pages() {
        for banned in [" style=", "<style", " onclick=", " onload=", "javascript:"] {
            assert!(!html.contains(banned), "{name}: {banned}");
        }
        assert!(html.split("<script").skip(1).all(|script| script.contains("src=") && script.contains("></script>")), "{name}");
        let ids: Vec<&str> = html.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        let unique: std::collections::BTreeSet<_> = ids.iter().collect();
        assert_eq!(ids.len(), unique.len(), "{name}: an id stands twice");
        assert!(html.contains("<html lang=\"en\">") && html.contains("class=\"skip\"") && html.contains("<h1"), "{name}");
        assert_eq!(html.matches("<h1").count(), 1, "{name}");
    }
    let hostile = list(vec![row(session(3, "<img src=x onerror=alert(1)>\""), None, 0)], SessionFilter::default(), None, None);
    assert!(!hostile.contains("<img src=x") && hostile.contains("img src=x onerror"));
}

/// Writes every state to `target/pages`, to be looked at: `cargo nextest run -p web --run-ignored only write_pages`.
#[test]
#[ignore = "writes files to look at"]
fn write_pages() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/pages");
    std::fs::create_dir_all(folder).unwrap();
    for (name, html) in pages() {
        std::fs::write(format!("{folder}/{name}.html"), html).unwrap();
    }
}
