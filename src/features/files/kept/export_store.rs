//! What the feature holds of a person, as the export reads it; the bytes are fetched as any file is.

use crate::features::export::{Kept, Keys};

pub(crate) const EXPORT: &[Kept] = &[
    Kept {
        name: "file",
        keys: Keys::Two,
        sql: "SELECT complete, id, json_object('file', id, 'name', name, 'size', size, 'media_type', media_type,
                'made_ms', made_ms, 'complete', json(iif(complete, 'true', 'false')),
                'kept', json(iif(content IS NULL, 'false', 'true')), 'unused_ms', unused_ms,
                'removed', json(iif(removed, 'true', 'false')), 'blake3', lower(hex(blake3)))
            FROM files WHERE owner = $1 AND (complete, id) > ($2, $4) ORDER BY complete, id LIMIT $3",
    },
    Kept {
        name: "group_file",
        keys: Keys::One,
        sql:
            "SELECT id, json_object('entry', id, 'conversation', conversation, 'folder', parent, 'name', name,
                'file', file, 'size', size, 'added_ms', added_ms, 'downloads', downloads,
                'expired', json(iif(expired, 'true', 'false')))
            FROM group_files WHERE added_by = $1 AND id > $2 ORDER BY id LIMIT $3",
    },
    Kept {
        name: "avatar",
        keys: Keys::One,
        sql: "SELECT size, json_object('side', size, 'bytes', length(bytes), 'media_type', 'image/jpeg')
            FROM avatar_pictures WHERE kind = 1 AND id = $1 AND size > $2 ORDER BY size LIMIT $3",
    },
];
