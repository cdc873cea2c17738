//! What the simulated engineer sees and says: 20 s at about 1 Mbit/s with a keyframe every second.

use crate::support::{ffmpeg, made};
use std::path::PathBuf;

/// Seconds of it.
pub const SECONDS: u32 = 20;

pub fn recording() -> PathBuf {
    of(SECONDS)
}

/// The same for so many seconds.
pub fn of(seconds: u32) -> PathBuf {
    made(&format!("engineer-{seconds}-s.mp4"), |path| {
        ffmpeg(
            "-f lavfi -i testsrc2=s=640x360:r=15:d=20,noise=alls=18:allf=t -f lavfi -i anoisesrc=a=0.01:r=48000:seed=7:d=20 \
             -t 20 -pix_fmt yuv420p -c:v libx264 -preset ultrafast -b:v 1M -maxrate 1M -bufsize 1M -g 15 -keyint_min 15 \
             -sc_threshold 0 -c:a aac -b:a 48k -f mp4",
            &path.with_extension("20.mp4"),
        );
        let twenty = path.with_extension("20.mp4");
        ffmpeg(
            &format!("-stream_loop -1 -i {} -t {seconds} -c copy -movflags +faststart -f mp4", twenty.display()),
            path,
        );
        std::fs::remove_file(twenty).unwrap();
    })
}
