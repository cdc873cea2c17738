-- What an organisation says about being recorded, every version that ever stood, and who accepted which.

CREATE TABLE notices (
  tenant_id uuid NOT NULL REFERENCES tenants (id),
  kind text NOT NULL CHECK (kind IN ('recording', 'consent')),
  version bigint NOT NULL CHECK (version >= 1),
  -- Empty: none stands.
  text text NOT NULL CHECK (length(text) <= 1000),
  since bigint NOT NULL,
  PRIMARY KEY (tenant_id, kind, version)
);

CREATE TABLE consents (
  seat_id uuid NOT NULL,
  tenant_id uuid NOT NULL,
  -- Of the text of kind 'consent'.
  version bigint NOT NULL CHECK (version >= 1),
  -- On which device.
  device_id uuid,
  accepted_at bigint NOT NULL,
  PRIMARY KEY (seat_id, version),
  FOREIGN KEY (tenant_id, seat_id) REFERENCES seats (tenant_id, id),
  FOREIGN KEY (tenant_id, device_id) REFERENCES devices (tenant_id, id)
);

-- Version of the recording notice that stood when the session began; NULL where none did.
ALTER TABLE sessions ADD COLUMN notice_version bigint;
