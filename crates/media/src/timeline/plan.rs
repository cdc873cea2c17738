//! The order in which our own files come, and at what time each.

use super::{Placed, gather::Silence, pull::Pulled};

/// Two lists of files, each played one after another.
#[derive(Debug, Default)]
pub(super) struct Lists {
    pub picture: Vec<Entry>,
    pub sound: Vec<Entry>,
}

/// A file and the time of its first packet, in seconds from the start of the recording.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Entry {
    pub file: String,
    pub at: f64,
    /// Only what begins before this time of its own is taken.
    pub until: Option<f64>,
}

/// Puts everything on the timeline, which ends at `seconds`, and silence where there is no sound.
pub(super) fn plan(placed: &[Placed], pulled: &[Pulled], silence: Option<&Silence>, seconds: f64) -> Lists {
    let mut lists = Lists::default();
    let mut heard = None;
    for (run, pulled) in placed.iter().zip(pulled) {
        let picture = pulled.picture.clone().zip(run.look.picture_starts);
        lists.picture.extend(picture.map(|(file, at)| Entry { file, at: run.on_timeline(at), until: None }));
        for (file, span) in &pulled.sound {
            let at = run.on_timeline(span.start);
            // A first piece that begins a hair before or behind the start needs nothing before it.
            let so_far = heard.unwrap_or(if at.abs() < 0.1 { at } else { 0.0 });
            heard = Some(fill(&mut lists.sound, silence, so_far, at) + span.duration());
            lists.sound.push(Entry { file: file.clone(), at, until: None });
        }
    }
    if let Some(heard) = heard.filter(|heard| seconds - heard > 0.5) {
        fill(&mut lists.sound, silence, heard, seconds);
    }
    lists
}

/// Adds silence from `heard` to `to`, in whole packets, and returns how far one hears then. A player counts packets, not
/// times: so what is a little too much or too little here is made good in the next gap.
fn fill(list: &mut Vec<Entry>, silence: Option<&Silence>, heard: f64, to: f64) -> f64 {
    let Some(silence) = silence else { return heard };
    let mut packets = ((to - heard) / silence.packet_seconds).round().max(0.0) as u64;
    let mut at = heard;
    while packets > 0 {
        let now = packets.min(silence.packets);
        // Always: the file holds more packets than that.
        let until = (now as f64 - 0.5) * silence.packet_seconds;
        list.push(Entry { file: silence.file.clone(), at, until: Some(until) });
        at += now as f64 * silence.packet_seconds;
        packets -= now;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_comes_in_whole_packets_and_never_drifts() {
        let silence = Silence { file: "silence".into(), packet_seconds: 0.02, packets: 500 };
        let (mut list, mut heard, mut to) = (Vec::new(), 0.0, 0.0);
        for _ in 0..1000 {
            to += 0.111;
            heard = fill(&mut list, Some(&silence), heard, to);
            assert!((heard - to).abs() <= 0.0101, "{heard} {to}");
        }
        list.clear();
        fill(&mut list, Some(&silence), 5.0, 25.5);
        assert_eq!(list.iter().map(|e| e.at).collect::<Vec<_>>(), [5.0, 15.0, 25.0]);
        assert_eq!(list.iter().map(|e| e.until).collect::<Vec<_>>(), [Some(9.99), Some(9.99), Some(0.49)]);
    }
}
