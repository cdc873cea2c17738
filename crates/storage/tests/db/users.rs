//! What becomes of users: invitations, links, roles, activity; and the first run.

use crate::harness::{Crew, Place, at, fresh_places, new_user, on_both};
use domain::{
    audit::{Action, Actor, Entry},
    user::{User, UserRole, UserStatus},
};
use std::net::{IpAddr, Ipv4Addr};
use storage::{
    DbError, Rule,
    db::{
        audit::AuditFilter,
        people::NewUser,
        tenants::NewTenant,
        user_links::{Invitation, LinkKind, LinkState, NewLink},
    },
};

pub fn by(user: &User, action: Action) -> Entry {
    Entry::new(Actor::user(user), action)
}

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

fn hash(n: u8) -> String {
    format!("{n:064}")
}

fn link(n: u8, kind: LinkKind, until: i64) -> NewLink {
    NewLink { kind, token_hash: hash(n), expires_at: at(until) }
}

async fn admin(place: &Place, crew: &Crew, name: &str) -> User {
    let new = NewUser { role: UserRole::Admin, ..new_user(name) };
    place.db.create_user(crew.tenant, new, at(0)).await.unwrap()
}

async fn actions(place: &Place, crew: &Crew) -> Vec<String> {
    let page = place.db.audit_page(crew.tenant, &AuditFilter::default(), None, 99).await.unwrap();
    page.entries.into_iter().rev().map(|entry| entry.action).collect()
}

async fn demote(place: &Place, who: &User, by_whom: &User) -> Result<Option<User>, DbError> {
    let entry = by(by_whom, Action::UserRoleChanged);
    place.db.change_role(who.tenant_id, who.id, UserRole::Member, by_whom.id, &entry, at(5)).await
}

async fn deactivate(place: &Place, who: &User, by_whom: &User) -> Result<Option<User>, DbError> {
    let entry = by(by_whom, Action::UserDeactivated);
    place.db.deactivate_user(who.tenant_id, who.id, by_whom.id, &entry, at(5)).await
}

fn is_rule<T: std::fmt::Debug>(answer: Result<T, DbError>, rule: Rule) {
    assert!(matches!(answer, Err(DbError::Rule(found)) if found == rule), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_is_invited_and_sets_a_password_once() {
    on_both(async |place| {
        let crew = place.crew("acme").await;
        let ann = admin(place, &crew, "ann").await;
        let new = Invitation { email: " Bob@Example.com".into(), full_name: "Bob".into(), role: UserRole::Member };
        let entry = by(&ann, Action::UserInvited);
        let open = |n| link(n, LinkKind::Invitation, 100);
        let bob = place.db.invite_user(crew.tenant, new.clone(), open(1), &entry, at(1)).await.unwrap();
        let overview = place.db.user_overview(crew.tenant, bob.id, at(2)).await.unwrap().unwrap();
        assert_eq!((overview.status, overview.link_until), (UserStatus::Invited, Some(at(100))));
        let again = place.db.invite_user(crew.tenant, new, open(9), &entry, at(1)).await;
        assert!(matches!(again, Err(DbError::Exists(_))), "{again:?}");
        assert_eq!(place.db.link(&hash(9), at(2)).await.unwrap(), None, "a refused invitation leaves nothing");

        let entry = by(&ann, Action::UserInvitedAgain);
        place.db.open_link(crew.tenant, bob.id, open(2), &entry, at(3)).await.unwrap().unwrap();
        assert_eq!(place.db.link(&hash(1), at(4)).await.unwrap(), None, "the newer link took its place");
        assert_eq!(place.db.use_link(&hash(1), "pw", HERE, at(4)).await.unwrap(), None);
        let state = place.db.link(&hash(2), at(4)).await.unwrap().unwrap();
        assert_eq!(state, LinkState::Open { kind: LinkKind::Invitation, user: bob.clone() });

        let token = hash(2);
        let both = tokio::join!(
            place.db.use_link(&token, "first", HERE, at(5)),
            place.db.use_link(&token, "second", HERE, at(5))
        );
        let used = [both.0.unwrap().is_some(), both.1.unwrap().is_some()];
        assert!(used[0] != used[1], "one of two at once: {used:?}");
        assert_eq!(place.db.link(&hash(2), at(6)).await.unwrap(), Some(LinkState::Used));
        let kept = place.db.password_hash(crew.tenant, bob.id).await.unwrap();
        assert_eq!(kept.as_deref(), Some(if used[0] { "first" } else { "second" }));
        let overview = place.db.user_overview(crew.tenant, bob.id, at(6)).await.unwrap().unwrap();
        assert_eq!((overview.status, overview.link_until), (UserStatus::Active, None));
        assert_eq!(actions(place, &crew).await, ["user.invited", "user.invited_again", "user.joined"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_expires_and_is_forgotten_and_a_new_password_ends_every_login() {
    on_both(async |place| {
        let crew = place.crew("acme").await;
        let entry = by(&crew.user, Action::UserResetAsked);
        let reset = |n, until| link(n, LinkKind::Reset, until);
        place.db.open_link(crew.tenant, crew.user.id, reset(1, 10), &entry, at(1)).await.unwrap().unwrap();
        assert_eq!(place.db.link(&hash(1), at(10)).await.unwrap(), Some(LinkState::Expired));
        assert_eq!(place.db.use_link(&hash(1), "pw", HERE, at(10)).await.unwrap(), None);
        assert_eq!(place.db.forget_links(at(10)).await.unwrap(), 0);
        assert_eq!(place.db.forget_links(at(10 + 31 * 86_400)).await.unwrap(), 1);

        place.db.open_link(crew.tenant, crew.user.id, reset(2, 90), &entry, at(11)).await.unwrap().unwrap();
        assert_eq!(place.db.link_made_at(crew.tenant, crew.user.id, at(12)).await.unwrap(), Some(at(11)));
        place.db.create_login("a", "", Some((crew.tenant, crew.user.id)), at(999)).await.unwrap();
        place.db.use_link(&hash(2), "new", HERE, at(12)).await.unwrap().unwrap();
        assert_eq!(place.db.login("a", at(12)).await.unwrap(), None);

        for id in ["a", "b"] {
            place.db.create_login(id, "", Some((crew.tenant, crew.user.id)), at(999)).await.unwrap();
        }
        let entry = by(&crew.user, Action::UserPasswordChanged);
        place.db.change_password(crew.tenant, crew.user.id, "x", Some("b"), &entry, at(13)).await.unwrap().unwrap();
        assert_eq!(place.db.login("a", at(14)).await.unwrap(), None);
        assert!(place.db.login("b", at(14)).await.unwrap().is_some(), "the one that changed it goes on");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_active_administrator_stays_and_nobody_falls_by_himself() {
    on_both(async |place| {
        let crew = place.crew("acme").await;
        let ann = admin(place, &crew, "ann").await;
        // Neither an invited nor a deactivated administrator nor one of another tenant could take over.
        let invited = Invitation { email: "i@example.com".into(), full_name: "I".into(), role: UserRole::Admin };
        let entry = by(&ann, Action::UserInvited);
        place.db.invite_user(crew.tenant, invited, link(1, LinkKind::Invitation, 9), &entry, at(0)).await.unwrap();
        let gone = admin(place, &crew, "gone").await;
        deactivate(place, &gone, &ann).await.unwrap().unwrap();
        let other = place.crew("other").await;
        let their = admin(place, &other, "their").await;

        is_rule(demote(place, &ann, &ann).await, Rule::Yourself);
        is_rule(deactivate(place, &ann, &ann).await, Rule::Yourself);
        is_rule(demote(place, &ann, &gone).await, Rule::LastAdministrator);
        is_rule(deactivate(place, &ann, &gone).await, Rule::LastAdministrator);
        let foreign = place
            .db
            .change_role(crew.tenant, their.id, UserRole::Member, ann.id, &by(&ann, Action::UserRoleChanged), at(5))
            .await;
        assert_eq!(foreign.unwrap(), None);

        let bob = admin(place, &crew, "bob").await;
        let demoted = demote(place, &ann, &bob).await.unwrap().unwrap();
        assert_eq!(demoted.role, UserRole::Member);
        demote(place, &gone, &bob).await.unwrap().unwrap();
        is_rule(demote(place, &bob, &ann).await, Rule::LastAdministrator);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_administrators_who_demote_each_other_at_once_one_stays() {
    on_both(async |place| {
        let crew = place.crew("acme").await;
        let second = place.at.open().await;
        for round in 0..10 {
            let (ann, bob) =
                (admin(place, &crew, &format!("a{round}")).await, admin(place, &crew, &format!("b{round}")).await);
            // Those of the rounds before must not count.
            let keep = format!(
                "UPDATE users SET role = 'member' WHERE id <> {} AND id <> {}",
                place.id(ann.id),
                place.id(bob.id)
            );
            place.sql(&keep).await.unwrap();
            let entry = |user| by(user, Action::UserRoleChanged);
            let (one, two) = (entry(&ann), entry(&bob));
            let (first, other) = if round % 2 == 0 {
                tokio::join!(
                    place.db.change_role(crew.tenant, bob.id, UserRole::Member, ann.id, &one, at(5)),
                    second.change_role(crew.tenant, ann.id, UserRole::Member, bob.id, &two, at(5))
                )
            } else {
                tokio::join!(
                    place.db.change_role(crew.tenant, bob.id, UserRole::Member, ann.id, &one, at(5)),
                    second.deactivate_user(crew.tenant, ann.id, bob.id, &two, at(5))
                )
            };
            assert!(first.is_ok() != other.is_ok(), "{first:?} {other:?}");
            is_rule(if first.is_err() { first } else { other }, Rule::LastAdministrator);
            let left = place.number("SELECT count(*) FROM users WHERE role = 'admin' AND is_active").await;
            assert_eq!(left, 1, "round {round}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deactivated_user_is_out_at_once_with_devices_and_links_and_comes_back() {
    on_both(async |place| {
        let crew = place.crew("acme").await;
        let ann = admin(place, &crew, "ann").await;
        let user = &crew.user;
        place.db.create_login("a", "", Some((crew.tenant, user.id)), at(999)).await.unwrap();
        let reset = link(1, LinkKind::Reset, 99);
        place.db.open_link(crew.tenant, user.id, reset, &by(&ann, Action::UserResetLinkMade), at(1)).await.unwrap();
        deactivate(place, user, &ann).await.unwrap().unwrap();
        assert_eq!(place.db.login("a", at(6)).await.unwrap(), None);
        assert_eq!(place.db.link(&hash(1), at(6)).await.unwrap(), None);
        assert_eq!(place.db.user_signing_in("acme@example.com").await.unwrap(), None);
        assert_eq!(place.db.device_by_token("token of acme").await.unwrap(), None);
        let late = link(2, LinkKind::Reset, 99);
        let refused = place.db.open_link(crew.tenant, user.id, late, &by(&ann, Action::UserResetLinkMade), at(7)).await;
        assert_eq!(refused.unwrap(), None);

        let entry = by(&ann, Action::UserReactivated);
        place.db.reactivate_user(crew.tenant, user.id, &entry, at(8)).await.unwrap().unwrap();
        assert!(place.db.user_signing_in("acme@example.com").await.unwrap().is_some());
        assert!(place.db.device_by_token("token of acme").await.unwrap().is_some());
        let noted = actions(place, &crew).await;
        assert_eq!(noted, ["user.reset_link_made", "user.deactivated", "user.reactivated"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_tenant_is_made_once() {
    for place in fresh_places() {
        let (db, second) = (place.open().await, place.open().await);
        assert!(!db.has_tenant().await.unwrap());
        let tenant = |name: &str| NewTenant {
            name: name.into(),
            timezone: "Europe/Berlin".into(),
            language: "en".into(),
            country: "DE".into(),
            retention: Default::default(),
            upload_limit_bytes: 1 << 40,
        };
        let user = |name: &str| NewUser { role: UserRole::Admin, ..new_user(name) };
        let made = tokio::join!(
            db.create_first_tenant(tenant("a"), user("a"), HERE, at(0)),
            second.create_first_tenant(tenant("b"), user("b"), HERE, at(0)),
            db.create_first_tenant(tenant("c"), user("c"), HERE, at(0)),
        );
        let made = [made.0.unwrap(), made.1.unwrap(), made.2.unwrap()];
        assert_eq!(made.iter().flatten().count(), 1, "{made:?}");
        let (tenant, user) = made.iter().flatten().next().unwrap();
        assert_eq!(db.tenants().await.unwrap(), std::slice::from_ref(tenant));
        assert_eq!(db.users(tenant.id).await.unwrap(), std::slice::from_ref(user));
        assert!(db.has_tenant().await.unwrap());
        let late = NewTenant { name: "late".into(), ..self::tenant_like(tenant) };
        assert_eq!(db.create_first_tenant(late, new_user("late"), HERE, at(1)).await.unwrap(), None);
    }
}

fn tenant_like(tenant: &domain::tenant::Tenant) -> NewTenant {
    NewTenant {
        name: tenant.name.clone(),
        timezone: tenant.timezone.clone(),
        language: tenant.language.clone(),
        country: tenant.country.clone(),
        retention: Default::default(),
        upload_limit_bytes: tenant.upload_limit_bytes,
    }
}
