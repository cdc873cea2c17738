-- Exports of a person's data: one at a time for each person, made in the background, kept for some days.

CREATE TABLE person_exports (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL,
  user_id uuid NOT NULL,
  state text NOT NULL CHECK (state IN ('preparing', 'ready', 'failed')),
  requested_at bigint NOT NULL,
  -- How often somebody has begun to make it.
  attempts bigint NOT NULL CHECK (attempts >= 0),
  -- Whoever makes it holds it until then; 0 is nobody.
  lease_until bigint NOT NULL,
  lease_owner uuid,
  -- Of the ZIP, once it is there.
  object_key text,
  bytes bigint CHECK (bytes >= 0),
  -- When it goes.
  expires_at bigint,
  CHECK ((state = 'ready') = (object_key IS NOT NULL)),
  CHECK ((state = 'ready') = (bytes IS NOT NULL)),
  CHECK ((state = 'preparing') = (expires_at IS NULL)),
  UNIQUE (tenant_id, id),
  FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id)
);
CREATE UNIQUE INDEX person_exports_one ON person_exports (user_id);
CREATE INDEX person_exports_by_state ON person_exports (state, lease_until);
