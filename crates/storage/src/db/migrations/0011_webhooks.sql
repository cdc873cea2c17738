-- Addresses of others that are told when something happens, and what is on its way to them.

CREATE TABLE webhooks (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL REFERENCES tenants (id),
  url text NOT NULL CHECK (length(url) BETWEEN 1 AND 2000),
  -- A JSON array of words.
  events text NOT NULL,
  -- Encrypted: who can read the database alone can't sign.
  secret text NOT NULL,
  -- The one before, with which is signed as well until then.
  old_secret text,
  old_secret_until bigint,
  -- NULL when a program made it.
  made_by uuid,
  created_at bigint NOT NULL,
  failing_since bigint,
  disabled_at bigint,
  disabled_reason text,
  CHECK ((old_secret IS NULL) = (old_secret_until IS NULL)),
  CHECK ((disabled_at IS NULL) = (disabled_reason IS NULL)),
  UNIQUE (tenant_id, id),
  FOREIGN KEY (tenant_id, made_by) REFERENCES users (tenant_id, id)
);

-- What happened, written in the transaction in which it did. Holds ids and closed words, nothing that a person said or is.
CREATE TABLE webhook_events (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL REFERENCES tenants (id),
  kind text NOT NULL,
  body text NOT NULL,
  created_at bigint NOT NULL,
  UNIQUE (tenant_id, id)
);
CREATE INDEX webhook_events_by_time ON webhook_events (created_at);

CREATE TABLE webhook_deliveries (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL,
  webhook_id uuid NOT NULL,
  event_id uuid NOT NULL,
  state text NOT NULL CHECK (state IN ('waiting', 'delivered', 'failed')),
  attempts bigint NOT NULL CHECK (attempts >= 0),
  not_before bigint NOT NULL,
  -- Whoever sends it holds it until then; 0 is nobody.
  lease_until bigint NOT NULL,
  lease_owner uuid,
  last_at bigint,
  last_status bigint,
  last_answer text,
  created_at bigint NOT NULL,
  UNIQUE (tenant_id, id),
  UNIQUE (webhook_id, event_id),
  FOREIGN KEY (tenant_id, webhook_id) REFERENCES webhooks (tenant_id, id) ON DELETE CASCADE,
  FOREIGN KEY (tenant_id, event_id) REFERENCES webhook_events (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX webhook_deliveries_to_send ON webhook_deliveries (state, not_before);
CREATE INDEX webhook_deliveries_by_webhook ON webhook_deliveries (tenant_id, webhook_id, created_at);
CREATE INDEX webhook_deliveries_by_event ON webhook_deliveries (event_id);
