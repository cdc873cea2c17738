//! Browser logins.

use crate::harness::{at, on_both};
use storage::DbError;

#[tokio::test(flavor = "multi_thread")]
async fn a_login_is_written_again_expires_and_is_deleted() {
    on_both(async |place| {
        let db = &place.db;
        assert_eq!(db.login("a", at(0)).await.unwrap(), None);
        db.save_login("a", "one", at(10)).await.unwrap();
        assert_eq!(db.login("a", at(0)).await.unwrap(), Some(("one".into(), at(10))));
        db.save_login("a", "two", at(20)).await.unwrap();
        assert_eq!(db.login("a", at(19)).await.unwrap(), Some(("two".into(), at(20))));
        assert_eq!(db.login("a", at(20)).await.unwrap(), None, "it ends at its time");

        assert!(matches!(db.create_login("a", "three", at(30)).await, Err(DbError::Exists(_))));
        assert_eq!(db.login("a", at(0)).await.unwrap().unwrap().0, "two", "a taken id is not overwritten");
        db.create_login("b", "three", at(30)).await.unwrap();

        assert_eq!(db.delete_expired_logins(at(20)).await.unwrap(), 1);
        assert_eq!(db.login("a", at(0)).await.unwrap(), None);
        assert!(db.login("b", at(0)).await.unwrap().is_some());
        db.delete_login("b").await.unwrap();
        assert_eq!(db.login("b", at(0)).await.unwrap(), None);
        db.delete_login("b").await.unwrap();
    })
    .await;
}
