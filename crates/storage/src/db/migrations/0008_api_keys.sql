-- Access of programs to the API of a tenant.

CREATE TABLE api_keys (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL REFERENCES tenants (id),
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
  -- SHA-256 of the token in hex; the token itself is shown once and not kept.
  token_hash text NOT NULL UNIQUE CHECK (length(token_hash) = 64),
  first_characters text NOT NULL CHECK (length(first_characters) <= 12),
  -- A JSON array of words.
  scopes text NOT NULL,
  -- NULL when it was made on the command line.
  made_by uuid,
  created_at bigint NOT NULL,
  expires_at bigint CHECK (expires_at > created_at),
  last_used_at bigint,
  revoked_at bigint,
  UNIQUE (tenant_id, id),
  FOREIGN KEY (tenant_id, made_by) REFERENCES users (tenant_id, id)
);
