CREATE TRIGGER minutes_unchanged BEFORE UPDATE ON minute_transactions
BEGIN
  SELECT RAISE(ABORT, 'constraint: the ledger of minutes is append-only');
END;
CREATE TRIGGER minutes_kept BEFORE DELETE ON minute_transactions
WHEN NOT EXISTS (SELECT 1 FROM minute_erasures e WHERE e.tenant_id = OLD.tenant_id)
BEGIN
  SELECT RAISE(ABORT, 'constraint: the ledger of minutes is append-only');
END;
CREATE TRIGGER minutes_of_own_sessions BEFORE INSERT ON minute_transactions
WHEN NEW.session_id IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM sessions s WHERE s.tenant_id = NEW.tenant_id AND s.id = NEW.session_id)
BEGIN
  SELECT RAISE(ABORT, 'foreign key constraint: no such session of this tenant');
END;
