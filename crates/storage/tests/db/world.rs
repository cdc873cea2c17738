//! A tenant with one row in every table, and plain SQL that writes more of them.

use crate::harness::{Crew, Place, at};
use domain::SessionId;
use std::fmt::Display;
use uuid::Uuid;

/// A tenant with one row in every table, and the ids of the rows.
pub struct World<'a> {
    pub place: &'a Place,
    pub crew: Crew,
    pub session: SessionId,
    pub tenant: String,
    pub session_id: String,
}

impl<'a> World<'a> {
    pub async fn new(place: &'a Place, name: &str) -> Self {
        let crew = place.crew(name).await;
        let session = place.processing(&crew, at(0)).await.id;
        let (tenant, session_id) = (place.id(crew.tenant), place.id(session));
        let this = Self { place, crew, session, tenant, session_id };
        for row in [
            this.task("'api'", "'1'"),
            this.procedure(&this.session_id, 1, "'approved'", "NULL", "'v'", "'t'", "1", "2"),
            this.utterance("'device'", 0, "1", "2", "1"),
            this.minutes("'purchased'", "'pack'", "60", "NULL"),
            this.step("'receive'", "'running'", "NULL", "NULL"),
            this.skill("'look up'", "'server'"),
            this.document("'queued'"),
            this.language_use(),
        ] {
            place.accepted(&row).await;
        }
        this
    }

    fn new_id(&self) -> String {
        self.place.id(Uuid::now_v7())
    }

    pub fn task(&self, source: &str, external_id: &str) -> String {
        let (id, tenant) = (self.new_id(), &self.tenant);
        format!(
            "INSERT INTO tasks (id, tenant_id, title, description, status, source, external_id, created_at) \
             VALUES ({id}, {tenant}, 't', '', 'open', {source}, {external_id}, 0)"
        )
    }

    #[allow(clippy::too_many_arguments, reason = "they are the columns that the rules are about")]
    pub fn procedure(
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

    pub fn utterance(&self, origin: &str, number: i64, start: &str, end: &str, confidence: &str) -> String {
        let (session, tenant) = (&self.session_id, &self.tenant);
        format!(
            "INSERT INTO utterances (session_id, tenant_id, origin, number, speaker, start_seconds, end_seconds, text, \
             confidence, words) VALUES ({session}, {tenant}, {origin}, {number}, 'engineer', {start}, {end}, 'x', \
             {confidence}, '[]')"
        )
    }

    pub fn minutes(&self, kind: &str, cause: &str, seconds: &str, session: &str) -> String {
        let (id, tenant) = (self.new_id(), &self.tenant);
        format!(
            "INSERT INTO minute_transactions (id, tenant_id, kind, cause, seconds, included_seconds, counted, session_id, \
             reason, created_at) VALUES ({id}, {tenant}, {kind}, {cause}, {seconds}, 0, true, {session}, 'r', 0)"
        )
    }

    pub fn step(&self, step: &str, state: &str, result: &str, finished_at: &str) -> String {
        let (session, tenant) = (&self.session_id, &self.tenant);
        format!(
            "INSERT INTO step_runs (session_id, tenant_id, step, number, input_hash, state, attempts, result, started_at, \
             finished_at) VALUES ({session}, {tenant}, {step}, 1, 'h', {state}, 1, {result}, 0, {finished_at})"
        )
    }

    pub fn skill(&self, name: &str, runs_on: &str) -> String {
        let (id, tenant) = (self.new_id(), &self.tenant);
        format!(
            "INSERT INTO skills (id, tenant_id, name, description, parameters_schema, runs_on, created_at) \
             VALUES ({id}, {tenant}, {name}, '', '{{}}', {runs_on}, 0)"
        )
    }

    pub fn document(&self, status: &str) -> String {
        let (id, tenant) = (self.new_id(), &self.tenant);
        format!(
            "INSERT INTO documents (id, tenant_id, title, status, object_key, created_at) \
             VALUES ({id}, {tenant}, 'd', {status}, 'k', 0)"
        )
    }

    pub fn language_use(&self) -> String {
        let (session, tenant) = (&self.session_id, &self.tenant);
        format!(
            "INSERT INTO language_uses (session_id, tenant_id, model, requests, input_tokens, output_tokens, updated_at) \
             VALUES ({session}, {tenant}, 'm', 1, 0, 0, 0)"
        )
    }

    pub fn job(&self, session: &str, state: &str, owner: &str, until: &str) -> String {
        let (id, tenant) = (self.new_id(), &self.tenant);
        format!(
            "INSERT INTO jobs (id, tenant_id, kind, session_id, state, priority, attempt, not_before, cancel_requested, \
             lease_owner, lease_until, created_at) VALUES \
             ({id}, {tenant}, 'process_session', {session}, {state}, 0, 0, 0, false, {owner}, {until}, 0)"
        )
    }

    pub fn upload(&self, session: &str, length: &str, received: &str, state: &str) -> String {
        let (id, tenant) = (self.new_id(), &self.tenant);
        format!(
            "INSERT INTO uploads (id, tenant_id, session_id, part, run, start_ms, filename, content_type, length, received, state, expires_at, \
             created_at, updated_at) VALUES \
             ({id}, {tenant}, {session}, 1, 1, 0, 'f', 't', {length}, {received}, {state}, 0, 0, 0)"
        )
    }

    /// Every word is taken in `update`, where `%` stands for it; a word beside them is not.
    pub async fn words<W: Display>(&self, words: &[W], update: impl Fn(&str) -> String) {
        let of_tenant = |word: &str| format!("{} AND tenant_id = {}", update(word), self.tenant);
        for word in words {
            self.place.accepted(&of_tenant(&word.to_string())).await;
        }
        for wrong in ["", "paused", &words[0].to_string().to_uppercase()] {
            self.place.refused(&of_tenant(wrong)).await;
        }
    }

    /// A change of the session of this world.
    pub fn set(&self, columns: &str) -> String {
        format!("UPDATE sessions SET {columns} WHERE id = {}", self.session_id)
    }
}
