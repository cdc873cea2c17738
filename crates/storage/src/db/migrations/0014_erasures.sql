-- What was erased: no name, no text, only ids and counts. A row stands before the first object goes, and stays.

CREATE TABLE erasures (
  id uuid PRIMARY KEY,
  -- No reference: the tenant may be what was erased.
  tenant_id uuid NOT NULL,
  scope text NOT NULL CHECK (scope IN ('session', 'user', 'tenant')),
  subject_id uuid NOT NULL,
  -- What the objects' keys begin with, as a JSON array; empty once it is done.
  prefixes text NOT NULL,
  -- How many rows of each table went, as JSON.
  rows_erased text NOT NULL,
  objects bigint NOT NULL CHECK (objects >= 0),
  bytes bigint NOT NULL CHECK (bytes >= 0),
  -- How often the objects were looked for: at once, and once more for those that were on their way then.
  sweeps bigint NOT NULL CHECK (sweeps >= 0),
  not_before bigint NOT NULL,
  requested_at bigint NOT NULL,
  completed_at bigint,
  -- The signed record, as it is given out, and its signature.
  record text,
  signature text,
  CHECK ((completed_at IS NULL) = (record IS NULL)),
  CHECK ((record IS NULL) = (signature IS NULL))
);
CREATE INDEX erasures_by_tenant ON erasures (tenant_id, requested_at);
CREATE INDEX erasures_by_time ON erasures (completed_at, not_before);
