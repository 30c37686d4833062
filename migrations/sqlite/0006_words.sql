-- words: each person's own words. A deleted one leaves its id and hash, so that a late retry does not bring it back.
CREATE TABLE own_words (
    account    INTEGER NOT NULL,
    id         BLOB    NOT NULL,
    hash       BLOB    NOT NULL,
    word       TEXT    NOT NULL,
    reading    TEXT    NOT NULL,
    meaning    TEXT    NOT NULL,
    example    TEXT    NOT NULL,
    note       TEXT    NOT NULL,
    created_ms INTEGER NOT NULL,
    changed_ms INTEGER NOT NULL,
    deleted_ms INTEGER,
    PRIMARY KEY (account, id)
);
CREATE INDEX own_words_by_word ON own_words (account, word);

-- What an own word is found by.
CREATE TABLE own_word_terms (
    account INTEGER NOT NULL,
    term    TEXT    NOT NULL,
    id      BLOB    NOT NULL,
    PRIMARY KEY (account, term, id)
);
CREATE INDEX own_word_terms_by_id ON own_word_terms (account, id);
