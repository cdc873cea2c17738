//! The tasks that a session can be started against.

use crate::{Client, GlassesError, client::send};
use domain::{TaskId, Timestamp};
use reqwest::Method;
use serde::{Deserialize, Serialize};

/// A task that the engineer can begin.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct TaskToDo {
    pub id: TaskId,
    pub title: String,
    /// Its reference in the system it comes from.
    pub external_id: Option<String>,
    pub due_date: Option<Timestamp>,
}

impl Client {
    /// The tasks that this device's engineer can start a session against, the one that is due first first; 200 at most.
    pub async fn tasks(&self) -> Result<Vec<TaskToDo>, GlassesError> {
        #[derive(Deserialize)]
        struct Told {
            tasks: Vec<TaskToDo>,
        }
        let doing = "asking for the tasks";
        let response = send(doing, self.call(Method::GET, "api/v1/device/tasks")?).await?;
        let told: Result<Told, _> = response.json().await;
        told.map(|told| told.tasks).map_err(|error| GlassesError::Answer { doing, why: error.to_string() })
    }
}
