-- mail: the confirmed e-mail addresses of accounts. key is the address in small letters.
CREATE TABLE emails (
    account     INTEGER NOT NULL PRIMARY KEY,
    address     TEXT    NOT NULL,
    key         TEXT    NOT NULL UNIQUE,
    verified_ms INTEGER NOT NULL,
    findable    INTEGER NOT NULL DEFAULT 0
);

-- mail: codes that were sent. A code follows from key, purpose, account and nonce by a key that is not in the
-- database, so neither the code nor anything it can be guessed from stands here. account is 0 for guests' codes.
CREATE TABLE mail_codes (
    key        TEXT    NOT NULL,
    purpose    INTEGER NOT NULL,
    account    INTEGER NOT NULL,
    address    TEXT    NOT NULL,
    nonce      BLOB    NOT NULL,
    tries_left INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL,
    PRIMARY KEY (key, purpose, account)
);
CREATE INDEX mail_codes_by_account ON mail_codes (account, purpose) WHERE account <> 0;
CREATE INDEX mail_codes_by_end ON mail_codes (expires_ms);

-- mail: what waits to be sent. Texts are made when it is sent; nonce makes the code.
CREATE TABLE mail_queue (
    id         INTEGER NOT NULL PRIMARY KEY,
    address    TEXT    NOT NULL,
    key        TEXT    NOT NULL,
    template   INTEGER NOT NULL,
    account    INTEGER NOT NULL,
    nonce      BLOB    NOT NULL,
    locale     TEXT    NOT NULL,
    tries      INTEGER NOT NULL DEFAULT 0,
    next_ms    INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL,
    UNIQUE (key, template, account)
);
CREATE INDEX mail_queue_by_time ON mail_queue (next_ms);

-- account: the hash of the code that recovers the account without a password; NULL when it was used
ALTER TABLE accounts ADD COLUMN recovery_hash BLOB;
