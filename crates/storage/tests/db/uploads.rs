//! Uploads: the offset kept in the row is the truth.

use crate::harness::{at, new_upload, on_both};
use storage::{
    DbError,
    db::uploads::{Chunk, NewUpload, Termination, UploadState},
};
use uuid::Uuid;

#[tokio::test(flavor = "multi_thread")]
async fn bytes_are_taken_only_where_the_upload_stands() {
    on_both(async |place| {
        let crew = place.crew("acme").await;
        let session = place.recording(&crew, at(0)).await;
        let upload = place.upload(&session, Some(10), at(0)).await;
        assert_eq!((upload.received, upload.state), (0, UploadState::Open));
        assert_eq!(place.append(&upload, 1, 2, at(1)).await, None, "a gap");
        let grown = place.append(&upload, 0, 4, at(2)).await.unwrap();
        assert_eq!((grown.received, grown.state, grown.expires_at), (4, UploadState::Open, at(3602)));
        assert_eq!(place.append(&upload, 0, 4, at(3)).await, None, "the same again");
        assert_eq!(place.append(&upload, 3, 4, at(3)).await, None, "an overlap");
        assert_eq!(place.append(&upload, 4, 7, at(3)).await, None, "past the length");
        assert_eq!(place.append(&upload, u64::MAX, 1, at(3)).await, None, "nowhere");
        assert_eq!(place.db.upload(crew.tenant, upload.id).await.unwrap(), Some(grown), "and nothing changed");
        let whole = place.append(&upload, 4, 6, at(4)).await.unwrap();
        assert_eq!((whole.received, whole.state), (10, UploadState::Complete));
        assert_eq!(place.append(&upload, 10, 1, at(5)).await, None);
        assert_eq!(place.db.upload_of(crew.tenant, session.id, 1).await.unwrap(), Some(whole));
        let chunks = place.db.chunks(crew.tenant, upload.id).await.unwrap();
        assert_eq!(chunks.iter().map(|c| (c.start, c.bytes)).collect::<Vec<_>>(), [(0, 4), (4, 6)]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_several_writers_at_one_offset_one_wins() {
    on_both(async |place| {
        let crew = place.crew("acme").await;
        let session = place.recording(&crew, at(0)).await;
        let upload = place.upload(&session, Some(100), at(0)).await;
        for round in 0..10 {
            let race = (0..4).map(|writer| {
                let chunk = Chunk { start: round * 10, bytes: 10, key: format!("{round}-{writer}") };
                place.db.append_chunk(crew.tenant, upload.id, chunk, at(3600), at(1))
            });
            let won = futures::future::join_all(race).await.into_iter().filter(|r| r.as_ref().unwrap().is_some());
            assert_eq!(won.count(), 1);
        }
        let chunks = place.db.chunks(crew.tenant, upload.id).await.unwrap();
        assert_eq!(chunks.iter().map(|c| c.start).collect::<Vec<_>>(), (0..100).step_by(10).collect::<Vec<_>>());
        let whole = place.db.upload(crew.tenant, upload.id).await.unwrap().unwrap();
        assert_eq!((whole.received, whole.state), (100, UploadState::Complete));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_has_one_upload() {
    on_both(async |place| {
        let crew = place.crew("acme").await;
        let session = place.recording(&crew, at(0)).await;
        place.upload(&session, Some(10), at(0)).await;
        let second = place.db.create_upload(crew.tenant, session.id, new_upload(Some(10)), at(1)).await;
        assert!(matches!(second, Err(DbError::Exists(_))), "{second:?}");
        let nowhere = place.db.create_upload(crew.tenant, Uuid::now_v7().into(), new_upload(Some(10)), at(1)).await;
        assert!(matches!(nowhere, Err(DbError::Refused(_))), "{nowhere:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deferred_length_is_declared_once_and_never_below_what_is_here() {
    on_both(async |place| {
        let crew = place.crew("acme").await;
        let session = place.recording(&crew, at(0)).await;
        let upload = place.upload(&session, None, at(0)).await;
        let declare = |length| place.db.declare_length(crew.tenant, upload.id, length, at(2));
        place.append(&upload, 0, 10, at(1)).await.unwrap();
        assert_eq!(declare(9).await.unwrap(), None);
        let declared = declare(20).await.unwrap().unwrap();
        assert_eq!((declared.length, declared.state), (Some(20), UploadState::Open));
        assert_eq!(declare(20).await.unwrap(), Some(declared), "the same length again is the same fact");
        assert_eq!(declare(21).await.unwrap(), None);
        assert_eq!(place.append(&upload, 10, 11, at(3)).await, None);
        assert_eq!(place.append(&upload, 10, 10, at(3)).await.unwrap().state, UploadState::Complete);
        assert_eq!(declare(20).await.unwrap(), None, "it is not open any more");

        let empty = place.recording(&crew, at(0)).await;
        let empty = place.upload(&empty, None, at(0)).await;
        let declared = place.db.declare_length(crew.tenant, empty.id, 0, at(1)).await.unwrap().unwrap();
        assert_eq!(declared.state, UploadState::Complete);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_upload_can_be_terminated_and_a_complete_one_cannot() {
    on_both(async |place| {
        let crew = place.crew("acme").await;
        let session = place.recording(&crew, at(0)).await;
        let upload = place.upload(&session, Some(10), at(0)).await;
        place.append(&upload, 0, 4, at(1)).await.unwrap();
        place.append(&upload, 4, 4, at(1)).await.unwrap();
        let keys = vec![format!("{}/0", upload.id), format!("{}/4", upload.id)];
        let terminate = |id| place.db.terminate_upload(crew.tenant, id);
        assert_eq!(terminate(upload.id).await.unwrap(), Termination::Terminated(keys));
        assert_eq!(terminate(upload.id).await.unwrap(), Termination::NotFound);
        assert_eq!(place.number("SELECT count(*) FROM upload_chunks").await, 0);
        assert_eq!(place.append(&upload, 8, 1, at(2)).await, None);

        let upload = place.upload(&session, Some(4), at(3)).await;
        place.append(&upload, 0, 4, at(4)).await.unwrap();
        assert_eq!(terminate(upload.id).await.unwrap(), Termination::Complete);
        assert_eq!(place.db.chunks(crew.tenant, upload.id).await.unwrap().len(), 1);
    })
    .await;
}

/// Whatever the order: a chunk is either refused or among the keys that go, so no object is left behind.
#[tokio::test(flavor = "multi_thread")]
async fn a_chunk_that_meets_a_termination_is_not_lost_sight_of() {
    on_both(async |place| {
        let crew = place.crew("acme").await;
        let session = place.recording(&crew, at(0)).await;
        for _ in 0..20 {
            let upload = place.upload(&session, Some(10), at(0)).await;
            let (appended, terminated) =
                tokio::join!(place.append(&upload, 0, 4, at(1)), place.db.terminate_upload(crew.tenant, upload.id));
            let keys = if appended.is_some() { vec![format!("{}/0", upload.id)] } else { vec![] };
            assert_eq!(terminated.unwrap(), Termination::Terminated(keys));
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_nobody_goes_on_with_expires_and_keeps_its_bytes() {
    on_both(async |place| {
        let crew = place.crew("acme").await;
        let session = place.recording(&crew, at(0)).await;
        let new = NewUpload { expires_at: at(100), ..new_upload(Some(10)) };
        let upload = place.db.create_upload(crew.tenant, session.id, new, at(0)).await.unwrap();
        let chunk = Chunk { start: 0, bytes: 4, key: "k".into() };
        place.db.append_chunk(crew.tenant, upload.id, chunk, at(200), at(1)).await.unwrap().unwrap();
        assert_eq!(place.db.expire_uploads(at(200)).await.unwrap(), 0, "every chunk gives it more time");
        assert_eq!(place.db.expire_uploads(at(201)).await.unwrap(), 1);
        assert_eq!(place.db.expire_uploads(at(202)).await.unwrap(), 0);
        let expired = place.db.upload(crew.tenant, upload.id).await.unwrap().unwrap();
        assert_eq!((expired.state, expired.received), (UploadState::Expired, 4));
        assert_eq!(place.append(&upload, 4, 6, at(203)).await, None);
        assert_eq!(place.db.declare_length(crew.tenant, upload.id, 10, at(203)).await.unwrap(), None);
        assert_eq!(place.db.chunks(crew.tenant, upload.id).await.unwrap().len(), 1);

        // A device that comes back late goes on where it stood.
        let open = place.db.reopen_upload(crew.tenant, upload.id, at(300)).await.unwrap().unwrap();
        assert_eq!((open.state, open.received, open.expires_at), (UploadState::Open, 4, at(300)));
        let whole = place.append(&upload, 4, 6, at(204)).await.unwrap();
        assert_eq!(whole.state, UploadState::Complete);
        assert_eq!(place.db.reopen_upload(crew.tenant, upload.id, at(9999)).await.unwrap(), None);
        assert_eq!(place.db.upload(crew.tenant, upload.id).await.unwrap(), Some(whole));

        let other = place.recording(&crew, at(0)).await;
        let complete = place.upload(&other, Some(0), at(0)).await;
        assert_eq!(place.db.expire_uploads(at(99_999)).await.unwrap(), 0, "a complete upload never expires");
        assert_eq!(place.db.upload(crew.tenant, complete.id).await.unwrap().unwrap().state, UploadState::Complete);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn chunks_are_replaced_by_their_whole_and_later_ones_stay() {
    on_both(async |place| {
        let crew = place.crew("acme").await;
        let session = place.recording(&crew, at(0)).await;
        let upload = place.upload(&session, Some(10), at(0)).await;
        for (start, bytes) in [(0, 3), (3, 3), (6, 2)] {
            place.append(&upload, start, bytes, at(1)).await.unwrap();
        }
        let key = |start| format!("{}/{start}", upload.id);
        let replaced = place.db.replace_chunks(crew.tenant, upload.id, 6, "whole").await.unwrap();
        assert_eq!(replaced, [key(0), key(3)]);
        let now = || async {
            let chunks = place.db.chunks(crew.tenant, upload.id).await.unwrap();
            chunks.into_iter().map(|c| (c.start, c.bytes, c.key)).collect::<Vec<_>>()
        };
        assert_eq!(now().await, [(0, 6, "whole".into()), (6, 2, key(6))]);
        let again = place.db.replace_chunks(crew.tenant, upload.id, 6, "whole").await.unwrap();
        assert_eq!(again, [] as [String; 0], "the whole itself is never among what can go");
        assert_eq!(now().await, [(0, 6, "whole".into()), (6, 2, key(6))]);
        place.append(&upload, 8, 2, at(2)).await.unwrap();
        let replaced = place.db.replace_chunks(crew.tenant, upload.id, 10, "more").await.unwrap();
        assert_eq!(replaced, ["whole".into(), key(6), key(8)]);
    })
    .await;
}
