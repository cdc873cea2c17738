//! The cells of rows: as a person reads them, and as other programs do.

use super::super::ExportError;
use crate::{consistent::create, db::Row};
use domain::{Timestamp, audit::Action};
use serde_json::Value as Json;
use std::{
    fs::File,
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

/// A longer text is cut on a page; the file for programs has all of it.
const LONGEST: usize = 400;

/// Columns that hold JSON as text.
const JSON: [&str; 12] = [
    "body",
    "data",
    "detail",
    "events",
    "media_info",
    "missing_parts",
    "report",
    "result",
    "score",
    "scopes",
    "tracks",
    "words",
];

/// Whether a column holds an instant.
fn is_time(column: &str) -> bool {
    column == "at"
        || column == "due_date"
        || column == "not_before"
        || column.ends_with("_at")
        || column.ends_with("_until")
}

/// The cells that a page shows: when it was first, and no id, which tells a person nothing.
pub(super) fn shown(row: &Row) -> impl Iterator<Item = (&String, &Json)> {
    let tells = |column: &str| column != "id" && !column.ends_with("_id") && !column.ends_with("_key");
    let when = row.iter().filter(|(column, _)| is_time(column));
    let what = row.iter().filter(move |(column, _)| !is_time(column) && tells(column));
    when.chain(what)
}

/// `started_at` is `Started at`.
pub(super) fn label(column: &str) -> String {
    let words = column.replace('_', " ");
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// As a person reads it.
pub(super) fn readable(column: &str, value: &Json, timezone: &str) -> String {
    let text = match value {
        Json::Null => "—".to_owned(),
        Json::Bool(yes) => if *yes { "yes" } else { "no" }.to_owned(),
        Json::Number(number) if is_time(column) => {
            number.as_i64().map_or_else(String::new, |at| Timestamp(at).show_exact(timezone))
        }
        Json::String(text) if text.is_empty() || text == "{}" || text == "[]" => "—".to_owned(),
        Json::String(text) if column == "action" => {
            text.parse::<Action>().map_or_else(|_| text.clone(), |action| action.label().to_owned())
        }
        Json::String(text) => text.clone(),
        other => other.to_string(),
    };
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{} …", &text[..end]),
        None => text,
    }
}

/// As other programs read it: instants as RFC 3339, JSON as JSON, real numbers as numbers.
fn portable(row: &Row) -> Row {
    let cell = |(column, value): (&String, &Json)| {
        let value = match value {
            Json::Number(number) if is_time(column) => {
                number.as_i64().map_or(Json::Null, |at| Timestamp(at).to_string().into())
            }
            Json::String(text) if column.ends_with("_seconds") || column == "confidence" || column == "cost" => text
                .parse::<f64>()
                .ok()
                .and_then(serde_json::Number::from_f64)
                .map_or_else(|| value.clone(), Json::Number),
            Json::String(text) if JSON.contains(&column.as_str()) => {
                serde_json::from_str(text).unwrap_or_else(|_| value.clone())
            }
            other => other.clone(),
        };
        (column.clone(), value)
    };
    row.iter().map(cell).collect()
}

/// A file with an array of rows; made with the first of them.
pub(super) struct JsonRows {
    path: PathBuf,
    file: Option<BufWriter<File>>,
}

impl JsonRows {
    pub(super) fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), file: None }
    }

    pub(super) fn row(&mut self, row: &Row) -> Result<(), ExportError> {
        let mut write = || -> io::Result<()> {
            let file = match &mut self.file {
                Some(file) => {
                    file.write_all(b",\n")?;
                    file
                }
                none => {
                    let file = none.insert(BufWriter::new(create(&self.path)?));
                    file.write_all(b"[\n")?;
                    file
                }
            };
            serde_json::to_writer(file, &portable(row)).map_err(Into::into)
        };
        write().map_err(|e| ExportError::file(&self.path, e))
    }

    pub(super) fn end(self) -> Result<(), ExportError> {
        let Some(mut file) = self.file else { return Ok(()) };
        file.write_all(b"\n]\n").and_then(|()| file.flush()).map_err(|e| ExportError::file(&self.path, e))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn cells_are_read_by_people_and_by_programs() {
        let row =
            json!({ "started_at": 0, "duration_seconds": "1.5", "words": "[{\"text\":\"so\"}]", "text": "[inaudible" });
        let Json::Object(row) = row else { unreachable!() };
        assert_eq!(
            Json::Object(portable(&row)),
            json!({ "started_at": "1970-01-01T00:00:00Z", "duration_seconds": 1.5, "words": [{ "text": "so" }], "text": "[inaudible" })
        );
        assert_eq!(readable("started_at", &json!(0), "Europe/Berlin"), "1 Jan 1970, 01:00:00 CET");
        assert_eq!((label("started_at").as_str(), readable("x", &Json::Null, "UTC").as_str()), ("Started at", "—"));
        assert!(readable("text", &json!("ä".repeat(500)), "UTC").ends_with("ä …"));
    }
}
