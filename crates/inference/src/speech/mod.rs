//! Speech to text: a closed set of recognisers. None of them is ever given sound in which nobody speaks.

pub mod pocketsphinx;
pub mod scripted;
pub mod whisper;

mod adaptation;
mod vocabulary;
mod words;

pub use self::{pocketsphinx::Pocketsphinx, scripted::Scripted, vocabulary::Vocabulary, whisper::Whisper};

use domain::{
    Span,
    utterance::{TranscriptSource, Utterance, Word},
};
use std::{
    io,
    path::{Path, PathBuf},
};

/// How far a recognition is, from 0 to 1; called now and then, never going back.
pub type Progress<'a> = &'a (dyn Fn(f64) + Send + Sync);

/// What turns speech into words.
#[derive(Clone, Debug)]
pub enum Recogniser {
    /// whisper.cpp with a model file, in a child process.
    Whisper(Whisper),
    /// Debian's PocketSphinx, in child processes.
    Pocketsphinx(Pocketsphinx),
    /// Nothing to recognise with: every transcript is empty. [`Recogniser::describe`] says why.
    None,
    /// Says what it was told, for tests and for the demo.
    Scripted(Scripted),
}

impl Recogniser {
    /// Whisper where a model file is configured, else PocketSphinx where it is installed, else none.
    ///
    /// `program` is this program, which whisper starts again as its child with the subcommand `recognise`;
    /// `pocketsphinx` is the path of `pocketsphinx_batch` and is looked up in `PATH` when absent; `threads` is how
    /// many processor cores are idle. A configured model that cannot be used is an error of
    /// [`Recogniser::recognise`], never a silent change to a weaker recogniser.
    pub fn choose(
        whisper_model: Option<&Path>,
        program: &Path,
        pocketsphinx: Option<&Path>,
        threads: usize,
    ) -> Recogniser {
        if let Some(model) = whisper_model {
            return Self::Whisper(Whisper::new(program, model, threads));
        }
        Pocketsphinx::find(pocketsphinx, threads).map_or(Self::None, Self::Pocketsphinx)
    }

    /// The same recogniser, expecting these terms.
    pub fn expecting(&self, vocabulary: Vocabulary) -> Self {
        match self.clone() {
            Self::Whisper(whisper) => Self::Whisper(Whisper { vocabulary, ..whisper }),
            Self::Pocketsphinx(sphinx) => Self::Pocketsphinx(Pocketsphinx { vocabulary, ..sphinx }),
            other => other,
        }
    }

    /// What the transcripts of this recogniser are marked with.
    pub fn name(&self) -> TranscriptSource {
        match self {
            Self::Whisper(_) => TranscriptSource::Whisper,
            Self::Pocketsphinx(_) => TranscriptSource::Pocketsphinx,
            Self::None => TranscriptSource::Nothing,
            Self::Scripted(scripted) => scripted.source,
        }
    }

    /// One sentence for `trainar doctor`: what recognises speech, or why nothing does and what to do.
    pub fn describe(&self) -> String {
        match self {
            Self::Whisper(whisper) => format!("whisper.cpp with the model {}", whisper.model.display()),
            Self::Pocketsphinx(sphinx) => format!(
                "PocketSphinx ({}): about one word in three is wrong; for better text run \
                 `trainar models fetch base.en` and set [speech] whisper_model to base.en",
                sphinx.program.display()
            ),
            Self::None => "no speech recogniser: no whisper model is configured and PocketSphinx is not installed; \
                           fetch one (`trainar models list`), or install the packages pocketsphinx and pocketsphinx-en-us"
                .into(),
            Self::Scripted(_) => "a scripted recogniser that says what it was told".into(),
        }
    }

    /// Whether recognition can work at all, without recognising anything. Errors: as [`Recogniser::recognise`] has
    /// them for a missing feature, program or model file.
    pub fn check(&self) -> Result<(), SpeechError> {
        match self {
            Self::Whisper(whisper) => whisper.check(),
            Self::Pocketsphinx(sphinx) => sphinx.check(),
            Self::None | Self::Scripted(_) => Ok(()),
        }
    }

    /// Loads what can only be judged by loading it: whisper's model, in its child. Needs a tokio runtime.
    ///
    /// # Errors
    /// As [`Recogniser::check`], and [`SpeechError::Load`].
    pub async fn try_loading(&self) -> Result<(), SpeechError> {
        self.check()?;
        match self {
            Self::Whisper(whisper) => whisper.load().await,
            Self::Pocketsphinx(_) | Self::None | Self::Scripted(_) => Ok(()),
        }
    }

    /// The utterances in `sound` (a raw file: 16 kHz, mono, signed 16 bit, little-endian), ordered by start, with
    /// times in seconds from the start of the file. Only the `voiced` spans (ordered, seconds) are listened to; words
    /// outside of them are dropped. Needs a tokio runtime. Dropping the future kills the children.
    ///
    /// # Errors
    /// Where a program or model is missing or broken, or where a child died or took too long. What was recognised
    /// until then is in [`SpeechError::Interrupted`].
    pub async fn recognise(
        &self,
        sound: &Path,
        voiced: &[Span],
        progress: Progress<'_>,
    ) -> Result<Vec<Utterance>, SpeechError> {
        if voiced.is_empty() {
            progress(1.0);
            return Ok(Vec::new());
        }
        let (words, confidence) = match self {
            Self::Whisper(whisper) => {
                (whisper.words(sound, voiced, progress).await, whisper::confidence as fn(&[Word]) -> f32)
            }
            Self::Pocketsphinx(sphinx) => (sphinx.words(sound, voiced, progress).await, pocketsphinx::confidence as _),
            Self::None => return Ok(Vec::new()),
            Self::Scripted(scripted) => return Ok(scripted.utterances_in(voiced, progress)),
        };
        let utterances = |words| {
            let mut utterances = words::utterances(words, voiced, confidence);
            utterances.retain(|utterance| !matches!(self, Self::Pocketsphinx(_)) || pocketsphinx::is_said(utterance));
            utterances
        };
        match words {
            Ok(words) => {
                progress(1.0);
                Ok(utterances(words))
            }
            Err(Broken { cause, words }) if words.is_empty() => Err(cause),
            Err(Broken { cause, words }) => {
                Err(SpeechError::Interrupted { recognised: utterances(words), cause: Box::new(cause) })
            }
        }
    }
}

/// Why speech could not be turned into words.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum SpeechError {
    #[error(
        "a whisper model is configured, but this program was built without whisper; build it with the feature \
         `whisper`, or remove the model from the configuration"
    )]
    WithoutWhisper,
    #[error("the speech model {} cannot be read: {source}; {}", path.display(), crate::models::advice(path))]
    Model { path: PathBuf, source: io::Error },
    #[error("the speech model {} cannot be loaded: {cause}; {}", path.display(), crate::models::again(path))]
    Load { path: PathBuf, cause: String },
    #[error("the sound {} cannot be read: {source}", path.display())]
    Sound { path: PathBuf, source: io::Error },
    #[error("the recogniser {} cannot be run: {source}", program.display())]
    Run { program: PathBuf, source: io::Error },
    #[error("the recogniser {} ended with {status} in window {window}: {stderr}", program.display())]
    Died { program: PathBuf, status: String, window: usize, stderr: String },
    #[error("the recogniser {} took more than {seconds} s for window {window} and was stopped: {stderr}", program.display())]
    TooSlow { program: PathBuf, seconds: u64, window: usize, stderr: String },
    #[error("the recogniser {} gave an answer that cannot be read: {answer}", program.display())]
    Answer { program: PathBuf, answer: String },
    /// Part of the sound was recognised; `recognised` holds those utterances.
    #[error("speech was recognised in part only: {cause}")]
    Interrupted { recognised: Vec<Utterance>, cause: Box<SpeechError> },
}

/// A failure, and the words that were recognised before it.
pub(crate) struct Broken {
    cause: SpeechError,
    words: Vec<Word>,
}

impl From<SpeechError> for Broken {
    fn from(cause: SpeechError) -> Self {
        Self { cause, words: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_configured_model_is_never_replaced_by_a_weaker_recogniser() {
        let chosen = Recogniser::choose(Some(Path::new("/no/such/model.bin")), Path::new("trainar"), None, 2);
        assert_eq!(chosen.name(), TranscriptSource::Whisper);
        assert!(chosen.check().is_err());
    }

    #[test]
    fn without_model_and_without_pocketsphinx_there_is_none_and_it_says_why() {
        let chosen = Recogniser::choose(None, Path::new("trainar"), Some(Path::new("/no/such/pocketsphinx_batch")), 2);
        assert_eq!(chosen.name(), TranscriptSource::Nothing);
        assert!(chosen.describe().contains("install the packages pocketsphinx"), "{}", chosen.describe());
    }
}
