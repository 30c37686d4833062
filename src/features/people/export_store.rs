//! What the feature holds of a person, as the export reads it.

use crate::features::export::{Kept, Keys};

pub(crate) const EXPORT: &[Kept] = &[
    Kept {
        name: "friend",
        keys: Keys::One,
        sql: "SELECT f.friend, json_object('account', f.friend, 'handle', a.handle, 'since_ms', f.since_ms,
                'remark', f.remark, 'tags', json(f.tags), 'starred', json(iif(f.starred, 'true', 'false')))
            FROM friends f JOIN accounts a ON a.id = f.friend
            WHERE f.account = $1 AND f.friend > $2 ORDER BY f.friend LIMIT $3",
    },
    Kept {
        name: "friend_request_sent",
        keys: Keys::One,
        sql:
            "SELECT r.recipient, json_object('account', r.recipient, 'handle', a.handle, 'message', r.message,
                'at_ms', r.at_ms, 'expires_ms', r.expires_ms)
            FROM friend_requests r JOIN accounts a ON a.id = r.recipient
            WHERE r.sender = $1 AND r.refused = 0 AND r.recipient > $2 ORDER BY r.recipient LIMIT $3",
    },
    Kept {
        name: "friend_request_received",
        keys: Keys::One,
        sql: "SELECT r.sender, json_object('account', r.sender, 'handle', a.handle, 'message', r.message,
                'at_ms', r.at_ms, 'expires_ms', r.expires_ms, 'refused', json(iif(r.refused, 'true', 'false')))
            FROM friend_requests r JOIN accounts a ON a.id = r.sender
            WHERE r.recipient = $1 AND r.refused < 2 AND r.sender > $2 ORDER BY r.sender LIMIT $3",
    },
    Kept {
        name: "blocked",
        keys: Keys::One,
        sql: "SELECT b.blocked, json_object('account', b.blocked, 'handle', a.handle, 'at_ms', b.at_ms)
            FROM blocks b JOIN accounts a ON a.id = b.blocked
            WHERE b.account = $1 AND b.blocked > $2 ORDER BY b.blocked LIMIT $3",
    },
    Kept {
        name: "add_link",
        keys: Keys::One,
        sql: "SELECT account, json_object('code', code, 'made_ms', made_ms) FROM add_links
            WHERE account = $1 AND account > $2 LIMIT $3",
    },
    Kept {
        name: "recommendation_dismissed",
        keys: Keys::One,
        sql: "SELECT d.other, json_object('account', d.other, 'handle', a.handle, 'at_ms', d.at_ms)
            FROM recommend_dismissed d JOIN accounts a ON a.id = d.other
            WHERE d.account = $1 AND d.other > $2 ORDER BY d.other LIMIT $3",
    },
    Kept {
        name: "strangers",
        keys: Keys::One,
        sql: "SELECT account, json_object('day', day, 'count', count) FROM strangers
            WHERE account = $1 AND account > $2 LIMIT $3",
    },
];
