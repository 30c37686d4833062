-- files: removed says that its owner took it away while something carried it: it stays as one that is not kept any more, and
-- its number never has a content again. Of the others an account has one for each name and content. The table is written
-- anew because the earlier rule was part of it.
CREATE TABLE files_written_anew (
    id         INTEGER NOT NULL PRIMARY KEY,
    owner      INTEGER NOT NULL,
    name       TEXT    NOT NULL,
    blake3     BLOB    NOT NULL,
    size       INTEGER NOT NULL,
    charge     INTEGER NOT NULL,
    media_type TEXT    NOT NULL DEFAULT '',
    content    INTEGER,
    complete   INTEGER NOT NULL DEFAULT 0,
    made_ms    INTEGER NOT NULL,
    unused_ms  INTEGER,
    name_key   TEXT    NOT NULL DEFAULT '',
    shelved    INTEGER NOT NULL DEFAULT 0,
    removed    INTEGER NOT NULL DEFAULT 0
);
INSERT INTO files_written_anew
        (id, owner, name, blake3, size, charge, media_type, content, complete, made_ms, unused_ms, name_key, shelved)
    SELECT id, owner, name, blake3, size, charge, media_type, content, complete, made_ms, unused_ms, name_key, shelved
    FROM files;
DROP TABLE files;
ALTER TABLE files_written_anew RENAME TO files;
CREATE UNIQUE INDEX files_by_name ON files (owner, blake3, name) WHERE removed = 0;
CREATE INDEX files_by_content ON files (content);
CREATE INDEX files_by_owner ON files (owner, complete, id);
CREATE INDEX files_unused ON files (unused_ms) WHERE unused_ms IS NOT NULL;
CREATE INDEX files_by_age ON files (made_ms) WHERE content IS NOT NULL AND shelved = 0;
