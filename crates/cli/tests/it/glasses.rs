//! `trainar glasses` against the real server: what was recorded is what arrives.

use crate::support::{Pairing, Place, Ran, Running, ffmpeg, fragmented_sample, sample, sha256, until};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::{
    fs::{self, File},
    io::Write,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

/// A device with a spool of its own.
struct Glasses<'a> {
    place: &'a Place,
    spool: PathBuf,
}

impl<'a> Glasses<'a> {
    fn paired(place: &'a Place, server: &Running, pairing: &Pairing) -> Self {
        let glasses = Self { place, spool: place.file("spool") };
        let ran = Ran::of(glasses.command(&["pair", "--server", &server.base(), "--token", &pairing.token]), "");
        assert_eq!(ran.code, 0, "{ran}");
        let mode = fs::metadata(glasses.spool.join("server.json")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "the token is nobody else's");
        glasses
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.place.command(&["glasses"]);
        command.args(arguments).arg("--spool").arg(&self.spool).arg("--json");
        command
    }

    fn simulate(&self, file: &Path, more: &[&str]) -> Command {
        let arguments = [&["run", "--mute", "--simulate", file.to_str().unwrap()], more].concat();
        self.command(&arguments)
    }

    /// Runs to the end; the events.
    fn ran(&self, command: Command, stdin: &str) -> Vec<Value> {
        let ran = Ran::of(command, stdin);
        assert_eq!(ran.code, 0, "{ran}");
        events(&ran.stdout)
    }
}

/// A device that runs, and can be typed at.
struct Worn {
    child: Child,
    out: PathBuf,
}

impl Worn {
    fn start(place: &Place, mut command: Command) -> Self {
        let out = place.file("events");
        command.stdin(Stdio::piped()).stdout(File::create(&out).unwrap()).stderr(Stdio::null());
        Self { child: testkit::die_with_owner(&mut command, libc::SIGKILL).spawn().unwrap(), out }
    }

    fn events(&self) -> Vec<Value> {
        events(&fs::read_to_string(&self.out).unwrap())
    }

    async fn until(&self, event: &str, times: usize) {
        until(event, async || (named(&self.events(), event).len() >= times).then_some(())).await;
    }

    fn say(&mut self, command: &str) {
        writeln!(self.child.stdin.as_mut().unwrap(), "{command}").unwrap();
    }
}

fn events(text: &str) -> Vec<Value> {
    // The last line may be half written.
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

fn named(events: &[Value], name: &str) -> Vec<Value> {
    events.iter().filter(|event| event["event"] == name).cloned().collect()
}

/// What the server has of a session: part number and hash.
async fn arrived(server: &Running, pairing: &Pairing, session: &str) -> Vec<(u64, String)> {
    let device = pairing.at(server);
    let answer = device.request(reqwest::Method::GET, &format!("/api/v1/sessions/{session}/parts"));
    let parts: Value = answer.send().await.unwrap().json().await.unwrap();
    let complete = parts["parts"].as_array().unwrap().iter().filter(|part| part["state"] == "complete");
    complete.map(|part| (part["part"].as_u64().unwrap(), part["sha256"].as_str().unwrap().to_owned())).collect()
}

fn made(events: &[Value]) -> Vec<(u64, String)> {
    let parts = named(events, "part");
    parts.iter().map(|part| (part["part"].as_u64().unwrap(), part["sha256"].as_str().unwrap().to_owned())).collect()
}

fn delivered(events: &[Value]) -> String {
    named(events, "delivered")[0]["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_file_is_recorded_and_arrives_whole() {
    let place = Place::new().set("SERVER__WORK", "false");
    let pairing = place.pair("Harbour");
    let server = place.serve().await;
    let glasses = Glasses::paired(&place, &server, &pairing);
    let events = glasses.ran(glasses.simulate(&sample(), &["--speed", "50"]), "");
    let made = made(&events);
    assert!(made.len() > 50, "a header and fragments of at most two seconds: {}", made.len());
    assert_eq!(arrived(&server, &pairing, &delivered(&events)).await, made);
    assert!(fs::read_dir(glasses.spool.join("sessions")).unwrap().next().is_none(), "nothing stays");
    let checks = &named(&events, "preflight")[0]["checks"];
    let network = checks.as_array().unwrap().iter().find(|check| check["what"] == "network").unwrap();
    assert_eq!(network["state"], "good", "{checks}");
}

#[tokio::test]
async fn a_killed_device_delivers_what_was_on_its_disk() {
    let place = Place::new().set("SERVER__WORK", "false");
    let pairing = place.pair("Harbour");
    let server = place.serve().await;
    let glasses = Glasses::paired(&place, &server, &pairing);
    let mut worn = Worn::start(&place, glasses.simulate(&fragmented_sample(), &["--speed", "10"]));
    worn.until("part", 8).await;
    worn.child.kill().unwrap();
    worn.child.wait().unwrap();
    let events = glasses.ran(glasses.command(&["deliver"]), "");
    let arrived = arrived(&server, &pairing, &delivered(&events)).await;
    let made = made(&worn.events());
    assert!(arrived.starts_with(&made), "of {} parts there are {}", made.len(), arrived.len());
    let state = pairing.at(&server).state(delivered(&events).parse().unwrap()).await;
    assert_ne!(state["phase"], "recording", "{state}");
}

#[tokio::test]
async fn breaks_leave_gaps_and_deleted_seconds_leave_the_disk() {
    let place = Place::new().set("SERVER__WORK", "false");
    let pairing = place.pair("Harbour");
    let server = place.serve().await;
    let glasses = Glasses::paired(&place, &server, &pairing);
    let mut worn = Worn::start(&place, glasses.simulate(&sample(), &["--speed", "4", "--no-wait"]));
    worn.until("part", 3).await;
    worn.say("pause");
    worn.until("paused", 1).await;
    worn.say("resume");
    worn.until("resumed", 1).await;
    let before = named(&worn.events(), "part").len();
    worn.until("part", before + 3).await;
    worn.say("delete");
    worn.until("deleted", 1).await;
    let deleted = named(&worn.events(), "part").len();
    worn.until("part", deleted + 3).await;
    worn.say("quit");
    assert!(worn.child.wait().unwrap().success());
    let events = worn.events();
    let runs: Vec<u64> = named(&events, "part").iter().map(|part| part["run"].as_u64().unwrap()).collect();
    assert_eq!((runs[0], *runs.last().unwrap()), (1, 3), "a pause and a deletion each begin a run");
    let to_ms = named(&events, "deleted")[0]["to_ms"].as_u64().unwrap();
    let kept = named(&events, "part")
        .into_iter()
        .filter(|part| part["duration_ms"] == 0 || part["start_ms"].as_u64().unwrap() >= to_ms);
    let kept: Vec<Value> = kept.collect();
    let ran = glasses.ran(glasses.command(&["deliver"]), "");
    assert_eq!(arrived(&server, &pairing, &delivered(&ran)).await, made(&kept));
}

#[tokio::test]
async fn a_camera_that_stalls_is_started_again() {
    let place = Place::new().set("SERVER__WORK", "false");
    let pairing = place.pair("Harbour");
    let server = place.serve().await;
    // Gives two seconds and then nothing, the first time; checks and later runs are whole.
    let again = place.file("again");
    let script = format!(
        "#!/bin/sh\ncase \"$*\" in *readrate*) if [ ! -e {0} ]; then touch {0}; ffmpeg \"$@\" | head -c 40000; sleep 600; fi;; esac\n\
         exec ffmpeg \"$@\"\n",
        again.display()
    );
    let stalling = place.write("stalling-ffmpeg", script);
    fs::set_permissions(&stalling, fs::Permissions::from_mode(0o755)).unwrap();
    let glasses = Glasses::paired(&place, &server, &pairing);
    let mut command = glasses.simulate(&fragmented_sample(), &["--speed", "20", "--stalled-after", "1"]);
    command.env("TRAINAR_MEDIA__FFMPEG", &stalling);
    let events = glasses.ran(command, "");
    assert_eq!(named(&events, "stalled").len(), 1, "{events:?}");
    let runs: Vec<u64> = named(&events, "part").iter().map(|part| part["run"].as_u64().unwrap()).collect();
    assert!(runs.contains(&1) && runs.contains(&2), "{runs:?}");
    assert_eq!(named(&events, "stopped").len(), 1, "one session");
    assert_eq!(arrived(&server, &pairing, &delivered(&events)).await, made(&events));
}

#[tokio::test]
async fn without_a_network_nothing_is_lost_and_a_signal_ends_it_cleanly() {
    let place = Place::new().set("SERVER__WORK", "false");
    let pairing = place.pair("Harbour");
    let server = place.serve().await;
    let glasses = Glasses::paired(&place, &server, &pairing);
    server.stop();
    let mut worn = Worn::start(&place, glasses.simulate(&sample(), &["--speed", "4"]));
    worn.until("part", 4).await;
    worn.until("no_network", 1).await;
    kill_process(Pid::from_child(&worn.child), Signal::TERM).unwrap();
    assert_eq!(worn.child.wait().unwrap().code(), Some(0));
    let events = worn.events();
    assert_eq!(named(&events, "stopped").len(), 1, "{events:?}");
    let held: Value = {
        let ran = Ran::of(glasses.command(&["status"]), "");
        serde_json::from_str(&ran.stdout).unwrap()
    };
    assert_eq!(held["sessions"][0]["parts"].as_u64().unwrap(), made(&events).len() as u64);
    for (part, hash) in made(&events) {
        let session = fs::read_dir(glasses.spool.join("sessions")).unwrap().next().unwrap().unwrap().path();
        let files = fs::read_dir(session).unwrap().map(|entry| entry.unwrap().path());
        let file = files.into_iter().find(|file| file.display().to_string().contains(&format!("{hash}.part"))).unwrap();
        assert_eq!(sha256(&file), hash, "part {part}");
    }
}

/// A picture, and a voice that says these phrases, with pauses.
fn spoken(place: &Place, phrases: &[&str]) -> Option<PathBuf> {
    let mut sounds = String::new();
    let mut joined = String::new();
    for (i, words) in phrases.iter().enumerate() {
        let path = place.file(&format!("{i}.wav"));
        let said = Command::new("flite").args(["-voice", "slt", "-t", words, "-o"]).arg(&path).status();
        said.ok().filter(|status| status.success())?;
        sounds += &format!("-i {} ", path.display());
        joined += &format!("[{}:a]aresample=16000,adelay=3000:all=1[{i}];", i + 1);
    }
    joined += &(0..phrases.len()).map(|i| format!("[{i}]")).collect::<String>();
    let file = place.file("spoken.mp4");
    let arguments = format!(
        "-f lavfi -i testsrc2=s=320x180:r=10:d=60 {sounds}-filter_complex {joined}concat=n={}:v=0:a=1,apad=pad_dur=4[a] -map 0:v \
         -map [a] -shortest -pix_fmt yuv420p -c:v libx264 -preset ultrafast -g 10 -c:a aac -b:a 96k -f mp4",
        phrases.len()
    );
    ffmpeg(&arguments, &file);
    Some(file)
}

#[tokio::test]
async fn deleting_by_voice_takes_the_phrase_twice() {
    let place = Place::new();
    let glasses = Glasses { place: &place, spool: place.file("spool") };
    let phrases = ["delete the last minute", "delete the last minute", "stop training session"];
    let Some(file) = spoken(&place, &phrases) else { return testkit::skip("flite is not installed") };
    if Command::new("pocketsphinx_batch").stderr(Stdio::null()).stdout(Stdio::null()).status().is_err() {
        return testkit::skip("pocketsphinx is not installed");
    }
    let events = glasses.ran(glasses.simulate(&file, &["--speed", "2", "--voice", "--no-wait"]), "");
    let told = ["heard", "ask_again", "deleted", "stopped"];
    let order = events.iter().filter_map(|event| told.iter().find(|name| event["event"] == **name)).copied();
    let order: Vec<&str> = order.collect();
    assert_eq!(order, ["heard", "ask_again", "heard", "deleted", "heard", "stopped"], "{events:?}");
    let heard: Vec<Value> = named(&events, "heard").into_iter().map(|event| event["phrase"].clone()).collect();
    assert_eq!(heard, phrases);
}
