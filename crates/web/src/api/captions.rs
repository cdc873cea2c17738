//! `/api/v1/sessions/{session}/captions`: a transcript that comes beside the recording.

use super::input::{Id, bytes};
use crate::{
    App,
    auth::device::Caller,
    problem::{Problem, ProblemDetails},
};
use axum::{
    extract::{Request, State},
    http::StatusCode,
};
use bytes::Bytes;
use domain::{SessionId, captions, recording::Keys};
use storage::removal::remove_words;
use utoipa::ToSchema;

/// Largest caption text that is taken, in bytes.
const LARGEST: usize = 4 << 20;

/// WebVTT or SRT.
#[derive(ToSchema)]
#[schema(value_type = String, pattern = "^(\\s*WEBVTT[^\\u0000]*|[^\\u0000]*-->[^\\u0000]*)$")]
#[allow(dead_code, reason = "the body is read as bytes")]
struct Text(String);

/// Keeps captions, WebVTT or SRT in UTF-8, at most 4 MiB; they are used instead of speech recognition. Sent again, they
/// replace the ones before. Send them before the recording's last byte. What was said in a stretch that was deleted is left
/// out.
#[utoipa::path(
    put, path = "/api/v1/sessions/{session}/captions", tag = "sessions",
    params(("session" = Uuid, Path)),
    request_body(content = inline(Text), content_type = "text/vtt", description = "WebVTT or SRT"),
    responses(
        (status = 204, description = "Kept"),
        (status = 404, description = "No such session for this device", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 413, description = "More than 4 MiB", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 422, description = "Neither WebVTT nor SRT", body = ProblemDetails, content_type = "application/problem+json")
    )
)]
pub async fn put(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<SessionId>,
    request: Request,
) -> Result<StatusCode, Problem> {
    let session = caller.session(&app, id).await?;
    let body = bytes(request, LARGEST).await?;
    if let Some(wrong) = wrong(&body) {
        return Err(Problem::invalid(wrong));
    }
    let (tenant, session) = (session.tenant_id, session.id);
    let deleted = app.db.deleted_spans(tenant, session).await?;
    let key = Keys { tenant, session }.uploaded_captions();
    let text = String::from_utf8_lossy(&body);
    let (kept, left_out) = captions::without(&text, &deleted);
    let kept = if left_out > 0 { Bytes::from(kept.into_owned()) } else { body.clone() };
    app.objects.put(&key, kept).await?;
    // Of a stretch that was deleted meanwhile, and once nothing of the recording is left.
    remove_words(&app.db, &app.objects, tenant, session).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What is obviously wrong with captions. The pipeline reads them for good.
fn wrong(body: &[u8]) -> Option<&'static str> {
    let Ok(text) = std::str::from_utf8(body) else {
        return Some("the captions are not UTF-8 text; convert them and send again");
    };
    if text.contains('\0') {
        return Some("the captions hold zero bytes, so they are no text; send WebVTT or SRT");
    }
    let is_captions = text.trim_start_matches('\u{feff}').trim_start().starts_with("WEBVTT") || text.contains("-->");
    (!is_captions).then_some("the body is neither WebVTT nor SRT: no line holds `start --> end`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_captions_and_nothing_else() {
        for good in ["WEBVTT\n", "\u{feff}WEBVTT\n\n00:01.000 --> 00:02.000\nhi", "1\n00:00:01,0 --> 00:00:02,0\nhi\n"]
        {
            assert_eq!(wrong(good.as_bytes()), None, "{good:?}");
        }
        for bad in [&b""[..], b"{\"a\": 1}", b"\xff\xfe1\0 \0-\0-\0>\0", b"1 --> 2\0"] {
            assert!(wrong(bad).is_some(), "{bad:?}");
        }
    }
}
