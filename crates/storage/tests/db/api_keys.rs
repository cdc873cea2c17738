//! API keys: good from their making until they expire or are revoked.

use crate::harness::{Place, at, on_both};
use domain::{
    TenantId, Timestamp,
    api_key::{ApiKey, Scope},
    audit::{Action, Actor, Entry},
};
use storage::{
    DbError,
    db::{api_keys::NewApiKey, audit::AuditFilter},
};

pub fn new_key(hash: char, expires_at: Option<Timestamp>) -> NewApiKey {
    NewApiKey {
        name: "Reports".into(),
        token_hash: hash.to_string().repeat(64),
        first_characters: format!("tak_{hash}{hash}"),
        scopes: vec![Scope::TasksRead, Scope::SessionsRead, Scope::TasksRead],
        made_by: None,
        expires_at,
    }
}

pub fn made() -> Entry {
    Entry::new(Actor::operator(), Action::ApiKeyMade)
}

pub fn revoked_by() -> Entry {
    Entry::new(Actor::operator(), Action::ApiKeyRevoked)
}

async fn found(place: &Place, hash: char, now: i64) -> Option<ApiKey> {
    place.db.api_key_by_token(&hash.to_string().repeat(64), at(now)).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_good_until_it_expires_or_is_revoked() {
    on_both(async |place| {
        let crew = place.crew("acme").await;
        let db = &place.db;
        let made_by = Some(crew.user.id);
        let new = NewApiKey { made_by, ..new_key('a', None) };
        let lasting = db.create_api_key(crew.tenant, new, made(), at(1)).await.unwrap();
        assert_eq!(
            (lasting.scopes.as_slice(), lasting.made_by),
            ([Scope::SessionsRead, Scope::TasksRead].as_slice(), made_by)
        );
        let brief = db.create_api_key(crew.tenant, new_key('b', Some(at(10))), made(), at(2)).await.unwrap();
        assert!(matches!(
            db.create_api_key(crew.tenant, new_key('a', None), made(), at(3)).await,
            Err(DbError::Exists(_))
        ));

        assert_eq!(found(place, 'a', 5).await, Some(lasting.clone()));
        assert_eq!(found(place, 'b', 9).await, Some(brief.clone()));
        assert_eq!(found(place, 'b', 10).await, None, "it ends at its time");
        assert_eq!(found(place, 'c', 5).await, None);
        assert_eq!(db.api_keys(crew.tenant).await.unwrap(), [brief.clone(), lasting.clone()]);

        let revoked = db.revoke_api_key(crew.tenant, lasting.id, revoked_by(), at(6)).await.unwrap().unwrap();
        assert_eq!((revoked.id, revoked.revoked_at), (lasting.id, Some(at(6))));
        assert_eq!(found(place, 'a', 6).await, None);
        assert_eq!(
            db.revoke_api_key(crew.tenant, lasting.id, revoked_by(), at(7)).await.unwrap(),
            None,
            "once is enough"
        );
        let brief_id = brief.id;
        assert_eq!(db.api_keys(crew.tenant).await.unwrap(), [brief]);
        assert_eq!(db.api_key(crew.tenant, lasting.id).await.unwrap(), Some(revoked));
        let noted = db.audit_page(crew.tenant, &AuditFilter::default(), None, 9).await.unwrap().entries;
        let noted: Vec<_> = noted.iter().map(|n| (n.action.as_str(), n.target.clone().unwrap().id)).collect();
        let (a, b) = (lasting.id.to_string(), brief_id.to_string());
        assert_eq!(noted, [("api_key.revoked", a.clone()), ("api_key.made", b), ("api_key.made", a)]);
        assert_eq!(db.api_keys(TenantId(uuid::Uuid::nil())).await.unwrap(), []);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn use_is_noted_once_a_minute() {
    on_both(async |place| {
        let crew = place.crew("acme").await;
        let key = place.db.create_api_key(crew.tenant, new_key('a', None), made(), at(0)).await.unwrap();
        let used = async |seconds| {
            // What two servers have read a moment ago.
            let read = place.db.api_key(crew.tenant, key.id).await.unwrap().unwrap();
            place.db.api_key_used(&read, at(seconds)).await.unwrap();
            place.db.api_key_used(&key, at(seconds + 1)).await.unwrap();
            place.db.api_key(crew.tenant, key.id).await.unwrap().unwrap().last_used_at
        };
        assert_eq!(used(100).await, Some(at(100)));
        assert_eq!(used(130).await, Some(at(100)));
        assert_eq!(used(161).await, Some(at(161)));
    })
    .await;
}
