//! How well titles match those that a person gave: ROUGE-L (Lin 2004) and, where there is a model, similarity of meaning.

use super::segments::{mean, tiou};
use domain::Span;
use serde::{Deserialize, Serialize};

/// How alike two texts are in meaning, such as the cosine of their embeddings; 1 for the same.
pub type Similarity<'a> = &'a dyn Fn(&str, &str) -> f64;

/// A stretch of a recording with its title.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Titled {
    pub span: Span,
    pub title: String,
}

/// The measures of the titles of one recording, or their mean over several.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TitleMeasures {
    /// Mean over predicted titles of the ROUGE-L F1; higher is better, 0 to 1.
    pub rouge_l: f64,
    /// Mean over predicted titles of the similarity of meaning; `None` where no model is at hand.
    pub similarity: Option<f64>,
}

/// Compares each predicted title with that of the reference segment with which its temporal IoU is best. A prediction
/// that overlaps none is worth 0, and so is no prediction at all.
pub fn measure_titles(reference: &[Titled], predicted: &[Titled], similarity: Option<Similarity>) -> TitleMeasures {
    let nothing = Titled { span: Span::new(0.0, 0.0), title: String::new() };
    let nearest = |p: &Titled| {
        let overlapping = reference.iter().map(|r| (tiou(&r.span, &p.span), r)).filter(|(tiou, _)| *tiou > 0.0);
        overlapping.max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, r)| r)
    };
    measure_pairs(predicted.iter().map(|p| (nearest(p).unwrap_or(&nothing), p)), similarity)
}

/// Compares titles pair by pair: reference, predicted.
pub(super) fn measure_pairs<'a>(
    pairs: impl Iterator<Item = (&'a Titled, &'a Titled)> + Clone,
    similarity: Option<Similarity>,
) -> TitleMeasures {
    let alike = |of: Similarity, r: &Titled, p: &Titled| if r.title.is_empty() { 0.0 } else { of(&r.title, &p.title) };
    TitleMeasures {
        rouge_l: mean(pairs.clone().map(|(r, p)| rouge_l(&r.title, &p.title))),
        similarity: similarity.map(|of| mean(pairs.map(|(r, p)| alike(of, r, p)))),
    }
}

/// The mean of each measure; similarity where every recording has one.
pub fn average_titles(all: &[TitleMeasures]) -> TitleMeasures {
    let similar: Option<Vec<f64>> = all.iter().map(|m| m.similarity).collect();
    TitleMeasures {
        rouge_l: mean(all.iter().map(|m| m.rouge_l)),
        similarity: similar.filter(|s| !s.is_empty()).map(mean),
    }
}

/// ROUGE-L F1 (Lin 2004, with equal weight of precision and recall) of two texts, 0 to 1: the longest common
/// subsequence of their lower-cased words. Words are runs of letters and digits and are not stemmed, so that "filter"
/// and "filters" differ; this is the default of the `rouge-score` package.
pub fn rouge_l(reference: &str, predicted: &str) -> f64 {
    let (r, p) = (words(reference), words(predicted));
    let common = longest_common_subsequence(&r, &p);
    if common == 0 { 0.0 } else { 2.0 * common as f64 / (r.len() + p.len()) as f64 }
}

fn words(text: &str) -> Vec<String> {
    let lower = text.to_lowercase();
    lower.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).map(str::to_owned).collect()
}

fn longest_common_subsequence(a: &[String], b: &[String]) -> usize {
    let mut row = vec![0; b.len() + 1];
    for x in a {
        let mut diagonal = 0;
        for (j, y) in b.iter().enumerate() {
            let above = row[j + 1];
            row[j + 1] = if x == y { diagonal + 1 } else { above.max(row[j]) };
            diagonal = above;
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The expected numbers are those of the `rouge-score` 0.1.2 package (`rougeL`, no stemmer).
    #[test]
    fn rouge_l_is_that_of_the_literature() {
        let check = |a: &str, b: &str, expected: f64| {
            assert!((rouge_l(a, b) - expected).abs() < 1e-9, "{a:?} {b:?} {}", rouge_l(a, b));
        };
        check("Replace the inlet filter", "Replace the filter", 6.0 / 7.0);
        check("police killed the gunman", "the gunman killed police", 0.5);
        check("Clean filters", "clean the filter", 0.4);
        check("Re-check, then close", "re check", 2.0 / 3.0);
        check("Set-up", "", 0.0);
        check("", "", 0.0);
    }

    fn titled(of: &[(f64, f64, &str)]) -> Vec<Titled> {
        of.iter().map(|(a, b, t)| Titled { span: Span::new(*a, *b), title: (*t).into() }).collect()
    }

    #[test]
    fn a_title_is_held_against_that_of_the_segment_it_fits_best() {
        let reference = titled(&[(0.0, 60.0, "Drain the tank"), (60.0, 100.0, "Close the valve")]);
        let predicted =
            titled(&[(0.0, 70.0, "Drain the tank"), (70.0, 100.0, "Drain the tank"), (200.0, 210.0, "Drain")]);
        let same = |a: &str, b: &str| f64::from(u8::from(a == b));
        let m = measure_titles(&reference, &predicted, Some(&same));
        assert!((m.rouge_l - (1.0 + 1.0 / 3.0) / 3.0).abs() < 1e-9, "{m:?}");
        assert_eq!(m.similarity, Some(1.0 / 3.0));
        assert_eq!(measure_titles(&reference, &[], None), TitleMeasures::default());
    }
}
