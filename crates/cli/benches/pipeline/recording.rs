//! A recording as glasses make it: 1080p30 H.264 at about 5 Mbit/s with a keyframe every 2 s, and AAC. A minute is
//! encoded, the rest are stream copies of it; both are kept for the next run.

use anyhow::{Result, ensure};
use std::{
    path::{Path, PathBuf},
    process::Command,
};

/// A rough surface seen by a head that sways.
const PICTURE: &str = "nullsrc=s=640x400:r=30,geq=random(1)*255:128:128,trim=end_frame=1,gblur=sigma=2,eq=contrast=3,\
    scale=2200x1320:flags=bicubic,format=yuv420p,loop=loop=-1:size=1,setpts=N/30/TB,\
    crop=1920:1080:x='140+90*sin(t*0.7)+30*sin(t*2.3)':y='120+70*sin(t*0.9)+25*sin(t*3.1)'";
const SOUND: &str = "anoisesrc=color=pink:amplitude=0.3:r=48000,tremolo=f=3:d=0.9";
const ENCODING: &str = "-t 60 -c:v libx264 -preset veryfast -b:v 5M -maxrate 6M -bufsize 10M -g 60 -sc_threshold 0 \
    -pix_fmt yuv420p -c:a aac -ac 1 -b:a 96k";

/// The recording of `minutes`, with its index at the end.
pub fn of(folder: &Path, minutes: u32) -> Result<PathBuf> {
    let minute = folder.join("minute.mp4");
    made(&minute, |to| {
        ffmpeg(Command::new("ffmpeg").args(["-f", "lavfi", "-i", PICTURE, "-f", "lavfi", "-i", SOUND]), ENCODING, to)
    })?;
    let path = folder.join(format!("{minutes}-minutes.mp4"));
    made(&path, |to| {
        let length = format!("-t {} -c copy", minutes * 60);
        ffmpeg(Command::new("ffmpeg").args(["-stream_loop", "-1", "-i"]).arg(&minute), &length, to)
    })?;
    Ok(path)
}

/// Makes `path` unless it is there, under another name until it is whole.
fn made(path: &Path, make: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    if !path.exists() {
        let partial = path.with_extension("partial.mp4");
        make(&partial)?;
        std::fs::rename(partial, path)?;
    }
    Ok(())
}

fn ffmpeg(command: &mut Command, options: &str, to: &Path) -> Result<()> {
    command.args(options.split_whitespace()).args(["-v", "error", "-nostdin", "-y"]).arg(to);
    ensure!(command.status()?.success(), "ffmpeg could not make {}", to.display());
    Ok(())
}
