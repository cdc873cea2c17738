//! From words to utterances: words outside of the voiced stretches are dropped, the rest is grouped by pauses.

use domain::{
    Span,
    utterance::{Speaker, Utterance, Word},
};

/// Seconds of silence that end an utterance.
const PAUSE: f64 = 0.6;
/// Seconds after which an utterance is ended at the next word.
const LONGEST: f64 = 12.0;
/// Seconds after which a full stop ends an utterance.
const SENTENCE: f64 = 1.0;

/// Utterances of `words`, which are put in order; `confidence` tells how sure a run of words is, 0 to 1. A word whose
/// middle lies outside of every voiced span is dropped: nothing is said where nobody speaks. `voiced` is ordered.
pub fn utterances(mut words: Vec<Word>, voiced: &[Span], confidence: fn(&[Word]) -> f32) -> Vec<Utterance> {
    words.retain(|word| !word.text.is_empty() && is_voiced((word.start + word.end) / 2.0, voiced));
    words.sort_by(|a, b| a.start.total_cmp(&b.start));
    let mut utterances: Vec<Utterance> = Vec::new();
    for word in words {
        match utterances.last_mut() {
            Some(last) if !ends(last, &word) => append(last, word),
            _ => utterances.push(begin(word)),
        }
    }
    for utterance in &mut utterances {
        utterance.confidence = confidence(&utterance.words);
    }
    utterances
}

fn ends(utterance: &Utterance, next: &Word) -> bool {
    let length = next.start - utterance.start;
    let sentence = utterance.text.ends_with(['.', '?', '!']);
    next.start - utterance.end > PAUSE || next.end - utterance.start > LONGEST || (sentence && length >= SENTENCE)
}

fn append(utterance: &mut Utterance, word: Word) {
    utterance.text.push(' ');
    utterance.text.push_str(&word.text);
    utterance.end = utterance.end.max(word.end);
    utterance.words.push(word);
}

fn begin(word: Word) -> Utterance {
    Utterance {
        speaker: Speaker::Engineer,
        start: word.start,
        end: word.end,
        text: word.text.clone(),
        confidence: word.confidence,
        words: vec![word],
    }
}

fn is_voiced(at: f64, voiced: &[Span]) -> bool {
    let before = voiced.partition_point(|span| span.start <= at);
    before > 0 && at <= voiced[before - 1].end
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(text: &str, start: f64, end: f64) -> Word {
        Word { text: text.into(), start, end, confidence: 0.5 }
    }

    fn texts(words: Vec<Word>, voiced: &[Span]) -> Vec<String> {
        utterances(words, voiced, |_| 1.0).into_iter().map(|utterance| utterance.text).collect()
    }

    #[test]
    fn a_pause_a_full_stop_and_a_long_stretch_end_an_utterance() {
        let everywhere = [Span::new(0.0, 100.0)];
        let words = vec![
            word("Open", 0.0, 0.5),
            word("it.", 0.6, 1.2),
            word("Then", 1.3, 1.5),
            word("wait", 1.6, 2.0),
            word("here", 2.7, 3.0),
        ];
        assert_eq!(texts(words, &everywhere), ["Open it.", "Then wait", "here"]);

        let endless = (0..40).map(|i| word("on", i as f64 * 0.5, i as f64 * 0.5 + 0.4)).collect();
        let utterances = utterances(endless, &everywhere, |_| 1.0);
        assert_eq!(utterances.iter().map(|utterance| utterance.words.len()).sum::<usize>(), 40);
        assert!(utterances.iter().all(|utterance| utterance.end - utterance.start <= LONGEST), "{utterances:?}");
    }

    #[test]
    fn words_where_nobody_speaks_are_dropped() {
        let voiced = [Span::new(1.0, 2.0), Span::new(5.0, 6.0)];
        let words =
            vec![word("ghost", 0.0, 0.9), word("real", 1.0, 1.4), word("ghost", 3.0, 3.5), word("too", 5.9, 6.1)];
        assert_eq!(texts(words, &voiced), ["real", "too"]);
    }
}
