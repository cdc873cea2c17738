//! The first pass over a run: its picture and the pieces of its sound into files of our own, in the recording's format.

use super::{Placed, format::Format};
use crate::{MediaError, Tools, playable::common, sniff};
use domain::Span;
use std::{ffi::OsString, path::Path};

/// A run in files of our own. Names are within the folder that they were pulled into.
#[derive(Debug, Default)]
pub(super) struct Pulled {
    pub picture: Option<String>,
    /// The pieces of sound, each with where it lies on the run's own clock, in seconds.
    pub sound: Vec<(String, Span)>,
}

/// Pulls `run` apart into `folder`.
pub(super) async fn pull(
    tools: &Tools,
    run: &Placed<'_>,
    format: &Format,
    folder: &Path,
) -> Result<Pulled, MediaError> {
    const DOING: &str = "reading a run of the recording";
    let (info, number) = (&run.look.info, run.index);
    let mut pulled = Pulled::default();
    let mut args = common();
    // Times as they are: that is what `run.look` speaks of.
    args.extend(["-y", "-copyts"].map(Into::into));
    args.extend(sniff::open_args(run.path, run.look.kind)?);
    if let (Some(video), Some(target)) = (&info.video, &format.video) {
        let name = format!("{number}-picture");
        args.extend(["-map".into(), format!("0:{}", video.stream).into()]);
        if format.copies_video(run) {
            args.extend(["-c:v".into(), "copy".into(), "-bsf:v".into(), dropping(&run.look.torn).into()]);
        } else {
            args.extend(target.encoding(tools.threads));
        }
        args.extend(["-map_metadata", "-1", "-map_chapters", "-1", "-f"].map(Into::into));
        args.push(if format.extension == "mp4" { "mp4".into() } else { "matroska".into() });
        args.push(sniff::file_url(&folder.join(&name))?);
        pulled.picture = Some(name);
    }
    if let (Some(audio), Some(target)) = (&info.audio, &format.audio) {
        args.extend(["-map".into(), format!("0:{}", audio.stream).into()]);
        let copies = format.copies_audio(run);
        let pieces = if copies { run.look.sound.clone() } else { whole(&run.look.sound) };
        if copies {
            args.extend(["-c:a".into(), "copy".into(), "-bsf:a".into(), dropping(&[]).into()]);
        } else {
            args.extend(target.encoding());
        }
        args.extend(["-map_metadata", "-1", "-map_chapters", "-1", "-f", "segment"].map(Into::into));
        args.extend(
            ["-segment_format", target.container(), "-reset_timestamps", "1", "-segment_times"].map(Into::into),
        );
        args.push(times(&pieces).into());
        args.push(pattern(folder, &format!("{number}-sound-%d"))?);
        pulled.sound = pieces.into_iter().enumerate().map(|(i, at)| (format!("{number}-sound-{i}"), at)).collect();
    }
    let seconds = run.look.span.duration();
    // Damage in the middle ends the program with an error; what was read counts.
    let ended = tools.within(DOING, 6.0 * seconds, tools.run(DOING, &tools.ffmpeg, args)).await;
    let exists = |name: &str| folder.join(name).metadata().is_ok_and(|m| m.len() > 0);
    pulled.picture = pulled.picture.filter(|name| exists(name));
    pulled.sound.retain(|(name, _)| exists(name));
    match ended {
        Err(e) if !e.is_input_fault() || pulled.picture.is_none() && pulled.sound.is_empty() => Err(e),
        _ => Ok(pulled),
    }
}

fn whole(pieces: &[Span]) -> Vec<Span> {
    pieces.first().zip(pieces.last()).map(|(first, last)| Span::new(first.start, last.end)).into_iter().collect()
}

/// A filter that leaves out pictures within `torn` and packets whose time goes back: their own place was lost. Variable 0
/// holds the time reached.
fn dropping(torn: &[Span]) -> String {
    let until = |end: f64| if end == f64::MAX { 1e9 } else { end - 0.001 };
    let torn = torn.iter().map(|t| format!("+between(pts*tb,{:.3},{:.3})", t.start - 0.001, until(t.end)));
    let torn: String = torn.collect();
    format!("noise=drop='if(eq(n,0)+key+gt(dts*tb,ld(0)),st(0,dts*tb)*0{torn},1)'")
}

/// Where the second and later pieces begin, a little early: times are rounded.
fn times(pieces: &[Span]) -> String {
    let starts: Vec<_> = pieces.iter().skip(1).map(|p| format!("{:.4}", p.start - 0.005)).collect();
    // The muxer wants one at least; behind the end it never comes.
    if starts.is_empty() { "100000000".into() } else { starts.join(",") }
}

fn pattern(folder: &Path, name: &str) -> Result<OsString, MediaError> {
    let folder = sniff::file_url(folder)?;
    let escaped = folder.to_str().map(|f| f.replace('%', "%%")).ok_or_else(|| {
        MediaError::io("writing into", Path::new(&folder), std::io::Error::other("the folder's name is no UTF-8"))
    })?;
    Ok(format!("{escaped}/{name}").into())
}
