-- By which OpenID Connect provider users sign in, and as whom they are known there.

CREATE TABLE openid_identities (
  issuer text NOT NULL CHECK (length(issuer) > 0),
  subject text NOT NULL CHECK (length(subject) > 0),
  tenant_id uuid NOT NULL,
  user_id uuid NOT NULL,
  created_at bigint NOT NULL,
  PRIMARY KEY (issuer, subject),
  UNIQUE (tenant_id, user_id, issuer),
  FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id)
);
