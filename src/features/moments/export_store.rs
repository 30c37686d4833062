//! What the feature holds of a person, as the export reads it.

use crate::features::export::{Kept, Keys};

pub(crate) const EXPORT: &[Kept] = &[
    Kept {
        name: "moment",
        keys: Keys::One,
        sql: "SELECT m.id, json_object('moment', m.id, 'at_ms', m.at_ms, 'text', m.text,
                'visibility', m.visibility, 'people', (SELECT json_group_array(p.account) FROM moment_people p
                    WHERE p.moment = m.id), 'pictures', (SELECT json_group_array(json_object('file', i.file,
                    'alt', i.alt)) FROM (SELECT file, alt FROM moment_pictures
                    WHERE moment = m.id ORDER BY place) i))
            FROM moments m WHERE m.author = $1 AND m.id > $2 AND m.gone = 0 ORDER BY m.id LIMIT $3",
    },
    Kept {
        name: "moment_comment",
        keys: Keys::One,
        sql: "SELECT id, json_object('moment', moment, 'comment', id, 'at_ms', at_ms, 'reply_to', reply_to,
                'reply_account', reply_account, 'text', text)
            FROM moment_comments WHERE account = $1 AND id > $2 AND gone = 0 ORDER BY id LIMIT $3",
    },
    Kept {
        name: "moment_like",
        keys: Keys::One,
        sql: "SELECT moment, json_object('moment', moment, 'at_ms', at_ms)
            FROM moment_likes WHERE account = $1 AND moment > $2 ORDER BY moment LIMIT $3",
    },
    Kept {
        name: "moments_hidden",
        keys: Keys::One,
        sql: "SELECT author, json_object('account', author)
            FROM moment_hidden WHERE account = $1 AND author > $2 ORDER BY author LIMIT $3",
    },
    Kept {
        name: "moments_seen",
        keys: Keys::One,
        sql: "SELECT account, json_object('moment', moment) FROM moment_seen
            WHERE account = $1 AND account > $2 LIMIT $3",
    },
    Kept {
        name: "moment_notice",
        keys: Keys::Two,
        sql: "SELECT n.at_ms, n.rowid, json_object('moment', n.moment, 'kind', n.kind, 'item', n.item,
                'by', a.handle, 'by_id', n.actor, 'at_ms', n.at_ms)
            FROM moment_notices n JOIN accounts a ON a.id = n.actor
            WHERE n.account = $1 AND (n.at_ms, n.rowid) > ($2, $4) ORDER BY n.at_ms, n.rowid LIMIT $3",
    },
];
