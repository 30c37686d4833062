-- account: 1 while an operator, and not the person, announced the end of the account: only an operator takes it back.
ALTER TABLE accounts ADD COLUMN closed_by_operator INTEGER NOT NULL DEFAULT 0;
