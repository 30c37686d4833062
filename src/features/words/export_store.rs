//! What the feature holds of a person, as the export reads it.

use crate::features::export::{Kept, Keys};

pub(crate) const EXPORT: &[Kept] = &[Kept {
    name: "word",
    keys: Keys::One,
    sql: "SELECT rowid, json_object('word', word, 'reading', reading, 'meaning', meaning, 'example', example,
            'note', note, 'created_ms', created_ms, 'changed_ms', changed_ms)
        FROM own_words WHERE account = $1 AND rowid > $2 AND deleted_ms IS NULL ORDER BY rowid LIMIT $3",
}];
