//! Settings, Upload a file: begins the session of a finished file, gives the page a ticket to send it, and lists what has
//! not arrived whole.

use super::{Answer, Id, failed, own_form, page, seats::Plain};
use crate::{
    App,
    api::upload_url,
    auth::{
        login::{Administrator, Viewer, is_own_form},
        ticket,
    },
    pages::{
        amounts::show_bytes,
        layout::{Area, Layout},
        upload::{UnfinishedRow, UploadPage},
    },
    problem::Problem,
};
use axum::{
    Form, Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use domain::{SeatId, SessionId, Timestamp, audit::Action, session::session_name};
use jiff::{civil::DateTime, tz::TimeZone};
use serde::{Deserialize, Serialize};
use storage::db::{
    sessions::{NewSession, Stop},
    unfinished::FILE_KEY,
};
use tower_sessions::Session;

/// A clock that is a little fast does no harm.
const FUTURE_SECONDS: f64 = 300.0;
/// No recording is older; whoever says so mistyped the year.
const EARLIEST: i16 = 1990;
const LONGEST_KEEP_HOURS: u32 = 87_600;

/// What is known of a file before it is sent.
#[derive(Deserialize)]
pub struct File {
    #[serde(default)]
    csrf_token: String,
    #[serde(default)]
    seat: String,
    /// `2026-11-21T10:04` in the tenant's timezone.
    #[serde(default)]
    recorded_at: String,
    bytes: u64,
    /// Made up by the page: asked again with the same key, the same session is the answer.
    key: uuid::Uuid,
}

/// How long unfinished uploads are kept.
#[derive(Deserialize)]
pub struct Keep {
    #[serde(default)]
    csrf_token: String,
    #[serde(default)]
    hours: String,
}

/// What the page needs to send a file.
#[derive(Serialize)]
struct Permission {
    session_id: SessionId,
    session_url: String,
    session_name: String,
    /// Where the upload is created.
    endpoint: String,
    /// The upload, if it has been created already.
    upload_url: Option<String>,
    ticket: String,
    ticket_seconds: u32,
}

/// `GET /settings/upload`
pub async fn show(State(app): State<App>, Administrator(viewer): Administrator) -> Answer {
    page(&uploads(&app, &viewer).await?)
}

/// `POST /settings/upload`: begins the session of a file.
pub async fn begin(
    State(app): State<App>,
    Administrator(viewer): Administrator,
    login: Session,
    Form(file): Form<File>,
) -> Answer {
    if !is_own_form(&login, &file.csrf_token).await? {
        return Ok(stale().into_response());
    }
    let (tenant, now) = (&viewer.tenant, app.now());
    match session_of(&app, &viewer, &file, now).await {
        Ok(id) => {
            tracing::info!(tenant = %tenant.id, session = %id, by = %viewer.user.id, "upload of a file begun");
            Ok((StatusCode::CREATED, permission(&app, &viewer, id).await?).into_response())
        }
        Err(problem) => Ok(problem.into_response()),
    }
}

/// `POST /settings/upload/{id}/ticket`: a new ticket for a file that is not finished.
pub async fn ticket(
    State(app): State<App>,
    Administrator(viewer): Administrator,
    Id(id): Id<SessionId>,
    login: Session,
    Form(form): Form<Plain>,
) -> Answer {
    if !is_own_form(&login, &form.csrf_token).await? {
        return Ok(stale().into_response());
    }
    if app.db.file_session(viewer.tenant.id, id).await.map_err(failed)?.is_none() {
        let detail = "there is no such upload; reload the page";
        return Ok(Problem::new(StatusCode::NOT_FOUND, "not-found", detail).into_response());
    }
    permission(&app, &viewer, id).await
}

/// `POST /settings/upload/keep`
pub async fn keep(
    State(app): State<App>,
    Administrator(viewer): Administrator,
    login: Session,
    Form(keep): Form<Keep>,
) -> Answer {
    own_form(&login, &viewer, &keep.csrf_token).await?;
    let hours = match keep.hours.trim() {
        "" => None,
        text => match text.parse::<u32>() {
            Ok(hours) if (1..=LONGEST_KEEP_HOURS).contains(&hours) => Some(hours),
            _ => {
                let mut shown = uploads(&app, &viewer).await?;
                shown.problem = Some("Give whole hours, from 1 to 87600, or nothing. Nothing was changed.");
                return Ok((StatusCode::UNPROCESSABLE_ENTITY, page(&shown)?).into_response());
            }
        },
    };
    app.db.set_upload_keep_hours(viewer.tenant.id, hours).await.map_err(failed)?;
    viewer.note(&app, viewer.did(Action::UploadKeepChanged).with("hours", hours)).await?;
    Ok(Redirect::to("/settings/upload").into_response())
}

/// Starts the session of a file and says at once that it is over and has one part.
async fn session_of(app: &App, viewer: &Viewer, file: &File, now: Timestamp) -> Result<SessionId, Problem> {
    let tenant = &viewer.tenant;
    let seat = match file.seat.parse::<SeatId>() {
        Ok(id) => app.db.seat(tenant.id, id).await?,
        Err(_) => None,
    };
    let seat = seat.ok_or_else(|| Problem::invalid("this seat is not there any more; reload the page"))?;
    let limit = tenant.upload_limit_bytes;
    if file.bytes > limit {
        let (size, most) = (show_bytes(file.bytes), show_bytes(limit));
        return Err(Problem::too_large(format!("the file has {size}; at most {most} are taken")));
    }
    if file.bytes == 0 {
        return Err(Problem::invalid("the file is empty"));
    }
    let started_at = recorded_at(&file.recorded_at, &tenant.timezone, now)?;
    let new = NewSession {
        name: session_name(None, started_at, &tenant.timezone),
        task_id: None,
        idempotency_key: Some(format!("{FILE_KEY}{}", file.key)),
        started_at: Some(started_at),
    };
    let (session, is_new) = app.db.start_session(&seat, new, now).await?;
    if is_new {
        let entry = viewer.did(Action::FileUploaded).on("session", session.id, session.name.clone());
        app.db.audit(tenant.id, &entry.with("bytes", file.bytes), now).await?;
        metrics::counter!("trainar_sessions_started_total").increment(1);
    }
    // How long it is, only the file tells.
    let stop = Stop { at_seconds: Some(0.0), ..Stop::with_parts(Some(1)) };
    app.db.stop_session(tenant.id, session.id, &stop, now).await?;
    Ok(session.id)
}

fn recorded_at(text: &str, timezone: &str, now: Timestamp) -> Result<Timestamp, Problem> {
    let wrong = || Problem::invalid("say when the recording began: a date and a time");
    let local: DateTime = text.trim().parse().map_err(|_| wrong())?;
    if local.year() < EARLIEST {
        return Err(Problem::invalid(format!("the year {} is too long ago; check the date", local.year())));
    }
    let zone = TimeZone::get(timezone).unwrap_or(TimeZone::UTC);
    let at: Timestamp = local.to_zoned(zone).map_err(|_| wrong())?.timestamp().into();
    if at.seconds_since(now) > FUTURE_SECONDS {
        return Err(Problem::invalid("this time is still to come; check date and time"));
    }
    Ok(at.min(now))
}

async fn permission(app: &App, viewer: &Viewer, id: SessionId) -> Answer {
    let tenant = viewer.tenant.id;
    let session = app.db.session(tenant, id).await.map_err(failed)?;
    let existing = app.db.upload_of(tenant, id, 1).await.map_err(failed)?;
    let permission = Permission {
        session_id: id,
        session_url: format!("/sessions/{id}"),
        session_name: session.map(|s| s.name).unwrap_or_default(),
        endpoint: format!("/api/v1/sessions/{id}/uploads"),
        upload_url: existing.as_ref().map(upload_url),
        ticket: ticket::issue(app, tenant, id),
        ticket_seconds: ticket::LIFE_SECONDS,
    };
    Ok(Json(permission).into_response())
}

fn stale() -> Problem {
    Problem::new(
        StatusCode::FORBIDDEN,
        "form-expired",
        "this page was open for too long; reload it and choose the file again",
    )
}

async fn uploads(app: &App, viewer: &Viewer) -> Result<UploadPage, Response> {
    let (tenant, now) = (&viewer.tenant, app.now());
    let seats = app.db.seat_overviews(tenant.id, now).await.map_err(failed)?;
    let unfinished = app.db.unfinished_uploads(tenant.id, now).await.map_err(failed)?;
    let who = viewer.signed_in();
    Ok(UploadPage {
        csrf_token: who.csrf_token.clone(),
        layout: Layout::new("Upload a file", Area::Settings, who),
        seats: seats
            .iter()
            .map(|s| (s.seat.id, format!("{}, {} ({})", s.user.full_name, s.seat.role.label(), s.seat.id.short())))
            .collect(),
        limit_bytes: tenant.upload_limit_bytes,
        timezone: tenant.timezone.clone(),
        latest: local(now, &tenant.timezone),
        unfinished: unfinished.iter().map(|found| UnfinishedRow::new(found, &tenant.timezone)).collect(),
        keep_hours: tenant.upload_keep_hours,
        usual_keep_hours: app.settings.upload_life.as_secs_f64() / 3600.0,
        problem: None,
    })
}

/// `2026-11-21T10:04`, as a field for date and time takes it.
fn local(at: Timestamp, timezone: &str) -> String {
    let zone = TimeZone::get(timezone).unwrap_or(TimeZone::UTC);
    let at = jiff::Timestamp::from_microsecond(at.0).unwrap_or_default();
    at.to_zoned(zone).strftime("%Y-%m-%dT%H:%M").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 21 Nov 2026, 10:04 UTC.
    const NOW: Timestamp = Timestamp(1_795_255_440_000_000);

    #[test]
    fn the_time_of_a_recording_is_read_in_the_timezone_of_the_tenant() {
        assert_eq!(local(NOW, "Europe/Berlin"), "2026-11-21T11:04");
        assert_eq!(recorded_at("2026-11-21T11:04", "Europe/Berlin", NOW).unwrap(), NOW);
        assert_eq!(recorded_at("2026-07-01T12:00:30", "UTC", NOW).unwrap().to_string(), "2026-07-01T12:00:30Z");
        // An hour that the clocks jump over, and one that they go through twice.
        assert!(recorded_at("2026-03-29T02:30", "Europe/Berlin", NOW).is_ok());
        assert!(recorded_at("2026-10-25T02:30", "Europe/Berlin", NOW).is_ok());
        assert_eq!(
            recorded_at("2026-11-21T11:06", "Europe/Berlin", NOW).unwrap(),
            NOW,
            "a clock that is a little fast"
        );
        for wrong in ["", "today", "2026-11-21T11:10", "2027-01-01T00:00", "0202-11-21T10:00", "2026-02-30T10:00"] {
            assert!(recorded_at(wrong, "Europe/Berlin", NOW).is_err(), "{wrong}");
        }
    }
}
