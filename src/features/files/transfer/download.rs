//! Downloads: what is known of a file, and the streams that bring its chunks.

use std::{pin::pin, time::Duration};

use bytes::Bytes;
use litrocket_core::chunks::{Hash, Layout, split_hashes};
use litrocket_protocol::{
    Fault,
    account::Done,
    close_code,
    fault::code,
    files::{FileInfo, GetFile, OpenDownload},
    stream_kind, varint,
};
use tokio::{
    sync::OwnedSemaphorePermit,
    time::{Instant, timeout},
};

use super::shares::{Memory, Share};
use crate::{
    app::App,
    error::{Error, Result},
    features::files::{
        PRIORITY, STALL_BYTES, infos,
        kept::shelf_store,
        storage::{blobs::BlobError, content_store, place::ContentPlace},
        store,
    },
    rpc::Session,
    transport::{SendStream, WriteError},
};

/// The time that the head of a stream has to leave in before the stream is given up.
const HEAD_TIME: Duration = Duration::from_millis(100);

pub(in crate::features::files) async fn get(caller: Session, request: GetFile) -> Result<FileInfo> {
    let app = &caller.app;
    let file = store::readable(&app.db, caller.account(), request.file)
        .await?
        .ok_or_else(|| Error::missing("file"))?;
    let content = file.content;
    let mut info = infos(app, vec![file]).await?.pop().ok_or_else(|| Error::missing("file"))?;
    if let Some(content) = content.filter(|_| request.hashes) {
        info.hashes = content_store::content(&app.db, content).await?.map(|content| content.hashes);
    }
    Ok(info)
}

pub(in crate::features::files) async fn open(caller: Session, request: OpenDownload) -> Result<Done> {
    let app = &caller.app;
    let file = store::readable(&app.db, caller.account(), request.file)
        .await?
        .ok_or_else(|| Error::missing("file"))?;
    if file.content.is_none() {
        return Err(code::FILE_GONE.into());
    }
    let layout = Layout::new(file.size);
    let end = request.first.checked_add(request.count).filter(|end| *end <= layout.chunks());
    let end = end
        .filter(|_| request.count > 0)
        .ok_or_else(|| Error::from(Fault::new(code::BAD_VALUE).field("count").limit(layout.chunks())))?;
    // What one connection may have open, and all together.
    let busy = || Fault::new(code::BUSY).retry_after(1000);
    let own = caller.link.one_way().ok_or_else(busy)?;
    let share = app.files.shares.stream(caller.account(), layout).ok_or_else(busy)?;
    tokio::spawn(async move {
        let app = caller.app.clone();
        tokio::select! {
            () = give(&caller, &request, (layout, end), &share, own) => {}
            () = app.until_draining() => {}
        }
        drop(share);
    });
    Ok(Done::default())
}

async fn give(
    caller: &Session,
    request: &OpenDownload,
    part: (Layout, u64),
    share: &Share,
    place: OwnedSemaphorePermit,
) {
    let connection = &caller.link.connection;
    let Ok(Ok(mut send)) = timeout(caller.app.files.stall, connection.open_uni()).await else { return };
    send.set_priority(PRIORITY);
    // Files need more under way than chat does; the window goes back when the last of them ends.
    let _window = connection.wide_window();
    match give_chunks(caller, request, part, share, &mut send).await {
        // Who has read it all may open the next; what somebody does not take is their share until they do.
        Ok(()) => {
            drop(place);
            match timeout(caller.app.files.stall, send.finish_and_wait()).await {
                Err(_) => send.reset(close_code::TOO_SLOW),
                // The last chunk stands for the file.
                Ok(true) if part.1 == part.0.chunks() => count(caller, request.file).await,
                Ok(_) => {}
            }
        }
        // A reset takes back what has not left yet, and without the head nobody would know which download it ends.
        Err(code) => {
            tokio::time::sleep(HEAD_TIME).await;
            send.reset(code);
        }
    }
}

/// Somebody has a file. A full disk keeps nobody from reading.
async fn count(caller: &Session, file: u64) {
    let me = caller.account();
    let work = caller.app.writer.run(move |tx| Box::pin(shelf_store::count_download(tx, me, file)));
    if let Err(error) = work.await {
        tracing::debug!(%error, "a download is not counted");
    }
}

async fn give_chunks(
    caller: &Session,
    request: &OpenDownload,
    (layout, end): (Layout, u64),
    share: &Share,
    send: &mut SendStream,
) -> Result<(), u32> {
    let mut head = Vec::new();
    for number in [stream_kind::DOWNLOAD, request.download, request.first, request.count] {
        varint::put(&mut head, number);
    }
    write(caller, send, head.into(), || false).await?;
    let mut known: Option<Known> = None;
    for index in request.first..end {
        let (pieces, _memory) = chunk(caller, share, (request.file, layout, index), &mut known).await?;
        let (mut began, mut moved) = (Instant::now(), 0);
        // Pieces are small on a slow line: who takes one now and then holds a place for ever.
        let (mut waited, mut at) = (Duration::ZERO, 0);
        for mut piece in pieces {
            while !piece.is_empty() {
                let length = caller.link.connection.file_turn(piece.len()).await;
                moved += length;
                began += share.pace(length).await;
                let since = Instant::now();
                // What of the piece was taken is not known before all of it is.
                let is_too_slow = || share.is_too_slow(began, moved - length, caller.app.files.stall);
                write(caller, send, piece.split_to(length), is_too_slow).await?;
                waited += since.elapsed();
                if moved - at >= STALL_BYTES {
                    (waited, at) = (Duration::ZERO, moved);
                } else if waited > caller.app.files.stall && (moved as u64) < layout.len(index) {
                    return Err(close_code::TOO_SLOW);
                }
                if share.is_too_slow(began, moved, caller.app.files.stall) {
                    return Err(close_code::TOO_SLOW);
                }
            }
        }
    }
    Ok(())
}

async fn write(
    caller: &Session,
    send: &mut SendStream,
    piece: Bytes,
    is_too_slow: impl Fn() -> bool,
) -> Result<(), u32> {
    let time = caller.app.files.stall;
    send.set_patience(time);
    // The whole piece has its time at the least rate: who takes a byte now and then is as slow as who takes none.
    let parts = piece.len().div_ceil(STALL_BYTES);
    let mut piece = [piece];
    let mut writing = pin!(send.write_chunks(&mut piece));
    for _ in 0..parts {
        match timeout(time, &mut writing).await {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(WriteError::Gone)) => return Err(close_code::CANCELLED),
            Ok(Err(WriteError::Stalled)) => return Err(close_code::TOO_SLOW),
            Err(_) if is_too_slow() => return Err(close_code::TOO_SLOW),
            Err(_) => {}
        }
    }
    Err(close_code::TOO_SLOW)
}

/// What a download knows of the content it reads.
struct Known {
    place: ContentPlace,
    hashes: Vec<Hash>,
}

/// The pieces of a chunk that the caller may read now, verified. Whether they may is asked for each.
async fn chunk(
    caller: &Session,
    share: &Share,
    (file, layout, index): (u64, Layout, u64),
    known: &mut Option<Known>,
) -> Result<(Vec<Bytes>, Memory), u32> {
    let app = &caller.app;
    let failed = |_| close_code::STORAGE;
    let mut last = close_code::STORAGE;
    // Again when the content moved to another one with the same hash meanwhile.
    for _ in 0..3 {
        let row = store::readable(&app.db, caller.account(), file).await.map_err(failed)?;
        let row = row.ok_or(close_code::NO_TRANSFER)?;
        let content = row.content.ok_or(close_code::NO_TRANSFER)?;
        let transfer =
            if row.complete { None } else { app.files.transfer(app, content).await.map_err(failed)? };
        if let Some(transfer) = &transfer
            && timeout(app.files.stall, transfer.arrives(index)).await.is_err()
        {
            return Err(close_code::TOO_SLOW);
        }
        if known.as_ref().is_none_or(|known| known.place.content != content) {
            let Some(row) = content_store::content(&app.db, content).await.map_err(failed)? else { continue };
            let hashes = split_hashes(&row.hashes).unwrap_or_default();
            *known = Some(Known { place: row.place, hashes });
        }
        let Some(Known { place, hashes }) = known else { continue };
        // Who waits for a chunk holds none.
        let memory = share.memory(app.files.stall).await.ok_or(close_code::BUSY)?;
        match app.files.blobs.get(*place, layout, index).await {
            Ok(stored) if hashes.get(index as usize) == Some(&stored.hash) => {
                return Ok((stored.pieces, memory));
            }
            Ok(_) => tracing::error!(content, index, "a stored chunk is damaged"),
            Err(BlobError::Missing) => {
                if let Err(error) = app.files.there(app).await {
                    tracing::warn!(%error, "a chunk cannot be read");
                    return Err(close_code::STORAGE);
                }
            }
            Err(error) => {
                tracing::warn!(%error, "a chunk cannot be read");
                return Err(close_code::STORAGE);
            }
        }
        match transfer {
            // Its sender brings it again.
            Some(transfer) => transfer.lost(index),
            None if row.complete => {
                last = close_code::DAMAGED;
                damaged(app, content, index).await;
            }
            None => {}
        }
    }
    Err(last)
}

/// A chunk of a complete content is not what it was, or gone: who brings the content again brings it anew.
async fn damaged(app: &App, content: u64, index: u64) {
    tracing::error!(content, index, "a stored chunk is damaged or missing");
    if let Err(error) = app.writer.run(move |tx| Box::pin(content_store::mark_damaged(tx, content))).await {
        tracing::debug!(%error, "the damage is not noted");
    }
}
