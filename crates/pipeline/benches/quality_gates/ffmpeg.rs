//! Makes recordings out of real clips, with the faults that real cameras and microphones have.

use anyhow::{Context, Result, ensure};
use std::{
    path::{Path, PathBuf},
    process::Command,
};

/// What a recording is made of, in the words of ffmpeg's filters.
pub struct Recipe {
    /// A file of the data's `media`.
    pub clip: String,
    /// Seconds.
    pub seconds: f64,
    /// From `[0:v]`, the clip over and over at 10 frames a second and 400x226, to a picture of any size.
    pub picture: String,
    /// From the inputs `[1:a]`, speech over and over, to a sound; empty for none.
    pub sound: String,
    /// Codecs and their settings.
    pub encoding: String,
    /// Ends the file's name.
    pub extension: &'static str,
    /// The clip's packets as they are, over and over, instead of `picture`.
    pub copy: bool,
}

impl Recipe {
    /// Writes the recording unless it is there from another run.
    pub fn make(&self, data: &Path, speech: &Path, path: &Path) -> Result<()> {
        if path.exists() {
            return Ok(());
        }
        let partial = path.with_extension(format!("partial.{}", self.extension));
        let mut ffmpeg = Command::new("ffmpeg");
        ffmpeg.args(["-v", "error", "-nostdin", "-y", "-filter_threads", "1", "-stream_loop", "-1", "-i"]);
        ffmpeg.arg(data.join("media").join(&self.clip)).args(["-stream_loop", "-1", "-i"]).arg(speech);
        let start = "[0:v]fps=10,scale=400:226:force_original_aspect_ratio=increase,crop=400:226,setsar=1";
        let picture = format!("{start},{},format=yuv420p[v];", self.picture);
        let picture = if self.copy { "" } else { &picture };
        let filters = match self.sound.as_str() {
            "" => picture.trim_end_matches(';').to_owned(),
            sound => format!("{picture}{sound}[a]"),
        };
        ffmpeg.args(["-filter_complex", &filters, "-map", if self.copy { "0:v" } else { "[v]" }]);
        ffmpeg.args(if self.sound.is_empty() { &["-an"][..] } else { &["-map", "[a]"] });
        ffmpeg.args(["-t", &self.seconds.to_string(), "-ac", "1", "-threads", "1"]);
        ffmpeg.args(if self.copy { "-c:v copy -c:a aac" } else { &self.encoding }.split_whitespace()).arg(&partial);
        let run = ffmpeg.output().context("ffmpeg does not start")?;
        ensure!(run.status.success(), "{filters}\n{}", String::from_utf8_lossy(&run.stderr));
        Ok(std::fs::rename(partial, path)?)
    }
}

/// Real speech one after the other, with a pause of two seconds after each piece.
pub fn speech(data: &Path, folder: &Path, name: &str, pieces: &[&str]) -> Result<PathBuf> {
    let path = folder.join(format!("{name}.wav"));
    if path.exists() {
        return Ok(path);
    }
    let mut ffmpeg = Command::new("ffmpeg");
    ffmpeg.args(["-v", "error", "-nostdin", "-y"]);
    for piece in pieces {
        ffmpeg.arg("-i").arg(data.join("speech").join(piece));
    }
    let each: String = (0..pieces.len())
        .map(|i| format!("[{i}:a]aresample=16000,loudnorm=I=-23,aresample=16000,apad=pad_dur=2[s{i}];"))
        .collect();
    let all: String = (0..pieces.len()).map(|i| format!("[s{i}]")).collect();
    ffmpeg.args(["-filter_complex", &format!("{each}{all}concat=n={}:v=0:a=1[a]", pieces.len()), "-map", "[a]"]);
    let run = ffmpeg.arg(&path).output().context("ffmpeg does not start")?;
    ensure!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    Ok(path)
}
