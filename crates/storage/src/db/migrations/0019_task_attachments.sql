-- Files of tasks. The bytes are objects.

CREATE TABLE task_attachments (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL,
  task_id uuid NOT NULL,
  file_name text NOT NULL CHECK (file_name <> ''),
  -- What its first bytes say, where it is a picture; else application/octet-stream.
  media_type text NOT NULL,
  bytes bigint NOT NULL CHECK (bytes >= 0),
  -- In hex.
  sha256 text NOT NULL,
  object_key text NOT NULL UNIQUE,
  -- The object may not be there yet, is there, or is to go.
  state text NOT NULL CHECK (state IN ('coming', 'there', 'going')),
  -- The name of that time.
  added_by text NOT NULL,
  added_at bigint NOT NULL,
  -- When the state was reached.
  state_at bigint NOT NULL,
  FOREIGN KEY (tenant_id, task_id) REFERENCES tasks (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX task_attachments_by_task ON task_attachments (tenant_id, task_id, added_at);
CREATE INDEX task_attachments_undone ON task_attachments (state_at) WHERE state <> 'there';
