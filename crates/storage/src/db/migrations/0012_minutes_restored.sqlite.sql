-- A row of the ledger stays when its session is erased, and comes back from a backup without it.
DROP TRIGGER minutes_of_own_sessions;
