//! The language model, where one is configured: asked once, while naming, about a recording that the built-in
//! extraction has already understood. Whatever goes wrong, the built-in result stands, and the session says so.

use super::{name::Named, receive::Received};
use crate::{Kit, StepError, Target};
use domain::{
    Span, language::LanguageUse, procedure::ProcedureDraft, score::ScoreCard, signals::Signals, utterance::Transcript,
};
use extraction::{
    Options, Segment,
    proposal::{self, Answer, Taken},
};
use inference::language::{Language, LanguageError, Question, Usage};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use tokio::time::Instant;

/// What a session says whose recording is longer than a model is asked about.
const TOO_LONG: &str = "The recording is too long for the language model; the built-in result stands.";
/// What a session says whose server counted tokens that there cannot be.
const DOUBTFUL: &str = "The language model's server counted tokens that there cannot be; what is told of them is the \
    most there can be.";
/// Frames that are sent with one window, at most.
const MOST_PICTURES: usize = 8;
/// Their height in pixels.
const PICTURE_HEIGHT: u32 = 240;

/// What came of asking; part of the result of naming, so that a crash does not ask again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Consulted {
    /// The model.
    pub model: String,
    /// What it said, unchecked; empty where anything failed.
    pub answers: Vec<Answer>,
    /// Why there are no answers, as the session says it.
    pub failure: Option<String>,
    /// The model's summary, where it may stand.
    pub summary: Option<String>,
    /// What of the answers was taken.
    pub taken: Taken,
    /// Whether the server counted tokens that there cannot be.
    #[serde(default)]
    pub doubtful_usage: bool,
}

/// Frames for the windows of a recording, by the number of the window, each with the words that say what it is.
pub type Pictures = BTreeMap<usize, Vec<(String, Vec<u8>)>>;

/// What a model is asked about.
pub type Known<'a> = (&'a Transcript, &'a Signals, &'a Options);

/// What makes an answer another one, for the same recording.
pub(crate) fn identity(kit: &Kit) -> Option<(&str, &str, bool)> {
    let settings = kit.language.as_ref()?.settings();
    Some((&settings.endpoint, &settings.model, settings.send_pictures))
}

/// Asks about one session and merges, and writes down what that cost.
pub(crate) async fn consult(
    kit: &Kit,
    target: Target,
    language: &Language,
    received: &Received,
    (segments, drafts): (&[Segment], Vec<ProcedureDraft>),
    known: Known<'_>,
) -> Result<Named, StepError> {
    let windows = proposal::windows(known.0, known.1.duration_seconds).unwrap_or_default();
    let pictures = match language.settings().send_pictures {
        true => pictures(kit, received, &windows, segments).await?,
        false => Pictures::new(),
    };
    let mut usage = Usage::default();
    let named = refine(language, pictures, (segments, drafts), known, &mut usage).await;
    if usage.requests > 0 {
        let new = LanguageUse {
            model: language.settings().model.clone(),
            requests: usage.requests,
            input_tokens: usage.input_tokens,
            output_tokens: usage.output_tokens,
            cost: language.cost(&usage),
            note: None,
        };
        kit.db.add_language_use(target.tenant, target.session, &new, kit.clock.now()).await?;
    }
    Ok(named)
}

/// The built-in procedures with what of the model's answer can be believed. What it costs is added to `usage`.
pub async fn refine(
    language: &Language,
    pictures: Pictures,
    (segments, drafts): (&[Segment], Vec<ProcedureDraft>),
    known: Known<'_>,
    usage: &mut Usage,
) -> Named {
    let mut consulted = ask(language, pictures, segments, known, usage).await;
    if consulted.failure.is_some() {
        return Named { drafts, language: Some(consulted) };
    }
    let merged = proposal::merge(&consulted.answers, segments, known.0, known.1, known.2);
    (consulted.summary, consulted.taken) = (merged.summary, merged.taken);
    Named { drafts: merged.drafts, language: Some(consulted) }
}

/// Asks about every window, one after the other, until all are answered or one is not.
async fn ask(
    language: &Language,
    mut pictures: Pictures,
    built_in: &[Segment],
    (transcript, signals, options): Known<'_>,
    usage: &mut Usage,
) -> Consulted {
    let windows = proposal::windows(transcript, signals.duration_seconds);
    let schema = proposal::schema();
    let deadline = Instant::now() + language.settings().timeout;
    let mut consulted = Consulted {
        model: language.settings().model.clone(),
        answers: Vec::new(),
        failure: windows.is_none().then(|| TOO_LONG.to_owned()),
        summary: None,
        taken: Taken::default(),
        doubtful_usage: false,
    };
    for (i, window) in windows.into_iter().flatten().enumerate() {
        let question = Question {
            instructions: proposal::INSTRUCTIONS,
            material: proposal::material(&window, transcript, signals, built_in, options),
            pictures: pictures.remove(&i).unwrap_or_default(),
            schema: &schema,
        };
        let answered = language.ask(&question, deadline, usage).await;
        match answered.and_then(|text| proposal::read(&text).map_err(LanguageError::Malformed)) {
            Ok(proposal) => {
                metrics::counter!("trainar_language_answers_total", "outcome" => "answered").increment(1);
                consulted.answers.push(Answer { window, proposal });
            }
            Err(e) => {
                // Half of a session in other words than the other half helps nobody.
                metrics::counter!("trainar_language_answers_total", "outcome" => e.reason()).increment(1);
                tracing::warn!(error = %e, model = consulted.model, "the built-in result stands");
                consulted.answers.clear();
                consulted.failure = Some(e.sentence().to_owned());
                break;
            }
        }
    }
    consulted.doubtful_usage = usage.doubtful;
    metrics::counter!("trainar_language_tokens_total", "kind" => "input").increment(usage.input_tokens);
    metrics::counter!("trainar_language_tokens_total", "kind" => "output").increment(usage.output_tokens);
    consulted
}

impl Consulted {
    /// The score card with the model's judgements, where these can be used.
    pub fn judge(&self, card: ScoreCard, transcript: &Transcript, signals: &Signals) -> ScoreCard {
        let judged = proposal::judge(&card, &self.answers, transcript, signals.duration_seconds, &self.model);
        judged.unwrap_or(card)
    }

    /// What the session says beside this score; `None` where all that the model said was taken.
    pub fn note(&self, score: &ScoreCard) -> Option<String> {
        let doubtful = self.doubtful_usage.then(|| DOUBTFUL.to_owned());
        let notes: Vec<String> = doubtful.into_iter().chain(self.left(score)).collect();
        (!notes.is_empty()).then(|| notes.join(" "))
    }

    /// What of the built-in result stands, and why.
    fn left(&self, score: &ScoreCard) -> Option<String> {
        if self.failure.is_some() {
            return self.failure.clone();
        }
        let judged = self.answers.iter().any(|a| a.proposal.criteria.iter().any(|c| c.score.is_some()));
        let taken = Taken { score: judged.then_some(score.scorer == self.model), ..self.taken };
        taken.note()
    }
}

/// Small frames at the likely boundaries of every window; what cannot be had is left out.
async fn pictures(
    kit: &Kit,
    received: &Received,
    windows: &[Span],
    built_in: &[Segment],
) -> Result<Pictures, StepError> {
    let mut found = Pictures::new();
    if received.probed.info.video.is_none() {
        return Ok(found);
    }
    let scratch = kit.scratch()?;
    let Some(file) = kit.objects.local(&received.video_key, scratch.path()).await? else { return Ok(found) };
    let path = scratch.path().join("frame.jpg");
    for (i, window) in windows.iter().enumerate() {
        let inside = built_in.iter().map(|s| s.span.start).filter(|t| *t >= window.start && *t < window.end);
        for at in inside.take(MOST_PICTURES) {
            let made = media::thumbnail(&kit.media, file.path(), at + 1.0, PICTURE_HEIGHT, &path).await;
            match made {
                Ok(()) => found
                    .entry(i)
                    .or_default()
                    .push((format!("The picture at {at:.0} seconds:"), std::fs::read(&path)?)),
                Err(e) => tracing::debug!(at, error = %e, "no frame for the language model"),
            }
        }
    }
    Ok(found)
}
