//! whisper.cpp itself: a loaded model that turns a window of sound into words.

use crate::{
    sound,
    speech::vocabulary::{is_echo, words as plain_words},
};
use domain::{Span, utterance::Word};
use std::{
    path::Path,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};
use whisper_rs::{
    FullParams, SamplingStrategy, WhisperContext, WhisperContextParameters, WhisperSegment, WhisperState, get_lang_str,
};

/// Tokens of the prompt; whisper looks at 224 at most, and at the last ones.
const PROMPT: usize = 200;

/// A loaded model.
pub struct Engine {
    context: WhisperContext,
    threads: usize,
    /// Windows that are worked on at the same time.
    at_once: usize,
    language: Option<String>,
    /// Terms that are likely to be said, the most important last, as they fit into the prompt.
    terms: Vec<String>,
    prompt: Vec<i32>,
}

/// What is done with the words of a window, given by its number.
pub type Answer<'a> = &'a (dyn Fn(usize, Vec<Word>) -> Result<(), String> + Sync);

impl Engine {
    /// Loads a model file. A malformed one may abort the process. `vocabulary`: terms that are likely to be said, the
    /// most important first.
    pub fn load(
        model: &Path,
        threads: usize,
        at_once: usize,
        language: Option<String>,
        vocabulary: &[String],
    ) -> Result<Self, String> {
        let refused = |error| format!("the speech model {} cannot be loaded: {error}", model.display());
        let context = WhisperContext::new_with_params(model, WhisperContextParameters::default()).map_err(refused)?;
        // An English-only model knows no other language.
        let language = if context.is_multilingual() { language } else { Some("en".into()) };
        let (terms, prompt) = prompt(&context, vocabulary);
        Ok(Self { context, threads, at_once: at_once.clamp(1, threads.max(1)), language, terms, prompt })
    }

    /// Listens to every window of `sound` (each: pieces in seconds, at most 30 s together), several at the same time,
    /// and answers each as soon as it is done. The language is told once, from the first window.
    pub fn listen(&mut self, sound: &Path, windows: &[Vec<Span>], answer: Answer<'_>) -> Result<(), String> {
        let mut first = 0;
        if self.language.is_none() && !windows.is_empty() {
            let mut state = self.state()?;
            answer(0, self.window(&mut state, self.threads, sound, &windows[0])?)?;
            self.language = get_lang_str(state.full_lang_id_from_state()).map(str::to_owned);
            first = 1;
        }
        let next = AtomicUsize::new(first);
        let trouble = Mutex::new(None);
        let at_once = self.at_once.min(windows.len() - first);
        let this = &*self;
        let work = |threads: usize| -> Result<(), String> {
            let mut state = this.state()?;
            while let Some((number, pieces)) = windows.iter().enumerate().nth(next.fetch_add(1, Ordering::Relaxed)) {
                answer(number, this.window(&mut state, threads, sound, pieces)?)?;
            }
            Ok(())
        };
        std::thread::scope(|scope| {
            for worker in 0..at_once {
                // What does not divide goes to the first ones.
                let threads = self.threads / at_once + usize::from(worker < self.threads % at_once);
                let (work, next, trouble) = (&work, &next, &trouble);
                scope.spawn(move || {
                    if let Err(error) = work(threads) {
                        next.store(usize::MAX / 2, Ordering::Relaxed);
                        trouble.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
                    }
                });
            }
        });
        trouble.into_inner().unwrap_or_else(PoisonError::into_inner).map_or(Ok(()), Err)
    }

    fn state(&self) -> Result<WhisperState, String> {
        self.context.create_state().map_err(|error| format!("whisper cannot start: {error}"))
    }

    fn window(
        &self,
        state: &mut WhisperState,
        threads: usize,
        sound: &Path,
        pieces: &[Span],
    ) -> Result<Vec<Word>, String> {
        let samples = samples(sound, pieces)?;
        let language = self.language.as_deref().unwrap_or("auto");
        let mut parameters = FullParams::new(SamplingStrategy::Greedy { best_of: 1 });
        parameters.set_n_threads(threads.clamp(1, 64) as i32);
        parameters.set_language(Some(language));
        parameters.set_token_timestamps(true);
        // Text of the window before would be repeated where the sound is unclear.
        parameters.set_no_context(true);
        if !self.prompt.is_empty() {
            parameters.set_tokens(&self.prompt);
        }
        parameters.set_suppress_nst(true);
        parameters.set_print_progress(false);
        parameters.set_print_realtime(false);
        parameters.set_print_timestamps(false);
        parameters.set_print_special(false);
        state.full(parameters, &samples).map_err(|error| format!("whisper gave up: {error}"))?;
        let end_of_text = self.context.token_eot();
        let segments = state.as_iter().map(|segment| words(&segment, end_of_text, pieces));
        Ok(segments.filter(|words| !self.is_echo(words)).flatten().collect())
    }

    fn is_echo(&self, words: &[Word]) -> bool {
        let said: Vec<&str> = words.iter().map(|word| word.text.as_str()).collect();
        is_echo(&said.join(" "), &self.terms)
    }
}

/// The terms that fit, the most important last, as whisper looks back the least far for those; and their tokens.
fn prompt(context: &WhisperContext, vocabulary: &[String]) -> (Vec<String>, Vec<i32>) {
    let tokens = |text: &str| context.tokenize(text, 4 * PROMPT).unwrap_or_default();
    let mut free = PROMPT;
    let mut terms = Vec::new();
    for term in vocabulary.iter().filter(|term| plain_words(term).next().is_some()) {
        let length = tokens(&format!(" {term},")).len();
        if length > free {
            break;
        }
        free -= length;
        terms.push(term.clone());
    }
    terms.reverse();
    let text = if terms.is_empty() { String::new() } else { format!(" {}.", terms.join(", ")) };
    let prompt = tokens(&text);
    (terms, prompt)
}

/// Samples between -1 and 1; never fewer than a second, below which whisper answers nothing.
fn samples(path: &Path, pieces: &[Span]) -> Result<Vec<f32>, String> {
    let mut samples = Vec::with_capacity(30 * sound::RATE);
    for piece in pieces {
        let read = sound::read(path, *piece).map_err(|error| format!("{} cannot be read: {error}", path.display()))?;
        samples.extend(read.into_iter().map(|sample| f32::from(sample) / 32768.0));
    }
    samples.resize(samples.len().max(sound::RATE * 11 / 10), 0.0);
    Ok(samples)
}

/// Tokens are pieces of words: one that begins with a space begins a word. A word is as sure as its tokens are on
/// (geometric) average. Remarks such as `[BLANK_AUDIO]` and `(music)` are nobody's words.
fn words(segment: &WhisperSegment<'_>, end_of_text: i32, pieces: &[Span]) -> Vec<Word> {
    struct Draft {
        text: Vec<u8>,
        from: i64,
        to: i64,
        log_probability: f32,
        tokens: f32,
    }
    let mut drafts: Vec<Draft> = Vec::new();
    for token in (0..segment.n_tokens()).filter_map(|i| segment.get_token(i)) {
        let data = token.token_data();
        let Ok(text) = token.to_bytes() else { continue };
        if data.id >= end_of_text || text.is_empty() {
            continue;
        }
        if text.starts_with(b" ") || drafts.is_empty() {
            drafts.push(Draft { text: Vec::new(), from: data.t0, to: data.t1, log_probability: 0.0, tokens: 0.0 });
        }
        let Some(draft) = drafts.last_mut() else { continue };
        draft.text.extend_from_slice(text);
        draft.to = draft.to.max(data.t1);
        draft.log_probability += data.p.max(1e-6).ln();
        draft.tokens += 1.0;
    }
    let mut in_remark = false;
    let mut words = Vec::new();
    for draft in drafts {
        let text = String::from_utf8_lossy(&draft.text).trim().to_owned();
        in_remark |= text.starts_with(['[', '(', '♪', '*']);
        if !in_remark && !text.is_empty() {
            // Times of tokens are a guess by loudness and may leave their segment, whose times the model itself gives.
            let segment = |at: i64| at.max(segment.start_timestamp()).min(segment.end_timestamp());
            let (start, end) = place(segment(draft.from), segment(draft.to), pieces);
            let confidence = (draft.log_probability / draft.tokens).exp().clamp(0.0, 1.0);
            words.push(Word { text, start, end, confidence });
        } else if text.trim_end_matches(['.', ',']).ends_with([']', ')', '♪', '*']) {
            in_remark = false;
        }
    }
    words
}

/// From hundredths of a second of the window to seconds of the sound. A word belongs to the piece it begins in.
fn place(from: i64, to: i64, pieces: &[Span]) -> (f64, f64) {
    let (from, to) = (from.max(0) as f64 / 100.0, to.max(from) as f64 / 100.0);
    let mut before = 0.0;
    let mut place = (0.0, 0.0);
    for piece in pieces {
        let at = |seconds: f64| (piece.start + seconds - before).clamp(piece.start, piece.end);
        place = (at(from), at(to));
        if from < before + piece.duration() {
            break;
        }
        before += piece.duration();
    }
    place
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_in_a_window_of_many_pieces_become_times_of_the_sound() {
        let pieces = [Span::new(10.0, 12.0), Span::new(60.0, 65.0)];
        assert_eq!(place(50, 100, &pieces), (10.5, 11.0));
        assert_eq!(place(150, 260, &pieces), (11.5, 12.0), "a word does not reach into the next piece");
        assert_eq!(place(300, 350, &pieces), (61.0, 61.5));
        assert_eq!(place(2900, 3000, &pieces), (65.0, 65.0), "after the last piece");
    }
}
