-- The audit log: who did what, when, from where. Triggers (see the file of each engine) refuse to change or remove a row.

CREATE TABLE audit_entries (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL REFERENCES tenants (id),
  at bigint NOT NULL,
  actor_kind text NOT NULL CHECK (actor_kind IN ('user', 'key', 'device', 'operator', 'system')),
  -- No reference: who did it may be gone by now.
  actor_id uuid,
  actor_name text NOT NULL,
  action text NOT NULL CHECK (length(action) > 0),
  target_kind text,
  target_id text,
  target_name text,
  detail text NOT NULL,
  address text,
  CHECK ((target_kind IS NULL) = (target_id IS NULL)),
  CHECK ((target_kind IS NULL) = (target_name IS NULL))
);
CREATE INDEX audit_entries_by_time ON audit_entries (tenant_id, at DESC, id DESC);

-- While a tenant stands here, its entries can be erased: written and removed again in the transaction that erases them.
CREATE TABLE audit_erasures (
  tenant_id uuid PRIMARY KEY REFERENCES tenants (id)
);
