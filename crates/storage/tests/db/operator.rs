//! Operator access: begun once, over by itself or by hand, and each of it noted.

use crate::harness::{at, on_both};
use domain::audit::{Action, Actor, Entry};
use std::net::{IpAddr, Ipv4Addr};
use storage::db::operator::NewAccess;

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

#[tokio::test(flavor = "multi_thread")]
async fn an_access_is_begun_once_and_ends() {
    on_both(async |place| {
        let crew = place.crew("acme").await;
        let tenant = crew.tenant;
        let grant = async |n: u8, until| {
            let new = NewAccess { reason: format!("case {n}"), token_hash: format!("{n:064}"), until: at(until) };
            place.db.grant_operator_access(tenant, new, at(0)).await.unwrap()
        };
        let (first, second, third) = (grant(1, 100).await, grant(2, 50).await, grant(3, 50).await);
        assert_eq!(place.db.open_operator_accesses(tenant, at(1)).await.unwrap().len(), 3);
        let other = place.at.open().await;
        let token = format!("{:064}", 1);
        let both = tokio::join!(
            place.db.begin_operator_access(&token, HERE, at(1)),
            other.begin_operator_access(&token, HERE, at(1))
        );
        assert!(both.0.unwrap().is_some() != both.1.unwrap().is_some(), "one of two at once");
        assert!(place.db.begin_operator_access(&"9".repeat(64), HERE, at(1)).await.unwrap().is_none());

        let by = Entry::new(Actor::user(&crew.user), Action::OperatorAccessEnded);
        assert!(place.db.end_operator_access(tenant, second.id, by.clone(), at(2)).await.unwrap());
        assert!(!place.db.end_operator_access(tenant, second.id, by.clone(), at(2)).await.unwrap());
        let late = format!("{:064}", 2);
        assert!(place.db.begin_operator_access(&late, HERE, at(3)).await.unwrap().is_none(), "it was ended");
        let late = format!("{:064}", 3);
        assert!(place.db.begin_operator_access(&late, HERE, at(50)).await.unwrap().is_none(), "its time is over");
        assert!(!place.db.end_operator_access(tenant, third.id, by, at(50)).await.unwrap());
        assert_eq!(place.db.end_operator_accesses(at(49)).await.unwrap(), 0);
        assert_eq!(place.db.end_operator_accesses(at(50)).await.unwrap(), 1);
        assert_eq!(place.db.end_operator_accesses(at(50)).await.unwrap(), 0);
        assert_eq!(place.db.open_operator_accesses(tenant, at(51)).await.unwrap().len(), 1);
        let first = place.db.operator_access(tenant, first.id).await.unwrap().unwrap();
        assert!(first.is_open(at(99)) && !first.is_open(at(100)));

        let page = place.db.audit_page(tenant, &Default::default(), None, 99).await.unwrap();
        let mut told: Vec<_> =
            page.entries.iter().map(|e| (e.action.as_str(), e.detail["reason"].as_str().unwrap())).collect();
        told.sort_unstable();
        assert_eq!(
            told,
            [
                ("operator_access.begun", "case 1"),
                ("operator_access.ended", "case 2"),
                ("operator_access.ended", "case 3"),
                ("operator_access.granted", "case 1"),
                ("operator_access.granted", "case 2"),
                ("operator_access.granted", "case 3"),
            ]
        );
    })
    .await;
}
