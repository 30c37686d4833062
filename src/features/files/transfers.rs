//! Uploads that are under way, in memory: which chunks are there, and who waits for them.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, AtomicUsize, Ordering},
    },
    time::Duration,
};

use litrocket_core::chunks::{Hash, Have, Layout, split_hashes};
use tokio::{sync::Notify, time::timeout};

use super::{Files, blobs::BlobError, store};
use crate::{
    app::App,
    error::{Error, Result},
};

/// Uploads that are remembered; beyond it those that nobody uses are listed from the storage again.
const TRANSFERS_MAX: usize = 1000;

/// How long a stream may need from its arrival until somebody reads it.
const SETTLE_TIME: Duration = Duration::from_millis(200);

/// A content whose chunks come in.
#[derive(Debug)]
pub(super) struct Transfer {
    pub(super) content: u64,
    pub(super) layout: Layout,
    pub(super) hashes: Vec<Hash>,
    have: Mutex<Have>,
    streams: AtomicUsize,
    /// The code with which a stream was given up; 0 for none.
    refused: AtomicU32,
    /// A chunk was stored, a stream ended, or the upload was given up.
    pub(super) changed: Notify,
}

/// A stream that brings chunks. Counts until it is dropped.
pub(super) struct Streaming<'a>(&'a Transfer);

impl Drop for Streaming<'_> {
    fn drop(&mut self) {
        self.0.streams.fetch_sub(1, Ordering::AcqRel);
        self.0.changed.notify_waiters();
    }
}

impl Transfer {
    pub(super) fn have(&self) -> MutexGuard<'_, Have> {
        self.have.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn streaming(&self) -> Streaming<'_> {
        self.streams.fetch_add(1, Ordering::AcqRel);
        Streaming(self)
    }

    /// A stream was given up. Its sender may have sent all of it before it could hear of that.
    pub(super) fn refuse(&self, code: u32) {
        self.refused.store(code, Ordering::Relaxed);
    }

    /// Why a stream was given up since this was asked last.
    pub(super) fn refused(&self) -> Option<u64> {
        let code = self.refused.swap(0, Ordering::Relaxed);
        (code != 0).then_some(code.into())
    }

    /// Waits until no stream brings chunks and none is about to.
    pub(super) async fn quiet(&self) {
        loop {
            let changed = self.changed.notified();
            if self.have().is_complete() || self.refused.load(Ordering::Relaxed) != 0 {
                return;
            }
            // What was sent before the question may still wait to be read.
            if self.streams.load(Ordering::Acquire) == 0 && timeout(SETTLE_TIME, changed).await.is_err() {
                return;
            }
            self.idle().await;
        }
    }

    async fn idle(&self) {
        loop {
            let changed = self.changed.notified();
            if self.streams.load(Ordering::Acquire) == 0 {
                return;
            }
            changed.await;
        }
    }

    /// Waits until a chunk is there.
    pub(super) async fn arrives(&self, chunk: u64) {
        loop {
            let changed = self.changed.notified();
            if self.have().has(chunk) {
                return;
            }
            changed.await;
        }
    }
}

/// Uploads by content.
#[derive(Debug, Default)]
pub(super) struct Transfers(Mutex<HashMap<u64, Arc<Transfer>>>);

impl Transfers {
    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Arc<Transfer>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn forget(&self, content: u64) {
        let gone = self.lock().remove(&content);
        if let Some(gone) = gone {
            gone.changed.notify_waiters();
        }
    }

    fn keep(&self, new: Transfer) -> Arc<Transfer> {
        let mut all = self.lock();
        if all.len() >= TRANSFERS_MAX {
            all.retain(|_, transfer| Arc::strong_count(transfer) > 1);
        }
        // Two who looked at the storage at the same time go on with one.
        all.entry(new.content).or_insert_with(|| Arc::new(new)).clone()
    }
}

impl Files {
    /// The upload of a content, from memory or from the storage's list; `None` when it is complete or gone.
    pub(super) async fn transfer(&self, app: &App, content: u64) -> Result<Option<Arc<Transfer>>> {
        let known = self.transfers.lock().get(&content).cloned();
        if known.is_some() {
            return Ok(known);
        }
        let Some(row) = store::content(&app.db, content).await?.filter(|row| !row.complete) else {
            return Ok(None);
        };
        let layout = Layout::new(row.size);
        let hashes = split_hashes(&row.hashes).unwrap_or_default();
        let have = self.blobs.have(content, layout).await.map_err(|error| unavailable(&error))?;
        let new = Transfer {
            content,
            layout,
            hashes,
            have: Mutex::new(have),
            streams: AtomicUsize::new(0),
            refused: AtomicU32::new(0),
            changed: Notify::new(),
        };
        Ok(Some(self.transfers.keep(new)))
    }
}

/// What a request is told when the storage fails.
pub(super) fn unavailable(error: &BlobError) -> Error {
    tracing::warn!(%error, "the storage of files fails");
    super::storage_full().into()
}
