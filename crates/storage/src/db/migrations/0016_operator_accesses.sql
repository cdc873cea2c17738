-- When somebody who runs this installation may look at the data of a tenant, and why.

CREATE TABLE operator_accesses (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL REFERENCES tenants (id),
  reason text NOT NULL CHECK (length(reason) BETWEEN 1 AND 500),
  -- SHA-256 in hex of the link by which it begins, once.
  token_hash text NOT NULL UNIQUE CHECK (length(token_hash) = 64),
  created_at bigint NOT NULL,
  begun_at bigint,
  -- When it ends by itself.
  until bigint NOT NULL CHECK (until > created_at),
  ended_at bigint,
  UNIQUE (tenant_id, id)
);
CREATE INDEX operator_accesses_by_tenant ON operator_accesses (tenant_id, until);
