//! Opening a database brings its schema up to date, however often and by however many.

use crate::harness::{Place, at, fresh_places, on_both};
use domain::retention::Retention;

#[tokio::test(flavor = "multi_thread")]
async fn opening_again_keeps_what_is_there() {
    on_both(async |place| {
        let crew = place.crew("acme").await;
        let again = place.at.open().await;
        assert_eq!(again.tenant(crew.tenant).await.unwrap().unwrap().name, "acme");
        again.ping().await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fresh_database_is_opened_by_several_at_once() {
    for place in fresh_places() {
        let opened = futures::future::join_all((0..6).map(|_| place.open())).await;
        let place = Place::open_first(place).await;
        let migrations = place.number("SELECT count(*) FROM seaql_migrations").await;
        assert!(migrations >= 1);
        assert_eq!(place.number("SELECT count(DISTINCT version) FROM seaql_migrations").await, migrations);
        let crew = place.crew("acme").await;
        for db in opened {
            assert!(db.tenant(crew.tenant).await.unwrap().is_some());
        }
    }
}

/// Two processes of one installation write in turns; on SQLite neither finds the database locked.
#[tokio::test(flavor = "multi_thread")]
async fn writers_and_readers_of_two_processes_do_not_lock_each_other_out() {
    on_both(async |place| {
        let crew = place.crew("acme").await;
        let session = place.recording(&crew, at(0)).await;
        let other = place.at.open().await;
        let mut work = tokio::task::JoinSet::new();
        for n in 0..8 {
            let db = if n % 2 == 0 { place.db.clone() } else { other.clone() };
            let (tenant, id) = (crew.tenant, session.id);
            work.spawn(async move {
                for i in 0..25 {
                    assert!(db.heartbeat(tenant, id, at(n * 100 + i)).await.unwrap());
                    db.create_login(&format!("{n}-{i}"), "{}", None, at(10)).await.unwrap();
                    assert!(db.session_overview(tenant, id).await.unwrap().is_some());
                }
            });
        }
        while let Some(done) = work.join_next().await {
            done.unwrap();
        }
        assert_eq!(place.number("SELECT count(*) FROM logins").await, 200);
    })
    .await;
}

/// What an earlier version kept goes on under the present schema.
#[tokio::test(flavor = "multi_thread")]
async fn a_database_of_the_first_version_is_brought_up_to_date_with_its_rows() {
    on_both(async |place| {
        let crew = place.crew("acme").await;
        let session = place.processing(&crew, at(0)).await;
        let all = place.number("SELECT count(*) FROM seaql_migrations").await;
        place.sql("DROP TABLE language_uses").await.unwrap();
        for undo in [
            "ALTER TABLE tenants DROP COLUMN admins_need_second_factor",
            "DROP TABLE operator_accesses",
            "DROP TABLE openid_identities",
            "DROP TABLE frames",
            "DROP TABLE consents",
            "DROP TABLE notices",
            "ALTER TABLE sessions DROP COLUMN notice_version",
            "DROP TABLE legal_holds",
            "DROP INDEX sessions_by_end",
            "ALTER TABLE sessions DROP COLUMN recording_removed_at",
            "ALTER TABLE sessions DROP COLUMN clips_removed_at",
            "ALTER TABLE sessions DROP COLUMN transcript_removed_at",
            "ALTER TABLE tenants DROP COLUMN keep_clips_days",
            "ALTER TABLE tenants DROP COLUMN keep_transcript_days",
            "ALTER TABLE tenants RENAME COLUMN keep_recording_days TO retention_days",
            "UPDATE tenants SET retention_days = 30",
            "DROP TABLE person_exports",
            "DROP TABLE recovery_codes",
            "DROP TABLE second_factors",
            "DROP INDEX logins_by_user",
            "ALTER TABLE logins DROP COLUMN user_id",
            "ALTER TABLE logins DROP COLUMN tenant_id",
            "DROP TABLE user_links",
            "ALTER TABLE users DROP COLUMN last_signed_in_at",
            "DROP TABLE audit_erasures",
            "DROP TABLE audit_entries",
            "DROP TABLE webhook_deliveries",
            "DROP TABLE webhook_events",
            "DROP TABLE webhooks",
            "DROP TABLE api_keys",
            "DROP TABLE task_attachments",
            "DROP TABLE task_changes",
            "DROP INDEX tasks_by_key",
            "DROP INDEX tasks_by_creation",
            "ALTER TABLE tasks DROP COLUMN idempotency_key",
            "DROP TABLE minute_erasures",
            "DROP TABLE minute_reservations",
            "DROP TABLE minute_transactions",
            "CREATE TABLE minute_transactions (id uuid PRIMARY KEY, tenant_id uuid NOT NULL, kind text NOT NULL, seconds bigint NOT NULL, \
             session_id uuid, created_at bigint NOT NULL)",
            "ALTER TABLE sessions DROP COLUMN last_beat_at",
            "ALTER TABLE tenants DROP COLUMN included_minutes",
            "DROP TABLE removals",
            "DROP TABLE erasures",
            "DROP TABLE session_breaks",
            "DROP TABLE pairing_codes",
            "ALTER TABLE sessions RENAME COLUMN announced_parts TO announced_recordings",
            "ALTER TABLE sessions DROP COLUMN missing_parts",
            "ALTER TABLE sessions DROP COLUMN crashed",
            "ALTER TABLE tenants DROP COLUMN upload_keep_hours",
            "ALTER TABLE devices DROP COLUMN revoked_at",
            "ALTER TABLE devices DROP COLUMN report",
            "ALTER TABLE devices DROP COLUMN reported_at",
        ] {
            place.sql(undo).await.unwrap();
        }
        place.sql("ALTER TABLE jobs DROP COLUMN again").await.unwrap();
        place.sql("DELETE FROM seaql_migrations WHERE version <> '0001_initial'").await.unwrap();
        let updated = place.at.open().await;
        let job = updated.claim_job(uuid::Uuid::now_v7(), at(1), at(99)).await.unwrap().unwrap();
        assert_eq!(job.session_id, session.id);
        let retention = updated.tenant(crew.tenant).await.unwrap().unwrap().retention;
        assert_eq!(retention, Retention { recording_days: Some(30), ..Retention::default() });
        let upload = updated.upload_of(crew.tenant, session.id, 1).await.unwrap().unwrap();
        assert_eq!((upload.place, upload.received), (domain::recording::Place::WHOLE, 10));
        assert_eq!(updated.chunks(crew.tenant, upload.id).await.unwrap().len(), 1);
        assert_eq!(place.number("SELECT count(*) FROM seaql_migrations").await, all);
    })
    .await;
}
