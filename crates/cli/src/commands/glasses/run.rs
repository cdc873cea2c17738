//! `trainar glasses run`.

use super::{Place, exit_code, open, output::Output};
use crate::{
    assemble,
    settings::{Settings, set},
};
use anyhow::{Context, Result, bail};
use clap::Args;
use glasses::{
    GlassesError,
    delivery::{Delivery, Shared, Status, Until},
    device::{BATTERIES, Command, Device},
    news::News,
    preflight::battery_percent,
    recorder::Recorder,
    source::{Input, Source},
    spool::{Spool, free_bytes, minutes},
    voice::{
        Listener,
        twice::{Answer, Twice},
    },
};
use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
    time::Duration,
};
use tokio::{
    sync::{mpsc, watch},
    task::JoinHandle,
    time::Instant,
};

#[derive(Debug, Args)]
pub struct Run {
    /// Play a file as if a camera and a microphone gave it: starts by itself, stops at its end, waits for delivery
    #[arg(long, value_name = "FILE")]
    simulate: Option<PathBuf>,
    /// Seconds of the file in one second
    #[arg(long, requires = "simulate", default_value_t = 1.0)]
    speed: f64,
    /// With --simulate: leave delivering to later
    #[arg(long, requires = "simulate")]
    no_wait: bool,
    /// With --simulate: stop waiting for delivery after so many seconds
    #[arg(long, value_name = "SECONDS", requires = "simulate")]
    wait_seconds: Option<f64>,
    /// V4L2 device
    #[arg(long, value_name = "DEVICE", default_value = "/dev/video0")]
    camera: String,
    /// ALSA device; "none" records without sound
    #[arg(long, value_name = "DEVICE", default_value = "default")]
    microphone: String,
    /// Picture size that the camera is asked for
    #[arg(long, value_name = "WIDTHxHEIGHT", default_value = "1280x720")]
    size: String,
    /// Pictures a second that the camera is asked for
    #[arg(long, value_name = "NUMBER", default_value_t = 30)]
    rate: u32,
    /// Megabits a second of the picture
    #[arg(long, value_name = "NUMBER", default_value_t = 4.0)]
    megabits: f64,
    /// Start the camera again when it gives nothing for so many seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 6.0)]
    stalled_after: f64,
    /// Megabytes of the disk to leave free
    #[arg(long, value_name = "NUMBER", default_value_t = 256)]
    reserve_megabytes: u64,
    /// What sessions are called
    #[arg(long)]
    name: Option<String>,
    /// Task that is being done
    #[arg(long, value_name = "ID")]
    task: Option<domain::TaskId>,
    /// Do not listen for commands by voice; a simulated device does not anyway
    #[arg(long)]
    no_voice: bool,
    /// Listen for commands in the sound of the file
    #[arg(long, requires = "simulate", conflicts_with = "no_voice")]
    voice: bool,
    /// Show what happens, do not speak
    #[arg(long)]
    mute: bool,
    #[command(flatten)]
    place: Place,
}

impl Run {
    pub async fn run(self, settings: &Settings) -> Result<ExitCode> {
        if !(0.1..=1000.0).contains(&self.speed) {
            bail!("--speed takes a number from 0.1 to 1000");
        }
        if !(0.5..=3600.0).contains(&self.stalled_after) {
            bail!("--stalled-after takes seconds from 0.5 to 3600");
        }
        let source = self.source(settings).await?;
        let output = Output::start(self.place.json, self.mute);
        let shared = Shared::new(output.sender());
        let spool = open(&self.place, &shared)?;
        let (sender, mut commands) = commands(&shared)?;
        let listener = if self.voice || (self.simulate.is_none() && !self.no_voice) {
            listen(settings, spool.root(), &shared, sender).await
        } else {
            None
        };
        let device = self.device(source, spool.clone(), shared.clone(), listener);
        let status = status(&device);
        let mut delivery = Delivery::new(spool.clone(), shared.clone());
        delivery.status = status;
        let until = watch::Sender::new(Until::Dropped);
        let delivering = tokio::spawn(delivery.run(until.subscribe()));
        let left = if self.simulate.is_some() {
            if device.preflight().await.is_some() {
                delivering.abort();
                drop((device, commands, shared));
                output.finish().await;
                return Ok(ExitCode::from(1));
            }
            let quit = device.session(&mut commands).await?;
            if self.no_wait || quit {
                delivering.abort();
                let _ = delivering.await;
                0
            } else {
                until.send_replace(Until::Delivered);
                wait(delivering, &spool, self.wait_seconds, &mut commands).await?
            }
        } else {
            device.run(&mut commands).await?;
            delivering.abort();
            let _ = delivering.await;
            0
        };
        drop((device, commands, shared));
        output.finish().await;
        Ok(exit_code(left))
    }

    /// Only the checks.
    pub async fn check(self, settings: &Settings) -> Result<ExitCode> {
        let output = Output::start(self.place.json, self.mute);
        let shared = Shared::new(output.sender());
        let folder = self.place.folder()?;
        // Not held: a session may be running.
        let spool = Arc::new(Spool::look(&folder));
        let impossible = self.device(self.source(settings).await?, spool, shared, None).preflight().await;
        output.finish().await;
        Ok(if impossible.is_none() { ExitCode::SUCCESS } else { ExitCode::from(1) })
    }

    fn device(
        &self,
        source: Source,
        spool: Arc<Spool>,
        shared: Shared,
        listener: Option<mpsc::Sender<Vec<u8>>>,
    ) -> Device {
        let stalled_after = Duration::from_secs_f64(self.stalled_after);
        let recorder = Recorder { source, stalled_after, reserve_bytes: self.reserve_megabytes * 1_000_000, listener };
        Device { spool, shared, recorder, name: self.name.clone(), task_id: self.task }
    }

    async fn source(&self, settings: &Settings) -> Result<Source> {
        let tools = assemble::media_tools(settings)?;
        let input = match &self.simulate {
            None => Input::Camera {
                camera: self.camera.clone(),
                microphone: Some(self.microphone.clone()).filter(|name| name != "none"),
                size: self.size.clone(),
                rate: self.rate,
                bits_per_second: (self.megabits * 1e6) as u64,
            },
            Some(path) => {
                let path = path.canonicalize().with_context(|| format!("cannot read {}", path.display()))?;
                let info = media::probe(&tools, &path).await.with_context(|| path.display().to_string())?.info;
                let video = info.video.context("the file has no picture, which a camera would give")?;
                Input::File {
                    path,
                    speed: self.speed,
                    copy_video: video.codec == "h264" && video.pixel_format == "yuv420p",
                    copy_audio: info.audio.map(|audio| audio.codec == "aac"),
                }
            }
        };
        Ok(Source { ffmpeg: tools.ffmpeg, input })
    }
}

/// Waits until everything is delivered, the time is over, or somebody says quit. Returns how many sessions are left.
async fn wait(
    mut delivering: JoinHandle<Result<usize, GlassesError>>,
    spool: &Spool,
    seconds: Option<f64>,
    commands: &mut mpsc::Receiver<Command>,
) -> Result<usize> {
    let limit = tokio::time::sleep(super::limit(seconds));
    let quit = async { while commands.recv().await.is_some_and(|command| command != Command::Quit) {} };
    tokio::select! {
        left = &mut delivering => return Ok(left??),
        () = limit => {}
        () = quit => {}
    }
    delivering.abort();
    let _ = delivering.await;
    Ok(spool.sessions()?.len())
}

/// What the office is told of the device itself.
fn status(device: &Device) -> Arc<dyn Fn() -> Status + Send + Sync> {
    let (spool, reserve) = (device.spool.clone(), device.recorder.reserve_bytes);
    let bits_per_second = device.recorder.source.bits_per_second();
    Arc::new(move || Status {
        battery_percent: battery_percent(Path::new(BATTERIES)),
        storage_minutes: free_bytes(spool.root()).map(|free| minutes(free, reserve, bits_per_second)),
    })
}

/// Starts listening for commands; without PocketSphinx there are only the others.
async fn listen(
    settings: &Settings,
    folder: &Path,
    shared: &Shared,
    commands: mpsc::Sender<Command>,
) -> Option<mpsc::Sender<Vec<u8>>> {
    let program = set(&settings.speech.pocketsphinx).unwrap_or(Path::new("pocketsphinx_batch"));
    match Listener::start(program, folder).await {
        Ok((mut listener, sound)) => {
            let shared = shared.clone();
            tokio::spawn(async move {
                let mut twice = Twice::default();
                while let Some(heard) = listener.next().await {
                    let heard = match heard {
                        Ok(heard) => heard,
                        Err(error) => {
                            shared.tell(News::Problem { detail: error.to_string() });
                            continue;
                        }
                    };
                    let Some(command) = heard.phrase.command else { continue };
                    shared.tell(News::Heard { phrase: heard.phrase.words.to_owned() });
                    // Without a session there is nothing to ask about.
                    let runs = shared.running.borrow().session.is_some();
                    let answer = if runs { twice.hear(command, Instant::now()) } else { Answer::Do(command) };
                    match answer {
                        Answer::Do(command) => drop(commands.send(command).await),
                        Answer::Ask => shared.tell(News::AskAgain),
                    }
                }
            });
            Some(sound)
        }
        Err(error) => {
            shared.tell(News::Problem { detail: error.to_string() });
            None
        }
    }
}

/// Lines of the standard input and signals, as commands. Its end is no command: a service has no input.
fn commands(shared: &Shared) -> Result<(mpsc::Sender<Command>, mpsc::Receiver<Command>)> {
    let (sender, commands) = mpsc::channel(8);
    let stop = crate::commands::serve::stop_on_signal()?;
    let (quit, voice) = (sender.clone(), sender.clone());
    tokio::spawn(async move {
        stop.cancelled().await;
        let _ = quit.send(Command::Quit).await;
    });
    let news = shared.news.downgrade();
    // A thread of its own: reading cannot be interrupted, and must not hold up the end.
    std::thread::spawn(move || {
        for line in std::io::stdin().lines().map_while(Result::ok) {
            match line.parse() {
                Ok(command) => drop(sender.blocking_send(command)),
                Err(detail) => drop(news.upgrade().map(|news| news.send(News::Problem { detail }))),
            }
        }
    });
    Ok((voice, commands))
}
