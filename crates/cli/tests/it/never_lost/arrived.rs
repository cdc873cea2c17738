//! What the server holds: its rows, and the very bytes in its folder.

use super::sha256;
use crate::support::Rows;
use serde_json::Value;
use std::{collections::BTreeMap, fs, path::Path};

/// A part as the server has it.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    pub state: String,
    /// As the server says.
    pub sha256: Option<String>,
    /// Bytes and hash of what stands in the folder.
    pub stored: (u64, String),
    pub run: u64,
    pub bytes: Vec<u8>,
}

/// The sessions of a tenant that have come: id as hex digits, oldest first.
pub async fn sessions(rows: &mut Rows, email: &str) -> Vec<String> {
    let sql = format!(
        "SELECT json_group_array(hex(id)) FROM (SELECT id FROM sessions WHERE user_id = \
         (SELECT id FROM users WHERE email = '{email}') ORDER BY id)"
    );
    serde_json::from_str(&rows.text(&sql).await.unwrap()).unwrap()
}

/// The phase of a session.
pub async fn phase(rows: &mut Rows, session: &str) -> String {
    rows.text(&format!("SELECT phase FROM sessions WHERE hex(id) = '{session}'")).await.unwrap_or_default()
}

/// The parts of a session, by number. A number that stands there twice is a failure by itself.
pub async fn parts(rows: &mut Rows, data: &Path, session: &str) -> BTreeMap<u32, Part> {
    let sql = format!(
        "SELECT json_group_array(json_object('part', part, 'run', run, 'state', state, 'sha256', sha256, 'chunks', json((\
           SELECT json_group_array(object_key) FROM (SELECT object_key FROM upload_chunks c WHERE c.upload_id = u.id \
           ORDER BY start_offset))))) FROM uploads u WHERE hex(session_id) = '{session}'"
    );
    let found: Vec<Value> = serde_json::from_str(&rows.text(&sql).await.unwrap()).unwrap();
    let mut parts = BTreeMap::new();
    for row in found {
        let mut bytes = Vec::new();
        for key in row["chunks"].as_array().unwrap() {
            bytes.extend(fs::read(data.join("objects").join(key.as_str().unwrap())).unwrap());
        }
        let part = Part {
            state: row["state"].as_str().unwrap().to_owned(),
            sha256: row["sha256"].as_str().map(str::to_owned),
            stored: (bytes.len() as u64, sha256(&bytes)),
            run: row["run"].as_u64().unwrap(),
            bytes,
        };
        let number = row["part"].as_u64().unwrap() as u32;
        assert_eq!(parts.insert(number, part), None, "part {number} is there twice");
    }
    parts
}
