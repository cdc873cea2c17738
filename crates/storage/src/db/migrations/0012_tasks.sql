-- Tasks are made by hand and by programs, and who brought each to its status is kept.

-- The same key of a tenant makes one task.
ALTER TABLE tasks ADD COLUMN idempotency_key text;
CREATE UNIQUE INDEX tasks_by_key ON tasks (tenant_id, idempotency_key);
CREATE INDEX tasks_by_creation ON tasks (tenant_id, created_at DESC, id DESC);

CREATE TABLE task_changes (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL,
  task_id uuid NOT NULL,
  status text NOT NULL CHECK (status IN ('open', 'in_progress', 'completed', 'cancelled')),
  -- The name of that time.
  changed_by text NOT NULL,
  changed_at bigint NOT NULL,
  FOREIGN KEY (tenant_id, task_id) REFERENCES tasks (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX task_changes_by_task ON task_changes (tenant_id, task_id);
