//! What is wrong with a recording: told with its seconds, and a reason to fail only where too little is left.

use crate::support::{Place, captions, ffmpeg};
use serde_json::Value;
use std::path::Path;

/// A moving picture, a hand's colour, and a room.
const MOVING: &str = "testsrc2=s=320x180:r=5";
const ROOM: &str = "anoisesrc=c=pink:a=0.005:r=16000:seed=7";
const ENCODED: &str = "-g 10 -c:v libx264 -preset ultrafast -pix_fmt yuv420p -c:a aac";

/// Processes what ffmpeg makes of a picture and a sound, both filters without spaces.
fn process(place: &Place, picture: &str, sound: &str, seconds: u32, captions: Option<&str>) -> Value {
    let file = place.file("recording.mp4");
    ffmpeg(&format!("-f lavfi -i {picture} -f lavfi -i {sound} -t {seconds} {ENCODED}"), &file);
    report(place, &file, captions)
}

/// What `trainar process` says of a file.
fn report(place: &Place, file: &Path, captions: Option<&str>) -> Value {
    let mut arguments = vec!["process", file.to_str().unwrap(), "--json"];
    let vtt = captions.map(|text| place.write("captions.vtt", text));
    if let Some(vtt) = &vtt {
        arguments.extend(["--captions", vtt.to_str().unwrap()]);
    }
    let ran = place.run(&arguments);
    let report: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|e| panic!("{e}: {ran}"));
    assert_eq!(ran.code, if report["status"] == "completed" { 0 } else { 2 }, "{ran}");
    report
}

#[track_caller]
fn failed(report: &Value, reason: &str, detail: &str) {
    assert_eq!((&report["status"], &report["failure_reason"]), (&"failed".into(), &reason.into()), "{report:#}");
    assert!(report["failure_detail"].as_str().unwrap().contains(detail), "{report:#}");
    assert_eq!(report["procedures"], Value::Array(Vec::new()));
}

#[test]
fn a_hand_before_the_lens_for_a_while_is_told_and_the_rest_is_kept() {
    let place = Place::new();
    let hand = format!("{MOVING},lutyuv=y=80:u=112:v=152:enable='between(t,40,63)'");
    let report = process(&place, &hand, ROOM, 99, Some(&captions()));
    assert_eq!(report["status"], "completed", "{report:#}");
    let findings = report["findings"].as_array().unwrap();
    assert_eq!((findings.len(), &findings[0]["fault"]), (1, &"camera_covered".into()), "{report:#}");
    let span = &findings[0]["spans"][0];
    let (start, end) = (span["start"].as_f64().unwrap(), span["end"].as_f64().unwrap());
    assert!((start - 40.0).abs() <= 4.0 && (end - 63.0).abs() <= 4.0, "{report:#}");
    assert!(findings[0]["sentence"].as_str().unwrap().starts_with("The camera was covered from 0:4"), "{report:#}");
    // And to a person.
    let file = place.file("recording.mp4");
    let vtt = place.file("captions.vtt");
    let people = place.run(&["process", file.to_str().unwrap(), "--captions", vtt.to_str().unwrap()]);
    assert!(people.stdout.contains("note: The camera was covered from 0:4"), "{people}");
}

#[test]
fn a_picture_that_stands_still_is_told_from_one_that_moves() {
    let place = Place::new();
    let frozen = format!("{MOVING},trim=end=5,tpad=stop_mode=clone:stop_duration=40");
    let noisy = "anoisesrc=c=pink:a=0.1:r=16000:seed=7,tremolo=f=0.2";
    let report = process(&place, &frozen, noisy, 40, None);
    failed(&report, "camera_occluded", "The picture stands still from 0:0");
}

#[test]
fn a_picture_that_stands_still_is_found_at_constant_bit_rate_too() {
    let place = Place::new();
    let file = place.file("recording.mp4");
    let frozen = format!("{MOVING},trim=end=5,tpad=stop_mode=clone:stop_duration=40");
    let noisy = "anoisesrc=c=pink:a=0.1:r=16000:seed=7,tremolo=f=0.2";
    let rate = "-g 10 -c:v libx264 -preset ultrafast -pix_fmt yuv420p -b:v 600k -minrate 600k -maxrate 600k \
        -bufsize 600k -x264-params nal-hrd=cbr -c:a aac";
    ffmpeg(&format!("-f lavfi -i {frozen} -f lavfi -i {noisy} -t 40 {rate}"), &file);
    failed(&report(&place, &file, None), "camera_occluded", "The picture stands still from 0:0");
}

/// The one finding of a recording that was worked with all the same.
fn only<'a>(told: &'a Value, fault: &str) -> &'a Value {
    assert_eq!(told["status"], "completed", "{told:#}");
    let findings = told["findings"].as_array().unwrap();
    assert_eq!((findings.len(), findings[0]["fault"].as_str()), (1, Some(fault)), "{told:#}");
    &findings[0]
}

#[test]
fn a_picture_that_ends_early_and_a_missing_sound_track_are_told_with_their_seconds() {
    let place = Place::new();
    let file = place.file("recording.mp4");
    ffmpeg(&format!("-f lavfi -i {MOVING}:d=60 -f lavfi -i {ROOM} -t 99 {ENCODED}"), &file);
    let told = report(&place, &file, Some(&captions()));
    let found = only(&told, "picture_missing");
    let (seconds, sentence) = (found["seconds"].as_f64().unwrap(), found["sentence"].as_str().unwrap());
    assert!((seconds - 39.0).abs() < 1.5 && sentence.starts_with("No picture was recorded from "), "{told:#}");
    assert!(told["summary"].as_str().unwrap().contains("No picture was recorded from "), "{told:#}");

    let mute = place.file("mute.mp4");
    ffmpeg(&format!("-f lavfi -i {MOVING} -t 99 {ENCODED}"), &mute);
    let told = report(&place, &mute, Some(&captions()));
    let found = only(&told, "sound_missing");
    assert!(found["sentence"].as_str().unwrap().starts_with("There is no sound track"), "{told:#}");
    assert!(told["summary"].as_str().unwrap().contains("The recording has no sound track."), "{told:#}");
}

#[test]
fn in_a_pocket() {
    let place = Place::new();
    let dark = format!("{MOVING},lutyuv=y=20:u=128:v=128,noise=alls=4:allf=t");
    let rubbing = "anoisesrc=c=brown:a=0.4:r=16000:seed=5,lowpass=f=300,lowpass=f=300,tremolo=f=0.9:d=0.8";
    let report = process(&place, &dark, rubbing, 30, None);
    failed(&report, "camera_occluded", "as in a pocket, from 0:00 to 0:30 (the whole recording)");
}

#[test]
fn without_sound_where_sound_should_be() {
    let report = process(&Place::new(), MOVING, "anullsrc=r=16000:cl=mono", 30, None);
    failed(&report, "audio_dropout", "The sound is missing from 0:00 to 0:30 (the whole recording)");
}

#[test]
fn left_on_the_desk() {
    let still = format!("{MOVING},trim=end_frame=1,loop=loop=-1:size=1,setpts=N/5/TB,noise=alls=6:allf=t");
    let report = process(&Place::new(), &still, ROOM, 50, None);
    failed(&report, "no_procedures", "Nobody speaks and nothing moves from 0:00 to 0:50 (the whole recording)");
}

#[test]
fn twenty_two_seconds_in_which_nothing_is_demonstrated_are_no_procedure_and_work_is() {
    let chat = "WEBVTT\n\n00:01.000 --> 00:04.000\nTesting, testing, is this thing on?\n\n\
        00:06.000 --> 00:11.000\nYeah, it was a nice weekend, the weather was lovely.\n\n\
        00:12.000 --> 00:20.000\nWe went down to the beach with the kids, okay, bye.\n";
    let report = process(&Place::new(), MOVING, ROOM, 22, Some(chat));
    failed(&report, "no_procedures", "what is said from 0:01 to 0:20 names none");
    let nothing = process(&Place::new(), MOVING, ROOM, 22, None);
    failed(&nothing, "no_procedures", "Nobody speaks from 0:00 to 0:22 (the whole recording).");
    let work = "WEBVTT\n\n00:01.000 --> 00:05.000\nNow I'm going to replace the inlet filter.\n\n\
        00:06.000 --> 00:20.000\nLoosen the union nut, pull the old filter out and fit the new filter.\n";
    let kept = process(&Place::new(), MOVING, ROOM, 22, Some(work));
    assert_eq!(kept["procedures"].as_array().unwrap().len(), 1, "{kept:#}");
}
