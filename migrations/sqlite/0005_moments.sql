-- moments: one row each. open is 1 where others than the author may see it: not deleted, and not for the author
-- alone. A deleted one leaves its numbers, so that a late retry does not bring it back; that of an account that is
-- gone belongs to account 0 and has no client_id.
CREATE TABLE moments (
    id         INTEGER NOT NULL PRIMARY KEY,
    author     INTEGER NOT NULL,
    client_id  BLOB,
    hash       BLOB,
    at_ms      INTEGER NOT NULL,
    visibility INTEGER NOT NULL,
    open       INTEGER NOT NULL,
    gone       INTEGER NOT NULL DEFAULT 0,
    text       TEXT    NOT NULL,
    UNIQUE (author, client_id)
);
CREATE INDEX moments_by_author ON moments (author, id);
CREATE INDEX moments_open ON moments (author, id, visibility) WHERE open = 1;

-- moments: the chosen, or the excepted, friends of a moment
CREATE TABLE moment_people (
    moment  INTEGER NOT NULL,
    account INTEGER NOT NULL,
    PRIMARY KEY (moment, account)
);
CREATE INDEX moment_people_by_account ON moment_people (account, moment);

-- moments: whose moments an account keeps out of its feed
CREATE TABLE moment_hidden (
    account INTEGER NOT NULL,
    author  INTEGER NOT NULL,
    PRIMARY KEY (account, author)
);
CREATE INDEX moment_hidden_by_author ON moment_hidden (author, account);

-- moments: up to which moment an account has seen its feed
CREATE TABLE moment_seen (
    account INTEGER NOT NULL PRIMARY KEY,
    moment  INTEGER NOT NULL
);

-- moments: likes
CREATE TABLE moment_likes (
    moment  INTEGER NOT NULL,
    account INTEGER NOT NULL,
    at_ms   INTEGER NOT NULL,
    PRIMARY KEY (moment, account)
);
CREATE INDEX moment_likes_by_account ON moment_likes (account, moment);

-- moments: comments. reply_to is the comment that is answered, reply_account whose it is, 0 when they
-- are gone. A deleted one leaves its numbers, as a moment does.
CREATE TABLE moment_comments (
    id            INTEGER NOT NULL PRIMARY KEY,
    moment        INTEGER NOT NULL,
    account       INTEGER NOT NULL,
    client_id     BLOB,
    hash          BLOB,
    at_ms         INTEGER NOT NULL,
    reply_to      INTEGER,
    reply_account INTEGER,
    gone          INTEGER NOT NULL DEFAULT 0,
    text          TEXT    NOT NULL,
    UNIQUE (account, client_id)
);
CREATE INDEX moment_comments_by_moment ON moment_comments (moment, id) WHERE gone = 0;
CREATE INDEX moment_comments_by_answered ON moment_comments (reply_account) WHERE reply_account IS NOT NULL;
CREATE INDEX moment_comments_by_account ON moment_comments (account, id);

-- moments: what an account is told of likes and comments, as its account log has it. item is who liked, or the
-- comment.
CREATE TABLE moment_notices (
    moment  INTEGER NOT NULL,
    account INTEGER NOT NULL,
    kind    INTEGER NOT NULL,
    item    INTEGER NOT NULL,
    actor   INTEGER NOT NULL,
    at_ms   INTEGER NOT NULL,
    PRIMARY KEY (moment, account, kind, item)
);
CREATE INDEX moment_notices_by_account ON moment_notices (account, at_ms);
CREATE INDEX moment_notices_by_actor ON moment_notices (actor, account);
