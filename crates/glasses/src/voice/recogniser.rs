//! PocketSphinx as a child that decodes one piece of sound after another, each as a whole. Sound reaches it in memory: no talk
//! is written to a disk.

use super::grammar::Grammar;
use crate::GlassesError;
use media::Companion;
use std::{
    fs::File,
    io,
    os::{fd::AsRawFd, unix::fs::FileExt},
    path::Path,
    process::{self, Stdio},
    time::Duration,
};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    process::{ChildStdin, ChildStdout},
    time::timeout,
};

/// A piece of 4 s takes a fraction of a second; one that takes so long will not end.
const PATIENCE: Duration = Duration::from_secs(20);

/// A child with one grammar. Dropping it ends the child.
pub struct Recogniser {
    _child: Companion,
    control: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
    sound: File,
}

impl Recogniser {
    /// Starts `program` (`pocketsphinx_batch`). Its grammar is written to `folder`.
    ///
    /// # Errors
    /// When the program is missing, or the folder cannot be written to.
    pub async fn start(program: &Path, folder: &Path, grammar: &Grammar) -> Result<Self, GlassesError> {
        let failed = |cause: io::Error| {
            GlassesError::Source(format!("no voice commands: {} cannot be started ({cause})", program.display()))
        };
        let arguments = grammar.write(folder)?;
        let sound = rustix::fs::memfd_create("heard", rustix::fs::MemfdFlags::CLOEXEC).map_err(|e| failed(e.into()))?;
        let sound = File::from(sound);
        let mut command = process::Command::new(program);
        // Its silence detector and its answers at the end only are for sound that streams.
        command.args(["-adcin", "yes", "-cepext", "", "-cepdir"]).arg(format!("/proc/{}/fd", process::id()));
        command.args(["-remove_silence", "no", "-ctl", "/dev/stdin", "-hypseg", "/dev/stdout", "-logfn", "/dev/null"]);
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = Companion::start(command).await.map_err(failed)?;
        let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
        let (Some(control), Some(stdout)) = (stdin, stdout) else {
            return Err(failed(io::ErrorKind::BrokenPipe.into()));
        };
        Ok(Self { _child: child, control, answers: BufReader::new(stdout).lines(), sound })
    }

    /// What 16 kHz samples are most likely.
    ///
    /// # Errors
    /// When the child has died or hangs.
    pub async fn decode(&mut self, samples: &[i16]) -> io::Result<Fit> {
        let bytes: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
        self.sound.set_len(0)?;
        self.sound.write_all_at(&bytes, 0)?;
        self.control.write_all(format!("{}\n", self.sound.as_raw_fd()).as_bytes()).await?;
        let line = timeout(PATIENCE, self.answers.next_line()).await.map_err(|_| io::ErrorKind::TimedOut)??;
        fit(&line.ok_or(io::ErrorKind::UnexpectedEof)?)
    }
}

/// What a piece of sound is most likely.
#[derive(Debug, PartialEq)]
pub struct Fit {
    /// Its words; none where nothing in the grammar fits at all.
    pub words: String,
    /// How well they fit: logarithm of a likelihood, in PocketSphinx's own units.
    pub score: i64,
}

/// `3 S 0 T -3270 A -2596 L -674 0 -366 -337 <sil> 29 -1918 0 start 70 -900 0 training(2) 185 -312 -337 <sil> 223`
fn fit(line: &str) -> io::Result<Fit> {
    let score = line.split(' ').nth(4).and_then(|score| score.parse().ok()).ok_or(io::ErrorKind::InvalidData)?;
    let words = line.split(' ').filter(|word| word.starts_with(|c: char| c.is_ascii_lowercase()));
    // Of a word's pronunciations each after the first has a number.
    let words: Vec<&str> = words.map(|word| word.split('(').next().unwrap_or(word)).collect();
    Ok(Fit { words: words.join(" "), score })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_without_silence_and_numbers_of_pronunciations() {
        let line = "3 S 0 T -3270 A -2596 L -674 0 -366 -337 <sil> 29 -1918 0 start 70 -900 0 training(2) 99 -3 0 (NULL) \
                    100 -9 0 ++NOISE++ 185 -312 -337 <sil> 223";
        assert_eq!(fit(line).unwrap(), Fit { words: "start training".into(), score: -3270 });
        assert_eq!(fit("3 S 0 T -5 A -5 L 0 7").unwrap().words, "");
        assert!(fit("").is_err());
    }
}
