//! What the feature holds of a person beside what they said, as the export reads it.

use crate::features::export::{Kept, Keys};

pub(crate) const EXPORT: &[Kept] = &[Kept {
    name: "reactions",
    keys: Keys::Two,
    sql: "SELECT conversation, target_seq, json_object('conversation', conversation, 'event_seq', target_seq,
            'emoji', json_group_array(emoji))
        FROM reactions WHERE account = $1 AND (conversation, target_seq) > ($2, $4)
        GROUP BY conversation, target_seq ORDER BY conversation, target_seq LIMIT $3",
}];
