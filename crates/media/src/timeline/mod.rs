//! The runs of a session become one recording on one timeline: gaps stay gaps, what can be copied is copied.

mod format;
mod gather;
mod look;
mod plan;
mod pull;

use crate::{MediaError, Probed, Tools, playable::Beside, probe::verify_packets};
use domain::Span;
use format::Format;
use look::{Look, look};
use std::path::{Path, PathBuf};

/// What one recorder wrote without a break: a fragmented MP4 or a WebM stream, of which parts may be missing.
#[derive(Clone, Debug)]
pub struct Run {
    /// The file. Its own clock may begin anywhere.
    pub path: PathBuf,
    /// Where its first picture or sound lies on the session's clock, in seconds.
    pub start_seconds: f64,
}

/// Runs as one recording.
#[derive(Clone, Debug)]
pub struct Joined {
    /// The recording as it came out. Its warnings tell what was left out or re-encoded.
    pub probed: Probed,
    /// Where each run lies in it, in seconds from its start, in the order in which the runs were given; `None` for one
    /// that cannot be read.
    pub runs: Vec<Option<Span>>,
    /// Stretches of more than half a second with neither picture nor sound, in order, in seconds from its start.
    pub gaps: Vec<Span>,
}

/// A run that can be read, and where it comes to lie.
struct Placed<'a> {
    index: usize,
    path: &'a Path,
    look: Look,
    /// Where on the session's clock it or a run before it ends, whichever is later.
    recorded_until: f64,
    /// Seconds from the start of the recording.
    starts_at: f64,
}

impl Placed<'_> {
    /// Seconds from the start of the recording of a time on the run's own clock.
    fn on_timeline(&self, at: f64) -> f64 {
        self.starts_at + at - self.look.span.start
    }

    fn ends_at(&self) -> f64 {
        self.on_timeline(self.look.span.end)
    }
}

/// Longest time that all runs may hold together, with the gaps within them: two days.
const MAX_SECONDS: f64 = 48.0 * 3600.0;
/// Longest gap between two runs in the recording: ten minutes. A pause may last from Friday to Monday, and the silence in a
/// gap is real data, which is decoded and listened to.
const MAX_GAP_SECONDS: f64 = 600.0;
/// Longest time that all gaps between runs may take together: six hours. Where there are many, each is shorter.
const ALL_GAPS_SECONDS: f64 = 6.0 * 3600.0;

/// Joins `runs` into `dst`, an MP4 or a WebM as [`Probed::playable_extension`] of the result says, whatever its name. The
/// recording begins with the first run. Runs whose times overlap are put one after another, and a gap between two runs takes
/// at most ten minutes: [`Joined::runs`] says where each came to lie. Picture and sound are
/// copied; only a run that differs from most of the others in codec or size is re-encoded. Browsers play sound on
/// without regard to its gaps, so those are filled with silence of the same codec. `progress` is told the share done,
/// 0 to 1. `dst` appears whole or not at all.
///
/// # Errors
/// [`MediaError::NotMedia`] when no run can be read, [`MediaError::TooLarge`] when they hold over two days; other kinds of it.
pub async fn join_runs(
    tools: &Tools,
    runs: &[Run],
    dst: &Path,
    progress: impl Fn(f64) + Send + Sync,
) -> Result<Joined, MediaError> {
    const DOING: &str = "joining the recording";
    let bytes = runs.iter().filter_map(|r| r.path.metadata().ok()).map(|m| m.len() as f64).sum::<f64>();
    // Copying takes next to nothing; re-encoding may take as long as the recording, whose length is not known yet.
    tools
        .within(DOING, bytes / 1e5, async {
            let (placed, mut warnings) = place(tools, runs).await?;
            let seconds = placed.last().map_or(0.0, Placed::ends_at);
            let recorded: f64 = placed.iter().map(|run| run.look.span.duration()).sum();
            if recorded > MAX_SECONDS {
                let hours = recorded / 3600.0;
                return Err(MediaError::TooLarge { what: format!("its runs last {hours:.0} hours, at most 48") });
            }
            let format = Format::of(&placed);
            warnings.extend(placed.iter().filter_map(|run| format.difference(run)));
            let beside = Beside::new(dst)?;
            let mut pulled = Vec::new();
            for (i, run) in placed.iter().enumerate() {
                pulled.push(pull::pull(tools, run, &format, beside.folder()).await?);
                progress(0.5 * (i + 1) as f64 / placed.len() as f64);
            }
            let silence = gather::silence(tools, &format, beside.folder()).await?;
            let lists = plan::plan(&placed, &pulled, silence.as_ref(), seconds);
            gather::gather(tools, &lists, &format, &beside, seconds, |share| progress(0.5 + 0.5 * share)).await?;
            beside.write_out();
            let mut probed = verify_packets(tools, DOING, beside.path(), seconds).await?;
            beside.publish(DOING)?;
            progress(1.0);
            probed.info.warnings.splice(0..0, warnings);
            Ok(joined(probed, runs.len(), &placed))
        })
        .await
}

/// Looks at all runs and says where each comes to lie, in order; beside it what was left out.
async fn place<'a>(tools: &Tools, runs: &'a [Run]) -> Result<(Vec<Placed<'a>>, Vec<String>), MediaError> {
    let mut order: Vec<_> = (0..runs.len()).collect();
    order.sort_by(|a, b| runs[*a].start_seconds.total_cmp(&runs[*b].start_seconds));
    let (mut placed, mut gaps, mut warnings, mut fault) = (Vec::<Placed>::new(), Vec::new(), Vec::new(), None);
    for index in order {
        let Run { path, start_seconds } = &runs[index];
        match look(tools, path).await {
            Ok(look) => {
                // Where the session had been recorded so far.
                let so_far = placed.last().map_or(*start_seconds, |last| last.recorded_until);
                let recorded_until = so_far.max(start_seconds + look.span.duration());
                gaps.push((start_seconds - so_far).max(0.0));
                placed.push(Placed { index, path, look, recorded_until, starts_at: 0.0 });
            }
            Err(error) if error.is_input_fault() => {
                warnings.push(format!("part {} of the recording is left out: {error}", index + 1));
                fault = Some(error);
            }
            Err(error) => return Err(error),
        }
    }
    lay_out(&mut placed, &gaps);
    match fault {
        _ if !placed.is_empty() => Ok((placed, warnings)),
        Some(error) => Err(error),
        None => Err(MediaError::not_media("it has no runs")),
    }
}

/// Puts each run as far behind the one before as `gaps` says, or as far as a gap may be long.
fn lay_out(placed: &mut [Placed], gaps: &[f64]) {
    let longest = longest_gap(gaps);
    let mut until = 0.0;
    for (run, gap) in placed.iter_mut().zip(gaps) {
        run.starts_at = until + gap.min(longest);
        until = run.ends_at();
    }
}

/// How many seconds each of `gaps` may take.
fn longest_gap(gaps: &[f64]) -> f64 {
    let count = gaps.iter().filter(|gap| **gap > look::GAP_SECONDS).count().max(1);
    MAX_GAP_SECONDS.min(ALL_GAPS_SECONDS / count as f64)
}

fn joined(probed: Probed, runs: usize, placed: &[Placed]) -> Joined {
    let mut spans = vec![None; runs];
    let (mut gaps, mut until) = (Vec::new(), 0.0);
    for run in placed {
        spans[run.index] = Some(Span::new(run.starts_at, run.ends_at()));
        if run.starts_at - until > look::GAP_SECONDS {
            gaps.push(Span::new(until, run.starts_at));
        }
        gaps.extend(run.look.gaps.iter().map(|g| Span::new(run.on_timeline(g.start), run.on_timeline(g.end))));
        until = run.ends_at();
    }
    Joined { probed, runs: spans, gaps }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_gaps_are_shorter() {
        assert_eq!(longest_gap(&[]), 600.0);
        assert_eq!(longest_gap(&[0.0, 1e6, 1e6]), 600.0);
        assert_eq!(longest_gap(&[1e6; 72]), 300.0);
        // Most are no gaps at all.
        assert_eq!(longest_gap(&[0.2; 72]), 600.0);
    }
}
