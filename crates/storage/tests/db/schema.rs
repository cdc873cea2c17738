//! The rules of the schema, tried with plain SQL: every word of the domain is taken and no other, and a row that
//! contradicts itself or points across the wall is refused.

use crate::harness::{Crew, Place, at, on_both};
use domain::{
    SessionId,
    job::{JobKind, JobState, StepState},
    knowledge::DocumentStatus,
    minutes::MinuteKind,
    procedure::ProcedureStatus,
    seat::{SeatRole, SeatStatus},
    session::{FailureReason, Phase, SessionStatus},
    skill::SkillRunsOn,
    task::{TaskSource, TaskStatus},
    user::UserRole,
    utterance::Speaker,
};
use std::fmt::Display;
use storage::db::{recordings::UtteranceOrigin, uploads::UploadState};
use strum::VariantArray;
use uuid::Uuid;

/// A tenant with one row in every table, and the ids of the rows.
struct World<'a> {
    place: &'a Place,
    crew: Crew,
    session: SessionId,
    tenant: String,
    session_id: String,
}

impl<'a> World<'a> {
    async fn new(place: &'a Place, name: &str) -> Self {
        let crew = place.crew(name).await;
        let session = place.processing(&crew, at(0)).await.id;
        let (tenant, session_id) = (place.id(crew.tenant), place.id(session));
        let this = Self { place, crew, session, tenant, session_id };
        for row in [
            this.task("'api'", "'1'"),
            this.procedure(&this.session_id, 1, "'approved'", "NULL", "'v'", "'t'", "1", "2"),
            this.utterance("'device'", 0, "1", "2", "1"),
            this.minutes("'included'", "60", "NULL"),
            this.step("'receive'", "'running'", "NULL", "NULL"),
            this.skill("'look up'", "'server'"),
            this.document("'queued'"),
        ] {
            place.accepted(&row).await;
        }
        this
    }

    fn new_id(&self) -> String {
        self.place.id(Uuid::now_v7())
    }

    fn task(&self, source: &str, external_id: &str) -> String {
        let (id, tenant) = (self.new_id(), &self.tenant);
        format!(
            "INSERT INTO tasks (id, tenant_id, title, description, status, source, external_id, created_at) \
             VALUES ({id}, {tenant}, 't', '', 'open', {source}, {external_id}, 0)"
        )
    }

    #[allow(clippy::too_many_arguments, reason = "they are the columns that the rules are about")]
    fn procedure(
        &self,
        session: &str,
        number: i64,
        status: &str,
        reason: &str,
        video: &str,
        thumbnail: &str,
        start: &str,
        end: &str,
    ) -> String {
        let (id, tenant) = (self.new_id(), &self.tenant);
        format!(
            "INSERT INTO procedures (id, tenant_id, session_id, number, procedure_name, description, start_seconds, \
             end_seconds, duration_seconds, status, excluded_reason, video_key, thumbnail_key, created_at) VALUES \
             ({id}, {tenant}, {session}, {number}, 'p', '', {start}, {end}, 1, {status}, {reason}, {video}, {thumbnail}, 0)"
        )
    }

    fn utterance(&self, origin: &str, number: i64, start: &str, end: &str, confidence: &str) -> String {
        let (session, tenant) = (&self.session_id, &self.tenant);
        format!(
            "INSERT INTO utterances (session_id, tenant_id, origin, number, speaker, start_seconds, end_seconds, text, \
             confidence, words) VALUES ({session}, {tenant}, {origin}, {number}, 'engineer', {start}, {end}, 'x', \
             {confidence}, '[]')"
        )
    }

    fn minutes(&self, kind: &str, seconds: &str, session: &str) -> String {
        let (id, tenant) = (self.new_id(), &self.tenant);
        format!(
            "INSERT INTO minute_transactions (id, tenant_id, kind, seconds, session_id, created_at) \
             VALUES ({id}, {tenant}, {kind}, {seconds}, {session}, 0)"
        )
    }

    fn step(&self, step: &str, state: &str, result: &str, finished_at: &str) -> String {
        let (session, tenant) = (&self.session_id, &self.tenant);
        format!(
            "INSERT INTO step_runs (session_id, tenant_id, step, number, input_hash, state, attempts, result, started_at, \
             finished_at) VALUES ({session}, {tenant}, {step}, 1, 'h', {state}, 1, {result}, 0, {finished_at})"
        )
    }

    fn skill(&self, name: &str, runs_on: &str) -> String {
        let (id, tenant) = (self.new_id(), &self.tenant);
        format!(
            "INSERT INTO skills (id, tenant_id, name, description, parameters_schema, runs_on, created_at) \
             VALUES ({id}, {tenant}, {name}, '', '{{}}', {runs_on}, 0)"
        )
    }

    fn document(&self, status: &str) -> String {
        let (id, tenant) = (self.new_id(), &self.tenant);
        format!(
            "INSERT INTO documents (id, tenant_id, title, status, object_key, created_at) \
             VALUES ({id}, {tenant}, 'd', {status}, 'k', 0)"
        )
    }

    fn job(&self, session: &str, state: &str, owner: &str, until: &str) -> String {
        let (id, tenant) = (self.new_id(), &self.tenant);
        format!(
            "INSERT INTO jobs (id, tenant_id, kind, session_id, state, priority, attempt, not_before, cancel_requested, \
             lease_owner, lease_until, created_at) VALUES \
             ({id}, {tenant}, 'process_session', {session}, {state}, 0, 0, 0, false, {owner}, {until}, 0)"
        )
    }

    fn upload(&self, session: &str, length: &str, received: &str, state: &str) -> String {
        let (id, tenant) = (self.new_id(), &self.tenant);
        format!(
            "INSERT INTO uploads (id, tenant_id, session_id, filename, content_type, length, received, state, expires_at, \
             created_at, updated_at) VALUES \
             ({id}, {tenant}, {session}, 'f', 't', {length}, {received}, {state}, 0, 0, 0)"
        )
    }

    /// Every word is taken in `update`, where `%` stands for it; a word beside them is not.
    async fn words<W: Display>(&self, words: &[W], update: impl Fn(&str) -> String) {
        let of_tenant = |word: &str| format!("{} AND tenant_id = {}", update(word), self.tenant);
        for word in words {
            self.place.accepted(&of_tenant(&word.to_string())).await;
        }
        for wrong in ["", "paused", &words[0].to_string().to_uppercase()] {
            self.place.refused(&of_tenant(wrong)).await;
        }
    }

    /// A change of the session of this world.
    fn set(&self, columns: &str) -> String {
        format!("UPDATE sessions SET {columns} WHERE id = {}", self.session_id)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_word_of_the_domain_is_taken_and_no_other() {
    on_both(async |place| {
        let world = &World::new(place, "acme").await;
        let plain = |table: &'static str, column: &'static str| {
            move |word: &str| format!("UPDATE {table} SET {column} = '{word}' WHERE true")
        };
        world.words(UserRole::VARIANTS, plain("users", "role")).await;
        world.words(SeatRole::VARIANTS, plain("seats", "role")).await;
        world.words(SeatStatus::VARIANTS, plain("seats", "status")).await;
        world.words(SeatRole::VARIANTS, plain("sessions", "role")).await;
        world.words(TaskStatus::VARIANTS, plain("tasks", "status")).await;
        world.words(TaskSource::VARIANTS, plain("tasks", "source")).await;
        world.words(Speaker::VARIANTS, plain("utterances", "speaker")).await;
        world.words(&[UtteranceOrigin::Device, UtteranceOrigin::Pipeline], plain("utterances", "origin")).await;
        world.words(SkillRunsOn::VARIANTS, plain("skills", "runs_on")).await;
        world.words(DocumentStatus::VARIANTS, plain("documents", "status")).await;
        world.words(JobKind::VARIANTS, plain("jobs", "kind")).await;
        world.words(&[UploadState::Open, UploadState::Complete, UploadState::Expired], plain("uploads", "state")).await;

        // Where another column must agree, it is set along.
        world
            .words(SessionStatus::VARIANTS, |word| {
                let (phase, completed_at) = if word == "in_progress" { ("recording", "NULL") } else { ("done", "1") };
                let reason = if word == "failed" { "'no_recording'" } else { "NULL" };
                world.set(&format!(
                    "status = '{word}', phase = '{phase}', completed_at = {completed_at}, failure_reason = {reason}"
                ))
            })
            .await;
        world
            .words(Phase::VARIANTS, |word| {
                let (status, completed_at) = if word == "done" { ("completed", "1") } else { ("in_progress", "NULL") };
                world.set(&format!(
                    "phase = '{word}', status = '{status}', completed_at = {completed_at}, failure_reason = NULL"
                ))
            })
            .await;
        world
            .words(FailureReason::VARIANTS, |word| {
                world.set(&format!("failure_reason = '{word}', status = 'failed', phase = 'done', completed_at = 1"))
            })
            .await;
        world
            .words(ProcedureStatus::VARIANTS, |word| {
                let reason = if word == "excluded" { "'weak'" } else { "NULL" };
                format!("UPDATE procedures SET status = '{word}', excluded_reason = {reason} WHERE true")
            })
            .await;
        world
            .words(MinuteKind::VARIANTS, |word| {
                let session = &world.session_id;
                format!(
                    "UPDATE minute_transactions SET kind = '{word}', seconds = -1, session_id = {session} WHERE true"
                )
            })
            .await;
        world
            .words(JobState::VARIANTS, |word| {
                let lease = if word == "running" { (world.tenant.as_str(), "1") } else { ("NULL", "NULL") };
                format!(
                    "UPDATE jobs SET state = '{word}', lease_owner = {}, lease_until = {} WHERE true",
                    lease.0, lease.1
                )
            })
            .await;
        world
            .words(StepState::VARIANTS, |word| {
                let finished_at = if word == "running" { "NULL" } else { "1" };
                format!("UPDATE step_runs SET state = '{word}', result = 'r', finished_at = {finished_at} WHERE true")
            })
            .await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_cannot_contradict_itself() {
    on_both(async |place| {
        let world = World::new(place, "acme").await;
        for wrong in [
            "failure_reason = 'no_recording'",
            "status = 'failed', phase = 'done', completed_at = 1",
            "status = 'completed', phase = 'done', completed_at = 1, failure_reason = 'no_recording'",
            "status = 'completed', completed_at = 1",
            "status = 'completed', phase = 'done'",
            "phase = 'done', completed_at = 1",
            "completed_at = 1",
            "name = ''",
            "duration_seconds = -1",
            "announced_recordings = -1",
            "started_at = NULL",
        ] {
            place.refused(&world.set(wrong)).await;
        }
        place.accepted(&world.set("status = 'completed', phase = 'done', completed_at = 1")).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_procedure_has_its_times_its_clip_or_its_reason() {
    on_both(async |place| {
        let world = World::new(place, "acme").await;
        let s = &world.session_id;
        for wrong in [
            world.procedure(s, 2, "'approved'", "NULL", "'v'", "'t'", "2", "2"),
            world.procedure(s, 2, "'approved'", "NULL", "'v'", "'t'", "2", "1"),
            world.procedure(s, 2, "'approved'", "NULL", "'v'", "'t'", "-1", "1"),
            world.procedure(s, 2, "'approved'", "NULL", "NULL", "'t'", "1", "2"),
            world.procedure(s, 2, "'approved'", "NULL", "'v'", "NULL", "1", "2"),
            world.procedure(s, 2, "'approved'", "'weak'", "'v'", "'t'", "1", "2"),
            world.procedure(s, 2, "'excluded'", "NULL", "NULL", "NULL", "1", "2"),
            world.procedure(s, 0, "'approved'", "NULL", "'v'", "'t'", "1", "2"),
            world.procedure(s, 1, "'approved'", "NULL", "'v'", "'t'", "1", "2"),
        ] {
            place.refused(&wrong).await;
        }
        place.accepted(&world.procedure(s, 2, "'excluded'", "'weak'", "NULL", "NULL", "1", "2")).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn uploads_jobs_steps_and_utterances_hold_together() {
    on_both(async |place| {
        let world = World::new(place, "acme").await;
        let fresh = place.recording(&world.crew, at(1)).await;
        let (used, fresh) = (&world.session_id, &place.id(fresh.id));
        let owner = &world.tenant;
        for wrong in [
            world.upload(used, "10", "0", "'open'"), // a second one of its session
            world.upload(fresh, "10", "11", "'open'"),
            world.upload(fresh, "10", "9", "'complete'"),
            world.upload(fresh, "-1", "0", "'open'"),
            world.upload(fresh, "10", "-1", "'open'"),
            world.job(used, "'ready'", "NULL", "NULL"), // a second one alive
            world.job(used, "'running'", owner, "1"),
            world.job(fresh, "'running'", "NULL", "NULL"),
            world.job(fresh, "'running'", owner, "NULL"),
            world.job(fresh, "'ready'", owner, "1"),
            world.step("'name'", "'done'", "NULL", "1"),
            world.step("'name'", "'running'", "NULL", "1"),
            world.step("'name'", "'failed'", "NULL", "NULL"),
            world.step("'receive'", "'running'", "NULL", "NULL"),
            world.utterance("'device'", 0, "1", "2", "1"),
            world.utterance("'device'", 1, "2", "1", "1"),
            world.utterance("'device'", 1, "-1", "1", "1"),
            world.utterance("'device'", 1, "1", "2", "1.5"),
            world.task("'api'", "'1'"),
            world.skill("'look up'", "'device'"),
            format!("UPDATE tenant_queues SET running = -1 WHERE tenant_id = {owner}"),
            format!("UPDATE tenant_queues SET cap = 0 WHERE tenant_id = {owner}"),
            format!("UPDATE tenants SET country = 'GBR' WHERE id = {owner}"),
            format!("UPDATE tenants SET upload_limit_bytes = 0 WHERE id = {owner}"),
            format!("UPDATE tenants SET retention_days = 0 WHERE id = {owner}"),
            format!("UPDATE users SET email = 'Ann@example.com' WHERE tenant_id = {owner}"),
        ] {
            place.refused(&wrong).await;
        }
        for right in [
            world.upload(fresh, "NULL", "11", "'open'"),
            world.job(used, "'done'", "NULL", "NULL"), // not alive
            world.job(fresh, "'running'", owner, "1"),
            world.step("'name'", "'done'", "'r'", "1"),
            world.utterance("'pipeline'", 0, "1", "1", "0"),
        ] {
            place.accepted(&right).await;
        }
        place.refused(&world.job(fresh, "'ready'", "NULL", "NULL")).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_minutes_of_a_session_are_used_once() {
    on_both(async |place| {
        let world = World::new(place, "acme").await;
        let session = &world.session_id;
        place.refused(&world.minutes("'used'", "-60", "NULL")).await;
        place.refused(&world.minutes("'used'", "60", session)).await;
        place.accepted(&world.minutes("'used'", "-60", session)).await;
        place.refused(&world.minutes("'used'", "-60", session)).await;
        for kind in ["'adjusted'", "'purchased'"] {
            for _ in 0..2 {
                place.accepted(&world.minutes(kind, "60", session)).await;
            }
        }
    })
    .await;
}

/// Every reference inside a tenant is a pair, so a row of one tenant can't point to another's even by plain SQL.
#[tokio::test(flavor = "multi_thread")]
async fn no_row_points_across_the_wall() {
    on_both(async |place| {
        let ours = World::new(place, "acme").await;
        let theirs = World::new(place, "other").await;
        let (tenant, s) = (&ours.tenant, &theirs.session_id);
        let their = |id: &str, table: &str| format!("(SELECT {id} FROM {table} WHERE tenant_id = {})", theirs.tenant);
        for crossing in [
            format!("UPDATE seats SET user_id = {} WHERE tenant_id = {tenant}", their("id", "users")),
            format!("UPDATE devices SET seat_id = {} WHERE tenant_id = {tenant}", their("id", "seats")),
            format!("UPDATE tasks SET assigned_to = {} WHERE tenant_id = {tenant}", their("id", "users")),
            ours.set(&format!("seat_id = {}", their("id", "seats"))),
            ours.set(&format!("user_id = {}", their("id", "users"))),
            ours.set(&format!("task_id = {}", their("id", "tasks"))),
            ours.upload(s, "NULL", "0", "'open'"),
            format!(
                "UPDATE upload_chunks SET start_offset = 99, upload_id = {} WHERE tenant_id = {tenant}",
                their("id", "uploads")
            ),
            format!(
                "INSERT INTO recordings (session_id, tenant_id, duration_seconds, media_info, video_key, created_at) \
                 VALUES ({s}, {tenant}, 1, '{{}}', 'v', 0)"
            ),
            format!(
                "INSERT INTO recording_parts (session_id, tenant_id, number, offset_seconds, bytes, sha256, container, \
                 object_key) VALUES ({s}, {tenant}, 1, 0, 1, '{}', 'c', 'k')",
                "0".repeat(64)
            ),
            format!("UPDATE utterances SET session_id = {s}, number = 9 WHERE tenant_id = {tenant}"),
            ours.procedure(s, 9, "'approved'", "NULL", "'v'", "'t'", "1", "2"),
            ours.minutes("'used'", "-1", s),
            ours.job(s, "'done'", "NULL", "NULL"),
            format!("UPDATE step_runs SET session_id = {s}, step = 'score' WHERE tenant_id = {tenant}"),
            format!(
                "INSERT INTO document_chunks (document_id, tenant_id, number, text) VALUES ({}, {tenant}, 0, 'x')",
                their("id", "documents")
            ),
        ] {
            let error = place.sql(&crossing).await.expect_err(&crossing).to_string().to_lowercase();
            assert!(error.contains("foreign key constraint"), "{crossing}: {error}");
        }
        assert_eq!(ours.session, place.db.session(ours.crew.tenant, ours.session).await.unwrap().unwrap().id);
    })
    .await;
}
