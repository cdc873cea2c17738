//! What is left on a disk after the power went at any byte.

use glasses::{
    Moment, sha256,
    spool::{Event, PartState, Spool, TakenPart},
};
use proptest::prelude::*;
use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

fn start() -> Event {
    Event::Start { name: None, task_id: None, began: Moment::now(), seat: None }
}

/// A session of three parts of which the last is `bytes`, as a crash leaves it. Returns the last part's file.
fn crashed(root: &Path, bytes: &[u8]) -> PathBuf {
    let (spool, _) = Spool::open(root).unwrap();
    let mut open = spool.begin(&start()).unwrap();
    open.part(1, 0, 0, b"header").unwrap();
    open.part(1, 0, 2000, b"first").unwrap();
    let last = open.part(1, 2000, 2000, bytes).unwrap();
    open.session().path().join(format!("{last}.part"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_part_that_is_not_whole_is_never_taken_for_one(
        bytes in prop::collection::vec(1..=u8::MAX, 1..400),
        at in any::<prop::sample::Index>(),
        damage in 0..3,
    ) {
        let folder = tempfile::tempdir().unwrap();
        let path = crashed(folder.path(), &bytes);
        let mut damaged = bytes.clone();
        match damage {
            0 => damaged.truncate(at.index(bytes.len())),
            1 => damaged[at.index(bytes.len())..].fill(0),
            _ => damaged[at.index(bytes.len())] ^= 0x40,
        }
        fs::write(&path, &damaged).unwrap();
        let (spool, recovered) = Spool::open(folder.path()).unwrap();
        let session = &spool.sessions().unwrap()[0];
        prop_assert_eq!(recovered.ended, vec![session.key()]);
        let contents = session.contents().unwrap();
        let taken: Vec<_> = contents.held().map(|part| session.take(&part.name).unwrap()).collect();
        let whole = |bytes: &[u8]| TakenPart::Bytes(bytes.to_vec());
        prop_assert_eq!(taken, vec![whole(b"header"), whole(b"first"), TakenPart::Torn]);
        let after = session.contents().unwrap();
        prop_assert_eq!((after.made(), after.missing()), (3, vec![3]));
        let apart = spool.finish(session).unwrap().expect("what is damaged is set apart");
        prop_assert_eq!(fs::read(apart.join(path.with_extension("torn").file_name().unwrap())).unwrap(), damaged);
    }

    #[test]
    fn a_part_that_was_being_written_was_never_one(
        bytes in prop::collection::vec(any::<u8>(), 1..400),
        at in any::<prop::sample::Index>(),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let path = crashed(folder.path(), &bytes);
        let beside = PathBuf::from(format!("{}.tmp", path.display()));
        fs::remove_file(&path).unwrap();
        fs::write(&beside, &bytes[..at.index(bytes.len())]).unwrap();
        let (spool, recovered) = Spool::open(folder.path()).unwrap();
        let session = &spool.sessions().unwrap()[0];
        prop_assert_eq!(recovered.unfinished.len(), 1);
        let contents = session.contents().unwrap();
        prop_assert_eq!((contents.made(), contents.missing(), contents.held().count()), (2, vec![], 2));
        prop_assert_eq!(&fs::read(&recovered.unfinished[0]).unwrap(), &bytes[..at.index(bytes.len())]);
    }

    #[test]
    fn an_event_that_is_not_whole_is_none(at in any::<prop::sample::Index>()) {
        let folder = tempfile::tempdir().unwrap();
        crashed(folder.path(), b"last");
        let (spool, _) = Spool::open(folder.path()).unwrap();
        let session = &spool.sessions().unwrap()[0];
        let events = || fs::read_dir(session.path()).unwrap().map(|e| e.unwrap().path()).filter(|p| {
            p.file_name().unwrap().to_str().unwrap().starts_with("e0") && p.extension().unwrap() == "json"
        });
        let stop = events().max().unwrap();
        let json = fs::read(&stop).unwrap();
        fs::write(&stop, &json[..at.index(json.len())]).unwrap();
        drop(spool);
        let (spool, recovered) = Spool::open(folder.path()).unwrap();
        let session = &spool.sessions().unwrap()[0];
        prop_assert_eq!(recovered.ended, vec![session.key()]);
        prop_assert!(session.contents().unwrap().is_stopped());
        prop_assert_eq!(session.contents().unwrap().held().count(), 3);
    }
}

#[test]
fn a_running_session_is_ended_at_its_last_part() {
    let folder = tempfile::tempdir().unwrap();
    crashed(folder.path(), b"last");
    let (spool, _) = Spool::open(folder.path()).unwrap();
    let events = spool.sessions().unwrap()[0].contents().unwrap().events;
    assert_eq!(events.last().unwrap().event, Event::Stop { at_ms: 4000, abnormal: true });
    drop(spool);
    let (_, recovered) = Spool::open(folder.path()).unwrap();
    assert!(recovered.ended.is_empty(), "once is enough");
}

#[test]
fn a_deletion_is_finished_after_a_crash() {
    let folder = tempfile::tempdir().unwrap();
    let (spool, _) = Spool::open(folder.path()).unwrap();
    let mut open = spool.begin(&start()).unwrap();
    let kept = open.part(1, 0, 2000, b"kept").unwrap();
    let deleted = open.part(1, 2000, 2000, b"deleted").unwrap();
    open.event(&Event::Delete { from_ms: 2000, to_ms: 9000 }).unwrap();
    let file = open.session().path().join(format!("{deleted}.part"));
    assert!(file.exists());
    drop((open, spool));
    let (spool, _) = Spool::open(folder.path()).unwrap();
    let contents = spool.sessions().unwrap()[0].contents().unwrap();
    assert_eq!(contents.held().map(|part| &part.name).collect::<Vec<_>>(), [&kept]);
    let gone = &contents.parts[1];
    assert_eq!((gone.state, gone.bytes, contents.missing()), (PartState::Gone, 0, vec![2]));
}

#[test]
fn a_part_that_reaches_into_what_was_deleted_is_not_written() {
    let folder = tempfile::tempdir().unwrap();
    let (spool, _) = Spool::open(folder.path()).unwrap();
    let mut open = spool.begin(&start()).unwrap();
    open.part(1, 0, 2000, b"before").unwrap();
    open.delete(1000, 3000).unwrap();
    open.part(1, 2000, 2000, b"secret").unwrap();
    open.part(2, 4000, 0, b"header").unwrap();
    open.part(2, 4000, 2000, b"after").unwrap();
    let contents = open.session().contents().unwrap();
    assert_eq!((contents.made(), contents.missing()), (4, vec![1, 2]));
    for entry in fs::read_dir(open.session().path()).unwrap() {
        let bytes = fs::read(entry.unwrap().path()).unwrap();
        assert!(bytes != b"secret" && bytes != b"before");
    }
}

#[test]
fn one_process_at_a_time_and_nobody_else_reads_it() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("spool");
    let (spool, _) = Spool::open(&root).unwrap();
    let error = Spool::open(&root).unwrap_err();
    assert!(error.to_string().contains("another trainar glasses"), "{error}");
    let mut open = spool.begin(&start()).unwrap();
    let part = open.part(1, 0, 0, b"header").unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!([mode(&root), mode(open.session().path())], [0o700, 0o700]);
    assert_eq!(mode(&open.session().path().join(format!("{part}.part"))), 0o600);
    assert_eq!(part.sha256, sha256(b"header"));
}
