//! The API for devices and programs below `/api/v1`: a file per resource, described by OpenAPI from the same lines
//! that route it.

mod attachments;
mod breaks;
mod captions;
mod consent;
mod device;
mod frames;
mod input;
mod minutes;
mod pair;
mod parts;
mod preflight;
mod procedures;
mod query;
mod seats;
mod security;
mod session_list;
mod sessions;
mod tasks;
mod uploads;
mod users;
mod utterances;
mod webhooks;
mod words;

pub(crate) use sessions::upload_url;

use crate::{
    App,
    auth::{
        api_key::{Gate, recognise},
        rate_limit::RateLimits,
    },
    problem::Problem,
};
use axum::{
    Router,
    http::{HeaderValue, Method, StatusCode, header},
    middleware::from_fn_with_state,
    routing::{any, get},
};
use tower_http::set_header::SetResponseHeaderLayer;
use utoipa::OpenApi;
use utoipa_axum::{router::OpenApiRouter, routes};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "TrainAR",
        description = "For devices: starts and stops training sessions and uploads their recordings; uploads follow tus \
                       1.0.0. For programs: reads what came of them. Every error is a problem details object (RFC 9457).",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    security(("device_token" = [])),
    tags(
        (name = "device", description = "Pairing, what a device checks before a session, what it tells of itself"),
        (name = "sessions", description = "Training runs: to a device those of its seat, to a program all"),
        (name = "procedures", description = "Pieces of work that were found in sessions, with their clips"),
        (name = "tasks", description = "Units of work that sessions are run against"),
        (name = "minutes", description = "Minutes of session time: what is left, packs, what was used"),
        (name = "users", description = "Who has a login, and who may run sessions with which device"),
        (name = "webhooks", description = "Addresses of yours that are told when something happens, by the Standard \
                                           Webhooks scheme"),
        (name = "uploads", description = "Recordings on their way: tus 1.0.0 with creation, creation-with-upload, \
                                          creation-defer-length, checksum, termination and expiration")
    )
)]
struct Description;

/// Every address of the API.
pub fn routes(app: &App) -> Router<App> {
    let settings = &app.settings;
    let limits = RateLimits::new(settings.api_requests_per_minute, settings.api_burst);
    let gate = Gate { app: app.clone(), limits };
    let (router, _) = described(settings.sign_in_attempts_per_minute).split_for_parts();
    router
        .route("/api/v1/openapi.json", get(async || ([(header::CONTENT_TYPE, "application/json")], openapi())))
        .method_not_allowed_fallback(method_not_allowed)
        .route("/api/{*rest}", any(async || Problem::not_found("address")))
        .layer(from_fn_with_state(gate, recognise))
        .layer(SetResponseHeaderLayer::if_not_present(header::CACHE_CONTROL, HeaderValue::from_static("no-store")))
}

/// The description of the API: OpenAPI 3.1 as JSON.
pub fn openapi() -> String {
    let (_, description) = described(1).split_for_parts();
    description.to_pretty_json().unwrap_or_else(|error| unreachable!("the description is plain data: {error}"))
}

fn described(pair_attempts_per_minute: u32) -> OpenApiRouter<App> {
    let mut router = OpenApiRouter::with_openapi(Description::openapi())
        .merge(pair::routes(pair_attempts_per_minute))
        .routes(routes!(preflight::preflight))
        .routes(routes!(consent::accept))
        .routes(routes!(tasks::to_do))
        .routes(routes!(tasks::list, tasks::create))
        .routes(routes!(tasks::show, tasks::change))
        .routes(routes!(attachments::list, attachments::add))
        .routes(routes!(attachments::show, attachments::remove))
        .routes(routes!(minutes::show))
        .routes(routes!(minutes::add))
        .routes(routes!(minutes::report))
        .routes(routes!(device::put))
        .routes(routes!(sessions::start, session_list::list))
        .routes(routes!(sessions::show))
        .routes(routes!(sessions::heartbeat))
        .routes(routes!(sessions::stop))
        .routes(routes!(breaks::pause))
        .routes(routes!(breaks::resume))
        .routes(routes!(breaks::delete))
        .routes(routes!(parts::list))
        .routes(routes!(utterances::add))
        .routes(routes!(captions::put))
        .routes(routes!(frames::add))
        .merge(uploads::routes())
        .routes(routes!(session_list::procedures))
        .routes(routes!(procedures::list))
        .routes(routes!(procedures::show))
        .routes(routes!(users::list, users::invite))
        .routes(routes!(users::show, users::change))
        .routes(routes!(users::invite_again))
        .routes(routes!(users::end_logins))
        .routes(routes!(seats::list))
        .routes(routes!(seats::show))
        .routes(routes!(webhooks::list, webhooks::add))
        .routes(routes!(webhooks::show, webhooks::change, webhooks::remove))
        .routes(routes!(webhooks::rotate))
        .routes(routes!(webhooks::deliveries))
        .routes(routes!(webhooks::resend));
    security::describe(router.get_openapi_mut());
    router
}

async fn method_not_allowed(method: Method) -> Problem {
    let detail = format!("{method} is not possible here; see /api/v1/openapi.json for what is");
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", detail)
}
