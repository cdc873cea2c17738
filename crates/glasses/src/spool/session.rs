//! One session on disk: its parts, its events, and what the server said of it.

use super::{
    Recovered, names,
    names::{EventName, PartName, PartState},
    write,
};
use crate::{GlassesError, Seat, StartedSession, moment::Moment, sha256};
use domain::TaskId;
use serde::{Deserialize, Serialize};
use std::{
    fs, io,
    path::{Path, PathBuf},
};
use uuid::Uuid;

const SERVER: &str = "server.json";

/// The folder of a session. Reading it reads the disk each time.
#[derive(Clone, Debug, PartialEq)]
pub struct SpoolSession {
    path: PathBuf,
    order: u32,
    key: Uuid,
}

/// Something that the server must be told, in this order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The session began.
    Start {
        /// What it is called.
        #[serde(skip_serializing_if = "Option::is_none")]
        name: Option<String>,
        /// The task that is being done.
        #[serde(skip_serializing_if = "Option::is_none")]
        task_id: Option<TaskId>,
        /// When.
        began: Moment,
        /// Whose device it was then: nobody else may have it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        seat: Option<Seat>,
    },
    /// Recording is interrupted.
    Pause {
        /// On the session's clock, in milliseconds.
        at_ms: u64,
    },
    /// Recording goes on.
    Resume {
        /// On the session's clock, in milliseconds.
        at_ms: u64,
    },
    /// This stretch is not to be kept.
    Delete {
        /// On the session's clock, in milliseconds.
        from_ms: u64,
        /// On the session's clock, in milliseconds.
        to_ms: u64,
    },
    /// The session ended.
    Stop {
        /// On the session's clock, in milliseconds.
        at_ms: u64,
        /// Nobody said stop.
        abnormal: bool,
    },
}

/// An event on disk.
#[derive(Clone, Debug, PartialEq)]
pub struct EventFile {
    /// Its place in the order.
    pub number: u32,
    /// What happened.
    pub event: Event,
    /// Whether the server knows of it.
    pub sent: bool,
    file_name: String,
}

/// A part on disk.
#[derive(Clone, Debug, PartialEq)]
pub struct PartFile {
    /// What is known of it.
    pub name: PartName,
    /// What became of it.
    pub state: PartState,
    /// Bytes of the file.
    pub bytes: u64,
}

/// All files of a session.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Contents {
    /// By number.
    pub parts: Vec<PartFile>,
    /// In order.
    pub events: Vec<EventFile>,
}

/// A part as it was read to be sent.
#[derive(Clone, Debug, PartialEq)]
pub enum TakenPart {
    /// Its bytes, whose hash is that of the name.
    Bytes(Vec<u8>),
    /// It is not held any more.
    Away,
    /// It was damaged and is set apart.
    Torn,
}

impl SpoolSession {
    pub(super) fn new(sessions: &Path, order: u32, key: Uuid) -> Self {
        Self { path: sessions.join(format!("{order:06}-{key}")), order, key }
    }

    pub(super) fn at(path: PathBuf) -> Option<Self> {
        let (order, key) = path.file_name()?.to_str()?.split_once('-')?;
        let (order, key) = (order.parse().ok()?, key.parse().ok()?);
        Some(Self { path, order, key })
    }

    /// Its folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The key under which it is started: it names the session until the server has given it an id.
    pub fn key(&self) -> Uuid {
        self.key
    }

    /// Sessions in the order in which they began.
    pub fn order(&self) -> (u32, Uuid) {
        (self.order, self.key)
    }

    /// The file of a part in a state.
    pub fn file_of(&self, part: &PartName, state: PartState) -> PathBuf {
        self.path.join(part.file_name(state))
    }

    /// Reads the folder. Files that are none of ours are left out.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn contents(&self) -> Result<Contents, GlassesError> {
        let mut contents = Contents::default();
        for file_name in self.file_names()? {
            if let Some((name, state)) = PartName::parse(&file_name) {
                let bytes = fs::metadata(self.path.join(&file_name)).map_or(0, |meta| meta.len());
                contents.parts.push(PartFile { name, state, bytes });
            } else if let Some(event) = self.event(&file_name)? {
                contents.events.push(event);
            }
        }
        contents.parts.sort_by_key(|part| part.name.number);
        contents.events.sort_by_key(|event| event.number);
        Ok(contents)
    }

    /// What the server said when the session was started there.
    pub fn started(&self) -> Option<StartedSession> {
        serde_json::from_slice(&fs::read(self.path.join(SERVER)).ok()?).ok()
    }

    /// Keeps what the server said.
    ///
    /// # Errors
    /// When the disk says no.
    pub fn keep_started(&self, started: &StartedSession) -> Result<(), GlassesError> {
        let json = serde_json::to_vec(started).map_err(|e| GlassesError::Setting(e.to_string()))?;
        write::durably(&self.path, SERVER, &json)
    }

    /// Reads a held part to send it. One whose bytes are not those of its name is set apart.
    ///
    /// # Errors
    /// When the disk says no.
    pub fn take(&self, part: &PartName) -> Result<TakenPart, GlassesError> {
        let path = self.file_of(part, PartState::Held);
        let bytes = match fs::read(&path) {
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(TakenPart::Away),
            // A sector that cannot be read any more.
            Err(cause) if cause.raw_os_error() == Some(rustix::io::Errno::IO.raw_os_error()) => Vec::new(),
            bytes => bytes.map_err(|cause| GlassesError::disk(&path, cause))?,
        };
        if sha256(&bytes) == part.sha256 {
            return Ok(TakenPart::Bytes(bytes));
        }
        self.set_state(part, PartState::Torn)?;
        Ok(TakenPart::Torn)
    }

    /// Notes durably what became of a held part. Sent and gone ones give their room free.
    ///
    /// # Errors
    /// When the disk says no.
    pub fn set_state(&self, part: &PartName, state: PartState) -> Result<(), GlassesError> {
        let to = self.file_of(part, state);
        match write::rename(&self.path, &self.file_of(part, PartState::Held), &to) {
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(()),
            renamed => renamed.map_err(|cause| GlassesError::disk(&to, cause))?,
        }
        if matches!(state, PartState::Sent | PartState::Gone) {
            write::empty(&to).map_err(|cause| GlassesError::disk(&to, cause))?;
        }
        Ok(())
    }

    /// Notes durably that the server knows of an event.
    ///
    /// # Errors
    /// When the disk says no.
    pub fn told(&self, event: &EventFile) -> Result<(), GlassesError> {
        let from = self.path.join(&event.file_name);
        let renamed = write::rename(&self.path, &from, &from.with_extension("sent"));
        renamed.map_err(|cause| GlassesError::disk(&from, cause))
    }

    pub(super) fn write_event(&self, number: u32, event: &Event) -> Result<(), GlassesError> {
        let json = serde_json::to_vec(event).map_err(|e| GlassesError::Setting(e.to_string()))?;
        let mut name = EventName { number, seat: None, deletes: None, sha256: sha256(&json) };
        match event {
            Event::Start { seat, .. } => name.seat = seat.as_ref().map(|seat| seat.seat_id),
            Event::Delete { from_ms, to_ms } => name.deletes = Some((*from_ms, *to_ms)),
            _ => {}
        }
        write::durably(&self.path, &name.to_string(), &json)
    }

    /// Removes the held parts that touch a stretch.
    pub(super) fn delete(&self, from_ms: u64, to_ms: u64) -> Result<Vec<PartName>, GlassesError> {
        let mut deleted = Vec::new();
        for part in self.contents()?.parts {
            if part.state == PartState::Held && part.name.touches(from_ms, to_ms) {
                self.set_state(&part.name, PartState::Gone)?;
                deleted.push(part.name);
            }
        }
        Ok(deleted)
    }

    /// Puts right what a crash left: unfinished files are set apart, deletions finished, a running session ended.
    pub(super) fn recover(&self, recovered: &mut Recovered) -> Result<(), GlassesError> {
        for file_name in self.file_names()?.iter().filter(|name| names::is_unfinished(name)) {
            let from = self.path.join(file_name);
            let to = from.with_extension("half");
            write::rename(&self.path, &from, &to).map_err(|cause| GlassesError::disk(&to, cause))?;
            recovered.unfinished.push(to);
        }
        let contents = self.contents()?;
        for part in &contents.parts {
            // The power went between the rename and giving the room free.
            if matches!(part.state, PartState::Sent | PartState::Gone) && part.bytes > 0 {
                let path = self.file_of(&part.name, part.state);
                write::empty(&path).map_err(|cause| GlassesError::disk(&path, cause))?;
            }
        }
        for event in &contents.events {
            if let Event::Delete { from_ms, to_ms } = event.event {
                self.delete(from_ms, to_ms)?;
            }
        }
        if !contents.is_stopped() {
            let number = contents.events.last().map_or(1, |last| last.number + 1);
            self.write_event(number, &Event::Stop { at_ms: contents.end_ms(), abnormal: true })?;
            recovered.ended.push(self.key);
        }
        Ok(())
    }

    /// Whether there are files that no server will get and nobody asked to delete.
    pub(super) fn has_damaged_files(&self) -> Result<bool, GlassesError> {
        let known = |name: &str| matches!(name.rsplit_once('.'), Some((_, "part" | "sent" | "gone" | "json")));
        Ok(self.file_names()?.iter().any(|name| !known(name)))
    }

    /// `None`: another file, or an event that cannot be read and is set apart.
    fn event(&self, file_name: &str) -> Result<Option<EventFile>, GlassesError> {
        let Some((name, sent)) = EventName::parse(file_name) else { return Ok(None) };
        let path = self.path.join(file_name);
        let bytes = match fs::read(&path) {
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(None),
            bytes => bytes.unwrap_or_default(),
        };
        let event = (sha256(&bytes) == name.sha256).then(|| serde_json::from_slice(&bytes).ok()).flatten();
        let Some(event) = event.or_else(|| without_bytes(&name, &path)) else {
            let to = path.with_extension("torn");
            write::rename(&self.path, &path, &to).map_err(|cause| GlassesError::disk(&to, cause))?;
            return Ok(None);
        };
        Ok(Some(EventFile { number: name.number, event, sent, file_name: file_name.to_owned() }))
    }

    fn file_names(&self) -> Result<Vec<String>, GlassesError> {
        let failed = |cause| GlassesError::disk(&self.path, cause);
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.path).map_err(failed)? {
            names.push(entry.map_err(failed)?.file_name().to_string_lossy().into_owned());
        }
        Ok(names)
    }
}

/// What is known of an event whose bytes are damaged: a deletion is meant all the same, and a start is one of that seat.
fn without_bytes(name: &EventName, path: &Path) -> Option<Event> {
    if let Some((from_ms, to_ms)) = name.deletes {
        return Some(Event::Delete { from_ms, to_ms });
    }
    let seat = Seat { seat_id: name.seat?, user_name: String::new(), tenant_name: String::new() };
    let began = Moment::at(fs::metadata(path).and_then(|meta| meta.modified()).ok()?);
    Some(Event::Start { name: None, task_id: None, began, seat: Some(seat) })
}

impl Contents {
    /// How many parts were made.
    pub fn made(&self) -> u32 {
        self.parts.last().map_or(0, |part| part.name.number)
    }

    /// Numbers of parts that will never be sent: deleted, damaged, or not there at all.
    pub fn missing(&self) -> Vec<u32> {
        let mut coming = self.parts.iter().filter(|p| matches!(p.state, PartState::Held | PartState::Sent)).peekable();
        let mut missing = Vec::new();
        for number in 1..=self.made() {
            while coming.peek().is_some_and(|part| part.name.number < number) {
                coming.next();
            }
            if coming.peek().is_none_or(|part| part.name.number != number) {
                missing.push(number);
            }
        }
        missing
    }

    /// The parts that are to be sent, by number.
    pub fn held(&self) -> impl DoubleEndedIterator<Item = &PartFile> {
        self.parts.iter().filter(|part| part.state == PartState::Held)
    }

    /// Where the last part ends on the session's clock, in milliseconds; not before the last event.
    pub fn end_ms(&self) -> u64 {
        let parts = self.parts.iter().map(|part| part.name.end_ms());
        let events = self.events.iter().map(|event| match event.event {
            Event::Pause { at_ms } | Event::Resume { at_ms } | Event::Stop { at_ms, .. } => at_ms,
            Event::Delete { to_ms, .. } => to_ms,
            Event::Start { .. } => 0,
        });
        parts.chain(events).max().unwrap_or(0)
    }

    /// Whose device it was when it began, where known.
    pub fn seat(&self) -> Option<&Seat> {
        self.events.iter().find_map(|file| match &file.event {
            Event::Start { seat, .. } => seat.as_ref(),
            _ => None,
        })
    }

    /// Whether its end is on the disk.
    pub fn is_stopped(&self) -> bool {
        self.events.iter().any(|event| matches!(event.event, Event::Stop { .. }))
    }
}
