//! What is said in the recordings, as a recogniser would have heard it.

use crate::recordings::{Recording, Words};
use domain::utterance::{Transcript, TranscriptSource, Utterance};

const WORK: [&str; 12] = [
    "First I'm going to isolate the pump and lock the switch.",
    "Then I close both valves beside the pump.",
    "Now I loosen the four bolts of the flange with this spanner.",
    "Pull the pump off and put it on the bench.",
    "Look at the seal, it is worn on this side.",
    "I clean the flange with a scraper until it is bare.",
    "Next we need to replace the gasket.",
    "Put the new gasket on with the printed side up.",
    "Now lift the pump back and start the bolts by hand.",
    "Tighten the bolts crosswise to twenty newton metres.",
    "Open the valves again and check the flange for drips.",
    "That's done, the pump is dry.",
];
const CHAT: [&str; 10] = [
    "Testing, testing, is this thing on?",
    "Hello, can you hear me?",
    "I think the light is blinking.",
    "Yeah, it was a nice weekend, the weather was lovely.",
    "We went down to the beach with the kids.",
    "And the dog got wet, you should have seen him.",
    "No idea when they will call back.",
    "He said maybe tomorrow, maybe on Friday.",
    "I could really do with a coffee.",
    "Okay, that's it, bye.",
];

/// The words of a recording: a sentence every five seconds.
pub fn transcript(recording: &Recording) -> Transcript {
    let said: &[&str] = match recording.words {
        Words::Unknown => return Transcript::silent(),
        Words::Work => &WORK,
        Words::Chat => &CHAT,
    };
    let utterance = |(i, text): (usize, &&str)| Utterance {
        speaker: Default::default(),
        start: 1.0 + 5.0 * i as f64,
        end: 5.0 + 5.0 * i as f64,
        text: (*text).to_owned(),
        confidence: 0.9,
        words: Vec::new(),
    };
    let utterances = said.iter().enumerate().map(utterance).filter(|u| u.end < recording.recipe.seconds).collect();
    Transcript { source: TranscriptSource::Whisper, utterances, voiced: Vec::new() }
}
