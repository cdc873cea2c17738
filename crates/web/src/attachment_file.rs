//! A file of a task on its way to somebody: never as anything that a browser would run.

use crate::App;
use axum::{
    body::Body,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use domain::attachment::{ANY_TYPE, Attachment};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use storage::objects::ObjectError;

/// What stands in `filename*` as it is (RFC 8187).
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Whatever it is, it runs nothing and stands in no frame.
const POLICY: &str = "default-src 'none'; frame-ancestors 'none'; sandbox";

/// The file as a download, or, where it is asked for and is a picture, to be shown on a page.
pub async fn send(app: &App, file: &Attachment, shown: bool) -> Result<Response, ObjectError> {
    let range = if file.bytes == 0 { 0..0 } else { 0..file.bytes };
    let bytes = app.objects.get_range(&file.object_key, range).await?;
    let shown = shown && file.is_picture();
    let kind = if shown { file.media_type.as_str() } else { ANY_TYPE };
    let name = utf8_percent_encode(&file.file_name, PLAIN);
    let disposition = format!("{}; filename*=UTF-8''{name}", if shown { "inline" } else { "attachment" });
    let mut answer = Body::from_stream(bytes).into_response();
    let text = |text: &str| HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static(""));
    for (header, value) in [
        (header::CONTENT_TYPE, text(kind)),
        (header::CONTENT_LENGTH, HeaderValue::from(file.bytes)),
        (header::CONTENT_DISPOSITION, text(&disposition)),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
    ] {
        answer.headers_mut().insert(header, value);
    }
    Ok(answer)
}
