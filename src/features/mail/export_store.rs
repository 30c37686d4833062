//! What the feature holds of a person, as the export reads it.

use crate::features::export::{Kept, Keys};

pub(crate) const EXPORT: &[Kept] = &[
    Kept {
        name: "email",
        keys: Keys::One,
        sql: "SELECT account, json_object('email', address, 'verified_ms', verified_ms) FROM emails
            WHERE account = $1 AND account > $2 LIMIT $3",
    },
    Kept {
        name: "email_change",
        keys: Keys::One,
        sql: "SELECT rowid, json_object('email', address, 'purpose', purpose, 'tries_left', tries_left,
                'expires_ms', expires_ms)
            FROM mail_codes WHERE account = $1 AND account <> 0 AND rowid > $2 ORDER BY rowid LIMIT $3",
    },
];
