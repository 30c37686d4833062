//! Verifies everything that is stored: the operator's check of a disk or bucket.

use std::path::Path;

use futures_util::StreamExt as _;
use litrocket_core::chunks::{Layout, split_hashes};

use super::{
    blobs::{BlobError, Blobs},
    content_store,
};
use crate::{config::Config, db::Db, error::Result};

/// Contents that are looked up at once.
const PAGE: u64 = 100;

/// Something that is not as it should be.
#[derive(Debug, Clone)]
pub enum Finding {
    /// A chunk is damaged, missing or cannot be read.
    Chunk {
        /// The content.
        content: u64,
        /// The chunk.
        chunk: u64,
        /// One of its files, by name.
        name: String,
        /// What is wrong.
        cause: String,
    },
    /// Objects that belong to no content.
    Orphans {
        /// How many.
        count: u64,
        /// Their bytes.
        bytes: u64,
    },
}

/// What a check found.
#[derive(Debug, Clone, Default)]
pub struct Checked {
    /// Complete contents.
    pub contents: u64,
    /// Their chunks.
    pub chunks: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Chunks that are damaged, missing or cannot be read.
    pub damaged: u64,
    /// Objects that belong to no content.
    pub orphans: u64,
}

/// Reads every stored chunk and tells of those that are damaged, missing or cannot be read, and of objects that
/// belong to nothing. Changes nothing.
pub async fn verify(config: &Config, db: &Db, mut tell: impl FnMut(Finding)) -> Result<Checked, String> {
    let blobs = Blobs::open(&config.files, Path::new(&config.server.data))?;
    let mut checked = Checked::default();
    let mut after = 0;
    loop {
        let page = content_store::complete_contents(db, after, PAGE).await;
        let page = page.map_err(|error| error.to_string())?;
        let Some(last) = page.last() else { break };
        after = last.place.content;
        for one in &page {
            let layout = Layout::new(one.size);
            let hashes = split_hashes(&one.hashes).unwrap_or_default();
            checked.contents += 1;
            for chunk in 0..layout.chunks() {
                let cause = match blobs.get(one.place, chunk).await {
                    Ok(bytes) if hashes.get(chunk as usize) == Some(&layout.hash(chunk, &bytes)) => {
                        checked.bytes += bytes.len() as u64;
                        None
                    }
                    Ok(_) => Some("damaged".to_owned()),
                    Err(BlobError::Missing) => Some("missing".to_owned()),
                    // One sector that cannot be read says nothing about the others.
                    Err(error) => Some(format!("unreadable: {error}")),
                };
                checked.chunks += 1;
                if let Some(cause) = cause {
                    checked.damaged += 1;
                    tell(Finding::Chunk { content: one.place.content, chunk, name: one.name.clone(), cause });
                }
            }
        }
    }
    let (orphans, bytes) = orphans(&blobs, db).await?;
    checked.orphans = orphans;
    if orphans > 0 {
        tell(Finding::Orphans { count: orphans, bytes });
    }
    Ok(checked)
}

/// Objects that belong to no content, and their bytes.
async fn orphans(blobs: &Blobs, db: &Db) -> Result<(u64, u64), String> {
    let (mut count, mut bytes) = (0, 0);
    let mut last = None;
    let mut all = std::pin::pin!(blobs.all());
    while let Some(object) = all.next().await {
        let (place, size) = object.map_err(|error| format!("the storage cannot be listed: {error}"))?;
        let known = match (place, last) {
            (None, _) => false,
            // The objects of a place come one after the other.
            (Some(place), Some((same, known))) if place == same => known,
            (Some(place), _) => {
                let known = content_store::is_known(db, place).await.map_err(|error| error.to_string())?;
                last = Some((place, known));
                known
            }
        };
        if !known {
            count += 1;
            bytes += size;
        }
    }
    Ok((count, bytes))
}
