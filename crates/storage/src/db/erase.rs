//! Erasing: the rows of a session, a user or a tenant go in one transaction, which leaves a row that says what is still to be
//! done with the objects, and later what was done.

use super::{
    Db, Result, audit,
    entity::{
        audit_entries, audit_erasures, erasures, minute_erasures, sessions, task_attachments, task_changes,
        upload_chunks, uploads, users,
    },
    erasures::Erasure,
    error::{refused, to_json},
    jobs::recount,
    legal_holds,
    like::within,
    person_exports::{exports_prefix, withdraw},
    person_rows::literal,
    reach::{Reached, reached},
    tables::{Table, tables},
    uploads::UploadState,
};
use crate::removal::uploads_prefix;
use domain::{SessionId, TenantId, Timestamp, UserId, audit::Entry, erasure::Scope, recording::Keys, user::UserRole};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseTransaction, DbBackend, EntityTrait, ExprTrait,
    IntoActiveModel, QueryFilter, QuerySelect, Statement, sea_query::Expr,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::atomic::Ordering,
};
use uuid::Uuid;

/// Ids that one statement takes.
const IDS_AT_ONCE: usize = 500;
/// In place of the name of somebody who was erased.
const NOBODY: &str = "Erased user";

/// What an erasure would take.
#[derive(Clone, Debug, PartialEq)]
pub struct Preview {
    /// Rows by table.
    pub rows: BTreeMap<String, u64>,
    /// What the keys of its objects begin with.
    pub prefixes: Vec<String>,
}

impl Db {
    /// Erases the rows of a session, and notes its objects and in the audit log who did it; `None` when there is none. `entry`
    /// gets its target here.
    ///
    /// # Errors
    /// [`Rule::LegalHold`] while it is held.
    pub async fn erase_session(
        &self,
        tenant: TenantId,
        id: SessionId,
        entry: Entry,
        now: Timestamp,
    ) -> Result<Option<Erasure>> {
        match self.without_session(tenant, id).await? {
            Some(eraser) => eraser.end(self, (Scope::Session, id.into()), Some(entry), now).await.map(Some),
            None => Ok(None),
        }
    }

    /// What erasing a session would take: how many rows of each table, and where its objects stand. Nothing is changed.
    pub async fn preview_session(&self, tenant: TenantId, id: SessionId) -> Result<Option<Preview>> {
        Ok(self.without_session(tenant, id).await?.map(Eraser::preview))
    }

    async fn without_session(&self, tenant: TenantId, id: SessionId) -> Result<Option<Eraser>> {
        let mut eraser = Eraser::begin(self, tenant).await?;
        let session = format!("id = {}", eraser.literal(id.into()));
        eraser.prefixes_of(&session).await?;
        legal_holds::refuse(&eraser.tx, tenant, sessions::Column::Id.eq(id.0)).await?;
        eraser.take("sessions", &session).await?;
        if eraser.rows.is_empty() {
            return Ok(None);
        }
        eraser.forget_names(&[id.into()], "").await?;
        Ok(Some(eraser))
    }

    /// Erases a user with seats, devices and sessions, as [`Db::erase_session`]. In the audit log only the id is left.
    ///
    /// # Errors
    /// [`super::DbError::Refused`] for the last administrator, [`Rule::LegalHold`] while one of the sessions is held.
    pub async fn erase_user(
        &self,
        tenant: TenantId,
        id: UserId,
        entry: Entry,
        now: Timestamp,
    ) -> Result<Option<Erasure>> {
        match self.without_user(tenant, id).await? {
            Some(eraser) => eraser.end(self, (Scope::User, id.into()), Some(entry), now).await.map(Some),
            None => Ok(None),
        }
    }

    /// What erasing a user would take, as [`Db::preview_session`].
    pub async fn preview_user(&self, tenant: TenantId, id: UserId) -> Result<Option<Preview>> {
        Ok(self.without_user(tenant, id).await?.map(Eraser::preview))
    }

    async fn without_user(&self, tenant: TenantId, id: UserId) -> Result<Option<Eraser>> {
        let mut eraser = Eraser::begin(self, tenant).await?;
        let admins = users::Entity::find()
            .filter(users::Column::TenantId.eq(tenant.0))
            .filter(users::Column::Role.eq(UserRole::Admin.to_string()))
            .filter(users::Column::IsActive.eq(true))
            // Somebody who is only invited cannot sign in.
            .filter(users::Column::PasswordHash.ne(""));
        let admins: Vec<Uuid> =
            admins.select_only().column(users::Column::Id).lock_exclusive().into_tuple().all(&eraser.tx).await?;
        if admins == [id.0] {
            return Err(refused("this is the last administrator: make another one first, or erase the tenant"));
        }
        let literal = eraser.literal(id.into());
        let known =
            users::Entity::find_by_id(id.0).filter(users::Column::TenantId.eq(tenant.0)).one(&eraser.tx).await?;
        let Some(known) = known else { return Ok(None) };
        let seats = format!("user_id = {literal}");
        let sessions = format!("{seats} OR seat_id IN (SELECT id FROM seats WHERE {seats})");
        let mut theirs = eraser.ids("seats", &seats).await?;
        theirs.extend(eraser.ids("sessions", &sessions).await?);
        theirs.extend(eraser.ids("devices", &format!("seat_id IN (SELECT id FROM seats WHERE {seats})")).await?);
        eraser.prefixes_of(&sessions).await?;
        let held = Expr::cust(format!("({sessions})"));
        legal_holds::refuse(&eraser.tx, tenant, held).await?;
        let names = eraser.names_of(&known).await?;
        eraser.prefixes.insert(exports_prefix(tenant, id));
        eraser.take("users", &format!("id = {literal}")).await?;
        eraser.forget_names(&[id.into()], NOBODY).await?;
        eraser.forget_names(&theirs, "").await?;
        eraser.forget_person(&names).await?;
        Ok(Some(eraser))
    }

    /// Erases a tenant with everything, its audit log too; `None` when there is none.
    ///
    /// # Errors
    /// [`Rule::LegalHold`] while anything is held.
    pub async fn erase_tenant(&self, tenant: TenantId, now: Timestamp) -> Result<Option<Erasure>> {
        if self.tenant(tenant).await?.is_none() {
            return Ok(None);
        }
        let mut eraser = Eraser::begin(self, tenant).await?;
        legal_holds::refuse_any(&eraser.tx, tenant, Expr::val(true)).await?;
        eraser.prefixes.insert(format!("tenants/{tenant}"));
        eraser.take_all().await?;
        eraser.end(self, (Scope::Tenant, tenant.into()), None, now).await.map(Some)
    }
}

/// An erasure on its way, in one transaction.
struct Eraser {
    tx: DatabaseTransaction,
    engine: DbBackend,
    tenant: TenantId,
    tables: Vec<Table>,
    prefixes: BTreeSet<String>,
    rows: BTreeMap<String, u64>,
}

impl Eraser {
    async fn begin(db: &Db, tenant: TenantId) -> Result<Self> {
        let tx = db.begin().await?;
        let engine = ConnectionTrait::get_database_backend(&tx);
        let tables = tables(&tx).await?;
        Ok(Self { tx, engine, tenant, tables, prefixes: BTreeSet::new(), rows: BTreeMap::new() })
    }

    /// An id as the engine's SQL writes it.
    fn literal(&self, id: Uuid) -> String {
        literal(self.engine, id)
    }

    async fn run(&self, sql: &str) -> Result<u64> {
        Ok(self.tx.execute_unprepared(sql).await?.rows_affected())
    }

    /// Notes where the objects of these sessions stand. The sessions are held: nothing is added to them meanwhile.
    async fn prefixes_of(&mut self, sessions: &str) -> Result<()> {
        let lock = if self.engine == DbBackend::Postgres { " FOR UPDATE" } else { "" };
        let tenant = self.literal(self.tenant.into());
        let sql = format!("SELECT id, user_id FROM sessions WHERE tenant_id = {tenant} AND ({sessions}){lock}");
        let mut users = BTreeSet::new();
        for row in self.tx.query_all_raw(Statement::from_string(self.engine, sql)).await? {
            let session: Uuid = row.try_get_by_index(0)?;
            users.insert(row.try_get_by_index::<Uuid>(1)?);
            self.prefixes.insert(Keys { tenant: self.tenant, session: session.into() }.prefix());
            self.prefixes.insert(uploads_prefix(self.tenant, session));
            // What came in several requests stands apart.
            use uploads::Column as C;
            let of_session = C::TenantId.eq(self.tenant.0).and(C::SessionId.eq(session));
            let open: Vec<Uuid> = uploads::Entity::find()
                .select_only()
                .column(C::Id)
                .filter(of_session.clone().and(C::State.ne(UploadState::Complete.to_string())))
                .into_tuple()
                .all(&self.tx)
                .await?;
            self.prefixes.extend(open.into_iter().map(|upload| uploads_prefix(self.tenant, upload)));
            let keys: Vec<String> = upload_chunks::Entity::find()
                .select_only()
                .column(upload_chunks::Column::ObjectKey)
                .join(
                    sea_orm::JoinType::InnerJoin,
                    upload_chunks::Entity::belongs_to(uploads::Entity)
                        .from(upload_chunks::Column::UploadId)
                        .to(C::Id)
                        .into(),
                )
                .filter(of_session)
                .into_tuple()
                .all(&self.tx)
                .await?;
            let folders = keys.iter().filter_map(|key| key.rsplit_once('/')).map(|(folder, _)| folder.to_owned());
            self.prefixes.extend(folders);
        }
        for user in users {
            let folder = exports_prefix(self.tenant, user.into());
            let gone = withdraw(&self.tx, self.tenant, user.into()).await?;
            self.prefixes.extend(gone.into_iter().map(|id| format!("{folder}/{id}")));
        }
        Ok(())
    }

    /// Takes rows of a table with all that refers to them; where a reference may be empty, it is emptied.
    async fn take(&mut self, table: &str, which: &str) -> Result<()> {
        let tenant = self.literal(self.tenant.into());
        for Reached { table, which, loosely, .. } in reached(&self.tables, &tenant, table, which) {
            if let Some(column) = loosely {
                self.run(&format!("UPDATE {table} SET {column} = NULL WHERE {which}")).await?;
                continue;
            }
            let gone = self.run(&format!("DELETE FROM {table} WHERE {which}")).await?;
            if gone > 0 {
                *self.rows.entry(table).or_default() += gone;
            }
        }
        Ok(())
    }

    /// Takes everything of the tenant.
    async fn take_all(&mut self) -> Result<()> {
        self.unlock_logs().await?;
        let tenant = self.literal(self.tenant.into());
        let unlocks = |table: &&Table| table.name.ends_with("_erasures");
        let plain = |table: &&Table| table.tenant_column() == Some("tenant_id") && table.name != "erasures";
        let dependents_first = self.tables.iter().rev().filter(plain);
        let (last, first): (Vec<_>, Vec<_>) = dependents_first.partition(unlocks);
        for table in first.into_iter().chain(last) {
            let gone = self.run(&format!("DELETE FROM {} WHERE tenant_id = {tenant}", table.name)).await?;
            if gone > 0 && !unlocks(&table) {
                self.rows.insert(table.name.clone(), gone);
            }
        }
        let gone = self.run(&format!("DELETE FROM tenants WHERE id = {tenant}")).await?;
        if gone > 0 {
            self.rows.insert("tenants".into(), gone);
        }
        Ok(())
    }

    /// Lets rows of the logs that otherwise nobody changes be changed, within this transaction.
    async fn unlock_logs(&self) -> Result<()> {
        let row = audit_erasures::ActiveModel { tenant_id: Set(self.tenant.0) };
        audit_erasures::Entity::insert(row).exec_without_returning(&self.tx).await?;
        let row = minute_erasures::ActiveModel { tenant_id: Set(self.tenant.0) };
        minute_erasures::Entity::insert(row).exec_without_returning(&self.tx).await?;
        Ok(())
    }

    /// The audit log says what was done to them, or by them, and not what they were called or where they were.
    async fn forget_names(&self, ids: &[Uuid], name: &str) -> Result<()> {
        use audit_entries::Column as C;
        self.unlock_logs().await?;
        for ids in ids.chunks(IDS_AT_ONCE) {
            let about = C::TenantId.eq(self.tenant.0).and(C::TargetId.is_in(ids.iter().map(Uuid::to_string)));
            audit_entries::Entity::update_many()
                .col_expr(C::TargetName, Expr::value(name))
                .col_expr(C::Detail, Expr::value("{}"))
                .filter(about.clone())
                .exec(&self.tx)
                .await?;
            // What nobody in particular did, somebody did who meant to be them.
            audit_entries::Entity::update_many()
                .col_expr(C::Address, Expr::value(None::<String>))
                .filter(about.and(C::ActorId.is_null()))
                .exec(&self.tx)
                .await?;
            audit_entries::Entity::update_many()
                .col_expr(C::ActorName, Expr::value(name))
                .col_expr(C::Address, Expr::value(None::<String>))
                .filter(C::TenantId.eq(self.tenant.0).and(C::ActorId.is_in(ids.iter().copied())))
                .exec(&self.tx)
                .await?;
        }
        self.lock_logs().await
    }

    /// The ids of rows of a table.
    async fn ids(&self, table: &str, which: &str) -> Result<Vec<Uuid>> {
        let tenant = self.literal(self.tenant.into());
        let sql = format!("SELECT id FROM {table} WHERE tenant_id = {tenant} AND ({which})");
        let rows = self.tx.query_all_raw(Statement::from_string(self.engine, sql)).await?;
        rows.iter().map(|row| Ok(row.try_get_by_index(0)?)).collect()
    }

    async fn lock_logs(&self) -> Result<()> {
        audit_erasures::Entity::delete_by_id(self.tenant.0).exec(&self.tx).await?;
        minute_erasures::Entity::delete_by_id(self.tenant.0).exec(&self.tx).await?;
        Ok(())
    }

    /// The address of somebody, and every name that the log knows: an earlier one, too.
    async fn names_of(&self, user: &users::Model) -> Result<BTreeSet<String>> {
        use audit_entries::Column as C;
        let log = || audit_entries::Entity::find().select_only().filter(C::TenantId.eq(self.tenant.0));
        let did = log().column(C::ActorName).distinct().filter(C::ActorId.eq(user.id));
        let done = log().column(C::TargetName).distinct().filter(C::TargetId.eq(user.id.to_string()));
        let done = done.filter(C::TargetKind.eq("user").and(C::TargetName.ne("")));
        let mut names: BTreeSet<String> = did.into_tuple().all(&self.tx).await?.into_iter().collect();
        names.extend(done.into_tuple::<String>().all(&self.tx).await?);
        names.extend([user.full_name.clone(), user.email.clone()]);
        Ok(names)
    }

    /// Takes names and an address out of the texts that hold them.
    async fn forget_person(&self, names: &BTreeSet<String>) -> Result<()> {
        use audit_entries::Column as C;
        self.unlock_logs().await?;
        for text in names {
            audit_entries::Entity::update_many()
                .col_expr(C::TargetName, Expr::value(NOBODY))
                .filter(C::TenantId.eq(self.tenant.0).and(C::TargetName.eq(text)))
                .exec(&self.tx)
                .await?;
            // As a whole text within JSON: a short name is part of many words.
            let quoted = to_json("text", text)?;
            audit_entries::Entity::update_many()
                .col_expr(C::Detail, Expr::value("{}"))
                .filter(C::TenantId.eq(self.tenant.0).and(Expr::col(C::Detail).like(within(&quoted))))
                .exec(&self.tx)
                .await?;
        }
        self.lock_logs().await?;
        task_changes::Entity::update_many()
            .col_expr(task_changes::Column::ChangedBy, Expr::value(NOBODY))
            .filter(task_changes::Column::TenantId.eq(self.tenant.0))
            .filter(task_changes::Column::ChangedBy.is_in(names))
            .exec(&self.tx)
            .await?;
        task_attachments::Entity::update_many()
            .col_expr(task_attachments::Column::AddedBy, Expr::value(NOBODY))
            .filter(task_attachments::Column::TenantId.eq(self.tenant.0))
            .filter(task_attachments::Column::AddedBy.is_in(names))
            .exec(&self.tx)
            .await?;
        Ok(())
    }

    /// What would go. All is as it was.
    fn preview(self) -> Preview {
        Preview { rows: self.rows, prefixes: self.prefixes.into_iter().collect() }
    }

    /// Notes what went, and makes it count.
    async fn end(
        self,
        db: &Db,
        (scope, subject): (Scope, Uuid),
        entry: Option<Entry>,
        now: Timestamp,
    ) -> Result<Erasure> {
        if scope != Scope::Tenant {
            // A job that ran was one of them.
            recount(&self.tx, self.tenant.0).await?;
        }
        let row = erasures::Model {
            id: Uuid::now_v7(),
            tenant_id: self.tenant.0,
            scope: scope.to_string(),
            subject_id: subject,
            prefixes: to_json("prefixes", &self.prefixes)?,
            rows_erased: to_json("rows", &self.rows)?,
            objects: 0,
            bytes: 0,
            sweeps: 0,
            not_before: now.0,
            requested_at: now.0,
            completed_at: None,
            record: None,
            signature: None,
        };
        erasures::Entity::insert(row.clone().into_active_model()).exec_without_returning(&self.tx).await?;
        if let Some(entry) = entry {
            let entry = entry.on(&row.scope, subject, "").with("erasure_id", row.id.to_string());
            audit::append(&self.tx, self.tenant, &entry, now).await?;
        }
        self.tx.commit().await?;
        db.traces.store(true, Ordering::SeqCst);
        row.try_into()
    }
}
