-- Sessions of which objects are to go, as what they hold was deleted. A row stands until they are gone.

CREATE TABLE removals (
  session_id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL,
  -- Everything that was made of the recording is to go too. Until then no job of the session begins, and what one that runs
  -- comes to does not count.
  results boolean NOT NULL,
  -- The objects have gone once; the row waits for those that were on their way then.
  swept boolean NOT NULL,
  -- Counts the deletions: a removal that began before the last one is not the last.
  version bigint NOT NULL CHECK (version >= 1),
  -- Since the last deletion.
  attempts bigint NOT NULL CHECK (attempts >= 0),
  not_before bigint NOT NULL,
  -- Whoever removes holds it until then.
  lease_until bigint NOT NULL,
  UNIQUE (tenant_id, session_id),
  FOREIGN KEY (tenant_id, session_id) REFERENCES sessions (tenant_id, id)
);
CREATE INDEX removals_by_time ON removals (not_before);
