//! The pages of Settings in every state.

use super::{check, check_without, facts::*, states};
use crate::pages::{
    layout::{Area, Layout},
    pair::{PairPage, PairState, ShownCode},
    seats::{DeviceRow, RevokePage, SeatPage, SeatsPage},
    upload::{UnfinishedRow, UploadPage},
    when::When,
};
use askama::Template;
use domain::{
    DeviceId, SeatId, TenantId, Timestamp, UserId,
    device::{Device, DeviceReport, HeldSession},
    seat::{Seat, SeatRole, SeatStatus},
    session::Phase,
    user::{User, UserRole},
};
use std::collections::BTreeMap;
use storage::db::{
    pairing::{PairedDevice, SeatOverview},
    unfinished::Unfinished,
};
use uuid::Uuid;

fn user(n: u128, name: &str) -> User {
    User {
        id: id::<UserId>(n),
        tenant_id: id::<TenantId>(1),
        email: format!("{n}@northgate.example"),
        full_name: name.into(),
        role: UserRole::Member,
        is_active: true,
        created_at: NOON,
    }
}

fn seat_id(n: u128) -> SeatId {
    SeatId(Uuid::from_u128(0x7f3a_91c2_0000_4000_8000_0000_0000_0000 + (n << 96)))
}

fn overview(n: u128, name: &str, role: SeatRole, status: SeatStatus, devices: Vec<PairedDevice>) -> SeatOverview {
    let seat =
        Seat { id: seat_id(n), tenant_id: id::<TenantId>(1), user_id: id::<UserId>(n), role, status, created_at: NOON };
    SeatOverview { seat, user: user(n, name), devices }
}

fn device(n: u128, model: &str, heard: Option<f64>, report: Option<DeviceReport>) -> PairedDevice {
    let ago = |seconds: f64| NOON.plus_seconds(-seconds);
    let device = Device {
        id: id::<DeviceId>(n),
        tenant_id: id::<TenantId>(1),
        seat_id: seat_id(n),
        model: model.into(),
        serial: format!("X12{n}"),
        software_version: "1.4".into(),
        last_seen_at: heard.map(ago),
        created_at: ago(1e6),
    };
    PairedDevice { device, report: report.map(|report| (report, ago(190.0))) }
}

fn full() -> DeviceReport {
    let held = |bytes| HeldSession { session_id: None, started_at: NOON.plus_seconds(-9000.0), parts: 130, bytes };
    DeviceReport {
        battery_percent: Some(81),
        storage_minutes: Some(240),
        sessions: vec![held(148_000_000), held(1_000_000)],
    }
}

fn seats() -> Vec<SeatOverview> {
    let old = device(11, "Vuzix M400", Some(3e6), Some(full()));
    let new = device(12, "RealWear Navigator 520", Some(70.0), Some(DeviceReport::default()));
    let gone = SeatOverview {
        user: User { is_active: false, ..user(4, "Ilse Verhoeven-Vandenbroucke") },
        ..overview(4, "", SeatRole::Trainee, SeatStatus::Active, vec![device(14, "Pixel 9", None, None)])
    };
    vec![
        overview(1, "Marek Kowalczyk", SeatRole::Trainer, SeatStatus::Active, vec![old, new]),
        overview(2, "Sam Okafor", SeatRole::Trainee, SeatStatus::ReadyToPair, vec![]),
        overview(3, "Noor Haddad", SeatRole::Trainee, SeatStatus::NeedsDevice, vec![]),
        gone,
    ]
}

fn seats_page(seats: &[SeatOverview], users: Vec<User>) -> SeatsPage {
    SeatsPage::new(Layout::new("Seats", Area::Settings, who()), "csrf-1".into(), seats, users, NOON, ZONE)
}

fn seat(problem: Option<&'static str>) -> String {
    let SeatOverview { seat, .. } = overview(2, "Sam Okafor", SeatRole::Trainee, SeatStatus::Active, vec![]);
    SeatPage {
        layout: Layout::new("Seat", Area::Settings, who()),
        csrf_token: "csrf-1".into(),
        users: vec![(user(1, "").id, "Marek Kowalczyk".into()), (seat.user_id, "Sam Okafor".into())],
        seat,
        problem,
    }
    .render()
    .unwrap()
}

fn pair(state: PairState, devices: &[&str]) -> String {
    PairPage {
        layout: Layout::new("Pair a device", Area::Settings, who()),
        csrf_token: "csrf-1".into(),
        seat_id: seat_id(1),
        engineer: "Marek Kowalczyk".into(),
        role: SeatRole::Trainer,
        devices: devices.iter().map(|d| (*d).to_owned()).collect(),
        opened_at: NOON.0,
        state,
    }
    .render()
    .unwrap()
}

fn code() -> ShownCode {
    ShownCode::new("K7QM2XPD", "https://training.northgate.example", NOON.plus_seconds(600.0), NOON, ZONE).unwrap()
}

fn unfinished(n: u128, filename: Option<&str>, received: u64, length: Option<u64>, given_up: bool) -> Unfinished {
    let expires_at = NOON.plus_seconds(if given_up { -60.0 } else { 500_000.0 });
    Unfinished {
        session: running(n, "Session 21 Nov 2026, 07:34", Phase::Uploading),
        user_name: "Marek Kowalczyk".into(),
        parts: 3,
        filename: filename.map(Into::into),
        received,
        length,
        since: NOON.plus_seconds(-4000.0),
        last: NOON,
        expires_at: Some(expires_at),
        is_given_up: given_up,
        is_file: filename.is_some(),
    }
}

fn upload(unfinished: &[Unfinished], has_seats: bool, problem: Option<&'static str>) -> String {
    let seats = vec![(seat_id(1), "Marek Kowalczyk, Trainer (7F3A91C2)".to_owned())];
    UploadPage {
        layout: Layout::new("Upload a file", Area::Settings, who()),
        csrf_token: "csrf-1".into(),
        seats: if has_seats { seats } else { vec![] },
        limit_bytes: 64_000_000_000,
        timezone: ZONE.into(),
        latest: "2026-11-21T10:04".into(),
        unfinished: unfinished.iter().map(|found| UnfinishedRow::new(found, ZONE)).collect(),
        keep_hours: problem.map(|_| 24),
        usual_keep_hours: 168.0,
        problem,
    }
    .render()
    .unwrap()
}

fn revoke(device: &PairedDevice) -> String {
    RevokePage {
        layout: Layout::new("Revoke a device", Area::Settings, who()),
        csrf_token: "csrf-1".into(),
        engineer: "Marek Kowalczyk".into(),
        device: DeviceRow::new(device, NOON, ZONE),
    }
    .render()
    .unwrap()
}

/// Every state by name.
pub fn pages() -> BTreeMap<&'static str, String> {
    let users = || vec![user(1, "Marek Kowalczyk"), user(2, "Sam Okafor")];
    let refused = SeatsPage { problem: Some("Choose who gets the seat."), ..seats_page(&seats(), users()) };
    let rows = [
        unfinished(1, Some("GX010042.MP4"), 12_000_000, Some(149_000_000), false),
        unfinished(2, Some("dashcam.ts"), 0, Some(3_900_000_000), true),
        unfinished(3, None, 1_900_000, None, false),
        unfinished(4, None, 1_900_000, Some(2_000_000), true),
    ];
    let until = When::new(Timestamp(NOON.0 + 300_000_000), ZONE);
    BTreeMap::from([
        ("seats", seats_page(&seats(), users()).render().unwrap()),
        ("seat", seat(None)),
        ("seat-refused", seat(Some("This seat has run sessions. Nothing was changed."))),
        ("seats-refused", refused.render().unwrap()),
        ("seats-none", seats_page(&[], users()).render().unwrap()),
        ("seats-nobody", seats_page(&[], vec![]).render().unwrap()),
        ("revoke", revoke(&device(12, "RealWear Navigator 520", Some(70.0), None))),
        ("revoke-holding", revoke(&device(11, "Vuzix M400", Some(70.0), Some(full())))),
        ("pair", pair(PairState::Code(code()), &[])),
        ("pair-active", pair(PairState::Code(code()), &["Vuzix M400", "Pixel 9"])),
        ("pair-open", pair(PairState::Open { until }, &[])),
        ("pair-none", pair(PairState::None, &[])),
        ("pair-paired", pair(PairState::Paired { model: "Vuzix M400".into() }, &[])),
        ("pair-expired", pair(PairState::Expired, &[])),
        ("pair-replaced", pair(PairState::Replaced, &[])),
        ("upload", upload(&rows, true, None)),
        ("upload-none", upload(&[], true, Some("Give whole hours."))),
        ("upload-without-seats", upload(&[], false, None)),
    ])
}

#[test]
fn seats_show_who_has_which_device_and_what_is_on_it() {
    check(
        "seats",
        &[
            "<h1>Seats</h1>",
            ">Engineer<",
            ">Role<",
            ">Seat ID<",
            ">Status<",
            ">Devices<",
            "Marek Kowalczyk",
            ">7F3A91C3<",
            ">Active<",
            "Vuzix M400",
            "Heard 34 days ago",
            "battery 81%",
            "room for 240 min",
            "version 1.4",
            "2 sessions, 149 MB, told 3 minutes ago",
            "/revoke\">Revoke<",
            "RealWear",
            "Nothing left on it, told 3 minutes ago",
            ">Pair<",
            "Sam Okafor",
            ">Ready to pair<",
            "Noor Haddad",
            ">Needs device<",
            "Login is switched off",
            "Not heard of yet",
            ">Add a seat<",
            ">Add seat<",
        ],
    );
    check("seats-none", &["No seats yet", "Add seat"]);
    check("seats-refused", &["role=\"alert\"", "Choose who gets the seat."]);
    check_without("seats-nobody", &["Add seat</button>"]);
    check("revoke-holding", &["Revoke Vuzix M400?", "shut out at once", "Still on the device: 2 sessions, 149 MB"]);
    check_without("revoke", &["Still on the device"]);
}

#[test]
fn a_code_is_shown_as_text_and_as_a_picture() {
    check(
        "pair",
        &[
            "Marek Kowalczyk",
            "data-link=\"https://training.northgate.example/capture#pair=K7QM2XPD\"",
            "<path class=\"qr-dark\" d=\"M",
            ">K7QM-2XPD<",
            ">10:14</time>",
            ">10:00</b>",
            ">New Code<",
        ],
    );
    check("pair-active", &["This seat is active already, with Vuzix M400, Pixel 9."]);
    check("pair-paired", &["Paired: Vuzix M400"]);
    check("pair-expired", &["The code has expired", ">New Code<"]);
    for page in ["pair-open", "pair-none", "pair-paired", "pair-expired", "pair-replaced"] {
        check_without(page, &["K7QM", "qr-dark"]);
    }
}

#[test]
fn what_has_not_arrived_whole_is_reported() {
    check(
        "upload",
        &[
            "at most 64.0 GB",
            "Marek Kowalczyk, Trainer (7F3A91C2)",
            "Time of Europe/London.",
            ">Unfinished uploads<",
            "data-name=\"GX010042.MP4\" data-bytes=\"149000000\"",
            "12 MB of 149 MB",
            "value=\"8\"",
            "unless it goes on",
            "0 B of 3.9 GB",
            ">given up <time",
            "choose the same file to go on",
            "3 parts · 2 MB",
            "it goes on when the device comes back",
            "168 hours",
        ],
    );
    check("upload-none", &["Give whole hours.", "is here whole", "value=\"24\""]);
    check("upload-without-seats", &["Add a seat</a> first"]);
}

#[test]
fn settings_are_for_administrators() {
    check("error-403", &["403", "Only administrators"]);
    check_without("error-403", &["/settings"]);
    assert!(states::pages()["sessions"].contains("href=\"/settings/seats\""));
}
