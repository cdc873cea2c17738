//! What is erased is gone from every table and every object, of that subject only, and a signed record says so.

use crate::{
    harness::{Place, at, erasing, on_both},
    world::World,
};
use bytes::Bytes;
use domain::{
    FixedClock, SessionId,
    audit::{Action, Actor, Entry, Target},
    erasure::{ErasureRecord, Scope},
    recording::Keys,
};
use sea_orm::{ConnectionTrait, DbBackend, Statement, TransactionTrait};
use storage::{
    db::{audit::AuditFilter, erasures::LATEST_SECONDS, jobs::Lease},
    erasure::{Signer, erase_due},
    objects::Objects,
    removal::uploads_prefix,
};
use uuid::Uuid;

/// Tables whose rows stay and hold ids only.
const KEPT: [&str; 2] = ["erasures:", "minute_transactions:"];

/// Whether a row, as the database writes it, holds an id.
fn holds(row: &str, id: Uuid) -> bool {
    let row = row.to_lowercase();
    row.contains(&id.simple().to_string()) || row.contains(&id.to_string())
}

async fn put(objects: &Objects, key: String) {
    objects.put(&key, Bytes::from_static(b"film")).await.unwrap();
}

async fn noted(place: &Place, world: &World<'_>) {
    let entry = Entry {
        actor: Actor::user(&world.crew.user),
        action: Action::FileUploaded,
        target: Some(Target {
            kind: "session".into(),
            id: world.session.to_string(),
            name: "Boiler of Mrs Smith".into(),
        }),
        detail: serde_json::Map::new(),
        address: Some([192, 0, 2, 7].into()),
    };
    place.db.audit(world.crew.tenant, &entry, at(0)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_erased_and_nothing_else() {
    on_both(async |place| {
        let world = World::new(place, "acme").await;
        noted(place, &world).await;
        let beside = place.processing(&world.crew, at(0)).await.id;
        let (tenant, gone) = (world.crew.tenant, world.session);
        let folder = tempfile::tempdir().unwrap();
        let objects = Objects::disk(folder.path()).unwrap();
        let keys = |session: SessionId| {
            [
                format!("{}/recording.mp4", Keys { tenant, session }.prefix()),
                format!("{}/part-0000001-x", uploads_prefix(tenant, session)),
            ]
        };
        for key in keys(gone).into_iter().chain(keys(beside)) {
            put(&objects, key).await;
        }
        // One that came in several requests stands under its own id.
        let upload = place.db.upload_of(tenant, gone, 1).await.unwrap().unwrap();
        let chunk = format!("{}/0", uploads_prefix(tenant, upload.id));
        place
            .accepted(&format!(
                "UPDATE upload_chunks SET object_key = '{chunk}' WHERE upload_id = {}",
                place.id(upload.id)
            ))
            .await;
        put(&objects, chunk).await;

        let before = place.everything().await;
        let erased = place.db.erase_session(tenant, gone, erasing(), at(10)).await.unwrap().unwrap();
        assert_eq!(erased.rows["sessions"], 1);
        assert_eq!(erased.rows["upload_chunks"], 1);
        let after = place.everything().await;
        let kept = |row: &&String| KEPT.iter().any(|table| row.starts_with(table));
        let left: Vec<_> = after.iter().filter(|row| holds(row, gone.into()) && !kept(row)).collect();
        let [before_it, itself] = left.as_slice() else { panic!("{left:?}") };
        for entry in [before_it, itself] {
            assert!(entry.starts_with("audit_entries:") && !entry.contains("Smith"), "{entry}");
        }
        let erased_by = AuditFilter { action: Some(Action::Erased.to_string()), ..AuditFilter::default() };
        let [noted] = place.db.audit_page(tenant, &erased_by, None, 9).await.unwrap().entries.try_into().unwrap();
        assert_eq!(noted.detail["erasure_id"], erased.id.to_string());
        let untouched = before.iter().filter(|row| {
            !holds(row, gone.into()) && !row.starts_with("upload_chunks:") && !row.starts_with("tenant_queues:")
        });
        for row in untouched {
            assert!(after.contains(row), "{row} has gone, too");
        }
        assert!(place.db.erase_session(tenant, gone, erasing(), at(11)).await.unwrap().is_none());

        let (signer, clock) = (Signer::new(&[7; 32]), FixedClock(at(10).0.into()));
        assert_eq!(erase_due(&place.db, &objects, &signer, &clock).await.unwrap(), 0, "it looks once more later");
        assert_eq!(objects.list("").await.unwrap().len(), 2);
        // A request that was under way has put this down since.
        put(&objects, format!("{}/part-0000002-y", uploads_prefix(tenant, gone))).await;
        clock.advance(LATEST_SECONDS);
        assert_eq!(erase_due(&place.db, &objects, &signer, &clock).await.unwrap(), 1);
        let mut left = keys(beside).to_vec();
        left.sort();
        assert_eq!(objects.list("").await.unwrap(), left);

        let done = place.db.erasure(tenant, erased.id).await.unwrap().unwrap();
        let (record, signature) = done.record.clone().unwrap();
        let proof: ErasureRecord = serde_json::from_str(&record).unwrap();
        assert_eq!((proof.scope, proof.subject_id, proof.objects, proof.bytes), (Scope::Session, gone.into(), 4, 16));
        assert_eq!(proof.rows, erased.rows);
        assert!(signer.verify(&record, &signature));
        assert!(!signer.verify(&record.replace("16", "61"), &signature));
        assert!(!Signer::new(&[8; 32]).verify(&record, &signature));
        assert_eq!(place.db.erasures(tenant).await.unwrap(), [done]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_is_erased_with_sessions_and_devices() {
    on_both(async |place| {
        let world = World::new(place, "acme").await;
        noted(place, &world).await;
        let (tenant, user) = (world.crew.tenant, world.crew.user.id);
        let untouched = place.everything().await;
        let preview = place.db.preview_user(tenant, user).await.unwrap().unwrap();
        assert_eq!(place.everything().await, untouched, "to look is not to erase");
        place
            .accepted(&format!("UPDATE tasks SET assigned_to = {} WHERE tenant_id = {}", place.id(user), world.tenant))
            .await;
        let name = world.crew.user.full_name.as_str();
        let seat =
            Entry::new(Actor::operator(), Action::SeatAdded).on("seat", world.crew.seat.id, name).with("for", name);
        place.db.audit(tenant, &seat, at(1)).await.unwrap();
        // Under a name of before, which is told of a task, of a seat of somebody else, and in the log.
        let renamed =
            Entry::new(Actor { name: "Maiden Name".into(), ..Actor::user(&world.crew.user) }, Action::UserRenamed);
        place.db.audit(tenant, &renamed, at(1)).await.unwrap();
        let handed = Entry::new(Actor::operator(), Action::SeatAdded).on("seat", 2, "Maiden Name");
        place.db.audit(tenant, &handed, at(1)).await.unwrap();
        let (id, change) = (
            place.id(Uuid::now_v7()),
            "INSERT INTO task_changes (id, tenant_id, task_id, status, changed_by, changed_at)",
        );
        let tenant_id = &world.tenant;
        place
            .accepted(&format!(
                "{change} SELECT {id}, tenant_id, id, 'open', 'Maiden Name', 0 FROM tasks WHERE tenant_id = {tenant_id}"
            ))
            .await;
        let other = Entry::new(Actor::operator(), Action::SeatAdded).on("seat", 1, "Bob").with("for", "Bob's");
        place.db.audit(tenant, &other, at(2)).await.unwrap();
        let erased = place.db.erase_user(tenant, user, erasing(), at(10)).await.unwrap().unwrap();
        assert_eq!(erased.rows, preview.rows);
        for table in ["users", "seats", "devices", "sessions", "procedures", "utterances"] {
            assert_eq!(erased.rows.get(table), Some(&1), "{table}: {:?}", erased.rows);
        }
        assert_eq!(
            place.number("SELECT count(*) FROM tasks WHERE assigned_to IS NULL").await,
            1,
            "the work is still to be done"
        );
        let after = place.everything().await;
        for gone in ["Engineer of acme", "Maiden Name", "192.0.2.7", "Smith"] {
            assert!(!after.iter().any(|row| row.contains(gone)), "{gone}: {after:#?}");
        }
        assert_eq!(after.iter().filter(|row| row.contains("Bob")).count(), 1, "{after:#?}");
        assert!(place.db.erase_user(tenant, user, erasing(), at(11)).await.unwrap().is_none());
    })
    .await;
}

/// A session that is being processed is erased: its place among those that run is free again.
#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_runs_is_erased_too() {
    on_both(async |place| {
        let crew = place.crew("acme").await;
        let session = place.processing(&crew, at(0)).await;
        let worker = Uuid::now_v7();
        let job = place.claim(worker, at(1)).await.unwrap();
        place.db.erase_session(crew.tenant, session.id, erasing(), at(2)).await.unwrap().unwrap();
        place.counters_are_right().await;
        assert_eq!(place.db.renew_lease(&job, worker, at(20)).await.unwrap(), Lease::Lost);
    })
    .await;
}

/// A name that is part of many words takes nothing of the log along.
#[tokio::test(flavor = "multi_thread")]
async fn a_short_name_is_no_reason_to_empty_the_log() {
    on_both(async |place| {
        let crew = place.crew("acme").await;
        place.accepted(&format!("UPDATE users SET full_name = 'e' WHERE id = {}", place.id(crew.user.id))).await;
        let entry = Entry::new(Actor::operator(), Action::SeatAdded).with("reason", "seven engineers").with("for", "e");
        let kept = Entry::new(Actor::operator(), Action::SeatAdded).with("reason", "seven engineers");
        for entry in [&entry, &kept] {
            place.db.audit(crew.tenant, entry, at(1)).await.unwrap();
        }
        place.db.erase_user(crew.tenant, crew.user.id, erasing(), at(2)).await.unwrap().unwrap();
        let left = place.everything().await;
        assert_eq!(left.iter().filter(|row| row.contains("seven engineers")).count(), 1, "{left:#?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_administrator_is_not_erased() {
    on_both(async |place| {
        let crew = place.crew("acme").await;
        place.accepted(&format!("UPDATE users SET role = 'admin' WHERE id = {}", place.id(crew.user.id))).await;
        let refused = place.db.erase_user(crew.tenant, crew.user.id, erasing(), at(1)).await.unwrap_err().to_string();
        assert!(refused.contains("last administrator"), "{refused}");
        assert!(place.db.user(crew.tenant, crew.user.id).await.unwrap().is_some());
        // One who was only invited cannot sign in.
        let invited = "INSERT INTO users (id, tenant_id, email, full_name, role, is_active, password_hash, created_at)";
        let id = place.id(Uuid::now_v7());
        let tenant = place.id(crew.tenant);
        place.accepted(&format!("{invited} VALUES ({id}, {tenant}, 'b@example.com', 'B', 'admin', true, '', 0)")).await;
        assert!(place.db.erase_user(crew.tenant, crew.user.id, erasing(), at(2)).await.is_err());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_is_erased_and_no_other() {
    on_both(async |place| {
        let world = World::new(place, "acme").await;
        World::new(place, "other").await;
        noted(place, &world).await;
        let tenant = world.crew.tenant;
        let before = place.everything().await;
        let erased = place.db.erase_tenant(tenant, at(10)).await.unwrap().unwrap();
        assert!(erased.rows.len() > 15, "{:?}", erased.rows);
        let after = place.everything().await;
        let left: Vec<_> =
            after.iter().filter(|row| holds(row, tenant.into()) && !row.starts_with("erasures:")).collect();
        assert!(left.is_empty(), "{left:#?}");
        for row in before.iter().filter(|row| !holds(row, tenant.into())) {
            assert!(after.contains(row), "{row} has gone, too");
        }
        assert!(place.db.erase_tenant(tenant, at(11)).await.unwrap().is_none());
    })
    .await;
}

/// While somebody still reads the database as it was, what was erased stands in its log, and nothing is signed.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_signed_before_the_log_is_empty() {
    on_both(async |place| {
        if place.is_postgres() {
            return;
        }
        let crew = place.crew("acme").await;
        let session = place.processing(&crew, at(0)).await;
        let folder = tempfile::tempdir().unwrap();
        let objects = Objects::disk(folder.path()).unwrap();
        let (signer, clock) = (Signer::new(&[7; 32]), FixedClock(at(10).0.into()));
        place.db.erase_session(crew.tenant, session.id, erasing(), at(10)).await.unwrap().unwrap();
        erase_due(&place.db, &objects, &signer, &clock).await.unwrap();
        let reader = place.raw.begin().await.unwrap();
        reader.query_all_raw(Statement::from_string(DbBackend::Sqlite, "SELECT * FROM tenants")).await.unwrap();
        place.accepted("UPDATE tenants SET name = 'acme 2'").await;
        clock.advance(LATEST_SECONDS);
        assert_eq!(erase_due(&place.db, &objects, &signer, &clock).await.unwrap(), 0);
        reader.rollback().await.unwrap();
        clock.advance(61.0);
        assert_eq!(erase_due(&place.db, &objects, &signer, &clock).await.unwrap(), 1);
    })
    .await;
}
