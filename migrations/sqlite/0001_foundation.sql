-- Accounts, conversations and their logs. Times are server milliseconds since 1970 UTC.
-- Ids are allocated by the writer. A table belongs to one feature; the comment names it.

-- writer: facts of this server as a whole
CREATE TABLE meta (
    key   TEXT NOT NULL PRIMARY KEY,
    value BLOB NOT NULL
);

-- account
CREATE TABLE accounts (
    id            INTEGER NOT NULL PRIMARY KEY,
    handle        TEXT    NOT NULL,
    name_key      TEXT    NOT NULL UNIQUE,
    skeleton      TEXT    NOT NULL UNIQUE,
    password      TEXT    NOT NULL,
    operator      INTEGER NOT NULL DEFAULT 0,
    display_name  TEXT    NOT NULL,
    signature     TEXT    NOT NULL DEFAULT '',
    locale        TEXT    NOT NULL DEFAULT 'en',
    sex           TEXT    NOT NULL DEFAULT '',
    birthday      TEXT    NOT NULL DEFAULT '',
    show_personal INTEGER NOT NULL DEFAULT 0,
    version       INTEGER NOT NULL DEFAULT 1,
    read_receipts INTEGER NOT NULL DEFAULT 1,
    presence      INTEGER NOT NULL DEFAULT 1,
    typing        INTEGER NOT NULL DEFAULT 1,
    created_ms    INTEGER NOT NULL,
    last_seen_ms  INTEGER NOT NULL DEFAULT 0,
    deleted_ms    INTEGER,
    log_version   INTEGER NOT NULL DEFAULT 0,
    log_floor     INTEGER NOT NULL DEFAULT 0
);

CREATE TABLE sessions (
    id              INTEGER NOT NULL PRIMARY KEY,
    account         INTEGER NOT NULL,
    token_hash      BLOB    NOT NULL UNIQUE,
    next_token_hash BLOB    UNIQUE,
    kind            INTEGER NOT NULL DEFAULT 1,
    scopes          INTEGER NOT NULL DEFAULT 0,
    label           TEXT    NOT NULL,
    created_ms      INTEGER NOT NULL,
    last_used_ms    INTEGER NOT NULL,
    ended_ms        INTEGER
);
CREATE INDEX sessions_by_account ON sessions (account, id);

CREATE TABLE invites (
    code_hash  BLOB    NOT NULL PRIMARY KEY,
    uses_left  INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL,
    created_by INTEGER NOT NULL,
    operator   INTEGER NOT NULL DEFAULT 0
);

-- writer: the account log, compacted by key; a value that is NULL says the key went
CREATE TABLE account_log (
    account INTEGER NOT NULL,
    key     TEXT    NOT NULL,
    version INTEGER NOT NULL,
    value   BLOB,
    at_ms   INTEGER NOT NULL,
    PRIMARY KEY (account, key)
);
CREATE UNIQUE INDEX account_log_by_version ON account_log (account, version);

-- conversations
CREATE TABLE conversations (
    id            INTEGER NOT NULL PRIMARY KEY,
    kind          INTEGER NOT NULL,
    name          TEXT    NOT NULL DEFAULT '',
    owner         INTEGER NOT NULL DEFAULT 0,
    low           INTEGER,
    high          INTEGER,
    made_by       INTEGER NOT NULL,
    made_id       BLOB,
    made_hash     BLOB,
    open_history  INTEGER NOT NULL DEFAULT 0,
    members       INTEGER NOT NULL DEFAULT 0,
    retained_from INTEGER NOT NULL DEFAULT 0,
    created_ms    INTEGER NOT NULL,
    last_at_ms    INTEGER NOT NULL,
    UNIQUE (low, high),
    UNIQUE (made_by, made_id)
);

-- read_marker, last_sent, joined and deleted_to are message sequences; delivered and cleared_event are event
-- sequences. shown is 0 for the other person of a one-to-one until the first message. The parted columns hold what
-- a former member still sees of the group: when they went, its name and its size then.
CREATE TABLE members (
    conversation  INTEGER NOT NULL,
    account       INTEGER NOT NULL,
    state         INTEGER NOT NULL,
    role          INTEGER NOT NULL,
    shown         INTEGER NOT NULL DEFAULT 1,
    joined        INTEGER NOT NULL DEFAULT 0,
    read_marker   INTEGER NOT NULL DEFAULT 0,
    delivered     INTEGER NOT NULL DEFAULT 0,
    last_sent     INTEGER NOT NULL DEFAULT 0,
    marked_unread INTEGER NOT NULL DEFAULT 0,
    deleted_to    INTEGER NOT NULL DEFAULT 0,
    cleared_event INTEGER NOT NULL DEFAULT 0,
    notify        INTEGER NOT NULL DEFAULT 1,
    notify_until  INTEGER,
    pinned        INTEGER NOT NULL DEFAULT 0,
    draft         TEXT    NOT NULL DEFAULT '',
    parted_ms      INTEGER,
    parted_name    TEXT,
    parted_members INTEGER,
    PRIMARY KEY (conversation, account)
);
CREATE INDEX members_by_account ON members (account, conversation);

-- What a member may read: event sequences from..to, to is NULL while the range is open.
CREATE TABLE access (
    conversation INTEGER NOT NULL,
    account      INTEGER NOT NULL,
    from_seq     INTEGER NOT NULL,
    to_seq       INTEGER,
    PRIMARY KEY (conversation, account, from_seq)
);
CREATE INDEX access_by_account ON access (account, conversation);

-- What a member deleted for themselves.
CREATE TABLE hidden (
    account      INTEGER NOT NULL,
    conversation INTEGER NOT NULL,
    event_seq    INTEGER NOT NULL,
    PRIMARY KEY (account, conversation, event_seq)
);

-- writer: the log. Rows append; message_seq counts the messages up to and with this event; frame holds the
-- bytes that are sent. id and hash are NULL for system events.
CREATE TABLE events (
    pos          INTEGER NOT NULL PRIMARY KEY,
    conversation INTEGER NOT NULL,
    event_seq    INTEGER NOT NULL,
    message_seq  INTEGER NOT NULL,
    at_ms        INTEGER NOT NULL,
    sender       INTEGER NOT NULL,
    kind         INTEGER NOT NULL,
    target_seq   INTEGER,
    id           BLOB,
    hash         BLOB,
    gone         INTEGER NOT NULL DEFAULT 0,
    frame        BLOB    NOT NULL
);
CREATE UNIQUE INDEX events_by_seq ON events (conversation, event_seq);
CREATE UNIQUE INDEX events_by_id ON events (id, sender) WHERE id IS NOT NULL;
CREATE INDEX events_edits ON events (conversation, target_seq) WHERE kind = 32;

-- chat
CREATE TABLE reactions (
    conversation INTEGER NOT NULL,
    target_seq   INTEGER NOT NULL,
    account      INTEGER NOT NULL,
    emoji        TEXT    NOT NULL,
    PRIMARY KEY (conversation, target_seq, account, emoji)
);

-- One row per mentioned person and message; account 0 is everybody.
CREATE TABLE mentions (
    conversation INTEGER NOT NULL,
    account      INTEGER NOT NULL,
    message_seq  INTEGER NOT NULL,
    PRIMARY KEY (conversation, account, message_seq)
);
