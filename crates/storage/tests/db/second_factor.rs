//! The second factor: no code is taken twice, not even by two at once.

use crate::{
    harness::{at, on_both},
    users::by,
};
use domain::audit::Action;

#[tokio::test(flavor = "multi_thread")]
async fn a_code_and_a_recovery_code_are_taken_once() {
    on_both(async |place| {
        let crew = place.crew("acme").await;
        let (tenant, user) = (crew.tenant, crew.user.id);
        assert_eq!(place.db.second_factor(tenant, user).await.unwrap(), None);
        let codes: Vec<_> = (0..3).map(|n| format!("{n:064}")).collect();
        let added = by(&crew.user, Action::SecondFactorAdded);
        let add =
            async || place.db.add_second_factor((tenant, user), "sealed", 7, &codes, &added, at(1)).await.unwrap();
        assert!(add().await);
        assert!(!add().await, "there is one");
        let kept = place.db.second_factor(tenant, user).await.unwrap().unwrap();
        assert_eq!((kept.sealed_secret.as_str(), kept.recovery_codes, kept.since), ("sealed", 3, at(1)));
        assert_eq!(place.db.users_with_second_factor(tenant).await.unwrap(), [user]);

        assert!(!place.db.take_step(tenant, user, 7).await.unwrap(), "by it the factor was added");
        let second = place.at.open().await;
        let both = tokio::join!(place.db.take_step(tenant, user, 8), second.take_step(tenant, user, 8));
        assert!(both.0.unwrap() != both.1.unwrap(), "one of two at once");
        assert!(!place.db.take_step(tenant, user, 6).await.unwrap(), "an earlier one");
        assert!(place.db.take_step(tenant, user, 9).await.unwrap());

        let used = by(&crew.user, Action::RecoveryCodeUsed);
        let both = tokio::join!(
            place.db.take_recovery_code(tenant, user, &codes[0], &used, at(2)),
            second.take_recovery_code(tenant, user, &codes[0], &used, at(2))
        );
        assert!(both.0.unwrap() != both.1.unwrap(), "one of two at once");
        assert_eq!(place.db.second_factor(tenant, user).await.unwrap().unwrap().recovery_codes, 2);
        let renewed = by(&crew.user, Action::RecoveryCodesRenewed);
        let fresh = ["f".repeat(64)];
        assert!(place.db.renew_recovery_codes(tenant, user, &fresh, &renewed, at(3)).await.unwrap());
        assert!(!place.db.take_recovery_code(tenant, user, &codes[1], &used, at(4)).await.unwrap(), "the old are void");
        assert!(place.db.take_recovery_code(tenant, user, &fresh[0], &used, at(4)).await.unwrap());

        let reset = by(&crew.user, Action::SecondFactorReset);
        assert!(place.db.remove_second_factor(tenant, user, &reset, at(5)).await.unwrap());
        assert!(!place.db.remove_second_factor(tenant, user, &reset, at(5)).await.unwrap());
        assert_eq!(place.db.second_factor(tenant, user).await.unwrap(), None);
        assert!(add().await, "and again");
    })
    .await;
}
