//! The SQLite database of an installation, looked at from beside.

use sqlx::{
    AssertSqlSafe, Connection, Row, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode},
};
use std::{collections::BTreeMap, path::Path, time::Duration};

/// A connection that waits for nobody.
pub struct Rows(SqliteConnection);

impl Rows {
    pub async fn open(data: &Path) -> Self {
        let options = SqliteConnectOptions::new().filename(data.join("trainar.db"));
        let options = options.journal_mode(SqliteJournalMode::Wal).busy_timeout(Duration::ZERO);
        Self(SqliteConnection::connect_with(&options).await.unwrap())
    }

    pub async fn run(&mut self, sql: &str) {
        sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut self.0).await.unwrap();
    }

    /// The first column of the first row, if there is one.
    pub async fn text(&mut self, sql: &str) -> Option<String> {
        let row = sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).fetch_optional(&mut self.0).await.unwrap();
        row.and_then(|row| row.get(0))
    }

    /// Whether somebody writes just now.
    pub async fn busy(&mut self) -> bool {
        let mine = sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut self.0).await.is_ok();
        if mine {
            self.run("ROLLBACK").await;
        }
        !mine
    }

    /// How many rows each table has.
    pub async fn counts(&mut self) -> BTreeMap<String, i64> {
        let tables = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'";
        let tables = sqlx::query(tables).fetch_all(&mut self.0).await.unwrap();
        let mut counts = BTreeMap::new();
        for table in tables {
            let table: String = table.get(0);
            let count = AssertSqlSafe(format!("SELECT count(*) FROM {table}"));
            let count = sqlx::query(count).fetch_one(&mut self.0).await.unwrap();
            counts.insert(table, count.get(0));
        }
        counts
    }
}
