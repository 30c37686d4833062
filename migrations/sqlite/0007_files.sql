-- files: what is stored, once for each hash when it is complete. hashes holds 32 bytes for each chunk; the chunks
-- themselves are in the file storage under the content's id.
CREATE TABLE contents (
    id         INTEGER NOT NULL PRIMARY KEY,
    blake3     BLOB    NOT NULL,
    size       INTEGER NOT NULL,
    hashes     BLOB    NOT NULL,
    complete   INTEGER NOT NULL DEFAULT 0,
    media_type TEXT    NOT NULL DEFAULT '',
    made_ms    INTEGER NOT NULL
);
CREATE UNIQUE INDEX contents_by_hash ON contents (blake3) WHERE complete = 1;

-- files: a name that an account gave to a content. content is NULL when it is not kept any more. unused_ms says
-- since when no message carries it; NULL while one does. charge is what it counts for in its owner's quota.
CREATE TABLE files (
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
    UNIQUE (owner, blake3, name)
);
CREATE INDEX files_by_content ON files (content);
CREATE INDEX files_by_owner ON files (owner, complete, id);
CREATE INDEX files_unused ON files (unused_ms) WHERE unused_ms IS NOT NULL;
CREATE INDEX files_open ON files (made_ms) WHERE complete = 0;
CREATE INDEX files_by_age ON files (made_ms) WHERE content IS NOT NULL;

-- files: the living messages that carry a file. Who may read one of them may read the file.
CREATE TABLE file_carriers (
    file         INTEGER NOT NULL,
    conversation INTEGER NOT NULL,
    event_seq    INTEGER NOT NULL,
    PRIMARY KEY (file, conversation, event_seq)
);
CREATE INDEX file_carriers_by_event ON file_carriers (conversation, event_seq);

-- files: contents without a row whose chunks are still to be deleted
CREATE TABLE content_leftovers (
    content INTEGER NOT NULL PRIMARY KEY
);

-- files: the last number given to a file or a content; none is given again
CREATE TABLE file_ids (
    last INTEGER NOT NULL
);
INSERT INTO file_ids (last) VALUES (0);
