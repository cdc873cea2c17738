//! The page of one procedure, and fresh addresses for its clip.

use super::{Answer, Id, failed, missing, origin, page};
use crate::{
    App,
    auth::login::Viewer,
    media::Signer,
    pages::{
        layout::{Area, Layout},
        player::{Player, ProcedureMedia},
        procedure::{Neighbour, ProcedurePage},
        when::When,
    },
};
use axum::{Json, extract::State, http::HeaderMap, response::IntoResponse};
use domain::{ProcedureId, procedure::Procedure};

/// `GET /procedures/{id}`
pub async fn show(State(app): State<App>, viewer: Viewer, Id(id): Id<ProcedureId>, headers: HeaderMap) -> Answer {
    let tenant = &viewer.tenant;
    let found = app.db.procedure(tenant.id, id).await.map_err(failed)?.ok_or_else(|| missing(&viewer))?;
    let session = app.db.session(tenant.id, found.session_id).await.map_err(failed)?.ok_or_else(|| missing(&viewer))?;
    let all = app.db.procedures(tenant.id, session.id).await.map_err(failed)?;
    let place = all.iter().position(|p| p.id == id).unwrap_or(0);
    let neighbour = |p: &Procedure| Neighbour { id: p.id, procedure_name: p.procedure_name.clone() };
    let recording = app.db.recording(tenant.id, session.id).await.map_err(failed)?;
    let gaps = recording.map(|r| r.media_info.gaps).unwrap_or_default();
    // The clip begins at the keyframe before the procedure and ends with it.
    let begins_at = (found.end_seconds - found.duration_seconds).clamp(0.0, found.start_seconds.max(0.0));
    let player = addresses(&app, &viewer, &found).map(|media| {
        Player::of_procedure(id, &found.procedure_name, media, &tenant.language).with_gaps(
            &gaps,
            begins_at,
            found.duration_seconds,
        )
    });
    page(&ProcedurePage {
        layout: Layout::new(found.procedure_name.clone(), Area::Sessions, viewer.signed_in()),
        procedure_name: found.procedure_name,
        description: found.description,
        position: place + 1,
        total: all.len(),
        duration_seconds: found.duration_seconds,
        removed: session.removed.clips.map(|at| When::new(at, &tenant.timezone)),
        player,
        share_url: format!("{}/procedures/{id}", origin(&app, &headers)),
        session_id: session.id,
        session_name: session.name,
        previous: place.checked_sub(1).and_then(|i| all.get(i)).map(neighbour),
        next: all.get(place + 1).map(neighbour),
    })
}

/// `GET /procedures/{id}/media`
pub async fn media(State(app): State<App>, viewer: Viewer, Id(id): Id<ProcedureId>) -> Answer {
    let found = app.db.procedure(viewer.tenant.id, id).await.map_err(failed)?;
    let media = found.and_then(|p| addresses(&app, &viewer, &p)).ok_or_else(|| missing(&viewer))?;
    Ok(Json(media).into_response())
}

fn addresses(app: &App, viewer: &Viewer, procedure: &Procedure) -> Option<ProcedureMedia> {
    let signer = Signer::of(app, viewer);
    let clip = procedure.video_key.as_deref()?;
    let kind = if clip.ends_with(".webm") { "webm" } else { "mp4" };
    Some(ProcedureMedia {
        expires_in_seconds: signer.expires_in_seconds(),
        clip: signer.address(clip, kind),
        thumbnail: procedure.thumbnail_key.as_deref().map(|key| signer.address(key, "jpg")),
    })
}
