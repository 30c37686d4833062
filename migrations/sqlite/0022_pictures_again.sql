-- files: retry_ms says when a picture that could not be looked at is looked at again: its bytes could not be read, or the
-- server ended meanwhile. tries counts how often it did since a look came to its end.
ALTER TABLE pictures ADD COLUMN retry_ms INTEGER NOT NULL DEFAULT 0;
DROP INDEX pictures_waiting;
CREATE INDEX pictures_waiting ON pictures (retry_ms, content) WHERE state = 0;
-- Those with so many tries were given up without having been decoded.
UPDATE pictures SET state = 0, tries = 0 WHERE state = 2 AND tries > 3;
