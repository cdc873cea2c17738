//! All rows at one moment, and rows put into an empty database: what backup and export stand on.

use super::{
    Db, DbError, Result, audit,
    error::refused,
    migrations,
    tables::{MIGRATIONS, Row, Table, tables},
};
use domain::{TenantId, Timestamp, audit::Entry};
use futures::{Stream, StreamExt, TryStreamExt};
use sea_orm::{
    AccessMode, ConnectionTrait, DatabaseTransaction, DbBackend, IsolationLevel, Statement, StreamTrait,
    TransactionOptions, TransactionTrait,
    sea_query::{Alias, Expr, Query},
};

/// What passes, and is never taken along: logins of browsers, and codes and links that are shown once.
pub(super) const PASSING: [&str; 3] = ["logins", "pairing_codes", "user_links"];

/// Rows as they were at one moment, however long they are read.
pub struct Snapshot {
    pub(super) tx: DatabaseTransaction,
    tables: Vec<Table>,
}

/// Rows on their way into an empty database; nothing of it is there before [`Loading::commit`].
pub struct Loading {
    pub(super) tx: DatabaseTransaction,
    tables: Vec<Table>,
}

impl Db {
    /// The rows as they are now.
    pub async fn snapshot(&self) -> Result<Snapshot> {
        let isolated = self.conn.get_database_backend() == DbBackend::Postgres;
        let options = TransactionOptions {
            isolation_level: isolated.then_some(IsolationLevel::RepeatableRead),
            access_mode: isolated.then_some(AccessMode::ReadOnly),
            sqlite_transaction_mode: None,
        };
        let tx = self.conn.begin_with_options(options).await?;
        let tables = kept(tables(&tx).await?);
        Ok(Snapshot { tx, tables })
    }

    /// Begins to put rows into a database that has none.
    ///
    /// # Errors
    /// [`DbError::Refused`] when it has some.
    pub async fn load(&self) -> Result<Loading> {
        let loading = self.loading().await?;
        for table in &loading.tables {
            let any = Statement::from_string(
                ConnectionTrait::get_database_backend(&loading.tx),
                format!("SELECT 1 FROM {} LIMIT 1", table.name),
            );
            if loading.tx.query_one_raw(any).await?.is_some() {
                return Err(refused(format!(
                    "there are {} already, and only an empty database is restored into",
                    table.name
                )));
            }
        }
        Ok(loading)
    }

    pub(super) async fn loading(&self) -> Result<Loading> {
        let tx = self.begin().await?;
        let tables = kept(tables(&tx).await?);
        Ok(Loading { tx, tables })
    }

    /// The migrations that were applied, oldest first.
    pub async fn schema(&self) -> Result<Vec<String>> {
        applied(&self.conn).await
    }
}

/// Names of the migrations that a database has.
pub(super) async fn applied(conn: &impl ConnectionTrait) -> Result<Vec<String>> {
    let all = format!("SELECT version FROM {MIGRATIONS} ORDER BY version");
    let rows = conn.query_all_raw(Statement::from_string(conn.get_database_backend(), all)).await?;
    rows.iter().map(|row| Ok(row.try_get_by_index(0)?)).collect()
}

/// How many migrations this program must run for a database to have just these.
///
/// # Errors
/// [`DbError::Refused`] where they are not the first ones that this program knows: a newer one wrote them.
pub(super) fn steps(schema: &[String]) -> Result<u32> {
    let known = migrations::names();
    if schema.is_empty() || !known.starts_with(schema) {
        let newest = schema.last().map_or("none", String::as_str);
        return Err(refused(format!("its schema {newest:?} is of another version of this program: take that version")));
    }
    Ok(u32::try_from(schema.len()).unwrap_or(u32::MAX))
}

fn kept(tables: Vec<Table>) -> Vec<Table> {
    tables.into_iter().filter(|table| !PASSING.contains(&table.name.as_str())).collect()
}

impl Snapshot {
    /// Every table that is kept; a table stands after those that it refers to.
    pub fn tables(&self) -> &[Table] {
        &self.tables
    }

    /// The migrations that had been applied, oldest first.
    pub async fn schema(&self) -> Result<Vec<String>> {
        applied(&self.tx).await
    }

    /// The rows of a table in the order of its key, those of one tenant or all.
    pub async fn rows<'a>(
        &'a self,
        table: &'a Table,
        tenant: Option<TenantId>,
    ) -> Result<impl Stream<Item = Result<Row>> + 'a> {
        rows(&self.tx, table, tenant).await
    }
}

/// Rows of a table; `only` is SQL that says which.
pub(super) async fn rows_where<'a>(
    tx: &'a DatabaseTransaction,
    table: &'a Table,
    only: String,
) -> Result<impl Stream<Item = Result<Row>> + 'a> {
    let engine = ConnectionTrait::get_database_backend(tx);
    let found = tx.stream_raw(Statement::from_string(engine, table.select_where(engine, &only))).await?;
    Ok(found.map_err(DbError::from).map(move |row| table.row(&row?)))
}

async fn rows<'a>(
    tx: &'a DatabaseTransaction,
    table: &'a Table,
    tenant: Option<TenantId>,
) -> Result<impl Stream<Item = Result<Row>> + 'a> {
    let select = table.select(ConnectionTrait::get_database_backend(tx), tenant.map(Into::into))?;
    let found = tx.stream_raw(select).await?;
    Ok(found.map_err(DbError::from).map(move |row| table.row(&row?)))
}

impl Loading {
    /// Puts rows into a table. Tables come in the order in which [`Snapshot::tables`] gives them.
    pub async fn insert(&self, table: &str, rows: Vec<Row>) -> Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        let table = self.tables.iter().find(|known| known.name == table);
        let table = table.ok_or_else(|| refused("there is a table that this version of the program does not know"))?;
        let mut insert = Query::insert();
        insert.into_table(Alias::new(&table.name));
        insert.columns(table.columns.iter().map(|column| Alias::new(&column.name)));
        for row in rows {
            let values = table.values(row)?.into_iter().map(Expr::val);
            insert.values(values).map_err(|error| refused(error.to_string()))?;
        }
        self.tx.execute(&insert).await?;
        Ok(())
    }

    /// The rows of a tenant in a table as they stand now.
    pub async fn rows<'a>(
        &'a self,
        table: &'a Table,
        tenant: TenantId,
    ) -> Result<impl Stream<Item = Result<Row>> + 'a> {
        rows(&self.tx, table, Some(tenant)).await
    }

    /// Notes an act in the audit log of a tenant.
    pub async fn note(&self, tenant: TenantId, entry: &Entry, now: Timestamp) -> Result<()> {
        audit::append(&self.tx, tenant, entry, now).await
    }

    /// Makes all of it count.
    pub async fn commit(self) -> Result<()> {
        Ok(self.tx.commit().await?)
    }
}
