-- While a row stands here, nothing of the session (or of the tenant) goes by age or is erased. Taken away when the hold is lifted:
-- the audit log tells that it stood.

CREATE TABLE legal_holds (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL REFERENCES tenants (id),
  -- NULL holds everything.
  session_id uuid,
  reason text NOT NULL CHECK (length(reason) BETWEEN 1 AND 500),
  -- NULL for the operator.
  placed_by uuid,
  placed_at bigint NOT NULL,
  UNIQUE (tenant_id, id),
  FOREIGN KEY (tenant_id, session_id) REFERENCES sessions (tenant_id, id),
  FOREIGN KEY (tenant_id, placed_by) REFERENCES users (tenant_id, id)
);
CREATE INDEX legal_holds_by_session ON legal_holds (tenant_id, session_id);
