//! Settings, Seats, Pair: the code by which a device is paired, as text and as a QR code, and what became of it.

use super::{layout::Layout, when::When};
use crate::pairing_code;
use askama::Template;
use domain::{SeatId, Timestamp, seat::SeatRole};
use qrcode::{Color, EcLevel, QrCode};

/// Modules of white around a QR code, as its standard asks for.
const QUIET: usize = 4;

/// The page on which a device is paired.
#[derive(Clone, Debug, Template)]
#[template(path = "pages/pair.html")]
pub struct PairPage {
    /// The frame.
    pub layout: Layout,
    /// Goes into the form.
    pub csrf_token: String,
    /// The seat.
    pub seat_id: SeatId,
    /// Whose seat it is.
    pub engineer: String,
    /// Its role.
    pub role: SeatRole,
    /// Models of the devices that it has already.
    pub devices: Vec<String>,
    /// When the code that the page is about was opened, in microseconds since 1970; 0 where it is about none.
    pub opened_at: i64,
    /// What the page shows.
    pub state: PairState,
}

/// What has become of the pairing.
#[derive(Clone, Debug, PartialEq)]
pub enum PairState {
    /// A fresh code, shown this once.
    Code(ShownCode),
    /// A code that can be exchanged, and that was shown before.
    Open {
        /// When it expires.
        until: When,
    },
    /// There is no code.
    None,
    /// This model was paired by it.
    Paired {
        /// What the device calls itself.
        model: String,
    },
    /// Nobody exchanged it in time.
    Expired,
    /// A newer code took its place.
    Replaced,
}

/// A code as the page shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct ShownCode {
    /// `K7QM-2XPD`
    pub code: String,
    /// What the QR code holds.
    pub link: String,
    /// Side of the QR code in modules, with the white around it.
    pub side: usize,
    /// The dark modules as an SVG path.
    pub path: String,
    /// When it expires.
    pub until: When,
    /// Seconds until then.
    pub seconds_left: u64,
}

/// A QR code.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Qr {
    /// What it holds.
    pub link: String,
    /// Side in modules, with the white around it.
    pub side: usize,
    /// The dark modules as an SVG path.
    pub path: String,
}

impl Qr {
    /// A QR code that holds this; `None` when it is too long for one.
    pub fn new(link: String) -> Option<Self> {
        let qr = QrCode::with_error_correction_level(&link, EcLevel::M).ok()?;
        Some(Self { side: qr.width() + 2 * QUIET, path: path(&qr), link })
    }
}

impl PairState {
    /// The word by which the script tells states apart.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Code(_) | Self::Open { .. } => "open",
            Self::None => "none",
            Self::Paired { .. } => "paired",
            Self::Expired => "expired",
            Self::Replaced => "replaced",
        }
    }
}

impl ShownCode {
    /// The code `code`, good until `expires_at`, for a server that devices reach at `origin`. `None` when the address is too
    /// long for a QR code.
    pub fn new(code: &str, origin: &str, expires_at: Timestamp, now: Timestamp, timezone: &str) -> Option<Self> {
        let link = format!("{origin}/capture#pair={code}");
        let Qr { link, side, path } = Qr::new(link)?;
        Some(Self {
            code: pairing_code::shown(code),
            side,
            path,
            link,
            until: When::new(expires_at, timezone),
            seconds_left: expires_at.seconds_since(now).max(0.0) as u64,
        })
    }

    /// `9:59`
    pub fn countdown(&self) -> String {
        format!("{}:{:02}", self.seconds_left / 60, self.seconds_left % 60)
    }
}

/// One stroke of squares for each row of dark modules that lie side by side.
fn path(qr: &QrCode) -> String {
    let (side, colors) = (qr.width(), qr.to_colors());
    let mut path = String::new();
    for (y, row) in colors.chunks(side).enumerate() {
        let mut x = 0;
        for run in row.chunk_by(|a, b| a == b) {
            if run[0] == Color::Dark {
                path += &format!("M{} {}h{}v1h-{}z", x + QUIET, y + QUIET, run.len(), run.len());
            }
            x += run.len();
        }
    }
    path
}
