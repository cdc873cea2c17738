//! What the description says of every operation alike: who may call it, and the problems that come of the shape of a
//! request rather than of what it is about.

use serde_json::Value;
use utoipa::{
    ToSchema,
    openapi::{
        HttpMethod, OpenApi, Ref, RefOr, Response, Schema,
        content::ContentBuilder,
        path::{Operation, Parameter, ParameterIn, PathItem},
        response::ResponseBuilder,
        schema::{SchemaType, Type},
        security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};

use crate::problem::ProblemDetails;

/// Completes the description.
pub fn describe(api: &mut OpenApi) {
    let bearer =
        |says| SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(says)).build());
    let components = api.components.get_or_insert_default();
    components.add_security_scheme("device_token", bearer("What a device gets when it is paired: `tdt_…`"));
    components.add_security_scheme(
        "api_key",
        bearer("Made in the Dashboard, Settings, API keys: `tak_…`. An operation names the scope that the key needs"),
    );
    for (path, item) in &mut api.paths.paths {
        for (method, operation) in operations(item) {
            operation.operation_id = Some(id(&method, path));
            operation.parameters.iter_mut().flatten().for_each(narrow);
            complete(operation);
        }
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = (HttpMethod, &mut Operation)> {
    [
        (HttpMethod::Get, item.get.as_mut()),
        (HttpMethod::Put, item.put.as_mut()),
        (HttpMethod::Post, item.post.as_mut()),
        (HttpMethod::Delete, item.delete.as_mut()),
        (HttpMethod::Head, item.head.as_mut()),
        (HttpMethod::Patch, item.patch.as_mut()),
    ]
    .into_iter()
    .filter_map(|(method, operation)| Some((method, operation?)))
}

/// `get_sessions_session_parts`: unlike the names of handlers, no two are the same.
fn id(method: &HttpMethod, path: &str) -> String {
    let method = match method {
        HttpMethod::Get => "get",
        HttpMethod::Put => "put",
        HttpMethod::Post => "post",
        HttpMethod::Delete => "delete",
        HttpMethod::Head => "head",
        HttpMethod::Patch => "patch",
        _ => "call",
    };
    let words = path.trim_start_matches("/api/v1/").split('/').map(|word| word.trim_matches(['{', '}']));
    std::iter::once(method).chain(words).collect::<Vec<_>>().join("_")
}

/// What is no body is never null; and there is one version of tus.
fn narrow(parameter: &mut RefOr<Parameter>) {
    let RefOr::T(Parameter { name, schema: Some(RefOr::T(Schema::Object(schema))), .. }) = parameter else { return };
    if let SchemaType::Array(kinds) = &schema.schema_type
        && let Some(kind) = kinds.iter().find(|kind| **kind != Type::Null)
    {
        schema.schema_type = SchemaType::Type(kind.clone());
    }
    if name == "Tus-Resumable" {
        schema.enum_values = Some(vec!["1.0.0".into()]);
    }
}

/// Adds what the extractors refuse. What an operation says itself stays.
fn complete(operation: &mut Operation) {
    let schemes = serde_json::to_value(&operation.security).unwrap_or_default();
    let takes = |scheme: &str| schemes.as_array().is_some_and(|all| all.iter().any(|one| one.get(scheme).is_some()));
    let is_open = schemes.as_array().is_some_and(|all| all.contains(&Value::Object(Default::default())));
    let takes_key = takes("api_key");
    let parameters = operation.parameters.iter().flatten();
    let has_query =
        parameters.clone().any(|p| matches!(p, RefOr::T(p) if matches!(p.parameter_in, ParameterIn::Query)));
    let takes_json = operation
        .request_body
        .as_ref()
        .is_some_and(|body| matches!(body, RefOr::T(body) if body.content.contains_key("application/json")));
    let speaks_tus = parameters.clone().any(|p| matches!(p, RefOr::T(p) if p.name == "Tus-Resumable"));
    let mut add = |when: bool, status: &str, says: &str| {
        if when {
            let responses = &mut operation.responses.responses;
            responses.entry(status.to_owned()).or_insert_with(|| RefOr::T(problem(says)));
        }
    };
    add(speaks_tus, "412", "Another version of tus");
    add(!is_open, "401", "No valid token, or one of the wrong kind");
    add(takes_key, "403", "The key lacks the scope");
    add(true, "429", "The key has made too many requests; Retry-After says how many seconds to wait");
    add(has_query && takes_key, "400", "A parameter is unknown, twice there or no such value");
    add(takes_json, "400", "The body is not JSON");
    add(takes_json, "413", "The body is too large");
    add(takes_json, "415", "The body is something else than JSON");
    add(takes_json, "422", "A field was refused");
}

fn problem(says: &str) -> Response {
    let body = ContentBuilder::new().schema(Some(Ref::from_schema_name(ProblemDetails::name()))).build();
    ResponseBuilder::new().description(says).content("application/problem+json", body).build()
}
