-- chat: the reactions of one account, conversation by conversation
CREATE INDEX reactions_by_account ON reactions (account, conversation, target_seq);

-- files: what one account put into groups
CREATE INDEX group_files_by_adder ON group_files (added_by);

-- writer: the names that one account gave itself in groups
CREATE INDEX events_nicknames ON events (sender, conversation, event_seq) WHERE kind = 76;

-- conversations: whose invitation into what was refused. Until then the same inviter does not ask again.
CREATE TABLE group_refusals (
    account      INTEGER NOT NULL,
    conversation INTEGER NOT NULL,
    by_account   INTEGER NOT NULL,
    until_ms     INTEGER NOT NULL,
    PRIMARY KEY (account, conversation, by_account)
);
CREATE INDEX group_refusals_by_inviter ON group_refusals (by_account);
CREATE INDEX group_refusals_by_end ON group_refusals (until_ms);

-- people, groups: how often the other side was told of a request in the day that began at told_ms. refused may also be 2:
-- the request was withdrawn, and is remembered until that day is over.
ALTER TABLE friend_requests ADD COLUMN told INTEGER NOT NULL DEFAULT 1;
ALTER TABLE friend_requests ADD COLUMN told_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE group_requests ADD COLUMN told INTEGER NOT NULL DEFAULT 1;
ALTER TABLE group_requests ADD COLUMN told_ms INTEGER NOT NULL DEFAULT 0;

-- words: deleted ones, the newest of which are remembered
CREATE INDEX own_words_deleted ON own_words (account, deleted_ms) WHERE deleted_ms IS NOT NULL;
