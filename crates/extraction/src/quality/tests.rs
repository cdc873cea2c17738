use super::*;
use crate::samples;
use domain::signals::{Between, FrameSample};

fn reason(transcript: &Transcript, signals: &Signals) -> Option<FailureReason> {
    check(transcript, signals).err().map(|r| r.reason)
}

#[test]
fn a_covered_camera_and_missing_sound_are_rejected_and_shorter_faults_are_not() {
    let good = samples::signals(200.0);
    assert_eq!(check(&samples::boiler(), &good), Ok(()));
    for (lost, rejected) in [(80, false), (150, true)] {
        let mut dark = good.clone();
        for f in dark.picture.as_mut().unwrap().frames.iter_mut().take(lost / 4) {
            (f.luma, f.contrast, f.sharpness) = (14.0, 2.0, 0.4);
        }
        assert_eq!(reason(&samples::boiler(), &dark), rejected.then_some(FailureReason::CameraOccluded));
        let mut mute = good.clone();
        mute.sound.as_mut().unwrap().dropout[..lost].fill(1.0);
        assert_eq!(reason(&Transcript::silent(), &mute), rejected.then_some(FailureReason::AudioDropout));
        assert_eq!(reason(&samples::boiler(), &mute), None, "the words are known from elsewhere");
    }
}

#[test]
fn a_dim_cupboard_and_a_quiet_room_are_fine() {
    let mut signals = samples::signals(200.0);
    for f in &mut signals.picture.as_mut().unwrap().frames {
        (f.luma, f.contrast, f.sharpness) = (18.0, 14.0, 2.0);
    }
    signals.sound.as_mut().unwrap().level_db.fill(-62.0);
    assert_eq!(check(&Transcript::silent(), &signals), Ok(()));
    assert_eq!(check(&Transcript::silent(), &Signals::default()), Ok(()));
}

fn faults(transcript: &Transcript, signals: &Signals) -> Vec<(Fault, f64, f64)> {
    let found = findings(transcript, signals);
    found.iter().flat_map(|f| f.spans.iter().map(|s| (f.fault, s.start, s.end))).collect()
}

#[test]
fn a_fault_of_a_part_is_a_finding_with_its_seconds_and_no_rejection() {
    let mut signals = samples::signals(200.0);
    let cover = |f: &mut FrameSample| (f.luma, f.detail, f.red, f.blue) = (90.0, 0.4, 20.0, -9.0);
    let frames = &mut signals.picture.as_mut().unwrap().frames;
    frames[10..20].iter_mut().for_each(cover);
    for f in &mut frames[30..35] {
        (f.change, f.moved, f.flow) = (0.05, 0.0, Some(0.001));
    }
    signals.sound.as_mut().unwrap().dropout[150..170].fill(1.0);
    let expected =
        [(Fault::CameraCovered, 40.0, 80.0), (Fault::PictureFrozen, 120.0, 136.0), (Fault::SoundMissing, 150.0, 170.0)];
    assert_eq!(faults(&Transcript::silent(), &signals), expected);
    let found = findings(&Transcript::silent(), &signals);
    assert_eq!(found[0].sentence, "The camera was covered from 0:40 to 1:20 (20 % of the recording).");
    assert_eq!((found[0].seconds, found[0].share), (40.0, 0.2));
    assert_eq!(check(&Transcript::silent(), &signals), Ok(()));
    // One sample and three seconds are a hand that passes and a cough.
    let mut short = samples::signals(200.0);
    cover(&mut short.picture.as_mut().unwrap().frames[10]);
    short.sound.as_mut().unwrap().dropout[20..23].fill(1.0);
    assert_eq!(faults(&Transcript::silent(), &short), []);
}

#[test]
fn a_pocket_is_dark_and_muffled_and_a_wall_is_no_hand() {
    let mut signals = samples::signals(60.0);
    for f in &mut signals.picture.as_mut().unwrap().frames {
        (f.luma, f.detail, f.red, f.blue) = (6.0, 0.2, 0.0, 0.0);
    }
    assert_eq!(faults(&Transcript::silent(), &signals), [(Fault::CameraDark, 0.0, 60.0)]);
    signals.sound.as_mut().unwrap().treble_db.fill(-65.0);
    assert_eq!(faults(&Transcript::silent(), &signals), [(Fault::InPocket, 0.0, 60.0)]);
    assert!(check(&samples::boiler(), &signals).unwrap_err().sentence.contains("as in a pocket, from 0:00 to 1:00"));
    for f in &mut signals.picture.as_mut().unwrap().frames {
        f.luma = 190.0;
    }
    assert_eq!(faults(&Transcript::silent(), &signals), []);
}

#[test]
fn a_frozen_picture_is_forgiven_where_the_work_is_told_and_a_loop_is_not_frozen() {
    let mut signals = samples::signals(180.0);
    for f in &mut signals.picture.as_mut().unwrap().frames[5..] {
        (f.change, f.moved, f.flow) = (0.1, 0.0, Some(0.02));
    }
    let rejection = check(&Transcript::silent(), &signals).unwrap_err();
    assert_eq!(rejection.reason, FailureReason::CameraOccluded);
    assert_eq!(rejection.sentence, "The picture stands still from 0:20 to 3:00 (89 % of the recording).");
    assert_eq!(check(&samples::boiler(), &signals), Ok(()));
    for f in &mut signals.picture.as_mut().unwrap().frames {
        f.flow = Some(0.2);
    }
    assert_eq!(faults(&Transcript::silent(), &signals), []);
}

#[test]
fn what_is_left_of_a_long_recording_is_worked_with() {
    let mut signals = samples::signals(1000.0);
    signals.sound.as_mut().unwrap().dropout[..750].fill(1.0);
    assert_eq!(check(&Transcript::silent(), &signals), Ok(()), "four minutes are left");
    signals.sound.as_mut().unwrap().dropout[..960].fill(1.0);
    assert_eq!(reason(&Transcript::silent(), &signals), Some(FailureReason::AudioDropout));
}

#[test]
fn nothing_happens_is_said_with_its_seconds() {
    let mut signals = samples::signals(200.0);
    samples::fall_silent(&mut signals, 0.0, 200.0);
    let rejection = check(&Transcript::silent(), &signals).unwrap_err();
    assert_eq!(rejection.reason, FailureReason::NoProcedures);
    assert_eq!(rejection.sentence, "Nobody speaks and nothing moves from 0:00 to 3:20 (the whole recording).");
    let mut half = samples::signals(200.0);
    samples::fall_silent(&mut half, 100.0, 200.0);
    assert_eq!(check(&Transcript::silent(), &half), Ok(()));
    assert!(
        matches!(faults(&Transcript::silent(), &half)[..], [(Fault::NothingHappens, from, to)] if from < 105.0 && to == 200.0)
    );
}

#[test]
fn a_picture_that_ends_before_the_recording_is_a_finding_and_most_of_it_a_rejection() {
    for (from, rejected) in [(140.0, false), (30.0, true)] {
        let mut signals = samples::signals(200.0);
        let picture = signals.picture.as_mut().unwrap();
        picture.frames.retain(|f| f.at < from);
        picture.missing = vec![Span::new(from, 200.0)];
        assert_eq!(faults(&Transcript::silent(), &signals), [(Fault::PictureMissing, from, 200.0)]);
        assert_eq!(
            reason(&Transcript::silent(), &signals),
            rejected.then_some(FailureReason::CameraOccluded),
            "from {from}"
        );
        assert_eq!(check(&samples::boiler(), &signals), Ok(()), "the work is told");
    }
    let mut signals = samples::signals(200.0);
    signals.picture.as_mut().unwrap().missing = vec![Span::new(100.0, 104.0)];
    assert_eq!(faults(&Transcript::silent(), &signals), [], "a hiccup");
    signals.picture.as_mut().unwrap().missing = vec![Span::new(100.0, 150.0)];
    let found = findings(&Transcript::silent(), &signals);
    assert_eq!(found[0].sentence, "No picture was recorded from 1:40 to 2:30 (25 % of the recording).");
}

#[test]
fn a_recording_of_pictures_or_of_sound_alone_is_told_and_worked_with() {
    let mut mute = samples::signals(200.0);
    mute.sound = None;
    assert_eq!(check(&Transcript::silent(), &mute), Ok(()));
    let found = findings(&Transcript::silent(), &mute);
    assert_eq!((found.len(), found[0].fault, found[0].seconds), (1, Fault::SoundMissing, 200.0));
    assert_eq!(
        found[0].sentence,
        "There is no sound track, so nothing is heard from 0:00 to 3:20 (the whole recording)."
    );
    let mut blind = samples::signals(200.0);
    blind.picture = None;
    assert_eq!(check(&Transcript::silent(), &blind), Ok(()));
    assert_eq!(faults(&Transcript::silent(), &blind), [(Fault::PictureMissing, 0.0, 200.0)]);
    assert_eq!(faults(&samples::boiler(), &Signals { duration_seconds: 200.0, ..Signals::default() }), []);
}

#[test]
fn the_frames_between_tell_a_frozen_picture_from_a_loop_and_from_a_live_camera_however_much_flows() {
    let still = |moved: f32, change: f32| {
        let mut signals = samples::signals(200.0);
        for f in &mut signals.picture.as_mut().unwrap().frames[10..30] {
            (f.change, f.moved, f.flow) = (0.9, 0.0, Some(0.4));
            f.between = Some(Between { moved, change });
        }
        faults(&Transcript::silent(), &signals)
    };
    assert_eq!(still(0.0, 0.6), [(Fault::PictureFrozen, 40.0, 116.0)]);
    assert_eq!(still(0.3, 0.6), [], "a scene that comes round again");
    assert_eq!(still(0.0, 1.9), [], "the noise of a live camera");
}

#[test]
fn a_pause_is_no_fault() {
    let (mut transcript, mut signals) = (samples::boiler(), samples::signals(180.0));
    let before = findings(&transcript, &signals);
    samples::pause(&mut transcript, &mut signals, 50.0, 3600.0);
    assert_eq!(findings(&transcript, &signals).len(), before.len(), "{:?}", findings(&transcript, &signals));
    assert_eq!(check(&transcript, &signals), Ok(()));
    // The same without being told of it is one.
    let untold = Signals { gaps: Vec::new(), ..signals };
    assert!(findings(&transcript, &untold).iter().any(|f| f.fault == Fault::SoundMissing));
}
