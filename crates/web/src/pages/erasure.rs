//! The question before something is erased: what goes, what stays.

use super::{
    amounts::{count, show_bytes},
    layout::Layout,
};
use askama::Template;
use domain::erasure::Scope;
use std::collections::BTreeMap;
use uuid::Uuid;

/// The question.
#[derive(Clone, Debug, Template)]
#[template(path = "pages/erasure.html")]
pub struct ErasePage {
    /// The frame.
    pub layout: Layout,
    /// For the form.
    pub csrf_token: String,
    /// What is erased.
    pub scope: Scope,
    /// Its id.
    pub id: Uuid,
    /// What it is called.
    pub name: String,
    /// Rows that go, by table.
    pub rows: BTreeMap<String, u64>,
    /// Objects that go.
    pub objects: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Whether the present password is asked for.
    pub asks_password: bool,
    /// Whether a code of the second factor is asked for.
    pub asks_code: bool,
    /// Why it was refused.
    pub problem: Option<String>,
}

/// Tables that a person asks about, and what one row of each is.
const NAMED: [(&str, &str); 7] = [
    ("users", "user"),
    ("seats", "seat"),
    ("devices", "device"),
    ("sessions", "session"),
    ("uploads", "uploaded part"),
    ("procedures", "procedure"),
    ("utterances", "piece of speech"),
];

impl ErasePage {
    /// `2 sessions`, `14 procedures`, … and what has no name of its own.
    fn goes(&self) -> Vec<String> {
        let named = |(table, thing): &(&str, &str)| {
            self.rows.get(*table).map(|n| match (*thing, n) {
                ("piece of speech", 2..) => format!("{n} pieces of speech"),
                _ => count(*n, thing),
            })
        };
        let mut all: Vec<String> = NAMED.iter().filter_map(named).collect();
        let is_named = |table: &str| NAMED.iter().any(|(name, _)| *name == table);
        let others: u64 = self.rows.iter().filter(|(table, _)| !is_named(table)).map(|(_, n)| n).sum();
        if others > 0 {
            all.push(format!("{} that belong to them", count(others, "other row")));
        }
        all.push(format!("{} of picture, sound and words ({})", count(self.objects, "file"), show_bytes(self.bytes)));
        all
    }

    fn is_user(&self) -> bool {
        self.scope == Scope::User
    }
}
