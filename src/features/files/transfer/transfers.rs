//! Uploads that are under way, in memory: which chunks are there, and who waits for them.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use litrocket_core::chunks::{Hash, Have, Layout, split_hashes};
use litrocket_protocol::AccountId;
use tokio::{
    sync::{Notify, RwLock},
    time::timeout,
};

use super::shares::Memory;
use crate::{
    app::App,
    error::{Error, Result},
    features::files::{
        Files,
        storage::{
            blobs::{BlobError, Blobs},
            content_store,
            place::ContentPlace,
        },
        storage_full,
    },
    lock::lock,
};

/// Uploads that are remembered; beyond it those that nobody uses are listed from the storage again.
const TRANSFERS_MAX: usize = 1000;

/// How long a stream may need from its arrival until somebody reads it.
const SETTLE_TIME: Duration = Duration::from_millis(200);

/// A content whose chunks come in.
#[derive(Debug)]
pub(in crate::features::files) struct Transfer {
    pub(in crate::features::files) content: u64,
    pub(in crate::features::files) place: ContentPlace,
    pub(in crate::features::files) layout: Layout,
    pub(in crate::features::files) hashes: Vec<Hash>,
    have: Mutex<Have>,
    /// Who brings chunks. One content may be several people's, and none of them answers for the others.
    senders: Mutex<HashMap<AccountId, Sender>>,
    /// A chunk was stored, a stream ended, or the upload was given up.
    pub(super) changed: Notify,
    /// It is complete or was given up: no chunk is stored any more.
    gone: AtomicBool,
    /// Held for reading while a chunk is written.
    writes: RwLock<()>,
    /// When the database heard last that it goes on, in server milliseconds.
    noted_ms: AtomicU64,
}

/// How one account is doing with its streams.
#[derive(Debug, Default)]
struct Sender {
    streams: usize,
    /// The code with which a stream was given up; 0 for none.
    refused: u32,
}

/// Accounts whose refusals are remembered; beyond it those without a stream are forgotten.
const SENDERS_MAX: usize = 64;

/// Why a chunk is not stored.
#[derive(Debug)]
pub(in crate::features::files) enum NotStored {
    /// The upload is complete or was given up.
    Gone,
    /// The bytes are not those of the chunk.
    Wrong,
    /// The storage.
    Blob(BlobError),
}

/// How often the database hears that an upload goes on. Days count before it is given up.
const NOTE_MS: u64 = 3_600_000;

/// A stream that brings chunks. Counts until it is dropped.
pub(in crate::features::files) struct Streaming<'a>(&'a Transfer, AccountId);

impl Drop for Streaming<'_> {
    fn drop(&mut self) {
        self.0.sender(self.1, |sender| sender.streams -= 1);
        self.0.changed.notify_waiters();
    }
}

impl Transfer {
    pub(in crate::features::files) fn have(&self) -> MutexGuard<'_, Have> {
        lock(&self.have)
    }

    fn sender<T>(&self, account: AccountId, change: impl FnOnce(&mut Sender) -> T) -> T {
        let mut senders = lock(&self.senders);
        let result = change(senders.entry(account).or_default());
        if senders.len() > SENDERS_MAX {
            senders.retain(|_, sender| sender.streams > 0);
        }
        result
    }

    pub(super) fn streaming(&self, account: AccountId) -> Streaming<'_> {
        self.sender(account, |sender| sender.streams += 1);
        Streaming(self, account)
    }

    /// A stream was given up. Its sender may have sent all of it before it could hear of that.
    pub(super) fn refuse(&self, account: AccountId, code: u32) {
        self.sender(account, |sender| sender.refused = code);
    }

    /// Why a stream of the account was given up since this was asked last.
    pub(super) fn refused(&self, account: AccountId) -> Option<u64> {
        let code = self.sender(account, |sender| std::mem::take(&mut sender.refused));
        (code != 0).then_some(code.into())
    }

    /// Waits until no stream of the account brings chunks and none is about to.
    pub(super) async fn quiet(&self, account: AccountId) {
        loop {
            let changed = self.changed.notified();
            let (streams, refused) = self.sender(account, |sender| (sender.streams, sender.refused));
            if self.is_gone() || self.have().is_complete() || refused != 0 {
                return;
            }
            // What was sent before the question may still wait to be read.
            if streams == 0 && timeout(SETTLE_TIME, changed).await.is_err() {
                return;
            }
            self.idle(account).await;
        }
    }

    async fn idle(&self, account: AccountId) {
        loop {
            let changed = self.changed.notified();
            if self.sender(account, |sender| sender.streams) == 0 {
                return;
            }
            changed.await;
        }
    }

    /// Verifies a chunk and stores it. It is written to its end, or not at all, also when nobody waits for it any more; so
    /// whoever closes the transfer can wait for it.
    pub(in crate::features::files) async fn store(
        self: &Arc<Self>,
        blobs: &Blobs,
        index: u64,
        (bytes, memory): (Bytes, Memory),
    ) -> Result<(), NotStored> {
        let (transfer, blobs) = (self.clone(), blobs.clone());
        let write = tokio::spawn(async move {
            let _memory = memory;
            let hash = blobs.hash(transfer.layout, index, bytes.clone()).await.map_err(NotStored::Blob)?;
            if transfer.hashes.get(index as usize) != Some(&hash) {
                return Err(NotStored::Wrong);
            }
            let _writing = transfer.writes.read().await;
            if transfer.is_gone() {
                return Err(NotStored::Gone);
            }
            if !transfer.have().has(index) {
                blobs.put(transfer.place, index, bytes).await.map_err(NotStored::Blob)?;
                transfer.have().set(index);
            }
            transfer.changed.notify_waiters();
            Ok(())
        });
        write.await.unwrap_or_else(|error| Err(NotStored::Blob(BlobError::Failed(error.to_string()))))
    }

    /// The storage says itself what is there.
    pub(super) fn correct(&self, there: Have) {
        *self.have() = there;
    }

    /// What was stored of a chunk is not what it was: it has to come again.
    pub(super) fn lost(&self, index: u64) {
        self.have().clear(index);
    }

    fn is_gone(&self) -> bool {
        self.gone.load(Ordering::Acquire)
    }

    /// Whether the database should hear that it goes on.
    pub(super) fn is_news(&self, now_ms: u64) -> bool {
        let noted = self.noted_ms.load(Ordering::Relaxed);
        let due = now_ms.saturating_sub(noted) >= NOTE_MS;
        due && self.noted_ms.compare_exchange(noted, now_ms, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    /// Waits until a chunk is there, or none comes any more.
    pub(super) async fn arrives(&self, chunk: u64) {
        loop {
            let changed = self.changed.notified();
            if self.is_gone() || self.have().has(chunk) {
                return;
            }
            changed.await;
        }
    }
}

/// Uploads by content.
#[derive(Debug, Default)]
pub(in crate::features::files) struct Transfers(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    transfers: HashMap<u64, Arc<Transfer>>,
    /// How many were closed: who read a row before has to read it again before it begins one.
    closed: u64,
}

impl Transfers {
    fn lock(&self) -> MutexGuard<'_, Known> {
        lock(&self.0)
    }

    /// Ends the upload of a content, of which the database knows that it is complete or gone. Afterwards no chunk
    /// of it is being written, and none will be.
    pub(in crate::features::files) async fn close(&self, content: u64) {
        let transfer = {
            let mut known = self.lock();
            known.closed += 1;
            known.transfers.get(&content).cloned()
        };
        let Some(transfer) = transfer else { return };
        transfer.gone.store(true, Ordering::Release);
        transfer.changed.notify_waiters();
        drop(transfer.writes.write().await);
        self.lock().transfers.remove(&content);
    }

    /// Keeps a transfer whose row was read when so many were closed; `None` when others were since.
    fn keep(&self, new: &Arc<Transfer>, closed: u64) -> Option<Arc<Transfer>> {
        let mut known = self.lock();
        if known.closed != closed {
            return None;
        }
        if known.transfers.len() >= TRANSFERS_MAX {
            known.transfers.retain(|_, transfer| Arc::strong_count(transfer) > 1);
        }
        // Two who looked at the storage at the same time go on with one.
        Some(known.transfers.entry(new.content).or_insert_with(|| new.clone()).clone())
    }
}

impl Files {
    /// The upload of a content, from memory or from the storage's list; `None` when it is complete or gone.
    pub(in crate::features::files) async fn transfer(
        &self,
        app: &App,
        content: u64,
    ) -> Result<Option<Arc<Transfer>>> {
        let mut new: Option<Arc<Transfer>> = None;
        loop {
            let (known, closed) = {
                let known = self.transfers.lock();
                (known.transfers.get(&content).cloned(), known.closed)
            };
            if let Some(known) = known {
                return Ok(Some(known).filter(|known| !known.is_gone()));
            }
            let Some(row) = content_store::content(&app.db, content).await?.filter(|row| !row.complete)
            else {
                return Ok(None);
            };
            let begun = match new.take() {
                Some(begun) => begun,
                None => Arc::new(self.begin(app, content, row).await?),
            };
            let kept = self.transfers.keep(&begun, closed);
            if kept.is_some() {
                return Ok(kept);
            }
            new = Some(begun);
        }
    }

    async fn begin(&self, app: &App, content: u64, row: content_store::Content) -> Result<Transfer> {
        let layout = Layout::new(row.size);
        // One that is away would seem to have nothing.
        self.there(app).await.map_err(|error| unavailable(&error))?;
        let have = self.blobs.have(row.place, layout).await.map_err(|error| unavailable(&error))?;
        Ok(Transfer {
            content,
            place: row.place,
            layout,
            hashes: split_hashes(&row.hashes).unwrap_or_default(),
            have: Mutex::new(have),
            senders: Mutex::default(),
            changed: Notify::new(),
            gone: AtomicBool::new(false),
            writes: RwLock::new(()),
            noted_ms: AtomicU64::new(row.moved_ms),
        })
    }
}

/// What a request is told when the storage fails.
pub(in crate::features::files) fn unavailable(error: &BlobError) -> Error {
    tracing::warn!(%error, "the storage of files fails");
    storage_full().into()
}
