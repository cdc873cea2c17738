//! Notices of an organisation in all their versions, and which wearer accepted which.

use super::{
    Db, DbError, Result, audit,
    entity::{consents, notices, tenants},
    error::word,
};
use domain::{
    SeatId, TenantId, Timestamp,
    audit::{Action, Entry},
    device::Device,
    notice::{Notice, NoticeKind},
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, ExprTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::OnConflict,
};

/// What a device shows, speaks and asks before a session.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Notices {
    /// Shown and spoken; `None` where none stands.
    pub recording: Option<Notice>,
    /// What the wearer has to accept; `None` where none stands.
    pub consent: Option<Notice>,
    /// When the wearer of this seat accepted that.
    pub accepted_at: Option<Timestamp>,
}

impl Db {
    /// Sets a text, and notes it with its version; an empty one takes it away. Returns the version that stands then: the present
    /// one where the text is the same.
    pub async fn set_notice(
        &self,
        tenant: TenantId,
        kind: NoticeKind,
        text: &str,
        entry: Entry,
        now: Timestamp,
    ) -> Result<u32> {
        let tx = self.begin().await?;
        // Versions of one organisation are counted one after another.
        tenants::Entity::find_by_id(tenant.0).lock_exclusive().one(&tx).await?;
        let newest = newest(&tx, tenant, kind, None).await?;
        let (stood, version) = newest.map_or((String::new(), 0), |notice| (notice.text, notice.version));
        if stood == text {
            return Ok(version);
        }
        let row = notices::Model {
            tenant_id: tenant.0,
            kind: kind.to_string(),
            version: i64::from(version) + 1,
            text: text.to_owned(),
            since: now.0,
        };
        notices::Entity::insert(notices::ActiveModel::from(row)).exec_without_returning(&tx).await?;
        audit::append(&tx, tenant, &entry.with("text", kind.to_string()).with("version", version + 1), now).await?;
        tx.commit().await?;
        Ok(version + 1)
    }

    /// The text that stands, an empty one included; `None` before the first.
    pub async fn notice(&self, tenant: TenantId, kind: NoticeKind) -> Result<Option<Notice>> {
        newest(&self.conn, tenant, kind, None).await
    }

    /// What the wearer of a seat is told and asked.
    pub async fn notices_for(&self, tenant: TenantId, seat: SeatId) -> Result<Notices> {
        let stands = async |kind| {
            let newest = newest(&self.conn, tenant, kind, None).await?;
            Ok::<_, DbError>(newest.filter(|notice| !notice.text.is_empty()))
        };
        let (recording, consent) = (stands(NoticeKind::Recording).await?, stands(NoticeKind::Consent).await?);
        let accepted = match &consent {
            Some(consent) => {
                let of_seat = consents::Column::TenantId.eq(tenant.0).and(consents::Column::SeatId.eq(seat.0));
                let this = of_seat.and(consents::Column::Version.eq(i64::from(consent.version)));
                consents::Entity::find().filter(this).one(&self.conn).await?
            }
            None => None,
        };
        Ok(Notices { recording, consent, accepted_at: accepted.map(|row| Timestamp(row.accepted_at)) })
    }

    /// Notes that the wearer has accepted a version of the text, on this device; `false` when another version stands. The first
    /// time counts.
    pub async fn accept_consent(&self, device: &Device, version: u32, now: Timestamp) -> Result<bool> {
        let (tenant, seat) = (device.tenant_id, device.seat_id);
        let tx = self.begin().await?;
        let stands = newest(&tx, tenant, NoticeKind::Consent, None).await?;
        if !stands.is_some_and(|notice| notice.version == version && !notice.text.is_empty()) {
            return Ok(false);
        }
        let row = consents::Model {
            seat_id: seat.0,
            tenant_id: tenant.0,
            version: version.into(),
            device_id: Some(device.id.0),
            accepted_at: now.0,
        };
        use consents::Column as C;
        let again = OnConflict::columns([C::SeatId, C::Version]).do_nothing().to_owned();
        let written = consents::Entity::insert(consents::ActiveModel::from(row))
            .on_conflict(again)
            .exec_without_returning(&tx)
            .await?;
        if written > 0 {
            let actor = domain::audit::Actor::device(device.id, device.model.clone());
            let entry = Entry::new(actor, Action::ConsentAccepted).on("seat", seat, "").with("version", version);
            audit::append(&tx, tenant, &entry, now).await?;
        }
        tx.commit().await?;
        Ok(true)
    }
}

impl Db {
    /// At how many seats a version of the wearer's text was accepted.
    pub async fn consents(&self, tenant: TenantId, version: u32) -> Result<u64> {
        let this = consents::Column::TenantId.eq(tenant.0).and(consents::Column::Version.eq(i64::from(version)));
        Ok(consents::Entity::find().filter(this).count(&self.conn).await?)
    }
}

/// The version of the recording notice that stood at an instant; `None` where none did.
pub(crate) async fn recording_version(
    conn: &impl ConnectionTrait,
    tenant: TenantId,
    at: Timestamp,
) -> Result<Option<i64>> {
    let stood = newest(conn, tenant, NoticeKind::Recording, Some(at)).await?;
    Ok(stood.filter(|notice| !notice.text.is_empty()).map(|notice| notice.version.into()))
}

async fn newest(
    conn: &impl ConnectionTrait,
    tenant: TenantId,
    kind: NoticeKind,
    until: Option<Timestamp>,
) -> Result<Option<Notice>> {
    use notices::Column as C;
    let mut found = notices::Entity::find().filter(C::TenantId.eq(tenant.0).and(C::Kind.eq(kind.to_string())));
    if let Some(until) = until {
        found = found.filter(C::Since.lte(until.0));
    }
    let row = found.order_by_desc(C::Version).limit(1).one(conn).await?;
    row.map(|row| {
        Ok(Notice {
            kind: word("notice", &row.kind)?,
            version: row.version as u32,
            text: row.text,
            since: Timestamp(row.since),
        })
    })
    .transpose()
}
