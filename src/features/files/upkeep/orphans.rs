//! Objects in the storage that belong to no content: of uploads that are newer than a restored database, or left by what
//! went wrong. Nothing finds them but the operator's check, which may take them away.

use futures_util::StreamExt as _;

use crate::{
    db::Db,
    features::files::storage::{
        blobs::{Blobs, Object},
        content_store,
    },
};

/// What becomes of objects that belong to no content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Orphans {
    /// They are counted.
    Stay,
    /// Those are deleted that were written before this time, in milliseconds since 1970.
    GoBefore(u64),
}

/// What was found of them.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::features::files) struct Found {
    pub(in crate::features::files) count: u64,
    pub(in crate::features::files) bytes: u64,
    pub(in crate::features::files) swept: u64,
}

/// Goes over all objects.
pub(super) async fn find(blobs: &Blobs, db: &Db, orphans: Orphans) -> Result<Found, String> {
    let mut found = Found::default();
    let mut last = None;
    let mut all = std::pin::pin!(blobs.all());
    while let Some(object) = all.next().await {
        let object = object.map_err(|error| format!("the storage cannot be listed: {error}"))?;
        let known = match (object.place, last) {
            (None, _) => false,
            // The objects of a place come one after the other.
            (Some(place), Some((same, known))) if place == same => known,
            (Some(place), _) => {
                let known = content_store::is_known(db, place).await.map_err(|error| error.to_string())?;
                last = Some((place, known));
                known
            }
        };
        if known {
            continue;
        }
        found.count += 1;
        found.bytes += object.size;
        if goes(&object, orphans) {
            // A content has its row before its first chunk, so nobody's object stays nobody's.
            let gone = blobs.delete_object(&object).await;
            gone.map_err(|error| format!("an object cannot be deleted: {error}"))?;
            found.swept += 1;
        }
    }
    Ok(found)
}

/// What has no place of a content was not written by a server.
fn goes(object: &Object, orphans: Orphans) -> bool {
    match orphans {
        Orphans::Stay => false,
        Orphans::GoBefore(before_ms) => object.place.is_some() && object.written_ms < before_ms,
    }
}
