-- What asking a language model about a session came to, summed over all attempts: one row per session that was asked about.

CREATE TABLE language_uses (
  session_id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL,
  model text NOT NULL,
  requests bigint NOT NULL CHECK (requests >= 0),
  input_tokens bigint NOT NULL CHECK (input_tokens >= 0),
  output_tokens bigint NOT NULL CHECK (output_tokens >= 0),
  -- NULL where no price was set or no tokens were told.
  cost double precision CHECK (cost >= 0),
  -- What the session says of it: which part of the built-in result stands, and why.
  note text,
  updated_at bigint NOT NULL,
  UNIQUE (tenant_id, session_id),
  FOREIGN KEY (tenant_id, session_id) REFERENCES sessions (tenant_id, id)
);
