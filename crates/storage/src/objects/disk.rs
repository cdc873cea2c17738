//! Objects as files in a folder. Everything is written beside, in `.staging`, synced, and then renamed into its place,
//! so a reader never sees a part of it and a power cut does not lose what was promised.

use super::{ByteStream, Joined, LocalFile, ObjectError, common, hash::Sha256};
use bytes::Bytes;
use futures::TryStreamExt;
use object_store::{ObjectStore, local::LocalFileSystem};
use std::{
    collections::HashMap,
    fs::{self, File},
    io::{self, Read, Write},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};
use tempfile::{NamedTempFile, TempPath};
use tokio::io::AsyncWriteExt;

const STAGING: &str = ".staging";
/// Nobody takes longer than this to write one object.
const ABANDONED: Duration = Duration::from_secs(24 * 3600);
/// Bytes hashed and then copied at a time, small enough to be still in the page cache.
const PIECE: usize = 4 << 20;
/// Folders remembered as durable; the memory of this is bounded.
const REMEMBERED: usize = 10_000;

#[derive(Clone)]
pub(super) struct Disk {
    root: Arc<Path>,
    files: Arc<LocalFileSystem>,
    /// Folders that are known to be durable, up to the root.
    durable: Arc<Mutex<HashMap<PathBuf, Identity>>>,
}

/// Tells a folder from another one that has its name later: inode and birth.
type Identity = (u64, SystemTime);

impl Disk {
    pub(super) fn open(root: &Path) -> Result<Self, ObjectError> {
        let doing = || format!("opening the folder {}", root.display());
        let made = fs::create_dir_all(root.join(STAGING)).and_then(|()| root.canonicalize());
        let root = made.map_err(|error| ObjectError::io(doing(), error))?;
        sweep(&root.join(STAGING)).map_err(|error| ObjectError::io(doing(), error))?;
        let files = LocalFileSystem::new_with_prefix(&root).map_err(|error| ObjectError::store(doing(), error))?;
        let files = Arc::new(files.with_automatic_cleanup(true));
        Ok(Self { root: root.into(), files, durable: Arc::default() })
    }

    pub(super) async fn put(&self, key: &str, bytes: Bytes) -> Result<(), ObjectError> {
        self.blocking(key, "storing", move |disk, place| {
            let mut staged = disk.stage()?;
            staged.write_all(&bytes)?;
            disk.publish_staged(staged, place)
        })
        .await
    }

    pub(super) async fn put_file(&self, key: &str, path: &Path) -> Result<u64, ObjectError> {
        let path = path.to_owned();
        self.blocking(key, "storing", move |disk, place| {
            let (mut file, bytes) = open_whole(&path)?;
            file.sync_all()?;
            match disk.publish(&path, place) {
                Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {
                    disk.publish_copy(&mut file, place)?;
                    fs::remove_file(&path)?;
                }
                done => done?,
            }
            Ok(bytes)
        })
        .await
    }

    pub(super) async fn link_file(&self, key: &str, path: &Path) -> Result<u64, ObjectError> {
        let path = path.to_owned();
        self.blocking(key, "storing", move |disk, place| disk.link(&path, place)).await
    }

    /// Writes exactly `total` bytes as they come.
    pub(super) async fn upload(&self, key: &str, total: u64, mut pieces: ByteStream) -> Result<(), ObjectError> {
        let failed = |error| ObjectError::io(format!("storing {key}"), error);
        let staged = self.stage().map_err(failed)?;
        let mut file = tokio::fs::File::from_std(staged.reopen().map_err(failed)?);
        file.set_max_buf_size(common::READ_BYTES);
        let mut written = 0;
        while let Some(piece) = pieces.try_next().await? {
            written += piece.len() as u64;
            file.write_all(&piece).await.map_err(failed)?;
        }
        file.flush().await.map_err(failed)?;
        common::exactly(key, total, written, true)?;
        self.blocking(key, "storing", move |disk, place| disk.publish_staged(staged, place)).await
    }

    pub(super) async fn local(&self, key: &str, _work: &Path) -> Result<Option<LocalFile>, ObjectError> {
        Ok(common::head(self.store(), key).await?.map(|_| LocalFile::object(self.root.join(key))))
    }

    pub(super) async fn join(&self, keys: &[String], key: &str) -> Result<Joined, ObjectError> {
        let pieces: Vec<PathBuf> = keys.iter().map(|piece| self.root.join(piece)).collect();
        self.blocking(key, "joining", move |disk, place| {
            let mut sha256 = Sha256::new();
            let mut bytes = 0;
            if let [piece] = pieces.as_slice() {
                bytes += read_piece(piece, &mut sha256, None)?;
                disk.link(piece, place)?;
            } else {
                let mut staged = disk.stage()?;
                for piece in &pieces {
                    bytes += read_piece(piece, &mut sha256, Some(staged.as_file_mut()))?;
                }
                disk.publish_staged(staged, place)?;
            }
            Ok(Joined { bytes, sha256: sha256.finish() })
        })
        .await
    }

    pub(super) fn store(&self) -> &dyn ObjectStore {
        &*self.files
    }

    async fn blocking<T: Send + 'static>(
        &self,
        key: &str,
        verb: &str,
        work: impl FnOnce(&Disk, &Path) -> io::Result<T> + Send + 'static,
    ) -> Result<T, ObjectError> {
        let (disk, place) = (self.clone(), self.root.join(key));
        let done = tokio::task::spawn_blocking(move || work(&disk, &place)).await.map_err(io::Error::other);
        done.flatten().map_err(|error| ObjectError::io(format!("{verb} {key}"), error))
    }

    fn stage(&self) -> io::Result<NamedTempFile> {
        NamedTempFile::new_in(self.root.join(STAGING))
    }

    fn publish_staged(&self, staged: NamedTempFile, place: &Path) -> io::Result<()> {
        staged.as_file().sync_all()?;
        let (_, path) = staged.into_parts();
        self.publish(&path, place)
    }

    fn publish_copy(&self, file: &mut File, place: &Path) -> io::Result<()> {
        let mut staged = self.stage()?;
        io::copy(file, staged.as_file_mut())?;
        self.publish_staged(staged, place)
    }

    fn link(&self, path: &Path, place: &Path) -> io::Result<u64> {
        let (mut file, bytes) = open_whole(path)?;
        file.sync_all()?;
        let staged = self.root.join(STAGING).join(format!("link-{}", uuid::Uuid::new_v4()));
        match fs::hard_link(path, &staged) {
            Ok(()) => self.publish(&TempPath::try_from_path(staged)?, place)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(error),
            // Another file system, or one without links, or a system that lets nobody link what is not his.
            Err(_) => self.publish_copy(&mut file, place)?,
        }
        Ok(bytes)
    }

    /// Renames the synced file `from` to `to`, making its folders, and syncs those.
    fn publish(&self, from: &Path, to: &Path) -> io::Result<()> {
        let folder = to.parent().unwrap_or(&self.root);
        let mut attempts = 0;
        while let Err(error) = fs::rename(from, to) {
            attempts += 1;
            // Whoever removes the last object of a folder removes the folder, perhaps just after we have made it.
            if error.kind() != io::ErrorKind::NotFound || attempts == 50 || !from.exists() {
                return Err(error);
            }
            fs::create_dir_all(folder)?;
        }
        // It holds our file from here on, so nobody removes it.
        let identity = fs::metadata(folder).and_then(|meta| Ok((meta.ino(), meta.created()?))).ok();
        // A rename between two names of the same file does nothing and says that it went well.
        unless_missing(fs::remove_file(from))?;
        // Every sync flushes the disk, so those above are synced once and not for every object.
        let folders =
            if identity.is_some() && self.durable().get(folder).copied() == identity { 1 } else { usize::MAX };
        for folder in folder.ancestors().take(folders).take_while(|folder| folder.starts_with(&self.root)) {
            unless_missing(File::open(folder).and_then(|folder| folder.sync_all()))?;
        }
        if let (Some(identity), true) = (identity, folders > 1) {
            let mut durable = self.durable();
            if durable.len() >= REMEMBERED {
                durable.clear();
            }
            durable.insert(folder.to_owned(), identity);
        }
        Ok(())
    }

    fn durable(&self) -> MutexGuard<'_, HashMap<PathBuf, Identity>> {
        self.durable.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Opens a regular file, never what a symbolic link points to: that would be published as a link.
fn open_whole(path: &Path) -> io::Result<(File, u64)> {
    let meta = fs::symlink_metadata(path)?;
    if !meta.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, format!("{} is not a regular file", path.display())));
    }
    Ok((File::open(path)?, meta.len()))
}

/// Hashes the file and, when asked, appends it to `to`: by the kernel alone (a reflink where the file system can).
fn read_piece(path: &Path, sha256: &mut Sha256, mut to: Option<&mut File>) -> io::Result<u64> {
    let named = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
    let (mut read, bytes) = open_whole(path).map_err(named)?;
    let copy = File::open(path).map_err(named)?;
    let mut buffer = vec![0; PIECE.min(usize::try_from(bytes).unwrap_or(PIECE)).max(1)];
    let mut done = 0;
    loop {
        let count = read.read(&mut buffer).map_err(named)?;
        if count == 0 {
            return Ok(done);
        }
        sha256.update(&buffer[..count]);
        if let Some(to) = to.as_deref_mut()
            && io::copy(&mut (&copy).take(count as u64), to)? != count as u64
        {
            return Err(named(io::ErrorKind::UnexpectedEof.into()));
        }
        done += count as u64;
    }
}

fn sweep(staging: &Path) -> io::Result<()> {
    for entry in fs::read_dir(staging)? {
        let entry = entry?;
        let modified = entry.metadata().and_then(|meta| meta.modified());
        if modified.is_ok_and(|at| at.elapsed().is_ok_and(|age| age > ABANDONED)) {
            tracing::info!(file = %entry.path().display(), "removing a file that a killed process left");
            unless_missing(fs::remove_file(entry.path()))?;
        }
    }
    Ok(())
}

fn unless_missing(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result,
    }
}
