-- account: whom the person lets, as read_receipts and presence: 0 nobody, 1 everybody, 2 friends. groups_from is NULL
-- while the person has not chosen: then what the server's configuration says holds.
ALTER TABLE accounts ADD COLUMN message_from INTEGER NOT NULL DEFAULT 1;
ALTER TABLE accounts ADD COLUMN add_from INTEGER NOT NULL DEFAULT 1;
ALTER TABLE accounts ADD COLUMN groups_from INTEGER;
ALTER TABLE accounts ADD COLUMN moments_to INTEGER NOT NULL DEFAULT 1;
ALTER TABLE accounts ADD COLUMN email_from INTEGER NOT NULL DEFAULT 0;

-- conversations: the first message of a stranger is a request: 1 the member is asked, 2 the member asks, 3 the member
-- turned the other away; 0 otherwise.
ALTER TABLE members ADD COLUMN asked INTEGER NOT NULL DEFAULT 0;

-- conversations: whom somebody wants in a group and who has to be asked first
CREATE TABLE group_invitations (
    account      INTEGER NOT NULL,
    conversation INTEGER NOT NULL,
    by_account   INTEGER NOT NULL,
    at_ms        INTEGER NOT NULL,
    expires_ms   INTEGER NOT NULL,
    PRIMARY KEY (account, conversation)
);
CREATE INDEX group_invitations_by_inviter ON group_invitations (by_account);
CREATE INDEX group_invitations_by_end ON group_invitations (expires_ms);

-- people: the code of an account's add-me address; gone when it is revoked
CREATE TABLE add_links (
    account INTEGER NOT NULL PRIMARY KEY,
    code    TEXT    NOT NULL UNIQUE,
    made_ms INTEGER NOT NULL
);
