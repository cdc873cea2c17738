//! All of a person's data: made in the background, whole, without secrets and without others, and gone after its time.

use crate::{
    backup::Store,
    export::{files, filled},
    harness::{At, Place, at, erasing, fresh_places},
};
use domain::{
    FixedClock, SessionId, TenantId,
    audit::{Action, Actor, Entry},
    user::{User, UserRole},
};
use serde_json::Value;
use std::{fs, sync::atomic::AtomicI64};
use storage::{
    db::{
        people::NewUser,
        person_exports::{ExportState, exports_prefix},
        sessions::NewSession,
    },
    export::{export_due, export_person, has_words},
};

const DAY: i64 = 86_400;

fn clock(seconds: i64) -> FixedClock {
    FixedClock(AtomicI64::new(at(seconds).0))
}

/// A tenant whose trainer has a bit of everything, and an administrator who did something to him.
async fn trainer(source: At, store: &Store) -> (Place, TenantId, User) {
    let (place, tenant) = filled(source, store).await;
    let db = &place.db;
    let trainer = db.users(tenant.id).await.unwrap().remove(0);
    let new = NewUser {
        email: "kim@other.example".into(),
        full_name: "Kim Other".into(),
        role: UserRole::Admin,
        password_hash: "h".into(),
    };
    let kim = db.create_user(tenant.id, new, at(0)).await.unwrap();
    let of_kim = |action| Entry::new(Actor::user(&kim), action).from("192.0.2.7".parse::<std::net::IpAddr>().unwrap());
    let of_trainer =
        |action| Entry::new(Actor::user(&trainer), action).from("192.0.2.8".parse::<std::net::IpAddr>().unwrap());
    for entry in [
        of_kim(Action::UserRoleChanged).on_user(&trainer).with("role", "member"),
        of_kim(Action::UserSignedIn).on_user(&kim),
        of_trainer(Action::UserInvited).on_user(&kim).with("email", "kim@other.example"),
        of_trainer(Action::UserSignedIn).on_user(&trainer),
    ] {
        db.audit(tenant.id, &entry, at(10)).await.unwrap();
    }
    let session = film_session(store, tenant.id).await;
    let film = format!("tenants/{}/sessions/{session}/source-6", tenant.id);
    let (own, session) = (place.id(tenant.id), place.id(session));
    place.accepted(&format!("UPDATE tasks SET assigned_to = {} WHERE tenant_id = {own}", place.id(trainer.id))).await;
    place
        .accepted(&format!(
            "INSERT INTO recordings (session_id, tenant_id, duration_seconds, media_info, video_key, created_at) VALUES \
             ({session}, {own}, 6, '{{\"container\":\"mp4\"}}', '{film}', 0)"
        ))
        .await;
    (place, tenant.id, trainer)
}

async fn ask(place: &Place, tenant: TenantId, user: &User, seconds: i64) {
    let entry = Entry::new(Actor::user(user), Action::PersonExportAsked).on_user(user);
    let asked = place.db.ask_person_export(tenant, user.id, &entry, at(seconds)).await.unwrap().unwrap();
    assert_eq!(asked.state, ExportState::Preparing);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_gets_all_of_it_and_nothing_of_others() {
    for (source, store) in fresh_places().into_iter().zip([Store::disk(), Store::s3()]) {
        let (place, tenant, user) = trainer(source, &store).await;
        let work = tempfile::tempdir().unwrap();
        ask(&place, tenant, &user, 20).await;
        // Asked twice, it is one.
        ask(&place, tenant, &user, 21).await;
        assert_eq!(place.number("SELECT count(*) FROM audit_entries WHERE action = 'person_export.asked'").await, 1);
        assert_eq!(export_due(&place.db, &store.objects, work.path(), &clock(30)).await.unwrap(), 1);
        assert_eq!(fs::read_dir(work.path()).unwrap().count(), 0);
        let export = place.db.person_export(tenant, user.id).await.unwrap().unwrap();
        assert_eq!((export.state, export.expires_at), (ExportState::Ready, Some(at(30 + 7 * DAY))));
        let (key, bytes) = export.file.unwrap();
        let zip = store.objects.get(&key).await.unwrap().unwrap();
        assert_eq!(zip.len() as u64, bytes);
        let path = work.path().join("export.zip");
        fs::write(&path, &zip).unwrap();
        let files = files(&path);

        for foreign in ["Kim", "kim@other", "192.0.2.7", "hush-", "film of another", &"ab".repeat(32), &"cd".repeat(32)]
        {
            let found = zip.windows(foreign.len()).any(|part| part == foreign.as_bytes());
            assert!(!found, "{foreign:?} is in it");
        }
        let text = |name: &str| String::from_utf8(files[name].clone()).unwrap();
        let rows = |table: &str| -> Vec<Value> { serde_json::from_str(&text(&format!("data/{table}.json"))).unwrap() };
        for (table, count) in
            [("users", 1), ("seats", 1), ("devices", 1), ("sessions", 1), ("utterances", 1), ("tasks", 1)]
        {
            assert_eq!(rows(table).len(), count, "{table}");
        }
        assert_eq!(rows("users")[0]["email"], user.email);
        assert_eq!(rows("utterances")[0]["end_seconds"], 2.1);
        let log = rows("audit_entries");
        let told: Vec<_> = log
            .iter()
            .map(|e| (e["action"].as_str().unwrap(), e["actor_name"].as_str().unwrap(), e["target_name"].as_str()))
            .collect();
        for entry in [
            ("user.role_changed", "Somebody else", Some(user.full_name.as_str())),
            ("user.invited", user.full_name.as_str(), Some("Somebody else")),
            ("user.signed_in", user.full_name.as_str(), Some(user.full_name.as_str())),
        ] {
            assert!(told.contains(&entry), "{entry:?} is not in {told:?}");
        }
        let film = files.keys().find(|name| name.ends_with("/source-6.mp4")).unwrap();
        assert_eq!(files[film], b"a film");
        let page = text(&format!("{}/index.html", film.rsplit_once('/').unwrap().0));
        for part in ["src=\"source-6.mp4\"", "src=\"procedures/1.mp4\"", "poster=\"procedures/1.jpg\"", "Ventil „zu“"]
        {
            assert!(page.contains(part), "{part}: {page}");
        }
        let index = text("index.html");
        for table in rows_of(&files) {
            assert!(has_words(&table), "the index page has no words for {table}: write them into export/words.rs");
            assert!(
                index.contains(&format!("href=\"tables/{table}.html\""))
                    && files.contains_key(&format!("tables/{table}.html"))
            );
        }
        assert!(!index.contains("<script") && !page.contains("<script"));

        // What the store has lost is not passed over.
        let film = store.objects.list(&format!("tenants/{tenant}/sessions")).await.unwrap();
        let film = film.into_iter().find(|key| key.ends_with("source-6")).unwrap();
        store.objects.delete(&film).await.unwrap();
        let (owner, zip) = (place.db.tenant(tenant).await.unwrap().unwrap(), work.path().join("lost.zip"));
        let rows = work.path().join("rows");
        let done = export_person(&place.db, &store.objects, &owner, &user, &zip, &rows, at(40)).await.unwrap();
        assert_eq!(done.missing, std::slice::from_ref(&film));
        let lost = crate::export::files(&zip);
        let page =
            lost.iter().find(|(name, _)| name.starts_with("sessions/") && name.ends_with("index.html")).unwrap().1;
        assert!(String::from_utf8_lossy(page).contains("its file was not found"));
        store.put(&film, "a film").await;

        // After its time it is gone, and another can be made.
        assert_eq!(export_due(&place.db, &store.objects, work.path(), &clock(30 + 7 * DAY - 1)).await.unwrap(), 0);
        assert!(store.objects.head(&key).await.unwrap().is_some());
        export_due(&place.db, &store.objects, work.path(), &clock(30 + 7 * DAY)).await.unwrap();
        assert!(store.objects.head(&key).await.unwrap().is_none());
        assert_eq!(place.db.person_export(tenant, user.id).await.unwrap(), None);
        ask(&place, tenant, &user, 8 * DAY).await;
        assert_eq!(export_due(&place.db, &store.objects, work.path(), &clock(8 * DAY)).await.unwrap(), 1);

        // Another one goes in its place; and with the person, the last.
        ask(&place, tenant, &user, 9 * DAY).await;
        assert_eq!(export_due(&place.db, &store.objects, work.path(), &clock(9 * DAY)).await.unwrap(), 1);
        let kept = store.objects.list(&exports_prefix(tenant, user.id)).await.unwrap();
        assert_eq!(kept.len(), 1, "{kept:?}");
        // With a session goes the file that holds it, and none that is made after it.
        let session = film_session(&store, tenant).await;
        let seat = place.db.session(tenant, session).await.unwrap().unwrap().seat_id;
        let seat = place.db.seat(tenant, seat).await.unwrap().unwrap();
        place.db.erase_session(tenant, session, erasing(), at(9 * DAY)).await.unwrap().unwrap();
        assert_eq!(place.db.person_export(tenant, user.id).await.unwrap(), None);
        let sweep = async |seconds: i64| {
            let signer = storage::erasure::Signer::new(&[7; 32]);
            storage::erasure::erase_due(&place.db, &store.objects, &signer, &clock(seconds)).await.unwrap()
        };
        let zips = async || store.objects.list(&exports_prefix(tenant, user.id)).await.unwrap();
        assert_eq!(sweep(9 * DAY).await, 0, "it looks once more");
        assert!(zips().await.is_empty());
        ask(&place, tenant, &user, 9 * DAY).await;
        assert_eq!(export_due(&place.db, &store.objects, work.path(), &clock(9 * DAY)).await.unwrap(), 1);
        assert_eq!(sweep(9 * DAY + 901).await, 1);
        assert_eq!(zips().await.len(), 1);

        // What the wearer deletes is in no file that stays, and one that is being made is made anew.
        let new = NewSession { name: "Boiler".into(), task_id: None, idempotency_key: None, started_at: None };
        let running = place.db.start_session(&seat, new, at(10 * DAY)).await.unwrap().0;
        place.db.delete_stretch(tenant, running.id, (0, 1000), at(10 * DAY)).await.unwrap();
        assert_eq!(place.db.person_export(tenant, user.id).await.unwrap(), None);
        storage::removal::remove_due(&place.db, &store.objects, &clock(10 * DAY)).await.unwrap();
        assert!(zips().await.is_empty());
        ask(&place, tenant, &user, 10 * DAY).await;
        let before = place.db.person_export(tenant, user.id).await.unwrap().unwrap();
        place.db.delete_stretch(tenant, running.id, (1000, 2000), at(10 * DAY)).await.unwrap();
        let anew = place.db.person_export(tenant, user.id).await.unwrap().unwrap();
        assert!(
            anew.id != before.id && anew.state == ExportState::Preparing && anew.requested_at == before.requested_at
        );
        assert_eq!(export_due(&place.db, &store.objects, work.path(), &clock(10 * DAY)).await.unwrap(), 1);
        storage::removal::remove_due(&place.db, &store.objects, &clock(10 * DAY + 901)).await.unwrap();
        assert_eq!(zips().await.len(), 1, "nothing that stands is taken");

        place.db.erase_user(tenant, user.id, erasing(), at(11 * DAY)).await.unwrap().unwrap();
        sweep(11 * DAY).await;
        assert!(zips().await.is_empty());
    }
}

async fn film_session(store: &Store, tenant: TenantId) -> SessionId {
    let keys = store.objects.list(&format!("tenants/{tenant}/sessions")).await.unwrap();
    let film = keys.into_iter().find(|key| key.ends_with("source-6")).unwrap();
    film.split('/').nth(3).unwrap().parse().unwrap()
}

fn rows_of(files: &crate::export::Files) -> Vec<String> {
    let tables = files.keys().filter_map(|name| name.strip_prefix("data/")?.strip_suffix(".json"));
    tables.map(str::to_owned).collect()
}

/// Whoever makes it may die: another makes it once the lease has ended; three times, and then it has failed.
#[tokio::test(flavor = "multi_thread")]
async fn what_could_not_be_made_is_tried_again_and_then_told() {
    let store = Store::disk();
    let (place, tenant, user) = trainer(At::Sqlite(tempfile::tempdir().unwrap()), &store).await;
    ask(&place, tenant, &user, 0).await;
    // The folder for what is on its way cannot be made.
    let work = tempfile::NamedTempFile::new().unwrap();
    for seconds in [0, 61, 122] {
        let state = place.db.person_export(tenant, user.id).await.unwrap().unwrap().state;
        assert_eq!(state, ExportState::Preparing);
        assert_eq!(export_due(&place.db, &store.objects, work.path(), &clock(seconds)).await.unwrap(), 0);
        assert_eq!(export_due(&place.db, &store.objects, work.path(), &clock(seconds + 1)).await.unwrap(), 0);
    }
    export_due(&place.db, &store.objects, work.path(), &clock(183)).await.unwrap();
    let failed = place.db.person_export(tenant, user.id).await.unwrap().unwrap();
    assert_eq!(failed.state, ExportState::Failed);
    // It can be asked for again.
    ask(&place, tenant, &user, 200).await;
    let work = tempfile::tempdir().unwrap();
    assert_eq!(export_due(&place.db, &store.objects, work.path(), &clock(200)).await.unwrap(), 1);
}
