//! `/api/v1/sessions/{session}/utterances`: what a device heard while the session ran.

use super::{
    input::{Id, Input},
    words,
};
use crate::{
    App,
    auth::device::Caller,
    problem::{Problem, ProblemDetails},
};
use axum::{Json, extract::State};
use domain::{
    SessionId,
    utterance::{Speaker, Utterance, Word},
};
use garde::Validate;
use serde::{Deserialize, Serialize};
use storage::db::recordings::UtteranceOrigin;
use utoipa::ToSchema;

/// No recording is longer.
const MAX_SECONDS: f64 = 100.0 * 3600.0;

/// Speech, at most a thousand pieces a call.
#[derive(Deserialize, Validate, ToSchema)]
pub struct Utterances {
    #[garde(length(min = 1, max = 1000), dive)]
    #[schema(min_items = 1, max_items = 1000)]
    utterances: Vec<NewUtterance>,
}

/// One piece of speech.
#[derive(Deserialize, Validate, ToSchema)]
pub struct NewUtterance {
    /// Counts up in the session; what was sent under a number before stays as it was.
    #[garde(range(max = 10_000_000))]
    #[schema(maximum = 10_000_000)]
    number: u32,
    #[garde(skip)]
    #[serde(default)]
    #[schema(schema_with = words::word::<Speaker>)]
    speaker: Speaker,
    /// Seconds from the start of the recording.
    #[garde(range(min = 0.0, max = MAX_SECONDS))]
    #[schema(minimum = 0, maximum = 360_000)]
    start_seconds: f64,
    /// Seconds from the start of the recording.
    #[garde(range(min = 0.0, max = MAX_SECONDS), custom(not_before(self.start_seconds)))]
    #[schema(minimum = 0, maximum = 360_000)]
    end_seconds: f64,
    #[garde(length(chars, min = 1, max = 5000))]
    #[schema(min_length = 1, max_length = 5000)]
    text: String,
    /// Probability that the text is right.
    #[garde(inner(range(min = 0.0, max = 1.0)))]
    #[schema(minimum = 0, maximum = 1)]
    confidence: Option<f32>,
    /// Where each word stands, if that is known.
    #[garde(length(max = 2000), dive)]
    #[serde(default)]
    #[schema(max_items = 2000)]
    words: Vec<NewWord>,
}

/// One word of an utterance.
#[derive(Deserialize, Validate, ToSchema)]
pub struct NewWord {
    #[garde(length(chars, min = 1, max = 200))]
    #[schema(min_length = 1, max_length = 200)]
    text: String,
    /// Seconds from the start of the recording.
    #[garde(range(min = 0.0, max = MAX_SECONDS))]
    #[schema(minimum = 0, maximum = 360_000)]
    start_seconds: f64,
    /// Seconds from the start of the recording.
    #[garde(range(min = 0.0, max = MAX_SECONDS), custom(not_before(self.start_seconds)))]
    #[schema(minimum = 0, maximum = 360_000)]
    end_seconds: f64,
    /// Probability that the word was said.
    #[garde(inner(range(min = 0.0, max = 1.0)))]
    #[schema(minimum = 0, maximum = 1)]
    confidence: Option<f32>,
}

/// How much speech a session has.
#[derive(Serialize, ToSchema)]
pub struct UtteranceCount {
    /// Utterances that the device has sent so far and that are kept.
    utterances: u64,
    /// How many of these were not kept, as they lie in a stretch that was deleted.
    left_out: u64,
}

/// Adds speech that the device recognised itself. Sending a number again does no harm.
#[utoipa::path(
    post, path = "/api/v1/sessions/{session}/utterances", tag = "sessions",
    params(("session" = Uuid, Path)),
    request_body = Utterances,
    responses(
        (status = 200, body = UtteranceCount),
        (status = 404, description = "No such session for this device", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 422, description = "A field was refused", body = ProblemDetails, content_type = "application/problem+json")
    )
)]
pub async fn add(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<SessionId>,
    Input(spoken): Input<Utterances>,
) -> Result<Json<UtteranceCount>, Problem> {
    let session = caller.session(&app, id).await?;
    let spoken: Vec<_> = spoken.utterances.into_iter().map(|u| (u.number, u.into())).collect();
    let added = app.db.add_utterances(session.tenant_id, session.id, UtteranceOrigin::Device, &spoken).await?;
    Ok(Json(UtteranceCount { utterances: added.utterances, left_out: added.left_out }))
}

fn not_before(start: f64) -> impl FnOnce(&f64, &()) -> garde::Result {
    move |end, ()| if *end >= start { Ok(()) } else { Err(garde::Error::new("ends before it starts")) }
}

impl From<NewUtterance> for Utterance {
    fn from(new: NewUtterance) -> Self {
        let words = new.words.into_iter();
        Self {
            speaker: new.speaker,
            start: new.start_seconds,
            end: new.end_seconds,
            text: new.text,
            confidence: new.confidence.unwrap_or(1.0),
            words: words
                .map(|w| Word {
                    text: w.text,
                    start: w.start_seconds,
                    end: w.end_seconds,
                    confidence: w.confidence.unwrap_or(1.0),
                })
                .collect(),
        }
    }
}
