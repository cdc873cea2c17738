//! whisper.cpp with a model file of the user's. It aborts the process on a malformed model, so it runs in a child:
//! this same program, started again as `recognise --model FILE --threads N`.

mod cause;
#[cfg(feature = "whisper")]
mod engine;
mod protocol;
mod serve;

pub use self::serve::child_main;

use self::{
    cause::cause,
    protocol::{Answer, LOADED, Request},
};
use super::{Broken, Progress, SpeechError, Vocabulary};
use crate::{child, sound, voice_activity::pack};
use domain::{Span, utterance::Word};
use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    process::{Child, ChildStderr, Command},
    sync::Semaphore,
};

/// The first bytes of a model file.
const MAGIC: &[u8] = b"lmgg";
/// What whisper.cpp says of a model that has nothing behind its head; it goes on, and breaks later.
const EMPTY: &str = "no tensors loaded";
/// Seconds of voice in a window. whisper always works on 30 s, so fuller windows cost less.
const WINDOW: f64 = 28.0;
/// How long one window (the first one with loading the model) may take before the child is taken for stuck.
const PATIENCE: Duration = Duration::from_secs(600);

/// ggml's threads spin while they wait for each other, so two recognitions that each take every core are far slower than
/// one by one. Within one, every window has a thread of its own, which waits for nobody.
static ONE_AT_A_TIME: Semaphore = Semaphore::const_new(1);

/// whisper.cpp in a child process.
#[derive(Clone, Debug)]
pub struct Whisper {
    /// This program itself; its subcommand `recognise` calls [`child_main`].
    pub program: PathBuf,
    /// Model file in whisper.cpp's ggml format.
    pub model: PathBuf,
    /// Threads to compute with; at most the number of idle cores.
    pub threads: usize,
    /// ISO 639-1, such as `en`; `None`: told from the first window.
    pub language: Option<String>,
    /// Terms that are likely to be said.
    pub vocabulary: Vocabulary,
}

/// Probability that the words of an utterance are right: the share of its spoken time that is expected to be right,
/// since short words carry little of what is meant. 0 without words.
pub(super) fn confidence(words: &[Word]) -> f32 {
    let weight = |word: &Word| (word.end - word.start).max(0.01);
    let all: f64 = words.iter().map(weight).sum();
    let right: f64 = words.iter().map(|word| weight(word) * f64::from(word.confidence)).sum();
    if all > 0.0 { (right / all).clamp(0.0, 1.0) as f32 } else { 0.0 }
}

impl Whisper {
    /// A recogniser that tells the language by itself.
    pub fn new(program: &Path, model: &Path, threads: usize) -> Self {
        Self {
            program: program.into(),
            model: model.into(),
            threads: threads.max(1),
            language: None,
            vocabulary: Vocabulary::default(),
        }
    }

    pub(super) fn check(&self) -> Result<(), SpeechError> {
        if !cfg!(feature = "whisper") {
            return Err(SpeechError::WithoutWhisper);
        }
        let begins = |file: File| {
            let is_file = file.metadata()?.is_file();
            let mut first = Vec::new();
            is_file.then_some(()).ok_or(io::Error::from(io::ErrorKind::IsADirectory))?;
            file.take(MAGIC.len() as u64).read_to_end(&mut first).map(|_| first)
        };
        let first = File::open(&self.model).and_then(begins);
        match first.map_err(|source| SpeechError::Model { path: self.model.clone(), source })?.as_slice() {
            MAGIC => Ok(()),
            [] => Err(self.not_loaded("the file is empty")),
            _ => Err(self.not_loaded("it does not begin as whisper.cpp's models do")),
        }
    }

    /// Loads the model, and nothing else.
    pub(super) async fn load(&self) -> Result<(), SpeechError> {
        let request = Request { sound: PathBuf::new(), language: None, vocabulary: Vec::new(), windows: vec![] };
        let mut child = self.start(&request).await.map_err(|source| self.not_run(source))?;
        let Some(stderr) = child.stderr.take() else { return Err(self.not_run(io::ErrorKind::BrokenPipe.into())) };
        let log = tokio::spawn(log(stderr));
        let status = child::wait(&mut child, PATIENCE).await.map_err(|source| self.not_run(source))?;
        let (log, loaded) = log.await.unwrap_or_default();
        match status {
            Some(status) if status.success() && loaded => Ok(()),
            Some(_) => Err(self.not_loaded(&cause(&log))),
            None => Err(self.not_loaded(&format!("it took more than {} s", PATIENCE.as_secs()))),
        }
    }

    pub(super) async fn words(
        &self,
        sound: &Path,
        voiced: &[Span],
        progress: Progress<'_>,
    ) -> Result<Vec<Word>, Broken> {
        self.check()?;
        let _turn = ONE_AT_A_TIME.acquire().await;
        let (path, spans) = (sound.to_owned(), voiced.to_vec());
        let pieces = tokio::task::spawn_blocking(move || sound::cut_long(&path, &spans, WINDOW))
            .await
            .unwrap_or_else(|panic| Err(io::Error::other(panic)))
            .map_err(|source| SpeechError::Sound { path: sound.into(), source })?;
        let request = Request {
            sound: sound.into(),
            language: self.language.clone(),
            vocabulary: self.vocabulary.terms().iter().map(|term| term.text.clone()).collect(),
            windows: pack(&pieces, WINDOW),
        };
        let mut child = self.start(&request).await.map_err(|source| self.not_run(source))?;
        self.listen(&mut child, request.windows.len(), progress).await
    }

    async fn start(&self, request: &Request) -> io::Result<Child> {
        let mut command = Command::new(&self.program);
        command
            .arg("recognise")
            .arg("--model")
            .arg(&self.model)
            .args(["--threads", &self.threads.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = child::spawn(command).await?;
        if let Some(mut stdin) = child.stdin.take() {
            // A child that is already dead is told of by its status and its stderr, which say more than a broken pipe.
            let _ = stdin.write_all(&serde_json::to_vec(request)?).await;
        }
        Ok(child)
    }

    async fn listen(&self, child: &mut Child, windows: usize, progress: Progress<'_>) -> Result<Vec<Word>, Broken> {
        let (Some(stdout), Some(stderr)) = (child.stdout.take(), child.stderr.take()) else {
            return Err(self.not_run(io::ErrorKind::BrokenPipe.into()).into());
        };
        let log = tokio::spawn(log(stderr));
        let mut lines = BufReader::new(stdout).lines();
        let mut words = Vec::new();
        // Windows are worked on side by side, so their answers come in any order.
        let mut answered = vec![false; windows];
        let mut done = 0;
        let mut stuck = false;
        while done < windows {
            let line = match tokio::time::timeout(PATIENCE, lines.next_line()).await {
                Ok(Ok(Some(line))) => line,
                Ok(_) => break,
                Err(_) => {
                    stuck = true;
                    break;
                }
            };
            match serde_json::from_str::<Answer>(&line) {
                Ok(answer) if answered.get(answer.window) == Some(&false) => {
                    answered[answer.window] = true;
                    words.extend(answer.words);
                }
                _ => {
                    let cause = SpeechError::Answer { program: self.program.clone(), answer: line };
                    return Err(Broken { cause, words });
                }
            }
            done += 1;
            progress(done as f64 / windows as f64);
        }
        let patience = if stuck { Duration::ZERO } else { Duration::from_secs(30) };
        let status = child::wait(child, patience).await.map_err(|source| self.not_run(source))?;
        if done == windows {
            // Every answer is there and was read; how the child took its leave does not change them.
            return Ok(words);
        }
        let (log, loaded) = log.await.unwrap_or_default();
        if status.is_some() && !loaded && done == 0 {
            return Err(self.not_loaded(&cause(&log)).into());
        }
        let (program, stderr) = (self.program.clone(), cause(&log));
        let window = answered.iter().position(|done| !done).unwrap_or_default() + 1;
        let cause = match status {
            Some(status) => SpeechError::Died { program, status: status.to_string(), window, stderr },
            None => SpeechError::TooSlow { program, seconds: PATIENCE.as_secs(), window, stderr },
        };
        Err(Broken { cause, words })
    }

    fn not_loaded(&self, cause: &str) -> SpeechError {
        SpeechError::Load { path: self.model.clone(), cause: cause.into() }
    }

    fn not_run(&self, source: io::Error) -> SpeechError {
        SpeechError::Run { program: self.program.clone(), source }
    }
}

/// The last of what a child says, and whether it has loaded a model that holds anything.
async fn log(stderr: ChildStderr) -> (String, bool) {
    let (mut loaded, mut empty) = (false, false);
    let mut seen = |line: &str| {
        loaded |= line == LOADED;
        empty |= line.contains(EMPTY);
    };
    let last = child::last_lines(stderr, &mut seen).await;
    if empty { ("the file ends after its head".into(), false) } else { (last, loaded) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unsure_long_word_pulls_the_confidence_down() {
        let word = |start, end, confidence| Word { text: "x".into(), start, end, confidence };
        assert!(confidence(&[word(0.0, 0.1, 1.0), word(0.1, 1.0, 0.1)]) < 0.2);
        assert_eq!(confidence(&[]), 0.0);
    }
}
