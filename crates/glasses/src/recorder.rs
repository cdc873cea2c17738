//! Records one session: starts the source, cuts what it writes into parts and puts each into the spool; starts it again
//! as a new run when it stalls. A session ends when it is stopped, never because of its source; a file ends it.

use crate::{
    GlassesError, Moment, SessionClock,
    boxes::{Cutter, Piece},
    delivery::Shared,
    news::News,
    sound::{self, Ears},
    source::{Running, Source},
    spool::{Event, OpenSession, Spool, free_bytes},
};
use std::{path::PathBuf, time::Duration};
use tokio::{
    io::AsyncReadExt,
    sync::mpsc,
    time::{Instant, sleep_until, timeout},
};
use uuid::Uuid;

/// How long a source has to write what it holds when it is asked to end.
const LAST_WORDS: Duration = Duration::from_secs(3);
const LONGEST_RESTART: Duration = Duration::from_secs(10);
/// What "the last minute" is.
const LAST_MINUTE_MS: u64 = 60_000;

/// What can be asked of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Control {
    /// Interrupt it.
    Pause,
    /// Go on.
    Resume,
    /// Do not keep the last 60 seconds.
    DeleteLastMinute,
    /// End it.
    Stop,
}

/// How to record.
#[derive(Clone, Debug)]
pub struct Recorder {
    /// What from.
    pub source: Source,
    /// Without a fragment for this long the source is started again.
    pub stalled_after: Duration,
    /// Bytes of the disk that are never used.
    pub reserve_bytes: u64,
    /// Who listens to the microphone.
    pub listener: Option<mpsc::Sender<Vec<u8>>>,
}

/// A session while it is recorded.
struct Recording<'a> {
    recorder: &'a Recorder,
    spool: &'a Spool,
    shared: &'a Shared,
    open: OpenSession,
    folder: PathBuf,
    clock: Option<SessionClock>,
    runs: u32,
    /// Where the last part ends, on the session's clock.
    end_ms: u64,
    /// From where to where each run goes, on the session's clock.
    stretches: Vec<(u64, u64)>,
    /// Seconds of the file that are recorded.
    position: f64,
    restarts: u32,
    /// The disk has no more room than must be left.
    full: bool,
}

/// The run that is being recorded.
struct Run {
    source: Running,
    cutter: Cutter,
    number: u32,
    /// Where its header came, on the session's clock.
    start_ms: u64,
    /// Where its first fragment begins, on the stream's own clock.
    first: Option<f64>,
    latest: Instant,
    buffer: Vec<u8>,
}

/// What a run came to.
enum Ended {
    /// The source ended.
    Source,
    Stalled,
    Garbage(String),
    DiskFull,
}

enum Next {
    Control(Option<Control>),
    Ended(Ended),
    Restart,
}

impl Recorder {
    /// Records a session until it is told to stop, its file ends, or the disk is full. Returns its key and how many
    /// parts were made. A closed `controls` is a stop.
    ///
    /// # Errors
    /// When the disk refuses even the first file. What is on the disk then stays and is delivered.
    pub async fn record(
        &self,
        spool: &Spool,
        shared: &Shared,
        name: Option<String>,
        task_id: Option<domain::TaskId>,
        controls: &mut mpsc::Receiver<Control>,
    ) -> Result<(Uuid, u32), GlassesError> {
        // A device that is not paired yet records too, for whoever pairs it.
        let seat = spool.credentials().ok().and_then(|credentials| credentials.seat);
        let open = spool.begin(&Event::Start { name, task_id, began: Moment::now(), seat })?;
        let key = open.session().key();
        // A file's clock starts with its first picture.
        let clock = (!self.source.is_file()).then(|| SessionClock::start(1.0));
        let folder = spool.root().to_owned();
        let mut recording = Recording {
            recorder: self,
            spool,
            shared,
            open,
            folder,
            clock,
            runs: 0,
            end_ms: 0,
            stretches: Vec::new(),
            position: 0.0,
            restarts: 0,
            full: false,
        };
        shared.written(Some(key));
        shared.tell(News::Recording { session: key });
        let recorded = recording.run(controls).await;
        if let Err(error) = &recorded {
            shared.tell(News::Problem { detail: error.to_string() });
        }
        let stop = Event::Stop { at_ms: recording.stop_ms(), abnormal: recorded.is_err() };
        if recording.open.event(&stop).is_err() {
            spool.drop_ballast();
            recording.open.event(&stop)?;
        }
        let parts = recording.open.parts();
        shared.written(None);
        shared.tell(News::Stopped { session: key, parts });
        Ok((key, parts))
    }
}

impl Recording<'_> {
    async fn run(&mut self, controls: &mut mpsc::Receiver<Control>) -> Result<(), GlassesError> {
        let mut run = self.begin_run().await?;
        let mut paused = None;
        let mut restart_at = None;
        loop {
            let next = match &mut run {
                Some(running) => tokio::select! {
                    control = controls.recv() => Next::Control(control),
                    ended = self.record(running) => Next::Ended(ended?),
                },
                None => tokio::select! {
                    control = controls.recv() => Next::Control(control),
                    () = sleep_until(restart_at.unwrap_or_else(far)), if restart_at.is_some() => Next::Restart,
                },
            };
            match next {
                Next::Control(None | Some(Control::Stop)) => {
                    self.end_run(run.take()).await?;
                    return Ok(());
                }
                Next::Control(Some(Control::Pause)) if paused.is_none() => {
                    self.event(&Event::Pause { at_ms: self.now_ms() })?;
                    self.shared.tell(News::Paused);
                    restart_at = None;
                    self.end_run(run.take()).await?;
                    let listener = self.recorder.listener.as_ref();
                    paused = Some(Ears::open(&self.recorder.source, listener, self.shared).await);
                }
                Next::Control(Some(Control::Resume)) if paused.is_some() => {
                    self.event(&Event::Resume { at_ms: self.now_ms() })?;
                    self.shared.tell(News::Resumed);
                    if let Some(ears) = paused.take() {
                        ears.close().await;
                    }
                    run = self.begin_run().await?;
                    restart_at = run.is_none().then(Instant::now);
                }
                Next::Control(Some(Control::DeleteLastMinute)) => {
                    self.delete_last_minute(run.as_ref())?;
                    // The header of what follows must not lie in what is deleted.
                    self.end_run(run.take()).await?;
                    if paused.is_none() {
                        restart_at = Some(Instant::now());
                    }
                }
                Next::Control(Some(control)) => {
                    let detail =
                        format!("The session is {} already.", if paused.is_some() { "paused" } else { "recording" });
                    tracing::debug!(?control, "makes no sense now");
                    self.shared.tell(News::Problem { detail });
                }
                Next::Ended(Ended::DiskFull) => {
                    self.shared.tell(News::DiskFull);
                    self.end_run(run.take()).await?;
                    return Ok(());
                }
                Next::Ended(ended) => {
                    if self.ended(run.take(), ended).await? {
                        return Ok(());
                    }
                    let wait = Duration::from_millis(250).saturating_mul(2_u32.saturating_pow(self.restarts));
                    self.restarts += 1;
                    restart_at = Some(Instant::now() + wait.min(LONGEST_RESTART));
                }
                Next::Restart => {
                    run = self.begin_run().await?;
                    restart_at = run.is_none().then(|| Instant::now() + LONGEST_RESTART);
                }
            }
        }
    }

    /// `None` when the source cannot be started now.
    async fn begin_run(&mut self) -> Result<Option<Run>, GlassesError> {
        let source = match self.recorder.source.start(&self.folder, self.position).await {
            Ok(source) => source,
            Err(error) => {
                self.shared.tell(News::Stalled { detail: error.to_string() });
                return Ok(None);
            }
        };
        let mut run = Run {
            source,
            cutter: Cutter::default(),
            number: self.runs + 1,
            start_ms: 0,
            first: None,
            latest: Instant::now(),
            buffer: vec![0; 64 << 10],
        };
        if let Some(sound) = run.source.sound.take() {
            tokio::spawn(sound::drain(sound, self.recorder.listener.clone(), self.shared.clone()));
        }
        Ok(Some(run))
    }

    /// Reads the source and keeps its parts until it ends or stalls. Safe to drop between parts.
    async fn record(&mut self, run: &mut Run) -> Result<Ended, GlassesError> {
        loop {
            // The first fragment also takes the time to open the camera.
            let patience = self.recorder.stalled_after * if run.first.is_none() { 2 } else { 1 };
            let Some(stdout) = run.source.child.stdout.as_mut() else { return Ok(Ended::Source) };
            let read = tokio::select! {
                read = stdout.read(&mut run.buffer) => read,
                () = sleep_until(run.latest + patience) => return Ok(Ended::Stalled),
            };
            match read {
                Ok(0) | Err(_) => return Ok(Ended::Source),
                Ok(read) => run.cutter.feed(&run.buffer[..read]),
            }
            loop {
                match run.cutter.next_piece() {
                    Ok(Some(piece)) => {
                        self.keep(run, piece)?;
                        // Its last words still find room.
                        if !self.full && !self.has_room() {
                            self.full = true;
                            return Ok(Ended::DiskFull);
                        }
                    }
                    Ok(None) => break,
                    Err(error) => return Ok(Ended::Garbage(error.to_string())),
                }
            }
        }
    }

    fn keep(&mut self, run: &mut Run, piece: Piece) -> Result<(), GlassesError> {
        let (bytes, start_ms, duration_ms) = match piece {
            Piece::Header(bytes) => {
                let speed = self.recorder.source.speed();
                self.clock.get_or_insert_with(|| SessionClock::start(speed));
                self.runs = run.number;
                run.start_ms = self.now_ms().max(self.end_ms);
                (bytes, run.start_ms, 0)
            }
            Piece::Fragment { bytes, start, end } => {
                let first = *run.first.get_or_insert(start);
                let ms = |seconds: f64| run.start_ms + ((seconds - first).max(0.0) * 1000.0).round() as u64;
                (bytes, ms(start), ms(end).saturating_sub(ms(start)))
            }
        };
        if duration_ms > 0 {
            run.latest = Instant::now();
            self.restarts = 0;
            self.position += duration_ms as f64 / 1000.0;
        }
        let open = &mut self.open;
        let name = tokio::task::block_in_place(|| match open.part(run.number, start_ms, duration_ms, &bytes) {
            Err(error) if error.is_disk_full() => {
                // What is kept for this moment.
                self.spool.drop_ballast();
                open.part(run.number, start_ms, duration_ms, &bytes)
            }
            kept => kept,
        })?;
        self.end_ms = self.end_ms.max(name.end_ms());
        match self.stretches.last_mut().filter(|_| duration_ms > 0) {
            Some(last) => last.1 = last.1.max(name.end_ms()),
            None => self.stretches.push((start_ms, start_ms)),
        }
        let session = self.open.session().key();
        self.shared.written(Some(session));
        self.shared.tell(News::Part {
            session,
            part: name.number,
            run: name.run,
            start_ms,
            duration_ms,
            bytes: bytes.len() as u64,
            sha256: name.sha256,
        });
        Ok(())
    }

    /// Lets a source write what it still holds, then ends it.
    async fn end_run(&mut self, run: Option<Run>) -> Result<(), GlassesError> {
        let Some(mut run) = run else { return Ok(()) };
        run.source.child.interrupt();
        match timeout(LAST_WORDS, self.record(&mut run)).await {
            Ok(Err(error)) => Err(error),
            _ => Ok(()),
        }
    }

    /// Says why a run ended; whether the session ends with it.
    async fn ended(&mut self, run: Option<Run>, ended: Ended) -> Result<bool, GlassesError> {
        let Some(run) = run else { return Ok(false) };
        let recorded = run.first.is_some();
        let detail = match ended {
            Ended::Stalled => "It gave no picture.".to_owned(),
            Ended::Garbage(detail) => detail,
            Ended::DiskFull => return Ok(true),
            Ended::Source => match timeout(LAST_WORDS, run.source.child.end()).await {
                Ok(Ok((status, _))) if status.success() && self.recorder.source.is_file() => return Ok(true),
                Ok(Ok((_, said))) if self.recorder.source.is_file() && recorded => {
                    // A file that is cut off ends here all the same.
                    self.shared.tell(News::Problem { detail: format!("The file ends early: {said}") });
                    return Ok(true);
                }
                Ok(Ok((_, said))) if self.recorder.source.is_file() => {
                    return Err(GlassesError::Source(format!("the file cannot be played: {said}")));
                }
                Ok(Ok((_, said))) => said,
                _ => "It does not end.".to_owned(),
            },
        };
        self.shared.tell(News::Stalled { detail });
        Ok(false)
    }

    /// The last minute that was recorded, with what `run` has not given yet: pauses do not count.
    fn delete_last_minute(&mut self, run: Option<&Run>) -> Result<(), GlassesError> {
        let to_ms = if run.is_some() { self.now_ms().max(self.end_ms) } else { self.end_ms };
        if let (Some(last), true) = (self.stretches.last_mut(), run.is_some_and(|run| run.first.is_some())) {
            last.1 = to_ms;
        }
        let Some(from_ms) = last_minute(&self.stretches) else {
            self.shared.tell(News::Problem { detail: "Nothing is recorded that could be deleted.".to_owned() });
            return Ok(());
        };
        tokio::task::block_in_place(|| self.open.delete(from_ms, to_ms))?;
        self.shared.written(Some(self.open.session().key()));
        self.shared.tell(News::Deleted { from_ms, to_ms });
        Ok(())
    }

    fn event(&mut self, event: &Event) -> Result<(), GlassesError> {
        tokio::task::block_in_place(|| self.open.event(event))?;
        self.shared.written(Some(self.open.session().key()));
        Ok(())
    }

    fn has_room(&self) -> bool {
        free_bytes(self.spool.root()).is_none_or(|free| free >= self.recorder.reserve_bytes)
    }

    fn now_ms(&self) -> u64 {
        self.clock.map_or(0, |clock| clock.now_ms())
    }

    /// A file ends where it ends, however late we notice.
    fn stop_ms(&self) -> u64 {
        if self.recorder.source.is_file() { self.end_ms } else { self.now_ms().max(self.end_ms) }
    }
}

/// Where the last minute of these stretches begins; `None` without any.
fn last_minute(stretches: &[(u64, u64)]) -> Option<u64> {
    let mut left = LAST_MINUTE_MS;
    for (from, to) in stretches.iter().rev() {
        let length = to.saturating_sub(*from);
        if length >= left {
            return Some(to - left);
        }
        left -= length;
    }
    stretches.first().map(|first| first.0)
}

fn far() -> Instant {
    Instant::now() + Duration::from_secs(3600)
}

#[cfg(test)]
mod tests {
    use super::last_minute;
    use rstest::rstest;

    #[rstest]
    #[case(&[], None)]
    #[case(&[(0, 20_000)], Some(0))]
    #[case(&[(0, 90_000)], Some(30_000))]
    // An hour of pause, and ten seconds after it.
    #[case(&[(0, 90_000), (3_690_000, 3_700_000)], Some(40_000))]
    #[case(&[(5_000, 10_000), (3_690_000, 3_700_000)], Some(5_000))]
    fn the_last_minute_is_one_of_recording(#[case] stretches: &[(u64, u64)], #[case] from_ms: Option<u64>) {
        assert_eq!(last_minute(stretches), from_ms);
    }
}
