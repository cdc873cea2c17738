//! What is recorded and not yet delivered, on disk, so that it survives a loss of power at any byte.
//!
//! A folder per session under `sessions/`, in it a file per part and per event. Every file is written beside, synced and
//! renamed; all that is known of it stands in its name, with the hash of its bytes. There is no index that could
//! disagree with the files. The extension says what became of it: `part`, `json`: held; `sent`: the server has confirmed
//! it (a part is empty then); `gone`: deleted as asked (empty); `torn`: not the bytes that were written; `half`: never
//! finished.

mod names;
mod open;
mod room;
mod session;
mod write;

pub use names::{PartName, PartState};
pub use open::OpenSession;
pub use room::{free_bytes, minutes};
pub use session::{Contents, Event, EventFile, PartFile, SpoolSession, TakenPart};

use crate::{Credentials, GlassesError};
use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    time::SystemTime,
};
use uuid::Uuid;

const SESSIONS: &str = "sessions";
const SET_ASIDE: &str = "set-aside";
const CREDENTIALS: &str = "server.json";

/// The folder. Only one process can hold it.
#[derive(Debug)]
pub struct Spool {
    root: PathBuf,
    _lock: Option<File>,
}

/// What was put right when the spool was opened after the program had died.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Recovered {
    /// Sessions that were running and are ended now, as abnormal.
    pub ended: Vec<Uuid>,
    /// Files that were not finished, set apart.
    pub unfinished: Vec<PathBuf>,
}

impl Spool {
    /// Opens the folder, which is made if need be, for this process alone, and puts right what a crash left.
    ///
    /// # Errors
    /// When another process holds it, or the disk says no.
    pub fn open(root: &Path) -> Result<(Self, Recovered), GlassesError> {
        folder(root)?;
        let path = root.join("lock");
        let lock = OpenOptions::new().create(true).append(true).mode(0o600).open(&path);
        let lock = lock.map_err(|cause| GlassesError::disk(&path, cause))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => return Err(GlassesError::InUse(root.to_owned())),
            Err(fs::TryLockError::Error(cause)) => return Err(GlassesError::disk(&path, cause)),
        }
        folder(&root.join(SESSIONS))?;
        let spool = Self { root: root.to_owned(), _lock: Some(lock) };
        let mut recovered = Recovered::default();
        for session in spool.sessions()? {
            session.recover(&mut recovered)?;
        }
        room::keep_ballast(root);
        Ok((spool, recovered))
    }

    /// The folder as it is, to look at only; another process may hold it.
    pub fn look(root: &Path) -> Self {
        Self { root: root.to_owned(), _lock: None }
    }

    /// Where it is.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The sessions held, oldest first.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn sessions(&self) -> Result<Vec<SpoolSession>, GlassesError> {
        let path = self.root.join(SESSIONS);
        let entries = match fs::read_dir(&path) {
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(|cause| GlassesError::disk(&path, cause))?,
        };
        let mut sessions = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|cause| GlassesError::disk(&path, cause))?;
            sessions.extend(SpoolSession::at(entry.path()));
        }
        sessions.sort_by_key(|session| session.order());
        Ok(sessions)
    }

    /// A new session, begun on disk. `start` is its first event.
    ///
    /// # Errors
    /// When the disk says no.
    pub fn begin(&self, start: &Event) -> Result<OpenSession, GlassesError> {
        let order = self.sessions()?.last().map_or(0, |last| last.order().0) + 1;
        OpenSession::begin(&self.root.join(SESSIONS), order, start)
    }

    /// Removes a session of which everything is delivered; one with damaged files is set apart instead. Returns where.
    ///
    /// # Errors
    /// When the disk says no.
    pub fn finish(&self, session: &SpoolSession) -> Result<Option<PathBuf>, GlassesError> {
        if !session.has_damaged_files()? {
            fs::remove_dir_all(session.path()).map_err(|cause| GlassesError::disk(session.path(), cause))?;
            return Ok(None);
        }
        let aside = self.root.join(SET_ASIDE);
        folder(&aside)?;
        let to = aside.join(session.path().file_name().unwrap_or_default());
        fs::rename(session.path(), &to).map_err(|cause| GlassesError::disk(&to, cause))?;
        Ok(Some(to))
    }

    /// Files that were damaged, of sessions that are delivered, each in the folder of its session.
    pub fn set_aside(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.root.join(SET_ASIDE)).into_iter().flatten();
        entries.filter_map(|entry| Some(entry.ok()?.path())).collect()
    }

    /// The server and the token that pairing gave.
    ///
    /// # Errors
    /// [`GlassesError::NotPaired`], or the disk's.
    pub fn credentials(&self) -> Result<Credentials, GlassesError> {
        let path = self.root.join(CREDENTIALS);
        let bytes = match fs::read(&path) {
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Err(GlassesError::NotPaired),
            bytes => bytes.map_err(|cause| GlassesError::disk(&path, cause))?,
        };
        serde_json::from_slice(&bytes)
            .map_err(|error| GlassesError::Setting(format!("{} is damaged ({error}); pair again", path.display())))
    }

    /// When the device was paired.
    pub fn paired_at(&self) -> Option<SystemTime> {
        fs::metadata(self.root.join(CREDENTIALS)).and_then(|meta| meta.modified()).ok()
    }

    /// Keeps the server and the token. The spool need not be held.
    ///
    /// # Errors
    /// When the disk says no.
    pub fn pair(root: &Path, credentials: &Credentials) -> Result<(), GlassesError> {
        folder(root)?;
        let json = serde_json::to_vec_pretty(credentials).map_err(|e| GlassesError::Setting(e.to_string()))?;
        write::durably(root, CREDENTIALS, &json)
    }

    /// Gives free the room that was kept for the last words of a session on a full disk.
    pub fn drop_ballast(&self) {
        room::drop_ballast(&self.root);
    }
}

fn folder(path: &Path) -> Result<(), GlassesError> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(|cause| GlassesError::disk(path, cause))
}
