-- files: the mark of the storage, random bytes that are in an object of it too. A storage without the mark is away as a
-- whole, or another one: what is not found there is not lost.
CREATE TABLE file_storage (
    mark BLOB NOT NULL
);

-- files: account says whose picture waits, and turn when it is looked at: accounts take turns. sums holds the BLAKE3 hashes
-- of the previews, 32 bytes each; NULL for previews that were made before.
ALTER TABLE pictures ADD COLUMN account INTEGER NOT NULL DEFAULT 0;
ALTER TABLE pictures ADD COLUMN turn INTEGER NOT NULL DEFAULT 0;
ALTER TABLE pictures ADD COLUMN sums BLOB;
DROP INDEX pictures_waiting;
CREATE INDEX pictures_waiting ON pictures (turn, content) WHERE state = 0;
CREATE INDEX pictures_waiting_by_account ON pictures (account, turn) WHERE state = 0;

-- files: the check of the storage asks for each place whose it is
CREATE INDEX contents_by_place ON contents (place) WHERE place IS NOT NULL;
CREATE INDEX content_leftovers_by_place ON content_leftovers (place) WHERE place IS NOT NULL;
