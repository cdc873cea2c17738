//! Step runs: a result is read back for the same input and no other.

use crate::harness::{at, on_both};
use domain::{
    job::{Step, StepState},
    session::Phase,
};
use storage::db::procedures::Outcome;
use uuid::Uuid;

#[tokio::test(flavor = "multi_thread")]
async fn a_result_is_read_back_only_for_the_same_input() {
    on_both(async |place| {
        let crew = place.crew("acme").await;
        let session = place.processing(&crew, at(0)).await;
        let (db, tenant, id) = (&place.db, crew.tenant, session.id);
        let result = |step, hash| db.step_result(tenant, id, step, hash);
        db.begin_step(tenant, id, Step::Receive, "one", at(1)).await.unwrap();
        assert_eq!(result(Step::Receive, "one").await.unwrap(), None, "it runs");
        assert_eq!(place.now(&session).await.updated_at, at(1), "open pages see that it began");
        db.end_step(tenant, id, Step::Receive, Ok("{\"a\":1}"), at(2)).await.unwrap();
        assert_eq!(result(Step::Receive, "one").await.unwrap().as_deref(), Some("{\"a\":1}"));
        assert_eq!(result(Step::Receive, "two").await.unwrap(), None);
        assert_eq!(result(Step::Transcribe, "one").await.unwrap(), None);

        // A recording that grew: the same step over another input replaces it.
        db.begin_step(tenant, id, Step::Receive, "two", at(3)).await.unwrap();
        for hash in ["one", "two"] {
            assert_eq!(result(Step::Receive, hash).await.unwrap(), None);
        }
        db.end_step(tenant, id, Step::Receive, Ok("2"), at(4)).await.unwrap();
        assert_eq!(result(Step::Receive, "one").await.unwrap(), None);
        assert_eq!(result(Step::Receive, "two").await.unwrap().as_deref(), Some("2"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn attempts_are_counted_and_the_last_error_is_told() {
    on_both(async |place| {
        let crew = place.crew("acme").await;
        let session = place.processing(&crew, at(0)).await;
        let (db, tenant, id) = (&place.db, crew.tenant, session.id);
        let only = async || db.steps(tenant, id).await.unwrap().remove(0);
        db.begin_step(tenant, id, Step::Name, "h", at(1)).await.unwrap();
        let run = only().await;
        assert_eq!((run.step, run.state, run.attempts), (Step::Name, StepState::Running, 1));
        db.end_step(tenant, id, Step::Name, Err((StepState::Failed, "no disk")), at(2)).await.unwrap();
        let run = only().await;
        assert_eq!(
            (run.state, run.error.as_deref(), run.finished_at),
            (StepState::Failed, Some("no disk"), Some(at(2)))
        );
        assert_eq!(db.step_result(tenant, id, Step::Name, "h").await.unwrap(), None);
        db.begin_step(tenant, id, Step::Name, "h", at(3)).await.unwrap();
        let run = only().await;
        assert_eq!((run.state, run.attempts, run.error, run.finished_at), (StepState::Running, 2, None, None));
        assert_eq!(run.started_at, at(3));
        db.end_step(tenant, id, Step::Name, Err((StepState::Rejected, "nothing")), at(4)).await.unwrap();
        assert_eq!(only().await.state, StepState::Rejected);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_overview_tells_the_step_while_it_is_processed() {
    on_both(async |place| {
        let crew = place.crew("acme").await;
        let session = place.processing(&crew, at(0)).await;
        let (db, tenant, id) = (&place.db, crew.tenant, session.id);
        let step = async || db.session_overview(tenant, id).await.unwrap().unwrap().step;
        assert_eq!(step().await, None);
        db.begin_step(tenant, id, Step::Transcribe, "h", at(1)).await.unwrap();
        db.begin_step(tenant, id, Step::Receive, "h", at(1)).await.unwrap();
        db.end_step(tenant, id, Step::Receive, Ok("1"), at(2)).await.unwrap();
        assert_eq!(step().await, Some(Step::Transcribe), "the one that runs");
        db.end_step(tenant, id, Step::Transcribe, Ok("1"), at(3)).await.unwrap();
        assert_eq!(step().await, Some(Step::Transcribe), "the last that began");
        let order: Vec<_> = db.steps(tenant, id).await.unwrap().into_iter().map(|run| run.step).collect();
        assert_eq!(order, [Step::Receive, Step::Transcribe], "in the order of the pipeline");

        let worker = Uuid::now_v7();
        let job = place.claim(worker, at(4)).await.unwrap();
        db.approve(&job, worker, &Outcome::default(), at(5)).await.unwrap();
        assert_eq!(place.now(&session).await.phase, Phase::Done);
        assert_eq!(step().await, None);
        assert_eq!(db.steps(tenant, id).await.unwrap().len(), 2, "the record stays");
    })
    .await;
}
