//! The rows of one tenant as they leave an installation, and as they come into another one.

use super::{
    Db, DbError, Result, Row,
    dump::{Loading, PASSING},
    entity::{erasures, tenants, users},
    error::refused,
};
use domain::{TenantId, Timestamp};
use sea_orm::{ColumnTrait, EntityTrait, ExprTrait, QueryFilter, QuerySelect};
use serde_json::Value as Json;

/// What of a tenant stays where it is, besides what passes: second factors are sealed by the installation's key, exports of a
/// person's data are made anew, and whoever stands in a table of erasures can change what otherwise nobody changes.
const STAYS: [&str; 5] = ["second_factors", "recovery_codes", "person_exports", "audit_erasures", "minute_erasures"];

/// What is copied.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Whole {
    /// Everything, as it is.
    Installation,
    /// One tenant, without what gives access and without what another installation could not read.
    Tenant {
        /// Which.
        id: TenantId,
        /// When it is copied.
        now: Timestamp,
    },
}

impl Whole {
    /// Which tenant, unless it is all of them.
    pub(crate) fn tenant(&self) -> Option<TenantId> {
        match self {
            Self::Installation => None,
            Self::Tenant { id, .. } => Some(*id),
        }
    }

    /// What the keys of its objects begin with.
    pub(crate) fn prefix(&self) -> String {
        self.tenant().map_or_else(String::new, |tenant| format!("tenants/{tenant}"))
    }

    /// Objects that are made anew: exports of a person's data.
    pub(crate) fn leaves_out(&self, key: &str) -> bool {
        self.tenant().is_some_and(|tenant| key.starts_with(&format!("tenants/{tenant}/exports/")))
    }

    /// Tables of which no row is copied.
    pub fn leaves_out_table(&self, table: &str) -> bool {
        *self != Self::Installation && (PASSING.contains(&table) || STAYS.contains(&table))
    }

    /// Takes out of a row what another installation must not have, or could do nothing with. What comes of it is a row that the
    /// same rules leave as it is.
    pub(crate) fn mask(&self, table: &str, row: &mut Row) {
        let Self::Tenant { now, .. } = self else { return };
        let mut set = |column: &str, value: Json| {
            if let Some(cell) = row.get_mut(column) {
                *cell = value;
            }
        };
        match table {
            // Invited: a password is set by a link.
            "users" => set("password_hash", "".into()),
            "webhooks" => {
                set("secret", "".into());
                set("old_secret", Json::Null);
                set("old_secret_until", Json::Null);
                if row.get("disabled_at").is_some_and(Json::is_null) {
                    row.insert("disabled_at".into(), now.0.into());
                    row.insert("disabled_reason".into(), DISABLED.into());
                }
            }
            // What was on its way is on its way there.
            "webhook_deliveries" => {
                set("lease_until", 0.into());
                set("lease_owner", Json::Null);
                if row.get("state").and_then(Json::as_str) == Some("waiting") {
                    row.insert("state".into(), "failed".into());
                }
            }
            // No worker of the other installation holds it.
            "jobs" => {
                set("lease_owner", Json::Null);
                set("lease_until", Json::Null);
                if row.get("state").and_then(Json::as_str) == Some("running") {
                    row.insert("state".into(), "ready".into());
                }
            }
            // Whoever runs the other installation has not asked.
            "operator_accesses" => {
                if let Some(cell) = row.get_mut("ended_at").filter(|cell| Json::is_null(cell)) {
                    *cell = now.0.into();
                }
            }
            "tenant_queues" => set("running", 0.into()),
            // The objects have stayed behind.
            "erasures" => set("prefixes", "[]".into()),
            _ => {}
        }
    }
}

const DISABLED: &str =
    "Came with an import, without its secret: make a new secret, give it to the receiver, and switch the webhook on.";

/// Why the rows of a row's table are not those of an export: none names another tenant, or an object of one.
///
/// # Errors
/// [`DbError::Refused`] with what is wrong.
pub fn within_tenant(tenant: TenantId, table: &str, row: &Row) -> Result<()> {
    let own = tenant.to_string();
    let column = if table == "tenants" { "id" } else { "tenant_id" };
    if row.get(column).and_then(Json::as_str) != Some(&own) {
        return Err(refused(format!("a row of {table} is of another organisation")));
    }
    let foreign = |text: &str| text.split("tenants/").skip(1).any(|rest| is_id(rest) && !rest.starts_with(&own));
    if let Some((column, _)) = row.iter().find(|(_, value)| value.as_str().is_some_and(foreign)) {
        return Err(refused(format!("{table}.{column} names an object of another organisation")));
    }
    let mut masked = row.clone();
    Whole::Tenant { id: tenant, now: Timestamp(0) }.mask(table, &mut masked);
    match masked == *row {
        true => Ok(()),
        false => Err(refused(format!("a row of {table} holds what no export holds"))),
    }
}

fn is_id(text: &str) -> bool {
    text.get(..36).is_some_and(|id| uuid::Uuid::try_parse(id).is_ok())
}

impl Db {
    /// Begins to take in a tenant with these addresses of users.
    ///
    /// # Errors
    /// [`DbError::Exists`] when the tenant or one of the users is here, [`DbError::Refused`] while the tenant is being erased.
    pub async fn admit(&self, tenant: TenantId, name: &str, emails: &[String]) -> Result<Loading> {
        let loading = self.loading().await?;
        let here = tenants::Entity::find_by_id(tenant.0).one(&loading.tx).await?;
        if let Some(here) = here {
            return Err(DbError::Exists(format!("the organisation {:?} ({tenant})", here.name)));
        }
        if tenants::Entity::find().filter(tenants::Column::Name.eq(name)).one(&loading.tx).await?.is_some() {
            return Err(DbError::Exists(format!("another organisation with the name {name:?}")));
        }
        for emails in emails.chunks(500) {
            let taken = users::Entity::find().filter(users::Column::Email.is_in(emails)).limit(3);
            let taken: Vec<String> =
                taken.select_only().column(users::Column::Email).into_tuple().all(&loading.tx).await?;
            if !taken.is_empty() {
                return Err(DbError::Exists(format!("a login of another organisation with {}", taken.join(", "))));
            }
        }
        let going = erasures::Column::TenantId.eq(tenant.0).and(erasures::Column::CompletedAt.is_null());
        if erasures::Entity::find().filter(going).one(&loading.tx).await?.is_some() {
            return Err(refused(
                "this organisation is being erased here until 15 minutes have passed: import it after that",
            ));
        }
        Ok(loading)
    }
}
