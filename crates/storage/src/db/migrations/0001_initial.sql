-- Everything that is kept, in the words of the glossary. The same text runs on SQLite and on PostgreSQL.
-- Times are microseconds since 1970 UTC. Every row of a tenant carries it, and a reference inside a tenant is a
-- pair (tenant_id, id), so that no row can point across the wall.

CREATE TABLE tenants (
  id uuid PRIMARY KEY,
  name text NOT NULL UNIQUE CHECK (length(name) BETWEEN 1 AND 200),
  timezone text NOT NULL,
  language text NOT NULL,
  country text NOT NULL CHECK (length(country) = 2),
  retention_days bigint CHECK (retention_days > 0),
  upload_limit_bytes bigint NOT NULL CHECK (upload_limit_bytes > 0),
  created_at bigint NOT NULL
);

CREATE TABLE users (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL REFERENCES tenants (id),
  email text NOT NULL UNIQUE CHECK (email = lower(email)),
  full_name text NOT NULL CHECK (length(full_name) BETWEEN 1 AND 200),
  role text NOT NULL CHECK (role IN ('admin', 'member')),
  is_active boolean NOT NULL,
  password_hash text NOT NULL,
  created_at bigint NOT NULL,
  UNIQUE (tenant_id, id)
);

CREATE TABLE seats (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL REFERENCES tenants (id),
  user_id uuid NOT NULL,
  role text NOT NULL CHECK (role IN ('trainer', 'trainee')),
  status text NOT NULL CHECK (status IN ('needs_device', 'ready_to_pair', 'active')),
  created_at bigint NOT NULL,
  UNIQUE (tenant_id, id),
  FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id)
);

CREATE TABLE devices (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL REFERENCES tenants (id),
  seat_id uuid NOT NULL,
  model text NOT NULL,
  serial text NOT NULL,
  software_version text NOT NULL,
  token_hash text NOT NULL UNIQUE,
  last_seen_at bigint,
  created_at bigint NOT NULL,
  UNIQUE (tenant_id, id),
  FOREIGN KEY (tenant_id, seat_id) REFERENCES seats (tenant_id, id)
);

CREATE TABLE tasks (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL REFERENCES tenants (id),
  title text NOT NULL CHECK (length(title) BETWEEN 1 AND 500),
  description text NOT NULL,
  status text NOT NULL CHECK (status IN ('open', 'in_progress', 'completed', 'cancelled')),
  priority text,
  source text NOT NULL CHECK (source IN ('jobber', 'servicem8', 'manual', 'api')),
  external_id text,
  external_url text,
  assigned_to uuid,
  due_date bigint,
  created_at bigint NOT NULL,
  UNIQUE (tenant_id, id),
  UNIQUE (tenant_id, source, external_id),
  FOREIGN KEY (tenant_id, assigned_to) REFERENCES users (tenant_id, id)
);

CREATE TABLE sessions (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL REFERENCES tenants (id),
  seat_id uuid NOT NULL,
  user_id uuid NOT NULL,
  task_id uuid,
  role text NOT NULL CHECK (role IN ('trainer', 'trainee')),
  name text NOT NULL CHECK (length(name) > 0),
  status text NOT NULL CHECK (status IN ('in_progress', 'completed', 'failed')),
  phase text NOT NULL CHECK (phase IN ('recording', 'uploading', 'processing', 'done')),
  failure_reason text CHECK (failure_reason IN
    ('ended_abnormally', 'no_recording', 'audio_dropout', 'camera_occluded', 'no_procedures', 'processing_error')),
  failure_detail text,
  -- The device went silent: what arrived is processed, and the session then fails with this as its reason.
  ended_abnormally boolean NOT NULL,
  -- How many recordings the device says it holds; 0 means that nothing will ever be uploaded.
  announced_recordings bigint CHECK (announced_recordings >= 0),
  idempotency_key text,
  started_at bigint NOT NULL,
  last_heartbeat_at bigint NOT NULL,
  stopped_at bigint,
  completed_at bigint,
  duration_seconds double precision CHECK (duration_seconds >= 0),
  score text,
  summary text,
  trainer_notes text,
  updated_at bigint NOT NULL,
  CHECK ((status = 'failed') = (failure_reason IS NOT NULL)),
  CHECK ((phase = 'done') = (status <> 'in_progress')),
  CHECK ((phase = 'done') = (completed_at IS NOT NULL)),
  UNIQUE (tenant_id, id),
  UNIQUE (seat_id, idempotency_key),
  FOREIGN KEY (tenant_id, seat_id) REFERENCES seats (tenant_id, id),
  FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id),
  FOREIGN KEY (tenant_id, task_id) REFERENCES tasks (tenant_id, id)
);
CREATE INDEX sessions_by_start ON sessions (tenant_id, started_at DESC, id DESC);
CREATE INDEX sessions_by_update ON sessions (tenant_id, updated_at);
CREATE INDEX sessions_by_phase ON sessions (phase);

CREATE TABLE uploads (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL REFERENCES tenants (id),
  session_id uuid NOT NULL,
  filename text NOT NULL,
  content_type text NOT NULL,
  -- NULL while the length is deferred.
  length bigint CHECK (length >= 0),
  received bigint NOT NULL CHECK (received >= 0),
  state text NOT NULL CHECK (state IN ('open', 'complete', 'expired')),
  expires_at bigint NOT NULL,
  created_at bigint NOT NULL,
  updated_at bigint NOT NULL,
  CHECK (length IS NULL OR received <= length),
  CHECK (state <> 'complete' OR received = length),
  UNIQUE (tenant_id, id),
  -- One recording a session: a second upload would have no place on its timeline.
  UNIQUE (tenant_id, session_id),
  FOREIGN KEY (tenant_id, session_id) REFERENCES sessions (tenant_id, id)
);

CREATE TABLE upload_chunks (
  upload_id uuid NOT NULL,
  tenant_id uuid NOT NULL,
  start_offset bigint NOT NULL CHECK (start_offset >= 0),
  bytes bigint NOT NULL CHECK (bytes > 0),
  object_key text NOT NULL,
  PRIMARY KEY (upload_id, start_offset),
  FOREIGN KEY (tenant_id, upload_id) REFERENCES uploads (tenant_id, id) ON DELETE CASCADE
);

CREATE TABLE recordings (
  session_id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL,
  duration_seconds double precision NOT NULL CHECK (duration_seconds >= 0),
  media_info text NOT NULL,
  video_key text NOT NULL,
  poster_key text,
  captions_key text,
  chapters_key text,
  created_at bigint NOT NULL,
  UNIQUE (tenant_id, session_id),
  FOREIGN KEY (tenant_id, session_id) REFERENCES sessions (tenant_id, id)
);

CREATE TABLE recording_parts (
  session_id uuid NOT NULL,
  tenant_id uuid NOT NULL,
  number bigint NOT NULL CHECK (number >= 1),
  offset_seconds double precision NOT NULL CHECK (offset_seconds >= 0),
  bytes bigint NOT NULL CHECK (bytes >= 0),
  sha256 text NOT NULL CHECK (length(sha256) = 64),
  container text NOT NULL,
  object_key text NOT NULL,
  PRIMARY KEY (session_id, number),
  FOREIGN KEY (tenant_id, session_id) REFERENCES sessions (tenant_id, id)
);

CREATE TABLE utterances (
  session_id uuid NOT NULL,
  tenant_id uuid NOT NULL,
  -- 'device': sent while the session ran; 'pipeline': the transcript that was used.
  origin text NOT NULL CHECK (origin IN ('device', 'pipeline')),
  number bigint NOT NULL CHECK (number >= 0),
  speaker text NOT NULL CHECK (speaker IN ('engineer', 'assistant')),
  start_seconds double precision NOT NULL CHECK (start_seconds >= 0),
  end_seconds double precision NOT NULL CHECK (end_seconds >= start_seconds),
  text text NOT NULL,
  confidence double precision NOT NULL CHECK (confidence BETWEEN 0 AND 1),
  words text NOT NULL,
  PRIMARY KEY (session_id, origin, number),
  FOREIGN KEY (tenant_id, session_id) REFERENCES sessions (tenant_id, id)
);

CREATE TABLE procedures (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL REFERENCES tenants (id),
  session_id uuid NOT NULL,
  number bigint NOT NULL CHECK (number >= 1),
  procedure_name text NOT NULL CHECK (length(procedure_name) > 0),
  description text NOT NULL,
  start_seconds double precision NOT NULL CHECK (start_seconds >= 0),
  end_seconds double precision NOT NULL CHECK (end_seconds > start_seconds),
  duration_seconds double precision NOT NULL CHECK (duration_seconds >= 0),
  status text NOT NULL CHECK (status IN ('approved', 'excluded')),
  excluded_reason text,
  video_key text,
  thumbnail_key text,
  published_at bigint,
  license text,
  source_tenant uuid,
  created_at bigint NOT NULL,
  CHECK ((status = 'excluded') = (excluded_reason IS NOT NULL)),
  CHECK (status = 'excluded' OR (video_key IS NOT NULL AND thumbnail_key IS NOT NULL)),
  UNIQUE (tenant_id, id),
  UNIQUE (session_id, number),
  FOREIGN KEY (tenant_id, session_id) REFERENCES sessions (tenant_id, id)
);

CREATE TABLE skills (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL REFERENCES tenants (id),
  name text NOT NULL,
  description text NOT NULL,
  parameters_schema text NOT NULL,
  runs_on text NOT NULL CHECK (runs_on IN ('server', 'device', 'remote')),
  created_at bigint NOT NULL,
  UNIQUE (tenant_id, id),
  UNIQUE (tenant_id, name)
);

CREATE TABLE documents (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL REFERENCES tenants (id),
  title text NOT NULL,
  status text NOT NULL CHECK (status IN ('queued', 'indexed', 'failed')),
  object_key text NOT NULL,
  created_at bigint NOT NULL,
  UNIQUE (tenant_id, id)
);

CREATE TABLE document_chunks (
  document_id uuid NOT NULL,
  tenant_id uuid NOT NULL,
  number bigint NOT NULL CHECK (number >= 0),
  text text NOT NULL,
  PRIMARY KEY (document_id, number),
  FOREIGN KEY (tenant_id, document_id) REFERENCES documents (tenant_id, id) ON DELETE CASCADE
);

CREATE TABLE minute_transactions (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL REFERENCES tenants (id),
  kind text NOT NULL CHECK (kind IN ('included', 'purchased', 'used', 'adjusted')),
  seconds bigint NOT NULL,
  session_id uuid,
  created_at bigint NOT NULL,
  CHECK (kind <> 'used' OR (session_id IS NOT NULL AND seconds <= 0)),
  FOREIGN KEY (tenant_id, session_id) REFERENCES sessions (tenant_id, id)
);
CREATE UNIQUE INDEX minutes_used_once ON minute_transactions (session_id) WHERE kind = 'used';

CREATE TABLE jobs (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL REFERENCES tenants (id),
  kind text NOT NULL CHECK (kind IN ('process_session')),
  session_id uuid NOT NULL,
  state text NOT NULL CHECK (state IN ('ready', 'running', 'done', 'failed', 'cancelled')),
  priority bigint NOT NULL,
  -- Claims since the last step that ended well.
  attempt bigint NOT NULL CHECK (attempt >= 0),
  not_before bigint NOT NULL,
  cancel_requested boolean NOT NULL,
  lease_owner uuid,
  lease_until bigint,
  error text,
  created_at bigint NOT NULL,
  finished_at bigint,
  CHECK ((state = 'running') = (lease_owner IS NOT NULL)),
  CHECK ((state = 'running') = (lease_until IS NOT NULL)),
  UNIQUE (tenant_id, id),
  FOREIGN KEY (tenant_id, session_id) REFERENCES sessions (tenant_id, id)
);
CREATE UNIQUE INDEX jobs_one_alive ON jobs (session_id, kind) WHERE state IN ('ready', 'running');
CREATE INDEX jobs_to_claim ON jobs (tenant_id, state, not_before);
CREATE INDEX jobs_by_lease ON jobs (state, lease_until);

-- Whose turn it is: the tenant is picked first, then its job.
CREATE TABLE tenant_queues (
  tenant_id uuid PRIMARY KEY REFERENCES tenants (id),
  running bigint NOT NULL CHECK (running >= 0),
  cap bigint NOT NULL CHECK (cap > 0),
  last_served bigint NOT NULL
);

CREATE TABLE step_runs (
  session_id uuid NOT NULL,
  tenant_id uuid NOT NULL,
  step text NOT NULL,
  number bigint NOT NULL,
  input_hash text NOT NULL,
  state text NOT NULL CHECK (state IN ('running', 'done', 'rejected', 'failed')),
  attempts bigint NOT NULL CHECK (attempts >= 1),
  result text,
  error text,
  started_at bigint NOT NULL,
  finished_at bigint,
  CHECK (state <> 'done' OR result IS NOT NULL),
  CHECK ((state = 'running') = (finished_at IS NULL)),
  PRIMARY KEY (session_id, step),
  FOREIGN KEY (tenant_id, session_id) REFERENCES sessions (tenant_id, id)
);

-- Browser logins. Not of a tenant: one exists before anybody has signed in.
CREATE TABLE logins (
  id text PRIMARY KEY,
  data text NOT NULL,
  expires_at bigint NOT NULL
);
CREATE INDEX logins_by_expiry ON logins (expires_at);
