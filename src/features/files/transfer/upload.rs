//! Uploads: opening, the streams that bring chunks, asking, giving up.

use std::sync::{Arc, atomic::Ordering};

use bytes::{Bytes, BytesMut};
use litrocket_core::chunks::{Layout, split_hashes};
use litrocket_protocol::{
    AccountId, Fault,
    account::Done,
    close_code,
    fault::code,
    files::{CancelUpload, FileInfo, FinishUpload, ListUploads, OpenUpload, Upload, Uploads, file_state},
    limits,
};
use tokio::time::{Instant, timeout};

use super::{
    shares::{Memory, Share},
    transfers::{NotStored, Transfer, unavailable},
};
use crate::{
    app::App,
    error::{Error, Result},
    features::{
        cut,
        files::{
            STALL_BYTES, infos,
            pictures::previews,
            progress, sniff,
            storage::{blobs::BlobError, content_store},
            storage_full, store,
            upkeep::expiry_store,
        },
        page_limit,
    },
    limits::REQUEST_TIME,
    rpc::Session,
    transport::RecvStream,
    writer::Tx,
};

/// Bytes of a stream that are taken at once.
const GULP: usize = 64 * 1024;
/// The media type of a file without content.
const EMPTY_TYPE: &str = "application/octet-stream";

pub(in crate::features::files) async fn open(caller: Session, request: OpenUpload) -> Result<Upload> {
    let app = caller.app.clone();
    let layout = Layout::new(request.size);
    check(&app, &request, layout)?;
    let quota = app.config.files.quota_mib << 20;
    let has_room = app.files.blobs.has_room(request.size);
    let has_room = has_room
        && match app.files.there(&app).await {
            Ok(()) => true,
            Err(error) => {
                tracing::warn!(%error, "nothing can be stored");
                false
            }
        };
    let me = caller.account();
    let (file, empty) =
        app.writer.run(move |tx| Box::pin(open_in(tx, me, request, layout, quota, has_room))).await?;
    if let Some(content) = empty {
        complete(&app, content, EMPTY_TYPE.into()).await?;
    }
    told(&app, me, file).await
}

fn check(app: &App, request: &OpenUpload, layout: Layout) -> Result<(), Fault> {
    let name = request.name.len();
    if name == 0 || name > limits::FILE_NAME_BYTES_MAX {
        return Err(Fault::new(code::TOO_LONG)
            .field("name")
            .within_bytes(1, limits::FILE_NAME_BYTES_MAX as u64));
    }
    let most = (app.config.files.file_mib_max << 20).min(limits::FILE_BYTES_MAX);
    if request.size > most {
        return Err(Fault::new(code::FILE_TOO_LARGE).field("size").limit(most));
    }
    let hashes = split_hashes(&request.hashes).ok_or_else(|| Fault::new(code::BAD_VALUE).field("hashes"))?;
    if hashes.len() as u64 != layout.chunks() {
        return Err(Fault::new(code::BAD_VALUE).field("hashes").limit(layout.chunks()));
    }
    if layout.root(&hashes).is_none_or(|root| root[..] != request.blake3) {
        return Err(Fault::new(code::WRONG_HASH).field("blake3"));
    }
    Ok(())
}

/// The file, and its content if that is complete without a chunk.
async fn open_in(
    tx: &mut Tx,
    me: AccountId,
    request: OpenUpload,
    layout: Layout,
    quota: u64,
    has_room: bool,
) -> Result<(u64, Option<u64>)> {
    let same = store::same(tx, me, &request.blake3, &request.name).await?;
    let is_it = |same: &&store::File| same.content.is_some() && !same.damaged && same.size == request.size;
    if let Some(same) = same.as_ref().filter(is_it) {
        store::touch(tx, same).await?;
        return Ok((same.id, None));
    }
    let known = store::readable_content(tx, me, &request.blake3).await?;
    // The hash of a single chunk says nothing of its size.
    if known.as_ref().is_some_and(|(.., size)| *size != request.size) {
        return Err(Fault::new(code::WRONG_HASH).field("size").into());
    }
    let at = known.as_ref().map(|(content, ..)| *content);
    store::check_quota(tx, me, (request.size, at, same.as_ref()), quota, "size").await?;
    let complete = known.is_some();
    let (content, media_type) = match known {
        Some((content, media_type, _)) => (content, media_type),
        None if !has_room => return Err(storage_full().into()),
        None => {
            let id = content_store::new_content(tx, &request.blake3, request.size, &request.hashes).await?;
            (id, String::new())
        }
    };
    let file = store::File {
        id: 0,
        owner: me,
        name: request.name,
        size: request.size,
        blake3: request.blake3,
        media_type,
        content: Some(content),
        complete,
        made_ms: tx.now_ms(),
        damaged: false,
    };
    let id = store::put_file(tx, &file).await?;
    if let Some(damaged) = same.and_then(|same| same.content) {
        content_store::drop_unreferenced(tx, damaged).await?;
    }
    Ok((id, (layout.is_empty() && !complete).then_some(content)))
}

async fn told(app: &App, me: AccountId, file: u64) -> Result<Upload> {
    let file = store::own(&app.db, me, file).await?.ok_or_else(|| Error::missing("file"))?;
    let refused = match file.content.filter(|_| !file.complete) {
        Some(content) => app.files.transfer(app, content).await?.and_then(|transfer| transfer.refused(me)),
        None => None,
    };
    let (state, have) = progress(app, &file).await?;
    Ok(Upload { file: file.id, state, chunk_bytes: Layout::new(file.size).chunk_bytes, have, refused })
}

pub(in crate::features::files) async fn finish(caller: Session, request: FinishUpload) -> Result<Upload> {
    let (app, me) = (&caller.app, caller.account());
    let file = store::own(&app.db, me, request.file).await?.ok_or_else(|| Error::missing("file"))?;
    if let Some(content) = file.content.filter(|_| !file.complete)
        && let Some(transfer) = app.files.transfer(app, content).await?
    {
        // Whoever still streams after this time is told of what is there so far.
        let _ = timeout(REQUEST_TIME / 2, transfer.quiet(me)).await;
        // A server that ended between the last chunk and its note left it complete.
        complete_if_whole(app, &transfer).await?;
    }
    if let Some(file) = store::own(&app.db, me, request.file).await?
        && let Some(content) = file.content.filter(|_| file.complete)
    {
        previews::settled(app, content).await?;
    }
    told(app, me, request.file).await
}

pub(in crate::features::files) async fn cancel(caller: Session, request: CancelUpload) -> Result<Done> {
    let me = caller.account();
    let work = async move |tx: &mut Tx| match store::own_in(tx, me, request.file).await? {
        Some(file) if !file.complete && file.content.is_some() => {
            Ok((true, expiry_store::give_up(tx, &file).await?))
        }
        // It is complete, or was given up before.
        _ => Ok((false, None)),
    };
    let (taken, gone) = caller.app.writer.run(move |tx| Box::pin(async move { work(tx).await })).await?;
    if let Some(content) = gone {
        caller.app.files.transfers.close(content).await;
        caller.app.files.collect.notify_one();
    }
    Ok(Done::if_changed(taken))
}

pub(in crate::features::files) async fn list(caller: Session, request: ListUploads) -> Result<Uploads> {
    let limit = page_limit(request.limit)?;
    let (app, me) = (&caller.app, caller.account());
    let mut rows = store::uploads(&app.db, me, request.after.unwrap_or(0), limit + 1).await?;
    let more = rows.len() as u64 > limit;
    rows.truncate(limit as usize);
    let mut uploads: Vec<FileInfo> = infos(app, rows).await?;
    uploads.retain(|upload| upload.state == file_state::UPLOADING);
    let more = cut(&mut uploads, limit) || more;
    let used_bytes = store::used_now(&app.db, me).await?;
    Ok(Uploads { uploads, more, used_bytes, quota_bytes: app.config.files.quota_mib << 20 })
}

/// A stream with chunks of an upload.
pub(in crate::features::files) async fn receive(session: Session, mut recv: RecvStream) {
    let app = session.app.clone();
    let work = async {
        match take(&session, &mut recv).await {
            Ok(()) => {}
            Err(code) => recv.stop(code),
        }
    };
    tokio::select! {
        () = work => {}
        () = app.until_draining() => {}
    }
}

async fn take(session: &Session, recv: &mut RecvStream) -> Result<(), u32> {
    let (app, files) = (&session.app, &session.app.files);
    let head = timeout(files.stall, async {
        let mut numbers = [0; 3];
        for number in &mut numbers {
            *number = recv.varint().await.ok().flatten().ok_or(close_code::BAD_FRAME)?;
        }
        Ok::<_, u32>(numbers)
    });
    let [file, first, count] = head.await.map_err(|_| close_code::TOO_SLOW)??;
    let failed = |error: crate::error::Error| {
        tracing::debug!(%error, "an upload's stream ends");
        close_code::STORAGE
    };
    let row = store::own(&app.db, session.account(), file).await.map_err(failed)?;
    let content = row.filter(|row| !row.complete).and_then(|row| row.content);
    let content = content.ok_or(close_code::NO_TRANSFER)?;
    let transfer = files.transfer(app, content).await.map_err(failed)?.ok_or(close_code::NO_TRANSFER)?;
    let share = files.shares.stream(session.account(), transfer.layout).ok_or(close_code::BUSY)?;
    let streaming = transfer.streaming(session.account());
    let taken = take_chunks(app, recv, (&transfer, &share), first, count).await;
    if let Err(code) = taken {
        transfer.refuse(session.account(), code);
    }
    drop(streaming);
    taken
}

async fn take_chunks(
    app: &App,
    recv: &mut RecvStream,
    (transfer, share): (&Arc<Transfer>, &Share),
    first: u64,
    count: u64,
) -> Result<(), u32> {
    let end = first.checked_add(count).filter(|end| *end <= transfer.layout.chunks());
    for index in first..end.ok_or(close_code::WRONG_SIZE)? {
        let memory = share.memory(app.files.stall).await.ok_or(close_code::BUSY)?;
        let bytes = chunk(app, recv, share, transfer.layout.len(index) as usize).await?;
        store_chunk(app, transfer, index, (bytes, memory)).await?;
    }
    match timeout(app.files.stall, recv.read(&mut BytesMut::new(), 1)).await {
        Err(_) => Err(close_code::TOO_SLOW),
        Ok(Ok(1..)) => Err(close_code::WRONG_SIZE),
        Ok(_) => Ok(()),
    }
}

/// The next bytes of the stream, with the least progress that is asked for.
async fn chunk(app: &App, recv: &mut RecvStream, share: &Share, length: usize) -> Result<Bytes, u32> {
    let mut buffer = BytesMut::with_capacity(length);
    let mut began = Instant::now();
    let (mut since, mut at) = (began, 0);
    while buffer.len() < length {
        // No more at once than a rate of the operator's may be charged for in one go.
        let missing = (length - buffer.len()).min(GULP);
        match timeout(app.files.stall, recv.read(&mut buffer, missing)).await {
            Err(_) => return Err(close_code::TOO_SLOW),
            Ok(Ok(bytes @ 1..)) => {
                app.files.brought.fetch_add(bytes as u64, Ordering::Relaxed);
                let held = share.pace(bytes).await;
                (began, since) = (began + held, since + held);
            }
            // Fewer bytes than announced: what is whole was stored, the rest comes again.
            Ok(_) => return Err(close_code::CANCELLED),
        }
        if share.is_too_slow(began, buffer.len(), app.files.stall) && buffer.len() < length {
            return Err(close_code::TOO_SLOW);
        }
        if since.elapsed() > app.files.stall {
            if buffer.len() - at < STALL_BYTES && buffer.len() < length {
                return Err(close_code::TOO_SLOW);
            }
            (since, at) = (Instant::now(), buffer.len());
        }
    }
    Ok(buffer.freeze())
}

/// Verifies a chunk, stores it, and finishes the upload with the last one.
async fn store_chunk(
    app: &App,
    transfer: &Arc<Transfer>,
    index: u64,
    (bytes, memory): (Bytes, Memory),
) -> Result<(), u32> {
    transfer.store(&app.files.blobs, index, (bytes, memory)).await.map_err(|error| match error {
        NotStored::Gone => close_code::NO_TRANSFER,
        NotStored::Wrong => close_code::WRONG_HASH,
        NotStored::Blob(BlobError::Full) => close_code::STORAGE,
        NotStored::Blob(error) => {
            tracing::warn!(%error, "a chunk cannot be stored");
            close_code::STORAGE
        }
    })?;
    let finished = async {
        if transfer.is_news(app.clock.now_ms()) {
            let content = transfer.content;
            app.writer.run(move |tx| Box::pin(content_store::moved(tx, content))).await?;
        }
        complete_if_whole(app, transfer).await
    };
    finished.await.map_err(|error| {
        tracing::warn!(%error, "an upload cannot be finished");
        close_code::STORAGE
    })
}

pub(in crate::features::files) async fn complete_if_whole(app: &App, transfer: &Transfer) -> Result<()> {
    if !transfer.have().is_complete() {
        return Ok(());
    }
    if transfer.layout.is_empty() {
        // It has no chunk: a server that ended before it was noted as complete left it so.
        return complete(app, transfer.content, EMPTY_TYPE.into()).await;
    }
    // A storage that was away may have come back with less than it took.
    let there =
        app.files.blobs.have(transfer.place, transfer.layout).await.map_err(|error| unavailable(&error))?;
    if !there.is_complete() {
        tracing::warn!(content = transfer.content, missing = there.missing(), "stored chunks are gone");
        transfer.correct(there);
        return Ok(());
    }
    let first =
        app.files.blobs.get(transfer.place, transfer.layout, 0).await.map_err(|error| unavailable(&error))?;
    complete(app, transfer.content, sniff(first.pieces.first().map_or(&[], |piece| piece))).await
}

/// Notes that a content is complete. Doing it again changes nothing.
async fn complete(app: &App, content: u64, media_type: String) -> Result<()> {
    let quota = app.files.quota;
    let work = async move |tx: &mut Tx| content_store::complete(tx, content, &media_type, quota).await;
    app.writer.run(move |tx| Box::pin(async move { work(tx).await })).await?;
    app.files.transfers.close(content).await;
    app.files.collect.notify_one();
    app.files.arrived.notify_one();
    app.files.news.notify_one();
    Ok(())
}
