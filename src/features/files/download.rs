//! Downloads: what is known of a file, and the streams that bring its chunks.

use std::sync::Arc;

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
use tokio::time::timeout;

use super::{PRIORITY, blobs::BlobError, info, missing, shelf_store, store};
use crate::{
    error::{Error, Result},
    rpc::Session,
    transport::SendStream,
};

/// Bytes that are written at once: each piece has to be taken within the stall time.
const PIECE: usize = 64 * 1024;

pub(super) async fn get(caller: Session, request: GetFile) -> Result<FileInfo> {
    let app = &caller.app;
    let file = store::readable(&app.db, caller.account(), request.file).await?.ok_or_else(missing)?;
    let content = file.content;
    let mut info = info(app, file).await?;
    if let Some(content) = content.filter(|_| request.hashes) {
        info.hashes = store::content(&app.db, content).await?.map(|content| content.hashes);
    }
    Ok(info)
}

pub(super) async fn open(caller: Session, request: OpenDownload) -> Result<Done> {
    let app = &caller.app;
    let file = store::readable(&app.db, caller.account(), request.file).await?.ok_or_else(missing)?;
    if file.content.is_none() {
        return Err(code::FILE_GONE.into());
    }
    let layout = Layout::new(file.size);
    let end = request.first.checked_add(request.count).filter(|end| *end <= layout.chunks());
    let end = end
        .filter(|_| request.count > 0)
        .ok_or_else(|| Error::from(Fault::new(code::BAD_VALUE).field("count").limit(layout.chunks())))?;
    // The first chunk stands for the file: one that goes on after a break is counted once.
    if request.first == 0 {
        let (me, id) = (caller.account(), request.file);
        // A full disk keeps nobody from reading.
        if let Err(error) = app.writer.run(move |tx| Box::pin(shelf_store::count_download(tx, me, id))).await
        {
            tracing::debug!(%error, "a download is not counted");
        }
    }
    // What one connection may have open, and all together.
    let busy = || Fault::new(code::BUSY).retry_after(1000);
    let own = caller.link.one_way().ok_or_else(busy)?;
    let all = Arc::clone(&app.files.streams).try_acquire_owned().map_err(|_| busy())?;
    tokio::spawn(async move {
        let app = caller.app.clone();
        tokio::select! {
            () = give(&caller, &request, layout, end) => {}
            () = app.until_draining() => {}
        }
        drop((own, all));
    });
    Ok(Done::default())
}

async fn give(caller: &Session, request: &OpenDownload, layout: Layout, end: u64) {
    let connection = &caller.link.connection;
    let Ok(Ok(mut send)) = timeout(caller.app.files.stall, connection.open_uni()).await else { return };
    send.set_priority(PRIORITY);
    // Files need more under way than chat does; the window goes back when the last of them ends.
    let _window = connection.wide_window();
    match give_chunks(caller, request, layout, end, &mut send).await {
        Ok(()) => send.finish(),
        Err(code) => send.reset(code),
    }
}

async fn give_chunks(
    caller: &Session,
    request: &OpenDownload,
    layout: Layout,
    end: u64,
    send: &mut SendStream,
) -> Result<(), u32> {
    let mut head = Vec::new();
    for number in [stream_kind::DOWNLOAD, request.download, request.first, request.count] {
        varint::put(&mut head, number);
    }
    write(caller, send, head.into()).await?;
    let mut hashes: Option<(u64, Vec<Hash>)> = None;
    for index in request.first..end {
        let bytes = chunk(caller, request.file, layout, index, &mut hashes).await?;
        let mut rest = bytes;
        while !rest.is_empty() {
            let piece = rest.split_to(rest.len().min(PIECE));
            write(caller, send, piece).await?;
        }
    }
    Ok(())
}

async fn write(caller: &Session, send: &mut SendStream, piece: Bytes) -> Result<(), u32> {
    match timeout(caller.app.files.stall, send.write_chunks(&mut [piece])).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) => Err(close_code::CANCELLED),
        Err(_) => Err(close_code::TOO_SLOW),
    }
}

/// A chunk that the caller may read now, verified. Whether they may is asked for each.
async fn chunk(
    caller: &Session,
    file: u64,
    layout: Layout,
    index: u64,
    hashes: &mut Option<(u64, Vec<Hash>)>,
) -> Result<Bytes, u32> {
    let app = &caller.app;
    let failed = |_| close_code::STORAGE;
    // Once more when the content moved to another one with the same hash meanwhile.
    for _ in 0..2 {
        let row = store::readable(&app.db, caller.account(), file).await.map_err(failed)?;
        let row = row.ok_or(close_code::NO_TRANSFER)?;
        let content = row.content.ok_or(close_code::NO_TRANSFER)?;
        if !row.complete
            && let Some(transfer) = app.files.transfer(app, content).await.map_err(failed)?
            && timeout(app.files.stall, transfer.arrives(index)).await.is_err()
        {
            return Err(close_code::TOO_SLOW);
        }
        if hashes.as_ref().is_none_or(|(of, _)| *of != content) {
            let Some(known) = store::content(&app.db, content).await.map_err(failed)? else { continue };
            *hashes = Some((content, split_hashes(&known.hashes).unwrap_or_default()));
        }
        let expected = hashes.as_ref().and_then(|(_, all)| all.get(index as usize));
        match app.files.blobs.get(content, index).await {
            Ok(bytes) if expected == Some(&layout.hash(index, &bytes)) => return Ok(bytes),
            Ok(_) => {
                tracing::error!(content, index, "a stored chunk is damaged");
                return Err(close_code::WRONG_HASH);
            }
            Err(BlobError::Missing) => {}
            Err(error) => {
                tracing::warn!(%error, "a chunk cannot be read");
                return Err(close_code::STORAGE);
            }
        }
    }
    tracing::error!(file, index, "a stored chunk is missing");
    Err(close_code::STORAGE)
}
