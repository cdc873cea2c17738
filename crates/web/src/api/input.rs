//! What comes in: JSON bodies that are checked before a handler sees them, and ids in addresses.

use crate::{
    App,
    problem::{FieldError, Problem},
};
use axum::{
    extract::{FromRequest, FromRequestParts, Path, Request},
    http::{StatusCode, header, request::Parts},
};
use garde::Validate;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::Value;
use std::{str::FromStr, time::Duration};

/// Largest JSON body that is read, in bytes: a thousand utterances with their words.
const LARGEST_JSON: usize = 8 << 20;
/// Bodies that are read whole come within this.
const SLOWEST: Duration = Duration::from_secs(60);

/// A JSON body that keeps its rules. An empty body, and `null`, count as `{}`.
pub struct Input<T>(pub T);

impl<T: DeserializeOwned + Validate<Context = ()>> FromRequest<App> for Input<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &App) -> Result<Self, Problem> {
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|k| k.to_str().ok()).map(str::to_lowercase);
        let body = bytes(request, LARGEST_JSON).await?;
        if body.is_empty() || body.trim_ascii() == b"null" {
            return checked(b"{}");
        }
        let is_json = |kind: &str| kind.split(';').next().is_some_and(|k| k.trim().ends_with("json"));
        if kind.is_some_and(|kind| !is_json(&kind)) {
            let detail = "the body must be JSON; send it with `Content-Type: application/json`";
            return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type", detail));
        }
        checked(&body)
    }
}

fn checked<T: DeserializeOwned + Validate<Context = ()>>(body: &[u8]) -> Result<Input<T>, Problem> {
    let unfit = |error: serde_json::Error| match error.classify() {
        serde_json::error::Category::Data => Problem::invalid(format!("the body does not fit: {error}")),
        _ => Problem::bad_request(format!("the body is not valid JSON: {error}")),
    };
    // A list of the fields' values would do as well, which nobody means.
    if body.trim_ascii_start().first() == Some(&b'[') {
        serde_json::from_slice::<IgnoredAny>(body).map_err(unfit)?;
        return Err(Problem::invalid("the body must be a JSON object, and this is a list"));
    }
    let value: T =
        serde_json::from_slice(body).or_else(|error| with_whole_numbers(body).ok_or_else(|| unfit(error)))?;
    value.validate().map_err(|report| {
        let errors: Vec<_> =
            report.iter().map(|(at, e)| FieldError { field: at.to_string(), detail: e.to_string() }).take(20).collect();
        let fields: Vec<_> = errors.iter().map(|e| format!("{}: {}", e.field, e.detail)).collect();
        Problem::invalid(format!("put these right and send again: {}", fields.join("; "))).with_errors(errors)
    })?;
    Ok(Input(value))
}

/// The same read with `3.0` taken for `3`: JSON knows one kind of number, and some languages write all of them so.
fn with_whole_numbers<T: DeserializeOwned>(body: &[u8]) -> Option<T> {
    fn turn(value: &mut Value) {
        match value {
            Value::Number(number) => {
                let whole = number.as_f64().filter(|x| x.fract() == 0.0 && x.abs() < 9e15);
                if let Some(whole) = whole.filter(|_| number.is_f64()) {
                    *value = Value::from(whole as i64);
                }
            }
            Value::Array(items) => items.iter_mut().for_each(turn),
            Value::Object(fields) => fields.values_mut().for_each(turn),
            _ => {}
        }
    }
    let mut value = serde_json::from_slice(body).ok()?;
    turn(&mut value);
    serde_json::from_value(value).ok()
}

/// A whole body in memory, at most `limit` bytes of it.
pub async fn bytes(request: Request, limit: usize) -> Result<bytes::Bytes, Problem> {
    use http_body_util::{BodyExt, LengthLimitError, Limited};
    let body = tokio::time::timeout(SLOWEST, Limited::new(request.into_body(), limit).collect());
    let Ok(body) = body.await else {
        let detail = "the body took longer than a minute; send it again";
        return Err(Problem::new(StatusCode::REQUEST_TIMEOUT, "slow", detail));
    };
    match body {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => {
            Err(Problem::too_large(format!("the body is too large; send at most {limit} bytes")))
        }
        Err(error) => Err(Problem::bad_request(format!("the body broke off: {error}; send it again"))),
    }
}

/// The id in an address; what is no id names nothing.
pub struct Id<T>(pub T);

impl<T: FromStr> FromRequestParts<App> for Id<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let unknown = || Problem::not_found("thing");
        let Path(text) = Path::<String>::from_request_parts(parts, app).await.map_err(|_| unknown())?;
        text.parse().map(Self).map_err(|_| unknown())
    }
}
