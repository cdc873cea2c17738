//! Problem details (RFC 9457): the one shape of every error of the API, and the one place where errors of storage
//! become statuses and are logged.

use axum::{
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use storage::{DbError, attachments::AttachmentError, db::Rule, objects::ObjectError, removal::RemovalError};
use utoipa::ToSchema;

/// Seconds after which a client is asked to try again.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("10");

/// An error as the API answers it.
#[derive(Clone, Debug)]
pub struct Problem {
    status: StatusCode,
    kind: &'static str,
    detail: String,
    errors: Vec<FieldError>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

/// The body of every error: `application/problem+json`.
#[derive(Serialize, ToSchema)]
pub struct ProblemDetails {
    /// Which problem it is, for programs: `urn:trainar:problem:not-found`.
    #[serde(rename = "type")]
    kind: String,
    /// The name of the status, the same for every such problem.
    title: String,
    /// The HTTP status.
    status: u16,
    /// What went wrong this time and what to do.
    detail: String,
    /// The fields that were refused, if that is the problem.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FieldError>,
}

/// One refused field.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct FieldError {
    /// Where in the body: `utterances[3].text`.
    pub field: String,
    /// What is wrong with it.
    pub detail: String,
}

impl Problem {
    /// A problem; `kind` is its word for programs, `detail` says what, why and what to do.
    pub fn new(status: StatusCode, kind: &'static str, detail: impl Into<String>) -> Self {
        Self { status, kind, detail: detail.into(), errors: Vec::new(), headers: Vec::new() }
    }

    /// 400: the request can't be understood.
    pub fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad-request", detail)
    }

    /// 404: there is no such thing, or it is somebody else's, which nobody is told.
    pub fn not_found(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", format!("there is no such {what}"))
    }

    /// 422: understood, and yet not possible.
    pub fn invalid(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", detail)
    }

    /// 413: more bytes than are taken.
    pub fn too_large(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", detail)
    }

    /// 500; the cause must have been logged.
    pub fn internal() -> Self {
        let detail = "the server could not do this; the cause is in its log";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", detail)
    }

    /// Adds the refused fields.
    pub fn with_errors(mut self, errors: Vec<FieldError>) -> Self {
        self.errors = errors;
        self
    }

    /// Adds a header to the answer.
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    fn temporary(status: StatusCode, kind: &'static str, detail: &str) -> Self {
        Self::new(status, kind, detail).with_header(header::RETRY_AFTER, RETRY_AFTER)
    }

    fn storage_is_full() -> Self {
        let detail = "the server has no room left; what it acknowledged is kept, go on from there later";
        Self::temporary(StatusCode::INSUFFICIENT_STORAGE, "storage-full", detail)
    }

    fn unavailable() -> Self {
        let detail = "the server can't reach its storage at the moment; try again later";
        Self::temporary(StatusCode::SERVICE_UNAVAILABLE, "unavailable", detail)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = ProblemDetails {
            kind: format!("urn:trainar:problem:{}", self.kind),
            title: self.status.canonical_reason().unwrap_or("Checksum Mismatch").to_owned(),
            status: self.status.as_u16(),
            detail: self.detail,
            errors: self.errors,
        };
        let mut answer = (self.status, axum::Json(body)).into_response();
        answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        answer.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        answer.headers_mut().extend(self.headers);
        answer
    }
}

impl From<DbError> for Problem {
    fn from(error: DbError) -> Self {
        // SQLite has no kind of its own for it.
        if error.to_string().contains("disk is full") {
            tracing::error!(%error, "the disk of the database is full");
            return Self::storage_is_full();
        }
        match &error {
            DbError::Rule(Rule::NoMinutes) => {
                Self::new(StatusCode::PAYMENT_REQUIRED, Rule::NoMinutes.kind(), Rule::NoMinutes.to_string())
            }
            DbError::Rule(rule) => Self::new(StatusCode::CONFLICT, rule.kind(), rule.to_string()),
            DbError::Exists(_) | DbError::Refused(_) => {
                tracing::warn!(%error, "the database refused a row");
                let detail = "this collides with what is kept already; read it again and decide anew";
                Self::new(StatusCode::CONFLICT, "conflict", detail)
            }
            error if error.is_temporary() => {
                tracing::error!(%error, "the database does not answer");
                Self::unavailable()
            }
            error => {
                tracing::error!(%error, "a request failed");
                Self::internal()
            }
        }
    }
}

impl From<ObjectError> for Problem {
    fn from(error: ObjectError) -> Self {
        tracing::error!(%error, "a request failed");
        match error {
            ObjectError::Full { .. } => Self::storage_is_full(),
            error if error.is_temporary() => Self::unavailable(),
            _ => Self::internal(),
        }
    }
}

impl From<AttachmentError> for Problem {
    fn from(error: AttachmentError) -> Self {
        match error {
            AttachmentError::Db(error) => error.into(),
            AttachmentError::Object(error) => error.into(),
        }
    }
}

impl From<RemovalError> for Problem {
    fn from(error: RemovalError) -> Self {
        match error {
            RemovalError::Db(error) => error.into(),
            RemovalError::Object(error) => error.into(),
            RemovalError::Lost => Self::unavailable(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn full() -> ObjectError {
        ObjectError::Full { doing: "storing a/b".into(), cause: "no space left on device".into() }
    }
    fn unreachable() -> ObjectError {
        ObjectError::Unreachable { doing: "storing a/b".into(), cause: "timed out".into() }
    }
    fn denied() -> ObjectError {
        ObjectError::Denied { doing: "storing a/b".into(), cause: "no".into() }
    }

    #[rstest]
    #[case(full(), 507, true)]
    #[case(unreachable(), 503, true)]
    #[case(denied(), 500, false)]
    fn storage_errors_say_whether_to_try_again_and_nothing_of_the_inside(
        #[case] error: ObjectError,
        #[case] status: u16,
        #[case] again: bool,
    ) {
        let problem = Problem::from(error);
        assert!(!problem.detail.contains("a/b"));
        let answer = problem.into_response();
        assert_eq!(answer.status().as_u16(), status);
        assert_eq!(answer.headers().contains_key(header::RETRY_AFTER), again);
        assert_eq!(answer.headers()[header::CONTENT_TYPE], "application/problem+json");
    }

    #[test]
    fn rows_that_collide_are_a_conflict_and_unreadable_ones_an_error() {
        assert_eq!(Problem::from(DbError::Exists("uploads".into())).status, StatusCode::CONFLICT);
        let corrupt = DbError::Corrupt { what: "phase", value: "x".into() };
        assert_eq!(Problem::from(corrupt).status, StatusCode::INTERNAL_SERVER_ERROR);
    }
}
