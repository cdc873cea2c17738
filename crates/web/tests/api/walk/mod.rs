//! A walk over every address of the server, those of the router itself, by everybody who may not: nobody, a member,
//! another organisation, keys that are revoked or lack the scope.

mod callers;
mod headers;

use crate::{
    keys::{key, processed},
    login::{Login, encoded},
    support::{Device, Server},
};
use domain::{api_key::Scope, user::UserRole};
use futures::TryStreamExt;
use reqwest::{Method, RequestBuilder};
use serde_json::{Map, Value, json};
use std::{collections::BTreeMap, pin::pin, sync::LazyLock};
use storage::db::operator::NewAccess;
use strum::VariantArray;

/// Stands in every name and text of the organisation that is walked around.
const WORD: &str = "Quillfeather";
const NOBODYS: &str = "0197aaaa-0000-7000-8000-000000000000";
const METHODS: [Method; 6] = [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::HEAD];

/// What stands in an address after this word: a row of which table.
const THINGS: [(&str, &str); 15] = [
    ("operator", "operator_accesses"),
    ("sessions", "sessions"),
    ("procedures", "procedures"),
    ("tasks", "tasks"),
    ("seats", "seats"),
    ("devices", "devices"),
    ("api-keys", "api_keys"),
    ("webhooks", "webhooks"),
    ("deliveries", "webhook_deliveries"),
    ("users", "users"),
    ("uploads", "uploads"),
    ("holds", "legal_holds"),
    ("erasures", "erasures"),
    ("attachments", "task_attachments"),
    ("files", "task_attachments"),
];

/// What anybody may see: nothing of an organisation is there.
const OPEN: [&str; 17] = [
    "GET /api/docs",
    "GET /api/v1/openapi.json",
    "GET /assets/{*path}",
    "GET /capture",
    "GET /capture/",
    "GET /capture/manifest.webmanifest",
    "GET /capture/sw.js",
    "GET /forgot-password",
    "GET /healthz",
    "GET /metrics",
    "GET /operator",
    "GET /readyz",
    "GET /sign-in",
    "POST /api/v1/pair",
    "POST /forgot-password",
    "POST /operator",
    "POST /sign-in",
];

/// What a member may change: his own account.
const MEMBERS: [&str; 11] = [
    "POST /account/data",
    "POST /account/name",
    "POST /account/password",
    "POST /account/second-factor",
    "POST /account/second-factor/begin",
    "POST /account/second-factor/codes",
    "POST /account/second-factor/remove",
    "POST /account/sign-out",
    "POST /set-password",
    "POST /sign-in/code",
    "POST /sign-out",
];

/// An address with a method that it takes.
#[derive(Clone)]
struct Way {
    method: Method,
    path: String,
}

impl Way {
    fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    fn is_api(&self) -> bool {
        self.path.starts_with("/api/v1/") && self.path != "/api/v1/openapi.json"
    }

    fn is_of_something(&self) -> bool {
        self.path.contains("/{") && !self.path.contains("{*")
    }

    /// With an id for every name in braces: that of the thing, or one that nobody has.
    fn to(&self, things: Option<&Things>) -> String {
        let mut before = String::new();
        let parts = self.path.split('/').map(|part| {
            let word = std::mem::replace(&mut before, part.to_owned());
            match (part.strip_prefix("{*"), part.starts_with('{')) {
                (Some(_), _) => "nothing/here".to_owned(),
                (None, false) => part.to_owned(),
                (None, true) => things.map_or(NOBODYS.to_owned(), |things| things.id(&word, &self.path)),
            }
        });
        parts.collect::<Vec<_>>().join("/")
    }
}

/// The rows of an organisation, by table.
#[derive(PartialEq, Debug)]
struct Things(BTreeMap<String, Vec<Map<String, Value>>>);

impl Things {
    async fn of(server: &Server, device: &Device) -> Self {
        let snapshot = server.app.db.snapshot().await.unwrap();
        let mut all = BTreeMap::new();
        for table in snapshot.tables().iter().filter(|table| table.tenant_column().is_some()) {
            let rows = pin!(snapshot.rows(table, Some(device.tenant)).await.unwrap());
            all.insert(table.name.clone(), rows.try_collect().await.unwrap());
        }
        Self(all)
    }

    /// The id of the first thing that this word of an address leads to.
    fn id(&self, word: &str, path: &str) -> String {
        let word = if word == "upload" { "uploads" } else { word };
        let (_, table) = THINGS.iter().find(|(known, _)| *known == word).unwrap_or_else(|| panic!("{path}: a {word}?"));
        let row = self.0[*table].first().unwrap_or_else(|| panic!("no row of {table} for {path}"));
        row["id"].as_str().unwrap().to_owned()
    }
}

/// Every address of the router, as it says itself, with every method that it takes.
async fn ways(server: &Server) -> Vec<Way> {
    let said = format!("{:?}", web::router(server.app.clone()));
    let mut paths: Vec<_> = said.split('"').filter(|text| text.starts_with('/')).map(str::to_owned).collect();
    paths.sort();
    paths.dedup();
    let mut found = Vec::new();
    for path in paths.into_iter().filter(|path| path != "/api/{*rest}" && !path.contains("private__axum")) {
        for method in METHODS.iter().filter(|method| **method != Method::HEAD || path.contains("/uploads/")) {
            let way = Way { method: method.clone(), path: path.clone() };
            let answer = filled(server.anonymous(method.clone(), &way.to(None)), &way, None).send().await.unwrap();
            if answer.status() != 405 {
                found.push(way);
            }
        }
    }
    assert!(found.len() > 100, "the router hides its addresses: {}", found.len());
    let named = |name: &str| assert!(found.iter().any(|way| way.name() == name), "{name} is not there any more");
    OPEN.iter().chain(&MEMBERS).for_each(|name| named(name));
    found
}

/// A request that would be good, were it allowed, with ids of others wherever one may be given.
fn filled(request: RequestBuilder, way: &Way, others: Option<&Things>) -> RequestBuilder {
    let id = |word| others.map_or(NOBODYS.to_owned(), |others| others.id(word, "a form"));
    if way.path.contains("/uploads") {
        let request = request.header("Tus-Resumable", "1.0.0").header("Upload-Offset", 0).header("Upload-Length", 4);
        return match way.method {
            Method::PATCH => request.header("Content-Type", "application/offset+octet-stream").body("data"),
            // How tus lets somebody in who can send no PATCH.
            Method::POST if way.is_of_something() && !way.path.starts_with("/api/v1/sessions") => request
                .header("X-HTTP-Method-Override", "PATCH")
                .header("Content-Type", "application/offset+octet-stream")
                .body("data"),
            _ => request,
        };
    }
    let body = json!({
        "name": "Mallory", "full_name": "Mallory", "title": "Taken over", "email": "mallory@example.org",
        "url": "https://mallory.example.com/", "events": ["session.started"], "role": "admin", "status": "completed",
        "enabled": false, "seconds": 60, "minutes": 60, "reason": "Mine", "assigned_to": id("users"),
        "task_id": id("tasks"), "user": id("users"), "user_id": id("users"), "start_seconds": 0, "end_seconds": 1,
        "from_seconds": 0, "to_seconds": 1, "at_seconds": 1,
        "utterances": [{ "number": 1, "start_seconds": 0, "end_seconds": 1, "text": "Mine" }], "text": "Mine",
    });
    match way.method {
        Method::GET | Method::HEAD => request,
        _ if way.path.ends_with("/captions") => request.body("WEBVTT\n"),
        _ if way.is_api() => request.json(&known(way, body)),
        _ => {
            let fields = others.map(form).unwrap_or_default();
            let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
            request.header("Content-Type", "application/x-www-form-urlencoded").body(encoded(&fields))
        }
    }
}

/// The fields that an address takes, as its description says.
fn known(way: &Way, mut body: Value) -> Value {
    static DESCRIPTION: LazyLock<Value> = LazyLock::new(|| serde_json::from_str(&web::openapi()).unwrap());
    let operation = &DESCRIPTION["paths"][&way.path][way.method.as_str().to_lowercase()];
    let schema = operation["requestBody"]["content"]["application/json"]["schema"].to_string();
    let name = schema.split_once("#/components/schemas/").and_then(|(_, rest)| rest.split('"').next());
    let fields = name.and_then(|name| DESCRIPTION["components"]["schemas"][name]["properties"].as_object());
    if let (Some(fields), Some(body)) = (fields, body.as_object_mut()) {
        body.retain(|field, _| fields.contains_key(field));
    }
    body
}

/// The same as a form of the Dashboard.
fn form(others: &Things) -> Vec<(&'static str, String)> {
    let fixed = [
        ("name", "Mallory"),
        ("title", "Taken over"),
        ("email", "mallory@example.org"),
        ("url", "https://mallory.example.com/"),
        ("event", "session.started"),
        ("scope", "sessions:read"),
        ("enabled", "false"),
        ("role", "admin"),
        ("status", "completed"),
        ("act", "add"),
        ("minutes", "60"),
        ("reason", "Mine"),
        ("hours", "1"),
        ("days", "1"),
        ("bytes", "100"),
        ("key", NOBODYS),
        ("recorded_at", "2026-11-21T10:04"),
    ];
    let mut fields: Vec<_> = fixed.map(|(name, value)| (name, value.to_owned())).into();
    fields.extend([("user", others.id("users", "a form")), ("assigned_to", others.id("users", "a form"))]);
    fields.extend([("seat", others.id("seats", "a form"))]);
    fields
}

async fn post(login: &Login<'_>, path: &str, others: &Things) -> reqwest::Response {
    let form = form(others);
    let fields: Vec<_> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
    login.post(path, &fields).await
}

async fn post_without_token(login: &Login<'_>, path: &str, others: &Things) -> reqwest::Response {
    let form = form(others);
    let fields: Vec<_> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
    login.post_raw(path, &fields).await
}

/// An organisation with one of everything.
struct World {
    server: Server,
    ours: Things,
}

impl World {
    async fn new() -> Self {
        Self::over(web::WebSettings::default()).await
    }

    async fn behind_tls() -> Self {
        Self::over(web::WebSettings { tls: true, ..Default::default() }).await
    }

    async fn over(settings: web::WebSettings) -> Self {
        let server = Server::with(web::WebSettings { sign_in_attempts_per_minute: 10_000, ..settings }).await;
        processed(&server, 2).await;
        let (_, url) = server.upload(10).await;
        assert_eq!(server.patch(&url, 0, "012").send().await.unwrap().status(), 204);
        let admin = Login::new(&server, &server.acme, UserRole::Admin).await;
        let hook = [("url", "https://example.com/Quillfeather"), ("event", "task.created")];
        assert_eq!(admin.post("/settings/webhooks", &hook).await.status(), 200);
        let task = [("title", "Quillfeather boiler"), ("description", "Quillfeather cellar")];
        assert_eq!(admin.post("/tasks/new", &task).await.status(), 303);
        let hold = [("everything", "yes"), ("reason", "Quillfeather claim")];
        assert_eq!(admin.post("/settings/privacy/holds", &hold).await.status(), 303);
        let now = server.app.clock.now();
        let access = NewAccess { reason: WORD.into(), token_hash: "a".repeat(64), until: now.plus_seconds(3600.0) };
        server.app.db.grant_operator_access(server.acme.tenant, access, now).await.unwrap();
        let (_, program) = key(&server, &server.acme, Scope::VARIANTS, None).await;
        let made = Things::of(&server, &server.acme).await.id("tasks", "a picture");
        let picture = format!("/api/v1/tasks/{made}/attachments?file_name=Quillfeather.png");
        let picture = server.call(&program, Method::POST, &picture);
        assert_eq!(picture.body(&b"\x89PNG\r\n\x1a\n"[..]).send().await.unwrap().status(), 201);
        let db = rename(&server).await;
        assert!(db > 5, "{db} rows carry the word");
        let ours = Things::of(&server, &server.acme).await;
        Self { server, ours }
    }
}

/// No row of ours is another than before.
async fn unchanged(server: &Server, ours: &Things, by: &str) {
    let now = Things::of(server, &server.acme).await;
    for (table, rows) in &ours.0 {
        assert_eq!(&now.0[table], rows, "{by} changed {table}");
    }
}

/// Writes the word into whatever has a name.
async fn rename(server: &Server) -> u64 {
    let file = server.folder.path().join("trainar.db");
    let pool = sqlx::SqlitePool::connect(&format!("sqlite://{}", file.display())).await.unwrap();
    let tenant = server.acme.tenant.0;
    let mut changed = 0;
    for (table, column) in [
        ("tenants", "name"),
        ("users", "full_name"),
        ("sessions", "name"),
        ("sessions", "summary"),
        ("procedures", "procedure_name"),
        ("api_keys", "name"),
        ("devices", "model"),
    ] {
        let of = if table == "tenants" { "id" } else { "tenant_id" };
        let sql = format!("UPDATE {table} SET {column} = '{WORD} ' || coalesce({column}, '') WHERE {of} = ?");
        changed += sqlx::query(sqlx::AssertSqlSafe(sql)).bind(tenant).execute(&pool).await.unwrap().rows_affected();
    }
    // Something was erased, and is not signed yet.
    let erased = "INSERT INTO erasures (id, tenant_id, scope, subject_id, prefixes, rows_erased, objects, bytes, sweeps, not_before, \
                  requested_at) VALUES (randomblob(16), ?, 'session', randomblob(16), '[]', '{}', 0, 0, 0, 9223372036854775807, 0)";
    sqlx::query(erased).bind(tenant).execute(&pool).await.unwrap();
    pool.close().await;
    changed
}
