//! Codes, devices, and the status of a seat.

use crate::harness::{Crew, Place, at, new_device, new_user, on_both};
use domain::{
    SeatId, Timestamp,
    audit::{Action, Actor, Entry},
    device::{Device, DeviceReport, HeldSession},
    seat::{Seat, SeatRole, SeatStatus},
};
use storage::{
    DbError,
    db::pairing::{PairedDevice, Pairing},
};

/// Stands for the SHA-256 of a code.
fn hash(code: &str) -> String {
    format!("{code:0>64}")
}

/// A seat beside the one that the crew has.
async fn seat(place: &Place, crew: &Crew) -> Seat {
    place.db.create_seat(crew.tenant, crew.user.id, SeatRole::Trainee, at(0)).await.unwrap()
}

async fn open(place: &Place, seat: &Seat, code: &str, now: Timestamp) {
    let until = now.plus_seconds(600.0);
    place.db.open_pairing_code(seat.tenant_id, seat.id, &hash(code), until, now).await.unwrap();
}

async fn exchange(place: &Place, code: &str, token: &str, now: Timestamp) -> Option<Device> {
    place.db.exchange_pairing_code(&hash(code), new_device(token), now).await.unwrap().map(|(device, _)| device)
}

/// As it is kept, and as it is shown at this instant.
async fn statuses(place: &Place, seat: &Seat, now: Timestamp) -> (SeatStatus, SeatStatus) {
    let kept = place.db.seat(seat.tenant_id, seat.id).await.unwrap().unwrap().status;
    let shown = place.db.seat_overview(seat.tenant_id, seat.id, now).await.unwrap().unwrap().seat.status;
    (kept, shown)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_seat_changes_its_role_always_and_its_engineer_until_it_has_run_a_session() {
    on_both(async |place| {
        let crew = place.crew("acme").await;
        let seat = seat(place, &crew).await;
        let other = place.db.create_user(crew.tenant, new_user("other"), at(0)).await.unwrap();
        let entry = || Entry::new(Actor::operator(), Action::SeatChanged);
        let change = async |id, to| place.db.change_seat(crew.tenant, id, to, entry(), at(1)).await;
        let changed = change(seat.id, (other.id, SeatRole::Trainer)).await.unwrap().unwrap();
        assert_eq!((changed.user_id, changed.role), (other.id, SeatRole::Trainer));
        assert_eq!(place.db.seat(crew.tenant, seat.id).await.unwrap().unwrap(), changed);
        place.recording(&crew, at(2)).await;
        let refused = change(crew.seat.id, (other.id, SeatRole::Trainee)).await;
        assert!(matches!(refused, Err(DbError::Refused(_))), "{refused:?}");
        assert_eq!(
            place.db.seat(crew.tenant, crew.seat.id).await.unwrap().unwrap(),
            crew.seat,
            "nothing of it is kept"
        );
        let changed = change(crew.seat.id, (crew.user.id, SeatRole::Trainee)).await.unwrap().unwrap();
        assert_eq!((changed.user_id, changed.role), (crew.user.id, SeatRole::Trainee));
        assert_eq!(change(SeatId(uuid::Uuid::nil()), (other.id, SeatRole::Trainer)).await.unwrap(), None);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_seat_goes_from_needs_device_by_a_code_to_active_and_back() {
    use SeatStatus::{Active, NeedsDevice, ReadyToPair};
    on_both(async |place| {
        let crew = place.crew("acme").await;
        let seat = seat(place, &crew).await;
        assert_eq!(statuses(place, &seat, at(0)).await, (NeedsDevice, NeedsDevice));
        open(place, &seat, "one", at(10)).await;
        assert_eq!(statuses(place, &seat, at(11)).await, (ReadyToPair, ReadyToPair));

        // Shown right before anybody has swept.
        assert_eq!(statuses(place, &seat, at(610)).await.1, NeedsDevice);
        assert_eq!(exchange(place, "one", "late", at(610)).await, None);
        assert_eq!(place.db.expire_pairing_codes(at(609)).await.unwrap(), 0);
        assert_eq!(place.db.expire_pairing_codes(at(610)).await.unwrap(), 1);
        assert_eq!(statuses(place, &seat, at(610)).await, (NeedsDevice, NeedsDevice));

        open(place, &seat, "two", at(700)).await;
        let device = exchange(place, "two", "token", at(701)).await.unwrap();
        assert_eq!(statuses(place, &seat, at(702)).await, (Active, Active));
        place.db.expire_pairing_codes(at(9000)).await.unwrap();
        assert_eq!(statuses(place, &seat, at(9000)).await, (Active, Active), "a used code takes nothing with it");

        open(place, &seat, "three", at(9100)).await;
        assert_eq!(statuses(place, &seat, at(9101)).await, (Active, Active), "its device goes on working meanwhile");
        let second = exchange(place, "three", "second", at(9102)).await.unwrap();
        assert!(place.db.revoke_device(crew.tenant, device.id, at(9103)).await.unwrap().is_some());
        assert_eq!(statuses(place, &seat, at(9104)).await, (Active, Active), "it has another");
        assert!(place.db.revoke_device(crew.tenant, second.id, at(9105)).await.unwrap().is_some());
        assert_eq!(statuses(place, &seat, at(9106)).await, (NeedsDevice, NeedsDevice));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_code_voids_the_older_ones_of_its_seat_only() {
    on_both(async |place| {
        let crew = place.crew("acme").await;
        let (one, two) = (seat(place, &crew).await, seat(place, &crew).await);
        open(place, &one, "a", at(0)).await;
        open(place, &two, "b", at(0)).await;
        open(place, &one, "c", at(1)).await;
        assert_eq!(exchange(place, "a", "a", at(2)).await, None);
        assert_eq!(exchange(place, "b", "b", at(2)).await.unwrap().seat_id, two.id);
        assert_eq!(exchange(place, "c", "c", at(2)).await.unwrap().seat_id, one.id);

        let same = place.db.open_pairing_code(crew.tenant, two.id, &hash("c"), at(99), at(3)).await;
        assert!(matches!(same, Err(DbError::Exists(_))), "a code is of one seat only: {same:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_is_exchanged_again_until_its_device_has_been_heard_of() {
    on_both(async |place| {
        let crew = place.crew("acme").await;
        let seat = seat(place, &crew).await;
        open(place, &seat, "code", at(0)).await;
        let lost = exchange(place, "code", "lost", at(1)).await.unwrap();
        let kept = exchange(place, "code", "kept", at(2)).await.unwrap();
        assert_ne!(lost.id, kept.id);
        assert_eq!(place.db.device_by_token("token of lost").await.unwrap(), None, "the first token is void");
        assert_eq!(place.db.device_by_token("token of kept").await.unwrap().unwrap().0, kept);
        let there = place.db.seat_overview(crew.tenant, seat.id, at(2)).await.unwrap().unwrap().devices;
        assert_eq!(there, [PairedDevice { device: kept.clone(), report: None }]);

        place.db.device_seen(crew.tenant, kept.id, at(3)).await.unwrap();
        assert_eq!(exchange(place, "code", "thief", at(4)).await, None);
        assert!(place.db.device_by_token("token of kept").await.unwrap().is_some());
    })
    .await;
}

/// Whoever comes first: there is one device in the end, and its token works.
#[tokio::test(flavor = "multi_thread")]
async fn two_exchanges_at_once_leave_one_device() {
    on_both(async |place| {
        let crew = place.crew("acme").await;
        let seat = seat(place, &crew).await;
        open(place, &seat, "code", at(0)).await;
        let names: Vec<String> = (0..6).map(|n| format!("{n}")).collect();
        let made = futures::future::join_all(names.iter().map(|name| exchange(place, "code", name, at(1)))).await;
        assert_eq!(made.iter().flatten().count(), 6);
        let there = place.db.seat_overview(crew.tenant, seat.id, at(2)).await.unwrap().unwrap().devices;
        assert_eq!(there.len(), 1);
        let mut working = Vec::new();
        for name in &names {
            working.extend(place.db.device_by_token(&format!("token of {name}")).await.unwrap());
        }
        assert_eq!(working.len(), 1);
        assert_eq!(working[0].0, there[0].device);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_device_is_shut_out_at_once_and_its_code_does_not_bring_it_back() {
    on_both(async |place| {
        let crew = place.crew("acme").await;
        let seat = seat(place, &crew).await;
        open(place, &seat, "code", at(0)).await;
        let device = exchange(place, "code", "token", at(1)).await.unwrap();
        assert!(place.db.revoke_device(crew.tenant, device.id, at(2)).await.unwrap().is_some());
        assert_eq!(place.db.device_by_token("token of token").await.unwrap(), None);
        assert_eq!(exchange(place, "code", "again", at(3)).await, None);
        assert!(place.db.revoke_device(crew.tenant, device.id, at(4)).await.unwrap().is_none(), "once is enough");
        assert_eq!(place.db.seat_overview(crew.tenant, seat.id, at(5)).await.unwrap().unwrap().devices, []);
        assert!(place.db.device_by_token("token of acme").await.unwrap().is_some(), "the other seat's stays");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_of_somebody_who_left_is_worth_nothing() {
    on_both(async |place| {
        let crew = place.crew("acme").await;
        let gone = place.db.create_user(crew.tenant, new_user("gone"), at(0)).await.unwrap();
        let seat = place.db.create_seat(crew.tenant, gone.id, SeatRole::Trainer, at(0)).await.unwrap();
        open(place, &seat, "code", at(0)).await;
        place.accepted(&format!("UPDATE users SET is_active = false WHERE id = {}", place.id(gone.id))).await;
        assert_eq!(exchange(place, "code", "token", at(1)).await, None);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_opened_a_code_learns_what_became_of_it() {
    on_both(async |place| {
        let crew = place.crew("acme").await;
        let seat = seat(place, &crew).await;
        let became = async |opened: i64, now: i64| place.db.pairing(crew.tenant, seat.id, at(opened), at(now)).await;
        open(place, &seat, "one", at(10)).await;
        assert_eq!(became(10, 11).await.unwrap(), Some(Pairing::Open { expires_at: at(610) }));
        assert_eq!(became(10, 610).await.unwrap(), Some(Pairing::Expired));
        open(place, &seat, "two", at(20)).await;
        assert_eq!(became(10, 21).await.unwrap(), Some(Pairing::Replaced));
        let device = exchange(place, "two", "token", at(30)).await.unwrap();
        assert_eq!(became(20, 31).await.unwrap(), Some(Pairing::Paired(device.clone())));
        place.db.expire_pairing_codes(at(9000)).await.unwrap();
        assert_eq!(became(20, 9000).await.unwrap(), Some(Pairing::Paired(device)), "also who looks again much later");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_tells_what_it_holds() {
    on_both(async |place| {
        let crew = place.crew("acme").await;
        let held = HeldSession { session_id: None, started_at: at(-99), parts: 130, bytes: 149_000_000 };
        let report =
            DeviceReport { battery_percent: Some(81), storage_minutes: Some(240), sessions: vec![held.clone(), held] };
        place.db.report_device(crew.tenant, crew.device.id, &report, Some("1.4"), at(50)).await.unwrap();
        let shown = async || {
            let all = place.db.seat_overviews(crew.tenant, at(60)).await.unwrap();
            let [seat] = all.as_slice() else { panic!("{all:?}") };
            assert_eq!((seat.seat.id, &seat.user), (crew.seat.id, &crew.user));
            seat.devices[0].clone()
        };
        assert_eq!(shown().await.report, Some((report.clone(), at(50))));
        assert_eq!((shown().await.device.software_version.as_str(), report.bytes()), ("1.4", 298_000_000));

        place.db.report_device(crew.tenant, crew.device.id, &DeviceReport::default(), None, at(55)).await.unwrap();
        assert_eq!(shown().await.report, Some((DeviceReport::default(), at(55))));
        assert_eq!(shown().await.device.software_version, "1.4", "what is not told stays");
    })
    .await;
}
