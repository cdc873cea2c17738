//! A tenant leaves an installation as a ZIP and is the same in another one; what is no whole export of one tenant is refused.

use crate::{
    backup::Store,
    harness::{At, Place, at, fresh_places},
    webhooks::new_webhook,
    world::World,
};
use domain::{TenantId, tenant::Tenant, user::UserRole};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{Read, Write},
    path::{Path, PathBuf},
};
use storage::{
    db::{
        people::NewUser,
        tenant_rows::Whole,
        user_links::{LinkKind, NewLink},
    },
    export::{ExportError, Exported, Imported, Package, export_tenant, has_words, import},
};
use tempfile::TempDir;
use zip::{CompressionMethod, ZipArchive, ZipWriter, write::SimpleFileOptions};

/// A tenant with a row in every table and some objects, beside another tenant.
pub async fn filled(source: At, store: &Store) -> (Place, Tenant) {
    let place = Place::open_first(source).await;
    let world = World::new(&place, "acme").await;
    let tenant = world.crew.tenant;
    World::new(&place, "other").await;
    let session = world.session.to_string();
    let key = |name: &str| format!("tenants/{tenant}/sessions/{session}/{name}");
    for (name, bytes) in
        [("source-6", "a film"), ("procedures/1.mp4", "a clip"), ("procedures/1.jpg", "jpg"), ("empty", "")]
    {
        store.put(&key(name), bytes).await;
    }
    store.put(&format!("tenants/{}/sessions/x/recording.mp4", uuid::Uuid::now_v7()), "film of another").await;
    store.put(&format!("tenants/{tenant}/exports/1/2.zip"), "made anew").await;
    let own = format!("tenant_id = {}", world.tenant);
    for sql in [
        format!(
            "UPDATE procedures SET video_key = '{}', thumbnail_key = '{}' WHERE {own}",
            key("procedures/1.mp4"),
            key("procedures/1.jpg")
        ),
        format!("UPDATE utterances SET end_seconds = 0.1 + 2, text = 'Ventil „zu“ \\ ''🔧''' WHERE {own}"),
        format!("UPDATE users SET password_hash = 'hush-password' WHERE {own}"),
    ] {
        place.accepted(&sql).await;
    }
    // What gives access, and what is under way.
    let db = &place.db;
    let hook = db
        .create_webhook(tenant, new_webhook("https://hooks.example.com/x"), crate::webhooks::added(), at(1))
        .await
        .unwrap();
    place.accepted(&format!("UPDATE webhooks SET secret = 'hush-webhook' WHERE id = {}", place.id(hook.id))).await;
    db.create_login("hush-login", "{}", Some((tenant, world.crew.user.id)), at(9999)).await.unwrap();
    let link = NewLink { kind: LinkKind::Reset, token_hash: "ab".repeat(32), expires_at: at(9999) };
    let by = crate::webhooks::added();
    db.open_link(tenant, world.crew.user.id, link, &by, at(1)).await.unwrap().unwrap();
    let codes = ["cd".repeat(32)];
    assert!(db.add_second_factor((tenant, world.crew.user.id), "hush-factor", 1, &codes, &by, at(1)).await.unwrap());
    let tenant = db.tenant(tenant).await.unwrap().unwrap();
    (place, tenant)
}

struct Written {
    folder: TempDir,
    zip: PathBuf,
    done: Exported,
}

async fn export(place: &Place, store: &Store, tenant: &Tenant) -> Written {
    let folder = tempfile::tempdir().unwrap();
    let (zip, work) = (folder.path().join("acme.zip"), folder.path().join("work"));
    let done = export_tenant(&place.db, &store.objects, tenant, &zip, &work, "test", at(100)).await.unwrap();
    assert_eq!(done.file_bytes, fs::metadata(&zip).unwrap().len());
    Written { folder, zip, done }
}

async fn take_in(zip: &Path, place: &Place, store: &Store) -> Result<Imported, ExportError> {
    let work = tempfile::tempdir().unwrap();
    let taken = import(Package::open(zip)?, &place.db, &store.objects, work.path(), at(200)).await;
    assert_eq!(fs::read_dir(work.path()).unwrap().count(), 0, "something is left in the working folder");
    taken
}

/// The files of a ZIP.
pub fn files(zip: &Path) -> Files {
    let mut zip = ZipArchive::new(File::open(zip).unwrap()).unwrap();
    let mut files = BTreeMap::new();
    for index in 0..zip.len() {
        let mut file = zip.by_index(index).unwrap();
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).unwrap();
        files.insert(file.name().to_owned(), bytes);
    }
    files
}

fn manifest(files: &Files) -> Value {
    serde_json::from_slice(&files["manifest.json"]).unwrap()
}

/// What must be the same after an import: tables and objects with their counts and hashes. The log of the import is one entry longer.
fn identity(zip: &Path) -> (Value, Value, String) {
    let files = files(zip);
    let mut manifest = manifest(&files);
    manifest["tables"].as_array_mut().unwrap().retain(|table| table["name"] != "audit_entries");
    let log = String::from_utf8(files["rows/audit_entries.jsonl"].clone()).unwrap();
    (manifest["tables"].clone(), manifest["objects"].clone(), log)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_is_the_same_elsewhere_by_count_and_hash() {
    let targets = || fresh_places().into_iter().rev().zip([Store::s3(), Store::disk()]);
    for (source, from) in fresh_places().into_iter().zip([Store::disk(), Store::s3()]) {
        let (place, tenant) = filled(source, &from).await;
        let first = export(&place, &from, &tenant).await;
        assert_eq!((first.done.objects, first.done.bytes), (4, 15), "{:?}", first.done);
        let everything = fs::read(&first.zip).unwrap();
        for secret in ["hush-", "film of another", "made anew", &"ab".repeat(32), &"cd".repeat(32)] {
            let found = everything.windows(secret.len()).any(|part| part == secret.as_bytes());
            assert!(!found, "{secret} is in the export");
        }
        for (target, to) in targets() {
            let there = Place::open_first(target).await;
            eprintln!("{} to {}", place.db.engine(), there.db.engine());
            // Somebody is there already.
            World::new(&there, "neighbours").await;
            let before = there.everything().await;
            let done = take_in(&first.zip, &there, &to).await.unwrap();
            assert_eq!((done.rows, done.objects, done.tenant_id), (first.done.rows, 4, tenant.id));
            assert_eq!(there.db.tenant(tenant.id).await.unwrap().unwrap(), tenant);
            let after = there.everything().await;
            assert!(before.iter().all(|row| after.contains(row)), "the neighbours' rows are as they were");

            let second = export(&there, &to, &tenant).await;
            let ((tables, objects, log), again) = (identity(&first.zip), identity(&second.zip));
            assert_eq!((tables, objects), (again.0, again.1));
            let more = again.2.strip_prefix(&log).expect("the log goes on where it was");
            assert!(more.lines().count() == 1 && more.contains("tenant.imported"), "{more}");

            // A second time it is here.
            let here = take_in(&first.zip, &there, &to).await.unwrap_err();
            assert!(matches!(&here, ExportError::Here(what) if what.contains("acme")), "{here}");
            assert_eq!(to.contents().await.len(), 4);
            // A webhook that is given a new secret has no old one, which nobody knows.
            let hook = there.db.webhooks(tenant.id).await.unwrap().remove(0);
            assert!(hook.disabled.is_some());
            there
                .db
                .rotate_webhook_secret(tenant.id, hook.id, "sealed", crate::webhooks::added(), at(300))
                .await
                .unwrap();
            assert_eq!(there.number("SELECT count(*) FROM webhooks WHERE old_secret IS NOT NULL").await, 0);
        }
    }
}

/// A table that somebody adds is in the export, or in the list of what stays, and has words; and no secret goes along.
#[tokio::test(flavor = "multi_thread")]
async fn no_table_is_forgotten() {
    for (source, store) in fresh_places().into_iter().zip([Store::disk(), Store::disk()]) {
        let (place, tenant) = filled(source, &store).await;
        let written = export(&place, &store, &tenant).await;
        let files = files(&written.zip);
        let what = Whole::Tenant { id: tenant.id, now: at(0) };
        let columns = if place.is_postgres() {
            "SELECT table_name || '.' || column_name FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1"
        } else {
            "SELECT t.name || '.' || c.name FROM sqlite_master t, pragma_table_info(t.name) c WHERE t.type = 'table' ORDER BY 1"
        };
        let mut seen = 0;
        for column in place.texts(columns).await {
            let (table, column) = column.split_once('.').unwrap();
            if (column != "tenant_id" && table != "tenants") || what.leaves_out_table(table) {
                continue;
            }
            assert!(files.contains_key(&format!("rows/{table}.jsonl")), "{table} is in no export");
            assert!(has_words(table), "the index page has no words for {table}: write them into export/words.rs");
            seen += 1;
        }
        assert!(seen > 20, "{seen}");
        // Hashes of random tokens may go; what can be guessed or opened may not.
        let secret = |column: &str| {
            ["secret", "sealed", "password", "wrapped", "private"].iter().any(|word| column.contains(word))
        };
        for (name, text) in files.iter().filter(|(name, _)| name.starts_with("rows/")) {
            for line in text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
                let row: BTreeMap<String, Value> = serde_json::from_slice(line).unwrap();
                for (column, value) in row.iter().filter(|(column, _)| secret(column) && !column.ends_with("_at")) {
                    assert!(
                        value.is_null() || value == "" || value.is_boolean(),
                        "{name}: {column} goes along: {value}"
                    );
                }
            }
        }
    }
}

/// What is changed in a ZIP, with the hashes put right again.
pub type Files = BTreeMap<String, Vec<u8>>;
type Change = fn(&mut Files);

fn rewritten(zip: &Path, change: Change) -> PathBuf {
    let mut files = files(zip);
    change(&mut files);
    let path = zip.with_extension("changed.zip");
    write_zip(&path, &files, CompressionMethod::Stored);
    path
}

fn write_zip(path: &Path, files: &Files, method: CompressionMethod) {
    let mut zip = ZipWriter::new(File::create(path).unwrap());
    for (name, bytes) in files {
        zip.start_file(name, SimpleFileOptions::default().compression_method(method)).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap();
}

fn with_manifest(files: &mut Files, change: impl FnOnce(&mut Value)) {
    let mut manifest = manifest(files);
    change(&mut manifest);
    files.insert("manifest.json".into(), serde_json::to_vec(&manifest).unwrap());
}

/// Changes the rows of a table, and the hash and count that the manifest tells of them.
fn with_rows(files: &mut Files, table: &str, change: impl FnOnce(&mut Vec<Value>)) {
    let name = format!("rows/{table}.jsonl");
    let text = files.get(&name).cloned().unwrap_or_default();
    let mut rows: Vec<Value> = text
        .split(|b| *b == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_slice(line).unwrap())
        .collect();
    change(&mut rows);
    let text: String = rows.iter().map(|row| format!("{row}\n")).collect();
    let told = json!({ "name": table, "rows": rows.len(), "sha256": sha256(text.as_bytes()) });
    with_manifest(files, |manifest| {
        let tables = manifest["tables"].as_array_mut().unwrap();
        match tables.iter_mut().find(|known| known["name"] == table) {
            Some(known) => *known = told,
            None => tables.push(told),
        }
    });
    files.insert(name, text.into_bytes());
}

fn with_objects(files: &mut Files, change: impl Fn(&mut Value)) {
    let text = String::from_utf8(files["objects.jsonl"].clone()).unwrap();
    let mut lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    change(&mut lines[0]);
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    with_manifest(files, |manifest| manifest["objects"]["sha256"] = sha256(text.as_bytes()).into());
    files.insert("objects.jsonl".into(), text.into_bytes());
}

fn sha256(bytes: &[u8]) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes);
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

const OTHER: &str = "0196f0c2-9d1e-7000-8000-000000000001";

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_whole_export_of_one_tenant_is_refused() {
    let changes: &[(&str, Change)] = &[
        ("are not as they were written", |files: &mut Files| {
            let (_, bytes) = files.iter_mut().find(|(name, _)| name.ends_with("source-6")).unwrap();
            bytes[0] = b'b';
        }),
        ("rows/users.jsonl is not as it was written", |files: &mut Files| {
            files.get_mut("rows/users.jsonl").unwrap()[3] = b'X'
        }),
        ("is missing", |files: &mut Files| files.retain(|name, _| !name.ends_with("source-6"))),
        ("manifest.json is missing", |files: &mut Files| {
            files.remove("manifest.json");
        }),
        ("no export of an organisation", |files: &mut Files| with_manifest(files, |m| m["kind"] = "backup".into())),
        ("newer version", |files: &mut Files| with_manifest(files, |m| m["format"] = 2.into())),
        ("newer version", |files: &mut Files| {
            with_manifest(files, |m| m["schema"].as_array_mut().unwrap().push("9999_of_tomorrow".into()))
        }),
        ("table that this version of the program does not know", |files: &mut Files| {
            let tenant = manifest(files)["tenant_id"].clone();
            with_rows(files, "wishes", |rows| rows.push(json!({ "tenant_id": tenant })));
        }),
        ("has no column wish", |files: &mut Files| with_rows(files, "users", |rows| rows[0]["wish"] = "x".into())),
        ("is no name of a table", |files: &mut Files| with_rows(files, "../users", |_| {})),
        ("break a rule", |files: &mut Files| with_rows(files, "users", |rows| rows[0]["role"] = "king".into())),
        ("break a rule", |files: &mut Files| with_rows(files, "seats", |rows| rows[0]["user_id"] = OTHER.into())),
        ("of another organisation", |files: &mut Files| {
            with_rows(files, "seats", |rows| rows[0]["tenant_id"] = OTHER.into())
        }),
        ("of another organisation", |files: &mut Files| {
            with_rows(files, "tenants", |rows| {
                let mut other = rows[0].clone();
                other["id"] = OTHER.into();
                rows.push(other);
            })
        }),
        ("names an object of another organisation", |files: &mut Files| {
            with_rows(files, "procedures", |rows| {
                rows[0]["video_key"] = format!("tenants/{OTHER}/sessions/1/recording.mp4").into();
            })
        }),
        ("names an object of another organisation", |files: &mut Files| {
            with_rows(files, "step_runs", |rows| {
                rows[0]["error"] = json!({ "key": format!("tenants/{OTHER}/x") }).to_string().into();
            })
        }),
        ("holds what no export holds", |files: &mut Files| {
            let tenant = manifest(files)["tenant_id"].clone();
            with_rows(files, "erasures", |rows| {
                rows.push(json!({
        "id": OTHER, "tenant_id": tenant, "scope": "session", "subject_id": OTHER, "prefixes": "[\"tenants\"]",
        "rows_erased": "{}", "objects": 0, "bytes": 0, "sweeps": 0, "not_before": 0, "requested_at": 0,
        "completed_at": null, "record": null, "signature": null,
    }))
            });
        }),
        ("which no export does", |files: &mut Files| {
            let tenant = manifest(files)["tenant_id"].clone();
            with_rows(files, "audit_erasures", |rows| rows.push(json!({ "tenant_id": tenant })));
        }),
        ("which no export does", |files: &mut Files| {
            let tenant = manifest(files)["tenant_id"].clone();
            with_rows(files, "logins", |rows| {
                rows.push(json!({ "id": "x", "data": "{}", "expires_at": 1, "tenant_id": tenant, "user_id": null }))
            });
        }),
        ("holds what no export holds", |files: &mut Files| {
            with_rows(files, "users", |rows| rows[0]["password_hash"] = "$argon2id$".into())
        }),
        ("not of this organisation", |files: &mut Files| {
            with_objects(files, |line| {
                line["key"] = format!("{}/../../../x", line["key"].as_str().unwrap()).into();
            })
        }),
        ("not of this organisation", |files: &mut Files| {
            with_objects(files, |line| line["key"] = format!("tenants/{OTHER}/x").into())
        }),
        ("has another size", |files: &mut Files| {
            with_objects(files, |line| line["bytes"] = 1_000_000_000_000_u64.into())
        }),
        ("is out of order", |files: &mut Files| {
            with_objects(files, |line| {
                let key = line["key"].as_str().unwrap();
                line["key"] = format!("{}/z", key.rsplit_once('/').unwrap().0).into();
            })
        }),
    ];
    let store = Store::disk();
    let (place, tenant) = filled(At::Sqlite(tempfile::tempdir().unwrap()), &store).await;
    let written = export(&place, &store, &tenant).await;
    let there = Place::open_first(At::Sqlite(tempfile::tempdir().unwrap())).await;
    for (why, change) in changes {
        refused(&rewritten(&written.zip, *change), &there, why, tenant.id).await;
    }
}

/// The file is refused for this reason, and nothing of it is there.
async fn refused(zip: &Path, there: &Place, why: &str, tenant: TenantId) {
    let (before, store) = (there.everything().await, Store::disk());
    let error = take_in(zip, there, &store).await.unwrap_err().to_string();
    assert!(error.contains(why), "{why}: {error}");
    assert!(there.db.tenant(tenant).await.unwrap().is_none());
    assert_eq!((there.everything().await, store.contents().await.len()), (before, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_cut_packed_anew_or_tangled_is_refused() {
    let store = Store::disk();
    let (place, tenant) = filled(At::Sqlite(tempfile::tempdir().unwrap()), &store).await;
    let written = export(&place, &store, &tenant).await;
    let whole = fs::read(&written.zip).unwrap();
    let other = written.folder.path().join("other.zip");
    let there = Place::open_first(At::Sqlite(tempfile::tempdir().unwrap())).await;
    for length in [0, 1, whole.len() / 2, whole.len() - 1] {
        fs::write(&other, &whole[..length]).unwrap();
        refused(&other, &there, "it is no whole ZIP", tenant.id).await;
    }
    // Two names of the same bytes: a small file that would be a large one.
    let name = files(&written.zip).into_keys().find(|name| name.ends_with("source-6")).unwrap();
    let mut zip =
        ZipWriter::new_append(fs::OpenOptions::new().read(true).write(true).open(&written.zip).unwrap()).unwrap();
    zip.shallow_copy_file(&name, "objects/again").unwrap();
    zip.finish().unwrap();
    refused(&written.zip, &there, "files of the ZIP overlap", tenant.id).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_here_already_is_not_written_over() {
    let store = Store::disk();
    let (place, tenant) = filled(At::Sqlite(tempfile::tempdir().unwrap()), &store).await;
    let written = export(&place, &store, &tenant).await;
    let same_name = Place::open_first(At::Sqlite(tempfile::tempdir().unwrap())).await;
    World::new(&same_name, "acme").await;
    let same_address = Place::open_first(At::Sqlite(tempfile::tempdir().unwrap())).await;
    let crew = same_address.crew("neighbours").await;
    let email = place.texts("SELECT email FROM users ORDER BY email").await.remove(0);
    let new =
        NewUser { email: email.clone(), full_name: "N".into(), role: UserRole::Member, password_hash: "h".into() };
    same_address.db.create_user(crew.tenant, new, at(0)).await.unwrap();
    for (there, why) in [(same_name, "\"acme\""), (same_address, email.as_str())] {
        let (before, to) = (there.everything().await, Store::disk());
        let error = take_in(&written.zip, &there, &to).await.unwrap_err();
        assert!(matches!(&error, ExportError::Here(what) if what.contains(why)), "{error}");
        assert_eq!((there.everything().await, to.contents().await.len()), (before, 0));
    }
    // While it is being erased, what still goes would go from the imported one.
    place.db.erase_tenant(tenant.id, at(300)).await.unwrap().unwrap();
    let error = take_in(&written.zip, &place, &store).await.unwrap_err().to_string();
    assert!(error.contains("is being erased"), "{error}");
}
