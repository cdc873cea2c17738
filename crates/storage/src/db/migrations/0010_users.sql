-- Users are invited, set their password by a link, and have several logins.

ALTER TABLE users ADD COLUMN last_signed_in_at bigint;

-- Links by which somebody sets a password, once. A user without a password is invited.
CREATE TABLE user_links (
  -- SHA-256 in hex; the link itself is shown or sent once and not kept.
  token_hash text PRIMARY KEY CHECK (length(token_hash) = 64),
  tenant_id uuid NOT NULL,
  user_id uuid NOT NULL,
  kind text NOT NULL CHECK (kind IN ('invitation', 'reset')),
  expires_at bigint NOT NULL,
  used_at bigint,
  created_at bigint NOT NULL,
  FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id)
);
CREATE INDEX user_links_by_user ON user_links (tenant_id, user_id);
CREATE INDEX user_links_by_expiry ON user_links (expires_at);

-- Whose login it is, once somebody has signed in. Those of before are not known to be anybody's: all sign in again.
DELETE FROM logins;
ALTER TABLE logins ADD COLUMN tenant_id uuid;
ALTER TABLE logins ADD COLUMN user_id uuid REFERENCES users (id);
CREATE INDEX logins_by_user ON logins (tenant_id, user_id);
