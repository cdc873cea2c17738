//! PocketSphinx, as Debian packages it: weak, but there without a download. `pocketsphinx_batch` decodes stretches of
//! the raw sound file where they lie; as many processes as there are threads, each with its own share of the stretches.

use super::{
    Broken, Progress, SpeechError, Vocabulary,
    adaptation::{JOINT, Models},
};
use crate::{child, sound};
use domain::{
    Span,
    utterance::{Utterance, Word},
};
use std::{
    collections::VecDeque,
    io,
    path::{Path, PathBuf},
    process::Stdio,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{process::Command, task::JoinSet};

const PROGRAM: &str = "pocketsphinx_batch";
const MODEL: &str = "/usr/share/pocketsphinx/model/en-us";
/// Seconds of sound decoded as one; its memory and delay grow with the length.
const LONGEST: f64 = 15.0;
/// Seconds of sound that one process takes on; loading the model costs about as much as decoding 5 s.
const SHARE: f64 = 90.0;
/// The decoder counts in frames of 10 ms.
const FRAMES_PER_SECOND: f64 = 100.0;

/// Words with a posterior near 1 are right in 95 to 97 of 100 cases of clear speech (measured), not always.
const SUREST: f32 = 0.97;
/// Confidence below which a word or three are none.
const FAINTEST: f32 = 0.15;

/// The program and its model.
#[derive(Clone, Debug)]
pub struct Pocketsphinx {
    /// `pocketsphinx_batch` (Debian package `pocketsphinx`).
    pub program: PathBuf,
    /// Folder with `en-us`, `en-us.lm.bin` and `cmudict-en-us.dict` (Debian package `pocketsphinx-en-us`).
    pub model: PathBuf,
    /// How many processes run at the same time.
    pub threads: usize,
    /// Terms that are likely to be said; without one the general language model is used as it is.
    pub vocabulary: Vocabulary,
}

impl Pocketsphinx {
    /// PocketSphinx at `program`, or in `PATH` when absent; `None` where program or model is missing.
    pub fn find(program: Option<&Path>, threads: usize) -> Option<Self> {
        let program = match program {
            Some(program) => program.to_owned(),
            None => {
                std::env::split_paths(&std::env::var_os("PATH")?).map(|dir| dir.join(PROGRAM)).find(|p| p.is_file())?
            }
        };
        let found = Self { program, model: MODEL.into(), threads: threads.max(1), vocabulary: Vocabulary::default() };
        found.check().is_ok().then_some(found)
    }

    pub(super) fn check(&self) -> Result<(), SpeechError> {
        let exists = |path: &Path| path.metadata().map(drop);
        exists(&self.program).map_err(|source| self.not_run(source))?;
        ["en-us/mdef", "en-us.lm.bin", "cmudict-en-us.dict"]
            .iter()
            .map(|name| self.model.join(name))
            .try_for_each(|path| exists(&path).map_err(|source| SpeechError::Model { path, source }))
    }

    pub(super) async fn words(
        &self,
        sound: &Path,
        voiced: &[Span],
        progress: Progress<'_>,
    ) -> Result<Vec<Word>, Broken> {
        self.check()?;
        let unreadable = |source| SpeechError::Sound { path: sound.into(), source };
        let sound = std::path::absolute(sound).map_err(unreadable)?;
        let (path, spans) = (sound.clone(), voiced.to_vec());
        let pieces = tokio::task::spawn_blocking(move || sound::cut_long(&path, &spans, LONGEST).map(|p| (p, path)))
            .await
            .unwrap_or_else(|panic| Err(io::Error::other(panic)));
        let (pieces, sound) = pieces.and_then(|(p, path)| path.metadata().map(|_| (p, path))).map_err(unreadable)?;
        let (vocabulary, folder) = (self.vocabulary.clone(), self.model.clone());
        let models = tokio::task::spawn_blocking(move || Models::expecting(&vocabulary, &folder)).await;
        let models = Arc::new(models.map_err(|panic| self.not_run(io::Error::other(panic)))?);
        let (total, done) = (pieces.len(), Arc::new(AtomicUsize::new(0)));
        let shares = Arc::new(Mutex::new(shares(pieces)));
        let mut workers = JoinSet::new();
        for _ in 0..self.threads {
            let (sphinx, sound, shares, done) = (self.clone(), sound.clone(), shares.clone(), done.clone());
            let models = models.clone();
            workers.spawn(async move { sphinx.work(&models, &sound, &shares, &done).await });
        }
        let mut words = Vec::new();
        let mut failure = None;
        let mut clock = tokio::time::interval(Duration::from_millis(500));
        while !workers.is_empty() {
            let ended = tokio::select! {
                ended = workers.join_next() => ended,
                _ = clock.tick() => None,
            };
            match ended {
                Some(Ok((heard, result))) => {
                    words.extend(heard);
                    failure = failure.or(result.err());
                }
                Some(Err(panic)) => failure = Some(self.not_run(io::Error::other(panic))),
                None => progress(done.load(Ordering::Relaxed) as f64 / total as f64),
            }
            if failure.is_some() {
                lock(&shares).clear();
            }
        }
        match failure {
            None => Ok(words),
            Some(cause) => Err(Broken { cause, words }),
        }
    }

    /// Takes shares until none is left. Words of finished shares are kept whatever comes after.
    async fn work(
        &self,
        models: &Models,
        sound: &Path,
        shares: &Mutex<VecDeque<Vec<Span>>>,
        done: &AtomicUsize,
    ) -> (Vec<Word>, Result<(), SpeechError>) {
        let mut words = Vec::new();
        loop {
            let Some(share) = lock(shares).pop_front() else { return (words, Ok(())) };
            match self.decode(models, sound, &share, done).await {
                Ok(heard) => words.extend(heard),
                Err(error) => return (words, Err(error)),
            }
        }
    }

    async fn decode(
        &self,
        models: &Models,
        sound: &Path,
        share: &[Span],
        done: &AtomicUsize,
    ) -> Result<Vec<Word>, SpeechError> {
        let folder = tempfile::tempdir().map_err(|source| self.not_run(source))?;
        let mut command = self.command(models, sound, share, folder.path()).map_err(|source| self.not_run(source))?;
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = child::spawn(command).await.map_err(|source| self.not_run(source))?;
        let stderr = child.stderr.take().ok_or_else(|| self.not_run(io::ErrorKind::BrokenPipe.into()))?;
        let seconds: f64 = share.iter().map(Span::duration).sum();
        let patience = Duration::from_secs(120 + 30 * seconds as u64);
        let mut decoded = 0;
        let listening = child::last_lines(stderr, |line| {
            if line.contains("seconds speech") && !line.contains("TOTAL") {
                decoded += 1;
                done.fetch_add(1, Ordering::Relaxed);
            }
        });
        let (stderr, status) = match tokio::time::timeout(patience, async {
            let stderr = listening.await;
            (stderr, child.wait().await)
        })
        .await
        {
            Ok((stderr, status)) => (stderr, status.map_err(|source| self.not_run(source))?),
            Err(_) => {
                let (program, seconds) = (self.program.clone(), patience.as_secs());
                let window = decoded + 1;
                return Err(SpeechError::TooSlow { program, seconds, window, stderr: String::new() });
            }
        };
        if !status.success() {
            let (program, status) = (self.program.clone(), status.to_string());
            return Err(SpeechError::Died { program, status, window: decoded + 1, stderr });
        }
        let heard = std::fs::read_to_string(folder.path().join("words.ctm")).map_err(|source| self.not_run(source))?;
        let words: Option<Vec<Vec<Word>>> = heard.lines().map(|line| words(line, share)).collect();
        let unreadable =
            || SpeechError::Answer { program: self.program.clone(), answer: heard.chars().take(300).collect() };
        Ok(words.ok_or_else(unreadable)?.into_iter().flatten().collect())
    }

    /// The control file splits at blanks, so the sound goes in under a name of our own.
    fn command(&self, models: &Models, sound: &Path, share: &[Span], folder: &Path) -> io::Result<Command> {
        std::os::unix::fs::symlink(sound, folder.join("sound.raw"))?;
        let frames = |seconds: f64| (seconds * FRAMES_PER_SECOND) as u64;
        let control: String = share
            .iter()
            .enumerate()
            .map(|(i, span)| format!("sound {} {} {i}\n", frames(span.start), frames(span.end)))
            .collect();
        std::fs::write(folder.join("control"), control)?;
        let mut command = Command::new(&self.program);
        command
            .arg("-hmm")
            .arg(self.model.join("en-us"))
            .arg("-lm")
            .arg(&models.language)
            .arg("-dict")
            .arg(&models.dictionary)
            .args(["-adcin", "yes", "-cepext", ".raw", "-cepdir"])
            .arg(folder)
            .arg("-ctl")
            .arg(folder.join("control"))
            .arg("-ctm")
            .arg(folder.join("words.ctm"))
            // Its own silence detector would shift the times.
            .args(["-remove_silence", "no"])
            // As right as without these limits, and a quarter faster.
            .args(["-maxhmmpf", "5000", "-maxwpf", "10"]);
        Ok(command)
    }

    fn not_run(&self, source: io::Error) -> SpeechError {
        SpeechError::Run { program: self.program.clone(), source }
    }
}

/// Probability that two words of an utterance, such as a verb and its object, are both right: the square of the
/// geometric mean of the words' posteriors. Squared because the decoder is too sure of itself. Measured on 17 sentences
/// (7 recorded, 10 spoken by flite): of the clear ones that reach 0.6, at most one word in ten is wrong; with a fan at
/// 15 dB, where every third word is wrong, none reaches it, and at 5 dB none reaches 0.1. A noise is easily a lone
/// word, so fewer than four words count for less.
pub(super) fn confidence(words: &[Word]) -> f32 {
    if words.is_empty() {
        return 0.0;
    }
    let mean = words.iter().map(|word| word.confidence.max(0.01).ln()).sum::<f32>() / words.len() as f32;
    (2.0 * mean).exp() * (words.len() as f32 / 4.0).min(1.0)
}

/// Whether anybody said it at all. Of a beat or a knock that passes for a voice the decoder makes a word or two with hardly
/// any confidence; short utterances of clear speech reach 0.4.
pub(super) fn is_said(utterance: &Utterance) -> bool {
    utterance.words.len() >= 4 || utterance.confidence >= FAINTEST
}

/// Stretches in order, dealt into shares of about [`SHARE`] seconds: neighbours sound alike, and the decoder adapts.
fn shares(pieces: Vec<Span>) -> VecDeque<Vec<Span>> {
    let mut shares: VecDeque<Vec<Span>> = VecDeque::new();
    let mut filled = f64::INFINITY;
    for piece in pieces {
        if filled > SHARE {
            shares.push_back(Vec::new());
            filled = 0.0;
        }
        filled += piece.duration();
        if let Some(share) = shares.back_mut() {
            share.push(piece);
        }
    }
    shares
}

/// One line of NIST CTM: `stretch channel start duration word posterior`, times in seconds of the stretch. A phrase is
/// as many words, which share its time by their letters. Nothing for a noise, `None` for a line that cannot be read.
fn words(line: &str, share: &[Span]) -> Option<Vec<Word>> {
    let fields: Vec<&str> = line.split_whitespace().collect();
    let [stretch, _, start, duration, text, posterior] = fields[..] else { return None };
    let stretch = share.get(stretch.parse::<usize>().ok()?)?;
    let mut start = stretch.start + start.parse::<f64>().ok()?;
    let duration = duration.parse::<f64>().ok()?;
    let confidence = posterior.parse::<f32>().ok()?.clamp(0.0, SUREST);
    let Some(text) = clean(text) else { return Some(Vec::new()) };
    let parts: Vec<&str> = text.split(JOINT).filter(|part| !part.is_empty()).collect();
    let letters: usize = parts.iter().map(|part| part.len()).sum();
    let word = |part: &str| {
        let end = start + duration * part.len() as f64 / letters as f64;
        let word = Word { text: part.to_owned(), start, end, confidence };
        start = end;
        word
    };
    Some(parts.into_iter().map(word).collect())
}

/// `and(2)` is a pronunciation of `and`; `<sil>`, `[NOISE]` and `++BREATH++` are no words.
fn clean(token: &str) -> Option<&str> {
    let is_noise = token.starts_with(['<', '[', '+']) || token.is_empty();
    (!is_noise).then(|| token.split_once('(').map_or(token, |(text, _)| text))
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noises_are_no_words_and_pronunciations_lose_their_number() {
        assert_eq!(clean("and(2)"), Some("and"));
        assert_eq!(clean("don't"), Some("don't"));
        for noise in ["<sil>", "<s>", "</s>", "[NOISE]", "[SPEECH]", "++BREATH++"] {
            assert_eq!(clean(noise), None, "{noise}");
        }
    }

    #[test]
    fn one_guessed_word_keeps_a_sentence_out_of_a_title() {
        let word = |confidence| Word { text: "x".into(), start: 0.0, end: 0.2, confidence };
        assert!(confidence(&[0.97, 0.95, 0.97, 0.9].map(word)) > 0.6);
        assert!(confidence(&[0.97, 0.95, 0.97, 0.1].map(word)) < 0.6);
        assert!(confidence(&[0.97].map(word)) < 0.3);
        assert_eq!(confidence(&[]), 0.0);
    }

    #[test]
    fn a_word_is_placed_in_its_stretch() {
        let share = [Span::new(0.0, 5.0), Span::new(20.0, 25.0)];
        let heard = words("1 1 0.46 0.17 go(2) 0.997", &share).unwrap();
        assert_eq!((heard.len(), heard[0].text.as_str(), heard[0].start), (1, "go", 20.46));
        assert!((heard[0].end - 20.63).abs() < 1e-9);
        assert_eq!(words("1 1 0.46 0.17 <sil> 0.997", &share), Some(Vec::new()));
        assert_eq!(words("not a line", &share), None);

        let phrase = words("0 1 1.00 1.30 heat_exchanger(2) 0.9", &share).unwrap();
        let placed: Vec<(&str, f64)> = phrase.iter().map(|word| (word.text.as_str(), word.start)).collect();
        assert_eq!((placed[0], placed[1].0, phrase[1].end), (("heat", 1.0), "exchanger", 2.3));
        assert!((placed[1].1 - 1.4).abs() < 1e-9, "{placed:?}");
    }
}
