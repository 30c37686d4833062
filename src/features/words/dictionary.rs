//! The dictionary in memory: unpacked and indexed when somebody looks a word up for the first time, never at start.

use std::sync::Arc;

use litrocket_dictionary::Index;
use tokio::sync::OnceCell;

use crate::error::{Error, Result};

/// The server's dictionary.
#[derive(Debug, Default)]
pub struct Dictionary {
    index: OnceCell<Arc<Index>>,
}

impl Dictionary {
    /// The index. The first caller waits about a second for it, with whoever else asks meanwhile.
    pub(super) async fn index(&self) -> Result<Arc<Index>> {
        self.index.get_or_try_init(load).await.cloned()
    }
}

async fn load() -> Result<Arc<Index>> {
    let started = std::time::Instant::now();
    let index = blocking(|| {
        let text = litrocket_dictionary::built_in().map_err(|error| Error::Internal(error.to_string()))?;
        Index::new(text).map_err(|error| Error::Internal(error.to_string()))
    })
    .await??;
    tracing::info!(
        entries = index.len(),
        bytes = index.bytes(),
        ms = started.elapsed().as_millis(),
        "the dictionary is in memory"
    );
    Ok(Arc::new(index))
}

/// Runs what takes the processor for a while where it holds up nobody else.
pub(super) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(|error| Error::Internal(error.to_string()))
}
