//! Deleting is not to be undone and a phrase may be misheard: by voice it is asked for twice.

use crate::{device::Command, recorder::Control};
use std::time::Duration;
use tokio::time::Instant;

/// How long after the first time the second counts.
pub const WITHIN: Duration = Duration::from_secs(15);

/// What a command that was heard comes to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Answer {
    /// Do it.
    Do(Command),
    /// Ask for it again.
    Ask,
}

/// Remembers what was asked for once.
#[derive(Debug, Default)]
pub struct Twice(Option<Instant>);

impl Twice {
    /// `command` was heard at `now`. Any other command in between takes the first time back.
    pub fn hear(&mut self, command: Command, now: Instant) -> Answer {
        let first = self.0.take();
        if command != Command::Session(Control::DeleteLastMinute) {
            return Answer::Do(command);
        }
        if first.is_some_and(|first| now.duration_since(first) <= WITHIN) {
            return Answer::Do(command);
        }
        self.0 = Some(now);
        Answer::Ask
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DELETE: Command = Command::Session(Control::DeleteLastMinute);
    const PAUSE: Command = Command::Session(Control::Pause);

    /// What the commands at these milliseconds come to.
    fn answers(heard: &[(u64, Command)]) -> Vec<Answer> {
        let (mut twice, began) = (Twice::default(), Instant::now());
        heard.iter().map(|(at, command)| twice.hear(*command, began + Duration::from_millis(*at))).collect()
    }

    #[test]
    fn deleting_takes_the_phrase_twice_within_fifteen_seconds() {
        assert_eq!(answers(&[(0, DELETE)]), [Answer::Ask]);
        assert_eq!(answers(&[(0, DELETE), (15_000, DELETE)]), [Answer::Ask, Answer::Do(DELETE)]);
        assert_eq!(answers(&[(0, DELETE), (15_001, DELETE)]), [Answer::Ask, Answer::Ask]);
    }

    #[test]
    fn too_late_is_the_first_time_again() {
        let heard = [(0, DELETE), (20_000, DELETE), (30_000, DELETE)];
        assert_eq!(answers(&heard), [Answer::Ask, Answer::Ask, Answer::Do(DELETE)]);
    }

    #[test]
    fn each_minute_is_asked_for_anew() {
        let heard = [(0, DELETE), (5_000, DELETE), (6_000, DELETE)];
        assert_eq!(answers(&heard), [Answer::Ask, Answer::Do(DELETE), Answer::Ask]);
    }

    #[test]
    fn another_command_takes_it_back_and_is_done_at_once() {
        let heard = [(0, DELETE), (2_000, PAUSE), (4_000, DELETE)];
        assert_eq!(answers(&heard), [Answer::Ask, Answer::Do(PAUSE), Answer::Ask]);
    }
}
