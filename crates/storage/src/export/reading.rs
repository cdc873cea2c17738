//! Reading an export, believing nothing: a file that is damaged, cut off or made to harm is told as such.

use super::{ExportError, FORMAT, KIND, MANIFEST, Manifest, OBJECTS, ObjectLine};
use crate::{
    db::{Row, tenant_rows::within_tenant},
    objects::Sha256,
};
use domain::TenantId;
use std::{
    collections::{HashMap, HashSet},
    fs::File,
    io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};
use zip::{CompressionMethod, ZipArchive};

/// The longest line: a row of which no product table comes near.
const LONGEST_LINE: u64 = 64 << 20;
/// The largest manifest.
const LARGEST_MANIFEST: u64 = 16 << 20;
const PIECE: usize = 1 << 20;

/// An export whose rows and list of objects are as they were written. Its objects are hashed when they are read.
#[derive(Debug)]
pub struct Package {
    path: PathBuf,
    pub(super) manifest: Manifest,
    /// Where the bytes of each file begin, and how many there are.
    files: HashMap<String, (u64, u64)>,
}

impl Package {
    /// Opens an export and looks through all of it but the objects' bytes.
    ///
    /// # Errors
    /// [`ExportError::Damaged`] with what is wrong, [`ExportError::Newer`].
    pub fn open(path: &Path) -> Result<Self, ExportError> {
        let file = File::open(path).map_err(|e| ExportError::file(path, e))?;
        let length = file.metadata().map_err(|e| ExportError::file(path, e))?.len();
        let files = entries(BufReader::new(file), length)?;
        let mut package = Self { path: path.to_owned(), files, manifest: Manifest::nothing() };
        package.manifest = package.read_manifest()?;
        for table in &package.manifest.tables {
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
            if !table.name.chars().all(plain) {
                return Err(ExportError::Damaged(format!("{:?} is no name of a table", table.name)));
            }
            package.same(&rows_entry(&table.name), &table.sha256)?;
        }
        package.same(OBJECTS, &package.manifest.objects.sha256)?;
        package.look_through_rows()?;
        package.look_through_objects()?;
        Ok(package)
    }

    /// The tenant that it holds.
    pub fn tenant(&self) -> (TenantId, &str) {
        (self.manifest.tenant_id, &self.manifest.tenant_name)
    }

    /// How many rows, objects, and bytes of objects it holds.
    pub fn counts(&self) -> (u64, u64, u64) {
        let rows = self.manifest.tables.iter().map(|table| table.rows).sum();
        (rows, self.manifest.objects.count, self.manifest.objects.bytes)
    }

    /// Reads the bytes of every object and compares their hashes.
    ///
    /// # Errors
    /// [`ExportError::Damaged`] with the first that is not as it was.
    pub fn check(&self) -> Result<(), ExportError> {
        self.objects()?.try_for_each(|line| self.copy(&line?, &mut io::sink()))
    }

    /// The objects, one line at a time.
    pub(super) fn objects(&self) -> Result<impl Iterator<Item = Result<ObjectLine, ExportError>>, ExportError> {
        Ok(self.lines(OBJECTS)?.map(|line| parse(OBJECTS, &line?)))
    }

    /// The rows of a table, one at a time.
    pub(super) fn rows(&self, table: &str) -> Result<impl Iterator<Item = Result<Row, ExportError>>, ExportError> {
        let name = rows_entry(table);
        Ok(self.lines(&name)?.map(move |line| parse(&name, &line?)))
    }

    /// Copies the bytes of an object.
    ///
    /// # Errors
    /// [`ExportError::Damaged`] once they turn out not to be what they were.
    pub(super) fn copy(&self, line: &ObjectLine, to: &mut impl Write) -> Result<(), ExportError> {
        match self.hashed(&line.file, to)? == line.sha256 {
            true => Ok(()),
            false => Err(ExportError::Damaged(format!("the bytes of {} are not as they were written", line.file))),
        }
    }

    fn read_manifest(&self) -> Result<Manifest, ExportError> {
        let (_, bytes) = self.place(MANIFEST)?;
        if bytes > LARGEST_MANIFEST {
            return Err(ExportError::Damaged(format!("{MANIFEST} is too large")));
        }
        let mut text = Vec::new();
        self.bytes(MANIFEST)?.read_to_end(&mut text).map_err(|e| ExportError::file(&self.path, e))?;
        let told: serde_json::Value = parse(MANIFEST, &text)?;
        if told["kind"] != KIND {
            return Err(ExportError::Damaged("this is no export of an organisation".into()));
        }
        match told["format"].as_u64() {
            Some(format) if format > u64::from(FORMAT) => {
                let program = told["program"].as_str().unwrap_or_default();
                Err(ExportError::Newer(format!("{program}, format {format}")))
            }
            _ => parse(MANIFEST, &text),
        }
    }

    fn look_through_rows(&self) -> Result<(), ExportError> {
        let damaged = |error: crate::DbError| ExportError::Damaged(error.to_string());
        let mut tenants = 0;
        for table in &self.manifest.tables {
            let mut count = 0;
            for row in self.rows(&table.name)? {
                within_tenant(self.manifest.tenant_id, &table.name, &row?).map_err(damaged)?;
                count += 1;
            }
            if count != table.rows {
                return Err(ExportError::Damaged(format!("{} has {count} rows, not {}", table.name, table.rows)));
            }
            tenants += if table.name == "tenants" { count } else { 0 };
        }
        match tenants {
            1 => Ok(()),
            _ => Err(ExportError::Damaged(format!("it holds {tenants} organisations instead of one"))),
        }
    }

    fn look_through_objects(&self) -> Result<(), ExportError> {
        let prefix = format!("tenants/{}/", self.manifest.tenant_id);
        let (mut count, mut bytes, mut before) = (0_u64, 0_u64, String::new());
        for line in self.objects()? {
            let line = line?;
            let damaged = |what: &str| Err(ExportError::Damaged(format!("object {:?} {what}", line.key)));
            if !line.key.starts_with(&prefix) || crate::objects::check_key(&line.key).is_err() {
                return damaged("has a key that is not of this organisation");
            }
            // In the order of the keys, each once.
            if line.key <= before {
                return damaged("is out of order");
            }
            match self.files.get(&line.file) {
                Some((_, there)) if *there == line.bytes => {}
                Some(_) => return damaged("has another size"),
                None => return damaged("is missing"),
            }
            count += 1;
            bytes = bytes.saturating_add(line.bytes);
            before = line.key;
        }
        match (count, bytes) == (self.manifest.objects.count, self.manifest.objects.bytes) {
            true => Ok(()),
            false => Err(ExportError::Damaged(format!("{OBJECTS} lists {count} objects with {bytes} bytes"))),
        }
    }

    fn place(&self, name: &str) -> Result<(u64, u64), ExportError> {
        let found = self.files.get(name).copied();
        found.ok_or_else(|| ExportError::Damaged(format!("{name} is missing: this is no export, or not all of it")))
    }

    fn bytes(&self, name: &str) -> Result<impl BufRead + use<>, ExportError> {
        let (start, bytes) = self.place(name)?;
        let opened = File::open(&self.path).and_then(|mut file| file.seek(SeekFrom::Start(start)).map(|_| file));
        let file = opened.map_err(|e| ExportError::file(&self.path, e))?;
        Ok(BufReader::with_capacity(PIECE, file.take(bytes)))
    }

    fn lines(&self, name: &str) -> Result<impl Iterator<Item = Result<Vec<u8>, ExportError>> + use<>, ExportError> {
        let (mut bytes, path, name) = (self.bytes(name)?, self.path.clone(), name.to_owned());
        Ok(std::iter::from_fn(move || {
            let mut line = Vec::new();
            match bytes.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line) {
                Ok(0) => None,
                Ok(_) if line.last() == Some(&b'\n') => Some(Ok(line)),
                Ok(_) => Some(Err(ExportError::Damaged(format!("{name} has a line without an end")))),
                Err(error) => Some(Err(ExportError::file(&path, error))),
            }
        }))
    }

    fn same(&self, name: &str, sha256: &str) -> Result<(), ExportError> {
        match self.hashed(name, &mut io::sink())? == sha256 {
            true => Ok(()),
            false => Err(ExportError::Damaged(format!("{name} is not as it was written"))),
        }
    }

    fn hashed(&self, name: &str, to: &mut impl Write) -> Result<String, ExportError> {
        let failed = |e| ExportError::file(&self.path, e);
        let (mut bytes, mut sha256) = (self.bytes(name)?, Sha256::new());
        loop {
            let piece = bytes.fill_buf().map_err(failed)?;
            if piece.is_empty() {
                return Ok(sha256.finish());
            }
            sha256.update(piece);
            to.write_all(piece).map_err(failed)?;
            let read = piece.len();
            bytes.consume(read);
        }
    }
}

fn rows_entry(table: &str) -> String {
    format!("rows/{table}.jsonl")
}

fn parse<T: serde::de::DeserializeOwned>(name: &str, text: &[u8]) -> Result<T, ExportError> {
    serde_json::from_slice(text).map_err(|error| ExportError::Damaged(format!("{name}: {error}")))
}

/// Where the bytes of each file stand. They are as they are, within the ZIP, and no two files share any.
fn entries(file: BufReader<File>, length: u64) -> Result<HashMap<String, (u64, u64)>, ExportError> {
    let damaged = |what: String| ExportError::Damaged(what);
    let mut zip = ZipArchive::new(file).map_err(|error| damaged(format!("it is no whole ZIP: {error}")))?;
    let (mut files, mut taken, mut names) = (HashMap::new(), Vec::new(), HashSet::new());
    for index in 0..zip.len() {
        let entry = zip.by_index_raw(index).map_err(|error| damaged(format!("file {index} of the ZIP: {error}")))?;
        let name = entry.name().to_owned();
        if entry.compression() != CompressionMethod::Stored
            || entry.encrypted()
            || entry.size() != entry.compressed_size()
        {
            return Err(damaged(format!(
                "{name:?} is compressed or encrypted: take the ZIP as it was written, not packed anew"
            )));
        }
        let start = entry.data_start().unwrap_or(u64::MAX);
        let Some(end) = start.checked_add(entry.size()).filter(|end| *end <= length) else {
            return Err(damaged(format!("{name:?} ends behind the end of the file")));
        };
        if !names.insert(name.clone()) {
            return Err(damaged(format!("{name:?} is in it twice")));
        }
        taken.push((start, end));
        files.insert(name, (start, end - start));
    }
    taken.retain(|(start, end)| start < end);
    taken.sort_unstable();
    if taken.windows(2).any(|pair| matches!(pair, [(_, end), (start, _)] if start < end)) {
        return Err(damaged("files of the ZIP overlap".into()));
    }
    Ok(files)
}

impl Manifest {
    fn nothing() -> Self {
        Self {
            kind: String::new(),
            format: FORMAT,
            program: String::new(),
            taken_at: 0,
            tenant_id: TenantId(uuid::Uuid::nil()),
            tenant_name: String::new(),
            schema: Vec::new(),
            tables: Vec::new(),
            objects: super::Listed { count: 0, bytes: 0, sha256: String::new() },
        }
    }
}
