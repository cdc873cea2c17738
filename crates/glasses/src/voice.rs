//! Commands by voice, heard on the device itself: keyword spotting by PocketSphinx as a child that is fed the
//! microphone's sound. Buttons stay the sure way; docs/design/voice-commands.md has the figures.

use crate::{GlassesError, device::Command, recorder::Control};
use media::Companion;
use std::{
    fmt::Write,
    path::Path,
    process::{self, Stdio},
    time::Duration,
};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    process::ChildStdout,
    sync::mpsc,
    time::timeout,
};

/// How long the listener takes between the lines of one answer, at most.
const SAME_ANSWER: Duration = Duration::from_millis(150);
/// Chunks of sound that may wait: about 8 seconds.
const WAITING: usize = 64;

/// A phrase to listen for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Phrase {
    /// What is said.
    pub words: &'static str,
    /// How sure to be: PocketSphinx's threshold, smaller is more ready to believe.
    pub threshold: f64,
    /// What it asks for; `None` for one that sounds like a command and is none, so that it wins where it is meant.
    pub command: Option<Command>,
}

const fn phrase(words: &'static str, threshold: f64, command: Command) -> Phrase {
    Phrase { words, threshold, command: Some(command) }
}

/// The commands, and what is easily taken for them.
pub const PHRASES: &[Phrase] = &[
    phrase("start training session", 1e-15, Command::Start),
    phrase("stop training session", 1e-15, Command::Session(Control::Stop)),
    phrase("pause training session", 1e-15, Command::Session(Control::Pause)),
    phrase("resume training session", 1e-15, Command::Session(Control::Resume)),
    phrase("delete the last minute", 1e-15, Command::Session(Control::DeleteLastMinute)),
];

/// Something that was heard.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Heard {
    /// The phrase.
    pub phrase: Phrase,
    /// How well it fits; the best of those that lie over each other in time counts.
    pub score: f64,
    start: f64,
    end: f64,
}

/// A listener. Dropping it ends the child.
pub struct Listener {
    child: Companion,
    lines: Lines<BufReader<ChildStdout>>,
    phrases: Vec<Phrase>,
    /// Of the answer that is being read.
    found: Vec<Heard>,
    /// Of the answer before.
    ready: Vec<Heard>,
}

impl Listener {
    /// Starts `program` (PocketSphinx's `pocketsphinx_continuous`), which reads its phrases from a file in `folder`.
    /// Returns also where to put sound: 16-bit samples at 16 kHz, little endian.
    ///
    /// # Errors
    /// When the program is missing, or the folder cannot be written to.
    pub async fn start(
        program: &Path,
        folder: &Path,
        phrases: &[Phrase],
    ) -> Result<(Self, mpsc::Sender<Vec<u8>>), GlassesError> {
        let list = folder.join("phrases");
        let mut text = String::new();
        for Phrase { words, threshold, .. } in phrases {
            let _ = writeln!(text, "{words} /{threshold:e}/");
        }
        std::fs::write(&list, text).map_err(|cause| GlassesError::disk(&list, cause))?;
        let mut command = process::Command::new(program);
        command.args(["-infile", "/dev/stdin", "-time", "yes", "-logfn", "/dev/null", "-kws"]).arg(&list);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let failed = |e: std::io::Error| {
            GlassesError::Source(format!("no voice commands: {} cannot be started ({e})", program.display()))
        };
        let mut child = Companion::start(command).await.map_err(failed)?;
        let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
        let (Some(mut stdin), Some(stdout)) = (stdin, stdout) else {
            return Err(failed(std::io::ErrorKind::BrokenPipe.into()));
        };
        let (sender, mut sound) = mpsc::channel::<Vec<u8>>(WAITING);
        tokio::spawn(async move {
            while let Some(chunk) = sound.recv().await {
                if stdin.write_all(&chunk).await.is_err() {
                    return;
                }
            }
        });
        let lines = BufReader::new(stdout).lines();
        Ok((Self { child, lines, phrases: phrases.to_vec(), found: Vec::new(), ready: Vec::new() }, sender))
    }

    /// The next phrase that is heard, decoys included; `None` when the sound has ended, or the listener died.
    pub async fn next(&mut self) -> Option<Heard> {
        loop {
            if let Some(heard) = self.ready.pop() {
                return Some(heard);
            }
            let line = if self.found.is_empty() {
                self.lines.next_line().await.ok()?
            } else {
                match timeout(SAME_ANSWER, self.lines.next_line()).await {
                    Ok(line) => line.ok()?,
                    Err(_) => {
                        self.choose();
                        continue;
                    }
                }
            };
            match line.as_deref().map(|line| heard(line, &self.phrases)) {
                Some(Some(heard)) => self.found.push(heard),
                // The line before the times: a new answer.
                Some(None) => self.choose(),
                None if self.found.is_empty() => return None,
                None => self.choose(),
            }
        }
    }

    /// Of phrases that lie over each other in time, the best.
    fn choose(&mut self) {
        self.found.sort_by(|a, b| b.score.total_cmp(&a.score));
        let mut chosen: Vec<Heard> = Vec::new();
        for heard in self.found.drain(..) {
            if chosen.iter().all(|other| heard.end <= other.start || heard.start >= other.end) {
                chosen.push(heard);
            }
        }
        // The last is taken first.
        chosen.sort_by(|a, b| b.start.total_cmp(&a.start));
        chosen.append(&mut self.ready);
        self.ready = chosen;
    }

    /// Ends the child.
    pub fn stop(self) {
        drop(self.child);
    }
}

/// `start training session  0.520 2.100 0.942983`
fn heard(line: &str, phrases: &[Phrase]) -> Option<Heard> {
    let mut words = line.split_whitespace().rev();
    let mut number = || words.next()?.parse::<f64>().ok();
    let (score, end, start) = (number()?, number()?, number()?);
    let mut words: Vec<&str> = words.collect();
    words.reverse();
    let phrase = *phrases.iter().find(|phrase| phrase.words.split(' ').eq(words.iter().copied()))?;
    Some(Heard { phrase, score, start, end })
}
