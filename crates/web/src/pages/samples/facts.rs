//! Made-up facts of one tenant, as storage would hand them out.

use crate::pages::layout::{Area, Layout, SignedIn};
use domain::{
    AttachmentId, ProcedureId, SeatId, SessionId, TaskId, TenantId, Timestamp, UserId,
    attachment::{ANY_TYPE, Attachment},
    procedure::{Procedure, ProcedureStatus},
    score::{Criterion, CriterionName, ScoreCard},
    seat::SeatRole,
    session::{FailureReason, Phase, Session, SessionStatus},
    task::{Task, TaskSource, TaskStatus},
};
use uuid::Uuid;

pub const ZONE: &str = "Europe/London";
pub const NOON: Timestamp = Timestamp(1_795_255_477_000_000);

pub fn id<T: From<Uuid>>(n: u128) -> T {
    Uuid::from_u128(0x0193_4c5e_7a10_7000_8000_0000_0000_0000 + n).into()
}

pub fn who() -> SignedIn {
    SignedIn {
        tenant_name: "Northgate Heating".into(),
        user_name: "Priya Raman".into(),
        is_admin: true,
        operators: Vec::new(),
        csrf_token: "csrf-1".into(),
    }
}

pub fn frame(title: &str) -> Layout {
    Layout::new(title, Area::Sessions, who())
}

pub fn session(n: u128, name: &str) -> Session {
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
        removed: Default::default(),
        updated_at: started_at,
    }
}

pub fn running(n: u128, name: &str, phase: Phase) -> Session {
    let status = SessionStatus::InProgress;
    Session { status, phase, completed_at: None, duration_seconds: None, ..session(n, name) }
}

pub fn failed(n: u128, name: &str, reason: FailureReason) -> Session {
    Session { status: SessionStatus::Failed, failure_reason: Some(reason), ..session(n, name) }
}

pub fn procedures() -> Vec<Procedure> {
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

pub fn score() -> ScoreCard {
    let criterion = |name, score, sentence: &str| Criterion {
        name,
        score,
        weight: 1.0,
        sentence: sentence.into(),
        evidence: vec![],
    };
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

pub fn task(external_url: Option<&str>) -> Task {
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

/// Files of a task: a picture, and then drawings.
pub fn files(count: u128) -> Vec<Attachment> {
    let file = |n| Attachment {
        id: id::<AttachmentId>(n),
        tenant_id: id::<TenantId>(1),
        task_id: id::<TaskId>(9),
        file_name: if n == 0 { "Boiler plate <left>.jpg".into() } else { format!("wiring-{n}.pdf") },
        media_type: if n == 0 { "image/jpeg".into() } else { ANY_TYPE.into() },
        bytes: 1_234_567,
        sha256: "0".repeat(64),
        object_key: String::new(),
        added_by: "Priya Shah".into(),
        added_at: NOON,
    };
    (0..count).map(file).collect()
}
