-- files: where a content's chunks are: in a place named by eight random bytes, or by the content's id where place is
-- NULL. Random, because a database that was restored gives ids again, and must not meet the chunks of another content.
ALTER TABLE contents ADD COLUMN place BLOB;
-- files: a chunk was found changed or lost. Who brings the content again brings it anew, and its files move there.
ALTER TABLE contents ADD COLUMN damaged INTEGER NOT NULL DEFAULT 0;
-- files: when its upload was opened or a chunk came, to the hour
ALTER TABLE contents ADD COLUMN moved_ms INTEGER NOT NULL DEFAULT 0;
UPDATE contents SET moved_ms = made_ms;
DROP INDEX contents_by_hash;
CREATE UNIQUE INDEX contents_by_hash ON contents (blake3) WHERE complete = 1 AND damaged = 0;
CREATE INDEX contents_damaged ON contents (blake3) WHERE damaged = 1;
CREATE INDEX contents_open ON contents (moved_ms) WHERE complete = 0;
DROP INDEX files_open;

-- files: retry_ms says when chunks that could not be deleted are tried again
ALTER TABLE content_leftovers ADD COLUMN place BLOB;
ALTER TABLE content_leftovers ADD COLUMN retry_ms INTEGER NOT NULL DEFAULT 0;
CREATE INDEX content_leftovers_by_time ON content_leftovers (retry_ms, content);

-- files: the name in lower case, for searching; empty for names given before there was this column
ALTER TABLE files ADD COLUMN name_key TEXT NOT NULL DEFAULT '';

-- files: accounts that were deleted and whose files are still to be taken away; with carried those too that messages
-- and groups carry
CREATE TABLE file_owners_gone (
    account INTEGER NOT NULL PRIMARY KEY,
    carried INTEGER NOT NULL
);
