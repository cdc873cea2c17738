//! What can go wrong with a recording or with the programs that read it.

use std::{io, path::Path};

/// Why a media operation did not give its result.
#[derive(Debug, thiserror::Error)]
pub enum MediaError {
    /// The bytes are not a recording that can be read: empty, cut off before their index, another kind of file, or
    /// made to harm. Trying again gives the same.
    #[error("the file is not a readable recording: {reason}")]
    NotMedia {
        /// A sentence part that a person understands.
        reason: String,
    },
    /// The recording asks for more than is given to one file.
    #[error("the recording is too large: {what}")]
    TooLarge {
        /// What is too large, with its figure, such as `16384x16384 pixels`.
        what: String,
    },
    /// No room where the result should be written.
    #[error("the disk is full while {doing}; free some space and try again")]
    DiskFull {
        /// What was being done.
        doing: &'static str,
    },
    /// The operation took longer than it may.
    #[error("{doing} was stopped after {seconds} s, its time limit")]
    Timeout {
        /// What was being done.
        doing: &'static str,
        /// The limit in seconds.
        seconds: u64,
    },
    /// ffmpeg or ffprobe failed, or gave something else than it was asked for.
    #[error("{doing} failed ({exit}): {stderr}")]
    Tool {
        /// What was being done.
        doing: &'static str,
        /// How the program ended.
        exit: String,
        /// The end of what it wrote to its error output, at most 2 KiB.
        stderr: String,
    },
    /// A program is missing.
    #[error("cannot find {program}; install ffmpeg or set its path")]
    Missing {
        /// The program that was looked for.
        program: String,
    },
    /// The file system said no.
    #[error("{doing}: {source}")]
    Io {
        /// What was being done, with the path.
        doing: String,
        /// What the system answered.
        source: io::Error,
    },
}

impl MediaError {
    /// True when the recording itself is at fault: final, nothing is gained by trying again.
    pub fn is_input_fault(&self) -> bool {
        matches!(self, Self::NotMedia { .. } | Self::TooLarge { .. })
    }

    pub(crate) fn not_media(reason: impl Into<String>) -> Self {
        Self::NotMedia { reason: reason.into() }
    }

    /// An I/O error on `path`; a full disk is told apart.
    pub(crate) fn io(doing: &'static str, path: &Path, source: io::Error) -> Self {
        if matches!(source.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) {
            return Self::DiskFull { doing };
        }
        Self::Io { doing: format!("{doing} {}", path.display()), source }
    }

    /// What a program's failure means, judged by its last words: ffmpeg tells its reasons nowhere else.
    pub(crate) fn from_exit(doing: &'static str, exit: &std::process::ExitStatus, stderr: String) -> Self {
        use std::os::unix::process::ExitStatusExt;
        let says = |text: &str| stderr.contains(text);
        if says("No space left on device") || says("Disk quota exceeded") || exit.signal() == Some(libc::SIGXFSZ) {
            return Self::DiskFull { doing };
        }
        // A crash of the reader is the file's doing; SIGKILL may be the machine's memory and is not.
        if matches!(
            exit.signal(),
            Some(libc::SIGSEGV | libc::SIGABRT | libc::SIGBUS | libc::SIGFPE | libc::SIGILL | libc::SIGSYS)
        ) {
            return Self::not_media(format!("its content made the reader crash while {doing}"));
        }
        if says("Invalid data found when processing input") {
            return Self::not_media(format!("its content is damaged ({})", last_line(&stderr)));
        }
        if says("Cannot allocate memory") || says("memory allocation") {
            return Self::TooLarge { what: format!("{doing} needs more memory than one file is given") };
        }
        Self::Tool { doing, exit: exit.to_string(), stderr }
    }
}

pub(crate) fn last_line(text: &str) -> &str {
    text.lines().rev().find(|l| !l.trim().is_empty()).unwrap_or("no message").trim()
}
