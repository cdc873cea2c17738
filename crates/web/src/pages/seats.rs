//! Settings, Seats: who may run sessions, with which device, and what is still on it. And the page that asks before a
//! device is revoked.

use super::{
    amounts::{count, show_ago, show_bytes},
    layout::Layout,
    when::When,
};
use askama::Template;
use domain::{
    DeviceId, SeatId, Timestamp, UserId,
    device::DeviceReport,
    seat::{Seat, SeatRole, SeatStatus},
    user::User,
};
use storage::db::pairing::{PairedDevice, SeatOverview};
use strum::VariantArray;

/// The page of all seats.
#[derive(Clone, Debug, Template)]
#[template(path = "pages/seats.html")]
pub struct SeatsPage {
    /// The frame.
    pub layout: Layout,
    /// Goes into every form.
    pub csrf_token: String,
    /// The seats, oldest first.
    pub seats: Vec<SeatRow>,
    /// Who can get a seat: id and full name.
    pub users: Vec<(UserId, String)>,
    /// Why the last form was refused.
    pub problem: Option<&'static str>,
}

/// The page on which a seat is changed.
#[derive(Clone, Debug, Template)]
#[template(path = "pages/seat.html")]
pub struct SeatPage {
    /// The frame.
    pub layout: Layout,
    /// Goes into the form.
    pub csrf_token: String,
    /// The seat.
    pub seat: Seat,
    /// Who can have it: id and full name.
    pub users: Vec<(UserId, String)>,
    /// Why the last form was refused.
    pub problem: Option<&'static str>,
}

impl SeatPage {
    fn roles(&self) -> &'static [SeatRole] {
        SeatRole::VARIANTS
    }
}

/// A seat as the table shows it.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct SeatRow {
    pub id: SeatId,
    pub engineer: String,
    /// Whether the engineer's login is active; without one no device of the seat works.
    pub is_active: bool,
    pub role: SeatRole,
    pub status: SeatStatus,
    pub devices: Vec<DeviceRow>,
}

/// A device as the table shows it.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct DeviceRow {
    pub id: DeviceId,
    pub model: String,
    pub serial: String,
    /// `Heard 3 minutes ago`, with the exact time.
    pub heard: Option<(String, When)>,
    /// `Battery 81%`, `room for 240 min`, `version 1.4`.
    pub facts: Vec<String>,
    /// `2 sessions, 149 MB, told 3 minutes ago`.
    pub held: Option<String>,
    /// Whether something waits on the device.
    pub holds: bool,
}

/// The page that asks before a device is revoked.
#[derive(Clone, Debug, Template)]
#[template(path = "pages/revoke.html")]
pub struct RevokePage {
    /// The frame.
    pub layout: Layout,
    /// Goes into the form.
    pub csrf_token: String,
    /// Whose device it is.
    pub engineer: String,
    /// The device.
    pub device: DeviceRow,
}

impl SeatsPage {
    /// The page of `seats`, as it is `now` in `timezone`.
    pub fn new(
        layout: Layout,
        csrf_token: String,
        seats: &[SeatOverview],
        users: Vec<User>,
        now: Timestamp,
        timezone: &str,
    ) -> Self {
        let users = users.into_iter().filter(|user| user.is_active).map(|user| (user.id, user.full_name));
        Self {
            layout,
            csrf_token,
            seats: seats.iter().map(|seat| SeatRow::new(seat, now, timezone)).collect(),
            users: users.collect(),
            problem: None,
        }
    }
}

impl SeatRow {
    /// A row of `seat`, as it is `now` in `timezone`.
    pub fn new(seat: &SeatOverview, now: Timestamp, timezone: &str) -> Self {
        Self {
            id: seat.seat.id,
            engineer: seat.user.full_name.clone(),
            is_active: seat.user.is_active,
            role: seat.seat.role,
            status: seat.seat.status,
            devices: seat.devices.iter().map(|device| DeviceRow::new(device, now, timezone)).collect(),
        }
    }
}

impl DeviceRow {
    /// The line of `paired`, as it is `now` in `timezone`.
    pub fn new(paired: &PairedDevice, now: Timestamp, timezone: &str) -> Self {
        let device = &paired.device;
        let heard = device.last_seen_at.map(|at| {
            let ago = show_ago(now.seconds_since(at));
            (format!("Heard {ago}"), When::new(at, timezone))
        });
        let report = paired.report.as_ref();
        let battery = report.and_then(|(r, _)| r.battery_percent).map(|percent| format!("battery {percent}%"));
        let room = report.and_then(|(r, _)| r.storage_minutes).map(|minutes| format!("room for {minutes} min"));
        let version = Some(&device.software_version).filter(|v| !v.is_empty()).map(|v| format!("version {v}"));
        Self {
            id: device.id,
            model: device.model.clone(),
            serial: device.serial.clone(),
            heard,
            facts: [battery, room, version].into_iter().flatten().collect(),
            held: report.map(|(report, at)| held(report, now.seconds_since(*at))),
            holds: report.is_some_and(|(report, _)| !report.sessions.is_empty()),
        }
    }
}

fn held(report: &DeviceReport, seconds_ago: f64) -> String {
    let told = show_ago(seconds_ago);
    match report.sessions.len() as u64 {
        0 => format!("Nothing left on it, told {told}"),
        n => format!("{}, {}, told {told}", count(n, "session"), show_bytes(report.bytes())),
    }
}
