//! What the feature holds of a person, as the export reads it.

use crate::features::export::{Kept, Keys};

pub(crate) const EXPORT: &[Kept] = &[
    Kept {
        name: "account",
        keys: Keys::One,
        sql: "SELECT id, json_object('account', id, 'handle', handle, 'display_name', display_name,
                'signature', signature, 'locale', locale, 'sex', nullif(sex, ''), 'birthday', nullif(birthday, ''),
                'show_personal', json(iif(show_personal, 'true', 'false')),
                'read_receipts', json(iif(read_receipts, 'true', 'false')),
                'presence', json(iif(presence, 'true', 'false')), 'typing', json(iif(typing, 'true', 'false')),
                'findable', json(iif(findable, 'true', 'false')), 'read_to', read_receipts, 'presence_to', presence,
                'moments_to', moments_to, 'message_from', message_from, 'add_from', add_from,
                'groups_from', groups_from, 'email_from', email_from, 'operator', json(iif(operator, 'true', 'false')),
                'created_ms', created_ms, 'last_seen_ms', last_seen_ms)
            FROM accounts WHERE id = $1 AND id > $2 LIMIT $3",
    },
    Kept {
        name: "session",
        keys: Keys::One,
        sql: "SELECT id, json_object('session', id, 'label', label, 'kind', kind, 'scopes', scopes,
                'created_ms', created_ms, 'last_used_ms', last_used_ms, 'ended_ms', ended_ms)
            FROM sessions WHERE account = $1 AND id > $2 ORDER BY id LIMIT $3",
    },
    Kept {
        name: "invite",
        keys: Keys::One,
        sql: "SELECT rowid, json_object('uses', uses_left, 'expires_ms', expires_ms,
                'operator', json(iif(operator, 'true', 'false')))
            FROM invites WHERE created_by = $1 AND rowid > $2 ORDER BY rowid LIMIT $3",
    },
];
