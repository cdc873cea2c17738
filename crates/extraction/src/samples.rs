//! Samples: made-up recordings for the rules at the foot of the files.

use domain::{
    signals::{FrameSample, Picture, Signals, Sound},
    utterance::{Transcript, TranscriptSource, Utterance},
};

/// Utterances that start at the given seconds and take 0.4 s a word.
pub fn transcript(said: &[(f64, &str)]) -> Transcript {
    let utterances = said.iter().map(|(start, text)| Utterance {
        speaker: Default::default(),
        start: *start,
        end: start + 0.4 * text.split_whitespace().count() as f64,
        text: (*text).to_owned(),
        confidence: 0.95,
        words: Vec::new(),
    });
    Transcript { source: TranscriptSource::Whisper, utterances: utterances.collect(), voiced: Vec::new() }
}

/// A well-lit, moving, audible recording.
pub fn signals(duration: f64) -> Signals {
    let windows = duration as usize;
    let frame = |i: usize| FrameSample {
        at: 4.0 * i as f64,
        luma: 110.0,
        contrast: 45.0,
        sharpness: 9.0,
        change: 12.0,
        grid: (0..40).map(|cell| (90 + (i * 7 + cell * 13) % 40) as u8).collect(),
    };
    Signals {
        duration_seconds: duration,
        sound: Some(Sound { level_db: vec![-25.0; windows], voiced: vec![0.6; windows], dropout: vec![0.0; windows] }),
        picture: Some(Picture { frames: (0..(duration / 4.0) as usize).map(frame).collect() }),
    }
}

/// No voice, no noise and no movement from `start` to `end`.
pub fn fall_silent(signals: &mut Signals, start: f64, end: f64) {
    let sound = signals.sound.as_mut().unwrap();
    for i in start as usize..end as usize {
        (sound.level_db[i], sound.voiced[i]) = (-70.0, 0.0);
    }
    for frame in signals.picture.as_mut().unwrap().frames.iter_mut().filter(|f| f.at > start && f.at <= end) {
        frame.change = 0.5;
    }
}

/// A short boiler service of three pieces of work, 180 s.
pub fn boiler() -> Transcript {
    transcript(&[
        (1.0, "Okay, so first I'm going to isolate the boiler."),
        (7.0, "Switch off the electrical supply at the spur and lock it."),
        (15.0, "Close the gas cock under the boiler, quarter turn."),
        (24.0, "Check with the tester that the spur is dead, so the boiler is safe to work on."),
        (35.0, "The gas cock is closed and the boiler supply is off."),
        (46.0, "That's done."),
        (55.0, "Next, let's clean the condensate trap."),
        (61.0, "Put a bucket under the trap and unscrew the bottom of the trap."),
        (72.0, "Rinse the condensate trap with clean water, there is a lot of sludge in this trap."),
        (85.0, "Check the condensate hose for blockages before you refit the trap."),
        (96.0, "Fill the trap with water again, otherwise fumes come back."),
        (106.0, "Good, that's done."),
        (118.0, "Now I'm going to replace the inlet filter."),
        (124.0, "Loosen the union nut on the filter housing with two spanners."),
        (134.0, "Pull the old filter out, look how dirty this filter is."),
        (145.0, "Fit the new filter with the arrow towards the pump."),
        (156.0, "Tighten the filter housing and check that the union does not leak."),
        (168.0, "There you have it, thank you for watching."),
    ])
}
