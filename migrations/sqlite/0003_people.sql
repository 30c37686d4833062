-- people: friendships, one row for each side. tags is a JSON list of texts.
CREATE TABLE friends (
    account  INTEGER NOT NULL,
    friend   INTEGER NOT NULL,
    since_ms INTEGER NOT NULL,
    remark   TEXT    NOT NULL DEFAULT '',
    tags     TEXT    NOT NULL DEFAULT '[]',
    starred  INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (account, friend)
);

-- people: friend requests until they are answered or expire. One that was refused stays until then, so that it
-- is not made again.
CREATE TABLE friend_requests (
    sender     INTEGER NOT NULL,
    recipient  INTEGER NOT NULL,
    message    TEXT    NOT NULL,
    refused    INTEGER NOT NULL DEFAULT 0,
    at_ms      INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL,
    PRIMARY KEY (sender, recipient)
);
CREATE INDEX friend_requests_by_recipient ON friend_requests (recipient, sender);
CREATE INDEX friend_requests_by_end ON friend_requests (expires_ms);

-- people: who blocks whom
CREATE TABLE blocks (
    account INTEGER NOT NULL,
    blocked INTEGER NOT NULL,
    at_ms   INTEGER NOT NULL,
    PRIMARY KEY (account, blocked)
);
CREATE INDEX blocks_by_blocked ON blocks (blocked, account);

-- people: how many strangers an account turned to on one day (days since 1970 UTC)
CREATE TABLE strangers (
    account INTEGER NOT NULL PRIMARY KEY,
    day     INTEGER NOT NULL,
    count   INTEGER NOT NULL
);
