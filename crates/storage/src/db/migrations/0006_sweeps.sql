-- A removal's lease has an owner, who renews it; and each deleted part's objects are looked for as often as there is a reason.

ALTER TABLE removals ADD COLUMN lease_owner uuid;
-- How often the objects of an upload were looked for since it was deleted: 1 is at once, 2 is also after those that were on
-- their way then.
ALTER TABLE uploads ADD COLUMN sweeps bigint NOT NULL DEFAULT 0 CHECK (sweeps BETWEEN 0 AND 2);
