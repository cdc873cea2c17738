//! Who comes from an OpenID Connect provider: linked once, found again whatever becomes of the address.

use crate::{
    harness::{at, on_both},
    users::by,
};
use domain::{
    audit::Action,
    user::{UserRole, UserStatus},
};
use storage::{
    DbError,
    db::{
        openid::{Arrival, Found},
        user_links::{Invitation, LinkKind, NewLink},
    },
};

fn from(subject: &str, email: Option<&str>) -> Arrival {
    Arrival {
        issuer: "https://id.example.com".into(),
        subject: subject.into(),
        verified_email: email.map(Into::into),
        address: [192, 0, 2, 7].into(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_verified_address_links_once_and_the_subject_finds_from_then_on() {
    on_both(async |place| {
        let crew = place.crew("acme").await;
        let (tenant, user, email) = (crew.tenant, &crew.user, crew.user.email.as_str());
        let find = async |who| place.db.openid_user(&who, at(1)).await.unwrap();
        assert_eq!(find(from("a", None)).await, Found::Unverified);
        assert_eq!(find(from("a", Some("nobody@example.org"))).await, Found::Nobody);
        let second = place.at.open().await;
        let arrival = from("a", Some(email));
        let both = tokio::join!(place.db.openid_user(&arrival, at(1)), second.openid_user(&arrival, at(1)));
        for found in [both.0.unwrap(), both.1.unwrap(), find(from("a", None)).await] {
            assert_eq!(found, Found::User(user.clone()));
        }
        assert_eq!(place.number("SELECT count(*) FROM openid_identities").await, 1);
        assert_eq!(place.number("SELECT count(*) FROM audit_entries WHERE action = 'openid.linked'").await, 1);
        assert_eq!(place.db.openid_link(tenant, user.id).await.unwrap(), Some(at(1)));
        // The address went to somebody else at the provider, or the account was made anew.
        assert_eq!(find(from("b", Some(email))).await, Found::Another(user.clone()));
        // Moved at the provider, he is still himself; the address of another opens nothing.
        assert_eq!(find(from("a", Some("moved@example.org"))).await, Found::User(user.clone()));

        place.sql("UPDATE users SET is_active = false").await.unwrap();
        let off = domain::user::User { is_active: false, ..user.clone() };
        assert_eq!(find(from("a", None)).await, Found::Deactivated(off.clone()));
        assert_eq!(find(from("b", Some(email))).await, Found::Deactivated(off));
        place.sql("UPDATE users SET is_active = true").await.unwrap();

        let entry = by(user, Action::OpenIdUnlinked);
        assert!(place.db.unlink_openid(tenant, user.id, &entry, at(2)).await.unwrap());
        assert!(!place.db.unlink_openid(tenant, user.id, &entry, at(2)).await.unwrap());
        assert_eq!(find(from("b", Some(email))).await, Found::User(user.clone()));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_who_was_invited_needs_no_password() {
    on_both(async |place| {
        let crew = place.crew("acme").await;
        let tenant = crew.tenant;
        let new = Invitation { email: "Noor@Example.org".into(), full_name: "Noor".into(), role: UserRole::Admin };
        let link = NewLink { kind: LinkKind::Invitation, token_hash: "a".repeat(64), expires_at: at(999) };
        let entry = by(&crew.user, Action::UserInvited);
        let noor = place.db.invite_user(tenant, new, link, &entry, at(0)).await.unwrap();
        let found = place.db.openid_user(&from("noor", Some("NOOR@example.org")), at(1)).await.unwrap();
        assert_eq!(found, Found::User(noor.clone()));
        let overview = place.db.user_overview(tenant, noor.id, at(1)).await.unwrap().unwrap();
        assert_eq!((overview.status, overview.link_until), (UserStatus::Active, None), "the invitation is used up");
        assert_eq!(place.db.password_hash(tenant, noor.id).await.unwrap(), None);
        // She counts as an administrator: the other one may go.
        let entry = by(&noor, Action::UserDeactivated);
        place.db.deactivate_user(tenant, crew.user.id, noor.id, &entry, at(2)).await.unwrap().unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_joins_by_the_domain_once() {
    on_both(async |place| {
        let crew = place.crew("acme").await;
        let who = from("new", Some("new@example.org"));
        let join = async || place.db.join_by_openid(crew.tenant, &who, ("New@example.org", "New One"), at(1)).await;
        let made = join().await.unwrap();
        assert_eq!((made.email.as_str(), made.role), ("new@example.org", UserRole::Member));
        assert!(matches!(join().await, Err(DbError::Exists(_))));
        assert_eq!(place.db.openid_user(&who, at(2)).await.unwrap(), Found::User(made));
    })
    .await;
}
