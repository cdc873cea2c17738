//! Minutes: the ledger of a tenant's active session time, in seconds.

use super::{Db, Result};
use domain::TenantId;
use sea_orm::{FromQueryResult, Statement};

#[derive(FromQueryResult)]
struct Balance {
    seconds: Option<i64>,
}

impl Db {
    /// Seconds that a tenant has left, below zero when it used more than it had; `None` where they are not counted: the
    /// ledger is empty.
    pub async fn seconds_left(&self, tenant: TenantId) -> Result<Option<i64>> {
        let sum = "SELECT CAST(SUM(seconds) AS bigint) AS seconds FROM minute_transactions WHERE tenant_id = $1";
        let query = Statement::from_sql_and_values(self.conn.get_database_backend(), sum, [tenant.0.into()]);
        Ok(Balance::find_by_statement(query).one(&self.conn).await?.and_then(|balance| balance.seconds))
    }
}
