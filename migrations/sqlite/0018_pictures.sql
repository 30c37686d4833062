-- files: what was seen of contents that are looked at when they are complete: pictures and voice recordings. state is 0
-- while one is to be looked at, 1 for a picture with previews, 2 for what is nothing of the kind, 3 for a recording. tries
-- counts how often somebody began to look at it. Previews are in the file storage, beside the chunks of their content.
CREATE TABLE pictures (
    content     INTEGER NOT NULL PRIMARY KEY,
    state       INTEGER NOT NULL DEFAULT 0,
    tries       INTEGER NOT NULL DEFAULT 0,
    width       INTEGER NOT NULL DEFAULT 0,
    height      INTEGER NOT NULL DEFAULT 0,
    blurhash    TEXT    NOT NULL DEFAULT '',
    location    INTEGER NOT NULL DEFAULT 0,
    duration_ms INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX pictures_waiting ON pictures (tries, content) WHERE state = 0;
INSERT INTO pictures (content) SELECT id FROM contents WHERE complete = 1
    AND (size <= 33554432 AND media_type IN ('image/png', 'image/jpeg', 'image/webp', 'image/gif')
        OR size <= 4194304 AND media_type = 'audio/opus');

-- files: the faces of accounts (kind 1) and groups (kind 2). version goes up with each change, also when the face goes.
CREATE TABLE avatars (
    kind    INTEGER NOT NULL,
    id      INTEGER NOT NULL,
    version INTEGER NOT NULL,
    shown   INTEGER NOT NULL,
    PRIMARY KEY (kind, id)
);

-- files: the JPEGs of the faces, by the side in pixels
CREATE TABLE avatar_pictures (
    kind  INTEGER NOT NULL,
    id    INTEGER NOT NULL,
    size  INTEGER NOT NULL,
    bytes BLOB    NOT NULL,
    PRIMARY KEY (kind, id, size)
);

-- moments: the pictures of a moment, in order, with what they show
CREATE TABLE moment_pictures (
    moment INTEGER NOT NULL,
    place  INTEGER NOT NULL,
    file   INTEGER NOT NULL,
    alt    TEXT    NOT NULL,
    PRIMARY KEY (moment, place)
);
CREATE INDEX moment_pictures_by_file ON moment_pictures (file, moment);
