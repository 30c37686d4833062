-- files: large is 1 for a picture of state 2 that is refused for its size alone.
ALTER TABLE pictures ADD COLUMN large INTEGER NOT NULL DEFAULT 0;
