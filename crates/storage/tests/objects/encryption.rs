//! Encrypted objects: nothing in clear, any range, nothing changed unnoticed, keys that come and go.

use super::*;
use proptest::{prelude::*, test_runner::TestRunner};
use secrecy::ExposeSecret;
use std::sync::Arc;
use storage::encryption::Keys;

const SEGMENT: usize = 65_536;
const HEADER: usize = 48;

/// New ones each time.
pub fn keys() -> Keys {
    Keys::parse(Keys::generate().expose_secret()).unwrap()
}

/// A place, the same place as it is stored, and the text of its keys.
struct Vault {
    stored: Objects,
    place: Place,
    text: String,
}

impl Vault {
    async fn new(place: Place) -> Self {
        let text = Keys::generate().expose_secret().to_owned();
        let stored = place.objects.clone();
        let objects = stored.clone().encrypted(Keys::parse(&text).unwrap()).await.unwrap();
        Self { stored, place: Place { objects, encrypted: true, ..place }, text }
    }

    async fn stored(&self, key: &str) -> Vec<u8> {
        self.stored.get(key).await.unwrap().unwrap().to_vec()
    }

    async fn reopen(&self, text: &str) -> Result<Objects, ObjectError> {
        self.stored.clone().encrypted(Keys::parse(text).unwrap()).await
    }
}

async fn on_both(test: impl AsyncFn(&Vault)) {
    for place in [disk(), s3()] {
        eprintln!("on {}", place.name);
        test(&Vault::new(place).await).await;
    }
}

/// Whether any 16 bytes of `clear` that stand at a multiple of 16 are in `stored`.
fn shows(stored: &[u8], clear: &[u8]) -> bool {
    let pieces: std::collections::HashSet<_> = clear.as_chunks::<16>().0.iter().collect();
    stored.windows(16).any(|window| <&[u8; 16]>::try_from(window).is_ok_and(|window| pieces.contains(window)))
}

fn is_undecipherable(error: &ObjectError) -> bool {
    matches!(error, ObjectError::Undecipherable { .. }) && !error.is_temporary()
}

#[tokio::test]
async fn nothing_is_stored_in_clear_however_it_is_written() {
    on_both(async |vault| {
        let (objects, place) = (&vault.place.objects, &vault.place);
        let content = noise(200_000);
        assert!(shows(&content, &content), "the scan finds what it looks for");
        objects.put("put", content.clone().into()).await.unwrap();
        objects.link_file("linked", &place.file("linked", &content)).await.unwrap();
        objects.put_file("taken", &place.file("taken", &content)).await.unwrap();
        objects.join(&["put".into()], "joined/one").await.unwrap();
        objects.join(&["put".into(), "taken".into()], "joined/two").await.unwrap();
        for key in ["put", "linked", "taken", "joined/one", "joined/two"] {
            let stored = vault.stored(key).await;
            assert!(!shows(&stored, &content), "{key} on {}", place.name);
            let meta = objects.head(key).await.unwrap().unwrap();
            assert_eq!(meta.bytes as usize, objects.get(key).await.unwrap().unwrap().len());
            assert!(stored.len() > meta.bytes as usize);
        }
        let sizes: Vec<_> = objects.list_with_meta("").await.unwrap().into_iter().map(|(_, meta)| meta.bytes).collect();
        assert_eq!(sizes, [200_000, 400_000, 200_000, 200_000, 200_000], "of joined/one, joined/two and the rest");
    })
    .await;
}

#[test]
fn any_range_of_any_size_is_what_was_written() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let vault = runtime.block_on(Vault::new(disk()));
    let around = |n: usize| (n * SEGMENT).saturating_sub(2)..n * SEGMENT + 3;
    let sizes = prop_oneof![around(0), around(1), around(2), around(3), 0..4 * SEGMENT];
    let edge = prop_oneof![around(0), around(1), around(2), 0..5 * SEGMENT];
    let cases = (sizes, edge.clone(), edge);
    let config = ProptestConfig { cases: 300, failure_persistence: None, ..Default::default() };
    let tried = TestRunner::new(config).run(&cases, |(size, from, length)| {
        runtime.block_on(async {
            let (objects, content) = (&vault.place.objects, noise(size));
            objects.put("k", content.clone().into()).await.unwrap();
            prop_assert_eq!(objects.get("k").await.unwrap().unwrap(), &content);
            let range = from as u64..(from + length) as u64;
            let read = objects.get_range("k", range).await;
            if from >= size && length > 0 {
                let refused = matches!(read.err(), Some(ObjectError::Other { .. }));
                prop_assert!(refused);
            } else {
                let to = (from + length).min(size);
                prop_assert_eq!(collect(read.unwrap()).await, &content[from.min(to)..to]);
            }
            Ok(())
        })
    });
    tried.unwrap();
}

#[tokio::test]
async fn ranges_of_a_large_object_come_from_their_segments_only() {
    on_both(async |vault| {
        let (objects, content) = (&vault.place.objects, noise(40 * SEGMENT + 77));
        objects.put_file("k", &vault.place.file("k", &content)).await.unwrap();
        // All but one segment is destroyed: who reads that one does not notice.
        let mut stored = vault.stored("k").await;
        let sealed = SEGMENT + 16;
        let kept = HEADER + 20 * sealed..HEADER + 21 * sealed;
        for (at, byte) in stored.iter_mut().enumerate().skip(HEADER) {
            *byte ^= u8::from(!kept.contains(&at));
        }
        vault.stored.put("k", stored.into()).await.unwrap();
        let (from, to) = (20 * SEGMENT, 21 * SEGMENT);
        let read = collect(objects.get_range("k", from as u64..to as u64).await.unwrap()).await;
        assert!(read == content[from..to], "on {}", vault.place.name);
        for range in [from - 1..to, from..to + 1, 0..1, 40 * SEGMENT..40 * SEGMENT + 77] {
            let read = objects.get_range("k", range.start as u64..range.end as u64).await.unwrap();
            let error = read.try_collect::<Vec<_>>().await.unwrap_err();
            assert!(is_undecipherable(&error), "{error}");
        }
    })
    .await;
}

#[tokio::test]
async fn whatever_is_changed_is_noticed() {
    on_both(async |vault| {
        let objects = &vault.place.objects;
        let content = noise(3 * SEGMENT + 1000);
        objects.put("k", content.clone().into()).await.unwrap();
        objects.put("other", content.clone().into()).await.unwrap();
        let (whole, other) = (vault.stored("k").await, vault.stored("other").await);
        let sealed = SEGMENT + 16;
        let flipped = |at: usize| {
            let mut bytes = whole.clone();
            bytes[at] ^= 1;
            bytes
        };
        let segment = |n: usize| &whole[HEADER + n * sealed..HEADER + (n + 1) * sealed];
        let last = &whole[HEADER + 3 * sealed..];
        let changed = [
            ("a bit of the key's id", flipped(8)),
            ("a bit of the salt", flipped(30)),
            ("the first bit", flipped(HEADER)),
            ("a bit in the middle", flipped(HEADER + sealed + 100)),
            ("a bit of a tag", flipped(HEADER + sealed - 1)),
            ("the last bit", flipped(whole.len() - 1)),
            ("cut off in a segment", whole[..whole.len() - 10].to_vec()),
            ("cut off behind a segment", whole[..HEADER + 3 * sealed].to_vec()),
            ("cut off in the header", whole[..HEADER].to_vec()),
            ("longer", [&whole[..], b"more"].concat()),
            ("segments swapped", [&whole[..HEADER], segment(1), segment(0), segment(2), last].concat()),
            ("a segment twice", [&whole[..HEADER], segment(0), segment(0), segment(2), last].concat()),
            ("the first left out", [&whole[..HEADER], segment(1), segment(2), last].concat()),
            ("another object", other),
        ];
        for (what, bytes) in changed {
            vault.stored.put("k", bytes.into()).await.unwrap();
            let ranged = async {
                objects.get_range("k", 0..u64::MAX).await?.try_collect::<Vec<_>>().await.map(|pieces| pieces.concat())
            };
            let errors = [
                objects.get("k").await.err(),
                ranged.await.err(),
                objects.local("k", &vault.place.work()).await.err(),
                objects.join(&["other".into(), "k".into()], "joined").await.err(),
            ];
            for error in errors {
                let error = error.unwrap_or_else(|| panic!("{what} goes unnoticed on {}", vault.place.name));
                assert!(is_undecipherable(&error), "{what}: {error}");
            }
            assert_eq!(objects.get("joined").await.unwrap(), None, "{what}");
        }
        // Without its header it is as one from before encryption, and there is none here.
        vault.stored.put("k", flipped(0).into()).await.unwrap();
        let error = objects.get("k").await.unwrap_err();
        assert!(matches!(error, ObjectError::NotEncrypted { .. }), "{error}");
        assert_eq!(names(&vault.place.work()), Vec::<String>::new());
    })
    .await;
}

#[tokio::test]
async fn what_was_there_before_is_read_and_then_encrypted() {
    on_all_plain(async |place| {
        let content = noise(100_000);
        let stored = place.objects.clone();
        for (key, bytes) in [("a/old", &content[..]), ("a/empty", b""), ("a/short", b"short")] {
            stored.put(key, bytes.to_vec().into()).await.unwrap();
        }
        let objects = stored.clone().encrypted(keys()).await.unwrap();
        assert_eq!(objects.has_plain(), Some(true));
        objects.put("a/new", content.clone().into()).await.unwrap();
        let check = async |objects: &Objects| {
            for (key, bytes) in [("a/old", &content[..]), ("a/new", &content), ("a/empty", b""), ("a/short", b"short")]
            {
                assert!(objects.get(key).await.unwrap().unwrap() == bytes, "{key} on {}", place.name);
                assert_eq!(objects.head(key).await.unwrap().unwrap().bytes, bytes.len() as u64);
                let read = objects.get_range(key, 0..bytes.len() as u64).await.unwrap();
                assert!(collect(read).await == bytes, "{key} on {}", place.name);
            }
            let sizes = objects.list_with_meta("a").await.unwrap().into_iter().map(|(key, meta)| (key, meta.bytes));
            let expected = [("a/empty", 0), ("a/new", 100_000), ("a/old", 100_000), ("a/short", 5)];
            assert!(sizes.eq(expected.map(|(key, bytes)| (key.to_owned(), bytes))));
            let joined = objects.join(&["a/old".into(), "a/new".into(), "a/empty".into()], "joined").await.unwrap();
            assert_eq!(joined.bytes, 200_000);
            objects.delete("joined").await.unwrap();
        };
        check(&objects).await;

        let done = objects.rewrite(false, |_, _| ()).await.unwrap();
        assert_eq!((done.objects, done.bytes, done.already, done.left.len()), (3, 100_005, 1, 0));
        check(&objects).await;
        assert!(!shows(&stored.get("a/old").await.unwrap().unwrap(), &content));
        assert_eq!(objects.rewrite(false, |_, _| ()).await.unwrap().already, 4);
        assert_eq!(stored.list("").await.unwrap().len(), 5, "and the sentinel");
    })
    .await;
}

#[tokio::test]
async fn once_all_is_encrypted_nothing_else_is_believed() {
    on_both(async |vault| {
        assert_eq!(vault.place.objects.has_plain(), Some(false), "it was empty");
        vault.stored.put("forged", "forged".into()).await.unwrap();
        let objects = vault.reopen(&vault.text).await.unwrap();
        for error in [
            objects.get("forged").await.err(),
            objects.head("forged").await.err(),
            objects.get_range("forged", 0..1).await.err(),
            objects.local("forged", &vault.place.work()).await.err(),
        ] {
            let error = error.unwrap();
            assert!(matches!(error, ObjectError::NotEncrypted { .. }), "{error}");
        }
        let left = objects.rewrite(false, |_, _| ()).await.unwrap().left;
        assert!(left.len() == 1 && left[0].contains("--take-plain"), "{left:?}");
        assert_eq!(objects.rewrite(true, |_, _| ()).await.unwrap().objects, 1);
        assert_eq!(objects.get("forged").await.unwrap().unwrap(), "forged");
    })
    .await;
}

#[tokio::test]
async fn keys_come_and_go_and_none_goes_that_is_needed() {
    on_both(async |vault| {
        let old = &vault.text;
        let new = Keys::generate().expose_secret().to_owned();
        vault.place.objects.put("old", "old".into()).await.unwrap();

        // Without a key, and with one that is not theirs, nobody comes in.
        let none = vault.stored.clone().not_encrypted().await.err().unwrap().to_string();
        assert!(none.contains("no key is set") && none.contains("key_file"), "{none}");
        let wrong = vault.reopen(&new).await.err().unwrap().to_string();
        let id = Keys::parse(old).unwrap().ids()[0];
        assert!(wrong.contains(&format!("key {id}")) && wrong.contains("put that key back"), "{wrong}");

        let both = vault.reopen(&format!("{new}\n{old}")).await.unwrap();
        both.put("new", "new".into()).await.unwrap();
        assert_eq!(both.get("old").await.unwrap().unwrap(), "old");
        assert_eq!(both.encrypted_by().await.unwrap().into_values().collect::<Vec<_>>(), [1, 1]);
        for text in [old, &new] {
            let refused = vault.reopen(text).await.err().unwrap().to_string();
            assert!(refused.contains("put that key back"), "{refused}");
        }
        assert_eq!(both.rewrite(false, |_, _| ()).await.unwrap().objects, 1);
        let after = vault.reopen(&new).await.unwrap();
        for key in ["old", "new"] {
            assert_eq!(after.get(key).await.unwrap().unwrap(), key);
        }
        assert!(is_undecipherable(&vault.reopen(old).await.err().unwrap()));
    })
    .await;
}

#[tokio::test]
async fn a_rewriting_that_broke_off_goes_on() {
    on_all_plain(async |place| {
        for n in 0..10 {
            place.objects.put(&format!("a/{n}"), noise(70_000 + n).into()).await.unwrap();
        }
        let objects = place.objects.clone().encrypted(keys()).await.unwrap();
        let (begun, mut turn) = (Arc::new(tokio::sync::Notify::new()), 0);
        {
            let told = begun.clone();
            let work = objects.rewrite(false, |_, _| {
                turn += 1;
                if turn == 4 {
                    told.notify_one();
                }
            });
            tokio::select! { biased; () = begun.notified() => {} _ = work => panic!("it went on to the end") }
        }
        let done = objects.rewrite(false, |_, _| ()).await.unwrap();
        assert_eq!(done.objects + done.already, 10);
        assert!(done.already >= 3, "{done:?} on {}", place.name);
        for n in 0..10 {
            assert!(objects.get(&format!("a/{n}")).await.unwrap().unwrap() == noise(70_000 + n));
        }
    })
    .await;
}

/// Runs a test on both stores, not encrypted.
async fn on_all_plain(test: impl AsyncFn(&Place)) {
    for place in [disk(), s3()] {
        eprintln!("on {}", place.name);
        test(&place).await;
    }
}
