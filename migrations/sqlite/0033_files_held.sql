-- files: a file is as large as its content
UPDATE files SET size = (SELECT c.size FROM contents c WHERE c.id = files.content),
        charge = MAX(4096, (SELECT c.size FROM contents c WHERE c.id = files.content))
    WHERE content IS NOT NULL AND EXISTS (SELECT 1 FROM contents c WHERE c.id = files.content AND c.size <> files.size);
UPDATE group_files SET size = (SELECT f.size FROM files f WHERE f.id = group_files.file)
    WHERE file IS NOT NULL AND EXISTS (SELECT 1 FROM files f WHERE f.id = group_files.file AND f.size <> group_files.size);

-- files: an entry of a group whose file lost its content keeps nothing until it is added again
UPDATE group_files SET expired = 1 WHERE expired = 0 AND file IN (SELECT id FROM files WHERE content IS NULL);
UPDATE files SET shelved = 0 WHERE shelved = 1 AND content IS NULL;

-- files: made says that the mark has been in the storage. One that has not is still to be written there.
ALTER TABLE file_storage ADD COLUMN made INTEGER NOT NULL DEFAULT 1;

-- files: preview_bytes is what a picture's previews take; its files count for that too. decoder says which decoder looked.
ALTER TABLE pictures ADD COLUMN preview_bytes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE pictures ADD COLUMN decoder INTEGER NOT NULL DEFAULT 0;
CREATE INDEX pictures_refused ON pictures (decoder) WHERE state = 2;

-- files: who fetched the file of an entry to its end, so that each counts once
CREATE TABLE group_file_readers (
    entry   INTEGER NOT NULL,
    account INTEGER NOT NULL,
    PRIMARY KEY (entry, account)
);
CREATE INDEX group_file_readers_by_account ON group_file_readers (account);
