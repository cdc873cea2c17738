//! Approval: the outcome of a session becomes visible at once, or not at all.

use crate::harness::{Place, at, on_both};
use domain::{
    Timestamp,
    job::JobState,
    procedure::{ProcedureDraft, ProcedureStatus},
    score::ScoreCard,
    session::{FailureReason, Phase, Session, SessionStatus},
};
use storage::{
    DbError,
    db::{
        procedures::{NewProcedure, Outcome},
        sessions::PhaseLimits,
    },
};
use uuid::Uuid;

fn procedure(number: u32, name: &str) -> NewProcedure {
    NewProcedure {
        number,
        draft: ProcedureDraft {
            procedure_name: name.into(),
            description: String::new(),
            start_seconds: f64::from(number),
            end_seconds: f64::from(number) + 0.5,
            status: ProcedureStatus::Approved,
            excluded_reason: None,
        },
        duration_seconds: 0.75,
        video_key: Some(format!("{number}.mp4")),
        thumbnail_key: Some(format!("{number}.jpg")),
    }
}

fn excluded(number: u32) -> NewProcedure {
    let mut weak = procedure(number, "Weak");
    weak.draft.status = ProcedureStatus::Excluded;
    weak.draft.excluded_reason = Some("too short".into());
    NewProcedure { video_key: None, thumbnail_key: None, ..weak }
}

fn outcome(procedures: Vec<NewProcedure>) -> Outcome {
    let score = ScoreCard { score: Some(71), criteria: vec![], scorer: "built-in".into(), rubric_version: "1".into() };
    Outcome { procedures, score: Some(score), summary: Some("All done.".into()), ..Outcome::default() }
}

async fn approved(place: &Place, outcome: &Outcome, now: Timestamp) -> Result<bool, DbError> {
    let worker = Uuid::now_v7();
    let job = place.claim(worker, now).await.unwrap();
    place.db.approve(&job, worker, outcome, now).await
}

async fn again(place: &Place, session: &Session, outcome: &Outcome, now: Timestamp) {
    assert!(place.db.process_again(session.tenant_id, session.id, now).await.unwrap());
    assert!(approved(place, outcome, now).await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_becomes_visible_at_once() {
    on_both(async |place| {
        let crew = place.crew("acme").await;
        let session = place.processing(&crew, at(0)).await;
        let found = outcome(vec![procedure(1, "Close the valve"), excluded(2), procedure(3, "Open the valve")]);
        assert!(approved(place, &found, at(5)).await.unwrap());
        let done = place.now(&session).await;
        assert_eq!((done.status, done.phase, done.failure_reason), (SessionStatus::Completed, Phase::Done, None));
        assert_eq!((&done.score, &done.summary), (&found.score, &found.summary));
        assert_eq!((done.completed_at, done.updated_at), (Some(at(5)), at(5)));
        assert_eq!(place.job_states(crew.tenant, session.id).await, [JobState::Done]);

        let shown = place.db.procedures(crew.tenant, session.id).await.unwrap();
        assert_eq!(shown.iter().map(|p| p.number).collect::<Vec<_>>(), [1, 3], "what is excluded is not listed");
        let first = &shown[0];
        assert_eq!(
            (first.procedure_name.as_str(), first.start_seconds, first.end_seconds),
            ("Close the valve", 1.0, 1.5)
        );
        assert_eq!((first.duration_seconds, first.created_at), (0.75, at(5)));
        assert_eq!((first.video_key.as_deref(), first.thumbnail_key.as_deref()), (Some("1.mp4"), Some("1.jpg")));
        assert_eq!(place.db.procedure(crew.tenant, first.id).await.unwrap().as_ref(), Some(first));
        assert_eq!(place.db.session_overview(crew.tenant, session.id).await.unwrap().unwrap().procedures, 2);
        assert_eq!(place.number("SELECT count(*) FROM procedures WHERE excluded_reason = 'too short'").await, 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_procedure_found_again_under_its_number_keeps_its_id() {
    on_both(async |place| {
        let crew = place.crew("acme").await;
        let session = place.processing(&crew, at(0)).await;
        approved(place, &outcome(vec![procedure(1, "A"), procedure(2, "B"), procedure(3, "C")]), at(1)).await.unwrap();
        let before = place.db.procedures(crew.tenant, session.id).await.unwrap();
        again(place, &session, &outcome(vec![procedure(1, "A better name"), excluded(2), procedure(4, "D")]), at(9))
            .await;
        let after = place.db.procedures(crew.tenant, session.id).await.unwrap();
        assert_eq!(after.iter().map(|p| p.number).collect::<Vec<_>>(), [1, 4]);
        assert_eq!((after[0].id, after[0].created_at), (before[0].id, at(1)));
        assert_eq!(after[0].procedure_name, "A better name");
        assert_eq!(after[1].created_at, at(9));
        for gone in &before[1..] {
            assert_eq!(place.db.procedure(crew.tenant, gone.id).await.unwrap(), None, "excluded or not found again");
        }
        again(place, &session, &outcome(vec![procedure(2, "B")]), at(10)).await;
        assert_eq!(place.db.procedures(crew.tenant, session.id).await.unwrap()[0].id, before[1].id);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_product_outcome_fails_the_session_and_ends_its_job_well() {
    on_both(async |place| {
        let crew = place.crew("acme").await;
        let session = place.processing(&crew, at(0)).await;
        let sentence = Some("no sound from 0:10 to 9:00".to_owned());
        let found = Outcome { failure: Some((FailureReason::AudioDropout, sentence.clone())), ..outcome(vec![]) };
        assert!(approved(place, &found, at(1)).await.unwrap());
        let failed = place.now(&session).await;
        assert_eq!((failed.status, failed.failure_reason), (SessionStatus::Failed, Some(FailureReason::AudioDropout)));
        assert_eq!(failed.failure_detail, sentence);
        assert_eq!(failed.summary.as_deref(), Some("All done."), "what was found stays shown");
        assert_eq!(place.job_states(crew.tenant, session.id).await, [JobState::Done]);
        again(place, &session, &outcome(vec![procedure(1, "A")]), at(9)).await;
        let done = place.now(&session).await;
        assert_eq!((done.status, done.failure_reason, done.failure_detail), (SessionStatus::Completed, None, None));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ended_abnormally_wins_over_whatever_was_found() {
    on_both(async |place| {
        let crew = place.crew("acme").await;
        let limits = PhaseLimits { heartbeat_seconds: 120.0, upload_seconds: 1000.0 };
        for (second, failure) in [(1000, None), (2000, Some((FailureReason::NoProcedures, None)))] {
            let session = place.recording(&crew, at(second)).await;
            let upload = place.upload(&session, Some(10), at(second)).await;
            place.append(&upload, 0, 4, at(second)).await.unwrap();
            assert_eq!(place.db.end_silent_sessions(limits, at(second + 200)).await.unwrap(), 1);
            let found = Outcome { failure, ..outcome(vec![procedure(1, "A")]) };
            assert!(approved(place, &found, at(second + 201)).await.unwrap());
            let failed = place.now(&session).await;
            assert_eq!(failed.failure_reason, Some(FailureReason::EndedAbnormally));
            assert_eq!((failed.status, failed.phase), (SessionStatus::Failed, Phase::Done));
            assert_eq!(place.db.procedures(crew.tenant, session.id).await.unwrap().len(), 1, "and is kept");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_lost_its_lease_leaves_no_rows() {
    on_both(async |place| {
        let crew = place.crew("acme").await;
        let session = place.processing(&crew, at(0)).await;
        let (slow, quick) = (Uuid::now_v7(), Uuid::now_v7());
        let lost = place.claim(slow, at(1)).await.unwrap();
        place.db.release_expired_leases(at(1000)).await.unwrap();
        let found = outcome(vec![procedure(1, "A")]);
        let before = place.everything().await;
        assert!(!place.db.approve(&lost, slow, &found, at(1001)).await.unwrap(), "nobody holds it");
        assert_eq!(place.everything().await, before);
        let job = place.claim(quick, at(1001)).await.unwrap();
        let before = place.everything().await;
        assert!(!place.db.approve(&lost, slow, &found, at(1002)).await.unwrap(), "another holds it");
        assert_eq!(place.everything().await, before);
        assert!(place.db.approve(&job, quick, &found, at(1003)).await.unwrap());
        let before = place.everything().await;
        assert!(!place.db.approve(&job, quick, &outcome(vec![]), at(1004)).await.unwrap(), "it has ended");
        assert_eq!(place.everything().await, before);
        assert_eq!(place.now(&session).await.status, SessionStatus::Completed);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outcome_that_breaks_a_rule_is_refused_as_a_whole() {
    on_both(async |place| {
        let crew = place.crew("acme").await;
        place.processing(&crew, at(0)).await;
        let worker = Uuid::now_v7();
        let job = place.claim(worker, at(1)).await.unwrap();
        let before = place.everything().await;
        let no_clip = NewProcedure { video_key: None, ..procedure(2, "B") };
        let refused = place.db.approve(&job, worker, &outcome(vec![procedure(1, "A"), no_clip]), at(2)).await;
        assert!(matches!(refused, Err(DbError::Refused(_))), "{refused:?}");
        let twice = place.db.approve(&job, worker, &outcome(vec![procedure(1, "A"), procedure(1, "B")]), at(2)).await;
        assert!(matches!(twice, Err(DbError::Exists(_))), "{twice:?}");
        assert_eq!(place.everything().await, before, "the job still runs and nothing is shown");
        assert!(place.db.approve(&job, worker, &outcome(vec![procedure(1, "A")]), at(3)).await.unwrap());
    })
    .await;
}
