-- A recording comes in parts, each an upload with its place on the session's clock; devices are paired by a code and can be
-- revoked. The two tables of uploads are made anew, as not both engines can take a constraint off.

CREATE TABLE parts_uploads (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL REFERENCES tenants (id),
  session_id uuid NOT NULL,
  -- Number of the part within its session, from 1.
  part bigint NOT NULL CHECK (part >= 1),
  -- Parts of one run are one stream, cut into pieces.
  run bigint NOT NULL CHECK (run >= 1),
  -- Where the part begins on the session's clock.
  start_ms bigint NOT NULL CHECK (start_ms >= 0),
  duration_ms bigint CHECK (duration_ms >= 0),
  filename text NOT NULL,
  content_type text NOT NULL,
  -- NULL while the length is deferred.
  length bigint CHECK (length >= 0),
  received bigint NOT NULL CHECK (received >= 0),
  state text NOT NULL CHECK (state IN ('open', 'complete', 'expired', 'deleted')),
  -- What the device says that the bytes hash to.
  announced_sha256 text CHECK (length(announced_sha256) = 64),
  -- What they do hash to; set once every byte is here and has been read.
  sha256 text CHECK (length(sha256) = 64),
  expires_at bigint NOT NULL,
  created_at bigint NOT NULL,
  updated_at bigint NOT NULL,
  CHECK (length IS NULL OR received <= length),
  CHECK (state <> 'complete' OR received = length),
  UNIQUE (tenant_id, id),
  UNIQUE (tenant_id, session_id, part),
  FOREIGN KEY (tenant_id, session_id) REFERENCES sessions (tenant_id, id)
);
INSERT INTO parts_uploads (id, tenant_id, session_id, part, run, start_ms, filename, content_type, length, received, state,
    expires_at, created_at, updated_at)
  SELECT id, tenant_id, session_id, 1, 1, 0, filename, content_type, length, received, state, expires_at, created_at, updated_at
  FROM uploads;

CREATE TABLE parts_upload_chunks (
  upload_id uuid NOT NULL,
  tenant_id uuid NOT NULL,
  start_offset bigint NOT NULL CHECK (start_offset >= 0),
  bytes bigint NOT NULL CHECK (bytes > 0),
  object_key text NOT NULL,
  PRIMARY KEY (upload_id, start_offset),
  FOREIGN KEY (tenant_id, upload_id) REFERENCES parts_uploads (tenant_id, id) ON DELETE CASCADE
);
INSERT INTO parts_upload_chunks (upload_id, tenant_id, start_offset, bytes, object_key)
  SELECT upload_id, tenant_id, start_offset, bytes, object_key FROM upload_chunks;

DROP TABLE upload_chunks;
DROP TABLE uploads;
ALTER TABLE parts_uploads RENAME TO uploads;
ALTER TABLE parts_upload_chunks RENAME TO upload_chunks;

-- How many parts the device says it made; 0 means that nothing was recorded.
ALTER TABLE sessions RENAME COLUMN announced_recordings TO announced_parts;
-- Numbers of the parts that will never come, as a JSON array.
ALTER TABLE sessions ADD COLUMN missing_parts text NOT NULL DEFAULT '[]';
-- The device says that nobody stopped the session: it had crashed.
ALTER TABLE sessions ADD COLUMN crashed boolean NOT NULL DEFAULT false;

-- Stretches of a session in which nothing was recorded, and why.
CREATE TABLE session_breaks (
  session_id uuid NOT NULL,
  tenant_id uuid NOT NULL,
  kind text NOT NULL CHECK (kind IN ('paused', 'deleted')),
  start_ms bigint NOT NULL CHECK (start_ms >= 0),
  -- NULL while it lasts.
  end_ms bigint CHECK (end_ms >= start_ms),
  PRIMARY KEY (session_id, kind, start_ms),
  FOREIGN KEY (tenant_id, session_id) REFERENCES sessions (tenant_id, id)
);

-- Hours that an unfinished upload is kept open; NULL takes the installation's setting.
ALTER TABLE tenants ADD COLUMN upload_keep_hours bigint CHECK (upload_keep_hours > 0);

-- Set once the device is shut out.
ALTER TABLE devices ADD COLUMN revoked_at bigint;
-- What the device last told of itself, as JSON, and when.
ALTER TABLE devices ADD COLUMN report text;
ALTER TABLE devices ADD COLUMN reported_at bigint;

CREATE TABLE pairing_codes (
  -- SHA-256 in hex; the code itself is shown once and not kept.
  code_hash text PRIMARY KEY CHECK (length(code_hash) = 64),
  tenant_id uuid NOT NULL,
  seat_id uuid NOT NULL,
  -- The device that the code was exchanged for. While that has never been heard of, the code can be exchanged again.
  device_id uuid,
  expires_at bigint NOT NULL,
  created_at bigint NOT NULL,
  FOREIGN KEY (tenant_id, seat_id) REFERENCES seats (tenant_id, id)
);
CREATE INDEX pairing_codes_by_seat ON pairing_codes (tenant_id, seat_id);
