//! The audit log: written once, read by page and filter, changed by nobody.

use crate::harness::{Place, at, on_both};
use domain::{
    TenantId,
    audit::{Action, Actor, ActorKind, Entry},
};
use storage::db::audit::{AuditCursor, AuditFilter};

async fn shown(place: &Place, tenant: TenantId, filter: &AuditFilter) -> Vec<String> {
    let page = place.db.audit_page(tenant, filter, None, 100).await.unwrap();
    page.entries.into_iter().map(|entry| format!("{} {}", entry.actor.name, entry.action)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_is_read_as_it_was_written() {
    on_both(async |place| {
        let crew = place.crew("acme").await;
        let address: std::net::IpAddr = "::ffff:192.0.2.7".parse().unwrap();
        let entry = Entry::new(Actor::user(&crew.user), Action::SeatAdded)
            .on("seat", crew.seat.id, "Sam Okafor")
            .with("role", "trainee")
            .from(address);
        place.db.audit(crew.tenant, &entry, at(5)).await.unwrap();
        let found = place.db.audit_page(crew.tenant, &AuditFilter::default(), None, 10).await.unwrap();
        let [noted] = found.entries.as_slice() else { panic!("{found:?}") };
        assert_eq!((noted.at, noted.label(), noted.address.as_deref()), (at(5), "Added a seat", Some("192.0.2.7")));
        assert_eq!((&noted.actor, &noted.target, &noted.detail), (&entry.actor, &entry.target, &entry.detail));
        assert_eq!((noted.actor.kind, found.older), (ActorKind::User, None));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_changes_or_removes_an_entry_but_the_erasure_of_its_tenant() {
    on_both(async |place| {
        let (crew, other) = (place.crew("acme").await, place.crew("other").await);
        for tenant in [crew.tenant, other.tenant] {
            place.db.audit(tenant, &Entry::new(Actor::operator(), Action::DeviceRevoked), at(0)).await.unwrap();
        }
        let before = place.everything().await;
        let mut tried = vec![
            "UPDATE audit_entries SET actor_name = 'somebody else'",
            "DELETE FROM audit_entries",
            "DELETE FROM audit_entries WHERE action = 'device.revoked'",
        ];
        if place.is_postgres() {
            tried.push("TRUNCATE audit_entries");
        }
        for sql in tried {
            let error = place.sql(sql).await.expect_err(sql).to_string();
            assert!(error.contains("append-only"), "{sql}: {error}");
        }
        assert_eq!(place.everything().await, before);

        let erased = place.db.erase_tenant(crew.tenant, at(9)).await.unwrap().unwrap();
        assert_eq!(erased.rows["audit_entries"], 1);
        assert_eq!(shown(place, crew.tenant, &AuditFilter::default()).await, Vec::<String>::new());
        assert_eq!(shown(place, other.tenant, &AuditFilter::default()).await, ["Operator device.revoked"]);
        assert_eq!(place.number("SELECT count(*) FROM audit_erasures").await, 0, "the permission went with it");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_is_read_by_page_and_by_filter() {
    on_both(async |place| {
        let crew = place.crew("acme").await;
        let by = |name: &str| Actor { name: name.into(), ..Actor::user(&crew.user) };
        for (second, name, action) in [
            (1, "Ann Lee", Action::UserSignedIn),
            (2, "100%", Action::SeatAdded),
            (2, "Ann Lee", Action::SeatAdded),
            (3, "Bob", Action::UserSignedIn),
        ] {
            place.db.audit(crew.tenant, &Entry::new(by(name), action), at(second)).await.unwrap();
        }
        let all = shown(place, crew.tenant, &AuditFilter::default()).await;
        assert_eq!((all.len(), all[0].as_str(), all[3].as_str()), (4, "Bob user.signed_in", "Ann Lee user.signed_in"));

        let (mut paged, mut from): (Vec<String>, Option<AuditCursor>) = (Vec::new(), None);
        loop {
            let page = place.db.audit_page(crew.tenant, &AuditFilter::default(), from, 1).await.unwrap();
            paged.extend(page.entries.iter().map(|e| format!("{} {}", e.actor.name, e.action)));
            from = page.older;
            if from.is_none() {
                break;
            }
        }
        assert_eq!(paged, all, "each once, although two have the same time");

        let who = |text: &str| AuditFilter { who: Some(text.into()), ..AuditFilter::default() };
        assert_eq!(shown(place, crew.tenant, &who("ann")).await.len(), 2);
        assert_eq!(shown(place, crew.tenant, &who("%")).await, ["100% seat.added"], "a sign is a sign");
        assert_eq!(shown(place, crew.tenant, &who("_")).await, Vec::<String>::new());
        let action = AuditFilter { action: Some("user.signed_in".into()), ..AuditFilter::default() };
        assert_eq!(shown(place, crew.tenant, &action).await, ["Bob user.signed_in", "Ann Lee user.signed_in"]);
        let between = AuditFilter { from: Some(at(1)), until: Some(at(2)), ..AuditFilter::default() };
        assert_eq!(shown(place, crew.tenant, &between).await, ["Ann Lee user.signed_in"]);
    })
    .await;
}
