//! The page of one session, its live parts, and fresh addresses for its player.

use super::{Answer, Id, failed, missing, page, sessions::progress_of};
use crate::{
    App,
    auth::login::Viewer,
    media::{Signer, video_kind},
    pages::{
        layout::{Area, Layout},
        player::{Player, SessionMedia},
        session::{RecordingView, SessionLive, SessionPage, SessionView, sentence},
        task::LinkedTask,
        when::When,
    },
};
use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use domain::{SessionId, session::SessionStatus};
use storage::db::recordings::Recording;

/// `GET /sessions/{id}`
pub async fn show(State(app): State<App>, viewer: Viewer, Id(id): Id<SessionId>) -> Answer {
    let session = view(&app, &viewer, id).await?;
    let layout = Layout::new(session.name.clone(), Area::Sessions, viewer.signed_in());
    page(&SessionPage { layout, session })
}

/// `GET /sessions/{id}/live`
pub async fn live(State(app): State<App>, viewer: Viewer, Id(id): Id<SessionId>) -> Answer {
    page(&SessionLive { session: view(&app, &viewer, id).await? })
}

/// `GET /sessions/{id}/media`
pub async fn media(State(app): State<App>, viewer: Viewer, Id(id): Id<SessionId>) -> Answer {
    let recording = app.db.recording(viewer.tenant.id, id).await.map_err(failed)?.ok_or_else(|| missing(&viewer))?;
    Ok(Json(addresses(&app, &viewer, &recording)).into_response())
}

async fn view(app: &App, viewer: &Viewer, id: SessionId) -> Result<SessionView, Response> {
    let tenant = &viewer.tenant;
    let found = app.db.session_overview(tenant.id, id).await.map_err(failed)?.ok_or_else(|| missing(viewer))?;
    let procedures = app.db.procedures(tenant.id, id).await.map_err(failed)?;
    let task = match found.session.task_id {
        Some(task) => app.db.task(tenant.id, task).await.map_err(failed)?,
        None => None,
    };
    let progress = progress_of(&found);
    let player = found.recording.as_ref().map(|r| {
        Player::of_session(id, &found.session.name, addresses(app, viewer, r), &tenant.language)
            .with_all_gaps(&r.media_info.gaps, r.duration_seconds)
    });
    let warnings = found.recording.as_ref().map(|r| r.media_info.warnings.iter().map(|w| sentence(w)).collect());
    let arrived = found.arrived.bytes > 0;
    let recording = match found.session.removed.recording {
        Some(at) => RecordingView::Removed(When::new(at, &tenant.timezone)),
        None => RecordingView::of(player, progress, arrived),
    };
    let task = task.as_ref().map(LinkedTask::new);
    let language = app.db.language_use(tenant.id, id).await.map_err(failed)?;
    let language_note = language.and_then(|l| l.note).filter(|_| found.session.status != SessionStatus::InProgress);
    let view =
        SessionView::new(found.session, found.user_name, progress, recording, &procedures, task, &tenant.timezone);
    Ok(SessionView { language_note, warnings: warnings.unwrap_or_default(), ..view })
}

fn addresses(app: &App, viewer: &Viewer, recording: &Recording) -> SessionMedia {
    let signer = Signer::of(app, viewer);
    let track = |key: &Option<String>, kind| key.as_deref().map(|key| signer.address(key, kind));
    SessionMedia {
        expires_in_seconds: signer.expires_in_seconds(),
        recording: signer.address(&recording.video_key, video_kind(recording)),
        poster: track(&recording.poster_key, "jpg"),
        captions: track(&recording.captions_key, "vtt"),
        chapters: track(&recording.chapters_key, "vtt"),
    }
}
