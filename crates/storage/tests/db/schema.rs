//! The rules of the schema, tried with plain SQL: every word of the domain is taken and no other, and a row that
//! contradicts itself or points across the wall is refused.

use crate::{
    harness::{at, on_both},
    world::World,
};
use domain::{
    job::{JobKind, JobState, StepState},
    knowledge::DocumentStatus,
    minutes::{MinuteCause, MinuteKind},
    procedure::ProcedureStatus,
    seat::{SeatRole, SeatStatus},
    session::{FailureReason, Phase, SessionStatus},
    skill::SkillRunsOn,
    task::{TaskSource, TaskStatus},
    user::UserRole,
    utterance::Speaker,
};
use storage::db::{recordings::UtteranceOrigin, uploads::UploadState};
use strum::VariantArray;

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
        for cause in MinuteCause::VARIANTS {
            let (kind, session) = (cause.kind(), &world.session_id);
            let is_of_month = matches!(cause, MinuteCause::Granted | MinuteCause::Lapsed | MinuteCause::IncludedChanged);
            let period = if is_of_month { "'2026-11'" } else { "NULL" };
            let seconds = if matches!(cause, MinuteCause::Session | MinuteCause::Lapsed) { -1 } else { 1 };
            let included = if is_of_month { seconds } else { 0 };
            let row = |kind: &str, cause: &str| {
                format!(
                    "INSERT INTO minute_transactions (id, tenant_id, kind, cause, seconds, included_seconds, counted, session_id, \
                     period, reason, created_at) VALUES ({}, {}, '{kind}', '{cause}', {seconds}, {included}, true, {session}, \
                     {period}, 'r', 0)",
                    place.id(uuid::Uuid::now_v7()),
                    world.tenant
                )
            };
            place.accepted(&row(&kind.to_string(), &cause.to_string())).await;
            for other in MinuteKind::VARIANTS.iter().filter(|other| **other != kind) {
                place.refused(&row(&other.to_string(), &cause.to_string())).await;
            }
            place.refused(&row(&kind.to_string(), "paused")).await;
        }
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
            "announced_parts = -1",
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
            format!("UPDATE tenants SET keep_recording_days = 0 WHERE id = {owner}"),
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
        let used = |seconds, session| world.minutes("'used'", "'session'", seconds, session);
        place.refused(&used("-60", "NULL")).await;
        place.refused(&used("60", session)).await;
        place.accepted(&used("-60", session)).await;
        place.refused(&used("-60", session)).await;
        for (kind, cause) in [("'adjusted'", "'session_changed'"), ("'purchased'", "'pack'")] {
            for _ in 0..2 {
                place.accepted(&world.minutes(kind, cause, "60", session)).await;
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_row_of_the_ledger_changes_or_goes_before_its_tenant_is_erased() {
    on_both(async |place| {
        let world = World::new(place, "acme").await;
        let tenant = &world.tenant;
        let rows = "SELECT count(*) FROM minute_transactions";
        let before = place.number(rows).await;
        assert!(before > 0);
        for change in [
            "UPDATE minute_transactions SET seconds = 0".to_owned(),
            "UPDATE minute_transactions SET reason = 'x'".to_owned(),
            "DELETE FROM minute_transactions".to_owned(),
            format!("DELETE FROM minute_transactions WHERE tenant_id = {tenant}"),
        ] {
            place.refused(&change).await;
        }
        assert_eq!(place.number(rows).await, before);
        place.accepted(&format!("INSERT INTO minute_erasures (tenant_id) VALUES ({tenant})")).await;
        place.refused("UPDATE minute_transactions SET seconds = 0").await;
        place.sql(&format!("DELETE FROM minute_transactions WHERE tenant_id = {tenant}")).await.unwrap();
        assert_eq!(place.number(rows).await, 0);
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
