//! What can go wrong between the device and the server.

use reqwest::{Response, StatusCode, header::RETRY_AFTER};
use serde::Deserialize;
use std::{
    error::Error,
    io,
    path::{Path, PathBuf},
    time::Duration,
};

/// Why a call to the server, or an upload, did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum GlassesError {
    /// No answer: no network, no server, or the connection broke off.
    #[error("{doing}: no answer from the server: {cause}")]
    Network {
        /// What was being done.
        doing: &'static str,
        /// What the network said.
        cause: String,
    },
    /// The server answered with an error.
    #[error("{doing}: the server refused ({status}): {detail}")]
    Refused {
        /// What was being done.
        doing: &'static str,
        /// HTTP status.
        status: u16,
        /// The sentence of the server's problem details, or the beginning of whatever it sent.
        detail: String,
        /// The last word of the problem's `type`; empty where the answer has none, so that it may not be the server's.
        problem: String,
        /// When the server wants to be asked again, if it said so.
        retry_after: Option<Duration>,
    },
    /// The server answered something that is no answer to this.
    #[error("{doing}: the answer of the server makes no sense: {why}")]
    Answer {
        /// What was being done.
        doing: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// The file to upload cannot be read.
    #[error("reading {}: {cause}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the file system said.
        cause: io::Error,
    },
    /// The file to upload is not the one that the upload began with.
    #[error("{} had {expected} bytes when its upload began and has {found} now; a finished recording must not change", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
        /// Bytes that the server was promised.
        expected: u64,
        /// Bytes that there are.
        found: u64,
    },
    /// The spool, where recordings wait, cannot be used.
    #[error("{}: {cause}", path.display())]
    Disk {
        /// The file or folder.
        path: PathBuf,
        /// What the file system said.
        cause: io::Error,
    },
    /// Another process works with the spool.
    #[error("another trainar glasses works with {}; stop it, or choose another folder with --spool", .0.display())]
    InUse(PathBuf),
    /// There is no server and no token yet.
    #[error(
        "this device is not paired; open Settings, Seats, Pair in the Dashboard and give its code to `trainar glasses pair`"
    )]
    NotPaired,
    /// The session was recorded for another seat.
    #[error(
        "this recording belongs to {theirs}, and the device is paired with {ours}; pair it with that seat again to deliver it, or give its files to an administrator"
    )]
    OtherSeat {
        /// For whom it was recorded.
        theirs: String,
        /// With whom the device is paired.
        ours: String,
    },
    /// The camera or its recorder cannot be used.
    #[error("{0}")]
    Source(String),
    /// A setting cannot be right.
    #[error("{0}")]
    Setting(String),
}

impl GlassesError {
    /// Whether the same call can succeed later without anybody changing something.
    pub fn is_temporary(&self) -> bool {
        match self {
            Self::Network { .. } => true,
            // Another offset passes; what else is in conflict stays so.
            Self::Refused { status: 409, problem, .. } => matches!(problem.as_str(), "" | "offset-mismatch"),
            // 460: what arrived was damaged on the way; 423: the server still holds the connection that broke.
            Self::Refused { status, .. } => matches!(status, 408 | 423 | 425 | 429 | 460 | 500..),
            _ => false,
        }
    }

    /// Whether this need not come from the server at all: no answer, or one that only something in between gives.
    pub fn is_no_network(&self) -> bool {
        match self {
            Self::Network { .. } | Self::Answer { .. } => true,
            Self::Refused { status, problem, .. } => *status < 500 && problem.is_empty(),
            _ => false,
        }
    }

    /// Whether the server itself refused with this status.
    pub fn is_status(&self, wanted: u16) -> bool {
        matches!(self, Self::Refused { status, problem, .. } if *status == wanted && !problem.is_empty())
    }

    /// Whether the server takes no new session, as no minutes are left. Later it is one that took place, which is taken.
    pub fn is_no_minutes(&self) -> bool {
        matches!(self, Self::Refused { status: 402, problem, .. } if problem == "no-minutes")
    }

    /// Whether the disk has no room left.
    pub fn is_disk_full(&self) -> bool {
        matches!(self, Self::Disk { cause, .. }
            if matches!(cause.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded))
    }

    pub(crate) fn disk(path: &Path, cause: io::Error) -> Self {
        Self::Disk { path: path.to_owned(), cause }
    }

    pub(crate) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Refused { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    pub(crate) fn network(doing: &'static str, error: reqwest::Error) -> Self {
        // The outermost text says only that the request failed; the reason is further in.
        let mut cause = error.to_string();
        let mut inner = error.source();
        while let Some(error) = inner {
            cause = format!("{cause}: {error}");
            inner = error.source();
        }
        Self::Network { doing, cause }
    }

    pub(crate) async fn refused(doing: &'static str, response: Response) -> Self {
        let status = response.status();
        let retry_after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
        let body = response.text().await.unwrap_or_default();
        Self::Refused {
            doing,
            status: status.as_u16(),
            detail: detail(status, &body),
            problem: problem(&body),
            retry_after: retry_after.map(Duration::from_secs),
        }
    }
}

/// RFC 9457.
#[derive(Deserialize)]
struct Problem {
    #[serde(rename = "type")]
    kind: Option<String>,
    title: Option<String>,
    detail: Option<String>,
}

fn problem(body: &str) -> String {
    let kind = serde_json::from_str::<Problem>(body).ok().and_then(|problem| problem.kind);
    kind.and_then(|kind| Some(kind.rsplit([':', '/']).next()?.to_owned())).unwrap_or_default()
}

fn detail(status: StatusCode, body: &str) -> String {
    let problem = serde_json::from_str::<Problem>(body).ok();
    let said = problem.and_then(|problem| problem.detail.or(problem.title));
    let said = said.unwrap_or_else(|| body.chars().take(200).collect());
    match said.trim() {
        "" => status.canonical_reason().unwrap_or("no reason given").to_owned(),
        said => said.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(
        r#"{"type":"about:blank","title":"Payment Required","detail":"no minutes are left"}"#,
        "no minutes are left"
    )]
    #[case(r#"{"title":"Not Found"}"#, "Not Found")]
    #[case("<h1>Bad gateway</h1>", "<h1>Bad gateway</h1>")]
    #[case("", "Bad Gateway")]
    fn says_what_the_server_said(#[case] body: &str, #[case] expected: &str) {
        assert_eq!(detail(StatusCode::BAD_GATEWAY, body), expected);
    }

    #[rstest]
    #[case(401, "", false)]
    #[case(402, "", false)]
    #[case(404, "", false)]
    #[case(413, "", false)]
    #[case(409, "offset-mismatch", true)]
    #[case(409, "too-many-breaks", false)]
    #[case(423, "", true)]
    #[case(429, "", true)]
    #[case(503, "", true)]
    fn some_refusals_pass(#[case] status: u16, #[case] problem: &str, #[case] temporary: bool) {
        let error = GlassesError::Refused {
            doing: "x",
            status,
            detail: String::new(),
            problem: problem.to_owned(),
            retry_after: None,
        };
        assert_eq!(error.is_temporary(), temporary);
    }
}
