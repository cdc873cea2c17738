//! The device as its wearer has it: commands in, sessions recorded one after another, news out.

use crate::{
    GlassesError,
    delivery::{Shared, held},
    news::News,
    notices::Notices,
    preflight::{self, Preflight},
    recorder::{Control, Recorder},
    sound::Ears,
    spool::Spool,
};
use domain::TaskId;
use std::{path::Path, str::FromStr, sync::Arc};
use tokio::sync::mpsc;

/// What a wearer can ask for, by voice, button or line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// Start a session.
    Start,
    /// Something of the running session.
    Session(Control),
    /// Say how things are.
    Status,
    /// Stop and end.
    Quit,
}

impl FromStr for Command {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Ok(match text.trim().to_lowercase().as_str() {
            "start" => Self::Start,
            "stop" => Self::Session(Control::Stop),
            "pause" => Self::Session(Control::Pause),
            "resume" => Self::Session(Control::Resume),
            "delete" => Self::Session(Control::DeleteLastMinute),
            "status" => Self::Status,
            "quit" => Self::Quit,
            other => {
                return Err(format!(
                    "{other:?} is no command; there are start, stop, pause, resume, delete, status, quit"
                ));
            }
        })
    }
}

/// Everything that records on this device.
#[derive(Clone)]
pub struct Device {
    /// Where recordings wait.
    pub spool: Arc<Spool>,
    /// Who is told what happens.
    pub shared: Shared,
    /// How sessions are recorded.
    pub recorder: Recorder,
    /// What sessions are called.
    pub name: Option<String>,
    /// The task that is being done.
    pub task_id: Option<TaskId>,
}

/// Where Linux tells of batteries.
pub const BATTERIES: &str = "/sys/class/power_supply";

impl Device {
    /// Looks at everything that a session needs, and says it; then what everybody who is there is to hear. Returns why nothing can be
    /// recorded, if so.
    pub async fn preflight(&self) -> Option<String> {
        let Recorder { source, reserve_bytes, .. } = &self.recorder;
        let batteries = Path::new(BATTERIES);
        let preflight = Preflight { spool: &self.spool, source, reserve_bytes: *reserve_bytes, batteries };
        let checks = preflight.run().await;
        let impossible = preflight::impossible(&checks).map(str::to_owned);
        self.shared.tell(News::Preflight { checks });
        if impossible.is_none()
            && let Some(notice) = Notices::known(&self.spool).recording_notice
        {
            self.shared.tell(News::Notice { text: notice.text, language: notice.language });
        }
        impossible
    }

    /// Records one session, now, until it is stopped or its file ends. Returns whether the device should end.
    ///
    /// # Errors
    /// When the disk refuses even the first file.
    pub async fn session(&self, commands: &mut mpsc::Receiver<Command>) -> Result<bool, GlassesError> {
        let (controls, mut receiver) = mpsc::channel(8);
        let recorded = self.recorder.record(&self.spool, &self.shared, self.name.clone(), self.task_id, &mut receiver);
        tokio::pin!(recorded);
        let mut controls = Some(controls);
        let mut quit = false;
        loop {
            let command = tokio::select! {
                recorded = &mut recorded => return recorded.map(|_| quit),
                Some(command) = commands.recv() => command,
            };
            match command {
                // A closed channel is a stop.
                Command::Quit => (controls, quit) = (None, true),
                Command::Status => self.status(),
                Command::Start => self.problem("A session is running already."),
                Command::Session(control) => {
                    // More than eight at once are a loose contact.
                    if let Some(controls) = &controls {
                        let _ = controls.try_send(control);
                    }
                }
            }
        }
    }

    /// Waits for commands, and records whenever one says start, until one says quit.
    ///
    /// # Errors
    /// When the spool cannot be used at all.
    pub async fn run(&self, commands: &mut mpsc::Receiver<Command>) -> Result<(), GlassesError> {
        self.shared.tell(News::Ready);
        let listener = self.recorder.listener.as_ref();
        let mut ears = Ears::open(&self.recorder.source, listener, &self.shared).await;
        while let Some(command) = commands.recv().await {
            match command {
                Command::Quit => return Ok(()),
                Command::Start => {
                    ears.close().await;
                    if self.preflight().await.is_none() {
                        match self.session(commands).await {
                            Ok(true) => return Ok(()),
                            Ok(false) => {}
                            Err(error) => self.problem(&error.to_string()),
                        }
                    }
                    ears = Ears::open(&self.recorder.source, listener, &self.shared).await;
                }
                Command::Status => self.status(),
                Command::Session(_) => self.problem("No session is running."),
            }
        }
        Ok(())
    }

    fn status(&self) {
        let held = self.spool.sessions().and_then(|all| all.iter().map(held).collect::<Result<Vec<_>, _>>());
        match held {
            Ok(held) => self.shared.tell(News::Held { sessions: held }),
            Err(error) => self.problem(&error.to_string()),
        }
    }

    fn problem(&self, detail: &str) {
        self.shared.tell(News::Problem { detail: detail.to_owned() });
    }
}
