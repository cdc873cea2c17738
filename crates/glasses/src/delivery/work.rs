//! What is to be done for one session: the start, its events in order, its parts, and the farewell.

use super::Shared;
use crate::{
    Client, GlassesError, Seat, StartSession, StartedSession,
    news::News,
    part_upload::{Arrival, Begun, send_part},
    protocol::Stop,
    spool::{Event, EventFile, PartName, PartState, Spool, SpoolSession, TakenPart},
};
use std::{
    collections::{BTreeMap, VecDeque},
    time::{Duration, Instant},
};

/// Whether there was something to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Something reached the server.
    Progress,
    /// Nothing is to be done now.
    Nothing {
        /// Something is left that the server refused.
        refused: bool,
    },
}

/// A session as it was read from the disk, and how far the server is with it.
pub(super) struct Work {
    session: SpoolSession,
    started: Option<StartedSession>,
    /// Whose device it was when this was recorded.
    seat: Option<Seat>,
    events: VecDeque<EventFile>,
    held: BTreeMap<u32, PartName>,
    begun: BTreeMap<u32, Begun>,
    /// How many files the session had when it was read.
    version: Option<u64>,
    /// An earlier process sent some of it, and may not have learned what arrived.
    ask: bool,
    stopped: bool,
    told_missing: Option<Vec<u32>>,
    newest_sent: u32,
    blocked: Option<Instant>,
}

impl Work {
    pub fn new(session: SpoolSession, from_before: bool) -> Self {
        Self {
            session,
            started: None,
            seat: None,
            events: VecDeque::new(),
            held: BTreeMap::new(),
            begun: BTreeMap::new(),
            version: None,
            ask: from_before,
            stopped: false,
            told_missing: None,
            newest_sent: 0,
            blocked: None,
        }
    }

    /// Not to be tried again before `wait`.
    pub fn block(&mut self, wait: Duration) {
        self.blocked = Some(Instant::now() + wait);
    }

    /// To be tried again at once.
    pub fn unblock(&mut self) {
        self.blocked = None;
    }

    pub fn may_try(&self) -> bool {
        self.blocked.is_none_or(|until| Instant::now() >= until)
    }

    /// Reads the disk again where it has changed since.
    pub fn refresh(&mut self, version: u64) -> Result<(), GlassesError> {
        if self.version == Some(version) {
            return Ok(());
        }
        let contents = self.session.contents()?;
        self.held = contents.held().map(|part| (part.name.number, part.name.clone())).collect();
        self.stopped = contents.is_stopped();
        self.seat = contents.seat().cloned();
        self.events = contents.events.into_iter().filter(|event| !event.sent).collect();
        self.started = self.session.started();
        self.version = Some(version);
        Ok(())
    }

    /// Only the seat for which it was recorded gets it.
    pub fn check_seat(&self, paired_with: Option<&Seat>) -> Result<(), GlassesError> {
        same_seat(self.seat.as_ref(), paired_with)
    }

    /// Whether there is something that the server should see at once.
    pub fn has_news(&self) -> bool {
        !self.events.is_empty() || self.held.keys().next_back().is_some_and(|newest| *newest > self.newest_sent)
    }

    /// Does the next thing. With `newest`, the newest part, after the header of its run.
    pub async fn step(
        &mut self,
        client: &Client,
        spool: &Spool,
        shared: &Shared,
        newest: bool,
    ) -> Result<Step, GlassesError> {
        let Some(started) = self.started.clone() else { return self.start(client).await };
        if let Some(event) = self.events.front().cloned() {
            self.tell(client, &started, &event).await?;
            self.session.told(&event)?;
            self.events.pop_front();
            return Ok(Step::Progress);
        }
        if self.ask {
            return self.reconcile(client, &started, shared).await;
        }
        if let Some(part) = self.next_part(newest) {
            return self.send(client, &started, shared, &part).await;
        }
        if self.stopped {
            self.finish(client, &started, spool, shared).await
        } else {
            Ok(Step::Nothing { refused: false })
        }
    }

    fn next_part(&self, newest: bool) -> Option<PartName> {
        if !newest {
            return self.held.values().next().cloned();
        }
        let newest = self.held.values().next_back()?;
        let header = self.held.values().find(|part| part.run == newest.run && part.duration_ms == 0);
        Some(header.unwrap_or(newest).clone())
    }

    async fn start(&mut self, client: &Client) -> Result<Step, GlassesError> {
        let mut start = StartSession { idempotency_key: self.session.key(), ..StartSession::default() };
        let event = self.events.front().filter(|file| matches!(file.event, Event::Start { .. })).cloned();
        if let Some(Event::Start { name, task_id, began, .. }) = event.as_ref().map(|file| &file.event) {
            start.name.clone_from(name);
            start.task_id = *task_id;
            start.started_seconds_ago = Some(began.seconds_ago());
        }
        let started = client.start_session(&start).await?;
        self.session.keep_started(&started)?;
        if let Some(event) = event {
            self.session.told(&event)?;
            self.events.pop_front();
        }
        self.started = Some(started);
        Ok(Step::Progress)
    }

    async fn tell(&mut self, client: &Client, started: &StartedSession, file: &EventFile) -> Result<(), GlassesError> {
        let id = started.id;
        match file.event {
            Event::Start { .. } => Ok(()),
            Event::Pause { at_ms } => client.pause(id, seconds(at_ms)).await,
            Event::Resume { at_ms } => client.resume(id, seconds(at_ms)).await,
            Event::Delete { from_ms, to_ms } => client.delete(id, seconds(from_ms), seconds(to_ms)).await,
            Event::Stop { .. } => self.stop(client, started).await,
        }
    }

    async fn stop(&mut self, client: &Client, started: &StartedSession) -> Result<(), GlassesError> {
        let contents = self.session.contents()?;
        let missing = contents.missing();
        let ended = contents.events.iter().find_map(|file| match file.event {
            Event::Stop { at_ms, abnormal } => Some((at_ms, abnormal)),
            _ => None,
        });
        let (at_ms, abnormal) = ended.unwrap_or((contents.end_ms(), true));
        let stop = Stop { parts: contents.made(), missing: missing.clone(), at_seconds: seconds(at_ms), abnormal };
        client.stop_parts(started.id, &stop).await?;
        self.told_missing = Some(missing);
        Ok(())
    }

    /// What an earlier process sent may have arrived without it learning so.
    async fn reconcile(
        &mut self,
        client: &Client,
        started: &StartedSession,
        shared: &Shared,
    ) -> Result<Step, GlassesError> {
        for part in client.parts(started.id).await? {
            let Some(name) = self.held.get(&part.part).cloned() else { continue };
            match part.state.as_str() {
                "complete" if part.sha256.as_ref() == Some(&name.sha256) => {
                    self.arrived(shared, &name, Arrival::Confirmed)?;
                }
                "deleted" => self.arrived(shared, &name, Arrival::Deleted)?,
                _ => self.begun.entry(part.part).or_default().interrupted = true,
            }
        }
        self.ask = false;
        Ok(Step::Progress)
    }

    async fn send(
        &mut self,
        client: &Client,
        started: &StartedSession,
        shared: &Shared,
        name: &PartName,
    ) -> Result<Step, GlassesError> {
        let bytes = match self.session.take(name)? {
            TakenPart::Bytes(bytes) => bytes,
            TakenPart::Away => {
                self.held.remove(&name.number);
                return Ok(Step::Progress);
            }
            TakenPart::Torn => {
                self.held.remove(&name.number);
                shared.tell(News::SetApart { file: self.session.file_of(name, PartState::Torn) });
                return Ok(Step::Progress);
            }
        };
        let begun = self.begun.entry(name.number).or_default();
        let arrival = match send_part(client, &started.upload_url, name, &bytes, begun).await {
            // Another part has this number there, or nobody will ever take it: kept, and said.
            Err(error) if error.is_status(413) || is_part_differs(&error) => {
                self.session.set_state(name, PartState::Torn)?;
                self.held.remove(&name.number);
                shared.tell(News::SetApart { file: self.session.file_of(name, PartState::Torn) });
                shared.tell(News::Refused { detail: error.to_string() });
                return Ok(Step::Progress);
            }
            // A proxy may finish what the device did not: the server then says that the body broke off.
            Err(GlassesError::Refused { doing, status: 400, detail, .. }) if begun.failures < 10 => {
                return Err(GlassesError::Network { doing, cause: detail });
            }
            arrival => arrival?,
        };
        self.arrived(shared, name, arrival)?;
        Ok(Step::Progress)
    }

    fn arrived(&mut self, shared: &Shared, name: &PartName, arrival: Arrival) -> Result<(), GlassesError> {
        let state = if arrival == Arrival::Confirmed { PartState::Sent } else { PartState::Gone };
        self.session.set_state(name, state)?;
        self.held.remove(&name.number);
        self.begun.remove(&name.number);
        self.newest_sent = self.newest_sent.max(name.number);
        if arrival == Arrival::Confirmed {
            shared.tell(News::Confirmed { session: self.session.key(), part: name.number });
        }
        Ok(())
    }

    /// Nothing is left to send: says what will never come, and gives the room free.
    async fn finish(
        &mut self,
        client: &Client,
        started: &StartedSession,
        spool: &Spool,
        shared: &Shared,
    ) -> Result<Step, GlassesError> {
        let contents = self.session.contents()?;
        let missing = contents.missing();
        if self.told_missing.as_ref() != Some(&missing) {
            self.stop(client, started).await?;
        }
        if let Some(file) = spool.finish(&self.session)? {
            shared.tell(News::SetApart { file });
        }
        let (session, id) = (self.session.key(), started.id.to_string());
        shared.tell(News::Delivered { session, id, parts: contents.made(), missing });
        Ok(Step::Progress)
    }
}

/// Where one of them is not known, nothing speaks against it.
pub(super) fn same_seat(recorded: Option<&Seat>, paired_with: Option<&Seat>) -> Result<(), GlassesError> {
    match (recorded, paired_with) {
        (Some(theirs), Some(ours)) if theirs.seat_id != ours.seat_id => {
            Err(GlassesError::OtherSeat { theirs: theirs.to_string(), ours: ours.to_string() })
        }
        _ => Ok(()),
    }
}

fn is_part_differs(error: &GlassesError) -> bool {
    matches!(error, GlassesError::Refused { problem, .. } if problem == "part-differs")
}

fn seconds(ms: u64) -> f64 {
    ms as f64 / 1000.0
}
