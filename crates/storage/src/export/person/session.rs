//! A session of the person: its files and its page.

use super::{
    super::{ExportError, archive::Archive},
    own::Person,
    pages::{Clip, Fact, Line, SessionEntry, SessionPage},
    spooled,
};
use crate::{
    db::{Row, person_rows::PersonRows},
    objects::{ObjectError, Objects},
};
use domain::{SessionId, Timestamp, recording::Keys, tenant::Tenant};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use std::{collections::HashMap, fs, path::Path};
use uuid::Uuid;

/// The rows of a session that its page tells.
#[derive(Serialize, Deserialize)]
struct Spooled {
    session: Row,
    recording: Option<Row>,
    parts: Vec<Row>,
    procedures: Vec<Row>,
    utterances: Vec<Row>,
}

impl Spooled {
    /// The keys of the objects that they speak of.
    fn keys(&self) -> impl Iterator<Item = &str> {
        let of = |row, columns: &[&'static str]| columns.iter().map(|column| text(row, column)).collect::<Vec<_>>();
        let recording =
            self.recording.iter().flat_map(move |row| of(row, &["video_key", "poster_key", "captions_key"]));
        let parts = self.parts.iter().flat_map(move |row| of(row, &["object_key"]));
        let clips = self.procedures.iter().flat_map(move |row| of(row, &["video_key", "thumbnail_key"]));
        let mut all: Vec<_> = recording.chain(parts).chain(clips).filter(|key| !key.is_empty()).collect();
        all.sort_unstable();
        all.dedup();
        all.into_iter()
    }
}

/// Keeps the rows of a session in a file until its turn comes.
pub(super) async fn spool(rows: &PersonRows, person: &Person, id: Uuid, work: &Path) -> Result<(), ExportError> {
    let session = SessionId(id);
    let of = async |table: &str, column: &str| -> Result<Vec<Row>, ExportError> {
        let found = rows.of_session(table, column, session).await?;
        Ok(found.into_iter().filter_map(|row| person.own(table, row)).collect())
    };
    let Some(row) = of("sessions", "id").await?.pop() else { return Ok(()) };
    let mut utterances = of("utterances", "session_id").await?;
    // What was used, where there is such a one; else what the device sent.
    let used = utterances.iter().any(|said| text(said, "origin") == "pipeline");
    utterances.retain(|said| !used || text(said, "origin") == "pipeline");
    utterances.sort_by(|a, b| number(a, "start_seconds").total_cmp(&number(b, "start_seconds")));
    let mut procedures = of("procedures", "session_id").await?;
    procedures.sort_by_key(|row| row.get("number").and_then(Json::as_i64));
    let spooled_rows = Spooled {
        session: row,
        recording: of("recordings", "session_id").await?.pop(),
        parts: of("recording_parts", "session_id").await?,
        procedures,
        utterances,
    };
    let path = spooled(work, id);
    let text = serde_json::to_vec(&spooled_rows).map_err(|e| ExportError::file(&path, e.into()))?;
    fs::write(&path, text).map_err(|e| ExportError::file(&path, e))
}

/// Copies the files of a session and writes its page. Returns its entry in the index, how many files there are, and the keys of
/// those that its rows speak of and that are not there.
pub(super) async fn write(
    objects: &Objects,
    tenant: &Tenant,
    id: Uuid,
    place: usize,
    archive: &mut Archive,
    work: &Path,
) -> Result<(SessionEntry, u64, Vec<String>), ExportError> {
    let path = spooled(work, id);
    let failed = |e| ExportError::file(&path, e);
    let rows: Spooled = serde_json::from_slice(&fs::read(&path).map_err(failed)?).map_err(|e| failed(e.into()))?;
    let name = text(&rows.session, "name").to_owned();
    let folder = format!("sessions/{place:04}-{}", plain(&name));
    let files = copy(objects, tenant, id, &rows, &folder, archive).await?;
    let page = page(tenant, &rows, &name, &files);
    archive.stream(&format!("{folder}/index.html"), &mut page.to_string().as_bytes())?;
    let _ = fs::remove_file(&path);
    let entry = SessionEntry {
        name,
        page: format!("{folder}/index.html"),
        began: when(&rows.session, "started_at", tenant),
        lasted: domain::time::show_duration(
            rows.session.get("duration_seconds").map(|_| number(&rows.session, "duration_seconds")),
        ),
        status: text(&rows.session, "status").replace('_', " "),
        procedures: page.clips.len(),
    };
    let missing = rows.keys().filter(|key| !files.contains_key(*key)).map(str::to_owned).collect();
    Ok((entry, files.len() as u64, missing))
}

/// Copies all objects of a session into its folder; returns the name of each within the folder by its key.
async fn copy(
    objects: &Objects,
    tenant: &Tenant,
    id: Uuid,
    rows: &Spooled,
    folder: &str,
    archive: &mut Archive,
) -> Result<HashMap<String, String>, ExportError> {
    let prefix = Keys { tenant: tenant.id, session: SessionId(id) }.prefix();
    let mut keys = objects.list(&prefix).await?;
    keys.extend(rows.parts.iter().map(|part| text(part, "object_key").to_owned()));
    keys.sort();
    keys.dedup();
    let container = rows.recording.as_ref().map(|row| text(row, "media_info")).unwrap_or_default();
    let kind = if container.contains("webm") { "webm" } else { "mp4" };
    let mut files = HashMap::new();
    for key in keys.into_iter().filter(|key| !key.is_empty()) {
        let within = key.strip_prefix(&prefix).map(|rest| rest.trim_start_matches('/'));
        // Results of steps are rows too.
        if within.is_some_and(|rest| rest.starts_with("steps/")) {
            continue;
        }
        let stem = match within {
            Some(rest) => rest.to_owned(),
            None => format!("arrived/{}", key.rsplit('/').next().unwrap_or("part")),
        };
        let has_kind = stem.rsplit('/').next().is_some_and(|last| last.contains('.'));
        let file = if has_kind { stem } else { format!("{stem}.{kind}") };
        let name = archive.free_name(&format!("{folder}/{file}"));
        let range = if objects.head(&key).await?.is_some_and(|meta| meta.bytes == 0) { 0..0 } else { 0..u64::MAX };
        let copied = match objects.get_range(&key, range).await {
            Ok(bytes) => archive.object(&name, bytes).await.map_err(ExportError::from),
            Err(error) => Err(error.into()),
        };
        match copied {
            Ok(_) => files.insert(key, name[folder.len() + 1..].to_owned()),
            // It went since the rows were read: deleted, or replaced by another.
            Err(ExportError::Object(ObjectError::NotFound { .. })) => continue,
            Err(error) => return Err(error),
        };
    }
    Ok(files)
}

fn page(tenant: &Tenant, rows: &Spooled, name: &str, files: &HashMap<String, String>) -> SessionPage {
    let file = |row: &Row, column: &str| files.get(text(row, column)).cloned();
    let clips = rows.procedures.iter().filter(|row| text(row, "status") == "approved").map(|row| Clip {
        name: text(row, "procedure_name").to_owned(),
        description: text(row, "description").to_owned(),
        from: clock(number(row, "start_seconds")),
        film: file(row, "video_key"),
        picture: file(row, "thumbnail_key"),
    });
    let score = serde_json::from_str::<Json>(text(&rows.session, "score")).ok();
    let facts = [
        ("Began", when(&rows.session, "started_at", tenant)),
        ("Lasted", domain::time::show_duration(Some(number(&rows.session, "duration_seconds")).filter(|s| *s > 0.0))),
        ("Role", text(&rows.session, "role").to_owned()),
        ("Status", text(&rows.session, "status").replace('_', " ")),
        ("Score", score.as_ref().and_then(points).unwrap_or_default()),
        ("Summary", text(&rows.session, "summary").to_owned()),
        ("Trainer's notes", text(&rows.session, "trainer_notes").to_owned()),
    ];
    let lines = rows.utterances.iter().map(|said| Line {
        at: clock(number(said, "start_seconds")),
        who: text(said, "speaker").to_owned(),
        text: text(said, "text").to_owned(),
    });
    let mut others: Vec<_> = files.values().cloned().collect();
    others.sort();
    SessionPage {
        language: tenant.language.clone(),
        name: name.to_owned(),
        timezone: tenant.timezone.clone(),
        is_recorded: rows.recording.is_some(),
        film: rows.recording.as_ref().and_then(|row| file(row, "video_key")),
        poster: rows.recording.as_ref().and_then(|row| file(row, "poster_key")),
        captions: rows.recording.as_ref().and_then(|row| file(row, "captions_key")),
        facts: facts
            .into_iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(label, value)| Fact { label, value })
            .collect(),
        clips: clips.collect(),
        lines: lines.collect(),
        files: others,
    }
}

/// The points of a score, however it is kept.
fn points(score: &Json) -> Option<String> {
    ["score", "total", "value", "points"]
        .iter()
        .find_map(|name| score.get(name))
        .map(|points| format!("{points} of 100"))
}

fn text<'a>(row: &'a Row, column: &str) -> &'a str {
    row.get(column).and_then(Json::as_str).unwrap_or_default()
}

/// A real number, which stands in a row as text.
fn number(row: &Row, column: &str) -> f64 {
    text(row, column).parse().unwrap_or_default()
}

fn when(row: &Row, column: &str, tenant: &Tenant) -> String {
    row.get(column).and_then(Json::as_i64).map_or_else(String::new, |at| Timestamp(at).show(&tenant.timezone))
}

/// `1:02:03`
fn clock(seconds: f64) -> String {
    let all = seconds.max(0.0) as u64;
    match all / 3600 {
        0 => format!("{}:{:02}", all / 60, all % 60),
        hours => format!("{hours}:{:02}:{:02}", all / 60 % 60, all % 60),
    }
}

/// Part of a folder's name that every system takes.
fn plain(name: &str) -> String {
    let letters = name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' });
    let mut plain: String = letters.take(60).collect();
    while plain.contains("--") {
        plain = plain.replace("--", "-");
    }
    plain.trim_matches('-').to_owned()
}
