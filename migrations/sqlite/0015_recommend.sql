-- people: whom an account does not want to be recommended any more
CREATE TABLE recommend_dismissed (
    account INTEGER NOT NULL,
    other   INTEGER NOT NULL,
    at_ms   INTEGER NOT NULL,
    PRIMARY KEY (account, other)
);
CREATE INDEX recommend_dismissed_by_other ON recommend_dismissed (other);

-- people: how many friends an account has
ALTER TABLE accounts ADD COLUMN friend_count INTEGER NOT NULL DEFAULT 0;
UPDATE accounts SET friend_count = (SELECT COUNT(*) FROM friends f WHERE f.account = accounts.id);
