//! Files of tasks: kept once, at most twenty, gone for good, and no object forgotten whoever dies.

use crate::{
    harness::{Place, at, on_both},
    wall::operator,
};
use domain::{Clock, TaskId, TenantId, Timestamp, attachment::ANY_TYPE, task::TaskSource};
use storage::{
    DbError, Rule,
    attachments::{AttachmentError, add, remove, remove_due},
    db::{attachments::NewAttachment, tasks::NewTask},
    objects::Objects,
};

pub fn new_file() -> NewAttachment {
    NewAttachment { file_name: "plan.pdf".into(), media_type: ANY_TYPE.into(), bytes: 4, sha256: "ab".into() }
}

/// A clock that stands still.
struct Still(Timestamp);

impl Clock for Still {
    fn now(&self) -> Timestamp {
        self.0
    }
}

pub async fn task(place: &Place, tenant: TenantId) -> TaskId {
    let new = NewTask {
        title: "Boiler".into(),
        description: String::new(),
        source: TaskSource::Manual,
        external_id: None,
        external_url: None,
    };
    place.db.create_task(tenant, new, at(0)).await.unwrap().id
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_kept_once_and_goes_for_good() {
    on_both(async |place| {
        let crew = place.crew("acme").await;
        let (tenant, task) = (crew.tenant, task(place, crew.tenant).await);
        let folder = tempfile::tempdir().unwrap();
        let objects = Objects::disk(folder.path()).unwrap();
        let clock = Still(at(1));
        let with = (&place.db, &objects, &clock as &dyn Clock);
        let put = async |name: &str, bytes: &'static [u8]| {
            add(with, tenant, task, name.into(), bytes.into(), operator()).await.map(Option::unwrap)
        };
        let (plan, new) = put("plan.pdf", b"%PDF").await.unwrap();
        assert!(new && plan.bytes == 4 && !plan.is_picture(), "{plan:?}");
        assert_eq!(put("plan.pdf", b"%PDF").await.unwrap(), (plan.clone(), false), "once");
        let (photo, _) = put("photo.html", b"\xff\xd8\xff").await.unwrap();
        assert_eq!(photo.media_type, "image/jpeg", "by its bytes, whatever it is called");
        put("plan.pdf", b"other").await.unwrap();
        let names = async || {
            let files = place.db.attachments(tenant, task).await.unwrap();
            files.into_iter().map(|file| file.file_name).collect::<Vec<_>>()
        };
        assert_eq!(names().await, ["plan.pdf", "photo.html", "plan.pdf"]);
        assert_eq!(place.number("SELECT count(*) FROM audit_entries WHERE action = 'task.file_added'").await, 3);

        assert!(remove(with, tenant, task, plan.id, operator()).await.unwrap().is_some());
        assert!(remove(with, tenant, task, plan.id, operator()).await.unwrap().is_none());
        assert_eq!(names().await, ["photo.html", "plan.pdf"]);
        assert_eq!(objects.get(&plan.object_key).await.unwrap(), None);
        assert_eq!(place.number("SELECT count(*) FROM task_attachments").await, 2);
        assert_eq!(place.number("SELECT count(*) FROM audit_entries WHERE action = 'task.file_removed'").await, 1);

        // Twenty and no more, also of those that come at once.
        let many = (0..30).map(|n| {
            let (db, objects) = (place.db.clone(), objects.clone());
            tokio::spawn(async move {
                let clock = Still(at(2));
                let name = format!("{n}.txt");
                add((&db, &objects, &clock), tenant, task, name, "x".into(), operator()).await
            })
        });
        let came = futures::future::join_all(many).await.into_iter().map(Result::unwrap);
        let (kept, refused): (Vec<_>, Vec<_>) = came.partition(Result::is_ok);
        assert_eq!((kept.len(), refused.len()), (18, 12));
        let full = |e: &AttachmentError| matches!(e, AttachmentError::Db(DbError::Rule(Rule::TooManyFiles)));
        assert!(refused.iter().all(|refused| full(refused.as_ref().unwrap_err())));
        assert_eq!(objects.list("").await.unwrap().len(), 20);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_dies_leaves_no_object_that_nobody_knows() {
    on_both(async |place| {
        let crew = place.crew("acme").await;
        let (tenant, task) = (crew.tenant, task(place, crew.tenant).await);
        let folder = tempfile::tempdir().unwrap();
        let objects = Objects::disk(folder.path()).unwrap();
        let stored = async |bytes: &'static str| {
            let new = NewAttachment { sha256: bytes.into(), ..new_file() };
            let (file, _) = place.db.begin_attachment(tenant, task, new, &operator(), at(0)).await.unwrap().unwrap();
            objects.put(&file.object_key, bytes.into()).await.unwrap();
            file
        };
        // One died before it said that the object is there, one before it removed the object.
        stored("coming").await;
        let going = stored("going").await;
        assert!(place.db.attachment_is_there(&going, operator(), at(0)).await.unwrap());
        place.db.remove_attachment(tenant, task, going.id, operator(), at(0)).await.unwrap().unwrap();
        let kept = stored("kept").await;
        assert!(place.db.attachment_is_there(&kept, operator(), at(0)).await.unwrap());
        assert_eq!(place.db.attachments(tenant, task).await.unwrap(), std::slice::from_ref(&kept));

        let due = async |seconds| remove_due(&place.db, &objects, &Still(at(seconds))).await.unwrap();
        assert_eq!(due(60).await, 1, "what was taken away goes at once");
        assert_eq!(due(60).await, 0, "who stores it may still be at it");
        let slow = stored("slow").await;
        assert_eq!(due(901).await, 2);
        assert!(!place.db.attachment_is_there(&slow, operator(), at(902)).await.unwrap(), "its object has gone");
        assert_eq!(objects.list("").await.unwrap(), [kept.object_key]);
        assert_eq!(place.number("SELECT count(*) FROM task_attachments").await, 1);
    })
    .await;
}
