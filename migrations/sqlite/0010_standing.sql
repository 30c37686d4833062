-- conversations: why a member who is in may not write: 0 nothing, 1 not_accepting, 2 you_blocked. In a one-to-one both
-- sides have it while one of them blocks the other.
ALTER TABLE members ADD COLUMN refused INTEGER NOT NULL DEFAULT 0;

UPDATE members SET refused = 1 WHERE EXISTS (SELECT 1 FROM conversations c JOIN blocks b
    ON b.blocked = members.account AND b.account = CASE WHEN c.low = members.account THEN c.high ELSE c.low END
    WHERE c.id = members.conversation AND c.low <> c.high);
UPDATE members SET refused = 2 WHERE EXISTS (SELECT 1 FROM conversations c JOIN blocks b
    ON b.account = members.account AND b.blocked = CASE WHEN c.low = members.account THEN c.high ELSE c.low END
    WHERE c.id = members.conversation AND c.low <> c.high);
