//! Speaks to the wearer by espeak-ng: one sentence after another, never in anybody's way.

use media::Companion;
use std::{
    path::PathBuf,
    process::{Command, Stdio},
    time::Duration,
};
use tokio::sync::mpsc;

/// Sentences that may wait; more is chatter that nobody wants to hear late.
const WAITING: usize = 4;
/// A notice of a thousand characters takes about a minute.
const LONGEST: Duration = Duration::from_secs(90);

/// Takes sentences.
#[derive(Clone, Debug)]
pub struct Speaker(mpsc::Sender<(String, String)>);

impl Speaker {
    /// Speaks with `program` for as long as it can be started; without it, nothing is heard.
    pub fn start(program: PathBuf) -> Self {
        let (sender, mut sentences) = mpsc::channel::<(String, String)>(WAITING);
        tokio::spawn(async move {
            while let Some((sentence, language)) = sentences.recv().await {
                let mut command = Command::new(&program);
                // `de-AT` is spoken as `de` where that is all it knows.
                let language = language.split('-').next().filter(|word| word.chars().all(char::is_alphanumeric));
                command.args(["-s", "165", "-v", language.unwrap_or("en"), "--"]).arg(&sentence);
                command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
                match Companion::start(command).await {
                    // Dropped when it hangs, which kills it.
                    Ok(child) => drop(tokio::time::timeout(LONGEST, child.end()).await),
                    Err(error) => {
                        tracing::info!(%error, "nothing is spoken: install espeak-ng, or give --mute");
                        return;
                    }
                }
            }
        });
        Self(sender)
    }

    /// Says it in a language (BCP 47) as soon as what was said before is said.
    pub fn say(&self, sentence: String, language: &str) {
        let _ = self.0.try_send((sentence, language.to_owned()));
    }
}
