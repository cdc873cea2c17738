//! The phrases that are listened for.

use crate::{device::Command, recorder::Control};

/// A phrase to listen for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Phrase {
    /// What is said.
    pub words: &'static str,
    /// What it asks for; `None` for one that sounds like a command and is none, so that it wins where it is meant.
    pub command: Option<Command>,
}

const fn command(words: &'static str, command: Command) -> Phrase {
    Phrase { words, command: Some(command) }
}

const fn decoy(words: &'static str) -> Phrase {
    Phrase { words, command: None }
}

/// The commands, and what is easily taken for them.
pub const PHRASES: &[Phrase] = &[
    command("start training session", Command::Start),
    command("stop training session", Command::Session(Control::Stop)),
    command("pause training session", Command::Session(Control::Pause)),
    command("resume training session", Command::Session(Control::Resume)),
    command("delete the last minute", Command::Session(Control::DeleteLastMinute)),
    decoy("start"),
    decoy("stop"),
    decoy("pause"),
    decoy("resume"),
    decoy("delete"),
    decoy("start the"),
    decoy("stop the"),
    decoy("pause the"),
    decoy("resume the"),
    decoy("start training"),
    decoy("stop training"),
    decoy("pause training"),
    decoy("resume training"),
    decoy("start the training"),
    decoy("start session"),
    decoy("stop session"),
    decoy("start the session"),
    decoy("stop the session"),
    decoy("pause the session"),
    decoy("resume the session"),
    decoy("the session"),
    decoy("training session"),
    decoy("training sessions"),
    decoy("the training session"),
    decoy("is a training session"),
    decoy("we have a training session"),
    decoy("did you start the training session"),
    decoy("the training session started"),
    decoy("a minute"),
    decoy("last minute"),
    decoy("the last minute"),
    decoy("delete the minute"),
    decoy("delete the last"),
    decoy("delete the last one"),
    decoy("delete the last word"),
    decoy("delete the last line"),
];
