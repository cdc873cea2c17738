//! What is held stays, whoever wants it gone: its age, an erasure, a wearer who has stopped.

use crate::{
    attachments::{new_file, task},
    harness::{Place, at, erasing, on_both},
    retention::{DAY, done, keep},
    wall::operator,
};
use domain::{
    SessionId, TenantId,
    audit::{Action, Actor, Entry},
    legal_hold::LegalHold,
};
use storage::{
    DbError, Rule,
    db::{attachments::NewAttachment, audit::AuditFilter, breaks::Deletion},
};
use uuid::Uuid;

async fn hold(place: &Place, tenant: TenantId, session: Option<SessionId>) -> Uuid {
    let by = (None, Entry::new(Actor::operator(), Action::LegalHoldPlaced));
    place.db.place_hold(tenant, session, "Claim 48/26", by, at(5)).await.unwrap().unwrap()
}

async fn lift(place: &Place, tenant: TenantId, hold: Uuid) {
    let entry = || Entry::new(Actor::operator(), Action::LegalHoldLifted);
    assert!(place.db.lift_hold(tenant, hold, entry(), at(6)).await.unwrap());
    assert!(!place.db.lift_hold(tenant, hold, entry(), at(7)).await.unwrap(), "once");
}

fn refused<T: std::fmt::Debug>(result: Result<T, DbError>) {
    assert!(matches!(result, Err(DbError::Rule(Rule::LegalHold))), "{result:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_held_session_stays_until_the_hold_is_lifted() {
    on_both(async |place| {
        let crew = place.crew("acme").await;
        let (tenant, user, db) = (crew.tenant, crew.user.id, &place.db);
        let (session, beside) = (done(place, &crew, 0).await, done(place, &crew, 0).await);
        keep(place, &crew, 1, 1, 1).await;
        let id = hold(place, tenant, Some(session.id)).await;
        let before = place.now(&session).await;
        let retention = db.tenant(tenant).await.unwrap().unwrap().retention;
        let counts = db.count_aged(tenant, retention, at(2 * DAY)).await.unwrap();
        assert_eq!(counts.into_values().collect::<Vec<_>>(), [1, 1, 1], "the one beside");
        db.remove_aged(at(2 * DAY)).await.unwrap();
        assert_eq!(place.now(&session).await, before);
        assert!(place.now(&beside).await.removed.any());
        refused(db.erase_session(tenant, session.id, erasing(), at(3)).await);
        refused(db.preview_session(tenant, session.id).await);
        refused(db.erase_user(tenant, user, erasing(), at(3)).await);
        refused(db.erase_tenant(tenant, at(3)).await);
        refused(db.delete_stretch(tenant, session.id, (0, 1000), at(3)).await);
        assert_eq!(place.now(&session).await, before);
        assert!(db.preview_session(tenant, beside.id).await.unwrap().unwrap().rows["sessions"] == 1);
        assert!(db.erase_session(tenant, beside.id, erasing(), at(4)).await.unwrap().is_some());

        let [stands] = db.legal_holds(tenant).await.unwrap().try_into().unwrap();
        let expected = LegalHold {
            id,
            session: Some((session.id, session.name.clone())),
            reason: "Claim 48/26".into(),
            placed_by: None,
            placed_at: at(5),
        };
        assert_eq!(stands, expected);
        lift(place, tenant, id).await;
        assert_eq!(db.legal_holds(tenant).await.unwrap(), []);
        db.remove_aged(at(2 * DAY)).await.unwrap();
        assert!(place.now(&session).await.removed.any());
        assert!(db.erase_user(tenant, user, erasing(), at(8)).await.unwrap().is_some());
        let log = db.audit_page(tenant, &AuditFilter::default(), None, 50).await.unwrap().entries;
        for action in [Action::LegalHoldPlaced, Action::LegalHoldLifted] {
            assert!(log.iter().any(|entry| entry.action == action.to_string()), "{action}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_of_a_tenant_can_be_held_and_of_no_other() {
    on_both(async |place| {
        let (crew, other) = (place.crew("acme").await, place.crew("other").await);
        let (session, theirs) = (done(place, &crew, 0).await, done(place, &other, 0).await);
        let task = task(place, crew.tenant).await;
        for crew in [&crew, &other] {
            keep(place, crew, 1, 1, 1).await;
        }
        let id = hold(place, crew.tenant, None).await;
        place.db.remove_aged(at(2 * DAY)).await.unwrap();
        assert!(!place.now(&session).await.removed.any());
        assert!(place.now(&theirs).await.removed.any());
        refused(place.db.erase_session(crew.tenant, session.id, erasing(), at(3)).await);
        refused(place.db.erase_user(crew.tenant, crew.user.id, erasing(), at(3)).await);
        refused(place.db.erase_tenant(crew.tenant, at(3)).await);
        let file = async |name: &str| {
            let new = NewAttachment { file_name: name.into(), ..new_file() };
            let begun = place.db.begin_attachment(crew.tenant, task, new, &operator(), at(3)).await.unwrap().unwrap().0;
            assert!(place.db.attachment_is_there(&begun, operator(), at(3)).await.unwrap());
            begun
        };
        let plan = file("plan.pdf").await;
        refused(place.db.remove_attachment(crew.tenant, task, plan.id, operator(), at(3)).await);
        assert_eq!(place.db.attachments(crew.tenant, task).await.unwrap(), [plan]);
        // While it is recorded, whether to be is the wearer's own choice.
        let running = place.recording(&crew, at(3)).await;
        let deleted = place.db.delete_stretch(crew.tenant, running.id, (0, 1000), at(4)).await.unwrap();
        assert_eq!(deleted, Deletion::Deleted(vec![]));
        lift(place, crew.tenant, id).await;
        assert!(place.db.erase_tenant(crew.tenant, at(8)).await.unwrap().is_some());
    })
    .await;
}
