//! The keys: the operator's, which encrypt what is kept, and the installation's own, which signs and seals.

use crate::settings::{Settings, set};
use anyhow::{Context, Result, anyhow, bail};
use secrecy::ExposeSecret;
use std::{
    fs::{self, File},
    io::Write,
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::Path,
};
use storage::encryption::Keys;

/// The file in the data folder that holds the installation's key: 32 bytes, or sealed by the operator's.
pub const SECRET: &str = "secret.key";
/// What the operator's key seals it for.
const PURPOSE: &str = "installation key";

/// The operator's keys, if any are set.
pub fn operators(settings: &Settings) -> Result<Option<Keys>> {
    let (file, listed) = (set(&settings.encryption.key_file), settings.encryption.keys.expose_secret());
    let (text, from) = match file {
        None if listed.is_empty() => return Ok(None),
        Some(_) if !listed.is_empty() => bail!("encryption.key_file and encryption.keys are both set; leave one empty"),
        Some(path) => {
            let text = fs::read_to_string(path)
                .with_context(|| format!("cannot read {}, the file of encryption.key_file", path.display()))?;
            apart(path, &settings.data_dir)?;
            (text, format!("the file {} of encryption.key_file", path.display()))
        }
        None => (listed.replace([',', ' '], "\n"), "setting encryption.keys".to_owned()),
    };
    Keys::parse(&text).map(Some).with_context(|| from)
}

/// A key beside what it encrypts protects nothing.
fn apart(file: &Path, data: &Path) -> Result<()> {
    if let (Ok(file), Ok(data)) = (file.canonicalize(), data.canonicalize())
        && file.starts_with(&data)
    {
        bail!(
            "the file {} of encryption.key_file lies in the data folder: who takes the one has the other",
            file.display()
        );
    }
    Ok(())
}

/// Whether others on this machine can read the file of the keys.
pub fn is_open_to_others(settings: &Settings) -> bool {
    let meta = set(&settings.encryption.key_file).and_then(|path| fs::metadata(path).ok());
    meta.is_some_and(|meta| meta.permissions().mode() & 0o004 != 0)
}

/// The key of this installation, made at the first start. Servers that share a database must share this file. With an
/// operator's key it is kept sealed, and with it all that it seals.
pub fn installation(settings: &Settings) -> Result<[u8; 32]> {
    let (folder, keys) = (&settings.data_dir, operators(settings)?);
    fs::create_dir_all(folder).with_context(|| format!("cannot create the data folder {}", folder.display()))?;
    let path = folder.join(SECRET);
    let create = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
    if let Ok(mut file) = create {
        let fresh: [u8; 32] = rand::random();
        file.write_all(&as_kept(&fresh, keys.as_ref())?)?;
        file.sync_all()?;
        return Ok(fresh);
    }
    let kept = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let (key, current) = open(&kept, keys.as_ref()).with_context(|| format!("{}", path.display()))?;
    if !current {
        replace(&path, &as_kept(&key, keys.as_ref())?).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(key)
}

/// The installation's key as it is kept, for a backup.
pub fn installation_as_kept(settings: &Settings) -> Result<Vec<u8>> {
    installation(settings)?;
    let path = settings.data_dir.join(SECRET);
    fs::read(&path).with_context(|| format!("cannot read {}", path.display()))
}

/// The installation's key out of what is kept, and whether it is kept as it should be now.
pub fn open(kept: &[u8], keys: Option<&Keys>) -> Result<([u8; 32], bool)> {
    if let Ok(key) = kept.try_into() {
        return Ok((key, keys.is_none()));
    }
    let damaged = || anyhow!("it must hold 32 bytes or a sealed key; restore it from your backup");
    let text = std::str::from_utf8(kept).ok().filter(|text| Keys::is_sealed(text)).ok_or_else(damaged)?;
    let keys =
        keys.context("it is encrypted, and no key is set; set [encryption] key_file to the file of your keys")?;
    let unsealed = keys.open(PURPOSE, text)?;
    let key = unsealed.secret.try_into().map_err(|_| damaged())?;
    Ok((key, unsealed.current))
}

fn as_kept(key: &[u8; 32], keys: Option<&Keys>) -> Result<Vec<u8>> {
    Ok(match keys {
        Some(keys) => (keys.seal(PURPOSE, key)? + "\n").into_bytes(),
        None => key.to_vec(),
    })
}

/// Puts a file that only its owner reads in the place of another.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut beside = tempfile::NamedTempFile::new_in(folder)?;
    beside.write_all(bytes)?;
    beside.as_file().sync_all()?;
    beside.persist(path)?;
    File::open(folder)?.sync_all()?;
    Ok(())
}
