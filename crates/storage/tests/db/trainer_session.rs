//! What a trainee's session is compared with: the newest completed trainer session of the task, of the tenant alone.

use crate::harness::{Crew, Place, at, on_both};
use domain::{SessionId, TaskId, TenantId, seat::SeatRole, task::TaskSource};
use storage::db::{
    procedures::Outcome,
    sessions::{NewSession, Stop},
    tasks::NewTask,
};
use uuid::Uuid;

async fn task(place: &Place, tenant: TenantId, title: &str) -> TaskId {
    let new = NewTask {
        title: title.into(),
        description: String::new(),
        source: TaskSource::Manual,
        external_id: None,
        external_url: None,
    };
    place.db.create_task(tenant, new, at(0)).await.unwrap().id
}

/// A completed session of a task that began at a time.
async fn completed(place: &Place, crew: &Crew, role: SeatRole, task: Option<TaskId>, start: i64) -> SessionId {
    let seat = match role {
        SeatRole::Trainer => crew.seat.clone(),
        SeatRole::Trainee => place.db.create_seat(crew.tenant, crew.user.id, role, at(0)).await.unwrap(),
    };
    let new = NewSession { name: "s".into(), task_id: task, idempotency_key: None, started_at: None };
    let session = place.db.start_session(&seat, new, at(start)).await.unwrap().0;
    let upload = place.upload(&session, Some(10), at(start)).await;
    place.append(&upload, 0, 10, at(start)).await.unwrap();
    place.db.stop_session(crew.tenant, session.id, &Stop::with_parts(Some(1)), at(start)).await.unwrap();
    let worker = Uuid::now_v7();
    let job = place.claim(worker, at(start + 1)).await.unwrap();
    assert_eq!(job.session_id, session.id);
    assert!(place.db.approve(&job, worker, &Outcome::default(), at(start + 2)).await.unwrap());
    session.id
}

#[tokio::test(flavor = "multi_thread")]
async fn the_newest_completed_trainer_session_of_the_task_is_the_reference() {
    on_both(async |place| {
        let (us, them) = (place.crew("us").await, place.crew("them").await);
        let (ours, other) = (task(place, us.tenant, "Boiler").await, task(place, us.tenant, "Pump").await);
        let theirs = task(place, them.tenant, "Boiler").await;
        let of = async |tenant, task| place.db.trainer_session(tenant, task).await.unwrap().map(|s| s.id);
        assert_eq!(of(us.tenant, ours).await, None);

        let first = completed(place, &us, SeatRole::Trainer, Some(ours), 10).await;
        let second = completed(place, &us, SeatRole::Trainer, Some(ours), 30).await;
        completed(place, &us, SeatRole::Trainee, Some(ours), 50).await;
        completed(place, &us, SeatRole::Trainer, Some(other), 60).await;
        completed(place, &us, SeatRole::Trainer, None, 70).await;
        completed(place, &them, SeatRole::Trainer, Some(theirs), 80).await;
        // One that still records.
        let new = NewSession { name: "s".into(), task_id: Some(ours), idempotency_key: None, started_at: None };
        place.db.start_session(&us.seat, new, at(90)).await.unwrap();
        assert_ne!(first, second);
        assert_eq!(of(us.tenant, ours).await, Some(second));

        // Across the wall there is nothing.
        assert_eq!(of(us.tenant, theirs).await, None);
        assert_eq!(of(them.tenant, ours).await, None);
    })
    .await;
}
