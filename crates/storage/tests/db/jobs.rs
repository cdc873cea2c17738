//! Jobs: a queue that is fair by tenant and loses nothing.

use crate::harness::{Place, at, on_both};
use domain::{
    Timestamp,
    job::JobState,
    session::{FailureReason, Phase, SessionStatus},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};
use storage::db::{
    jobs::{Job, Lease},
    procedures::Outcome,
};
use uuid::Uuid;

async fn done(place: &Place, job: &Job, worker: Uuid, now: Timestamp) {
    assert!(place.db.approve(job, worker, &Outcome::default(), now).await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn higher_priority_goes_first_then_the_older_job() {
    on_both(async |place| {
        let crew = place.crew("acme").await;
        let (old, urgent, young) = (
            place.processing(&crew, at(0)).await,
            place.processing(&crew, at(1)).await,
            place.processing(&crew, at(2)).await,
        );
        place.accepted(&format!("UPDATE jobs SET priority = 5 WHERE session_id = {}", place.id(urgent.id))).await;
        assert_eq!(place.db.job_counts().await.unwrap(), (3, 0));
        let worker = Uuid::now_v7();
        for expected in [&urgent, &old, &young] {
            let job = place.claim(worker, at(3)).await.unwrap();
            assert_eq!((job.session_id, job.state, job.attempt), (expected.id, JobState::Running, 1));
        }
        assert_eq!(place.claim(worker, at(3)).await, None);
        assert_eq!(place.db.job_counts().await.unwrap(), (0, 3));
        place.counters_are_right().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_jobs_of_one_tenant_do_not_starve_the_one_of_another() {
    on_both(async |place| {
        let (big, small) = (place.crew("big").await, place.crew("small").await);
        for _ in 0..100 {
            place.processing(&big, at(0)).await;
        }
        let worker = Uuid::now_v7();
        let first = place.claim(worker, at(1)).await.unwrap();
        assert_eq!(first.tenant_id, big.tenant);
        place.processing(&small, at(2)).await;
        let second = place.claim(worker, at(2)).await.unwrap();
        assert_eq!(second.tenant_id, small.tenant, "who was served longest ago goes first");
        place.processing(&small, at(3)).await;
        // Both have work: they take turns.
        assert_eq!(place.claim(worker, at(3)).await.unwrap().tenant_id, big.tenant);
        assert_eq!(place.claim(worker, at(4)).await.unwrap().tenant_id, small.tenant);
        place.counters_are_right().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_tenant_runs_more_than_its_cap_at_once() {
    on_both(async |place| {
        let (crew, other) = (place.crew("acme").await, place.crew("other").await);
        for _ in 0..6 {
            place.processing(&crew, at(0)).await;
        }
        let worker = Uuid::now_v7();
        let mut running = Vec::new();
        for second in 1..5 {
            running.push(place.claim(worker, at(second)).await.unwrap());
        }
        assert_eq!(place.claim(worker, at(5)).await, None, "four are running");
        place.processing(&other, at(5)).await;
        assert_eq!(place.claim(worker, at(6)).await.unwrap().tenant_id, other.tenant);
        done(place, &running[0], worker, at(7)).await;
        assert_eq!(place.claim(worker, at(8)).await.unwrap().tenant_id, crew.tenant);
        assert_eq!(place.claim(worker, at(9)).await, None);
        place.accepted(&format!("UPDATE tenant_queues SET cap = 5 WHERE tenant_id = {}", place.id(crew.tenant))).await;
        assert!(place.claim(worker, at(9)).await.is_some());
        place.counters_are_right().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_is_renewed_runs_out_and_is_claimed_by_another() {
    on_both(async |place| {
        let crew = place.crew("acme").await;
        let session = place.processing(&crew, at(0)).await;
        let (dead, alive) = (Uuid::now_v7(), Uuid::now_v7());
        let job = place.claim(dead, at(0)).await.unwrap();
        assert_eq!(place.db.renew_lease(&job, dead, at(30)).await.unwrap(), Lease::Held);
        assert_eq!(place.db.renew_lease(&job, alive, at(99)).await.unwrap(), Lease::Lost, "it is not theirs");
        assert_eq!(place.db.release_expired_leases(at(30)).await.unwrap(), 0, "renewed until then");
        assert_eq!(place.claim(alive, at(30)).await, None);
        assert_eq!(place.db.release_expired_leases(at(31)).await.unwrap(), 1);
        place.counters_are_right().await;
        assert_eq!(place.db.renew_lease(&job, dead, at(60)).await.unwrap(), Lease::Lost);

        let again = place.claim(alive, at(31)).await.unwrap();
        assert_eq!((again.id, again.attempt), (job.id, 2), "the same job, and the attempt is counted");
        let before = place.everything().await;
        assert!(!place.db.retry_job(&job, dead, "late", at(32)).await.unwrap());
        assert!(!place.db.approve(&job, dead, &Outcome::default(), at(32)).await.unwrap());
        assert!(!place.db.fail_processing(&job, dead, JobState::Failed, "late", at(32)).await.unwrap());
        place.db.job_progressed(&job, dead).await.unwrap();
        assert_eq!(place.everything().await, before, "who lost the lease writes nothing");

        place.db.job_progressed(&again, alive).await.unwrap();
        assert_eq!(place.db.jobs(crew.tenant, session.id).await.unwrap()[0].attempt, 1);
        done(place, &again, alive, at(33)).await;
        assert_eq!(place.db.renew_lease(&again, alive, at(60)).await.unwrap(), Lease::Lost, "it has ended");
        place.counters_are_right().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_alone_takes_every_running_job_back() {
    on_both(async |place| {
        let (crew, other) = (place.crew("acme").await, place.crew("other").await);
        let worker = Uuid::now_v7();
        for crew in [&crew, &crew, &other] {
            place.processing(crew, at(0)).await;
        }
        for second in 1..4 {
            assert!(place.claim(worker, at(second)).await.is_some());
        }
        assert_eq!(place.db.release_all_leases(at(5)).await.unwrap(), 3);
        assert_eq!(place.db.job_counts().await.unwrap(), (3, 0));
        place.counters_are_right().await;
        assert_eq!(place.claim(worker, at(4)).await, None, "not before the time it was given back");
        assert_eq!(place.claim(worker, at(5)).await.unwrap().attempt, 2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_comes_not_before_its_time() {
    on_both(async |place| {
        let crew = place.crew("acme").await;
        let session = place.processing(&crew, at(0)).await;
        let worker = Uuid::now_v7();
        let job = place.claim(worker, at(0)).await.unwrap();
        assert!(place.db.retry_job(&job, worker, "the model is away", at(60)).await.unwrap());
        assert!(!place.db.retry_job(&job, worker, "twice", at(60)).await.unwrap());
        let waiting = place.db.jobs(crew.tenant, session.id).await.unwrap().remove(0);
        assert_eq!((waiting.state, waiting.error.as_deref()), (JobState::Ready, Some("the model is away")));
        assert_eq!(place.claim(worker, Timestamp(at(60).0 - 1)).await, None);
        let again = place.claim(worker, at(60)).await.unwrap();
        assert_eq!((again.id, again.attempt), (job.id, 2));
        assert_eq!(place.now(&session).await.phase, Phase::Processing, "nothing of this shows as failed");
        place.counters_are_right().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_for_good_fails_the_session_with_its_sentence() {
    on_both(async |place| {
        let crew = place.crew("acme").await;
        let session = place.processing(&crew, at(0)).await;
        let worker = Uuid::now_v7();
        let job = place.claim(worker, at(1)).await.unwrap();
        assert!(place.db.fail_processing(&job, worker, JobState::Failed, "naming: no", at(2)).await.unwrap());
        assert!(!place.db.fail_processing(&job, worker, JobState::Failed, "twice", at(3)).await.unwrap());
        let failed = place.now(&session).await;
        assert_eq!((failed.status, failed.phase), (SessionStatus::Failed, Phase::Done));
        assert_eq!(failed.failure_reason, Some(FailureReason::ProcessingError));
        assert_eq!((failed.failure_detail.as_deref(), failed.completed_at), (Some("naming: no"), Some(at(2))));
        let job = place.db.jobs(crew.tenant, session.id).await.unwrap().remove(0);
        assert_eq!((job.state, job.error.as_deref()), (JobState::Failed, Some("naming: no")));
        place.counters_are_right().await;
    })
    .await;
}

/// Sixteen workers, two hundred jobs of five tenants; one job in five is given back once.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_workers_claim_every_job_exactly_once() {
    const JOBS: usize = 200;
    on_both(async |place| {
        for n in 0..5 {
            let crew = place.crew(&format!("tenant {n}")).await;
            for _ in 0..JOBS / 5 {
                place.processing(&crew, at(0)).await;
            }
        }
        let claims: Arc<Mutex<BTreeMap<_, u32>>> = Arc::default();
        let running: Arc<Mutex<BTreeSet<_>>> = Arc::default();
        let finished = Arc::new(AtomicUsize::new(0));
        let mut workers = tokio::task::JoinSet::new();
        for _ in 0..16 {
            let (db, claims, running) = (place.db.clone(), claims.clone(), running.clone());
            let finished = finished.clone();
            workers.spawn(async move {
                let worker = Uuid::now_v7();
                let mut clock = 1;
                while finished.load(Ordering::SeqCst) < JOBS {
                    clock += 1;
                    let Some(job) = db.claim_job(worker, at(clock), at(999_999)).await.unwrap() else {
                        tokio::task::yield_now().await;
                        continue;
                    };
                    assert!(running.lock().unwrap().insert(job.id), "two workers hold one job");
                    *claims.lock().unwrap().entry(job.id).or_default() += 1;
                    assert_eq!(db.renew_lease(&job, worker, at(999_999)).await.unwrap(), Lease::Held);
                    assert!(running.lock().unwrap().remove(&job.id));
                    if job.attempt == 1 && job.id.0.as_u128().is_multiple_of(5) {
                        assert!(db.retry_job(&job, worker, "again", at(0)).await.unwrap());
                    } else {
                        assert!(db.approve(&job, worker, &Outcome::default(), at(clock)).await.unwrap());
                        finished.fetch_add(1, Ordering::SeqCst);
                    }
                }
            });
        }
        while let Some(done) = workers.join_next().await {
            done.unwrap();
        }
        let claims = claims.lock().unwrap().clone();
        assert_eq!(claims.len(), JOBS);
        for (job, times) in claims {
            assert_eq!(times, if job.0.as_u128().is_multiple_of(5) { 2 } else { 1 });
        }
        assert_eq!(place.db.job_counts().await.unwrap(), (0, 0));
        assert_eq!(place.number("SELECT count(*) FROM jobs WHERE state = 'done'").await, JOBS as i64);
        place.counters_are_right().await;
    })
    .await;
}

/// For tables that were small when PostgreSQL last counted them it may run a subquery once for every row around it, and
/// `LIMIT 1 FOR UPDATE SKIP LOCKED` then gives another row each time.
#[tokio::test(flavor = "multi_thread")]
async fn a_claim_takes_one_job_whatever_postgresql_knows_of_the_tables() {
    on_both(async |place| {
        place.processing(&place.crew("first").await, at(0)).await;
        place.sql("ANALYZE").await.unwrap();
        for n in 0..3 {
            let crew = place.crew(&format!("tenant {n}")).await;
            for _ in 0..3 {
                place.processing(&crew, at(0)).await;
            }
        }
        let worker = Uuid::now_v7();
        for claimed in 1..=10 {
            assert!(place.claim(worker, at(claimed)).await.is_some());
            assert_eq!(place.number("SELECT count(*) FROM jobs WHERE state = 'running'").await, claimed);
            place.counters_are_right().await;
        }
    })
    .await;
}
