//! Verifies everything that is stored: the operator's check of a disk or bucket.

use std::path::Path;

use litrocket_core::chunks::{Layout, split_hashes};

use super::{
    blobs::{BlobError, Blobs},
    store,
};
use crate::{config::Config, db::Db, error::Result};

/// Contents that are looked up at once.
const PAGE: u64 = 100;

/// A chunk that is not as it should be.
#[derive(Debug, Clone)]
pub struct Damage {
    /// The content.
    pub content: u64,
    /// The chunk.
    pub chunk: u64,
    /// One of its files, by name.
    pub name: String,
    /// What is wrong.
    pub cause: String,
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
    /// Chunks that are not as they should be.
    pub damaged: u64,
}

/// Reads every stored chunk and tells of those that are damaged or missing. Changes nothing.
pub async fn verify(config: &Config, db: &Db, mut tell: impl FnMut(Damage)) -> Result<Checked, String> {
    let blobs = Blobs::open(&config.files, Path::new(&config.server.data))?;
    let mut checked = Checked::default();
    let mut after = 0;
    loop {
        let page = store::complete_contents(db, after, PAGE).await.map_err(|error| error.to_string())?;
        let Some(last) = page.last() else { return Ok(checked) };
        after = last.content;
        for one in &page {
            let layout = Layout::new(one.size);
            let hashes = split_hashes(&one.hashes).unwrap_or_default();
            checked.contents += 1;
            for chunk in 0..layout.chunks() {
                let cause = match blobs.get(one.content, chunk).await {
                    Ok(bytes) if hashes.get(chunk as usize) == Some(&layout.hash(chunk, &bytes)) => {
                        checked.bytes += bytes.len() as u64;
                        None
                    }
                    Ok(_) => Some("damaged".to_owned()),
                    Err(BlobError::Missing) => Some("missing".to_owned()),
                    Err(error) => return Err(format!("the storage does not answer: {error}")),
                };
                checked.chunks += 1;
                if let Some(cause) = cause {
                    checked.damaged += 1;
                    tell(Damage { content: one.content, chunk, name: one.name.clone(), cause });
                }
            }
        }
    }
}
