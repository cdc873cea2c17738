-- A second factor: codes of an authenticator app (TOTP), and recovery codes for when it is lost.

CREATE TABLE second_factors (
  user_id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL,
  -- Sealed with a key of the installation: who reads the database makes no code.
  sealed_secret text NOT NULL,
  -- The newest time step of which a code was taken: none is taken twice.
  last_step bigint NOT NULL,
  created_at bigint NOT NULL,
  UNIQUE (tenant_id, user_id),
  FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id)
);

CREATE TABLE recovery_codes (
  user_id uuid NOT NULL,
  tenant_id uuid NOT NULL,
  -- SHA-256 in hex.
  code_hash text NOT NULL CHECK (length(code_hash) = 64),
  used_at bigint,
  PRIMARY KEY (user_id, code_hash),
  FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id)
);
