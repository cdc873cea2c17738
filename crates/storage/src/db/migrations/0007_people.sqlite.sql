CREATE TRIGGER audit_entries_unchanged BEFORE UPDATE ON audit_entries
WHEN NOT EXISTS (SELECT 1 FROM audit_erasures e WHERE e.tenant_id = OLD.tenant_id)
BEGIN
  SELECT RAISE(ABORT, 'the audit log is append-only');
END;
CREATE TRIGGER audit_entries_kept BEFORE DELETE ON audit_entries
WHEN NOT EXISTS (SELECT 1 FROM audit_erasures e WHERE e.tenant_id = OLD.tenant_id)
BEGIN
  SELECT RAISE(ABORT, 'the audit log is append-only');
END;
