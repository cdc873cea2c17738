//! What can go wrong with objects, in the few kinds that a caller acts upon.

use object_store::client::{HttpError, HttpErrorKind};
use std::{error::Error, io};

/// Why an object could not be written, read or removed. `doing` names the operation and the key.
#[derive(Debug, thiserror::Error)]
pub enum ObjectError {
    /// No room: the disk, a quota or the bucket is full. Nothing half-written is left behind.
    #[error("{doing}: the disk is full: {cause}; make room or move the data folder, it is tried again")]
    Full {
        /// The operation and the key.
        doing: String,
        /// What the store said.
        cause: String,
    },
    /// The object is not there, where the operation needs it to be.
    #[error("{doing}: no such object")]
    NotFound {
        /// The operation and the key.
        doing: String,
    },
    /// The store does not answer, or breaks off. Trying again later can help.
    #[error("{doing}: the object store does not answer: {cause}")]
    Unreachable {
        /// The operation and the key.
        doing: String,
        /// What the store said.
        cause: String,
    },
    /// The store or the folder refuses us.
    #[error("{doing}: access denied: {cause}; check the keys of the bucket or the rights of the folder")]
    Denied {
        /// The operation and the key.
        doing: String,
        /// What the store said.
        cause: String,
    },
    /// The object is encrypted, and it is damaged, was changed, or the key that encrypted it is not set.
    #[error("{doing}: {cause}")]
    Undecipherable {
        /// The operation and the key.
        doing: String,
        /// What is wrong and what to do.
        cause: String,
    },
    /// Everything in the store is encrypted, but not this object.
    #[error(
        "{doing}: it is not encrypted, although everything here was: somebody else put it there, or a server without the key; \
         if it is yours, `trainar encryption rewrite --take-plain` encrypts it"
    )]
    NotEncrypted {
        /// The operation and the key.
        doing: String,
    },
    /// The store is encrypted, and no key is set.
    #[error("the objects are encrypted, and no key is set; set [encryption] key_file to the file of your keys")]
    NoKey,
    /// The key is not one that this store takes.
    #[error("object key {key:?} is not allowed: {why}")]
    Key {
        /// The key as given.
        key: String,
        /// The rule that it breaks.
        why: &'static str,
    },
    /// Anything else.
    #[error("{doing}: {cause}")]
    Other {
        /// The operation and the key.
        doing: String,
        /// What the store said.
        cause: String,
    },
}

impl ObjectError {
    /// Whether the same call can succeed later without anybody changing a setting.
    pub fn is_temporary(&self) -> bool {
        matches!(self, Self::Full { .. } | Self::Unreachable { .. })
    }

    pub(super) fn other(doing: String, cause: impl ToString) -> Self {
        Self::Other { doing, cause: cause.to_string() }
    }

    /// Sorts an error of the file system.
    pub(super) fn io(doing: impl Into<String>, error: io::Error) -> Self {
        let (doing, cause) = (doing.into(), error.to_string());
        match error.kind() {
            io::ErrorKind::NotFound => Self::NotFound { doing },
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full { doing, cause },
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => Self::Denied { doing, cause },
            _ => Self::Other { doing, cause },
        }
    }

    /// Sorts an error of the library, whose kinds are fewer than ours: the rest is read from its chain of sources.
    pub(super) fn store(doing: impl Into<String>, error: object_store::Error) -> Self {
        use object_store::Error as E;
        let doing = doing.into();
        let cause = error.to_string();
        match error {
            E::NotFound { .. } => Self::NotFound { doing },
            E::PermissionDenied { .. } | E::Unauthenticated { .. } => Self::Denied { doing, cause },
            other => Self::from_chain(doing, cause, &other),
        }
    }

    fn from_chain(doing: String, cause: String, error: &(dyn Error + 'static)) -> Self {
        let mut link = Some(error);
        while let Some(e) = link {
            if let Some(http) = e.downcast_ref::<HttpError>() {
                return match http.kind() {
                    HttpErrorKind::Unknown => Self::Other { doing, cause },
                    _ => Self::Unreachable { doing, cause },
                };
            }
            if let Some(error) = e.downcast_ref::<io::Error>() {
                return match Self::io(doing, io::Error::from(error.kind())) {
                    Self::Full { doing, .. } => Self::Full { doing, cause },
                    Self::Denied { doing, .. } => Self::Denied { doing, cause },
                    Self::Other { doing, .. } => Self::Other { doing, cause },
                    rest => rest,
                };
            }
            link = e.source();
        }
        // Answers with a status are typed in a private module of the library; their text is all there is.
        if ["StorageFull", "QuotaExceeded", "status code: 507"].iter().any(|text| cause.contains(text)) {
            Self::Full { doing, cause }
        } else if ["status code: 5", "status code: 429", "SlowDown", "InternalError"].iter().any(|t| cause.contains(t))
        {
            Self::Unreachable { doing, cause }
        } else {
            Self::Other { doing, cause }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(io::ErrorKind::StorageFull, "the disk is full", true)]
    #[case(io::ErrorKind::QuotaExceeded, "the disk is full", true)]
    #[case(io::ErrorKind::PermissionDenied, "access denied", false)]
    #[case(io::ErrorKind::NotFound, "no such object", false)]
    #[case(io::ErrorKind::InvalidData, "invalid data", false)]
    fn says_what_kind(#[case] kind: io::ErrorKind, #[case] text: &str, #[case] temporary: bool) {
        for error in [
            ObjectError::io("storing a/b", kind.into()),
            ObjectError::store(
                "storing a/b",
                object_store::Error::Generic { store: "x", source: Box::new(io::Error::from(kind)) },
            ),
        ] {
            assert!(error.to_string().starts_with("storing a/b: "), "{error}");
            assert!(error.to_string().contains(text), "{error}");
            assert_eq!(error.is_temporary(), temporary, "{error}");
        }
    }
}
