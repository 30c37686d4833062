//! What the feature holds of a person, as the export reads it: requests to join, what they reported, and what they did for
//! groups.

use crate::features::export::{Kept, Keys};

pub(crate) const EXPORT: &[Kept] = &[
    Kept {
        name: "join_request",
        keys: Keys::One,
        sql: "SELECT conversation, json_object('conversation', conversation, 'message', message, 'at_ms', at_ms,
                'expires_ms', expires_ms) FROM group_requests
            WHERE account = $1 AND conversation > $2 AND refused = 0 ORDER BY conversation LIMIT $3",
    },
    Kept {
        name: "report",
        keys: Keys::Two,
        sql: "SELECT at_ms, id, json_object('conversation', conversation, 'event_seq', event_seq, 'account', account,
                'moment', moment, 'text', text, 'at_ms', at_ms) FROM reports
            WHERE reporter = $1 AND (at_ms, id) > ($2, $4) ORDER BY at_ms, id LIMIT $3",
    },
    Kept {
        name: "group_link",
        keys: Keys::Two,
        sql: "SELECT l.conversation, l.link, json_object('conversation', l.conversation, 'link', l.link,
                'made_ms', l.made_ms, 'uses_left', l.uses_left, 'expires_ms', l.expires_ms)
            FROM members m JOIN group_links l ON l.conversation = m.conversation AND l.made_by = m.account
            WHERE m.account = $1 AND m.conversation >= $2 AND (l.conversation, l.link) > ($2, $4)
            ORDER BY m.conversation, l.link LIMIT $3",
    },
    Kept {
        name: "group_pin",
        keys: Keys::Two,
        sql: "SELECT p.conversation, p.event_seq, json_object('conversation', p.conversation,
                'event_seq', p.event_seq, 'pinned_ms', p.pinned_ms)
            FROM members m JOIN group_pins p ON p.conversation = m.conversation AND p.pinned_by = m.account
            WHERE m.account = $1 AND m.conversation >= $2 AND (p.conversation, p.event_seq) > ($2, $4)
            ORDER BY m.conversation, p.event_seq LIMIT $3",
    },
    Kept {
        name: "group_act",
        keys: Keys::One,
        sql: "SELECT rowid, json_object('conversation', conversation, 'at_ms', at_ms, 'action', action,
                'account', account, 'event_seq', event_seq, 'value', value)
            FROM group_audit WHERE actor = $1 AND rowid > $2 ORDER BY rowid LIMIT $3",
    },
];
