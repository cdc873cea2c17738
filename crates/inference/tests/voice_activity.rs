//! Voice activity: speech is found, and nothing is found where nobody speaks.

#![allow(clippy::unwrap_used)]

mod support;

use domain::Span;
use support::*;

#[test]
fn nobody_speaks_in_noise_music_or_at_a_machine() {
    let mut wrong = Vec::new();
    for (name, samples) in noises::all().into_iter().chain(more_noises::all()) {
        for gain in [0.05, 0.3, 1.0, 5.0] {
            let spans = voiced(&noises::louder(samples.clone(), gain));
            // One beat of a drum, with its padding, may pass; what is then heard is judged in `hallucination.rs`.
            if spans.iter().map(Span::duration).sum::<f64>() > 1.2 {
                wrong.push(format!("{name}, {gain}: {spans:.1?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn speech_between_pauses_is_found_where_it_is() {
    let mut spoken = recorded();
    spoken.extend(synthetic("First switch off the breaker, then open the panel."));
    for Spoken { name, samples, .. } in spoken {
        let seconds = samples.len() as f64 / RATE as f64;
        let sound = [noise(5, 30.0), samples, noise(5, 30.0)].concat();
        let spans = voiced(&sound);
        let speech: f64 = spans.iter().map(|span| span.overlap(&Span::new(5.0, 5.0 + seconds))).sum();
        println!("{name}: {:.0} % of {seconds:.1} s voiced", 100.0 * speech / seconds);
        assert!(speech > 0.6 * seconds, "{name}: {spans:?}");
        assert!(spans.windows(2).all(|pair| pair[0].end < pair[1].start), "{name}: {spans:?}");
        // Padding reaches 0.3 s into the pauses, the network's delay a little more.
        let outside: f64 = spans.iter().map(Span::duration).sum::<f64>() - speech;
        assert!(outside < 1.0, "{name}: {spans:?}");
    }
}

#[test]
fn speech_is_found_over_a_fan() {
    for Spoken { name, samples, .. } in recorded() {
        let seconds = samples.len() as f64 / RATE as f64;
        let share = |samples: &[i16]| voiced(samples).iter().map(Span::duration).sum::<f64>() / seconds;
        for decibels in [10.0, 5.0, 0.0] {
            let found = share(&noisy(&samples, decibels));
            println!("{name} at {decibels} dB: {:.0} % voiced", 100.0 * found);
            assert!(found > 0.5 || decibels == 0.0, "{name} at {decibels} dB");
        }
    }
}

#[test]
fn a_voice_at_a_machine_or_over_music_is_found() {
    let mut spoken = recorded();
    spoken.extend(synthetic("First switch off the breaker, then open the panel."));
    let over = ["fast drill", "melody", "vacuum cleaner", "slow band with drums", "impact wrench", "piano"];
    for (name, noise) in noises::all().into_iter().chain(more_noises::all()).filter(|(name, _)| over.contains(name)) {
        let (mut found, mut seconds) = (0.0, 0.0);
        for Spoken { samples, .. } in &spoken {
            let mixed = mixed(samples, &noise, 6.0);
            found += voiced(&mixed).iter().map(Span::duration).sum::<f64>();
            seconds += samples.len() as f64 / RATE as f64;
        }
        println!("over {name}: {:.0} % voiced", 100.0 * found / seconds);
        assert!(found > 0.6 * seconds, "over {name}: {found:.1} of {seconds:.1} s");
    }
}
