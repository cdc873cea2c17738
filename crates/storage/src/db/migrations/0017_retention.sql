-- What was recorded goes by age: recording, clips and transcript each after days of their own. What was one number, and was only
-- noted, is the age of recordings.

ALTER TABLE tenants RENAME COLUMN retention_days TO keep_recording_days;
ALTER TABLE tenants ADD COLUMN keep_clips_days bigint CHECK (keep_clips_days > 0);
ALTER TABLE tenants ADD COLUMN keep_transcript_days bigint CHECK (keep_transcript_days > 0);

-- When it went by age; NULL where it did not.
ALTER TABLE sessions ADD COLUMN recording_removed_at bigint;
ALTER TABLE sessions ADD COLUMN clips_removed_at bigint;
ALTER TABLE sessions ADD COLUMN transcript_removed_at bigint;
CREATE INDEX sessions_by_end ON sessions (tenant_id, phase, last_heartbeat_at);

-- Objects are to go of what went by age: `sessions` says of what.
ALTER TABLE removals ADD COLUMN aged boolean NOT NULL DEFAULT false;

-- A procedure that is shown may have no clip any more. Made anew, as not both engines can take a constraint off.
CREATE TABLE kept_procedures (
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
  CHECK (status = 'excluded' OR (video_key IS NULL) = (thumbnail_key IS NULL)),
  UNIQUE (tenant_id, id),
  UNIQUE (session_id, number),
  FOREIGN KEY (tenant_id, session_id) REFERENCES sessions (tenant_id, id)
);
INSERT INTO kept_procedures (id, tenant_id, session_id, number, procedure_name, description, start_seconds, end_seconds,
    duration_seconds, status, excluded_reason, video_key, thumbnail_key, published_at, license, source_tenant, created_at)
  SELECT id, tenant_id, session_id, number, procedure_name, description, start_seconds, end_seconds, duration_seconds, status,
    excluded_reason, video_key, thumbnail_key, published_at, license, source_tenant, created_at
  FROM procedures;
DROP TABLE procedures;
ALTER TABLE kept_procedures RENAME TO procedures;
