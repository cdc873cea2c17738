//! What the office is told of the device: what it still holds, and how it is.

use super::{Delivery, work::same_seat};
use crate::{
    GlassesError,
    protocol::{DeviceReport, HeldSession},
    spool::{Contents, Event, SpoolSession},
};
use std::time::{Duration, Instant};

const EVERY: Duration = Duration::from_secs(180);

/// More are not taken in one report.
const MOST: usize = 1000;

/// How the device is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Status {
    /// Charge in percent; `None` without a battery.
    pub battery_percent: Option<u8>,
    /// Room for so many minutes of recording.
    pub storage_minutes: Option<u64>,
}

impl Delivery {
    /// Tells the server what is held; with `while_waiting`, only every few minutes. Best effort: nothing depends on it.
    pub(super) async fn report(&mut self, while_waiting: bool) {
        if while_waiting && self.reported.is_some_and(|at| at.elapsed() < EVERY) {
            return;
        }
        let (Some(client), Ok(sessions)) = (self.client.clone(), self.held_sessions()) else { return };
        // Said already that nothing is held.
        if !while_waiting && sessions.is_empty() && self.reported_nothing {
            return;
        }
        self.reported_nothing = sessions.is_empty();
        let Status { battery_percent, storage_minutes } = (self.status)();
        let software_version = env!("CARGO_PKG_VERSION");
        let report = DeviceReport { battery_percent, storage_minutes, software_version, sessions };
        self.reported = Some(Instant::now());
        if let Err(error) = client.report(&report).await {
            tracing::info!(%error, "the report of what the device holds did not arrive");
        }
    }

    fn held_sessions(&self) -> Result<Vec<HeldSession>, GlassesError> {
        let mut all = Vec::new();
        for session in self.spool.sessions()? {
            let contents = session.contents()?;
            // What was recorded for another seat is none of this office's business.
            if all.len() < MOST && same_seat(contents.seat(), self.seat.as_ref()).is_ok() {
                all.push(held_of(&session, &contents));
            }
        }
        Ok(all)
    }
}

/// What is held of a session.
///
/// # Errors
/// When its folder cannot be read.
pub fn held(session: &SpoolSession) -> Result<HeldSession, GlassesError> {
    Ok(held_of(session, &session.contents()?))
}

fn held_of(session: &SpoolSession, contents: &Contents) -> HeldSession {
    let began = contents.events.iter().find_map(|file| match &file.event {
        Event::Start { began, .. } => Some(began.seconds_ago()),
        _ => None,
    });
    HeldSession {
        session_id: session.started().map(|started| started.id),
        started_seconds_ago: began.unwrap_or(0.0),
        parts: contents.held().count() as u64,
        bytes: contents.held().map(|part| part.bytes).sum(),
    }
}
