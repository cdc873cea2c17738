//! What an engineer might say meanwhile, as WebVTT: a new piece of work every 100 s.

use anyhow::Result;
use std::{
    fmt::Write,
    path::{Path, PathBuf},
};

/// Seconds of one piece of work.
const PIECE: f64 = 100.0;

const VERBS: [&str; 12] =
    ["isolate", "drain", "remove", "clean", "inspect", "replace", "refit", "wire", "refill", "bleed", "test", "adjust"];
const PARTS: [&str; 11] = [
    "circulation pump",
    "boiler burner",
    "expansion vessel",
    "strainer basket",
    "thermostat",
    "pressure relief valve",
    "wheel bearing",
    "drive belt",
    "heat exchanger",
    "condensate trap",
    "control panel",
];
const TOOLS: [&str; 7] =
    ["spanner", "wire brush", "torque wrench", "multimeter", "filling hose", "feeler gauge", "cloth"];
const REMARKS: [&str; 9] = [
    "I hold the {tool} like this so that it does not slip off the {part}.",
    "You can see the {part} here on the left, just behind the pipe.",
    "Take your time with the {part}, there is no hurry.",
    "I turn the {tool} a quarter until the {part} feels tight.",
    "Watch out for hot water that is still in the {part}.",
    "If the seal of the {part} is worn, change it now and not later.",
    "The {tool} must be dry and clean before it touches the {part}.",
    "That reading is one point five, which is what the plate of the {part} says.",
    "Listen to the {part} while I let go of the {tool}.",
];

/// Captions for `minutes`.
pub fn of(folder: &Path, minutes: u32) -> Result<PathBuf> {
    let path = folder.join(format!("{minutes}-minutes.vtt"));
    std::fs::write(&path, text(f64::from(minutes) * 60.0))?;
    Ok(path)
}

fn text(seconds: f64) -> String {
    let mut vtt = String::from("WEBVTT\n\n");
    for piece in 0..(seconds / PIECE) as usize {
        let (verb, part) = (VERBS[piece % VERBS.len()], PARTS[piece % PARTS.len()]);
        let (mut at, end) = (piece as f64 * PIECE + 3.0, (piece + 1) as f64 * PIECE);
        let opening = if piece == 0 { "First" } else { "Next" };
        say(&mut vtt, &mut at, &format!("{opening} we are going to {verb} the {part}."));
        let mut remark = piece * 5;
        while at < end - 14.0 {
            let (tool, sentence) = (TOOLS[(piece + remark / 3) % TOOLS.len()], REMARKS[remark % REMARKS.len()]);
            say(&mut vtt, &mut at, &sentence.replace("{tool}", tool).replace("{part}", part));
            remark += 1;
        }
        say(&mut vtt, &mut at, &format!("And that is the {part} done."));
    }
    vtt
}

/// Adds a cue at `at` and moves that to the next sentence.
fn say(vtt: &mut String, at: &mut f64, sentence: &str) {
    let spoken = 0.5 + sentence.len() as f64 * 0.063;
    let _ = write!(vtt, "{} --> {}\n{sentence}\n\n", stamp(*at), stamp(*at + spoken));
    *at += spoken + 0.4 + (sentence.len() % 5) as f64 * 0.4;
}

fn stamp(seconds: f64) -> String {
    let whole = seconds as u64;
    format!("{:02}:{:02}:{:06.3}", whole / 3600, whole / 60 % 60, seconds % 60.0)
}
