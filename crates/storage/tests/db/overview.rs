//! The list of sessions, page by page, and what stands around one session.

use crate::{
    harness::{Crew, Place, at, on_both},
    recordings::{part, recording},
};
use domain::{
    SessionId,
    seat::SeatRole,
    session::{Session, SessionStatus},
};
use storage::db::{
    overview::{Arrived, PageFrom, SessionFilter, SessionPage},
    sessions::Stop,
};

const ALL: SessionFilter =
    SessionFilter { status: None, role: None, seat: None, user: None, task: None, from: None, to: None };

fn ids(page: &SessionPage) -> Vec<SessionId> {
    page.sessions.iter().map(|row| row.session.id).collect()
}

/// The sessions as the list shows them: newest start first, then by id.
fn in_order(mut sessions: Vec<Session>) -> Vec<SessionId> {
    sessions.sort_by_key(|s| std::cmp::Reverse((s.started_at, s.id)));
    sessions.into_iter().map(|s| s.id).collect()
}

/// 57 sessions over four instants.
async fn many(place: &Place, crew: &Crew) -> Vec<Session> {
    let mut sessions = Vec::new();
    for n in 0..57 {
        sessions.push(place.recording(crew, at(n % 4)).await);
    }
    sessions
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_show_every_session_once_in_both_directions_while_new_ones_arrive() {
    on_both(async |place| {
        let (crew, other) = (place.crew("acme").await, place.crew("other").await);
        many(place, &other).await;
        let mut sessions = many(place, &crew).await;
        let expected = in_order(sessions.clone());
        let page = |from| place.db.session_page(crew.tenant, ALL, from, 10);

        let mut seen = Vec::new();
        let mut from = PageFrom::Newest;
        let last = loop {
            let shown = page(from).await.unwrap();
            assert_eq!(shown.newer.is_some(), from != PageFrom::Newest);
            seen.extend(ids(&shown));
            // While somebody reads, others start.
            sessions.push(place.recording(&crew, at(10)).await);
            match shown.older {
                Some(cursor) => from = PageFrom::OlderThan(cursor),
                None => break shown,
            }
        };
        assert_eq!(seen, expected);
        assert_eq!(last.sessions.len(), 7);

        let expected = in_order(sessions);
        let mut seen = ids(&last);
        let mut newer = last.newer;
        while let Some(cursor) = newer {
            let shown = page(PageFrom::NewerThan(cursor)).await.unwrap();
            assert!(shown.older.is_some());
            seen.splice(0..0, ids(&shown));
            newer = shown.newer;
        }
        assert_eq!(seen, expected);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_page_knows_that_it_is_the_last() {
    on_both(async |place| {
        let crew = place.crew("acme").await;
        let page = |from| place.db.session_page(crew.tenant, ALL, from, 3);
        let empty = page(PageFrom::Newest).await.unwrap();
        assert_eq!((empty.sessions.len(), empty.older, empty.newer), (0, None, None));
        for n in 0..6 {
            place.recording(&crew, at(n)).await;
        }
        let first = page(PageFrom::Newest).await.unwrap();
        let second = page(PageFrom::OlderThan(first.older.unwrap())).await.unwrap();
        assert_eq!((second.sessions.len(), second.older), (3, None));
        let back = page(PageFrom::NewerThan(second.newer.unwrap())).await.unwrap();
        assert_eq!((ids(&back), back.newer), (ids(&first), None));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_hold_on_every_page() {
    on_both(async |place| {
        let mut crew = place.crew("acme").await;
        let mut sessions = many(place, &crew).await;
        let trainee = place.db.create_seat(crew.tenant, crew.user.id, SeatRole::Trainee, at(0)).await.unwrap();
        crew.seat = trainee;
        sessions.extend(many(place, &crew).await);
        for session in sessions.iter().step_by(3) {
            place.db.stop_session(crew.tenant, session.id, &Stop::with_parts(Some(0)), at(9)).await.unwrap();
        }
        let mut now = Vec::new();
        for session in &sessions {
            now.push(place.now(session).await);
        }
        for status in
            [None, Some(SessionStatus::InProgress), Some(SessionStatus::Failed), Some(SessionStatus::Completed)]
        {
            for role in [None, Some(SeatRole::Trainer), Some(SeatRole::Trainee)] {
                let fits = |s: &&Session| status.is_none_or(|w| s.status == w) && role.is_none_or(|w| s.role == w);
                let expected = in_order(now.iter().filter(fits).cloned().collect());
                let (mut seen, mut from) = (Vec::new(), Some(PageFrom::Newest));
                while let Some(place_in_list) = from {
                    let filter = SessionFilter { status, role, ..ALL };
                    let shown = place.db.session_page(crew.tenant, filter, place_in_list, 8).await.unwrap();
                    seen.extend(ids(&shown));
                    from = shown.older.map(PageFrom::OlderThan);
                }
                assert_eq!(seen, expected, "{status:?} {role:?}");
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_tells_who_how_far_and_what_there_is() {
    on_both(async |place| {
        let crew = place.crew("acme").await;
        let session = place.recording(&crew, at(0)).await;
        let around = async || place.db.session_overview(crew.tenant, session.id).await.unwrap().unwrap();
        let bare = around().await;
        assert_eq!((bare.session.clone(), bare.user_name.as_str()), (session.clone(), "Engineer of acme"));
        assert_eq!((bare.procedures, bare.arrived, bare.recording, bare.step), (0, Arrived::default(), None, None));

        let upload = place.upload(&session, Some(10), at(1)).await;
        place.append(&upload, 0, 4, at(2)).await.unwrap();
        assert_eq!(around().await.arrived.percent(), Some(40));
        place.db.save_recording(crew.tenant, &recording(session.id, 9.5), &[part(1)], at(3)).await.unwrap();
        let full = around().await;
        assert_eq!(full.recording, Some(recording(session.id, 9.5)));
        assert_eq!(full.session.duration_seconds, Some(9.5));
        let page = place.db.session_page(crew.tenant, ALL, PageFrom::Newest, 10).await.unwrap();
        assert_eq!(page.sessions, [full], "the list and the page say the same");
        let nobody = place.db.session_overview(crew.tenant, uuid::Uuid::now_v7().into()).await.unwrap();
        assert_eq!(nobody, None);
    })
    .await;
}
