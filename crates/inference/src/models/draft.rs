//! A file on its way: `FILE.part` beside its place, with the checksum of what is in it.

use super::{
    ModelError, ModelFile,
    record::{absorb, hex, partial},
    source::Source,
};
use aws_lc_rs::digest::{Context, SHA256};
use std::{
    fs::File,
    io::{Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

/// The unfinished file, locked against other programs.
pub(super) struct Draft {
    path: PathBuf,
    file: File,
    /// Bytes that are here.
    pub bytes: u64,
    context: Context,
}

impl Draft {
    pub fn open(target: &Path) -> Result<Self, ModelError> {
        let path = partial(target);
        let write = |source| ModelError::Write { path: path.clone(), kept: 0, source };
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(write)?;
        }
        let mut file =
            File::options().create(true).truncate(false).read(true).write(true).open(&path).map_err(write)?;
        if file.try_lock().is_err() {
            return Err(ModelError::Busy { path: target.into() });
        }
        let mut context = Context::new(&SHA256);
        let bytes = absorb(&mut file, &mut context).map_err(write)?;
        Ok(Self { path, file, bytes, context })
    }

    pub fn append(&mut self, chunk: &[u8]) -> Result<(), ModelError> {
        if let Err(source) = self.file.write_all(chunk) {
            // Part of the chunk may have been written: what counts is what the checksum has seen.
            let _ = self.file.set_len(self.bytes);
            return Err(ModelError::Write { path: self.path.clone(), kept: self.bytes, source });
        }
        self.context.update(chunk);
        self.bytes += chunk.len() as u64;
        Ok(())
    }

    pub fn empty(&mut self) -> Result<(), ModelError> {
        let write = |source| ModelError::Write { path: self.path.clone(), kept: 0, source };
        self.file.set_len(0).and_then(|()| self.file.seek(SeekFrom::Start(0))).map_err(write)?;
        (self.bytes, self.context) = (0, Context::new(&SHA256));
        Ok(())
    }

    pub fn broken(&self, source: &Source, cause: &str) -> ModelError {
        let (address, partial) = (source.to_string(), self.path.clone());
        ModelError::Broken { address, cause: cause.into(), kept: self.bytes, partial }
    }

    pub fn finish(self, target: &Path, file: &ModelFile, source: &Source) -> Result<(), ModelError> {
        let found = hex(self.context);
        if found != file.sha256 {
            let _ = std::fs::remove_file(&self.path);
            let (address, expected) = (source.to_string(), file.sha256.clone());
            return Err(ModelError::WrongChecksum { address, found, expected });
        }
        self.file.sync_all().and_then(|()| std::fs::rename(&self.path, target)).map_err(|source| ModelError::Write {
            path: target.into(),
            kept: self.bytes,
            source,
        })
    }
}
