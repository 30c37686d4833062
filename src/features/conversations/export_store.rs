//! What the feature holds of a person's side of their conversations, as the export reads it.

use crate::features::export::{Kept, Keys};

pub(crate) const EXPORT: &[Kept] = &[CONVERSATION, HIDDEN, INVITATION, INVITATION_MADE, REFUSAL];

const INVITATION: Kept = Kept {
    name: "group_invitation",
    keys: Keys::One,
    sql: "SELECT i.conversation, json_object('conversation', i.conversation, 'name', c.name, 'by', a.handle, 'by_id', i.by_account,
            'at_ms', i.at_ms, 'expires_ms', i.expires_ms)
        FROM group_invitations i JOIN conversations c ON c.id = i.conversation
        JOIN accounts a ON a.id = i.by_account
        WHERE i.account = $1 AND i.conversation > $2 ORDER BY i.conversation LIMIT $3",
};

const INVITATION_MADE: Kept = Kept {
    name: "group_invitation_made",
    keys: Keys::One,
    sql:
        "SELECT i.rowid, json_object('conversation', i.conversation, 'account', i.account, 'handle', a.handle,
            'at_ms', i.at_ms, 'expires_ms', i.expires_ms)
        FROM group_invitations i JOIN accounts a ON a.id = i.account
        WHERE i.by_account = $1 AND i.rowid > $2 ORDER BY i.rowid LIMIT $3",
};

/// What one refused; what others refused of one is theirs.
const REFUSAL: Kept = Kept {
    name: "group_invitation_refused",
    keys: Keys::Two,
    sql: "SELECT r.conversation, r.by_account, json_object('conversation', r.conversation, 'by', a.handle, 'by_id', r.by_account,
            'until_ms', r.until_ms)
        FROM group_refusals r JOIN accounts a ON a.id = r.by_account
        WHERE r.account = $1 AND (r.conversation, r.by_account) > ($2, $4)
        ORDER BY r.conversation, r.by_account LIMIT $3",
};

const CONVERSATION: Kept = Kept {
    name: "conversation",
    keys: Keys::One,
    sql: "SELECT c.id, json_object('conversation', c.id,
            'kind', CASE WHEN c.low IS NULL THEN 'group' WHEN c.low = c.high THEN 'saved' ELSE 'direct' END,
            'name', COALESCE(m.parted_name, c.name), 'with', o.handle,
            'made', json(iif(c.made_by = $1, 'true', 'false')), 'state', m.state, 'role', m.role,
            'nickname', m.nickname, 'joined', m.joined, 'parted_ms', m.parted_ms,
            'may_read', (SELECT json_group_array(json_object('from', x.from_seq, 'to', x.to_seq)) FROM access x
                WHERE x.conversation = m.conversation AND x.account = m.account),
            'read', m.read_marker, 'delivered', m.delivered, 'last_sent', m.last_sent,
            'marked_unread', json(iif(m.marked_unread, 'true', 'false')), 'cleared_to', m.cleared_event,
            'notify', m.notify, 'notify_until_ms', m.notify_until, 'muted_until_ms', m.muted_ms,
            'announcement_seen', m.announced, 'request', m.asked, 'draft', m.draft,
            'pinned', json(iif(m.pinned, 'true', 'false')))
        FROM members m JOIN conversations c ON c.id = m.conversation
        LEFT JOIN accounts o ON o.id = CASE WHEN c.low = $1 THEN c.high ELSE c.low END AND c.low <> c.high
        WHERE m.account = $1 AND m.conversation > $2 AND m.shown = 1 ORDER BY m.conversation LIMIT $3",
};

const HIDDEN: Kept = Kept {
    name: "hidden",
    keys: Keys::Two,
    sql: "SELECT conversation, event_seq, json_object('conversation', conversation, 'event_seq', event_seq)
        FROM hidden WHERE account = $1 AND (conversation, event_seq) > ($2, $4)
        ORDER BY conversation, event_seq LIMIT $3",
};
