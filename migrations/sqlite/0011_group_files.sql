-- files: what a group keeps, beside its messages. file is NULL for a folder; folders are at the top. name_key is
-- the name in lower case, for sorting and searching. parent is 0 at the top.
CREATE TABLE group_files (
    id           INTEGER NOT NULL PRIMARY KEY,
    conversation INTEGER NOT NULL,
    parent       INTEGER NOT NULL,
    name         TEXT    NOT NULL,
    name_key     TEXT    NOT NULL,
    file         INTEGER,
    size         INTEGER NOT NULL DEFAULT 0,
    added_by     INTEGER NOT NULL,
    added_ms     INTEGER NOT NULL,
    downloads    INTEGER NOT NULL DEFAULT 0,
    UNIQUE (conversation, parent, name)
);
CREATE INDEX group_files_by_file ON group_files (file) WHERE file IS NOT NULL;
CREATE INDEX group_files_by_name ON group_files (conversation, name_key, id);
