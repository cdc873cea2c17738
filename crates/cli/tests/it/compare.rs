//! A trainee's session beside the trainer's, and the score of one recording in several states.

use crate::support::{Pairing, Place, Running, captions, ffmpeg, sample};
use domain::{TaskId, task::TaskSource};
use glasses::StartSession;
use media::sample::{BOILER_SERVICE, script_captions};
use serde_json::Value;
use std::{fmt::Write as _, fs, path::Path};
use storage::{Db, db::tasks::NewTask};

/// A piece of work: when it begins and ends in the script of the sample.
const ISOLATE: (f64, f64) = (0.0, 37.9);
const CASING: (f64, f64) = (37.9, 67.0);
const TRAP: (f64, f64) = (67.0, 101.1);
const GAS: (f64, f64) = (131.0, 162.7);
const CLOSE: (f64, f64) = (162.7, 190.0);

/// What is said when the pieces are done in this order, and how long that takes.
fn told(way: &[(f64, f64)]) -> (String, f64) {
    let (mut vtt, mut at) = (String::from("WEBVTT\n"), 0.0);
    let clock = |s: f64| format!("00:{:02}:{:06.3}", s as u64 / 60, s % 60.0);
    for (from, to) in way {
        let lines: Vec<_> = BOILER_SERVICE.iter().filter(|l| l.0 >= *from && l.0 < *to).collect();
        for (i, line) in lines.iter().enumerate() {
            let next = lines.get(i + 1).map_or(*to, |l| l.0);
            let (start, end) = (line.0 - from + at, (line.0 + 4.0).min(next) - from + at);
            write!(vtt, "\n{} --> {}\n{}\n", clock(start), clock(end), line.1).unwrap();
        }
        at += to - from;
    }
    (vtt, at)
}

/// A moving picture of this length in a quiet room.
fn picture(place: &Place, name: &str, seconds: f64) -> std::path::PathBuf {
    let path = place.file(name);
    let room = "-f lavfi -i anoisesrc=a=0.003:r=16000:seed=7";
    let codecs = "-c:v libx264 -preset ultrafast -g 20 -pix_fmt yuv420p -c:a aac -b:a 32k";
    ffmpeg(&format!("-f lavfi -i testsrc2=s=320x180:r=10 {room} -t {seconds} {codecs}"), &path);
    path
}

/// Records the pieces in this order against a task, and waits for the result.
async fn done(place: &Place, server: &Running, who: &Pairing, task: TaskId, way: &[(f64, f64)]) -> Value {
    let device = who.at(server);
    let (vtt, seconds) = told(way);
    let start = StartSession { task_id: Some(task), ..StartSession::default() };
    let started = device.client.start_session(&start).await.unwrap();
    device.captions(started.id, &vtt).await;
    let file = picture(place, "work.mp4", seconds);
    device.uploader().upload(&started.upload_url, &file, &[], None, |_| {}).await.unwrap();
    device.stop(started.id, 1).await;
    device.completed(started.id).await;
    let db = Db::open_sqlite(&place.data().join("trainar.db")).await.unwrap();
    serde_json::to_value(db.session(who.tenant, started.id).await.unwrap().unwrap()).unwrap()
}

fn criterion<'a>(score: &'a Value, name: &str) -> &'a Value {
    score["criteria"].as_array().unwrap().iter().find(|c| c["name"] == name).unwrap()
}

#[tokio::test]
async fn a_trainee_is_compared_with_the_trainers_session_of_the_same_task() {
    let place = Place::new();
    let trainer = place.pair("Harbour");
    let seat = ["seat", "create", "--tenant", "Harbour", "--user", &trainer.email, "--role", "trainee"];
    let seat = place.json(&seat, "");
    let trainee = Pairing { token: seat["device_token"].as_str().unwrap().to_owned(), ..trainer.clone() };
    let server = place.serve().await;
    let task = {
        let db = Db::open_sqlite(&place.data().join("trainar.db")).await.unwrap();
        let (description, external_id, external_url) = (String::new(), None, None);
        let new = NewTask {
            title: "Boiler service".into(),
            description,
            source: TaskSource::Manual,
            external_id,
            external_url,
        };
        db.create_task(trainer.tenant, new, domain::Timestamp(0)).await.unwrap().id
    };
    let all = [ISOLATE, CASING, TRAP, GAS, CLOSE];
    let first = done(&place, &server, &trainee, task, &all).await;
    assert_eq!(criterion(&first["score"], "order")["score"], Value::Null, "nobody showed it yet: {first}");

    let shown = done(&place, &server, &trainer, task, &all).await;
    assert_eq!(criterion(&shown["score"], "order")["score"], Value::Null, "a trainer is compared with nobody: {shown}");

    let same = done(&place, &server, &trainee, task, &all).await;
    assert!(same["summary"].as_str().unwrap().contains("steps were done, in the trainer's order."), "{same}");
    assert_eq!(criterion(&same["score"], "order")["score"], 100.0, "{same}");

    // The condensate trap is left out, and the gas is tested before the casing is off.
    let worse = done(&place, &server, &trainee, task, &[ISOLATE, GAS, CASING, CLOSE]).await;
    let summary = worse["summary"].as_str().unwrap();
    let (missing, order) = (criterion(&worse["score"], "completeness"), criterion(&worse["score"], "order"));
    assert!(missing["sentence"].as_str().unwrap().starts_with("One of the trainer's"), "{worse}");
    assert!(missing["score"].as_f64().unwrap() < 95.0, "{worse}");
    assert!(order["sentence"].as_str().unwrap().contains("out of the trainer's order"), "{worse}");
    assert!(order["score"].as_f64().unwrap() < 90.0 && !order["evidence"].as_array().unwrap().is_empty(), "{worse}");
    let after = summary.split("Missing against the trainer's way: ").nth(1).unwrap_or_else(|| panic!("{summary}"));
    assert!(after.split('.').next().unwrap().to_lowercase().contains("trap"), "{summary}");
    assert!(summary.contains("came before") || summary.contains("came only after"), "{summary}");
    assert!(worse["score"]["score"].as_u64() < same["score"]["score"].as_u64());

    server.stop();
    place.is_tidy();
}

/// The report of a recording.
fn processed(place: &Place, file: &Path, captions: &Path, more: &[&str]) -> Value {
    let arguments = ["process", file.to_str().unwrap(), "--captions", captions.to_str().unwrap()];
    place.json(&[&arguments[..], more].concat(), "")
}

#[test]
fn a_recording_keeps_its_score_when_re_encoded_and_loses_when_made_worse() {
    let place = Place::new();
    let vtt = place.write("captions.vtt", captions());
    let original = processed(&place, &sample(), &vtt, &[]);
    let score = |report: &Value| report["score"].as_i64().unwrap_or_else(|| panic!("{report}"));
    let made = |name: &str, arguments: &str| {
        let path = place.file(name);
        ffmpeg(&format!("-i {} {arguments}", sample().display()), &path);
        path
    };
    for (name, arguments) in [
        ("small.mp4", "-c:v libx264 -preset ultrafast -crf 38 -g 30 -c:a aac -b:a 24k"),
        ("louder.mp4", "-c:v copy -af volume=9dB -c:a aac -b:a 48k"),
        ("other.webm", "-c:v libvpx -deadline realtime -cpu-used 16 -b:v 300k -c:a libopus -af volume=12dB"),
    ] {
        let other = processed(&place, &made(name, arguments), &vtt, &[]);
        assert!((score(&other) - score(&original)).abs() <= 3, "{name}: {original}\n{other}");
    }
    let box_ = "-vf drawbox=c=black:t=fill:enable='between(t,30,80)' -c:v libx264 -preset ultrafast -g 20 -c:a copy";
    let covered = processed(&place, &made("covered.mp4", box_), &vtt, &[]);
    assert!(score(&covered) < score(&original), "{original}\n{covered}");
    let half: Vec<_> = BOILER_SERVICE.iter().copied().filter(|line| line.0 < 49.0).collect();
    let half_vtt = place.write("half.vtt", script_captions(&half));
    let half = processed(&place, &made("half.mp4", "-t 50 -c copy"), &half_vtt, &[]);
    assert!(score(&half) < score(&original), "{original}\n{half}");
}

#[test]
fn a_reference_file_is_compared_with_or_told_to_be_wrong() {
    let place = Place::new();
    let (shown, _) = told(&[ISOLATE, CASING, TRAP, GAS]);
    let trainer = place.write("trainer.vtt", shown);
    let (followed, _) = told(&[ISOLATE, GAS, CASING]);
    let trainee = place.write("trainee.vtt", followed);
    let extract = |captions: &Path, more: &[&str]| {
        place.json(&[&["extract", "--captions", captions.to_str().unwrap()][..], more].concat(), "")
    };
    let report = extract(&trainer, &[]);
    assert!(report.get("alignment").is_none(), "{report}");
    let reference = place.write("trainer.json", report.to_string());
    for reference in [&reference, &trainer] {
        let beside = extract(&trainee, &["--reference", reference.to_str().unwrap()]);
        let fates = |fate: &str| {
            let steps = beside["alignment"].as_array().unwrap().iter().filter(|s| s["fate"] == fate);
            steps.map(|s| s["procedure_name"].as_str().unwrap().to_lowercase()).collect::<Vec<_>>()
        };
        assert_eq!(fates("missing").len(), 1, "{beside}");
        assert!(fates("missing")[0].contains("trap"), "{beside}");
        assert_eq!(fates("out_of_order").len(), 1, "{beside}");
        assert!(beside["summary"].as_str().unwrap().contains("Missing against the trainer's way"), "{beside}");
        let done = beside["alignment"].as_array().unwrap().iter().find(|s| s["fate"] == "done").unwrap();
        assert!(done["trainer"]["end"].as_f64() > done["trainer"]["start"].as_f64(), "{done}");
        assert!(done["trainee"]["end"].as_f64() > done["trainee"]["start"].as_f64(), "{done}");
    }
    let with_file =
        processed(&place, &sample(), &place.write("c.vtt", captions()), &["--reference", reference.to_str().unwrap()]);
    assert!(with_file["alignment"].as_array().unwrap().iter().any(|s| s["fate"] == "done"), "{with_file}");

    for (name, content, says) in [
        ("no.json", "not json at all", "is not the JSON that"),
        ("empty.json", r#"{"procedures": []}"#, "holds no procedure"),
        (
            "wrong.json",
            r#"{"procedures": [{"procedure_name": "x", "start_seconds": 9, "end_seconds": 2}]}"#,
            "ends before",
        ),
        ("no.vtt", "nothing", "no.vtt"),
        ("blank.json", " ", "blank.json is empty"),
        ("time.json", r#"{"utterances": [{"start": 1, "end": 1e200, "text": "a"}]}"#, "utterance 1 has the time"),
        ("long.json", r#"{"duration_seconds": -4, "utterances": []}"#, "duration_seconds is -4"),
        ("wordless.vtt", "WEBVTT\n\n", "holds no procedure"),
    ] {
        let file = place.write(name, content);
        let video = sample();
        for command in
            [["extract", "--captions", trainee.to_str().unwrap()].as_slice(), &["process", video.to_str().unwrap()]]
        {
            let ran = place.run(&[command, &["--reference", file.to_str().unwrap()]].concat());
            assert_eq!((ran.code, ran.stdout.as_str()), (1, ""), "{name}: {ran}");
            assert!(ran.stderr.contains(says), "{name}: {ran}");
        }
    }
    assert!(fs::metadata(place.file("no.json")).is_ok());
    place.is_tidy();
}
