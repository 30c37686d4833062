//! What the feature holds of a person, as the export reads it: requests to join, and what they reported.

use crate::features::export::Kept;

pub(crate) const EXPORT: &[Kept] = &[
    Kept {
        name: "join_request",
        sql: "SELECT conversation, json_object('conversation', conversation, 'message', message, 'at_ms', at_ms,
                'expires_ms', expires_ms) FROM group_requests
            WHERE account = $1 AND conversation > $2 AND refused = 0 ORDER BY conversation LIMIT $3",
    },
    Kept {
        name: "report",
        sql: "SELECT id, json_object('conversation', conversation, 'event_seq', event_seq, 'account', account,
                'moment', moment, 'text', text, 'at_ms', at_ms) FROM reports
            WHERE reporter = $1 AND id > $2 ORDER BY id LIMIT $3",
    },
];
