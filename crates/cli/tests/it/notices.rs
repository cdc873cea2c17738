//! What an organisation says about being recorded reaches the wearer of glasses: accepted once, spoken at every start.

use crate::support::{Pairing, Place, Ran, Rows, Running, sample};
use domain::Clock;
use domain::{
    SystemClock,
    audit::{Action, Actor, Entry},
    notice::NoticeKind,
};
use std::{fs, os::unix::fs::PermissionsExt, path::PathBuf};
use storage::Db;

const NOTICE: &str = "Achtung, ab jetzt wird aufgezeichnet.";

/// A program in the place of espeak-ng that writes down what it is to say.
fn recorder(place: &Place) -> (PathBuf, PathBuf) {
    let (folder, said) = (place.file("programs"), place.file("said"));
    fs::create_dir_all(&folder).unwrap();
    let program = folder.join("espeak-ng");
    fs::write(&program, format!("#!/bin/sh\nprintf '%s\\n' \"$*\" >> '{}'\n", said.display())).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    (folder, said)
}

struct Worn<'a> {
    place: &'a Place,
    programs: PathBuf,
}

impl Worn<'_> {
    fn run(&self, arguments: &[&str]) -> Ran {
        let mut command = self.place.command(&["glasses"]);
        let path = format!("{}:{}", self.programs.display(), std::env::var("PATH").unwrap());
        command.args(arguments).arg("--spool").arg(self.place.file("spool")).env("PATH", path);
        Ran::of(command, "")
    }

    fn pair(&self, server: &Running, pairing: &Pairing) {
        let ran = self.run(&["pair", "--server", &server.base(), "--token", &pairing.token]);
        assert_eq!(ran.code, 0, "{ran}");
    }

    fn record(&self, more: &[&str]) -> Ran {
        let file = sample();
        let arguments = ["run", "--simulate", file.to_str().unwrap(), "--speed", "100"];
        self.run(&[arguments.as_slice(), more].concat())
    }
}

#[tokio::test]
async fn the_wearer_agrees_once_and_everybody_hears_it_at_every_start() {
    let place = Place::new();
    let pairing = place.pair("Harbour");
    let server = place.serve().await;
    let (programs, said) = recorder(&place);
    let glasses = Worn { place: &place, programs };
    glasses.pair(&server, &pairing);
    let db = Db::open_sqlite(&place.data().join("trainar.db")).await.unwrap();
    let set = async |kind, text| {
        let entry = Entry::new(Actor::operator(), Action::NoticeChanged);
        db.set_notice(pairing.tenant, kind, text, entry, SystemClock.now()).await.unwrap()
    };
    set(NoticeKind::Recording, NOTICE).await;
    set(NoticeKind::Consent, "I agree to be recorded.").await;

    let refused = glasses.record(&[]);
    assert!(refused.code == 1 && refused.stdout.contains("trainar glasses consent"), "{refused}");
    let asked = glasses.run(&["consent"]);
    assert!(
        asked.code == 1 && asked.stdout.contains("I agree to be recorded.") && asked.stderr.contains("--yes"),
        "{asked}"
    );
    let agreed = glasses.run(&["consent", "--yes"]);
    assert!(agreed.code == 0 && agreed.stdout.contains("noted"), "{agreed}");
    let ran = glasses.record(&["--wait-seconds", "60"]);
    assert!(ran.code == 0 && ran.stdout.contains(NOTICE), "{ran}");
    let heard = fs::read_to_string(&said).unwrap();
    let (notice, recording) = (heard.find(NOTICE).expect(&heard), heard.rfind("Recording").expect(&heard));
    assert!(notice < recording, "{heard}");
    assert!(heard.lines().any(|line| line.contains("-v en") && line.ends_with(NOTICE)), "{heard}");
    let mut rows = Rows::open(&place.data()).await;
    assert_eq!(rows.text("SELECT CAST(notice_version AS text) FROM sessions").await.unwrap(), "1");
    assert_eq!(rows.text("SELECT CAST(version AS text) FROM consents").await.unwrap(), "1");

    // Without a network as well; and when the text was changed, it is asked for again.
    set(NoticeKind::Consent, "I agree to be recorded, always.").await;
    server.stop();
    fs::remove_file(&said).unwrap();
    let ran = glasses.record(&["--no-wait"]);
    assert!(ran.code == 0 && fs::read_to_string(&said).unwrap().contains(NOTICE), "{ran}");
    let offline = glasses.run(&["consent", "--yes"]);
    assert_eq!(offline.code, 1, "the office has to hear of it: {offline}");
    let server = place.serve().await;
    glasses.pair(&server, &pairing);
    let refused = glasses.record(&[]);
    assert!(refused.code == 1 && refused.stdout.contains("trainar glasses consent"), "{refused}");
    server.stop();
}
