//! Files: uploads and downloads in verified chunks, and who may read them. Must not know QUIC.
//!
//! | room | what is in it |
//! | --- | --- |
//! | [`transfer`] | the requests and streams of uploads and downloads, and what they share |
//! | [`storage`] | where chunks are kept, whether it is there, and what it holds |
//! | [`kept`] | the files of groups and of an account: listed, named, deleted, exported |
//! | [`pictures`] | small ones of pictures, faces, recordings |
//! | [`messages`] | the messages that carry files, and what they say of them later |
//! | [`upkeep`] | take away what nothing refers to, read it all, find what belongs to nothing |
//! | [`store`] | the table of files: what each is, who may read it, what it counts for |
//!
//! Start with [`transfer::upload::open`].

mod kept;
mod messages;
mod pictures;
mod storage;
mod store;
mod transfer;
mod upkeep;

use std::{
    collections::HashSet,
    path::Path,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use litrocket_core::chunks::Layout;
use litrocket_protocol::{
    AccountId, Fault,
    fault::code,
    files::{FileInfo, file_state},
    stream_kind,
};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

use crate::{
    app::App,
    cause::Cause,
    config,
    error::{Error, Result},
    lock::lock,
    rpc::Router,
};

use self::{
    kept::{own, shelf},
    pictures::{avatars, picture_store, previews},
    storage::{blobs::Blobs, mark::Mark},
    transfer::{download, shares::Shares, transfers::Transfers, upload},
    upkeep::times_store,
};
pub(crate) use kept::export_store::EXPORT;
pub(crate) use messages::carried::{carried, release, send, send_on, unused, use_pictures};
pub use messages::news::{announce_known_file_now, announce_known_files};
pub(crate) use pictures::avatar_store::erase as erase_avatar;
pub(crate) use pictures::avatars::show_on as show_avatars;
pub use pictures::previews::{make_preview_now, make_previews};
pub(crate) use store::{carry, kept_of};
pub use upkeep::collect::{collect, collect_now, sweep, sweep_now};
pub(crate) use upkeep::expiry_store::erase;
pub use upkeep::orphans::Orphans;
pub use upkeep::verify::{Checked, Finding, Note, Noted, confirm, is_marked, verify};

/// A stream with a file that makes no progress for so long is ended: a mobile line may be away for some seconds.
pub const STALL_TIME: Duration = Duration::from_secs(30);
/// The least progress of a stream with a file within [`STALL_TIME`], in bytes, so that nobody holds a place or a chunk
/// for hours.
const STALL_BYTES: usize = 16 * 1024;
/// Files go behind requests (0), chat (10) and state.
const PRIORITY: i32 = -10;

/// What an empty file still counts for in a quota: its rows and its place in lists.
const CHARGE_MIN: u64 = 4096;

/// The files feature's part of the running server.
#[derive(Debug)]
pub struct Files {
    blobs: Blobs,
    /// The mark of the storage, once it is known.
    mark: tokio::sync::Mutex<Option<Mark>>,
    transfers: Transfers,
    shares: Arc<Shares>,
    /// What the files of one account may take, in bytes.
    quota: u64,
    /// Something may be collected.
    collect: Notify,
    /// The last conversation that was looked at for readers.
    swept: AtomicU64,
    stall: Duration,
    /// Bytes of chunks that streams brought since the start.
    brought: AtomicU64,
    /// A picture is complete.
    arrived: Notify,
    /// A picture was looked at.
    looked: Notify,
    /// Messages may have something to say of their files.
    news: Notify,
    /// The content that is being looked at; 0 for none.
    looking: AtomicU64,
    /// Decoding takes much memory: one picture at a time.
    decoding: Arc<Semaphore>,
    /// Accounts that wait for a face to be made.
    asking: Mutex<HashSet<AccountId>>,
}

/// An account waits for a face to be made, until this is dropped.
struct Asking<'a>(&'a Files, AccountId);

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        self.0.asking().remove(&self.1);
    }
}

impl Files {
    /// Opens the storage.
    pub fn open(config: &config::Files, data: &Path) -> Result<Self, Cause> {
        Ok(Self {
            blobs: Blobs::open(config, data)?,
            mark: tokio::sync::Mutex::default(),
            transfers: Transfers::default(),
            shares: Shares::new(config),
            quota: config.quota_mib << 20,
            collect: Notify::new(),
            swept: AtomicU64::new(0),
            stall: STALL_TIME.min(Duration::from_millis(config.stall_ms)),
            brought: AtomicU64::new(0),
            arrived: Notify::new(),
            looked: Notify::new(),
            news: Notify::new(),
            looking: AtomicU64::new(0),
            decoding: Arc::new(Semaphore::new(1)),
            asking: Mutex::default(),
        })
    }

    fn asking(&self) -> MutexGuard<'_, HashSet<AccountId>> {
        lock(&self.asking)
    }

    /// A place among those who wait for a face; none for an account that does already.
    fn asks(&self, account: AccountId) -> Option<Asking<'_>> {
        self.asking().insert(account).then(|| Asking(self, account))
    }

    /// Keeps pictures and recordings from being looked at, behind the one that is, until it is dropped.
    pub async fn hold(&self) -> Result<OwnedSemaphorePermit> {
        let held = self.decoding.clone().acquire_owned().await;
        held.map_err(|error| Error::Internal(error.to_string()))
    }

    /// Bytes of chunks that streams brought since the start, also those that had to be brought again.
    pub fn brought(&self) -> u64 {
        self.brought.load(Ordering::Relaxed)
    }
}

/// Registers the requests and the stream of uploads.
pub fn routes(router: Router) -> Router {
    router
        .on(upload::open)
        .on(upload::finish)
        .on(upload::cancel)
        .on(upload::list)
        .on(download::get)
        .on(download::open)
        .on(own::delete)
        .on(own::list)
        .on(shelf::add)
        .on(shelf::make_folder)
        .on(shelf::change)
        .on(shelf::delete)
        .on(shelf::list)
        .on(previews::get)
        .on(avatars::set)
        .on(avatars::get)
        .on_one_way(stream_kind::UPLOAD, upload::receive)
}

fn storage_full() -> Fault {
    Fault::new(code::STORAGE_FULL).retry_after(10_000)
}

/// Which chunks of a file are stored, and how far it is.
async fn progress(app: &App, file: &store::File) -> Result<(u8, Vec<(u64, u64)>)> {
    let all = Layout::new(file.size).chunks();
    let whole = if all == 0 { Vec::new() } else { vec![(0, all)] };
    match file.content {
        None => Ok((file_state::GONE, Vec::new())),
        Some(_) if file.damaged => Ok((file_state::DAMAGED, whole)),
        Some(_) if file.complete => Ok((file_state::COMPLETE, whole)),
        Some(content) => match app.files.transfer(app, content).await? {
            Some(transfer) => Ok((file_state::UPLOADING, transfer.have().ranges(true))),
            // It became complete since the row was read.
            None => Ok((file_state::COMPLETE, whole)),
        },
    }
}

/// What is known of files, in their order.
async fn infos(app: &App, files: Vec<store::File>) -> Result<Vec<FileInfo>> {
    let ids: Vec<u64> = files.iter().map(|file| file.id).collect();
    let untils = times_store::untils(&app.db, &app.config.files, &ids, app.clock.now_ms()).await?;
    let mut infos = Vec::with_capacity(files.len());
    for file in files {
        let until_ms = untils.get(&file.id).copied();
        infos.push(FileInfo { until_ms, ..info(app, file).await? });
    }
    Ok(infos)
}

async fn info(app: &App, file: store::File) -> Result<FileInfo> {
    let (state, have) = progress(app, &file).await?;
    let known = match file.content.filter(|_| file.complete) {
        Some(content) => picture_store::known(&app.db, content).await?,
        None => None,
    };
    let (picture, location) = known.unzip();
    Ok(FileInfo {
        file: file.id,
        state,
        have,
        chunk_bytes: Layout::new(file.size).chunk_bytes,
        hashes: None,
        name: file.name,
        size: file.size,
        media_type: shown_type(file.media_type),
        blake3: file.blake3,
        made_ms: file.made_ms,
        until_ms: None,
        picture,
        location: location.unwrap_or(false),
    })
}

fn shown_type(sniffed: String) -> String {
    if sniffed.is_empty() { "application/octet-stream".into() } else { sniffed }
}

/// What the first bytes of a file look like. Names and what clients say do not count.
fn sniff(bytes: &[u8]) -> String {
    if let Some(kind) = infer::get(bytes) {
        return kind.mime_type().into();
    }
    let start = &bytes[..bytes.len().min(8192)];
    let text = match std::str::from_utf8(start) {
        Ok(text) => Some(text),
        // The cut may go through a character.
        Err(error) if error.error_len().is_none() => std::str::from_utf8(&start[..error.valid_up_to()]).ok(),
        Err(_) => None,
    };
    let plain = text.is_some_and(|text| {
        !text.is_empty()
            && !text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t' | '\u{c}'))
    });
    if plain { "text/plain".into() } else { "application/octet-stream".into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_types_come_from_the_bytes() {
        assert_eq!(sniff(b"\x89PNG\r\n\x1a\n rest"), "image/png");
        assert_eq!(sniff("你好, plain words\n".as_bytes()), "text/plain");
        assert_eq!(sniff(b"\x00\x01\x02"), "application/octet-stream");
        assert_eq!(sniff(b""), "application/octet-stream");
        let long = "é".repeat(5000);
        assert_eq!(sniff(&long.as_bytes()[..8191]), "text/plain", "a cut character is no reason");
    }
}
