-- The ledger of minutes says why each row was written, by whom, and what of it was of the included ones. Triggers (see the file of
-- each engine) refuse to change or remove a row. The table is made anew, as not both engines can change a constraint.

-- Minutes of active session time that each month brings; NULL where they are not counted.
ALTER TABLE tenants ADD COLUMN included_minutes bigint CHECK (included_minutes >= 0);
-- When the device last said that the session runs. Uploads are no such word: they may come days later.
ALTER TABLE sessions ADD COLUMN last_beat_at bigint;

CREATE TABLE minute_ledger (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL REFERENCES tenants (id),
  kind text NOT NULL CHECK (kind IN ('included', 'purchased', 'used', 'adjusted')),
  cause text NOT NULL CHECK (cause IN ('granted', 'lapsed', 'included_changed', 'pack', 'session', 'session_changed',
    'not_charged', 'by_hand')),
  seconds bigint NOT NULL,
  -- How much of `seconds` the included minutes gave or got; the rest is of the purchased ones.
  included_seconds bigint NOT NULL,
  -- Whether it changes the balance: not where the tenant's minutes were not counted.
  counted boolean NOT NULL,
  -- No reference: the row stays when the session is erased. That it is one of the tenant is looked at when it is written.
  session_id uuid,
  -- The month of included minutes.
  period text CHECK (length(period) = 7),
  reason text CHECK (length(reason) BETWEEN 1 AND 500),
  -- Who added or adjusted. No reference: that user may be gone by now.
  user_id uuid,
  idempotency_key text,
  created_at bigint NOT NULL,
  CHECK (kind = CASE WHEN cause IN ('granted', 'lapsed') THEN 'included' WHEN cause = 'pack' THEN 'purchased'
    WHEN cause = 'session' THEN 'used' ELSE 'adjusted' END),
  CHECK (included_seconds BETWEEN 0 AND seconds OR included_seconds BETWEEN seconds AND 0),
  CHECK (cause NOT IN ('granted', 'lapsed', 'included_changed') OR (included_seconds = seconds AND period IS NOT NULL)),
  CHECK (cause NOT IN ('granted', 'pack') OR seconds >= 0),
  CHECK (cause <> 'lapsed' OR seconds < 0),
  CHECK (cause NOT IN ('session', 'session_changed', 'not_charged') OR session_id IS NOT NULL),
  CHECK (cause <> 'session' OR seconds <= 0),
  CHECK (cause <> 'by_hand' OR reason IS NOT NULL),
  CHECK (counted OR (cause IN ('session', 'session_changed') AND included_seconds = 0))
);
INSERT INTO minute_ledger (id, tenant_id, kind, cause, seconds, included_seconds, counted, session_id, reason, created_at)
  SELECT id, tenant_id, CASE WHEN kind = 'used' THEN 'used' ELSE 'adjusted' END,
    CASE WHEN kind = 'used' THEN 'session' ELSE 'by_hand' END, seconds, 0, true, session_id, 'Written by an earlier version', created_at
  FROM minute_transactions;
DROP TABLE minute_transactions;
ALTER TABLE minute_ledger RENAME TO minute_transactions;
CREATE UNIQUE INDEX minutes_used_once ON minute_transactions (session_id) WHERE kind = 'used';
CREATE UNIQUE INDEX minutes_granted_once ON minute_transactions (tenant_id, period) WHERE cause = 'granted';
CREATE UNIQUE INDEX minutes_lapsed_once ON minute_transactions (tenant_id, period) WHERE cause = 'lapsed';
CREATE UNIQUE INDEX minutes_by_key ON minute_transactions (tenant_id, idempotency_key);
CREATE INDEX minutes_by_time ON minute_transactions (tenant_id, created_at DESC, id DESC);

-- A running session keeps a minute for itself until it is charged.
CREATE TABLE minute_reservations (
  session_id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL,
  seconds bigint NOT NULL CHECK (seconds > 0),
  FOREIGN KEY (tenant_id, session_id) REFERENCES sessions (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX minute_reservations_by_tenant ON minute_reservations (tenant_id);

-- While a tenant stands here, its ledger can be erased: written and removed again in the transaction that erases it.
CREATE TABLE minute_erasures (
  tenant_id uuid PRIMARY KEY REFERENCES tenants (id)
);
