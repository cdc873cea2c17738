//! The session that is being recorded.

use super::{
    Event, SpoolSession,
    names::{PartName, PartState},
    write,
};
use crate::{GlassesError, sha256};
use std::{fs::DirBuilder, os::unix::fs::DirBuilderExt, path::Path};
use uuid::Uuid;

/// Numbers the parts and events of a session and writes them.
#[derive(Debug)]
pub struct OpenSession {
    session: SpoolSession,
    parts: u32,
    events: u32,
    deleted: Vec<(u64, u64)>,
}

impl OpenSession {
    pub(super) fn begin(sessions: &Path, order: u32, start: &Event) -> Result<Self, GlassesError> {
        let session = SpoolSession::new(sessions, order, Uuid::now_v7());
        let failed = |cause| GlassesError::disk(session.path(), cause);
        DirBuilder::new().mode(0o700).create(session.path()).map_err(failed)?;
        write::sync_folder(sessions).map_err(failed)?;
        let mut open = Self { session, parts: 0, events: 0, deleted: Vec::new() };
        open.event(start)?;
        Ok(open)
    }

    /// The session.
    pub fn session(&self) -> &SpoolSession {
        &self.session
    }

    /// How many parts were made.
    pub fn parts(&self) -> u32 {
        self.parts
    }

    /// Keeps the next part. When this returns, it is safe; one of a deleted stretch is not kept, only its number.
    ///
    /// # Errors
    /// When the disk says no; the number is not used then.
    pub fn part(&mut self, run: u32, start_ms: u64, duration_ms: u64, bytes: &[u8]) -> Result<PartName, GlassesError> {
        let name = PartName { number: self.parts + 1, run, start_ms, duration_ms, sha256: sha256(bytes) };
        let deleted = self.deleted.iter().any(|(from, to)| name.touches(*from, *to));
        let (state, bytes) = if deleted { (PartState::Gone, &[][..]) } else { (PartState::Held, bytes) };
        write::durably(self.session.path(), &name.file_name(state), bytes)?;
        self.parts += 1;
        Ok(name)
    }

    /// Keeps what happened.
    ///
    /// # Errors
    /// When the disk says no.
    pub fn event(&mut self, event: &Event) -> Result<(), GlassesError> {
        self.session.write_event(self.events + 1, event)?;
        self.events += 1;
        Ok(())
    }

    /// Keeps that a stretch is not to be kept, and removes its parts. Returns those that were still held.
    ///
    /// # Errors
    /// When the disk says no.
    pub fn delete(&mut self, from_ms: u64, to_ms: u64) -> Result<Vec<PartName>, GlassesError> {
        self.event(&Event::Delete { from_ms, to_ms })?;
        self.deleted.push((from_ms, to_ms));
        self.session.delete(from_ms, to_ms)
    }
}
