-- files: bytes is what the files of an account count for in its quota, kept by triggers: adding up all of them at each upload
-- would take the longer the more there are. Who writes the table of files anew makes the triggers again.
CREATE TABLE file_use (
    owner INTEGER NOT NULL PRIMARY KEY,
    bytes INTEGER NOT NULL
);
INSERT INTO file_use (owner, bytes)
    SELECT owner, SUM(charge) FROM files WHERE content IS NOT NULL GROUP BY owner;
CREATE TRIGGER file_use_more AFTER INSERT ON files WHEN NEW.content IS NOT NULL
BEGIN
    INSERT INTO file_use (owner, bytes) VALUES (NEW.owner, NEW.charge)
        ON CONFLICT (owner) DO UPDATE SET bytes = bytes + excluded.bytes;
END;
CREATE TRIGGER file_use_less AFTER DELETE ON files WHEN OLD.content IS NOT NULL
BEGIN
    UPDATE file_use SET bytes = bytes - OLD.charge WHERE owner = OLD.owner;
    DELETE FROM file_use WHERE owner = OLD.owner AND bytes = 0;
END;
CREATE TRIGGER file_use_other AFTER UPDATE OF owner, charge, content ON files
BEGIN
    UPDATE file_use SET bytes = bytes - OLD.charge WHERE owner = OLD.owner AND OLD.content IS NOT NULL;
    INSERT INTO file_use (owner, bytes) SELECT NEW.owner, NEW.charge WHERE NEW.content IS NOT NULL
        ON CONFLICT (owner) DO UPDATE SET bytes = bytes + excluded.bytes;
    DELETE FROM file_use WHERE owner = OLD.owner AND bytes = 0;
END;
