-- account: invites are counted by who made them, and go when they have ended or are used up
DELETE FROM invites WHERE uses_left < 1;
CREATE INDEX invites_ending ON invites (expires_ms);
CREATE INDEX invites_of ON invites (created_by);
