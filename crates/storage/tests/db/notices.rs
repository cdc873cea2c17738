//! What is said about being recorded: every version is kept, and who accepted which.

use crate::harness::{at, erasing, on_both};
use domain::{
    audit::{Action, Actor, Entry},
    notice::NoticeKind,
};
use storage::db::{notices::Notices, sessions::NewSession};

fn entry() -> Entry {
    Entry::new(Actor::operator(), Action::NoticeChanged)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_version_that_stands_is_told_and_accepted_once() {
    on_both(async |place| {
        let (crew, other) = (place.crew("acme").await, place.crew("other").await);
        let (db, tenant, seat) = (&place.db, crew.tenant, crew.seat.id);
        assert_eq!(db.notices_for(tenant, seat).await.unwrap(), Notices::default());
        assert!(!db.accept_consent(&crew.device, 1, at(0)).await.unwrap(), "nothing is asked");
        assert_eq!(db.set_notice(tenant, NoticeKind::Consent, "I agree", entry(), at(1)).await.unwrap(), 1);
        assert_eq!(db.set_notice(tenant, NoticeKind::Consent, "I agree", entry(), at(2)).await.unwrap(), 1, "the same");
        assert!(!db.accept_consent(&crew.device, 2, at(3)).await.unwrap());
        assert!(!db.accept_consent(&other.device, 1, at(3)).await.unwrap(), "it is not theirs");
        assert!(db.accept_consent(&crew.device, 1, at(3)).await.unwrap());
        assert!(db.accept_consent(&crew.device, 1, at(4)).await.unwrap());
        assert_eq!(db.notices_for(tenant, seat).await.unwrap().accepted_at, Some(at(3)));
        assert_eq!(db.consents(tenant, 1).await.unwrap(), 1);
        assert_eq!(db.set_notice(tenant, NoticeKind::Consent, "I agree, too", entry(), at(5)).await.unwrap(), 2);
        let now = db.notices_for(tenant, seat).await.unwrap();
        assert_eq!((now.consent.unwrap().text.as_str(), now.accepted_at), ("I agree, too", None));
        assert_eq!(db.set_notice(tenant, NoticeKind::Consent, "", entry(), at(6)).await.unwrap(), 3);
        assert_eq!(db.notices_for(tenant, seat).await.unwrap(), Notices::default());
        assert!(!db.accept_consent(&crew.device, 3, at(7)).await.unwrap(), "there is nothing to accept");
        // With the wearer goes what they accepted.
        db.erase_user(tenant, crew.user.id, erasing(), at(8)).await.unwrap().unwrap();
        assert_eq!(db.consents(tenant, 1).await.unwrap(), 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_keeps_the_notice_that_stood_when_it_began() {
    on_both(async |place| {
        let crew = place.crew("acme").await;
        let tenant = crew.tenant;
        let set =
            async |text, now| place.db.set_notice(tenant, NoticeKind::Recording, text, entry(), at(now)).await.unwrap();
        set("one", 10).await;
        set("two", 20).await;
        set("", 30).await;
        // Told of only now, as the device was out of reach.
        for (began, stood) in [(5, -1), (10, 1), (25, 2), (31, -1)] {
            let new =
                NewSession { name: "s".into(), task_id: None, idempotency_key: None, started_at: Some(at(began)) };
            let session = place.db.start_session(&crew.seat, new, at(99)).await.unwrap().0;
            let version =
                format!("SELECT coalesce(notice_version, -1) FROM sessions WHERE id = {}", place.id(session.id));
            assert_eq!(place.number(&version).await, stood, "{began}");
        }
    })
    .await;
}
