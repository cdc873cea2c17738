//! Samples: made-up recordings for the rules at the foot of the files.

use domain::{
    Span,
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
        detail: 8.0,
        moved: 0.4,
        flow: Some(0.2),
        ..FrameSample::default()
    };
    Signals {
        duration_seconds: duration,
        sound: Some(Sound {
            level_db: vec![-25.0; windows],
            voiced: vec![0.6; windows],
            dropout: vec![0.0; windows],
            treble_db: vec![-38.0; windows],
        }),
        picture: Some(Picture { frames: (0..(duration / 4.0) as usize).map(frame).collect(), ..Picture::default() }),
        gaps: Vec::new(),
    }
}

/// No voice, no noise and no movement from `start` to `end`.
pub fn fall_silent(signals: &mut Signals, start: f64, end: f64) {
    let sound = signals.sound.as_mut().unwrap();
    for i in start as usize..end as usize {
        (sound.level_db[i], sound.voiced[i]) = (-70.0, 0.0);
    }
    for frame in signals.picture.as_mut().unwrap().frames.iter_mut().filter(|f| f.at > start && f.at <= end) {
        // A camera that lies still, and its noise.
        (frame.change, frame.moved) = (1.5, 0.0);
    }
}

/// A pause of `length` seconds at `at`: what comes later moves, and nothing is recorded meanwhile.
pub fn pause(transcript: &mut Transcript, signals: &mut Signals, at: f64, length: f64) {
    for u in transcript.utterances.iter_mut().filter(|u| u.start >= at) {
        (u.start, u.end) = (u.start + length, u.end + length);
    }
    let (sound, picture) = (signals.sound.as_mut().unwrap(), signals.picture.as_mut().unwrap());
    let i = at as usize;
    let silent = |values: &mut Vec<f32>, value| drop(values.splice(i..i, vec![value; length as usize]));
    silent(&mut sound.level_db, -100.0);
    silent(&mut sound.treble_db, -100.0);
    silent(&mut sound.voiced, 0.0);
    silent(&mut sound.dropout, 1.0);
    picture.frames.iter_mut().filter(|f| f.at >= at).for_each(|f| f.at += length);
    picture.missing.push(Span::new(at, at + length));
    signals.gaps.push(Span::new(at, at + length));
    signals.duration_seconds += length;
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

/// Six pieces of work in a little over three minutes, each announced plainly.
pub fn boiler_service() -> Transcript {
    transcript(&[
        (1.0, "Today I will service a gas boiler."),
        (4.3, "First, I isolate the boiler from the power supply."),
        (8.7, "I switch off the electricity at the isolator and take out the fuse."),
        (14.4, "Now I test the terminals with my multimeter."),
        (18.2, "The meter shows zero volts, so the boiler is dead and safe to work on."),
        (27.9, "I also turn off the gas valve under the boiler."),
        (31.8, "The boiler is now isolated."),
        (37.9, "Next, I remove the boiler casing."),
        (41.3, "There are two screws at the bottom of the front panel."),
        (45.3, "I undo both screws with a long screwdriver."),
        (52.9, "I lift the front panel up and pull it away."),
        (56.5, "I put the panel and the screws in a safe place."),
        (60.6, "The casing is off and I can see the burner."),
        (67.0, "The next job is to clean the condensate trap."),
        (70.9, "I put a bucket under the trap to catch the water."),
        (74.6, "I pull off the drain hose and take the trap out."),
        (81.3, "The trap is full of black dirt, so I rinse it with clean water."),
        (90.3, "I fill the trap with water and put it back in place."),
        (94.5, "I check the seal for leaks, and it is dry."),
        (101.1, "Now I check the ignition electrodes."),
        (104.4, "I take out two screws and remove the electrode from the burner door."),
        (109.4, "The old electrode is worn and white at the tip."),
        (113.1, "I fit a new electrode with a new gasket."),
        (120.5, "I measure the gap with a feeler gauge."),
        (123.7, "The spark gap is four millimetres, and that is correct."),
        (131.0, "Next, I test the gas pressure."),
        (134.2, "I open the test point on the gas valve and connect my manometer."),
        (139.1, "I turn on the gas and the power and start the boiler."),
        (147.4, "The working pressure is twenty millibar, so it is good."),
        (151.7, "I close the test point and check it with leak spray."),
        (155.7, "There are no bubbles, so the test point is tight."),
        (162.7, "Finally, I close up the boiler."),
        (165.7, "I put the front panel back and tighten both screws."),
        (169.8, "I set the clock and let the boiler run for one minute."),
        (177.8, "The flame is blue and the boiler runs quietly."),
        (181.7, "I write the readings in the service record."),
        (184.9, "The service is finished."),
    ])
}
