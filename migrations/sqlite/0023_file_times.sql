-- files: shelved says that an entry of a group keeps the file, whatever its age. expired says of an entry that its time is
-- up and that it keeps nothing any more.
ALTER TABLE files ADD COLUMN shelved INTEGER NOT NULL DEFAULT 0;
ALTER TABLE group_files ADD COLUMN expired INTEGER NOT NULL DEFAULT 0;
UPDATE files SET shelved = 1 WHERE id IN (SELECT file FROM group_files WHERE file IS NOT NULL);
DROP INDEX files_by_age;
CREATE INDEX files_by_age ON files (made_ms) WHERE content IS NOT NULL AND shelved = 0;
CREATE INDEX group_files_by_age ON group_files (added_ms) WHERE file IS NOT NULL AND expired = 0;
