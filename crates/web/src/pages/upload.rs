//! Settings, Upload a file: a finished file of a phone, an action camera or a recorder becomes a session. And what of the
//! tenant's recordings has not arrived whole.

use super::{
    amounts::{count, show_bytes},
    layout::Layout,
    when::When,
};
use askama::Template;
use domain::{SeatId, SessionId};
use storage::db::unfinished::Unfinished;

/// The page.
#[derive(Clone, Debug, Template)]
#[template(path = "pages/upload.html")]
pub struct UploadPage {
    /// The frame.
    pub layout: Layout,
    /// Goes into every form.
    pub csrf_token: String,
    /// The seats that a file can be of: id, engineer and role.
    pub seats: Vec<(SeatId, String)>,
    /// Largest file that is taken, in bytes.
    pub limit_bytes: u64,
    /// IANA name of the tenant's timezone.
    pub timezone: String,
    /// `2026-11-21T10:04`: the latest time that a recording can have, in that timezone.
    pub latest: String,
    /// What has not arrived whole.
    pub unfinished: Vec<UnfinishedRow>,
    /// Hours that an unfinished upload is kept open; `None` takes the installation's.
    pub keep_hours: Option<u32>,
    /// The installation's, in hours.
    pub usual_keep_hours: f64,
    /// Why the last form was refused.
    pub problem: Option<&'static str>,
}

/// A session whose recording has not arrived whole.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct UnfinishedRow {
    pub session_id: SessionId,
    pub session_name: String,
    pub engineer: String,
    pub seat_id: SeatId,
    /// Name of the file, or how many parts of a device.
    pub what: String,
    /// `12 MB of 149 MB`
    pub progress: String,
    /// 0 to 100, once the length is known.
    pub percent: Option<u64>,
    pub since: When,
    pub expires_at: Option<When>,
    pub is_given_up: bool,
    /// Name and length of the file of an administrator, by which it is known when it is chosen again.
    pub file: Option<(String, u64)>,
    /// Whether an administrator can go on with it on this page.
    pub is_file: bool,
}

impl UnfinishedRow {
    /// The row of `found`, times read in `timezone`.
    pub fn new(found: &Unfinished, timezone: &str) -> Self {
        let progress = match found.length {
            Some(length) => format!("{} of {}", show_bytes(found.received), show_bytes(length)),
            None => show_bytes(found.received),
        };
        let percent = found.length.filter(|length| *length > 0).map(|length| {
            let hundredfold = u128::from(found.received) * 100 / u128::from(length);
            hundredfold.min(100) as u64
        });
        let what = found.filename.clone().unwrap_or_else(|| match found.parts {
            0 => "Not begun".into(),
            n => count(n.into(), "part"),
        });
        Self {
            session_id: found.session.id,
            session_name: found.session.name.clone(),
            engineer: found.user_name.clone(),
            seat_id: found.session.seat_id,
            what,
            progress,
            percent,
            since: When::new(found.since, timezone),
            expires_at: found.expires_at.map(|at| When::new(at, timezone)),
            is_given_up: found.is_given_up,
            file: found.filename.clone().zip(found.length).filter(|_| found.is_file),
            is_file: found.is_file,
        }
    }
}

impl UploadPage {
    /// `64.0 GB`
    pub fn limit(&self) -> String {
        show_bytes(self.limit_bytes)
    }

    /// `168 hours`, `half an hour` being `0.5 hours`.
    pub fn usual(&self) -> String {
        format!("{} hours", (self.usual_keep_hours * 100.0).round() / 100.0)
    }
}
