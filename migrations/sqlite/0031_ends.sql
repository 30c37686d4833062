-- account: an end that is being carried out is taken back by nobody, whatever the clock says meanwhile.
ALTER TABLE accounts ADD COLUMN ending INTEGER NOT NULL DEFAULT 0;
