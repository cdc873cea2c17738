//! whisper.cpp itself: a loaded model that turns a window of sound into words.

use crate::sound;
use domain::{Span, utterance::Word};
use std::path::Path;
use whisper_rs::{
    FullParams, SamplingStrategy, WhisperContext, WhisperContextParameters, WhisperSegment, WhisperState, get_lang_str,
};

/// A loaded model.
pub struct Engine {
    context: WhisperContext,
    state: WhisperState,
    threads: usize,
    language: Option<String>,
}

impl Engine {
    /// Loads a model file. A malformed one may abort the process.
    pub fn load(model: &Path, threads: usize, language: Option<String>) -> Result<Self, String> {
        let refused = |error| format!("the speech model {} cannot be loaded: {error}", model.display());
        let context = WhisperContext::new_with_params(model, WhisperContextParameters::default()).map_err(refused)?;
        let state = context.create_state().map_err(refused)?;
        // An English-only model knows no other language.
        let language = if context.is_multilingual() { language } else { Some("en".into()) };
        Ok(Self { context, state, threads, language })
    }

    /// The words in `pieces` (seconds of the raw file `sound`), listened to as one stretch of at most 30 s.
    pub fn window(&mut self, sound: &Path, pieces: &[Span]) -> Result<Vec<Word>, String> {
        let samples = samples(sound, pieces)?;
        let language = self.language.clone().unwrap_or_else(|| "auto".into());
        let mut parameters = FullParams::new(SamplingStrategy::Greedy { best_of: 1 });
        parameters.set_n_threads(self.threads.clamp(1, 64) as i32);
        parameters.set_language(Some(&language));
        parameters.set_token_timestamps(true);
        // Text of the window before would be repeated where the sound is unclear.
        parameters.set_no_context(true);
        parameters.set_suppress_nst(true);
        parameters.set_print_progress(false);
        parameters.set_print_realtime(false);
        parameters.set_print_timestamps(false);
        parameters.set_print_special(false);
        self.state.full(parameters, &samples).map_err(|error| format!("whisper gave up: {error}"))?;
        if self.language.is_none() {
            self.language = get_lang_str(self.state.full_lang_id_from_state()).map(str::to_owned);
        }
        let end_of_text = self.context.token_eot();
        Ok(self.state.as_iter().flat_map(|segment| words(&segment, end_of_text, pieces)).collect())
    }
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
