//! Evaluate: how near found procedures come to those that people marked, in place and in name.

mod marked;
mod segments;
mod titles;

pub use marked::{Marked, MarkedError, Meeting, Recording, WORDS_PER_SECOND};
pub use segments::{Measures, average, measure, tiou};
pub use titles::{Similarity, TitleMeasures, Titled, average_titles, measure_titles, rouge_l};

use crate::{Granularity, Options, Segment, baselines::Baseline, boundaries, naming, title};
use domain::{Span, procedure::ProcedureStatus};
use serde::Serialize;

/// What is measured.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Method {
    /// The built-in extraction: segments found and named, weak ones left out, as `trainar extract` prints them.
    #[default]
    BuiltIn,
    /// A baseline finds the segments, the built-in extraction names them.
    Baseline(Baseline),
    /// The marked segments are given; only their names are made.
    Given,
}

/// What one recording gave.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Evaluation {
    /// Number of segments that people marked.
    pub marked: usize,
    /// Number of segments found.
    pub found: usize,
    /// How well the segments lie.
    pub segments: Measures,
    /// How well they are named.
    pub titles: TitleMeasures,
}

impl Evaluation {
    /// The mean over recordings of each measure; the numbers of segments are sums. All zero for no recordings.
    pub fn mean(all: &[Self]) -> Self {
        Self {
            marked: all.iter().map(|e| e.marked).sum(),
            found: all.iter().map(|e| e.found).sum(),
            segments: average(&all.iter().map(|e| e.segments).collect::<Vec<_>>()),
            titles: average_titles(&all.iter().map(|e| e.titles).collect::<Vec<_>>()),
        }
    }
}

/// Runs `method` over one recording and compares with what is marked at `granularity`. `meanings` are sentence
/// embeddings, one for each utterance of the recording, or empty.
///
/// # Errors
/// [`MarkedError::NothingMarked`] where nothing is marked at that level.
pub fn evaluate(
    recording: &Recording,
    granularity: Granularity,
    method: Method,
    meanings: &[Vec<f32>],
    similarity: Option<Similarity>,
) -> Result<Evaluation, MarkedError> {
    let marked = recording.marked(granularity);
    if marked.is_empty() {
        return Err(MarkedError::NothingMarked(granularity));
    }
    let reference: Vec<Titled> = marked.iter().map(|m| Titled { span: m.span(), title: m.title.clone() }).collect();
    let found = found(recording, granularity, method, meanings);
    let spans = |of: &[Titled]| of.iter().map(|t| t.span).collect::<Vec<Span>>();
    let titles = match method {
        Method::Given => titles::measure_pairs(reference.iter().zip(&found), similarity),
        _ => measure_titles(&reference, &found, similarity),
    };
    let segments = measure(&spans(&reference), &spans(&found), recording.duration_seconds);
    Ok(Evaluation { marked: reference.len(), found: found.len(), segments, titles })
}

/// The procedures that `method` finds, with their names; `meanings` as for [`evaluate`].
pub fn found(recording: &Recording, granularity: Granularity, method: Method, meanings: &[Vec<f32>]) -> Vec<Titled> {
    let (transcript, signals) = recording.spoken().into_inputs();
    let options = Options { granularity, ..Options::default() };
    let spans = match method {
        Method::BuiltIn => {
            let segments = boundaries::segment(&transcript, &signals, &options, meanings);
            let named = naming::name(&segments, &transcript, &signals, &options).into_iter();
            let approved = named.filter(|d| d.status == ProcedureStatus::Approved);
            let titled = |d: domain::procedure::ProcedureDraft| Titled {
                span: Span::new(d.start_seconds, d.end_seconds),
                title: d.procedure_name,
            };
            return approved.map(titled).collect();
        }
        Method::Baseline(baseline) => baseline.segment(&transcript, signals.duration_seconds),
        Method::Given => recording.marked(granularity).iter().map(Marked::span).collect(),
    };
    let segments: Vec<Segment> = spans.into_iter().map(|span| Segment { span, confidence: 1.0 }).collect();
    let titles = title::titles(&segments, &transcript, &options);
    segments.iter().zip(titles).map(|(s, title)| Titled { span: s.span, title }).collect()
}
