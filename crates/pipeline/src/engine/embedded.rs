//! The embedded engine: claims jobs by lease, renews the lease while the steps run, and settles how they end.

use crate::{Kit, StepError, Target, process::process_session, run::Run};
use domain::{
    Timestamp,
    job::{JobState, Step},
};
use rand::Rng;
use std::{sync::Arc, time::Duration};
use storage::{
    DbError,
    db::{
        jobs::{CALLED_OFF, Job, Lease},
        procedures::Outcome,
    },
};
use tokio::{sync::Semaphore, time};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use uuid::Uuid;

/// How the engine paces itself.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// How long a job stays with a worker that is not heard of.
    pub lease: Duration,
    /// How often an idle worker looks for work.
    pub poll: Duration,
    /// Sessions that are processed at once.
    pub at_once: usize,
    /// Attempts of one step until the session fails for good.
    pub attempts: u32,
    /// Pause after the first failed attempt; it doubles with every further one, up to ten minutes.
    pub first_pause: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            lease: Duration::from_secs(15),
            poll: Duration::from_millis(300),
            at_once: 1,
            attempts: 8,
            first_pause: Duration::from_secs(5),
        }
    }
}

/// One worker: a process has one.
pub struct Worker {
    kit: Kit,
    pace: Pace,
    id: Uuid,
}

impl Worker {
    /// A worker with an id of its own.
    pub fn new(kit: Kit, pace: Pace) -> Self {
        Self { kit, pace, id: Uuid::now_v7() }
    }

    /// Works until `stop` is cancelled; what runs then is given back for another worker to go on with.
    pub async fn run(self, stop: CancellationToken) {
        let this = Arc::new(self);
        let places = Arc::new(Semaphore::new(this.pace.at_once.max(1)));
        let running = TaskTracker::new();
        loop {
            let place = tokio::select! {
                place = places.clone().acquire_owned() => place,
                () = stop.cancelled() => break,
            };
            match this.claim().await {
                Ok(Some(job)) => {
                    let (worker, stop) = (this.clone(), stop.clone());
                    running.spawn(async move {
                        worker.work(&job, &stop).await;
                        drop(place);
                    });
                    continue;
                }
                Ok(None) => {}
                Err(e) => tracing::error!(error = %e, "cannot look for work"),
            }
            drop(place);
            tokio::select! {
                () = time::sleep(this.pace.poll) => {}
                () = stop.cancelled() => break,
            }
        }
        running.close();
        running.wait().await;
    }

    /// Works until nothing is due: for one recording without a server, and for tests.
    pub async fn run_until_idle(&self) -> Result<(), DbError> {
        while let Some(job) = self.claim().await? {
            self.work(&job, &CancellationToken::new()).await;
        }
        Ok(())
    }

    async fn claim(&self) -> Result<Option<Job>, DbError> {
        let now = self.kit.clock.now();
        let lost = self.kit.db.release_expired_leases(now).await?;
        if lost > 0 {
            tracing::warn!(jobs = lost, "took back the jobs of a worker that died");
        }
        self.kit.db.claim_job(self.id, now, self.lease_end(now)).await
    }

    fn lease_end(&self, now: Timestamp) -> Timestamp {
        now.plus_seconds(self.pace.lease.as_secs_f64())
    }

    async fn work(&self, job: &Job, stop: &CancellationToken) {
        let target = Target { tenant: job.tenant_id, session: job.session_id };
        if job.attempt > self.pace.attempts {
            let cause = format!("the worker died {} times while it processed this recording", self.pace.attempts);
            let failed = self.settle(job, Err(StepError::Fail(cause))).await;
            failed.unwrap_or_else(|e| tracing::error!(session = %job.session_id, error = %e, "cannot end the job"));
            return;
        }
        let run = Run { kit: &self.kit, target, job, worker: self.id };
        let settled = tokio::select! {
            result = process_session(&run) => self.settle(job, result).await,
            lease = self.hold(job) => self.give_up(job, lease).await,
            () = stop.cancelled() => self.give_back(job, "the worker was stopped").await,
        };
        if let Err(e) = settled {
            // The lease runs out and another attempt reads the finished steps back.
            tracing::error!(session = %job.session_id, error = %e, "cannot record how the processing ended");
        }
    }

    /// Renews the lease until it is lost or somebody asks to stop.
    async fn hold(&self, job: &Job) -> Lease {
        let mut beat = time::interval(self.pace.lease / 3);
        let mut heard = time::Instant::now();
        loop {
            beat.tick().await;
            match self.kit.db.renew_lease(job, self.id, self.lease_end(self.kit.clock.now())).await {
                Ok(Lease::Held) => heard = time::Instant::now(),
                Ok(lease) => return lease,
                // A database that is away for a moment is no reason to stop; one that is away for a lease is.
                Err(_) if heard.elapsed() < self.pace.lease => {}
                Err(_) => return Lease::Lost,
            }
        }
    }

    async fn settle(&self, job: &Job, result: Result<Outcome, StepError>) -> Result<(), DbError> {
        let (db, now) = (&self.kit.db, self.kit.clock.now());
        match result {
            Ok(outcome) => self.approve(job, &outcome).await,
            Err(StepError::Rejected { reason, sentence }) => {
                tracing::info!(session = %job.session_id, %reason, sentence, "recording rejected");
                let outcome = Outcome { failure: Some((reason, Some(sentence))), ..Outcome::default() };
                self.approve(job, &outcome).await
            }
            Err(StepError::Retry(cause)) if job.attempt < self.pace.attempts => {
                let pause = self.pause(job.attempt);
                tracing::warn!(session = %job.session_id, attempt = job.attempt, cause, ?pause, "will try again");
                db.retry_job(job, self.id, &cause, now.plus_seconds(pause.as_secs_f64())).await.map(|_| ())
            }
            Err(StepError::Retry(cause) | StepError::Fail(cause)) => {
                tracing::error!(session = %job.session_id, cause, "processing failed for good");
                metrics::counter!("trainar_sessions_failed_total").increment(1);
                db.fail_processing(job, self.id, JobState::Failed, &cause, now).await.map(|_| ())
            }
        }
    }

    /// Step 6 of the product, the last of ours: nobody is asked.
    async fn approve(&self, job: &Job, outcome: &Outcome) -> Result<(), DbError> {
        let (db, now) = (&self.kit.db, self.kit.clock.now());
        let (tenant, session) = (job.tenant_id, job.session_id);
        db.begin_step(tenant, session, Step::Approve, "", now).await?;
        self.kit.tell(crate::Event::Begun(Step::Approve));
        if db.approve(job, self.id, outcome, self.kit.clock.now()).await? {
            self.kit.tell(crate::Event::Ended(Step::Approve, Some(self.kit.clock.now().seconds_since(now))));
            metrics::counter!("trainar_sessions_processed_total").increment(1);
        }
        Ok(())
    }

    async fn give_up(&self, job: &Job, lease: Lease) -> Result<(), DbError> {
        if lease == Lease::Outdated {
            tracing::info!(session = %job.session_id, "a stretch was deleted, so the processing begins anew");
            return self.give_back(job, "a stretch was deleted").await;
        }
        if lease == Lease::CancelRequested {
            self.kit.db.fail_processing(job, self.id, JobState::Cancelled, CALLED_OFF, self.kit.clock.now()).await?;
        }
        tracing::warn!(session = %job.session_id, ?lease, "stopped processing");
        Ok(())
    }

    async fn give_back(&self, job: &Job, why: &str) -> Result<(), DbError> {
        // Being stopped is no failure of the recording: this attempt does not count.
        self.kit.db.job_progressed(job, self.id).await?;
        let now = self.kit.clock.now();
        self.kit.db.retry_job(job, self.id, why, now).await.map(|_| ())
    }

    fn pause(&self, attempt: u32) -> Duration {
        let doubled = self.pace.first_pause * 2u32.saturating_pow(attempt.saturating_sub(1).min(16));
        doubled.min(Duration::from_secs(600)).mul_f64(rand::rng().random_range(0.8..1.2))
    }
}
