-- people: what a person is found by: the name from each place on, in small letters, and how Chinese in it is read.
CREATE TABLE people_terms (
    term    TEXT    NOT NULL,
    account INTEGER NOT NULL,
    PRIMARY KEY (term, account)
) WITHOUT ROWID;
CREATE INDEX people_terms_by_account ON people_terms (account, term);

-- account: whether strangers find the person by name
ALTER TABLE accounts ADD COLUMN findable INTEGER NOT NULL DEFAULT 1;
