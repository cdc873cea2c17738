//! The rows that a person's data are: what hangs on the user, and what speaks of the user without a reference.

use super::{
    Db, Result, Row,
    dump::{Snapshot, rows_where},
    reach::reached,
    tables::{Table, tables},
};
use domain::{SessionId, TenantId, UserId};
use futures::Stream;
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use std::collections::BTreeMap;
use uuid::Uuid;

/// Tables that speak of a person by an id without a reference: they outlive what they speak of.
const WITHOUT_REFERENCE: [&str; 2] = ["audit_entries", "minute_transactions"];

/// A person's rows at one moment.
pub struct PersonRows {
    snapshot: Snapshot,
    tables: Vec<Table>,
    tenant: TenantId,
    /// Which rows of each table.
    which: BTreeMap<String, String>,
}

impl Db {
    /// The rows of a person, as they are now.
    pub async fn person_rows(&self, tenant: TenantId, user: UserId) -> Result<PersonRows> {
        let snapshot = self.snapshot().await?;
        // Also what passes: somebody may know of his own logins.
        let tables = tables(&snapshot.tx).await?;
        let engine = ConnectionTrait::get_database_backend(&snapshot.tx);
        let (own, id) = (literal(engine, tenant.into()), literal(engine, user.into()));
        let mut ways: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let all = reached(&tables, &own, "users", &format!("id = {id}"));
        for found in &all {
            // A row that says whose it is, is theirs: a session of a seat that was somebody else's once stays with that one.
            let direct = |other: &&super::reach::Reached| {
                other.table == found.table && other.from.as_deref() == Some("users") && other.loosely.is_none()
            };
            // What only hangs loosely on something of theirs is not theirs: that somebody holds a session, and why.
            let is_others = found.loosely.is_some() && found.from.as_deref() != Some("users");
            if is_others {
                continue;
            }
            if found.loosely.is_none()
                && found.from.as_deref() != Some("users")
                && all.iter().any(|other| direct(&other))
            {
                continue;
            }
            ways.entry(found.table.clone()).or_default().push(found.which.clone());
        }
        for table in WITHOUT_REFERENCE {
            ways.insert(table.into(), vec![format!("tenant_id = {own}")]);
        }
        let which = ways.into_iter().map(|(table, ways)| (table, format!("({})", ways.join(") OR (")))).collect();
        Ok(PersonRows { snapshot, tables, tenant, which })
    }
}

impl PersonRows {
    /// The tables in which there may be something. Of [`PersonRows::is_mixed`] ones, the rows of the whole tenant are given.
    pub fn tables(&self) -> impl Iterator<Item = &Table> {
        self.tables.iter().filter(|table| self.which.contains_key(&table.name))
    }

    /// Whether the rows of a table have yet to be looked through for those of the person.
    pub fn is_mixed(table: &str) -> bool {
        WITHOUT_REFERENCE.contains(&table)
    }

    /// The rows of a table in the order of its key.
    pub async fn rows<'a>(&'a self, table: &'a Table) -> Result<impl Stream<Item = Result<Row>> + 'a> {
        let which = self.which.get(&table.name).cloned().unwrap_or_else(|| "false".into());
        rows_where(&self.snapshot.tx, table, which).await
    }

    /// The rows of a table whose `column` names a session.
    pub async fn of_session(&self, table: &str, column: &str, session: SessionId) -> Result<Vec<Row>> {
        use futures::TryStreamExt;
        let Some(table) = self.tables.iter().find(|known| known.name == table) else { return Ok(Vec::new()) };
        let engine = ConnectionTrait::get_database_backend(&self.snapshot.tx);
        let (own, id) = (literal(engine, self.tenant.into()), literal(engine, session.into()));
        let which = format!("tenant_id = {own} AND {column} = {id}");
        rows_where(&self.snapshot.tx, table, which).await?.try_collect().await
    }

    /// The ids of the rows of a table that has ids.
    pub async fn ids(&self, table: &str) -> Result<Vec<Uuid>> {
        let Some(which) = self.which.get(table) else { return Ok(Vec::new()) };
        let engine = ConnectionTrait::get_database_backend(&self.snapshot.tx);
        let sql = format!("SELECT id FROM {table} WHERE {which} ORDER BY id");
        let rows = self.snapshot.tx.query_all_raw(Statement::from_string(engine, sql)).await?;
        rows.iter().map(|row| Ok(row.try_get_by_index(0)?)).collect()
    }
}

/// An id as the engine's SQL writes it.
pub(super) fn literal(engine: DbBackend, id: Uuid) -> String {
    if engine == DbBackend::Postgres { format!("'{id}'::uuid") } else { format!("X'{}'", id.simple()) }
}
