//! Settings, Seats: who may run sessions and with which device.

use super::{Answer, Id, failed, missing, own_form, page};
use crate::{
    App,
    auth::login::{Administrator, Viewer},
    pages::{
        layout::{Area, Layout},
        seats::{DeviceRow, RevokePage, SeatsPage},
    },
};
use axum::{
    Form,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use domain::{DeviceId, UserId, audit::Action, seat::SeatRole};
use serde::Deserialize;
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
    // One that is gone already is as good as revoked.
    if let Some(device) = app.db.revoke_device(tenant, id, app.now()).await.map_err(failed)? {
        let entry = viewer.did(Action::DeviceRevoked).on("device", id, device.model).with("serial", device.serial);
        viewer.note(&app, entry).await?;
        tracing::info!(%tenant, device = %id, by = %viewer.user.id, "device revoked");
    }
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
