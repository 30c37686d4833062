//! What the feature holds of a person, as the export reads it; the bytes are fetched as any file is.

use crate::features::export::Kept;

pub(crate) const EXPORT: &[Kept] = &[
    Kept {
        name: "file",
        sql: "SELECT id, json_object('file', id, 'name', name, 'size', size, 'media_type', media_type,
                'made_ms', made_ms, 'complete', json(iif(complete, 'true', 'false')), 'blake3', lower(hex(blake3)))
            FROM files WHERE owner = $1 AND id > $2 ORDER BY id LIMIT $3",
    },
    Kept {
        name: "avatar",
        sql: "SELECT size, json_object('side', size, 'bytes', length(bytes), 'media_type', 'image/jpeg')
            FROM avatar_pictures WHERE kind = 1 AND id = $1 AND size > $2 ORDER BY size LIMIT $3",
    },
];
