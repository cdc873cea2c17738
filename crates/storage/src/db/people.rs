//! Who works with a tenant: users, seats, devices.

use super::{
    Db, DbError, Result, audit,
    entity::{devices, seats, sessions, users},
    error::word,
    pairing::{insert_device, settle},
};
use domain::{
    DeviceId, SeatId, TenantId, Timestamp, UserId,
    audit::Entry,
    device::Device,
    seat::{Seat, SeatRole, SeatStatus},
    user::{User, UserRole, normalise_email},
};
use sea_orm::{ColumnTrait, EntityTrait, ExprTrait, QueryFilter, QueryOrder, sea_query::Expr};
use uuid::Uuid;

/// What a new user needs.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct NewUser {
    pub email: String,
    pub full_name: String,
    pub role: UserRole,
    /// PHC string, never the password.
    pub password_hash: String,
}

/// What a new device needs.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct NewDevice {
    pub model: String,
    pub serial: String,
    pub software_version: String,
    /// SHA-256 of the token in hex, never the token.
    pub token_hash: String,
}

impl Db {
    /// Creates a user; [`DbError::Exists`] when the address is taken on this installation.
    pub async fn create_user(&self, tenant: TenantId, new: NewUser, now: Timestamp) -> Result<User> {
        let row = users::Model {
            id: Uuid::now_v7(),
            tenant_id: tenant.0,
            email: normalise_email(&new.email),
            full_name: new.full_name,
            role: new.role.to_string(),
            is_active: true,
            password_hash: new.password_hash,
            created_at: now.0,
            last_signed_in_at: None,
        };
        users::Entity::insert(users::ActiveModel::from(row.clone())).exec_without_returning(&self.conn).await?;
        row.try_into()
    }

    /// One user.
    pub async fn user(&self, tenant: TenantId, id: UserId) -> Result<Option<User>> {
        let found =
            users::Entity::find_by_id(id.0).filter(users::Column::TenantId.eq(tenant.0)).one(&self.conn).await?;
        found.map(User::try_from).transpose()
    }

    /// All users of a tenant, oldest first.
    pub async fn users(&self, tenant: TenantId) -> Result<Vec<User>> {
        let rows = users::Entity::find()
            .filter(users::Column::TenantId.eq(tenant.0))
            .order_by_asc(users::Column::Id)
            .all(&self.conn)
            .await?;
        rows.into_iter().map(User::try_from).collect()
    }

    /// The active user who signs in with this address, and the hash of the password. Takes no tenant: the address
    /// tells which.
    pub async fn user_signing_in(&self, email: &str) -> Result<Option<(User, String)>> {
        let found = users::Entity::find()
            .filter(users::Column::Email.eq(normalise_email(email)))
            .filter(users::Column::IsActive.eq(true))
            .one(&self.conn)
            .await?;
        found.map(|row| Ok((row.clone().try_into()?, row.password_hash))).transpose()
    }

    /// Creates a seat, which then needs a device.
    pub async fn create_seat(&self, tenant: TenantId, user: UserId, role: SeatRole, now: Timestamp) -> Result<Seat> {
        let row = seats::Model {
            id: Uuid::new_v4(),
            tenant_id: tenant.0,
            user_id: user.0,
            role: role.to_string(),
            status: SeatStatus::NeedsDevice.to_string(),
            created_at: now.0,
        };
        seats::Entity::insert(seats::ActiveModel::from(row.clone())).exec_without_returning(&self.conn).await?;
        row.try_into()
    }

    /// Gives a seat to `user`, in `role`; `None` when there is no such seat.
    ///
    /// # Errors
    /// [`DbError::Refused`] when it has run sessions, which stay their engineer's, and `user` is somebody else.
    pub async fn change_seat(
        &self,
        tenant: TenantId,
        id: SeatId,
        (user, role): (UserId, SeatRole),
        entry: Entry,
        now: Timestamp,
    ) -> Result<Option<Seat>> {
        let tx = self.begin().await?;
        let of = seats::Column::TenantId.eq(tenant.0).and(seats::Column::Id.eq(id.0));
        let changed = seats::Entity::update_many()
            .col_expr(seats::Column::Role, Expr::value(role.to_string()))
            .filter(of.clone())
            .exec_with_returning(&tx)
            .await?;
        let Some(mut seat) = changed.into_iter().next() else { return Ok(None) };
        if seat.user_id != user.0 {
            let ran = sessions::Column::TenantId.eq(tenant.0).and(sessions::Column::SeatId.eq(id.0));
            if sessions::Entity::find().filter(ran).one(&tx).await?.is_some() {
                return Err(DbError::Refused("the seat has run sessions, which stay their engineer's".into()));
            }
            let to = seats::Entity::update_many().col_expr(seats::Column::UserId, Expr::value(user.0)).filter(of);
            to.exec(&tx).await?;
            seat.user_id = user.0;
        }
        audit::append(&tx, tenant, &entry, now).await?;
        tx.commit().await?;
        Some(seat.try_into()).transpose()
    }

    /// One seat.
    pub async fn seat(&self, tenant: TenantId, id: SeatId) -> Result<Option<Seat>> {
        let found =
            seats::Entity::find_by_id(id.0).filter(seats::Column::TenantId.eq(tenant.0)).one(&self.conn).await?;
        found.map(Seat::try_from).transpose()
    }

    /// Pairs a device with a seat, which becomes active.
    pub async fn pair_device(&self, tenant: TenantId, seat: SeatId, new: NewDevice, now: Timestamp) -> Result<Device> {
        let tx = self.begin().await?;
        let device = insert_device(&tx, tenant, seat, new, now).await?;
        settle(&tx, tenant, seat, now).await?;
        tx.commit().await?;
        Ok(device)
    }

    /// The device that holds a token, with its seat; `None` when the device was revoked or its user is not active. Takes
    /// no tenant: the token tells which.
    pub async fn device_by_token(&self, token_hash: &str) -> Result<Option<(Device, Seat)>> {
        let found = devices::Entity::find()
            .filter(devices::Column::TokenHash.eq(token_hash))
            .filter(devices::Column::RevokedAt.is_null())
            .one(&self.conn)
            .await?;
        let Some(device) = found else { return Ok(None) };
        let device = Device::from(device);
        let Some(seat) = self.seat(device.tenant_id, device.seat_id).await? else { return Ok(None) };
        let active = self.user(device.tenant_id, seat.user_id).await?.is_some_and(|u| u.is_active);
        Ok(active.then_some((device, seat)))
    }

    /// Whether a device may speak: it is not revoked, and the user of its seat is active.
    pub async fn is_paired(&self, tenant: TenantId, id: DeviceId) -> Result<bool> {
        let found = devices::Entity::find_by_id(id.0)
            .filter(devices::Column::TenantId.eq(tenant.0))
            .filter(devices::Column::RevokedAt.is_null())
            .one(&self.conn)
            .await?;
        let Some(device) = found else { return Ok(false) };
        let Some(seat) = self.seat(tenant, device.seat_id.into()).await? else { return Ok(false) };
        Ok(self.user(tenant, seat.user_id).await?.is_some_and(|user| user.is_active))
    }

    /// Notes that a device was heard.
    pub async fn device_seen(&self, tenant: TenantId, id: DeviceId, now: Timestamp) -> Result<()> {
        devices::Entity::update_many()
            .col_expr(devices::Column::LastSeenAt, Expr::value(now.0))
            .filter(devices::Column::Id.eq(id.0))
            .filter(devices::Column::TenantId.eq(tenant.0))
            .exec(&self.conn)
            .await?;
        Ok(())
    }
}

impl TryFrom<users::Model> for User {
    type Error = DbError;
    fn try_from(r: users::Model) -> Result<Self> {
        Ok(Self {
            id: r.id.into(),
            tenant_id: r.tenant_id.into(),
            email: r.email,
            full_name: r.full_name,
            role: word("user role", &r.role)?,
            is_active: r.is_active,
            created_at: Timestamp(r.created_at),
        })
    }
}

impl TryFrom<seats::Model> for Seat {
    type Error = DbError;
    fn try_from(r: seats::Model) -> Result<Self> {
        Ok(Self {
            id: r.id.into(),
            tenant_id: r.tenant_id.into(),
            user_id: r.user_id.into(),
            role: word("seat role", &r.role)?,
            status: word("seat status", &r.status)?,
            created_at: Timestamp(r.created_at),
        })
    }
}

impl From<devices::Model> for Device {
    fn from(r: devices::Model) -> Self {
        Self {
            id: r.id.into(),
            tenant_id: r.tenant_id.into(),
            seat_id: r.seat_id.into(),
            model: r.model,
            serial: r.serial,
            software_version: r.software_version,
            last_seen_at: r.last_seen_at.map(Timestamp),
            created_at: Timestamp(r.created_at),
        }
    }
}
