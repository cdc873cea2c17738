//! Pairing: a code is opened for a seat and exchanged for a device; a device can be revoked. A seat's status follows from
//! its devices and codes, and is written in the transaction that changes them.

use super::{
    Db, DbError, Result,
    entity::{devices, pairing_codes, seats, users},
    error::{json, to_json},
    people::NewDevice,
};
use domain::{
    DeviceId, SeatId, TenantId, Timestamp,
    device::{Device, DeviceReport},
    seat::{Seat, SeatStatus},
    user::User,
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::Expr,
};
use std::collections::HashMap;
use uuid::Uuid;

/// A seat with what stands around it.
#[derive(Clone, Debug, PartialEq)]
pub struct SeatOverview {
    /// The seat; its status is that of the instant asked about.
    pub seat: Seat,
    /// Whose seat it is.
    pub user: User,
    /// The devices that are not revoked, oldest first.
    pub devices: Vec<PairedDevice>,
}

/// A device with what it last told of itself.
#[derive(Clone, Debug, PartialEq)]
pub struct PairedDevice {
    /// The device.
    pub device: Device,
    /// What it told, and when.
    pub report: Option<(DeviceReport, Timestamp)>,
}

/// What has become of a pairing code.
#[derive(Clone, Debug, PartialEq)]
pub enum Pairing {
    /// It can be exchanged until then.
    Open {
        /// When it expires.
        expires_at: Timestamp,
    },
    /// This device came of it.
    Paired(Device),
    /// Nobody exchanged it in time.
    Expired,
    /// A newer code took its place.
    Replaced,
}

impl Db {
    /// Opens a code for a seat, which voids the seat's older ones. `code_hash` is its SHA-256 in hex.
    /// [`DbError::Exists`] when the code is open already, [`DbError::Refused`] when there is no such seat.
    pub async fn open_pairing_code(
        &self,
        tenant: TenantId,
        seat: SeatId,
        code_hash: &str,
        expires_at: Timestamp,
        now: Timestamp,
    ) -> Result<()> {
        let tx = self.begin().await?;
        pairing_codes::Entity::delete_many()
            .filter(pairing_codes::Column::TenantId.eq(tenant.0).and(pairing_codes::Column::SeatId.eq(seat.0)))
            .exec(&tx)
            .await?;
        let row = pairing_codes::Model {
            code_hash: code_hash.into(),
            tenant_id: tenant.0,
            seat_id: seat.0,
            device_id: None,
            expires_at: expires_at.0,
            created_at: now.0,
        };
        pairing_codes::Entity::insert(pairing_codes::ActiveModel::from(row)).exec_without_returning(&tx).await?;
        settle(&tx, tenant, seat, now).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Exchanges a code for a device; `None` when it is unknown, expired or used, or its user is not active any more.
    /// While the device that came of it has never been heard of, the code gives another one in its place. Takes no tenant:
    /// the code tells which.
    pub async fn exchange_pairing_code(
        &self,
        code_hash: &str,
        new: NewDevice,
        now: Timestamp,
    ) -> Result<Option<(Device, Seat)>> {
        let tx = self.begin().await?;
        let code = pairing_codes::Entity::find_by_id(code_hash)
            .filter(pairing_codes::Column::ExpiresAt.gt(now.0))
            .lock_exclusive()
            .one(&tx)
            .await?;
        let Some(code) = code else { return Ok(None) };
        let (tenant, seat) = (TenantId(code.tenant_id), SeatId(code.seat_id));
        let its_seat = seats::Entity::find_by_id(seat.0).filter(seats::Column::TenantId.eq(tenant.0)).one(&tx).await?;
        let Some(its_seat) = its_seat else { return Ok(None) };
        let user = users::Entity::find_by_id(its_seat.user_id).filter(users::Column::TenantId.eq(tenant.0));
        if !user.one(&tx).await?.is_some_and(|user| user.is_active) {
            return Ok(None);
        }
        if let Some(device) = code.device_id {
            let unheard = devices::Entity::delete_by_id(device)
                .filter(devices::Column::TenantId.eq(tenant.0))
                .filter(devices::Column::LastSeenAt.is_null())
                .filter(devices::Column::RevokedAt.is_null())
                .exec(&tx)
                .await?;
            if unheard.rows_affected == 0 {
                return Ok(None);
            }
        }
        let device = insert_device(&tx, tenant, seat, new, now).await?;
        pairing_codes::Entity::update_many()
            .col_expr(pairing_codes::Column::DeviceId, Expr::value(device.id.0))
            .filter(pairing_codes::Column::CodeHash.eq(code_hash))
            .exec(&tx)
            .await?;
        settle(&tx, tenant, seat, now).await?;
        tx.commit().await?;
        Ok(self.seat(tenant, seat).await?.map(|seat| (device, seat)))
    }

    /// What has become of the code that was opened for a seat at `opened_at`; `None` when there is no such seat.
    pub async fn pairing(
        &self,
        tenant: TenantId,
        seat: SeatId,
        opened_at: Timestamp,
        now: Timestamp,
    ) -> Result<Option<Pairing>> {
        if self.seat(tenant, seat).await?.is_none() {
            return Ok(None);
        }
        let device = devices::Entity::find()
            .filter(devices::Column::TenantId.eq(tenant.0).and(devices::Column::SeatId.eq(seat.0)))
            .filter(devices::Column::RevokedAt.is_null())
            .filter(devices::Column::CreatedAt.gte(opened_at.0))
            .order_by_desc(devices::Column::CreatedAt)
            .one(&self.conn)
            .await?;
        if let Some(device) = device {
            return Ok(Some(Pairing::Paired(device.into())));
        }
        let newest = pairing_codes::Entity::find()
            .filter(pairing_codes::Column::TenantId.eq(tenant.0).and(pairing_codes::Column::SeatId.eq(seat.0)))
            .order_by_desc(pairing_codes::Column::CreatedAt)
            .one(&self.conn)
            .await?;
        Ok(Some(match newest {
            Some(code) if code.created_at > opened_at.0 => Pairing::Replaced,
            Some(code) if code.created_at == opened_at.0 && code.expires_at > now.0 => {
                Pairing::Open { expires_at: Timestamp(code.expires_at) }
            }
            _ => Pairing::Expired,
        }))
    }

    /// Until when a code of a seat can be exchanged; `None` when none can.
    pub async fn open_code(&self, tenant: TenantId, seat: SeatId, now: Timestamp) -> Result<Option<Timestamp>> {
        let code = pairing_codes::Entity::find()
            .filter(pairing_codes::Column::TenantId.eq(tenant.0).and(pairing_codes::Column::SeatId.eq(seat.0)))
            .filter(pairing_codes::Column::DeviceId.is_null())
            .filter(pairing_codes::Column::ExpiresAt.gt(now.0))
            .one(&self.conn)
            .await?;
        Ok(code.map(|code| Timestamp(code.expires_at)))
    }

    /// Removes the codes that have expired; a seat without device then needs one. Returns how many there were.
    pub async fn expire_pairing_codes(&self, now: Timestamp) -> Result<u64> {
        let expired = pairing_codes::Column::ExpiresAt.lte(now.0);
        let found = pairing_codes::Entity::find().filter(expired.clone()).limit(1).one(&self.conn).await?;
        if found.is_none() {
            return Ok(0);
        }
        let tx = self.begin().await?;
        let codes = pairing_codes::Entity::find().filter(expired.clone()).all(&tx).await?;
        pairing_codes::Entity::delete_many().filter(expired).exec(&tx).await?;
        for code in &codes {
            settle(&tx, TenantId(code.tenant_id), SeatId(code.seat_id), now).await?;
        }
        tx.commit().await?;
        Ok(codes.len() as u64)
    }

    /// Shuts a device out for good; `None` when there is no such device, or it was shut out before. What it has
    /// delivered stays. A seat whose last device it was needs another.
    pub async fn revoke_device(&self, tenant: TenantId, id: DeviceId, now: Timestamp) -> Result<Option<Device>> {
        let tx = self.begin().await?;
        // Its code must not bring it back.
        pairing_codes::Entity::delete_many()
            .filter(pairing_codes::Column::TenantId.eq(tenant.0).and(pairing_codes::Column::DeviceId.eq(id.0)))
            .exec(&tx)
            .await?;
        let revoked = devices::Entity::update_many()
            .col_expr(devices::Column::RevokedAt, Expr::value(now.0))
            .filter(devices::Column::TenantId.eq(tenant.0))
            .filter(devices::Column::Id.eq(id.0))
            .filter(devices::Column::RevokedAt.is_null())
            .exec_with_returning(&tx)
            .await?;
        let Some(device) = revoked.into_iter().next() else { return Ok(None) };
        settle(&tx, tenant, SeatId(device.seat_id), now).await?;
        tx.commit().await?;
        Ok(Some(device.into()))
    }

    /// Keeps what a device tells of itself in place of what it told before; its version only where it tells one.
    pub async fn report_device(
        &self,
        tenant: TenantId,
        id: DeviceId,
        report: &DeviceReport,
        software_version: Option<&str>,
        now: Timestamp,
    ) -> Result<()> {
        let mut update = devices::Entity::update_many()
            .col_expr(devices::Column::Report, Expr::value(to_json("device report", report)?))
            .col_expr(devices::Column::ReportedAt, Expr::value(now.0))
            .filter(devices::Column::TenantId.eq(tenant.0))
            .filter(devices::Column::Id.eq(id.0));
        if let Some(version) = software_version {
            update = update.col_expr(devices::Column::SoftwareVersion, Expr::value(version));
        }
        update.exec(&self.conn).await?;
        Ok(())
    }

    /// The seats of a tenant, those created first on top.
    pub async fn seat_overviews(&self, tenant: TenantId, now: Timestamp) -> Result<Vec<SeatOverview>> {
        let of_tenant = seats::Entity::find().filter(seats::Column::TenantId.eq(tenant.0));
        let rows = of_tenant.order_by_asc(seats::Column::CreatedAt).order_by_asc(seats::Column::Id);
        self.around_seats(tenant, rows.all(&self.conn).await?, now).await
    }

    /// One seat with what stands around it.
    pub async fn seat_overview(&self, tenant: TenantId, id: SeatId, now: Timestamp) -> Result<Option<SeatOverview>> {
        let rows = seats::Entity::find_by_id(id.0).filter(seats::Column::TenantId.eq(tenant.0)).all(&self.conn).await?;
        Ok(self.around_seats(tenant, rows, now).await?.pop())
    }

    pub(crate) async fn around_seats(
        &self,
        tenant: TenantId,
        rows: Vec<seats::Model>,
        now: Timestamp,
    ) -> Result<Vec<SeatOverview>> {
        let mut people: HashMap<Uuid, User> = HashMap::new();
        for user in self.users(tenant).await? {
            people.insert(user.id.0, user);
        }
        let mut paired: HashMap<Uuid, Vec<PairedDevice>> = HashMap::new();
        let found = devices::Entity::find()
            .filter(devices::Column::TenantId.eq(tenant.0).and(devices::Column::RevokedAt.is_null()))
            .filter(devices::Column::SeatId.is_in(rows.iter().map(|r| r.id)))
            .order_by_asc(devices::Column::Id)
            .all(&self.conn)
            .await?;
        for row in found {
            paired.entry(row.seat_id).or_default().push(row.try_into()?);
        }
        let open: Vec<Uuid> = open_codes(&self.conn, tenant, now).await?;
        let mut seats = Vec::new();
        for row in rows {
            let devices = paired.remove(&row.id).unwrap_or_default();
            let Some(user) = people.get(&row.user_id).cloned() else { continue };
            let status = status(!devices.is_empty(), open.contains(&row.id));
            seats.push(SeatOverview { seat: Seat { status, ..row.try_into()? }, user, devices });
        }
        Ok(seats)
    }
}

/// Seats with a code that can be exchanged.
async fn open_codes(conn: &impl ConnectionTrait, tenant: TenantId, now: Timestamp) -> Result<Vec<Uuid>> {
    Ok(pairing_codes::Entity::find()
        .select_only()
        .column(pairing_codes::Column::SeatId)
        .filter(pairing_codes::Column::TenantId.eq(tenant.0))
        .filter(pairing_codes::Column::DeviceId.is_null())
        .filter(pairing_codes::Column::ExpiresAt.gt(now.0))
        .into_tuple()
        .all(conn)
        .await?)
}

fn status(has_device: bool, has_code: bool) -> SeatStatus {
    match (has_device, has_code) {
        (true, _) => SeatStatus::Active,
        (false, true) => SeatStatus::ReadyToPair,
        (false, false) => SeatStatus::NeedsDevice,
    }
}

/// Writes the status of a seat as its devices and codes say.
pub(crate) async fn settle(tx: &DatabaseTransaction, tenant: TenantId, seat: SeatId, now: Timestamp) -> Result<()> {
    // Held, so that two changes of one seat take turns.
    let held = seats::Entity::find_by_id(seat.0).filter(seats::Column::TenantId.eq(tenant.0)).lock_exclusive();
    if held.one(tx).await?.is_none() {
        return Err(DbError::Refused("the seat is of another tenant".into()));
    }
    let device = devices::Entity::find()
        .filter(devices::Column::TenantId.eq(tenant.0).and(devices::Column::SeatId.eq(seat.0)))
        .filter(devices::Column::RevokedAt.is_null())
        .one(tx)
        .await?;
    let status = status(device.is_some(), open_codes(tx, tenant, now).await?.contains(&seat.0));
    seats::Entity::update_many()
        .col_expr(seats::Column::Status, Expr::value(status.to_string()))
        .filter(seats::Column::Id.eq(seat.0).and(seats::Column::TenantId.eq(tenant.0)))
        .exec(tx)
        .await?;
    Ok(())
}

/// Writes the row of a new device.
pub(crate) async fn insert_device(
    tx: &DatabaseTransaction,
    tenant: TenantId,
    seat: SeatId,
    new: NewDevice,
    now: Timestamp,
) -> Result<Device> {
    let row = devices::Model {
        id: Uuid::now_v7(),
        tenant_id: tenant.0,
        seat_id: seat.0,
        model: new.model,
        serial: new.serial,
        software_version: new.software_version,
        token_hash: new.token_hash,
        last_seen_at: None,
        created_at: now.0,
        revoked_at: None,
        report: None,
        reported_at: None,
    };
    devices::Entity::insert(devices::ActiveModel::from(row.clone())).exec_without_returning(tx).await?;
    Ok(row.into())
}

impl TryFrom<devices::Model> for PairedDevice {
    type Error = DbError;
    fn try_from(r: devices::Model) -> Result<Self> {
        let told = r.report.as_deref().map(|text| json("device report", text)).transpose()?;
        let report = told.zip(r.reported_at.map(Timestamp));
        Ok(Self { device: r.into(), report })
    }
}
