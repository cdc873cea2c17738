//! Baselines: what the literature does with words alone, to measure the built-in extraction against. They are never
//! used on a user's recording. The number of segments is found, not given; all share the terms and stems of the rest.

pub mod c99;
mod depth;
pub mod equal;
mod lexicon;
pub mod texttiling;
pub mod tfidf;

use domain::{
    Span,
    utterance::{Transcript, Utterance},
};

/// A baseline with its parameters; the defaults are those of the papers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Baseline {
    /// Parts of equal length.
    Equal(equal::Parameters),
    /// TextTiling (Hearst 1997).
    TextTiling(texttiling::Parameters),
    /// C99 (Choi 2000).
    C99(c99::Parameters),
    /// TF-IDF block similarity with a depth threshold.
    TfIdf(tfidf::Parameters),
}

impl Baseline {
    /// The names by which [`Baseline::named`] knows them.
    pub const NAMES: [&str; 4] = ["equal", "texttiling", "c99", "tfidf"];

    /// The baseline of that name, with its default parameters.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "equal" => Some(Self::Equal(Default::default())),
            "texttiling" => Some(Self::TextTiling(Default::default())),
            "c99" => Some(Self::C99(Default::default())),
            "tfidf" => Some(Self::TfIdf(Default::default())),
            _ => None,
        }
    }

    /// The segments of a recording of `duration_seconds`: in order, without gaps, from its start to its end.
    /// Utterances must be ordered by start. Empty for a recording without length.
    pub fn segment(&self, transcript: &Transcript, duration_seconds: f64) -> Vec<Span> {
        let said = &transcript.utterances;
        let cuts = match self {
            Self::Equal(parameters) => equal::cuts(duration_seconds, parameters),
            Self::TextTiling(parameters) => at_starts(said, &texttiling::cuts(said, parameters)),
            Self::C99(parameters) => at_starts(said, &c99::cuts(said, parameters)),
            Self::TfIdf(parameters) => at_starts(said, &tfidf::cuts(said, parameters)),
        };
        let inside = cuts.into_iter().filter(|cut| *cut > 0.0 && *cut < duration_seconds);
        let mut edges: Vec<f64> = [0.0].into_iter().chain(inside).chain([duration_seconds]).collect();
        edges.dedup();
        edges.windows(2).map(|w| Span::new(w[0], w[1])).filter(|s| s.duration() > 0.0).collect()
    }
}

/// Where the utterances of these indices start, in seconds.
fn at_starts(said: &[Utterance], cuts: &[usize]) -> Vec<f64> {
    cuts.iter().map(|cut| said[*cut].start).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;
    use proptest::prelude::*;

    /// Three topics of twenty utterances, 5 s each, each topic with words of its own.
    fn three_topics() -> Transcript {
        const TOPICS: [[&str; 6]; 3] = [
            ["boiler", "burner", "flue", "thermostat", "gas", "igniter"],
            ["wheel", "bearing", "axle", "hub", "brake", "caliper"],
            ["keyboard", "screen", "password", "browser", "server", "cable"],
        ];
        let text = |i: usize| {
            let topic = TOPICS[i / 20];
            let word = |k: usize| topic[(i * 5 + k * k) % 6];
            format!("The {} and the {} touch the {} beside a {}.", word(0), word(1), word(2), word(3))
        };
        let lines: Vec<(f64, String)> = (0..60).map(|i| (i as f64 * 5.0, text(i))).collect();
        samples::transcript(&lines.iter().map(|(at, text)| (*at, text.as_str())).collect::<Vec<_>>())
    }

    #[test]
    fn each_lexical_baseline_finds_where_the_words_change() {
        for name in ["texttiling", "c99", "tfidf"] {
            let found = Baseline::named(name).unwrap().segment(&three_topics(), 300.0);
            for expected in [100.0, 200.0] {
                let near = found.iter().any(|s| (s.start - expected).abs() <= 10.0);
                assert!(near, "{name} misses {expected}: {found:?}");
            }
            assert!(found.len() <= 7, "{name}: {found:?}");
        }
    }

    #[test]
    fn equal_parts_are_equal_but_for_the_last() {
        let parts = Baseline::named("equal").unwrap().segment(&Transcript::silent(), 480.0);
        assert_eq!(parts, [(0.0, 150.0), (150.0, 300.0), (300.0, 450.0), (450.0, 480.0)].map(|(a, b)| Span::new(a, b)));
    }

    proptest! {
        #[test]
        fn segments_cover_any_recording(
            said in prop::collection::vec((0.0..500f64, "[a-z]{0,5}( [a-z]{1,4}){0,30}"), 0..60), duration in 0.0..600f64
        ) {
            let mut said: Vec<(f64, &str)> = said.iter().map(|(at, text)| (*at, text.as_str())).collect();
            said.sort_by(|a, b| a.0.total_cmp(&b.0));
            let transcript = samples::transcript(&said);
            for name in Baseline::NAMES {
                let found = Baseline::named(name).unwrap().segment(&transcript, duration);
                prop_assert!(found.windows(2).all(|w| w[0].end == w[1].start), "{name} {found:?}");
                if duration > 0.0 {
                    prop_assert_eq!((found[0].start, found.last().map(|s| s.end)), (0.0, Some(duration)));
                }
            }
        }
    }
}
