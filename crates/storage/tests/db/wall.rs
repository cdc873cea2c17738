//! The wall: with another tenant's id every query finds nothing and changes nothing.

use crate::{
    api_keys::{made, new_key, revoked_by},
    attachments::new_file,
    harness::{Crew, Place, at, erasing, new_device, new_upload, on_both},
    language_uses::asked,
    recordings::{part, recording, said},
    webhooks::{OFF, added, delivered, new_webhook},
};
use domain::{
    AttachmentId, ProcedureId, TaskId,
    api_key::ApiKey,
    audit::{Action, Actor, Entry},
    device::{Device, DeviceReport},
    job::{JobState, Step},
    notice::NoticeKind,
    procedure::{ProcedureDraft, ProcedureStatus},
    seat::{Seat, SeatRole},
    session::Session,
    task::{TaskSource, TaskStatus},
    user::UserRole,
    webhook::Webhook,
};
use futures::future::BoxFuture;
use std::{collections::BTreeSet, fmt::Debug, path::Path};
use storage::{
    Db, DbError,
    db::{
        audit::{AuditFilter, AuditPage},
        jobs::{Job, Lease},
        minutes::By,
        openid::{Arrival, Found},
        operator::NewAccess,
        overview::{PageFrom, SessionFilter},
        procedures::{NewProcedure, Outcome},
        recordings::{Tracks, UtteranceOrigin},
        sessions::{NewSession, Stop},
        task_list::{TaskDetails, TaskFilter},
        tasks::NewTask,
        unfinished::FILE_KEY,
        uploads::{Chunk, Termination, Upload},
        user_links::{LinkKind, NewLink},
    },
};
use uuid::Uuid;

/// What another tenant has, in every table that a query reads.
struct Theirs {
    crew: Crew,
    task: TaskId,
    attachment: AttachmentId,
    /// Done, with a procedure.
    done: Session,
    procedure: ProcedureId,
    /// Being processed by `worker`.
    running: Session,
    job: Job,
    worker: Uuid,
    /// Waits for a worker.
    waiting: Session,
    /// Records, with a part of its upload.
    recording: Session,
    upload: Upload,
    /// Records, with nothing.
    bare: Session,
    /// Waits for the file of an administrator.
    file: Session,
    key: ApiKey,
    webhook: Webhook,
    /// It was delivered.
    delivery: Uuid,
    /// On a session that is not erased here.
    hold: Uuid,
    /// Of an operator.
    access: Uuid,
}

async fn theirs(place: &Place) -> Theirs {
    let crew = place.crew("theirs").await;
    let new = NewTask {
        title: "t".into(),
        description: String::new(),
        source: TaskSource::Api,
        external_id: None,
        external_url: None,
    };
    let task = place.db.create_task(crew.tenant, new, at(0)).await.unwrap().id;
    let (attached, _) =
        place.db.begin_attachment(crew.tenant, task, new_file(), &operator(), at(0)).await.unwrap().unwrap();
    assert!(place.db.attachment_is_there(&attached, operator(), at(0)).await.unwrap());
    let worker = Uuid::now_v7();
    let done = place.processing(&crew, at(0)).await;
    let first = place.claim(worker, at(1)).await.unwrap();
    place.db.save_recording(crew.tenant, &recording(done.id, 9.0), &[part(1)], at(1)).await.unwrap();
    for origin in [UtteranceOrigin::Device, UtteranceOrigin::Pipeline] {
        place.db.add_utterances(crew.tenant, done.id, origin, &[(0, said(1.0, "hello"))]).await.unwrap();
    }
    place.db.begin_step(crew.tenant, done.id, Step::Receive, "h", at(1)).await.unwrap();
    place.db.end_step(crew.tenant, done.id, Step::Receive, Ok("1"), at(1)).await.unwrap();
    place.db.add_language_use(crew.tenant, done.id, &asked(Some(1.0)), at(1)).await.unwrap();
    place.db.approve(&first, worker, &outcome(), at(2)).await.unwrap();
    let procedure = place.db.procedures(crew.tenant, done.id).await.unwrap()[0].id;
    let running = place.processing(&crew, at(3)).await;
    let job = place.claim(worker, at(4)).await.unwrap();
    let waiting = place.processing(&crew, at(5)).await;
    let session = place.recording(&crew, at(6)).await;
    let upload = place.upload(&session, Some(10), at(6)).await;
    let upload = place.append(&upload, 0, 4, at(7)).await.unwrap();
    let bare = place.recording(&crew, at(8)).await;
    let new =
        NewSession { name: "s".into(), task_id: None, idempotency_key: Some(format!("{FILE_KEY}1")), started_at: None };
    let file = place.db.start_session(&crew.seat, new, at(9)).await.unwrap().0;
    // A removal that is due.
    place.db.delete_stretch(crew.tenant, bare.id, (0, 1), at(9)).await.unwrap();
    let open = "9876543210".repeat(7)[..64].to_owned();
    place.db.open_pairing_code(crew.tenant, crew.seat.id, &open, at(999), at(9)).await.unwrap();
    place.db.create_login("their login", "", Some((crew.tenant, crew.user.id)), at(999)).await.unwrap();
    let reset = NewLink { kind: LinkKind::Reset, token_hash: "f".repeat(64), expires_at: at(999) };
    let by = Entry::new(Actor::operator(), Action::UserResetLinkMade);
    place.db.open_link(crew.tenant, crew.user.id, reset, &by, at(9)).await.unwrap();
    let with_factor = Entry::new(Actor::user(&crew.user), Action::SecondFactorAdded);
    let owner = (crew.tenant, crew.user.id);
    assert!(place.db.add_second_factor(owner, "sealed", 1, &[CODE.into()], &with_factor, at(9)).await.unwrap());
    let new = NewAccess { reason: "case 1".into(), token_hash: "a".repeat(64), until: at(9999) };
    let access = place.db.grant_operator_access(crew.tenant, new, at(9)).await.unwrap().id;
    let arrival = Arrival {
        issuer: "https://id.example.com".into(),
        subject: "theirs".into(),
        verified_email: Some(crew.user.email.clone()),
        address: [192, 0, 2, 7].into(),
    };
    assert!(matches!(place.db.openid_user(&arrival, at(9)).await.unwrap(), Found::User(_)));
    let signed_in = Entry::new(Actor::user(&crew.user), Action::UserSignedIn);
    place.db.audit(crew.tenant, &signed_in, at(9)).await.unwrap();
    let key = place.db.create_api_key(crew.tenant, new_key('e', None), made(), at(9)).await.unwrap();
    let webhook =
        place.db.create_webhook(crew.tenant, new_webhook("https://example.org"), added(), at(9)).await.unwrap();
    place.recording(&crew, at(9)).await;
    let delivery = delivered(place, at(10)).await;
    place
        .db
        .set_included_minutes(crew.tenant, Some(60), By { actor: Actor::operator(), address: None }, at(9))
        .await
        .unwrap();
    place.db.stop_session(crew.tenant, session.id, &Stop::with_parts(Some(1)), at(9)).await.unwrap();
    place.db.heartbeat(crew.tenant, session.id, at(9)).await.unwrap();
    let text = || Entry::new(Actor::operator(), Action::NoticeChanged);
    place.db.set_notice(crew.tenant, NoticeKind::Consent, "I agree", text(), at(9)).await.unwrap();
    assert!(place.db.accept_consent(&crew.device, 1, at(9)).await.unwrap());
    place.db.begin_frame(crew.tenant, bare.id, 9, at(9)).await.unwrap().unwrap();
    let hold = place.db.place_hold(crew.tenant, Some(bare.id), "claim", (Some(crew.user.id), held()), at(9)).await;
    Theirs {
        hold: hold.unwrap().unwrap(),
        key,
        webhook,
        delivery,
        access,
        crew,
        task,
        attachment: attached.id,
        done,
        procedure,
        running,
        job,
        worker,
        waiting,
        recording: session,
        upload,
        bare,
        file,
    }
}

fn held() -> Entry {
    Entry::new(Actor::operator(), Action::LegalHoldPlaced)
}

pub fn operator() -> By {
    By { actor: Actor::operator(), address: None }
}

fn details() -> TaskDetails {
    TaskDetails {
        title: "mine".into(),
        description: String::new(),
        status: TaskStatus::Open,
        priority: None,
        external_id: None,
        external_url: None,
        assigned_to: None,
        due_date: None,
    }
}

pub fn outcome() -> Outcome {
    let draft = ProcedureDraft {
        procedure_name: "Close the valve".into(),
        description: String::new(),
        start_seconds: 1.0,
        end_seconds: 2.0,
        status: ProcedureStatus::Approved,
        excluded_reason: None,
    };
    let (video_key, thumbnail_key) = (Some("v".into()), Some("t".into()));
    let procedure = NewProcedure { number: 1, draft, duration_seconds: 1.0, video_key, thumbnail_key };
    Outcome { procedures: vec![procedure], ..Outcome::default() }
}

/// What an answer holds when it holds nothing of anybody.
trait Nothing: Debug {
    fn is_nothing(&self) -> bool;
}
impl<T: Debug> Nothing for storage::db::lists::Page<T> {
    fn is_nothing(&self) -> bool {
        self.rows.is_empty()
    }
}
impl Nothing for () {
    fn is_nothing(&self) -> bool {
        true
    }
}
impl Nothing for bool {
    fn is_nothing(&self) -> bool {
        !*self
    }
}
impl Nothing for u64 {
    fn is_nothing(&self) -> bool {
        *self == 0
    }
}
impl<T: Debug> Nothing for Option<T> {
    fn is_nothing(&self) -> bool {
        self.is_none()
    }
}
impl<T: Debug> Nothing for Vec<T> {
    fn is_nothing(&self) -> bool {
        self.is_empty()
    }
}
impl Nothing for Termination {
    fn is_nothing(&self) -> bool {
        *self == Self::NotFound
    }
}
impl Nothing for storage::db::breaks::Deletion {
    fn is_nothing(&self) -> bool {
        *self == Self::NotFound
    }
}
impl Nothing for storage::db::recordings::Added {
    fn is_nothing(&self) -> bool {
        self.utterances == 0
    }
}
impl Nothing for Lease {
    fn is_nothing(&self) -> bool {
        *self == Self::Lost
    }
}
impl Nothing for AuditPage {
    fn is_nothing(&self) -> bool {
        self.entries.is_empty() && self.older.is_none()
    }
}
impl Nothing for storage::db::overview::SessionPage {
    fn is_nothing(&self) -> bool {
        self.sessions.is_empty() && self.older.is_none() && self.newer.is_none()
    }
}
/// Only a refusal would be a fit answer to a wish to create something across the wall.
impl Nothing for domain::seat::Seat {
    fn is_nothing(&self) -> bool {
        false
    }
}
impl Nothing for domain::device::Device {
    fn is_nothing(&self) -> bool {
        false
    }
}
impl Nothing for Upload {
    fn is_nothing(&self) -> bool {
        false
    }
}
impl Nothing for (Session, bool) {
    fn is_nothing(&self) -> bool {
        false
    }
}

const CODE: &str = "0123456789012345678901234567890123456789012345678901234567890123";
static REPORT: DeviceReport = DeviceReport { battery_percent: None, storage_minutes: None, sessions: Vec::new() };

type Attempt<'a> = (&'static str, BoxFuture<'a, Result<Box<dyn Nothing + Send>, DbError>>);

macro_rules! attempts {
    ($($name:ident: $call:expr),+ $(,)?) => {
        vec![$((
            stringify!($name),
            Box::pin(async move { Ok(Box::new($call.await?) as Box<dyn Nothing + Send>) }) as BoxFuture<'_, _>,
        )),+]
    };
}

fn attempts<'a>(db: &'a Db, us: &'a Crew, they: &'a Theirs) -> Vec<Attempt<'a>> {
    let tenant = us.tenant;
    let their_seat: &'static Seat = Box::leak(Box::new(Seat { tenant_id: tenant, ..they.crew.seat.clone() }));
    let their_key: &'static ApiKey = Box::leak(Box::new(ApiKey { tenant_id: tenant, ..they.key.clone() }));
    let their_job: &'static Job = Box::leak(Box::new(Job { tenant_id: tenant, ..they.job.clone() }));
    let new_session = |task_id, key: Option<&str>| NewSession {
        name: "s".into(),
        task_id,
        idempotency_key: key.map(Into::into),
        started_at: None,
    };
    let entry: &'static Entry = Box::leak(Box::new(Entry::new(Actor::operator(), Action::UserRoleChanged)));
    let link = |hash: &str| NewLink { kind: LinkKind::Reset, token_hash: hash.into(), expires_at: at(999) };
    let chunk = |start| Chunk { start, bytes: 1, key: "k".into() };
    let page = move |from| db.session_page(tenant, SessionFilter::default(), from, 10);
    let beside = storage::db::overview::Cursor { started_at: at(4), id: they.running.id };
    attempts![
        user: db.user(tenant, they.crew.user.id),
        users: async { Ok::<_, DbError>(db.users(tenant).await?.into_iter().filter(|u| u.id != us.user.id).collect::<Vec<_>>()) },
        seat: db.seat(tenant, they.crew.seat.id),
        create_seat: db.create_seat(tenant, they.crew.user.id, SeatRole::Trainer, at(50)),
        change_seat: db.change_seat(tenant, they.crew.seat.id, (us.user.id, SeatRole::Trainee), entry.clone(), at(50)),
        pair_device: db.pair_device(tenant, they.crew.seat.id, new_device("new"), at(50)),
        device_seen: db.device_seen(tenant, they.crew.device.id, at(50)),
        open_pairing_code: db.open_pairing_code(tenant, they.crew.seat.id, CODE, at(999), at(50)),
        pairing: db.pairing(tenant, they.crew.seat.id, at(1), at(50)),
        open_code: db.open_code(tenant, they.crew.seat.id, at(50)),
        revoke_device: db.revoke_device(tenant, they.crew.device.id, at(50)),
        report_device: db.report_device(tenant, they.crew.device.id, &REPORT, Some("x"), at(50)),
        seat_overview: db.seat_overview(tenant, they.crew.seat.id, at(50)),
        seat_overviews: async { Ok::<_, DbError>(db.seat_overviews(tenant, at(50)).await?.into_iter().filter(|s| s.seat.id != us.seat.id).collect::<Vec<_>>()) },
        user_overview: db.user_overview(tenant, they.crew.user.id, at(50)),
        user_overviews: async { Ok::<_, DbError>(db.user_overviews(tenant, at(50)).await?.into_iter().filter(|u| u.user.id != us.user.id).collect::<Vec<_>>()) },
        change_role: db.change_role(tenant, they.crew.user.id, UserRole::Admin, us.user.id, entry, at(50)),
        deactivate_user: db.deactivate_user(tenant, they.crew.user.id, us.user.id, entry, at(50)),
        reactivate_user: db.reactivate_user(tenant, they.crew.user.id, entry, at(50)),
        rename_user: db.rename_user(tenant, they.crew.user.id, "x", entry, at(50)),
        password_hash: db.password_hash(tenant, they.crew.user.id),
        change_password: db.change_password(tenant, they.crew.user.id, "x", None, entry, at(50)),
        signed_in: db.signed_in(tenant, they.crew.user.id, entry, at(50)),
        end_logins: db.end_logins(tenant, they.crew.user.id, None, entry, at(50)),
        end_login: db.end_login(tenant, they.crew.user.id, "their login"),
        logins_of: db.logins_of(tenant, they.crew.user.id, at(50)),
        second_factor: db.second_factor(tenant, they.crew.user.id),
        users_with_second_factor: db.users_with_second_factor(tenant),
        add_second_factor: db.add_second_factor((tenant, they.crew.user.id), "x", 9, &[], entry, at(50)),
        take_step: db.take_step(tenant, they.crew.user.id, 99),
        take_recovery_code: db.take_recovery_code(tenant, they.crew.user.id, CODE, entry, at(50)),
        renew_recovery_codes: db.renew_recovery_codes(tenant, they.crew.user.id, &[], entry, at(50)),
        remove_second_factor: db.remove_second_factor(tenant, they.crew.user.id, entry, at(50)),
        openid_link: db.openid_link(tenant, they.crew.user.id),
        unlink_openid: db.unlink_openid(tenant, they.crew.user.id, entry, at(50)),
        operator_access: db.operator_access(tenant, they.access),
        open_operator_accesses: db.open_operator_accesses(tenant, at(50)),
        end_operator_access: db.end_operator_access(tenant, they.access, entry.clone(), at(50)),
        add_link: db.add_link(tenant, they.crew.user.id, link(CODE), entry, at(50)),
        open_link: db.open_link(tenant, they.crew.user.id, link(CODE), entry, at(50)),
        link_made_at: db.link_made_at(tenant, they.crew.user.id, at(50)),
        audit_page: db.audit_page(tenant, &AuditFilter::default(), None, 10),
        minute_balance: db.minute_balance(tenant, at(50)),
        minute_rows: db.minute_rows(tenant, (at(-9), at(99)), None, 9),
        minutes_used: db.minutes_used(tenant, at(-9), at(99)),
        first_minute_used: db.first_minute_used(tenant),
        unfinished_uploads: db.unfinished_uploads(tenant, at(50)),
        file_session: db.file_session(tenant, they.file.id),
        task: db.task(tenant, they.task),
        task_page: db.task_page(tenant, &TaskFilter::default(), None, 9),
        task_changes: db.task_changes(tenant, they.task),
        task_sessions: db.task_sessions(tenant, they.task),
        tasks_to_do: db.tasks_to_do(tenant, they.crew.user.id),
        begin_attachment: db.begin_attachment(tenant, they.task, new_file(), &operator(), at(50)),
        attachments: db.attachments(tenant, they.task),
        attachment: db.attachment(tenant, they.task, they.attachment),
        remove_attachment: db.remove_attachment(tenant, they.task, they.attachment, operator(), at(50)),
        change_task: db.change_task(tenant, they.task, details(), operator(), at(50)),
        start_session: db.start_session(their_seat, new_session(None, None), at(50)),
        start_session: db.start_session(their_seat, new_session(None, Some("k")), at(50)),
        start_session: db.start_session(&us.seat, new_session(Some(they.task), None), at(50)),
        session: db.session(tenant, they.done.id),
        heartbeat: db.heartbeat(tenant, they.recording.id, at(50)),
        stop_session: db.stop_session(tenant, they.recording.id, &Stop::with_parts(Some(0)), at(50)),
        trainer_session: db.trainer_session(tenant, they.task),
        process_again: db.process_again(tenant, they.done.id, at(50)),
        sessions_changed: db.sessions_changed(tenant, at(-1)),
        session_page: page(PageFrom::Newest),
        session_page: page(PageFrom::OlderThan(beside)),
        session_page: page(PageFrom::NewerThan(beside)),
        session_overview: db.session_overview(tenant, they.done.id),
        save_recording: db.save_recording(tenant, &recording(they.done.id, 5.0), &[part(1)], at(50)),
        save_recording: db.save_recording(tenant, &recording(they.bare.id, 5.0), &[], at(50)),
        recording: db.recording(tenant, they.done.id),
        save_tracks: db.save_tracks(tenant, they.done.id, Tracks { poster: Some("p".into()), ..Tracks::default() }),
        parts: db.parts(tenant, they.done.id),
        add_utterances: db.add_utterances(tenant, they.done.id, UtteranceOrigin::Device, &[(0, said(2.0, "x"))]),
        add_utterances: db.add_utterances(tenant, they.done.id, UtteranceOrigin::Device, &[(9, said(2.0, "x"))]),
        replace_warning: db.replace_warning(tenant, they.done.id, "x", Some("x")),
        replace_transcript: db.replace_transcript(tenant, they.done.id, &[]),
        replace_transcript: db.replace_transcript(tenant, they.done.id, &[said(2.0, "x"), said(3.0, "y")]),
        utterances: db.utterances(tenant, they.done.id, UtteranceOrigin::Pipeline),
        create_upload: db.create_upload(tenant, they.bare.id, new_upload(Some(10)), at(50)),
        create_upload: db.create_upload(tenant, they.recording.id, new_upload(Some(10)), at(50)),
        upload: db.upload(tenant, they.upload.id),
        upload_of: db.upload_of(tenant, they.recording.id, 1),
        create_arrived_upload: db.create_arrived_upload(tenant, they.bare.id, new_upload(Some(10)), ("k", &"a".repeat(64)), at(50)),
        uploads_of: db.uploads_of(tenant, they.recording.id),
        uploads_page: db.uploads_page(tenant, they.recording.id, 0, 9),
        announced_parts: db.announced_parts(tenant, they.recording.id),
        deleted_spans: db.deleted_spans(tenant, they.recording.id),
        deleted_uploads: db.deleted_uploads(tenant, they.recording.id),
        removed_by_age: async { Ok::<_, DbError>(db.removed_by_age(tenant, they.done.id).await?.any()) },
        preview_session: async { Ok::<_, DbError>(db.preview_session(tenant, they.done.id).await?.map(|p| p.rows)) },
        preview_user: async { Ok::<_, DbError>(db.preview_user(tenant, they.crew.user.id).await?.map(|p| p.rows)) },
        place_hold: db.place_hold(tenant, Some(they.done.id), "x", (None, held()), at(50)),
        lift_hold: db.lift_hold(tenant, they.hold, held(), at(50)),
        legal_holds: db.legal_holds(tenant),
        notices_for: async { let n = db.notices_for(tenant, they.crew.seat.id).await?; Ok::<_, DbError>(n.accepted_at) },
        accept_consent: db.accept_consent(&Device { tenant_id: tenant, ..they.crew.device.clone() }, 1, at(50)),
        begin_frame: db.begin_frame(tenant, they.recording.id, 9, at(50)),
        keeps_frame: db.keeps_frame(tenant, they.bare.id, 1),
        claim_removal: db.claim_removal(tenant, they.bare.id, at(50)),
        erase_session: db.erase_session(tenant, they.done.id, erasing(), at(50)),
        erase_user: db.erase_user(tenant, they.crew.user.id, erasing(), at(50)),
        erasures: db.erasures(tenant),
        erasure: db.erasure(tenant, they.done.id.into()),
        is_paired: db.is_paired(tenant, they.crew.device.id),
        verify_upload: db.verify_upload(tenant, they.upload.id, &"a".repeat(64), at(50)),
        restart_upload: db.restart_upload(tenant, they.upload.id, at(50)),
        pause: db.pause(tenant, they.recording.id, 5, at(50)),
        resume: db.resume(tenant, they.recording.id, 6, at(50)),
        delete_stretch: db.delete_stretch(tenant, they.recording.id, (0, 9), at(50)),
        breaks: db.breaks(tenant, they.recording.id),
        awaited_parts: db.awaited_parts(tenant, they.recording.id),
        append_chunk: db.append_chunk(tenant, they.upload.id, chunk(4), at(99), at(50)),
        declare_length: db.declare_length(tenant, they.upload.id, 10, at(50)),
        reopen_upload: db.reopen_upload(tenant, they.upload.id, at(9999)),
        chunks: db.chunks(tenant, they.upload.id),
        replace_chunks: db.replace_chunks(tenant, they.upload.id, 4, "k"),
        terminate_upload: db.terminate_upload(tenant, they.upload.id),
        step_result: db.step_result(tenant, they.done.id, Step::Receive, "h"),
        begin_step: db.begin_step(tenant, they.done.id, Step::Receive, "mine", at(50)),
        begin_step: db.begin_step(tenant, they.done.id, Step::Name, "mine", at(50)),
        end_step: db.end_step(tenant, they.done.id, Step::Receive, Ok("2"), at(50)),
        steps: db.steps(tenant, they.done.id),
        language_use: db.language_use(tenant, they.done.id),
        add_language_use: db.add_language_use(tenant, they.done.id, &asked(None), at(50)),
        add_language_use: db.add_language_use(tenant, they.running.id, &asked(None), at(50)),
        procedures: db.procedures(tenant, they.done.id),
        procedure: db.procedure(tenant, they.procedure),
        procedure_page: async { Ok::<_, DbError>(db.procedure_page(tenant, Some(they.done.id), None, 9).await?.rows) },
        procedure_page: async { Ok::<_, DbError>(db.procedure_page(tenant, None, None, 9).await?.rows) },
        user_page: async { Ok::<_, DbError>(db.user_page(tenant, None, 9).await?.rows.into_iter().filter(|u| u.id != us.user.id).collect::<Vec<_>>()) },
        seat_page: async { Ok::<_, DbError>(db.seat_page(tenant, None, 9, at(50)).await?.rows.into_iter().filter(|s| s.seat.id != us.seat.id).collect::<Vec<_>>()) },
        vocabulary: db.vocabulary(tenant, 9),
        jobs: db.jobs(tenant, they.done.id),
        cancel_processing: db.cancel_processing(tenant, they.waiting.id, at(50)),
        cancel_processing: db.cancel_processing(tenant, they.running.id, at(50)),
        renew_lease: db.renew_lease(their_job, they.worker, at(50)),
        job_progressed: db.job_progressed(their_job, they.worker),
        retry_job: db.retry_job(their_job, they.worker, "x", at(50)),
        approve: db.approve(their_job, they.worker, &outcome(), at(50)),
        api_key: db.api_key(tenant, they.key.id),
        api_keys: db.api_keys(tenant),
        api_key_used: db.api_key_used(their_key, at(5000)),
        revoke_api_key: db.revoke_api_key(tenant, they.key.id, revoked_by(), at(50)),
        webhook: db.webhook(tenant, they.webhook.id),
        webhooks: db.webhooks(tenant),
        change_webhook: db.change_webhook(tenant, they.webhook.id, &OFF, added(), at(50)),
        rotate_webhook_secret: db.rotate_webhook_secret(tenant, they.webhook.id, "x", added(), at(50)),
        remove_webhook: db.remove_webhook(tenant, they.webhook.id, added(), at(50)),
        delivery_page: async { Ok::<_, DbError>(db.delivery_page(tenant, they.webhook.id, None, 9).await?.rows) },
        resend_delivery: db.resend_delivery(tenant, they.webhook.id, they.delivery, at(50)),
        ask_person_export: db.ask_person_export(tenant, they.crew.user.id, &made(), at(50)),
        person_export: db.person_export(tenant, they.crew.user.id),
        fail_processing: db.fail_processing(their_job, they.worker, JobState::Failed, "x", at(50)),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn with_another_tenants_id_nothing_is_found_and_nothing_changed() {
    on_both(async |place| {
        let us = place.crew("ours").await;
        let they = theirs(place).await;
        let before = place.everything().await;
        let mut tried = BTreeSet::new();
        for (name, attempt) in attempts(&place.db, &us, &they) {
            match attempt.await {
                Ok(found) => assert!(found.is_nothing(), "{name} found {found:?}"),
                Err(DbError::Refused(_) | DbError::Exists(_)) => {}
                Err(e) => panic!("{name}: {e}"),
            }
            let now = place.everything().await;
            let changed: Vec<_> = now.iter().filter(|row| !before.contains(row)).collect();
            assert!(now == before, "{name} changed something: {changed:?}");
            tried.insert(name);
        }
        // These take no id of anything that another tenant has.
        tried.extend([
            "audit",
            "save_login",
            "create_login",
            "invite_user",
            "erase_tenant",
            "create_api_key",
            // Of a backup: the rows of the tenant that is asked for.
            "rows<'a>",
            // Of an import: a tenant that is not here yet.
            "admit",
            // Rows of the user that is asked for.
            "person_rows",
            "note",
            "create_webhook",
            "create_user",
            "create_task",
            "add_task",
            "tenant",
            "set_upload_keep_hours",
            "require_second_factor",
            "set_retention",
            "set_notice",
            "notice",
            "consents",
            "count_aged",
            "grant_operator_access",
            "join_by_openid",
            "set_included_minutes",
            "add_minutes",
            "adjust_minutes",
            "due_removals",
            "remove_aged",
        ]);
        let forgotten: Vec<_> = queries_of_a_tenant().into_iter().filter(|n| !tried.contains(n.as_str())).collect();
        assert!(forgotten.is_empty(), "not tried: {forgotten:?}");
    })
    .await;
}

/// The names of all public queries that take a tenant, so that none is forgotten above.
fn queries_of_a_tenant() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/db");
    for file in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file()) {
        let text = std::fs::read_to_string(file).unwrap();
        for function in text.split("pub async fn ").skip(1) {
            let (name, rest) = function.split_once('(').unwrap();
            let arguments = rest.split_once('{').unwrap().0;
            if ["TenantId", "&Seat", "&Job", "&ApiKey", "&Device,"].iter().any(|kind| arguments.contains(kind)) {
                names.insert(name.to_owned());
            }
        }
    }
    assert!(names.contains("append_chunk") && names.contains("approve"), "{names:?}");
    names
}
