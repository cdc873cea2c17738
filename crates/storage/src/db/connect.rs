//! Opening a database and bringing its schema up to date.

use super::{
    DbError, Result,
    dump::{applied, steps},
    error::refused,
    migrations::Migrator,
};
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, RuntimeErr,
    SqliteTransactionMode, TransactionOptions, TransactionTrait,
    sqlx::{
        self, Connection, SqliteConnection,
        sqlite::{SqliteJournalMode, SqliteSynchronous},
    },
};
use sea_orm_migration::MigratorTrait;
use std::{
    fs::File,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

/// PostgreSQL advisory lock under which the schema is changed: two processes that start at once take turns.
const MIGRATION_LOCK: i64 = 0x7472_6169_6e61_7231;

/// An open database; cheap to clone.
#[derive(Clone, Debug)]
pub struct Db {
    pub(crate) conn: DatabaseConnection,
    /// Whether the log beside a SQLite database may still hold what was deleted. A process that died may have left some.
    pub(crate) traces: Arc<AtomicBool>,
}

impl Db {
    /// Opens (and creates where it is missing) the SQLite database at `path` and migrates it.
    pub async fn open_sqlite(path: &Path) -> Result<Self> {
        let db = Self::connect_sqlite(path).await?;
        db.migrate().await?;
        Ok(db)
    }

    /// Connects to a PostgreSQL database (`postgres://…`) and migrates it.
    pub async fn open_postgres(url: &str) -> Result<Self> {
        let db = Self::connect_postgres(url).await?;
        db.migrate().await?;
        Ok(db)
    }

    /// Opens (and creates where it is missing) the SQLite database at `path` with the schema as it was after these migrations,
    /// to put the rows of that time into it.
    ///
    /// # Errors
    /// [`DbError::Refused`] when it has another schema, or the migrations are not of this program.
    pub async fn open_sqlite_as_of(path: &Path, schema: &[String]) -> Result<Self> {
        let db = Self::connect_sqlite(path).await?;
        db.migrate_as_of(schema).await?;
        Ok(db)
    }

    /// The same with a PostgreSQL database, which must exist.
    ///
    /// # Errors
    /// As [`Db::open_sqlite_as_of`].
    pub async fn open_postgres_as_of(url: &str, schema: &[String]) -> Result<Self> {
        let db = Self::connect_postgres(url).await?;
        db.migrate_as_of(schema).await?;
        Ok(db)
    }

    async fn connect_sqlite(path: &Path) -> Result<Self> {
        // The change to write-ahead logging does not wait for other openers, whatever the busy timeout.
        let turn = turn_to_open(path).await?;
        let opened = Self::connect(sqlite(path, 8)).await;
        drop(turn);
        opened
    }

    async fn connect_postgres(url: &str) -> Result<Self> {
        let mut options = ConnectOptions::new(url);
        options.max_connections(16).acquire_timeout(Duration::from_secs(15)).sqlx_logging(false);
        Self::connect(options).await
    }

    async fn connect(options: ConnectOptions) -> Result<Self> {
        Ok(Self { conn: Database::connect(options).await?, traces: Arc::new(AtomicBool::new(true)) })
    }

    /// Brings the schema up to date.
    pub async fn migrate(&self) -> Result<()> {
        self.migrate_by(None).await
    }

    async fn migrate_as_of(&self, schema: &[String]) -> Result<()> {
        let steps = steps(schema)?;
        Migrator::install(&self.conn).await?;
        let has = applied(&self.conn).await?;
        if has.is_empty() {
            self.migrate_by(Some(steps)).await?;
        } else if has != schema {
            return Err(refused("the database is in use by another version of this program: give an empty one"));
        }
        Ok(())
    }

    async fn migrate_by(&self, steps: Option<u32>) -> Result<()> {
        // The lock lives as long as this transaction; on SQLite, BEGIN IMMEDIATE itself is the lock.
        let lock = self.begin().await?;
        if lock.get_database_backend() == DbBackend::Postgres {
            lock.execute_unprepared(&format!("SELECT pg_advisory_xact_lock({MIGRATION_LOCK})")).await?;
            Migrator::up(&self.conn, steps).await?;
        } else {
            Migrator::up(&lock, steps).await?;
        }
        lock.commit().await?;
        Ok(())
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<()> {
        self.conn.execute_unprepared("SELECT 1").await?;
        Ok(())
    }

    /// Empties the log beside a SQLite database, where a removal has finished since the last time: pages as they were before
    /// may stand in it. Does not wait for readers: then it is done when it is called again.
    pub async fn wipe_traces(&self) -> Result<()> {
        if self.conn.get_database_backend() != DbBackend::Sqlite || !self.traces.swap(false, Ordering::SeqCst) {
            return Ok(());
        }
        let emptied = self.empty_log().await;
        if !matches!(emptied, Ok(true)) {
            self.traces.store(true, Ordering::SeqCst);
        }
        emptied.map(drop).map_err(|error| DbError::Engine(DbErr::Conn(RuntimeErr::Internal(error.to_string()))))
    }

    /// Empties that log whoever wrote to it; whether nothing is left in it. There is none on PostgreSQL.
    pub(crate) async fn is_wiped(&self) -> Result<bool> {
        if self.conn.get_database_backend() != DbBackend::Sqlite {
            return Ok(true);
        }
        let emptied = self.empty_log().await;
        emptied.map_err(|error| DbError::Engine(DbErr::Conn(RuntimeErr::Internal(error.to_string()))))
    }

    /// Whether nothing is left in the log.
    async fn empty_log(&self) -> std::result::Result<bool, sqlx::Error> {
        // Not given back, as it waits for nobody: writers wait as long as it does.
        let mut connection = self.conn.get_sqlite_connection_pool().acquire().await?.detach();
        sqlx::query("PRAGMA busy_timeout = 100").execute(&mut connection).await?;
        let busy: i64 = sqlx::query_scalar("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(&mut connection).await?;
        connection.close().await?;
        Ok(busy == 0)
    }

    /// `SQLite` or `PostgreSQL`.
    pub fn engine(&self) -> &'static str {
        match self.conn.get_database_backend() {
            DbBackend::Postgres => "PostgreSQL",
            _ => "SQLite",
        }
    }

    /// A transaction that will write. On SQLite it takes the write lock at once: a deferred transaction that reads
    /// and then writes fails when another writer came between.
    pub(crate) async fn begin(&self) -> Result<DatabaseTransaction> {
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..Default::default()
        };
        Ok(self.conn.begin_with_options(options).await?)
    }
}

fn sqlite(path: &Path, connections: u32) -> ConnectOptions {
    let mut options = ConnectOptions::new("sqlite::memory:");
    let file = path.to_owned();
    options.max_connections(connections).sqlx_logging(false).map_sqlx_sqlite_opts(move |o| {
        o.filename(&file)
            .create_if_missing(true)
            .foreign_keys(true)
            .journal_mode(SqliteJournalMode::Wal)
            // What is deleted is overwritten, not only forgotten.
            .pragma("secure_delete", "ON")
            // A chunk is acknowledged once its row is committed, so the commit must survive a power cut.
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(Duration::from_secs(30))
            // Both come with the URL. In a shared cache readers wait for writers, and no timeout holds.
            .in_memory(false)
            .shared_cache(false)
    });
    options
        .map_sqlx_sqlite_pool_opts(|o| o.after_release(|connection, _| Box::pin(is_outside_transaction(connection))));
    options
}

/// Whether a connection that is given back can be used again. SQLite ends a transaction by itself when the disk is full; the
/// rollback that follows then fails, and the connection counts as within a transaction for ever.
async fn is_outside_transaction(connection: &mut SqliteConnection) -> std::result::Result<bool, sqlx::Error> {
    // Its answer comes after every rollback that was begun.
    connection.ping().await?;
    Ok(!connection.is_in_transaction())
}

/// Waits until no other process opens the SQLite database at `path`; held as long as the file is open.
async fn turn_to_open(path: &Path) -> Result<File> {
    let mut name = path.as_os_str().to_owned();
    name.push("-opening");
    let failed = |e| DbError::Engine(DbErr::Conn(RuntimeErr::Internal(e)));
    tokio::task::spawn_blocking(move || {
        let file = File::create(&name).and_then(|f| f.lock().map(|()| f));
        file.map_err(|e| failed(format!("{}: {e}", Path::new(&name).display())))
    })
    .await
    .map_err(|e| failed(e.to_string()))?
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The one connection of this database is not lost to a transaction that a full disk ended.
    #[tokio::test]
    async fn a_full_disk_costs_no_connection() {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::connect(sqlite(&folder.path().join("rows.db"), 1)).await.unwrap();
        db.migrate().await.unwrap();
        for _ in 0..3 {
            // As if the disk had no page left; only this connection knows.
            db.conn.execute_unprepared("PRAGMA max_page_count = 1").await.unwrap();
            let tx = db.begin().await.unwrap();
            let row = "INSERT INTO logins (id, data, expires_at) VALUES ('a', hex(zeroblob(9000000)), 0)";
            let full = tx.execute_unprepared(row).await.unwrap_err().to_string();
            assert!(full.contains("full"), "{full}");
            drop(tx);
            let tx = db.begin().await.unwrap();
            tx.execute_unprepared("DELETE FROM logins").await.unwrap();
            tx.commit().await.unwrap();
        }
    }
}
