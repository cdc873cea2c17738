//! Commands by voice, heard on the device itself. A piece of the microphone's sound in which somebody speaks for as long as
//! a command takes is freed of steady noise and decoded twice by PocketSphinx: as one of the phrases, and as any
//! phones at all. It is a command when its phrase fits nearly as well as the phones.
//! Buttons stay the sure way; docs/design/voice-commands.md has the figures.

mod denoise;
mod grammar;
mod phrases;
mod pieces;
mod recogniser;
pub mod twice;

pub use phrases::{PHRASES, Phrase};

use crate::GlassesError;
use grammar::Grammar;
use pieces::Pieces;
use recogniser::Recogniser;
use std::{io, path::Path};
use tokio::{sync::mpsc, task::JoinHandle};

/// Chunks of sound that may wait: about 8 seconds.
const WAITING: usize = 64;
/// How much worse than any phones at all a phrase may fit, in the units of PocketSphinx's scores.
const MARGIN: i64 = -2500;

/// A phrase that was heard.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Heard {
    /// Which.
    pub phrase: Phrase,
    /// How much better it fits than any phones at all.
    pub margin: i64,
}

/// A listener. Dropping it ends its children.
pub struct Listener {
    heard: mpsc::Receiver<Result<Heard, GlassesError>>,
    task: JoinHandle<()>,
}

impl Listener {
    /// Starts two of `program` (PocketSphinx's `pocketsphinx_batch`); their grammars are written to `folder`. Returns
    /// also where to put sound: 16-bit samples at 16 kHz, little endian.
    ///
    /// # Errors
    /// When the program is missing, or the folder cannot be written to.
    pub async fn start(program: &Path, folder: &Path) -> Result<(Self, mpsc::Sender<Vec<u8>>), GlassesError> {
        let mut pair = Pair {
            phrases: Recogniser::start(program, folder, &Grammar::phrases(PHRASES)).await?,
            phones: Recogniser::start(program, folder, &Grammar::phones()).await?,
        };
        let (sender, mut sound) = mpsc::channel::<Vec<u8>>(WAITING);
        let (tell, heard) = mpsc::channel(8);
        let task = tokio::spawn(async move {
            let mut pieces = Pieces::new();
            while let Some(chunk) = sound.recv().await {
                let samples: Vec<i16> = chunk.chunks_exact(2).map(|s| i16::from_le_bytes([s[0], s[1]])).collect();
                for piece in pieces.push(&samples) {
                    match pair.hear(&piece).await {
                        Ok(Some(heard)) => drop(tell.send(Ok(heard)).await),
                        Ok(None) => {}
                        Err(cause) => {
                            let detail =
                                format!("no more commands by voice, use lines or buttons: PocketSphinx ({cause})");
                            return drop(tell.send(Err(GlassesError::Source(detail))).await);
                        }
                    }
                }
            }
        });
        Ok((Self { heard, task }, sender))
    }

    /// The next command that is heard; `None` when the sound has ended. An error is the last answer: PocketSphinx died.
    pub async fn next(&mut self) -> Option<Result<Heard, GlassesError>> {
        self.heard.recv().await
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Pair {
    phrases: Recogniser,
    phones: Recogniser,
}

impl Pair {
    async fn hear(&mut self, piece: &[i16]) -> io::Result<Option<Heard>> {
        let piece = denoise::denoise(piece);
        let fits = self.phrases.decode(&piece).await?;
        let Some(phrase) = PHRASES.iter().find(|p| p.command.is_some() && p.words == fits.words) else {
            return Ok(None);
        };
        let margin = fits.score - self.phones.decode(&piece).await?.score;
        tracing::debug!(phrase.words, margin, "a phrase may have been said");
        Ok((margin > MARGIN).then_some(Heard { phrase: *phrase, margin }))
    }
}
