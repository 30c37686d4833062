//! What the feature holds of a person, as the export reads it.

use crate::features::export::Kept;

pub(crate) const EXPORT: &[Kept] = &[Kept {
    name: "email",
    sql: "SELECT account, json_object('email', address, 'verified_ms', verified_ms) FROM emails
        WHERE account = $1 AND account > $2 LIMIT $3",
}];
