//! What of a row is a person's own: no secret, and nothing that tells who somebody else is.

use crate::{
    DbError,
    db::{Row, person_rows::PersonRows},
};
use domain::user::User;
use serde_json::{Value as Json, json};
use std::collections::HashSet;

/// In place of somebody else's name.
const ELSE: &str = "Somebody else";
/// What an entry of the audit log may be about that tells who somebody is.
const TELLING: [&str; 4] = ["user", "seat", "device", "session"];

/// Whose data it is, with the ids of what hangs on that person.
pub(super) struct Person {
    id: String,
    name: String,
    ids: HashSet<String>,
}

impl Person {
    pub(super) async fn of(rows: &PersonRows, user: &User) -> Result<Self, DbError> {
        let mut ids = HashSet::from([user.id.to_string()]);
        for table in ["seats", "devices", "sessions", "api_keys"] {
            ids.extend(rows.ids(table).await?.iter().map(ToString::to_string));
        }
        Ok(Self { id: user.id.to_string(), name: user.full_name.clone(), ids })
    }

    /// The row as the person may have it; `None` when it is not of this person.
    pub(super) fn own(&self, table: &str, mut row: Row) -> Option<Row> {
        row.retain(|column, _| !is_secret(column));
        row.remove("tenant_id");
        match table {
            "audit_entries" => row = self.audit_entry(row)?,
            "minute_transactions" => {
                self.is_own(&row, "session_id").then_some(())?;
            }
            "logins" => row = login(row),
            _ => {}
        }
        for (column, value) in &mut row {
            let of_somebody = column.ends_with("_by") || column == "user_id" || column == "assigned_to";
            if of_somebody && value.as_str().is_some_and(|who| who != self.id && who != self.name) {
                *value = ELSE.into();
            }
        }
        Some(row)
    }

    fn is_own(&self, row: &Row, column: &str) -> bool {
        row.get(column).and_then(Json::as_str).is_some_and(|id| self.ids.contains(id))
    }

    fn audit_entry(&self, mut row: Row) -> Option<Row> {
        let (by, about) = (self.is_own(&row, "actor_id"), self.is_own(&row, "target_id"));
        if !by && !about {
            return None;
        }
        let kind = |column: &str| row.get(column).and_then(Json::as_str).unwrap_or_default().to_owned();
        let telling = TELLING.contains(&kind("target_kind").as_str());
        if !by {
            let person = ["user", "device", "key"].contains(&kind("actor_kind").as_str());
            row.insert("actor_id".into(), Json::Null);
            // What nobody in particular did, somebody did who meant to be them: from where is their own business.
            if person {
                row.insert("actor_name".into(), ELSE.into());
                row.insert("address".into(), Json::Null);
            }
        }
        if !about && telling {
            row.insert("target_id".into(), Json::Null);
            row.insert("target_name".into(), ELSE.into());
            row.insert("detail".into(), "{}".into());
        }
        Some(row)
    }
}

/// What nobody is given: what gives access, or would if it were guessed, and who works on a row just now.
fn is_secret(column: &str) -> bool {
    column.ends_with("_hash")
        || ["secret", "sealed", "password"].iter().any(|word| column.contains(word))
        || column == "idempotency_key"
        || column.starts_with("lease_")
}

/// From where somebody is signed in; the rest of a login is what the browser proves itself with.
fn login(mut row: Row) -> Row {
    let kept: Json =
        row.get("data").and_then(Json::as_str).and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    let about = kept.as_object().and_then(|kept| kept.values().find(|value| value.get("agent").is_some()));
    let told = |name: &str| about.and_then(|about| about.get(name)).cloned().unwrap_or(Json::Null);
    row.remove("id");
    row.insert(
        "data".into(),
        json!({ "agent": told("agent"), "address": told("address"), "since": told("since") }).to_string().into(),
    );
    row
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person() -> Person {
        let ids = ["me", "my seat", "my session"].map(str::to_owned).into();
        Person { id: "me".into(), name: "Sam".into(), ids }
    }

    fn own(table: &str, row: Json) -> Option<Json> {
        let Json::Object(row) = row else { unreachable!() };
        person().own(table, row).map(Json::Object)
    }

    fn entry(actor: &str, kind: &str, target: &str) -> Json {
        json!({ "actor_kind": "user", "actor_id": actor, "actor_name": "Kim", "target_kind": kind, "target_id": target,
            "target_name": "Ann", "detail": "{\"email\":\"ann@example.com\"}", "address": "192.0.2.7" })
    }

    #[test]
    fn an_entry_about_them_does_not_tell_who_else_it_was() {
        let told = own("audit_entries", entry("boss", "seat", "my seat")).unwrap();
        assert_eq!(
            (told["actor_name"].as_str(), &told["actor_id"], &told["address"]),
            (Some(ELSE), &Json::Null, &Json::Null)
        );
        assert_eq!(told["target_name"], "Ann");
    }

    #[test]
    fn an_entry_by_them_does_not_tell_whom_they_did_it_to() {
        let told = own("audit_entries", entry("me", "user", "ann")).unwrap();
        assert_eq!(
            (told["target_name"].as_str(), &told["target_id"], told["detail"].as_str()),
            (Some(ELSE), &Json::Null, Some("{}"))
        );
        assert_eq!((&told["actor_name"], &told["address"]), (&json!("Kim"), &json!("192.0.2.7")));
        let told = own("audit_entries", entry("me", "webhook", "w")).unwrap();
        assert_eq!(told["target_name"], "Ann");
    }

    #[test]
    fn what_is_not_theirs_is_not_given() {
        assert_eq!(own("audit_entries", entry("boss", "user", "ann")), None);
        assert_eq!(own("minute_transactions", json!({ "session_id": "a session" })), None);
        let told = own("minute_transactions", json!({ "session_id": "my session", "user_id": "boss" })).unwrap();
        assert_eq!(told["user_id"], ELSE);
    }

    #[test]
    fn no_secret_is_given() {
        let row = json!({ "token_hash": "1", "sealed_secret": "2", "password_hash": "3", "idempotency_key": "4", "name": "n" });
        assert_eq!(own("devices", row).unwrap(), json!({ "name": "n" }));
        let data = json!({ "csrf": "5", "about": { "agent": "Firefox", "address": "192.0.2.7", "since": "2026" } })
            .to_string();
        let told = own("logins", json!({ "id": "6", "data": data })).unwrap();
        assert_eq!(told["data"], json!({ "agent": "Firefox", "address": "192.0.2.7", "since": "2026" }).to_string());
    }
}
