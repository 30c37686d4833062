//! The dictionary in memory: unpacked and indexed when somebody looks a word up for the first time, never at start.

use std::{
    io::Read as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use litrocket_dictionary::{Index, TEXT_BYTES_MAX};
use tokio::sync::RwLock;

use crate::{
    error::{Error, Result},
    turns::{Bounds, Turns},
};

/// The operator's own entries, in the data folder.
pub const OWN_FILE: &str = "dictionary.u8";

/// Look-ups under way, and those of one account. One takes 20 ms at most, so the last of them waits about a second.
const PLACES: usize = 64;
const OWN_PLACES: usize = 4;

/// The server's dictionary.
#[derive(Debug)]
pub struct Dictionary {
    own_file: PathBuf,
    index: RwLock<Option<Arc<Index>>>,
    turns: Turns,
}

impl Dictionary {
    /// Nothing is read yet.
    pub fn new(data: &Path) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let turns = Turns::new(Bounds { turns: cores.div_ceil(2), places: PLACES, own: OWN_PLACES });
        Self { own_file: data.join(OWN_FILE), index: RwLock::default(), turns }
    }

    /// Whose turn it is. Look-ups take half of the processor at most: chat goes on beside them.
    pub(super) fn turns(&self) -> &Turns {
        &self.turns
    }

    /// The index. The first caller waits about a second for it, with whoever else asks meanwhile.
    pub(super) async fn index(&self) -> Result<Arc<Index>> {
        if let Some(index) = &*self.index.read().await {
            return Ok(index.clone());
        }
        let mut slot = self.index.write().await;
        if let Some(index) = &*slot {
            return Ok(index.clone());
        }
        let index = self.load().await?;
        *slot = Some(index.clone());
        Ok(index)
    }

    /// Reads the operator's entries anew: look-ups go on with the index from before until the new one is there. How many
    /// entries it has; nothing is read while nobody has looked a word up.
    pub(crate) async fn reload(&self) -> Result<Option<usize>> {
        if self.index.read().await.is_none() {
            return Ok(None);
        }
        let index = self.load().await?;
        let entries = index.len();
        *self.index.write().await = Some(index);
        Ok(Some(entries))
    }

    async fn load(&self) -> Result<Arc<Index>> {
        let file = self.own_file.clone();
        blocking(move || load(&file)).await?
    }
}

fn load(own_file: &Path) -> Result<Arc<Index>> {
    let started = std::time::Instant::now();
    let internal = |error: &dyn std::fmt::Display| Error::Internal(error.to_string());
    let built_in = litrocket_dictionary::built_in().map_err(|error| internal(&error))?;
    let index = match own_entries(own_file) {
        // Its entries come first, so they win over those of the same words and reading.
        Ok(Some(own)) => Index::new(format!("{own}\n{built_in}")).map_err(|error| error.to_string()),
        Ok(None) => Index::new(built_in.clone()).map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    };
    let index = match index {
        Ok(index) => index,
        Err(error) => {
            tracing::error!(file = %own_file.display(), error, "the operator's dictionary is left out");
            Index::new(built_in).map_err(|error| internal(&error))?
        }
    };
    tracing::info!(
        entries = index.len(),
        bytes = index.bytes(),
        ms = started.elapsed().as_millis(),
        "the dictionary is in memory"
    );
    Ok(Arc::new(index))
}

/// The text of the operator's file, if there is one.
fn own_entries(file: &Path) -> std::io::Result<Option<String>> {
    let file = match std::fs::File::open(file) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        other => other?,
    };
    let mut text = String::new();
    // One byte more than allowed is refused by the index, by its size.
    file.take(TEXT_BYTES_MAX as u64 + 1).read_to_string(&mut text)?;
    Ok(Some(text))
}

/// Runs what takes the processor for a while where it holds up nobody else.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(|error| Error::Internal(error.to_string()))
}
