//! Tasks: made once, changed by somebody, found again, and begun by a session.

use crate::harness::{Crew, Place, at, on_both};
use domain::{
    audit::Actor,
    task::{Task, TaskSource, TaskStatus},
};
use storage::{
    DbError,
    db::{
        minutes::By,
        sessions::NewSession,
        task_list::{TaskDetails, TaskFilter},
    },
};

fn by(crew: &Crew) -> By {
    By { actor: Actor::user(&crew.user), address: None }
}

fn details(title: &str, external_id: Option<&str>) -> TaskDetails {
    TaskDetails {
        title: title.into(),
        description: String::new(),
        status: TaskStatus::Open,
        priority: None,
        external_id: external_id.map(Into::into),
        external_url: None,
        assigned_to: None,
        due_date: None,
    }
}

async fn add(place: &Place, crew: &Crew, details: TaskDetails, key: Option<&str>, seconds: i64) -> (Task, bool) {
    let key = key.map(Into::into);
    place.db.add_task(crew.tenant, TaskSource::Api, details, key, by(crew), at(seconds)).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_key_or_reference_makes_one_task() {
    on_both(async |place| {
        let crew = place.crew("acme").await;
        let (first, is_new) = add(place, &crew, details("Boiler", Some("7")), Some("k"), 1).await;
        assert!(is_new);
        assert_eq!(add(place, &crew, details("Pump", None), Some("k"), 2).await, (first.clone(), false));
        assert_eq!(add(place, &crew, details("Pump", Some("7")), None, 2).await, (first.clone(), false));
        let other = place.crew("other").await;
        assert!(add(place, &other, details("Boiler", Some("7")), Some("k"), 2).await.1, "another tenant's");
        let (second, _) = add(place, &crew, details("Pump", Some("8")), None, 3).await;
        let taken = place.db.change_task(crew.tenant, second.id, details("Pump", Some("7")), by(&crew), at(4)).await;
        assert!(matches!(taken, Err(DbError::Exists(_))), "{taken:?}");
        assert_eq!(place.number("SELECT count(*) FROM task_changes").await, 3);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_begins_an_open_task_and_who_changed_it_is_kept() {
    on_both(async |place| {
        let (crew, name) = (place.crew("acme").await, "Engineer of acme");
        let (task, _) = add(place, &crew, details("Boiler", None), None, 1).await;
        let start = async |seconds| {
            let new = NewSession { name: "s".into(), task_id: Some(task.id), idempotency_key: None, started_at: None };
            place.db.start_session(&crew.seat, new, at(seconds)).await.unwrap().0
        };
        let first = start(2).await;
        let done = TaskDetails { status: TaskStatus::Completed, ..details("Boiler", None) };
        let done = place.db.change_task(crew.tenant, task.id, done, by(&crew), at(3)).await.unwrap().unwrap();
        assert_eq!(done.status, TaskStatus::Completed);
        let second = start(4).await;
        let changes = place.db.task_changes(crew.tenant, task.id).await.unwrap();
        let changes: Vec<_> = changes.iter().map(|c| (c.status, c.by.as_str(), c.at)).collect();
        let expected = [
            (TaskStatus::Completed, name, at(3)),
            (TaskStatus::InProgress, name, at(2)),
            (TaskStatus::Open, name, at(1)),
        ];
        assert_eq!(changes, expected, "a session begins only what is open");
        let sessions = place.db.task_sessions(crew.tenant, task.id).await.unwrap();
        assert_eq!(sessions.iter().map(|s| s.id).collect::<Vec<_>>(), [second.id, first.id]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tasks_are_found_by_word_status_source_assignee_and_day() {
    on_both(async |place| {
        let crew = place.crew("acme").await;
        let mine = Some(crew.user.id);
        let all = [
            TaskDetails { due_date: Some(at(500)), ..details("Boiler 100%", Some("J-1")) },
            TaskDetails { assigned_to: mine, due_date: Some(at(100)), ..details("Pump", None) },
            TaskDetails { status: TaskStatus::Cancelled, description: "BOILER room".into(), ..details("Door", None) },
        ];
        for (n, details) in all.into_iter().enumerate() {
            add(place, &crew, details, None, n as i64).await;
        }
        let found = async |filter: TaskFilter| {
            let page = place.db.task_page(crew.tenant, &filter, None, 9).await.unwrap();
            page.rows.into_iter().map(|task| task.title).collect::<Vec<_>>()
        };
        let search = |text: &str| TaskFilter { search: Some(text.into()), ..TaskFilter::default() };
        assert_eq!(found(TaskFilter::default()).await, ["Door", "Pump", "Boiler 100%"]);
        assert_eq!(found(search("boiler")).await, ["Door", "Boiler 100%"]);
        assert_eq!(found(search("0%")).await, ["Boiler 100%"]);
        assert_eq!(found(search("j-1")).await, ["Boiler 100%"]);
        assert_eq!(found(search("_")).await, [""; 0]);
        assert_eq!(found(TaskFilter { status: Some(TaskStatus::Cancelled), ..TaskFilter::default() }).await, ["Door"]);
        assert_eq!(found(TaskFilter { source: Some(TaskSource::Jobber), ..TaskFilter::default() }).await, [""; 0]);
        assert_eq!(found(TaskFilter { assigned_to: mine, ..TaskFilter::default() }).await, ["Pump"]);
        assert_eq!(found(TaskFilter { due_before: Some(at(101)), ..TaskFilter::default() }).await, ["Pump"]);
        let first = place.db.task_page(crew.tenant, &TaskFilter::default(), None, 2).await.unwrap();
        let rest = place.db.task_page(crew.tenant, &TaskFilter::default(), first.next, 2).await.unwrap();
        assert_eq!((first.rows.len(), rest.rows[0].title.as_str(), rest.next), (2, "Boiler 100%", None));
        let to_do = place.db.tasks_to_do(crew.tenant, crew.user.id).await.unwrap();
        assert_eq!(to_do.iter().map(|t| t.title.as_str()).collect::<Vec<_>>(), ["Pump", "Boiler 100%"]);
        let nobody = domain::UserId(uuid::Uuid::now_v7());
        assert_eq!(place.db.tasks_to_do(crew.tenant, nobody).await.unwrap().len(), 1);
    })
    .await;
}
