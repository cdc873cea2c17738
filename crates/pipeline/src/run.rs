//! One run of the pipeline over one session: every step's result is kept, and read back instead of made again.

use crate::{Event, Kit, StepError, Target, kit::sha256};
use domain::job::{Step, StepState};
use serde::{Serialize, de::DeserializeOwned};
use std::{future::Future, time::Instant};
use storage::db::jobs::Job;
use uuid::Uuid;

/// Changes whenever a step would give another result for the same input: old results are then not read back.
const STEPS_VERSION: u32 = 10;

pub(crate) struct Run<'a> {
    pub kit: &'a Kit,
    pub target: Target,
    pub job: &'a Job,
    pub worker: Uuid,
}

impl Run<'_> {
    /// The stored result of `step` for this input, else the result of `work`, which is then stored. A crash costs the
    /// step that was running and no other.
    pub async fn step<I: Serialize, O: Serialize + DeserializeOwned>(
        &self,
        step: Step,
        input: &I,
        work: impl Future<Output = Result<O, StepError>>,
    ) -> Result<O, StepError> {
        let Target { tenant, session } = self.target;
        let db = &self.kit.db;
        let hash = input_hash(step, input)?;
        if let Some(result) = db.step_result(tenant, session, step, &hash).await? {
            self.kit.tell(Event::Ended(step, None));
            return read_back(step, &result);
        }
        db.begin_step(tenant, session, step, &hash, self.kit.clock.now()).await?;
        self.kit.tell(Event::Begun(step));
        let begun = Instant::now();
        let result = match work.await {
            Ok(output) => {
                let json =
                    serde_json::to_string(&output).map_err(|e| StepError::Fail(format!("storing {step}: {e}")))?;
                db.end_step(tenant, session, step, Ok(&json), self.kit.clock.now()).await?;
                db.job_progressed(self.job, self.worker).await?;
                // What is read back after a crash, to the last bit: else the next steps would seem to have new input.
                Ok(read_back(step, &json)?)
            }
            Err(e) => {
                let state =
                    if matches!(e, StepError::Rejected { .. }) { StepState::Rejected } else { StepState::Failed };
                db.end_step(tenant, session, step, Err((state, &e.to_string())), self.kit.clock.now()).await?;
                Err(e)
            }
        };
        let seconds = begun.elapsed().as_secs_f64();
        metrics::histogram!("trainar_step_seconds", "step" => step.to_string()).record(seconds);
        self.kit.tell(Event::Ended(step, Some(seconds)));
        result.map_err(|e| match e {
            StepError::Fail(cause) => StepError::Fail(format!("{}: {cause}", step.label())),
            StepError::Retry(cause) => StepError::Retry(format!("{}: {cause}", step.label())),
            rejected => rejected,
        })
    }
}

fn read_back<O: DeserializeOwned>(step: Step, json: &str) -> Result<O, StepError> {
    serde_json::from_str(json).map_err(|e| StepError::Fail(format!("reading back {step}: {e}")))
}

fn input_hash<I: Serialize>(step: Step, input: &I) -> Result<String, StepError> {
    let json = serde_json::to_string(&(STEPS_VERSION, step, input)).map_err(|e| StepError::Fail(e.to_string()))?;
    Ok(sha256(json.as_bytes()))
}
