//! Settings, Seats: who may run sessions and with which device.

use super::{Answer, Id, failed, missing, own_form, page};
use crate::{
    App,
    auth::login::{Administrator, Viewer},
    pages::{
        layout::{Area, Layout},
        seats::{DeviceRow, RevokePage, SeatPage, SeatsPage},
    },
};
use axum::{
    Form,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use domain::{DeviceId, SeatId, UserId, audit::Action, seat::SeatRole};
use serde::Deserialize;
use storage::DbError;
use tower_sessions::Session;

/// A seat for somebody.
#[derive(Deserialize)]
pub struct NewSeat {
    #[serde(default)]
    csrf_token: String,
    #[serde(default)]
    user: String,
    #[serde(default)]
    role: String,
}

/// A form that says nothing but where it comes from.
#[derive(Deserialize)]
pub struct Plain {
    #[serde(default)]
    pub csrf_token: String,
}

/// `GET /settings/seats`
pub async fn show(State(app): State<App>, Administrator(viewer): Administrator) -> Answer {
    page(&seats(&app, &viewer).await?)
}

/// `POST /settings/seats`
pub async fn add(
    State(app): State<App>,
    Administrator(viewer): Administrator,
    login: Session,
    Form(new): Form<NewSeat>,
) -> Answer {
    own_form(&login, &viewer, &new.csrf_token).await?;
    let (tenant, now) = (viewer.tenant.id, app.now());
    let user = match new.user.parse::<UserId>() {
        Ok(id) => app.db.user(tenant, id).await.map_err(failed)?.filter(|user| user.is_active),
        Err(_) => None,
    };
    let (Some(user), Ok(role)) = (user, new.role.parse::<SeatRole>()) else {
        let mut shown = seats(&app, &viewer).await?;
        shown.problem = Some("Choose who gets the seat, and the role. Nobody was given one.");
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, page(&shown)?).into_response());
    };
    let seat = app.db.create_seat(tenant, user.id, role, now).await.map_err(failed)?;
    let entry = viewer.did(Action::SeatAdded).on("seat", seat.id, user.full_name).with("role", role.label());
    viewer.note(&app, entry).await?;
    tracing::info!(%tenant, seat = %seat.id, by = %viewer.user.id, "seat added");
    Ok(Redirect::to("/settings/seats").into_response())
}

/// `GET /settings/seats/{id}`
pub async fn show_one(State(app): State<App>, Administrator(viewer): Administrator, Id(id): Id<SeatId>) -> Answer {
    page(&seat(&app, &viewer, id).await?)
}

/// `POST /settings/seats/{id}`
pub async fn change(
    State(app): State<App>,
    Administrator(viewer): Administrator,
    Id(id): Id<SeatId>,
    login: Session,
    Form(new): Form<NewSeat>,
) -> Answer {
    own_form(&login, &viewer, &new.csrf_token).await?;
    let mut shown = seat(&app, &viewer, id).await?;
    let user = shown.users.iter().find(|(user, _)| user.to_string() == new.user);
    let problem = match (user, new.role.parse::<SeatRole>()) {
        (Some((user, name)), Ok(role)) => {
            let entry = viewer.did(Action::SeatChanged).on("seat", id, name).with("role", role.label());
            match app.db.change_seat(viewer.tenant.id, id, (*user, role), entry, app.now()).await {
                Ok(Some(_)) => return Ok(Redirect::to("/settings/seats").into_response()),
                Ok(None) => return Err(missing(&viewer)),
                Err(DbError::Refused(_)) => {
                    "This seat has run sessions, which stay their engineer’s. Add a seat for the other one. Nothing was changed."
                }
                Err(error) => return Err(failed(error)),
            }
        }
        _ => "Choose who has the seat, and the role. Nothing was changed.",
    };
    shown.problem = Some(problem);
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page(&shown)?).into_response())
}

async fn seat(app: &App, viewer: &Viewer, id: SeatId) -> Result<SeatPage, Response> {
    let tenant = viewer.tenant.id;
    let seat = app.db.seat(tenant, id).await.map_err(failed)?.ok_or_else(|| missing(viewer))?;
    let users = app.db.users(tenant).await.map_err(failed)?;
    let who = viewer.signed_in();
    Ok(SeatPage {
        csrf_token: who.csrf_token.clone(),
        layout: Layout::new("Seat", Area::Settings, who),
        users: users.into_iter().filter(|u| u.is_active || u.id == seat.user_id).map(|u| (u.id, u.full_name)).collect(),
        seat,
        problem: None,
    })
}

/// `GET /settings/devices/{id}/revoke`
pub async fn ask_to_revoke(
    State(app): State<App>,
    Administrator(viewer): Administrator,
    Id(id): Id<DeviceId>,
) -> Answer {
    let seats = app.db.seat_overviews(viewer.tenant.id, app.now()).await.map_err(failed)?;
    let found = seats.iter().find_map(|seat| Some((seat, seat.devices.iter().find(|d| d.device.id == id)?)));
    let (seat, device) = found.ok_or_else(|| missing(&viewer))?;
    page(&RevokePage {
        layout: Layout::new("Revoke a device", Area::Settings, viewer.signed_in()),
        csrf_token: viewer.signed_in().csrf_token,
        engineer: seat.user.full_name.clone(),
        device: DeviceRow::new(device, app.now(), &viewer.tenant.timezone),
    })
}

/// `POST /settings/devices/{id}/revoke`
pub async fn revoke(
    State(app): State<App>,
    Administrator(viewer): Administrator,
    Id(id): Id<DeviceId>,
    login: Session,
    Form(form): Form<Plain>,
) -> Answer {
    own_form(&login, &viewer, &form.csrf_token).await?;
    let tenant = viewer.tenant.id;
    let device = app.db.revoke_device(tenant, id, app.now()).await.map_err(failed)?;
    let device = device.ok_or_else(|| missing(&viewer))?;
    let entry = viewer.did(Action::DeviceRevoked).on("device", id, device.model).with("serial", device.serial);
    viewer.note(&app, entry).await?;
    tracing::info!(%tenant, device = %id, by = %viewer.user.id, "device revoked");
    Ok(Redirect::to("/settings/seats").into_response())
}

async fn seats(app: &App, viewer: &Viewer) -> Result<SeatsPage, Response> {
    let (tenant, now) = (&viewer.tenant, app.now());
    let seats = app.db.seat_overviews(tenant.id, now).await.map_err(failed)?;
    let users = app.db.users(tenant.id).await.map_err(failed)?;
    let who = viewer.signed_in();
    let csrf_token = who.csrf_token.clone();
    let layout = Layout::new("Seats", Area::Settings, who);
    Ok(SeatsPage::new(layout, csrf_token, &seats, users, now, &tenant.timezone))
}
