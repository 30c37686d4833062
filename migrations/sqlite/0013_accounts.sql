-- account: since when an operator has locked it; when an announced deletion is carried out, and whether the messages
-- go with it. The names of a deleted account are keyed hashes, so that nobody gets them and nobody reads them.
ALTER TABLE accounts ADD COLUMN locked_ms INTEGER;
ALTER TABLE accounts ADD COLUMN closing_ms INTEGER;
ALTER TABLE accounts ADD COLUMN erase INTEGER NOT NULL DEFAULT 0;
CREATE INDEX accounts_closing ON accounts (closing_ms) WHERE closing_ms IS NOT NULL AND deleted_ms IS NULL;

-- admin: what operators told everybody
CREATE TABLE announcements (
    id    INTEGER NOT NULL PRIMARY KEY,
    at_ms INTEGER NOT NULL,
    text  TEXT    NOT NULL
);
