-- Single pictures that a device sent while a session is recorded. A row stands before its object, and until that has gone for good.

CREATE TABLE frames (
  session_id uuid NOT NULL,
  tenant_id uuid NOT NULL,
  -- From 1; no number comes twice.
  number bigint NOT NULL CHECK (number >= 1),
  bytes bigint NOT NULL CHECK (bytes > 0),
  created_at bigint NOT NULL,
  -- How often its object was removed: at once, and once more for what was on its way then.
  sweeps bigint NOT NULL DEFAULT 0 CHECK (sweeps BETWEEN 0 AND 1),
  -- The wearer had a stretch deleted: it goes now.
  deleted boolean NOT NULL DEFAULT false,
  PRIMARY KEY (session_id, number),
  FOREIGN KEY (tenant_id, session_id) REFERENCES sessions (tenant_id, id)
);
CREATE INDEX frames_by_sweep ON frames (sweeps, created_at);
