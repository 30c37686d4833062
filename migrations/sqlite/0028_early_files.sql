-- files: early says that a message went out before it was known what its file is, and is still to say so
ALTER TABLE file_carriers ADD COLUMN early INTEGER NOT NULL DEFAULT 0;
CREATE INDEX file_carriers_early ON file_carriers (file) WHERE early = 1;
UPDATE file_carriers SET early = 1 WHERE file IN (SELECT id FROM files WHERE complete = 0 AND content IS NOT NULL);

-- files: complete files with such messages
CREATE TABLE file_news (
    file INTEGER NOT NULL PRIMARY KEY
);
