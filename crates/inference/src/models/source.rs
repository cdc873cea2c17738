//! Where model files come from: a web address or a folder.

use super::{Model, ModelError, ModelFile};
use std::{fmt, path::PathBuf};

/// Where model files come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// A web address. `{repository}`, `{revision}` and `{file}` stand for what they say; an address without `{file}` is
    /// that of a copy of a models folder.
    Web(String),
    /// A folder that is laid out as a models folder.
    Folder(PathBuf),
}

impl Address {
    /// `http://…`, `https://…`, `file:///…`, or the path of a folder.
    ///
    /// # Errors
    /// [`ModelError::Address`] for anything else.
    pub fn parse(text: &str) -> Result<Self, ModelError> {
        let wrong = |why: &str| ModelError::Address { address: text.into(), why: why.into() };
        if text.starts_with("http://") || text.starts_with("https://") {
            reqwest::Url::parse(text).map_err(|error| wrong(&error.to_string()))?;
            return Ok(Self::Web(text.trim_end_matches('/').into()));
        }
        if text.starts_with("file:") {
            let url = reqwest::Url::parse(text).map_err(|error| wrong(&error.to_string()))?;
            return url.to_file_path().map(Self::Folder).map_err(|()| wrong("no path of this machine"));
        }
        if text.is_empty() || text.contains("://") {
            return Err(wrong("not understood"));
        }
        Ok(Self::Folder(text.into()))
    }

    /// The web address or path of one file.
    pub(super) fn of(&self, model: &Model, file: &ModelFile) -> Source {
        match self {
            Self::Folder(folder) => Source::File(folder.join(model.place(file))),
            Self::Web(text) if text.contains("{file}") => Source::Web(
                text.replace("{repository}", &model.repository)
                    .replace("{revision}", &model.revision)
                    .replace("{file}", &file.name),
            ),
            Self::Web(text) => Source::Web(format!("{text}/{}", model.place(file).display())),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Web(text) => f.write_str(text),
            Self::Folder(path) => path.display().fmt(f),
        }
    }
}

/// Where one file is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Source {
    Web(String),
    File(PathBuf),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Web(text) => f.write_str(text),
            Self::File(path) => path.display().fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::named;

    #[test]
    fn a_template_a_mirror_and_a_folder_lead_to_the_file() {
        let model = named("all-MiniLM-L6-v2").unwrap();
        let of = |text: &str| Address::parse(text).unwrap().of(&model, &model.files[0]).to_string();
        assert_eq!(
            of("https://huggingface.co/{repository}/resolve/{revision}/{file}"),
            "https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2/resolve/\
             1110a243fdf4706b3f48f1d95db1a4f5529b4d41/config.json"
        );
        assert_eq!(of("https://mirror/models/"), "https://mirror/models/all-MiniLM-L6-v2/config.json");
        assert_eq!(of("file:///mnt/a%20stick"), "/mnt/a stick/all-MiniLM-L6-v2/config.json");
        assert_eq!(of("/mnt/stick"), "/mnt/stick/all-MiniLM-L6-v2/config.json");
        for wrong in ["", "ftp://host/x", "https://", "file://host/x"] {
            assert!(matches!(Address::parse(wrong), Err(ModelError::Address { .. })), "{wrong}");
        }
    }
}
