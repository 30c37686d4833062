//! What the feature holds of a person, as the export reads it.

use crate::features::export::Kept;

pub(crate) const EXPORT: &[Kept] = &[
    Kept {
        name: "moment",
        sql: "SELECT m.id, json_object('moment', m.id, 'at_ms', m.at_ms, 'text', m.text,
                'visibility', m.visibility, 'people', (SELECT json_group_array(p.account) FROM moment_people p
                    WHERE p.moment = m.id), 'pictures', (SELECT json_group_array(json_object('file', i.file,
                    'alt', i.alt)) FROM moment_pictures i WHERE i.moment = m.id))
            FROM moments m WHERE m.author = $1 AND m.id > $2 AND m.gone = 0 ORDER BY m.id LIMIT $3",
    },
    Kept {
        name: "moment_comment",
        sql: "SELECT id, json_object('moment', moment, 'comment', id, 'at_ms', at_ms, 'text', text)
            FROM moment_comments WHERE account = $1 AND id > $2 AND gone = 0 ORDER BY id LIMIT $3",
    },
    Kept {
        name: "moment_like",
        sql: "SELECT moment, json_object('moment', moment, 'at_ms', at_ms)
            FROM moment_likes WHERE account = $1 AND moment > $2 ORDER BY moment LIMIT $3",
    },
    Kept {
        name: "moments_hidden",
        sql: "SELECT author, json_object('account', author)
            FROM moment_hidden WHERE account = $1 AND author > $2 ORDER BY author LIMIT $3",
    },
];
