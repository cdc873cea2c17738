//! Model files: which ones are known, where they lie, how they get there and what makes sure that they are the right
//! ones. A model is one file (`ggml-base.en.bin`) or a folder of files (`all-MiniLM-L6-v2/`) below the models folder.

mod draft;
mod fetch;
mod known;
mod record;
mod source;

pub use self::{
    fetch::{Fetch, Progress},
    known::{Model, ModelFile, Purpose, known, named},
    record::{State, state, verify},
    source::Address,
};

use std::{
    io,
    path::{Path, PathBuf},
};

/// Why a model could not be fetched or verified.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum ModelError {
    #[error("there is no model {name:?}; `trainar models list` shows those there are")]
    Unknown { name: String },
    #[error(
        "the address {address:?} is neither http(s)://, file:// nor a folder; correct [models] address or --from ({why})"
    )]
    Address { address: String, why: String },
    #[error("--sha256 is for models of one file; {name} has {files}")]
    ManyFiles { name: String, files: usize },
    #[error("{text:?} is no SHA-256 checksum; it has 64 hexadecimal digits")]
    NotAChecksum { text: String },
    #[error("{address} has no such file ({status}); correct [models] address, or name a folder that holds the file")]
    NotThere { address: String, status: String },
    #[error("{address} answers {status}; try again later, or name another address")]
    Refused { address: String, status: String },
    #[error(
        "{address} answers with a web page instead of the model; is there a login or a proxy page in between? Name a \
         mirror or a folder as [models] address"
    )]
    WebPage { address: String },
    #[error(
        "{address} offers {offered} bytes, but the model has {expected}; this is another file, nothing was changed"
    )]
    OtherSize { address: String, offered: u64, expected: u64 },
    #[error(
        "the connection to {address} broke ({cause}); {kept} bytes are kept in {}, run the same command again to go on",
        partial.display()
    )]
    Broken { address: String, cause: String, kept: u64, partial: PathBuf },
    #[error("{} cannot be written: {source}; {kept} bytes are kept, make room and run the same command again", path.display())]
    Write { path: PathBuf, kept: u64, source: io::Error },
    #[error(
        "what came from {address} has the SHA-256 {found}, but {expected} is right; it was thrown away. Fetch it again, \
         or from another address"
    )]
    WrongChecksum { address: String, found: String, expected: String },
    #[error("another program is fetching {} just now", path.display())]
    Busy { path: PathBuf },
    #[error("{} cannot be read: {source}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("{} is missing; fetch it with `trainar models fetch {name}`", path.display())]
    Missing { name: String, path: PathBuf },
    #[error(
        "{} has the SHA-256 {found}, but {expected} is right: it is damaged or another file; remove it and run \
         `trainar models fetch {name}`",
        path.display()
    )]
    Damaged { name: String, path: PathBuf, found: String, expected: String },
}

/// What to say of a speech model that is not at `path`: how to fetch it, where its name is that of a known one.
pub(crate) fn advice(path: &Path) -> String {
    match of_file(path) {
        Some(model) => format!("fetch it with `trainar models fetch {}`", model.name),
        None => "put the file there or correct the configuration".into(),
    }
}

/// What to do about a speech model at `path` that is damaged or none.
pub(crate) fn again(path: &Path) -> String {
    match of_file(path) {
        Some(model) => format!("fetch it again with `trainar models fetch {}`", model.name),
        None => "name a model of whisper.cpp (ggml) as [speech] whisper_model; `trainar models list` shows some".into(),
    }
}

/// The known model whose file has this name.
fn of_file(path: &Path) -> Option<Model> {
    known().into_iter().find(|model| path.file_name().is_some_and(|name| name == model.files[0].name.as_str()))
}

/// `setting` as a path: the name of a known speech model (`base.en`) means its file in `folder`; everything else is a
/// path already. A file or folder of that name in the working folder goes before.
pub fn resolve(setting: &Path, folder: &Path) -> PathBuf {
    let model = setting.to_str().and_then(named).filter(|model| model.purpose == Purpose::Speech);
    match model {
        Some(model) if !setting.exists() => model.path(folder),
        _ => setting.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_file_in_the_folder_and_a_path_stays_a_path() {
        let folder = Path::new("/data/models");
        assert_eq!(resolve(Path::new("base.en"), folder), Path::new("/data/models/ggml-base.en.bin"));
        assert_eq!(resolve(Path::new("/elsewhere/my.bin"), folder), Path::new("/elsewhere/my.bin"));
        assert_eq!(resolve(Path::new("all-MiniLM-L6-v2"), folder), Path::new("all-MiniLM-L6-v2"), "no speech model");
        assert!(advice(Path::new("/data/models/ggml-base.en.bin")).contains("trainar models fetch base.en"));
    }
}
