//! Browser logins.

use crate::harness::{at, on_both};
use storage::DbError;

#[tokio::test(flavor = "multi_thread")]
async fn a_login_is_written_again_expires_and_is_deleted() {
    on_both(async |place| {
        let db = &place.db;
        assert_eq!(db.login("a", at(0)).await.unwrap(), None);
        db.create_login("a", "one", None, at(10)).await.unwrap();
        assert_eq!(db.login("a", at(0)).await.unwrap(), Some(("one".into(), at(10))));
        assert!(db.save_login("a", "two", None, at(20)).await.unwrap());
        assert_eq!(db.login("a", at(19)).await.unwrap(), Some(("two".into(), at(20))));
        assert_eq!(db.login("a", at(20)).await.unwrap(), None, "it ends at its time");

        assert!(matches!(db.create_login("a", "three", None, at(30)).await, Err(DbError::Exists(_))));
        assert_eq!(db.login("a", at(0)).await.unwrap().unwrap().0, "two", "a taken id is not overwritten");
        db.create_login("b", "three", None, at(30)).await.unwrap();

        assert_eq!(db.delete_expired_logins(at(20)).await.unwrap(), 1);
        assert_eq!(db.login("a", at(0)).await.unwrap(), None);
        assert!(db.login("b", at(0)).await.unwrap().is_some());
        db.delete_login("b").await.unwrap();
        assert_eq!(db.login("b", at(0)).await.unwrap(), None);
        db.delete_login("b").await.unwrap();
        assert!(!db.save_login("b", "late", None, at(30)).await.unwrap(), "a request that was under way");
        assert_eq!(db.login("b", at(0)).await.unwrap(), None, "what has ended stays so");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_logins_of_a_user_are_listed_and_ended_by_one_and_all() {
    on_both(async |place| {
        let (crew, other) = (place.crew("acme").await, place.crew("other").await);
        let owner = Some((crew.tenant, crew.user.id));
        for id in ["a", "b", "c"] {
            place.db.create_login(id, id, owner, at(100)).await.unwrap();
        }
        place.db.create_login("late", "", owner, at(1)).await.unwrap();
        place.db.create_login("theirs", "", Some((other.tenant, other.user.id)), at(100)).await.unwrap();
        place.db.create_login("nobody", "", None, at(100)).await.unwrap();
        let ids = async || {
            let mut ids: Vec<_> =
                place.db.logins_of(crew.tenant, crew.user.id, at(2)).await.unwrap().into_iter().map(|l| l.id).collect();
            ids.sort();
            ids
        };
        assert_eq!(ids().await, ["a", "b", "c"]);
        assert!(!place.db.end_login(crew.tenant, crew.user.id, "theirs").await.unwrap());
        assert!(place.db.end_login(crew.tenant, crew.user.id, "b").await.unwrap());
        assert_eq!(ids().await, ["a", "c"]);
        let entry = crate::users::by(&crew.user, domain::audit::Action::UserLoginsEnded);
        let ended = place.db.end_logins(crew.tenant, crew.user.id, Some("c"), &entry, at(2)).await.unwrap();
        assert_eq!((ended, ids().await), (2, vec!["c".to_owned()]), "with the one that had expired");
        assert!(place.db.login("theirs", at(2)).await.unwrap().is_some());
    })
    .await;
}
