//! The pages of privacy in every state, and what a session shows of which something went by age.

use super::{
    check, check_without,
    facts::*,
    states::{detail, player, view},
};
use crate::pages::{
    erasure::ErasePage,
    layout::{Area, Layout},
    privacy::{ErasureRow, HoldForm, HoldRow, LiftPage, NoticeField, PrivacyPage, RetentionForm, RetentionPage},
    session::{RecordingView, SessionView},
    when::When,
};
use askama::Template;
use domain::{
    erasure::Scope,
    legal_hold::LegalHold,
    notice::{Notice, NoticeKind},
    retention::{Kept, Removed, Retention},
    session::Session,
};
use std::collections::BTreeMap;
use strum::VariantArray;
use uuid::Uuid;

const KEPT: Retention = Retention { recording_days: Some(365), clips_days: None, transcript_days: Some(90) };

fn settings(retention: RetentionForm) -> PrivacyPage {
    PrivacyPage {
        layout: Layout::new("Privacy", Area::Settings, who()),
        csrf_token: "csrf-1".into(),
        retention,
        notices: NoticeKind::VARIANTS.iter().map(|kind| NoticeField::new(*kind, None, "de", ZONE)).collect(),
        notice_problem: None,
        holds: vec![],
        hold: HoldForm::default(),
        erase: String::new(),
        erase_problem: None,
        erasures: vec![],
    }
}

fn holds() -> Vec<HoldRow> {
    let hold = |n: u128, session: Option<&str>, by: Option<&str>| LegalHold {
        id: Uuid::from_u128(n),
        session: session.map(|name| (id(n), name.into())),
        reason: "Claim of Mrs Smith, file 48/26".into(),
        placed_by: by.map(Into::into),
        placed_at: NOON,
    };
    let rows = [hold(1, Some("Fan and flue inspection"), Some("Priya Raman")), hold(2, None, None)];
    rows.iter().map(|hold| HoldRow::new(hold, ZONE)).collect()
}

fn erasures() -> Vec<ErasureRow> {
    let erased = |n: u128, scope, done: bool| ErasureRow {
        id: Uuid::from_u128(n),
        scope,
        subject: Uuid::from_u128(n + 50),
        asked: When::new(NOON, ZONE),
        done: done.then(|| When::new(NOON.plus_seconds(1000.0), ZONE)),
        rows: 214,
        objects: 17,
    };
    vec![erased(1, Scope::Session, false), erased(2, Scope::User, true)]
}

fn erase(problem: Option<&str>, asks_code: bool) -> String {
    ErasePage {
        layout: Layout::new("Erase", Area::Settings, who()),
        csrf_token: "csrf-1".into(),
        scope: if asks_code { Scope::User } else { Scope::Session },
        id: Uuid::from_u128(7),
        name: "Sam Okafor (sam@northgate.example)".into(),
        rows: [("sessions", 2), ("procedures", 14), ("utterances", 120), ("users", 1), ("step_runs", 18)]
            .map(|(table, n)| (table.to_owned(), n))
            .into(),
        objects: 31,
        bytes: 1_420_000_000,
        asks_password: true,
        asks_code,
        problem: problem.map(Into::into),
    }
    .render()
    .unwrap()
}

fn question(new: Retention, counts: &[(Kept, u64)]) -> String {
    RetentionPage {
        layout: Layout::new("Privacy", Area::Settings, who()),
        csrf_token: "csrf-1".into(),
        now: KEPT,
        new,
        counts: counts.iter().copied().collect(),
    }
    .render()
    .unwrap()
}

fn aged() -> SessionView {
    let at = NOON.plus_seconds(3600.0);
    let removed = Removed { recording: Some(at), clips: Some(at), transcript: Some(at) };
    let session = Session { removed, score: Some(score()), ..session(5, "Fan and flue inspection") };
    let recording = RecordingView::Removed(When::new(at, ZONE));
    SessionView { recording, ..view(session, None, None, &procedures(), None) }
}

fn without_words() -> SessionView {
    let removed = Removed { transcript: Some(NOON), ..Removed::default() };
    let session = Session { removed, ..session(5, "Fan and flue inspection") };
    let player = player(&session);
    view(session, None, Some(player), &procedures(), None)
}

/// Every state by name.
pub fn pages() -> BTreeMap<&'static str, String> {
    let wrong = RetentionForm {
        days: ["365", "a week", ""].map(Into::into),
        problem: Some("Clips: give whole days, from 1 to 36500, or nothing to keep. Nothing was changed.".into()),
    };
    let shorter = Retention { recording_days: Some(30), ..KEPT };
    let stands = |kind, text: &str| Some(Notice { kind, version: 3, text: text.into(), since: NOON });
    let consent = NoticeField {
        accepted: Some(2),
        ..NoticeField::new(NoticeKind::Consent, stands(NoticeKind::Consent, "I <agree>"), "en", ZONE)
    };
    let none = NoticeField::new(NoticeKind::Recording, stands(NoticeKind::Recording, ""), "en", ZONE);
    let full = PrivacyPage {
        notices: vec![none, consent],
        holds: holds(),
        erasures: erasures(),
        ..settings(RetentionForm::of(KEPT))
    };
    let hold = HoldForm {
        session: "Boiler".into(),
        reason: "Claim".into(),
        everything: false,
        problem: Some("Give the address of a session's page, or its id. Nothing was changed.".into()),
    };
    let erase_problem = Some("Nothing was erased: there is no such session and no such user.".into());
    let hold_refused =
        PrivacyPage { hold, erase: "nobody".into(), erase_problem, ..settings(RetentionForm::default()) };
    let lift = LiftPage {
        layout: Layout::new("Lift a legal hold", Area::Settings, who()),
        csrf_token: "csrf-1".into(),
        hold: holds().remove(0),
    };
    BTreeMap::from([
        ("privacy", settings(RetentionForm::of(KEPT)).render().unwrap()),
        ("privacy-refused", settings(wrong).render().unwrap()),
        ("privacy-full", full.render().unwrap()),
        ("privacy-hold-refused", hold_refused.render().unwrap()),
        ("privacy-lift", lift.render().unwrap()),
        ("erase-session", erase(None, false)),
        ("erase-user-refused", erase(Some("The present password is wrong. Nothing was erased."), true)),
        ("privacy-retention", question(shorter, &[(Kept::Recording, 12)])),
        ("privacy-retention-none", question(Retention { clips_days: Some(1), ..KEPT }, &[])),
        ("session-aged", detail(aged())),
        ("session-without-words", detail(without_words())),
    ])
}

#[test]
fn what_is_kept_how_long_is_shown_and_asked_about() {
    check("privacy", &["<h1>Privacy</h1>", "name=\"recording\"", "value=\"365\"", "name=\"clips\"", "value=\"\""]);
    check("privacy-refused", &["role=\"alert\"", "Clips: give whole days", "value=\"a week\""]);
    check(
        "privacy-retention",
        &[
            ">Recordings<",
            "30 days, until now 365 days",
            "removed now of 12 sessions",
            "kept, as now",
            "cannot be brought back",
            "name=\"recording\" value=\"30\"",
            ">Change and remove<",
        ],
    );
    check("privacy-retention-none", &["1 day, until now kept", "nothing is removed now", ">Change<"]);
    check_without("privacy-retention-none", &["button-danger"]);
}

#[test]
fn what_is_held_and_what_was_erased_is_listed() {
    check("privacy", &["Recording notice", "Achtung", "A suggestion; nothing is said", "Consent of the wearer"]);
    check(
        "privacy-full",
        &["None stands.", "I &#60;agree&#62;", "Version 3 stands since <time", "accepted at 2 seats", "Legal holds"],
    );
    check("privacy", &["Nothing is held.", "Place a hold", "Show what would go", "Nothing was erased yet."]);
    check(
        "privacy-full",
        &[
            "Fan and flue inspection</b></a>",
            "Claim of Mrs Smith",
            "Priya Raman",
            ">Lift<",
            "Everything of this organisation</b>",
            "Operator",
            "A session, ",
            "214 rows, 17 files",
            "15 minutes later",
            "A user, ",
            "signed <time",
            "Download the record",
        ],
    );
    check(
        "privacy-hold-refused",
        &["role=\"alert\"", "Give the address", "value=\"Boiler\"", "there is no such", "value=\"nobody\""],
    );
    check("privacy-lift", &["Lift this legal hold?", "Fan and flue inspection", "goes within a minute", ">Lift<"]);
    check(
        "erase-session",
        &[
            "Erase this session?",
            "1 user",
            "2 sessions",
            "14 procedures",
            "120 pieces of speech",
            "18 other rows",
            "31 files of picture, sound and words (1.4 GB)",
            "What stays",
            "ledger of minutes",
            "Your present password",
            "Erase for good",
        ],
    );
    check_without("erase-session", &["Tasks, assigned", "Code of your"]);
    check(
        "erase-user-refused",
        &["role=\"alert\"", "password is wrong", "Tasks, assigned", "Code of your second factor"],
    );
}

#[test]
fn a_session_says_what_of_it_went_by_age() {
    check(
        "session-aged",
        &[
            "Video Recording",
            "The recording was removed on <time",
            "as your organisation's retention says.",
            "Isolate the boiler",
            "Score",
        ],
    );
    check_without("session-aged", &["<video", "Fullscreen", "No recording was captured", "The transcript was removed"]);
    check("session-without-words", &["<video", "The transcript was removed on <time"]);
    check("procedure-aged", &["The clip was removed on <time", "as your organisation's retention says."]);
    check_without("procedure-aged", &["<video", "There is no clip"]);
}
