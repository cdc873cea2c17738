//! Settings, Seats, Pair: opens a code and shows it once, then tells what became of it.

use super::{Answer, Id, failed, missing, origin, own_form, page, seats::Plain};
use crate::{
    App,
    auth::login::{Administrator, Viewer},
    pages::{
        layout::{Area, Layout},
        pair::{PairPage, PairState, ShownCode},
        when::When,
    },
    pairing_code::new_pairing_code,
};
use axum::{
    Form,
    extract::{Query, State},
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use domain::{SeatId, Timestamp, audit::Action, seat::SeatStatus};
use serde::Deserialize;
use storage::{
    DbError,
    db::pairing::{Pairing, SeatOverview},
};
use tower_sessions::Session;

/// How long a code is good, in seconds.
const CODE_SECONDS: f64 = 600.0;
/// The same code is open for another seat once in a million years; it must not be an error even then.
const ATTEMPTS: usize = 3;

/// Which code is asked about: when it was opened, in microseconds since 1970.
#[derive(Deserialize)]
pub struct Asked {
    opened: Option<i64>,
}

/// `GET /settings/seats/{id}/pair`
pub async fn show(
    State(app): State<App>,
    Administrator(viewer): Administrator,
    Id(id): Id<SeatId>,
    Query(asked): Query<Asked>,
) -> Answer {
    let (tenant, now) = (&viewer.tenant, app.now());
    let seat = seat(&app, &viewer, id).await?;
    let when = |at| When::new(at, &tenant.timezone);
    let state = match asked.opened.filter(|at| *at > 0) {
        Some(opened) => {
            let became = app.db.pairing(tenant.id, id, Timestamp(opened), now).await.map_err(failed)?;
            match became.ok_or_else(|| missing(&viewer))? {
                Pairing::Open { expires_at } => PairState::Open { until: when(expires_at) },
                Pairing::Paired(device) => PairState::Paired { model: device.model },
                Pairing::Expired => PairState::Expired,
                Pairing::Replaced => PairState::Replaced,
            }
        }
        None => match app.db.open_code(tenant.id, id, now).await.map_err(failed)? {
            Some(expires_at) => PairState::Open { until: when(expires_at) },
            None => PairState::None,
        },
    };
    page(&shown(&viewer, &seat, asked.opened.unwrap_or(0), state))
}

/// `POST /settings/seats/{id}/pair`: the answer is the only place where the code is ever shown.
pub async fn open(
    State(app): State<App>,
    Administrator(viewer): Administrator,
    Id(id): Id<SeatId>,
    login: Session,
    headers: HeaderMap,
    Form(form): Form<Plain>,
) -> Answer {
    own_form(&login, &viewer, &form.csrf_token).await?;
    let (tenant, now) = (&viewer.tenant, app.now());
    let seat = seat(&app, &viewer, id).await?;
    let expires_at = now.plus_seconds(CODE_SECONDS);
    let mut made = Err(DbError::Exists("pairing code".into()));
    let mut code = String::new();
    for _ in 0..ATTEMPTS {
        let (fresh, hash) = new_pairing_code();
        code = fresh;
        made = app.db.open_pairing_code(tenant.id, id, &hash, expires_at, now).await;
        if !matches!(made, Err(DbError::Exists(_))) {
            break;
        }
    }
    made.map_err(failed)?;
    viewer.note(&app, viewer.did(Action::SeatCodeOpened).on("seat", id, seat.user.full_name.clone())).await?;
    tracing::info!(tenant = %tenant.id, seat = %id, by = %viewer.user.id, "pairing code opened");
    let code = ShownCode::new(&code, &origin(&app, &headers), expires_at, now, &tenant.timezone);
    let code = code.ok_or_else(|| failed("the address of this server is too long for a QR code"))?;
    let answer = page(&shown(&viewer, &seat, now.0, PairState::Code(code)))?;
    Ok(([(header::CACHE_CONTROL, "no-store")], answer).into_response())
}

async fn seat(app: &App, viewer: &Viewer, id: SeatId) -> Result<SeatOverview, Response> {
    let found = app.db.seat_overview(viewer.tenant.id, id, app.now()).await.map_err(failed)?;
    found.ok_or_else(|| missing(viewer))
}

fn shown(viewer: &Viewer, seat: &SeatOverview, opened_at: i64, state: PairState) -> PairPage {
    let who = viewer.signed_in();
    let is_news = matches!(state, PairState::Paired { .. }) || seat.seat.status != SeatStatus::Active;
    let devices = seat.devices.iter().map(|d| d.device.model.clone()).collect();
    PairPage {
        csrf_token: who.csrf_token.clone(),
        layout: Layout::new("Pair a device", Area::Settings, who),
        seat_id: seat.seat.id,
        engineer: seat.user.full_name.clone(),
        role: seat.seat.role,
        devices: if is_news { Vec::new() } else { devices },
        opened_at,
        state,
    }
}
