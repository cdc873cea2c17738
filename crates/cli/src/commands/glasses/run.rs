//! `trainar glasses run`.

use super::{Place, exit_code, open, output::Output};
use crate::{assemble, settings::Settings};
use anyhow::{Context, Result, bail};
use clap::Args;
use glasses::{
    delivery::{Delivery, Shared, Until},
    device::{Command, Device},
    news::News,
    recorder::Recorder,
    source::{Input, Source},
};
use std::{path::PathBuf, process::ExitCode, time::Duration};
use tokio::sync::mpsc;

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
        let recorder = Recorder {
            source,
            stalled_after: Duration::from_secs_f64(self.stalled_after),
            reserve_bytes: self.reserve_megabytes * 1_000_000,
            listener: None,
        };
        let (name, task_id) = (self.name.clone(), self.task);
        let device = Device { spool: spool.clone(), shared: shared.clone(), recorder, name, task_id };
        let delivering = tokio::spawn(Delivery::new(spool.clone(), shared.clone()).run(Until::Dropped));
        let mut commands = commands(&shared)?;
        let left = if self.simulate.is_some() {
            let quit = device.session(&mut commands).await?;
            delivering.abort();
            let _ = delivering.await;
            drop((device, commands));
            if self.no_wait || quit { 0 } else { super::deliver(spool, shared, self.wait_seconds).await? }
        } else {
            device.run(&mut commands).await?;
            delivering.abort();
            let _ = delivering.await;
            drop((device, commands, shared));
            0
        };
        output.finish().await;
        Ok(exit_code(left))
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

/// Lines of the standard input and signals, as commands. Its end is no command: a service has no input.
fn commands(shared: &Shared) -> Result<mpsc::Receiver<Command>> {
    let (sender, commands) = mpsc::channel(8);
    let stop = crate::commands::serve::stop_on_signal()?;
    let quit = sender.clone();
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
    Ok(commands)
}
