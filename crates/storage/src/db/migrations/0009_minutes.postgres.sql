CREATE OR REPLACE FUNCTION minutes_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' AND EXISTS (SELECT 1 FROM minute_erasures e WHERE e.tenant_id = OLD.tenant_id) THEN
    RETURN OLD;
  END IF;
  RAISE EXCEPTION 'constraint: the ledger of minutes is append-only';
END;
$$;
CREATE TRIGGER minutes_stay BEFORE UPDATE OR DELETE ON minute_transactions
  FOR EACH ROW EXECUTE FUNCTION minutes_stay();
CREATE TRIGGER minutes_not_truncated BEFORE TRUNCATE ON minute_transactions
  FOR EACH STATEMENT EXECUTE FUNCTION minutes_stay();
CREATE OR REPLACE FUNCTION minutes_of_own_sessions() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM sessions s WHERE s.tenant_id = NEW.tenant_id AND s.id = NEW.session_id) THEN
    RAISE EXCEPTION 'foreign key constraint: no such session of this tenant';
  END IF;
  RETURN NEW;
END;
$$;
CREATE TRIGGER minutes_of_own_sessions BEFORE INSERT ON minute_transactions
  FOR EACH ROW WHEN (NEW.session_id IS NOT NULL) EXECUTE FUNCTION minutes_of_own_sessions();
