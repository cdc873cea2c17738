-- More of the recording arrived while the job ran: once it has ended, the session is processed again.
ALTER TABLE jobs ADD COLUMN again boolean NOT NULL DEFAULT false;
