//! The second pass: our own files, in their order and at their times, into one recording.

use super::{
    format::Format,
    look::look,
    plan::{Entry, Lists},
};
use crate::{
    MediaError, Tools,
    playable::{Beside, common, muxing, run_telling},
    sniff,
};
use std::{ffi::OsString, fmt::Write, path::Path};

const DOING: &str = "joining the recording";
const SILENCE_SECONDS: u32 = 10;

/// A file of silent packets of equal length.
#[derive(Debug)]
pub(super) struct Silence {
    pub file: String,
    pub packet_seconds: f64,
    pub packets: u64,
}

/// Makes silence in the recording's format; `None` for a recording without sound.
pub(super) async fn silence(tools: &Tools, format: &Format, folder: &Path) -> Result<Option<Silence>, MediaError> {
    let Some(audio) = &format.audio else { return Ok(None) };
    let file = "silence".to_owned();
    let source = format!("anullsrc=r={}:cl={}", audio.sample_rate, audio.layout());
    let mut args = common();
    args.extend(["-y", "-f", "lavfi", "-i", &source, "-t", &SILENCE_SECONDS.to_string()].map(Into::into));
    args.extend(audio.encoder());
    if audio.container() == "mp4" {
        args.extend(["-use_editlist", "0"].map(Into::into));
    }
    args.extend(["-f".into(), audio.container().into(), sniff::file_url(&folder.join(&file))?]);
    tools.run(DOING, &tools.ffmpeg, args).await?;
    let packet_seconds = if audio.codec == "aac" { 1024.0 / f64::from(audio.sample_rate) } else { 0.02 };
    let seconds = look(tools, &folder.join(&file)).await?.span.duration();
    // Less than all: of its last packet a player leaves out what fills it up, so that it must not be heard in the middle.
    let packets = ((seconds / packet_seconds).floor() as u64).saturating_sub(1).max(1);
    Ok(Some(Silence { file, packet_seconds, packets }))
}

/// Writes `lists` into `beside`; `progress` is told the share done.
pub(super) async fn gather(
    tools: &Tools,
    lists: &Lists,
    format: &Format,
    beside: &Beside<'_>,
    seconds: f64,
    progress: impl Fn(f64),
) -> Result<(), MediaError> {
    let mut args = common();
    args.extend(["-y", "-copyts"].map(Into::into));
    let mut maps: Vec<OsString> = Vec::new();
    for (list, name) in [(&lists.picture, "picture.ffconcat"), (&lists.sound, "sound.ffconcat")] {
        let Some(first) = list.first() else { continue };
        let path = beside.folder().join(name);
        std::fs::write(&path, written(list)).map_err(|e| MediaError::io(DOING, &path, e))?;
        args.extend(["-itsoffset".into(), format!("{:.6}", first.at).into()]);
        args.extend(["-protocol_whitelist", "file", "-format_whitelist", "concat,mov,matroska"].map(Into::into));
        args.extend(["-safe", "1", "-f", "concat", "-i"].map(Into::into));
        args.push(sniff::file_url(&path)?);
        maps.extend(["-map".into(), format!("{}:0", maps.len() / 2).into()]);
    }
    args.extend(maps);
    args.extend(["-c", "copy", "-map_metadata", "-1", "-map_chapters", "-1"].map(Into::into));
    args.extend(muxing(format.extension));
    args.push(sniff::file_url(beside.path())?);
    run_telling(tools, DOING, args, seconds, progress).await
}

/// A list for ffmpeg's concat demuxer: nothing in it comes from outside.
fn written(list: &[Entry]) -> String {
    let mut text = String::from("ffconcat version 1.0\n");
    for (i, entry) in list.iter().enumerate() {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "file {}", entry.file);
        if let Some(until) = entry.until {
            let _ = writeln!(text, "outpoint {until:.6}");
        }
        if let Some(next) = list.get(i + 1) {
            let _ = writeln!(text, "duration {:.6}", (next.at - entry.at).max(0.000_001));
        }
    }
    text
}
