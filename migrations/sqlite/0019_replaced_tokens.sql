-- account: tokens that a newer one of the same session has replaced. One that comes back ends the session.
CREATE TABLE replaced_tokens (
    token_hash BLOB    NOT NULL PRIMARY KEY,
    session    INTEGER NOT NULL,
    at_ms      INTEGER NOT NULL
);
CREATE INDEX replaced_tokens_by_session ON replaced_tokens (session);
