//! What an operator may who looks at a tenant: look, and every look is noted where the tenant reads it.

use super::login::Viewer;
use crate::{App, dashboard, dashboard::failed};
use axum::{
    http::{Method, request::Parts},
    response::Response,
};
use domain::{
    ProcedureId, SessionId,
    audit::{Action, Entry},
};

/// What a page asks for again and again while it is open.
const PARTS_OF_PAGES: [&str; 2] = ["/row", "/live"];

/// Notes what an operator looks at; refuses what changes anything, and what belongs to a user.
pub async fn look(app: &App, viewer: &Viewer, parts: &Parts) -> Result<(), Response> {
    let path = parts.uri.path();
    let looks = matches!(parts.method, Method::GET | Method::HEAD);
    if !looks || path == "/account" || path.starts_with("/account/") {
        return Err(dashboard::looks_only(viewer));
    }
    if path.starts_with("/events/") || PARTS_OF_PAGES.iter().any(|end| path.ends_with(end)) {
        return Ok(());
    }
    let entry = seen(app, viewer, path).await?;
    app.db.audit(viewer.tenant.id, &entry, app.now()).await.map_err(failed)
}

/// Sessions and procedures by their name, other pages by their address.
async fn seen(app: &App, viewer: &Viewer, path: &str) -> Result<Entry, Response> {
    let entry = viewer.did(Action::OperatorAccessSeen);
    let tenant = viewer.tenant.id;
    let mut parts = path.trim_start_matches('/').split('/');
    let (area, id, rest) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default(), parts.next());
    let (kind, name) = match (area, id.parse::<SessionId>(), id.parse::<ProcedureId>()) {
        ("sessions", Ok(id), _) => ("session", app.db.session(tenant, id).await.map_err(failed)?.map(|s| s.name)),
        ("procedures", _, Ok(id)) => {
            ("procedure", app.db.procedure(tenant, id).await.map_err(failed)?.map(|found| found.procedure_name))
        }
        _ => ("page", None),
    };
    Ok(match name {
        Some(name) if rest == Some("media") => entry.on(kind, id, name).with("what", "video"),
        Some(name) => entry.on(kind, id, name),
        None => entry.on("page", path, path),
    })
}
