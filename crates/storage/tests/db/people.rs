//! Users, seats, devices and tasks.

use crate::harness::{at, new_device, new_user, on_both};
use domain::{
    retention::Retention,
    seat::{SeatRole, SeatStatus},
    task::TaskSource,
};
use storage::{
    DbError,
    db::{people::NewUser, tasks::NewTask, tenants::NewTenant},
};

#[tokio::test(flavor = "multi_thread")]
async fn an_address_signs_in_however_it_is_typed_while_its_user_is_active() {
    on_both(async |place| {
        let crew = place.crew("acme").await;
        let new = NewUser { email: "  Ann@Example.COM ".into(), ..new_user("ann") };
        let ann = place.db.create_user(crew.tenant, new, at(1)).await.unwrap();
        assert_eq!(ann.email, "ann@example.com");
        let (found, hash) = place.db.user_signing_in("ANN@example.com ").await.unwrap().unwrap();
        assert_eq!((found, hash.as_str()), (ann.clone(), "hash"));
        assert_eq!(place.db.users(crew.tenant).await.unwrap(), [crew.user.clone(), ann.clone()]);

        let other = place.crew("other").await;
        let taken = place.db.create_user(other.tenant, new_user("ann"), at(2)).await;
        assert!(matches!(taken, Err(DbError::Exists(_))), "an address is of one tenant only");

        place.accepted(&format!("UPDATE users SET is_active = false WHERE id = {}", place.id(ann.id))).await;
        assert_eq!(place.db.user_signing_in("ann@example.com").await.unwrap(), None);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_finds_its_device_and_seat_while_the_user_is_active() {
    on_both(async |place| {
        let crew = place.crew("acme").await;
        assert_eq!(crew.seat.status, SeatStatus::Active, "pairing activates the seat");
        let (device, seat) = place.db.device_by_token("token of acme").await.unwrap().unwrap();
        assert_eq!((&device, &seat), (&crew.device, &crew.seat));
        place.db.device_seen(crew.tenant, device.id, at(9)).await.unwrap();
        let (device, _) = place.db.device_by_token("token of acme").await.unwrap().unwrap();
        assert_eq!(device.last_seen_at, Some(at(9)));

        assert_eq!(place.db.device_by_token("token of nobody").await.unwrap(), None);
        let again = place.db.pair_device(crew.tenant, crew.seat.id, new_device("acme"), at(10)).await;
        assert!(matches!(again, Err(DbError::Exists(_))), "a token is of one device only");

        place.accepted(&format!("UPDATE users SET is_active = false WHERE id = {}", place.id(crew.user.id))).await;
        assert_eq!(place.db.device_by_token("token of acme").await.unwrap(), None);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_keeps_what_it_was_created_with_and_its_name_is_taken_once() {
    on_both(async |place| {
        let new = NewTenant {
            name: "Acme".into(),
            timezone: "Europe/Berlin".into(),
            language: "de".into(),
            country: "DE".into(),
            retention: Retention { recording_days: Some(30), ..Retention::default() },
            upload_limit_bytes: u64::MAX,
        };
        let made = place.db.create_tenant(new.clone(), at(0)).await.unwrap();
        assert_eq!((made.retention.recording_days, made.upload_limit_bytes), (Some(30), i64::MAX as u64));
        assert_eq!(place.db.tenant(made.id).await.unwrap(), Some(made.clone()));
        assert!(matches!(place.db.create_tenant(new.clone(), at(1)).await, Err(DbError::Exists(_))));
        let unknown = NewTenant { name: "B".into(), country: "Germany".into(), ..new };
        assert!(matches!(place.db.create_tenant(unknown, at(1)).await, Err(DbError::Refused(_))));
        assert_eq!(place.db.tenants().await.unwrap(), [made]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_comes_once_from_its_source() {
    on_both(async |place| {
        let (crew, other) = (place.crew("acme").await, place.crew("other").await);
        let new = |source, external_id: Option<&str>| NewTask {
            title: "Boiler service".into(),
            description: String::new(),
            source,
            external_id: external_id.map(Into::into),
            external_url: None,
        };
        let made = place.db.create_task(crew.tenant, new(TaskSource::ServiceM8, Some("7")), at(0)).await.unwrap();
        assert_eq!(place.db.task(crew.tenant, made.id).await.unwrap(), Some(made));
        let again = place.db.create_task(crew.tenant, new(TaskSource::ServiceM8, Some("7")), at(1)).await;
        assert!(matches!(again, Err(DbError::Exists(_))));
        place.db.create_task(crew.tenant, new(TaskSource::Jobber, Some("7")), at(1)).await.unwrap();
        place.db.create_task(other.tenant, new(TaskSource::ServiceM8, Some("7")), at(1)).await.unwrap();
        for _ in 0..2 {
            place.db.create_task(crew.tenant, new(TaskSource::Manual, None), at(1)).await.unwrap();
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_newest_titles_are_the_first_words_of_a_tenant() {
    on_both(async |place| {
        let crew = place.crew("acme").await;
        for (i, title) in ["Bleed the radiator", "Fit a gasket", "Test the busbar"].into_iter().enumerate() {
            let new = NewTask {
                title: title.into(),
                description: String::new(),
                source: TaskSource::Manual,
                external_id: None,
                external_url: None,
            };
            place.db.create_task(crew.tenant, new, at(i as i64)).await.unwrap();
        }
        let words = place.db.vocabulary(crew.tenant, 2).await.unwrap();
        assert_eq!(words, ["Test the busbar", "Fit a gasket"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_seat_needs_a_user_that_is_there() {
    on_both(async |place| {
        let crew = place.crew("acme").await;
        let nobody = uuid::Uuid::now_v7().into();
        let refused = place.db.create_seat(crew.tenant, nobody, SeatRole::Trainee, at(0)).await;
        assert!(matches!(refused, Err(DbError::Refused(_))), "{refused:?}");
    })
    .await;
}
