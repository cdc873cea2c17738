//! The API for devices and programs below `/api/v1`: a file per resource, described by OpenAPI from the same lines
//! that route it.

mod breaks;
mod captions;
mod device;
mod input;
mod pair;
mod parts;
mod preflight;
mod sessions;
mod uploads;
mod utterances;
mod words;

pub(crate) use sessions::upload_url;

use crate::{App, problem::Problem};
use axum::{
    Router,
    http::{Method, StatusCode, header},
    routing::{any, get},
};
use utoipa::{
    Modify, OpenApi,
    openapi::security::{Http, HttpAuthScheme, SecurityScheme},
};
use utoipa_axum::{router::OpenApiRouter, routes};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "TrainAR",
        description = "Starts and stops training sessions and uploads their recordings. Every error is a problem \
                       details object (RFC 9457). Uploads follow tus 1.0.0.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    modifiers(&DeviceToken),
    security(("device_token" = [])),
    tags(
        (name = "device", description = "Pairing, what a device checks before a session, what it tells of itself"),
        (name = "sessions", description = "Training runs of the seat that the device is paired with"),
        (name = "uploads", description = "Recordings on their way: tus 1.0.0 with creation, creation-with-upload, \
                                          creation-defer-length, checksum, termination and expiration")
    )
)]
struct Description;

struct DeviceToken;

impl Modify for DeviceToken {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let scheme = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        openapi.components.get_or_insert_default().add_security_scheme("device_token", scheme);
    }
}

/// Every address of the API.
pub fn routes(app: &App) -> Router<App> {
    let (router, _) = described(app.settings.sign_in_attempts_per_minute).split_for_parts();
    router
        .route("/api/v1/openapi.json", get(async || ([(header::CONTENT_TYPE, "application/json")], openapi())))
        .method_not_allowed_fallback(method_not_allowed)
        .route("/api/{*rest}", any(async || Problem::not_found("address")))
}

/// The description of the API: OpenAPI 3.1 as JSON.
pub fn openapi() -> String {
    let (_, description) = described(1).split_for_parts();
    description.to_pretty_json().unwrap_or_else(|error| unreachable!("the description is plain data: {error}"))
}

fn described(pair_attempts_per_minute: u32) -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(Description::openapi())
        .merge(pair::routes(pair_attempts_per_minute))
        .routes(routes!(preflight::preflight))
        .routes(routes!(device::put))
        .routes(routes!(sessions::start))
        .routes(routes!(sessions::show))
        .routes(routes!(sessions::heartbeat))
        .routes(routes!(sessions::stop))
        .routes(routes!(breaks::pause))
        .routes(routes!(breaks::resume))
        .routes(routes!(breaks::delete))
        .routes(routes!(parts::list))
        .routes(routes!(utterances::add))
        .routes(routes!(captions::put))
        .merge(uploads::routes())
}

async fn method_not_allowed(method: Method) -> Problem {
    let detail = format!("{method} is not possible here; see /api/v1/openapi.json for what is");
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", detail)
}
