//! What machines ask: is it alive, can it work, how much has it done.

use crate::App;
use axum::{
    Json, Router,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use std::{
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};
use tokio::sync::Mutex;

/// Trying the object store writes and reads, so its answer is kept for a while.
const READY_FOR: Duration = Duration::from_secs(5);

/// What is kept of the last look at the stores.
type LastLook = Arc<Mutex<Option<(Instant, Readiness)>>>;

/// Whether the stores answer, each with a word for people.
#[derive(Clone, serde::Serialize)]
struct Readiness {
    ready: bool,
    database: &'static str,
    objects: &'static str,
}

/// `/healthz`, `/readyz`, `/metrics`.
pub fn routes() -> Router<App> {
    recorder();
    let last = LastLook::default();
    Router::new()
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(async move |State(app): State<App>| ready(&app, &last).await))
        .route("/metrics", get(async |State(app): State<App>| metrics_text(&app).await))
}

async fn ready(app: &App, last: &LastLook) -> Response {
    // Held while looking, so that many who ask at once make one look.
    let mut last = last.lock().await;
    let readiness = match &*last {
        Some((at, readiness)) if at.elapsed() < READY_FOR => readiness.clone(),
        _ => {
            let readiness = look(app).await;
            *last = Some((Instant::now(), readiness.clone()));
            readiness
        }
    };
    let status = if readiness.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, [(header::CACHE_CONTROL, "no-store")], Json(readiness)).into_response()
}

async fn look(app: &App) -> Readiness {
    let (database, objects) = tokio::join!(app.db.ping(), app.objects.check());
    if let Err(error) = &database {
        tracing::error!(%error, "not ready: the database does not answer");
    }
    if let Err(error) = &objects {
        tracing::error!(%error, "not ready: the object store does not work");
    }
    let word = |ok| if ok { "ok" } else { "failing" };
    Readiness {
        ready: database.is_ok() && objects.is_ok(),
        database: word(database.is_ok()),
        objects: word(objects.is_ok()),
    }
}

async fn metrics_text(app: &App) -> Response {
    match app.db.job_counts().await {
        Ok((waiting, running)) => {
            metrics::gauge!("trainar_jobs", "state" => "ready").set(waiting as f64);
            metrics::gauge!("trainar_jobs", "state" => "running").set(running as f64);
        }
        Err(error) => tracing::warn!(%error, "the jobs could not be counted"),
    }
    match recorder() {
        Some(handle) => {
            handle.run_upkeep();
            ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], handle.render()).into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// The process has one recorder; `None` when somebody else installed another.
fn recorder() -> Option<&'static PrometheusHandle> {
    static RECORDER: OnceLock<Option<PrometheusHandle>> = OnceLock::new();
    let install = || {
        let handle = PrometheusBuilder::new()
            .install_recorder()
            .inspect_err(|error| tracing::warn!(%error, "metrics are off"))
            .ok()?;
        metrics::describe_counter!("trainar_sessions_started_total", "Sessions that devices started");
        metrics::describe_counter!("trainar_upload_bytes_total", metrics::Unit::Bytes, "Bytes of recordings kept");
        metrics::describe_gauge!("trainar_jobs", "Jobs that wait or run, over all tenants");
        // A counter exists from its first use on; a graph wants its zero.
        metrics::counter!("trainar_sessions_started_total").increment(0);
        metrics::counter!("trainar_upload_bytes_total").increment(0);
        Some(handle)
    };
    RECORDER.get_or_init(install).as_ref()
}
