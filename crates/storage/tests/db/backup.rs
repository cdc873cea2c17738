//! A backup holds everything, comes back on any engine and any store, and says so when it is damaged.

use crate::{
    harness::{At, Place, at, fresh_places},
    world::World,
};
use bytes::Bytes;
use futures::TryStreamExt;
use std::{
    fs,
    path::{Path, PathBuf},
};
use storage::{
    Db,
    backup::{BackupError, Folder, Taken, Taking},
    db::Row,
    objects::{Objects, S3Settings},
};
use tempfile::TempDir;
use testkit::S3;

/// An object store of either kind; it goes when this is dropped.
pub struct Store {
    pub objects: Objects,
    _folder: TempDir,
    _s3: Option<S3>,
}

impl Store {
    pub fn disk() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { objects: Objects::disk(folder.path()).unwrap(), _folder: folder, _s3: None }
    }

    pub fn s3() -> Self {
        testkit::install_tls();
        let s3 = S3::start();
        let objects = Objects::s3(&S3Settings {
            endpoint: Some(s3.endpoint.clone()),
            bucket: s3.bucket.clone(),
            region: s3.region.clone(),
            access_key: s3.access_key.clone(),
            secret_key: s3.secret_key.clone().into(),
            allow_http: true,
            path_style: true,
        });
        Self { objects: objects.unwrap(), _folder: tempfile::tempdir().unwrap(), _s3: Some(s3) }
    }

    pub async fn put(&self, key: &str, bytes: &'static str) {
        self.objects.put(key, Bytes::from_static(bytes.as_bytes())).await.unwrap();
    }

    /// Every object with its bytes.
    pub async fn contents(&self) -> Vec<(String, Bytes)> {
        let mut contents = Vec::new();
        for key in self.objects.list("").await.unwrap() {
            let bytes = self.objects.get(&key).await.unwrap().unwrap();
            contents.push((key, bytes));
        }
        contents
    }
}

/// Every row that a backup takes along, by table.
async fn rows(db: &Db) -> Vec<(String, Vec<Row>)> {
    let snapshot = db.snapshot().await.unwrap();
    let mut all = Vec::new();
    for table in snapshot.tables() {
        let rows = snapshot.rows(table, None).await.unwrap().try_collect().await.unwrap();
        all.push((table.name.clone(), rows));
    }
    all
}

async fn take(folder: &Path, place: &Place, store: &Store, keep: usize, seconds: i64) -> Taken {
    let how = Taking { program: "test".into(), key: vec![7; 32], keep };
    Folder::at(folder).take(&place.db, &store.objects, &how, at(seconds)).await.unwrap()
}

async fn empty(at: &At, schema: &[String]) -> Result<Db, storage::DbError> {
    match at {
        At::Sqlite(folder) => Db::open_sqlite_as_of(&folder.path().join("rows.db"), schema).await,
        At::Postgres { url, .. } => Db::open_postgres_as_of(url, schema).await,
    }
}

async fn filled(source: At, store: &Store) -> Place {
    let place = Place::open_first(source).await;
    let world = World::new(&place, "acme").await;
    World::new(&place, "other").await;
    place.accepted(&format!("UPDATE utterances SET end_seconds = 0.1 + 2 WHERE tenant_id = {}", world.tenant)).await;
    // Any character, and a number that has no short decimal.
    place
        .accepted(&format!("UPDATE tasks SET title = 'Ventil „zu“ \\ ''🔧''' WHERE tenant_id = {}", world.tenant))
        .await;
    place.db.create_login("someone", "{}", None, at(9999)).await.unwrap();
    store.put("tenants/a/sessions/1/recording.mp4", "a film").await;
    store.put("tenants/a/sessions/2/recording.mp4", "a film").await;
    store.put("tenants/b/empty", "").await;
    place
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_comes_back_on_every_engine_and_every_store() {
    for (source, from) in fresh_places().into_iter().zip([Store::disk(), Store::s3()]) {
        let place = filled(source, &from).await;
        let folder = tempfile::tempdir().unwrap();
        let taken = take(folder.path(), &place, &from, 1, 0).await;
        assert_eq!((taken.objects, taken.bytes), (3, 12), "{taken:?}");
        let before = rows(&place.db).await;
        assert_eq!(taken.rows, before.iter().map(|(_, rows)| rows.len() as u64).sum::<u64>());
        let backup = Folder::at(folder.path()).open(None).unwrap();
        assert_eq!(backup.key().unwrap(), [7; 32]);

        for (target, to) in fresh_places().into_iter().zip([Store::disk(), Store::s3()]) {
            let db = empty(&target, backup.schema()).await.unwrap();
            let work = tempfile::tempdir().unwrap();
            let restored = backup.restore(&db, &to.objects, work.path()).await.unwrap();
            assert_eq!((restored.rows, restored.objects), (taken.rows, 3), "{} to {}", place.db.engine(), db.engine());
            assert_eq!(rows(&db).await, before);
            assert_eq!(to.contents().await, from.contents().await);
            assert_eq!(fs::read_dir(work.path()).unwrap().count(), 0);
            assert!(db.login("someone", at(0)).await.unwrap().is_none(), "logins of browsers are not kept");
            // It is one that works.
            let tenants = db.tenants().await.unwrap();
            assert_eq!(tenants.len(), 2);
            let refused = backup.restore(&db, &to.objects, work.path()).await.unwrap_err().to_string();
            assert!(refused.contains("only an empty database"), "{refused}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_backup_copies_what_is_new_and_old_ones_go() {
    let (source, store) = (At::Sqlite(tempfile::tempdir().unwrap()), Store::disk());
    let place = filled(source, &store).await;
    let folder = tempfile::tempdir().unwrap();
    let first = take(folder.path(), &place, &store, 2, 0).await;
    store.put("tenants/b/new", "new").await;
    store.objects.delete("tenants/b/empty").await.unwrap();
    store.put("tenants/a/sessions/1/recording.mp4", "cut").await;
    let second = take(folder.path(), &place, &store, 2, 1).await;
    assert_eq!((second.objects, second.copied), (3, 6), "{second:?}");
    let backups = Folder::at(folder.path());
    assert_eq!(backups.generations().unwrap(), [first.name.clone(), second.name.clone()]);

    // The older one still has what it had.
    let older = backups.open(Some(&first.name)).unwrap();
    let (target, to) = (At::Sqlite(tempfile::tempdir().unwrap()), Store::disk());
    let db = empty(&target, older.schema()).await.unwrap();
    older.restore(&db, &to.objects, folder.path()).await.unwrap();
    assert_eq!(&to.contents().await[0].1[..], b"a film");

    let third = take(folder.path(), &place, &store, 1, 1).await;
    assert_eq!(third.copied, 0);
    assert_eq!(backups.generations().unwrap(), [third.name]);
    assert_eq!(blobs(folder.path()).len(), 3, "\"a film\", \"cut\" and \"new\" are left");
    let unknown = backups.open(Some(&first.name)).unwrap_err();
    assert!(matches!(unknown, BackupError::Unknown { .. }), "{unknown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_backup_is_refused_and_nothing_is_restored() {
    let (source, store) = (At::Sqlite(tempfile::tempdir().unwrap()), Store::disk());
    let place = filled(source, &store).await;
    let folder = tempfile::tempdir().unwrap();
    let taken = take(folder.path(), &place, &store, 1, 0).await;
    let backups = Folder::at(folder.path());
    let target = At::Sqlite(tempfile::tempdir().unwrap());
    let (to, work) = (Store::disk(), tempfile::tempdir().unwrap());

    let film = blobs(folder.path()).into_iter().find(|blob| fs::read(blob).unwrap() == b"a film").unwrap();
    fs::write(&film, "b film").unwrap();
    let backup = backups.open(None).unwrap();
    let db = empty(&target, backup.schema()).await.unwrap();
    for damaged in [backup.check().unwrap_err(), backup.restore(&db, &to.objects, work.path()).await.unwrap_err()] {
        assert!(matches!(damaged, BackupError::Damaged(_)), "{damaged}");
    }
    assert!(db.tenants().await.unwrap().is_empty());
    // Mended, it can be restored into the same place.
    fs::write(&film, "a film").unwrap();
    backup.restore(&db, &to.objects, work.path()).await.unwrap();
    assert_eq!(rows(&db).await, rows(&place.db).await);

    fs::remove_file(&film).unwrap();
    assert!(matches!(backups.open(None).unwrap_err(), BackupError::Damaged(_)));
    fs::write(&film, "a film").unwrap();
    let users = folder.path().join("generations").join(&taken.name).join("rows/users.jsonl");
    let text = fs::read_to_string(&users).unwrap();
    fs::write(&users, text.replace("member", "admin")).unwrap();
    assert!(matches!(backups.open(None).unwrap_err(), BackupError::Damaged(_)));

    // A store that holds something else is somebody's.
    fs::write(&users, text).unwrap();
    let foreign = Store::disk();
    foreign.put("tenants/c/recording.mp4", "theirs").await;
    let target = At::Sqlite(tempfile::tempdir().unwrap());
    let db = empty(&target, backup.schema()).await.unwrap();
    let refused = backups.open(None).unwrap().restore(&db, &foreign.objects, work.path()).await.unwrap_err();
    assert!(matches!(refused, BackupError::NotEmpty(_)), "{refused}");
}

/// An object that the installation has lost stays in the backups as long as rows speak of it.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_lost_is_told_and_kept() {
    let (source, store) = (At::Sqlite(tempfile::tempdir().unwrap()), Store::disk());
    let place = filled(source, &store).await;
    let key = "tenants/a/sessions/1/recording.mp4";
    place.sql(&format!("UPDATE procedures SET video_key = '{key}'")).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    take(folder.path(), &place, &store, 1, 0).await;
    store.objects.delete(key).await.unwrap();
    store.objects.delete("tenants/a/sessions/2/recording.mp4").await.unwrap();
    for second in 1..4 {
        let taken = take(folder.path(), &place, &store, 1, second).await;
        assert_eq!(taken.missing, [key]);
    }
    let backup = Folder::at(folder.path()).open(None).unwrap();
    let (target, to) = (At::Sqlite(tempfile::tempdir().unwrap()), Store::disk());
    let db = empty(&target, backup.schema()).await.unwrap();
    backup.restore(&db, &to.objects, folder.path()).await.unwrap();
    assert_eq!(to.objects.get(key).await.unwrap().as_deref(), Some(&b"a film"[..]));
}

/// The schema of another version is told, not guessed at.
#[tokio::test(flavor = "multi_thread")]
async fn a_schema_that_is_not_ours_is_refused() {
    for place in fresh_places() {
        let mut schema = Place::open_first(At::Sqlite(tempfile::tempdir().unwrap())).await.db.schema().await.unwrap();
        let older = schema[..2].to_vec();
        schema.push("9999_of_tomorrow".into());
        let newer = empty(&place, &schema).await.unwrap_err().to_string();
        assert!(newer.contains("9999_of_tomorrow"), "{newer}");
        // One of yesterday is made, brought up to date, and then no longer one of yesterday.
        let db = empty(&place, &older).await.unwrap();
        assert_eq!(db.schema().await.unwrap(), older);
        db.migrate().await.unwrap();
        schema.pop();
        assert_eq!(db.schema().await.unwrap(), schema);
        assert!(empty(&place, &older).await.is_err());
    }
}

fn blobs(folder: &Path) -> Vec<PathBuf> {
    let folders = fs::read_dir(folder.join("blobs")).unwrap().map(|entry| entry.unwrap().path());
    folders.flat_map(|folder| fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_encrypted_stays_so_in_a_backup_and_needs_its_keys() {
    use secrecy::ExposeSecret;
    use storage::encryption::Keys;
    let new_key = || Keys::generate().expose_secret().to_owned();
    let (text, other) = (new_key(), new_key());
    let keys = |text: &str| Keys::parse(text).unwrap();
    for (source, from) in fresh_places().into_iter().zip([Store::disk(), Store::s3()]) {
        let from = Store { objects: from.objects.clone().encrypted(keys(&text)).await.unwrap(), ..from };
        let place = filled(source, &from).await;
        let folder = tempfile::tempdir().unwrap();
        let taken = take(folder.path(), &place, &from, 1, 0).await;
        assert_eq!((taken.objects, taken.missing.len()), (4, 0), "the sentinel goes along");
        let again = take(folder.path(), &place, &from, 2, 60).await;
        // This S3 server tells no tags in its lists.
        if from._s3.is_none() {
            assert_eq!(again.copied, 0, "nothing is encrypted anew");
        }
        let blobs = walk(&folder.path().join("blobs"));
        assert_eq!(blobs.len(), 4, "equal objects are no longer equal");
        for blob in blobs {
            assert!(!fs::read(&blob).unwrap().windows(6).any(|bytes| bytes == b"a film"), "{}", blob.display());
        }

        let backup = Folder::at(folder.path()).open(None).unwrap();
        let none = backup.opens_by(None).unwrap_err().to_string();
        assert!(none.contains("no key is set"), "{none}");
        let wrong = backup.opens_by(Some(&keys(&other))).unwrap_err().to_string();
        assert!(wrong.contains("put that key back"), "{wrong}");
        backup.opens_by(Some(&keys(&format!("{other}\n{text}")))).unwrap();

        let to = Store::disk();
        // It had been started once, empty, with a key of its own.
        drop(to.objects.clone().encrypted(keys(&other)).await.unwrap());
        let target = fresh_places().into_iter().next().unwrap();
        let db = empty(&target, backup.schema()).await.unwrap();
        let work = tempfile::tempdir().unwrap();
        backup.restore(&db, &to.objects, work.path()).await.unwrap();
        let to = Store { objects: to.objects.clone().encrypted(keys(&text)).await.unwrap(), ..to };
        assert_eq!(to.contents().await, from.contents().await);
    }
}

fn walk(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] }).collect()
}
