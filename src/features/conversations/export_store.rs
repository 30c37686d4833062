//! What the feature holds of a person's side of their conversations, as the export reads it.

use crate::features::export::Kept;

pub(crate) const EXPORT: &[Kept] = &[CONVERSATION, INVITATION];

const INVITATION: Kept = Kept {
    name: "group_invitation",
    sql: "SELECT i.conversation, json_object('conversation', i.conversation, 'name', c.name, 'by', a.handle,
            'at_ms', i.at_ms, 'expires_ms', i.expires_ms)
        FROM group_invitations i JOIN conversations c ON c.id = i.conversation
        JOIN accounts a ON a.id = i.by_account
        WHERE i.account = $1 AND i.conversation > $2 ORDER BY i.conversation LIMIT $3",
};

const CONVERSATION: Kept = Kept {
    name: "conversation",
    sql: "SELECT c.id, json_object('conversation', c.id,
            'kind', CASE WHEN c.low IS NULL THEN 'group' WHEN c.low = c.high THEN 'saved' ELSE 'direct' END,
            'name', COALESCE(m.parted_name, c.name), 'with', o.handle, 'state', m.state, 'role', m.role,
            'read', m.read_marker, 'draft', m.draft, 'pinned', json(iif(m.pinned, 'true', 'false')))
        FROM members m JOIN conversations c ON c.id = m.conversation
        LEFT JOIN accounts o ON o.id = CASE WHEN c.low = $1 THEN c.high ELSE c.low END AND c.low <> c.high
        WHERE m.account = $1 AND m.conversation > $2 AND m.shown = 1 ORDER BY m.conversation LIMIT $3",
};
