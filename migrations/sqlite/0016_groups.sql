-- groups: what a group is beside its conversation; one without a row has the defaults. joining: 1 members bring new
-- ones in, 2 on request, 3 everybody. announcement is the event that holds the current one, 0 for none. Each may_
-- is the weakest role that may: 1 owner, 2 administrator, 3 member.
CREATE TABLE groups (
    conversation  INTEGER NOT NULL PRIMARY KEY,
    description   TEXT    NOT NULL DEFAULT '',
    joining       INTEGER NOT NULL DEFAULT 1,
    discoverable  INTEGER NOT NULL DEFAULT 0,
    slow_ms       INTEGER NOT NULL DEFAULT 0,
    announcement  INTEGER NOT NULL DEFAULT 0,
    may_write     INTEGER NOT NULL DEFAULT 3,
    may_invite    INTEGER NOT NULL DEFAULT 3,
    may_pin       INTEGER NOT NULL DEFAULT 2,
    may_announce  INTEGER NOT NULL DEFAULT 2,
    may_remove    INTEGER NOT NULL DEFAULT 2,
    may_upload    INTEGER NOT NULL DEFAULT 3,
    may_everybody INTEGER NOT NULL DEFAULT 3,
    may_start     INTEGER NOT NULL DEFAULT 3,
    dissolved_ms  INTEGER
);

-- conversations: a member's name in the group, until when they are muted, when they last wrote where the group is
-- slow, and up to which announcement they have seen.
ALTER TABLE members ADD COLUMN nickname   TEXT    NOT NULL DEFAULT '';
ALTER TABLE members ADD COLUMN muted_ms   INTEGER NOT NULL DEFAULT 0;
ALTER TABLE members ADD COLUMN slow_at_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE members ADD COLUMN announced  INTEGER NOT NULL DEFAULT 0;
CREATE INDEX members_staff ON members (conversation, role, account) WHERE role < 3;
CREATE INDEX members_banned ON members (conversation, account) WHERE state = 5;
CREATE INDEX members_announced ON members (conversation, announced, account) WHERE announced > 0;

-- writer: announcements of a group, the log is their history
CREATE INDEX events_announcements ON events (conversation, event_seq) WHERE kind = 71;

-- groups: what a group that can be found is found by
CREATE TABLE group_terms (
    term         TEXT    NOT NULL,
    conversation INTEGER NOT NULL,
    PRIMARY KEY (term, conversation)
) WITHOUT ROWID;
CREATE INDEX group_terms_by_group ON group_terms (conversation, term);

-- groups: links that let people in. link is what administrators know one by; the code itself is not kept.
CREATE TABLE group_links (
    code_hash    BLOB    NOT NULL PRIMARY KEY,
    conversation INTEGER NOT NULL,
    link         INTEGER NOT NULL,
    made_by      INTEGER NOT NULL,
    made_ms      INTEGER NOT NULL,
    uses_left    INTEGER NOT NULL,
    expires_ms   INTEGER NOT NULL,
    UNIQUE (conversation, link)
);

-- groups: who asks to join. One that was refused stays until it would have expired, so that it is not made again.
CREATE TABLE group_requests (
    conversation INTEGER NOT NULL,
    account      INTEGER NOT NULL,
    message      TEXT    NOT NULL,
    refused      INTEGER NOT NULL DEFAULT 0,
    at_ms        INTEGER NOT NULL,
    expires_ms   INTEGER NOT NULL,
    PRIMARY KEY (conversation, account)
);
CREATE INDEX group_requests_by_account ON group_requests (account, conversation);
CREATE INDEX group_requests_by_end ON group_requests (conversation, expires_ms);

-- groups: pinned messages
CREATE TABLE group_pins (
    conversation INTEGER NOT NULL,
    event_seq    INTEGER NOT NULL,
    pinned_by    INTEGER NOT NULL,
    pinned_ms    INTEGER NOT NULL,
    PRIMARY KEY (conversation, event_seq)
);

-- groups: what those who look after a group did. id counts from 1 in each group; value belongs to the action.
CREATE TABLE group_audit (
    conversation INTEGER NOT NULL,
    id           INTEGER NOT NULL,
    at_ms        INTEGER NOT NULL,
    actor        INTEGER NOT NULL,
    action       INTEGER NOT NULL,
    account      INTEGER,
    event_seq    INTEGER,
    value        INTEGER,
    PRIMARY KEY (conversation, id)
);
CREATE INDEX group_audit_by_actor ON group_audit (actor);
CREATE INDEX group_audit_by_account ON group_audit (account) WHERE account IS NOT NULL;

-- groups: what people told the operators. Exactly one of event_seq with conversation, conversation alone, account
-- and moment says what it is about; closed_ms when an operator has dealt with it.
CREATE TABLE reports (
    id           INTEGER NOT NULL PRIMARY KEY,
    reporter     INTEGER NOT NULL,
    conversation INTEGER,
    event_seq    INTEGER,
    account      INTEGER,
    moment       INTEGER,
    text         TEXT    NOT NULL,
    at_ms        INTEGER NOT NULL,
    closed_ms    INTEGER
);
CREATE INDEX reports_open ON reports (id) WHERE closed_ms IS NULL;
CREATE INDEX reports_by_reporter ON reports (reporter, at_ms);
