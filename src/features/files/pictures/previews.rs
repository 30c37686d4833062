//! Pictures: looked at once, when they are complete, by one task, one after the other; accounts take turns. What decoding takes is bounded, and
//! a picture that brings it down harms no other. Recordings are looked at in the same way, for how long they are.
//!
//! A row in `pictures` waits until it was looked at, also over a restart. Only what was decoded, or refused by its decoder,
//! is done with: after everything else it is looked at again. Start with [`make_previews`].

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use bytes::Bytes;
use litrocket_core::chunks::{Layout, split_hashes};
use litrocket_pictures::{LIMITS, PictureError, previews};
use litrocket_protocol::{
    Fault,
    fault::code,
    limits::VOICE_MS_MAX,
    pictures::{GetPreview, PREVIEW_SIZES, Preview},
};
use tokio::{sync::OwnedSemaphorePermit, time::timeout};

use super::{
    picture_store::{self, Found},
    voice,
};
use crate::{
    app::App,
    db,
    error::{Error, Result},
    features::files::{
        Files,
        storage::{blobs::BlobError, content_store, place::ContentPlace},
        store,
        transfer::transfers::unavailable,
    },
    loops::{self, Next, Rhythm},
    rpc::Session,
    writer::Tx,
};

/// How often somebody looks for pictures that nobody was told of.
const INTERVAL: Duration = Duration::from_secs(30);
/// The pause after the storage failed.
const PAUSE: Duration = Duration::from_secs(1);
/// How long a picture waits whose bytes cannot be read now, in milliseconds.
pub(in crate::features::files) const AWAY_MS: u64 = 60_000;
/// The same of one with a chunk that was found changed or lost, or whose decoder broke down.
const BROKEN_MS: u64 = 3_600_000;
/// The same of one whose owners have no room for small pictures.
pub(super) const ROOM_MS: u64 = 600_000;
/// Pictures that one job lets be looked at once more: the writer is not held up for long.
pub(super) const STEP: u64 = 500;
/// How long the end of an upload waits for its previews.
const WAIT: Duration = Duration::from_secs(5);

/// Looks at pictures for as long as the server runs.
pub async fn make_previews(app: Arc<App>) {
    if let Err(error) = app.writer.run(|tx| Box::pin(picture_store::put_off_begun(tx))).await {
        tracing::debug!(%error, "pictures that were under way do not wait");
    }
    loop {
        match app.writer.run(|tx| Box::pin(picture_store::refused_before(tx, STEP))).await {
            Ok(count) if count >= STEP => {}
            Ok(_) => break,
            Err(error) => {
                tracing::debug!(%error, "pictures that an older decoder refused wait for the next start");
                break;
            }
        }
    }
    let late = "a picture waits";
    let rhythm = Rhythm { wake: Some(&app.files.arrived), rest: INTERVAL, pause: PAUSE, late };
    loops::forever(rhythm, async || Ok(Next::after(make_preview_now(&app).await?))).await;
}

/// Looks at one picture; whether there was one.
pub async fn make_preview_now(app: &App) -> Result<bool> {
    let now = app.clock.now_ms();
    let Some((content, size, media_type)) = picture_store::next(&app.db, now).await? else {
        return Ok(false);
    };
    let looking = Looking::at(&app.files, content);
    let looked = look_at(app, content, size, &media_type).await;
    drop(looking);
    let pause = match &looked {
        Ok(Looked::Done) => None,
        Ok(Looked::Broken) => Some(BROKEN_MS),
        Ok(Looked::NoRoom) => Some(ROOM_MS),
        Err(_) => Some(AWAY_MS),
    };
    if let Some(pause) = pause {
        app.writer.run(move |tx| Box::pin(picture_store::put_off(tx, content, now + pause))).await?;
    }
    app.files.looked.notify_waiters();
    app.files.news.notify_one();
    looked.map(|_| true)
}

/// A content that is being looked at, until this is dropped. What is left of it in the storage is not deleted before: small
/// pictures may still come to it.
struct Looking<'a>(&'a Files);

impl<'a> Looking<'a> {
    fn at(files: &'a Files, content: u64) -> Self {
        files.looking.store(content, Ordering::SeqCst);
        Self(files)
    }
}

impl Drop for Looking<'_> {
    fn drop(&mut self) {
        self.0.looking.store(0, Ordering::SeqCst);
    }
}

/// How a look at a picture ended.
enum Looked {
    /// What it is is known, or it is gone.
    Done,
    /// Its bytes are not whole, or its decoder broke down.
    Broken,
    /// Nobody who has it has room for small pictures.
    NoRoom,
}

/// Looks at a picture.
async fn look_at(app: &App, content: u64, size: u64, media_type: &str) -> Result<Looked> {
    let Some(known) = content_store::content(&app.db, content).await? else { return Ok(Looked::Done) };
    let away = |error| unavailable(&error);
    app.files.there(app).await.map_err(away)?;
    // Where nobody has room for small pictures it costs no reading and no decoding.
    if media_type != picture_store::RECORDING
        && !picture_store::has_room(&app.db, content, app.files.quota).await?
    {
        take_away(app, known.place).await?;
        return Ok(Looked::NoRoom);
    }
    let turn = turn(app).await?;
    let Some(bytes) = bytes(app, content, size).await? else { return Ok(Looked::Broken) };
    if !app.writer.run(move |tx| Box::pin(picture_store::begin(tx, content))).await? {
        return Ok(Looked::Done);
    }
    let found = if media_type == picture_store::RECORDING {
        let duration = voice::duration_ms(&bytes).filter(|ms| (1..=VOICE_MS_MAX).contains(ms));
        duration.map_or(Found::Nothing, Found::Recording)
    } else {
        match decode(app, turn, move || previews(&bytes, &PREVIEW_SIZES, LIMITS)).await {
            Ok(made) => Found::Picture(made),
            Err(Undecoded::Refused(PictureError::TooLarge)) => Found::TooLarge,
            Err(Undecoded::Refused(_)) => Found::Nothing,
            Err(Undecoded::Broken) => return Ok(Looked::Broken),
        }
    };
    if !matches!(found, Found::Picture(_)) {
        take_away(app, known.place).await?;
    }
    // Before anything is stored: the room may be taken by now.
    let (bytes, quota) = (found.preview_bytes(), app.files.quota);
    if !app.writer.run(move |tx| Box::pin(picture_store::charge(tx, content, bytes, quota))).await? {
        return Ok(Looked::NoRoom);
    }
    if let Found::Picture(found) = &found {
        for (size, jpeg) in PREVIEW_SIZES.iter().zip(&found.jpegs) {
            let put = app.files.blobs.put_preview(known.place, *size, jpeg.clone().into()).await;
            put.map_err(away)?;
        }
    }
    let work = async move |tx: &mut Tx| picture_store::settle(tx, known.place, &found).await;
    app.writer.run(move |tx| Box::pin(async move { work(tx).await })).await?;
    Ok(Looked::Done)
}

/// Takes small pictures away, if any were stored.
async fn take_away(app: &App, place: ContentPlace) -> Result<()> {
    let content = place.content;
    if picture_store::stored_previews(&app.db, content).await?.is_some() {
        app.files.blobs.delete_previews(place).await.map_err(|error| unavailable(&error))?;
        app.writer.run(move |tx| Box::pin(picture_store::taken_away(tx, content))).await?;
    }
    Ok(())
}

/// The whole of a content, verified; `None` when it is gone or damaged.
pub(super) async fn bytes(app: &App, content: u64, size: u64) -> Result<Option<Vec<u8>>> {
    let Some(known) = content_store::content(&app.db, content).await? else { return Ok(None) };
    let layout = Layout::new(size);
    let hashes = split_hashes(&known.hashes).unwrap_or_default();
    let mut all = Vec::with_capacity(size as usize);
    for (index, hash) in (0..layout.chunks()).zip(&hashes) {
        match app.files.blobs.get(known.place, layout, index).await {
            Ok(chunk) if chunk.hash == *hash => {
                for piece in &chunk.pieces {
                    all.extend_from_slice(piece);
                }
            }
            Ok(_) => return Ok(None),
            Err(BlobError::Missing) => {
                app.files.there(app).await.map_err(|error| unavailable(&error))?;
                return Ok(None);
            }
            Err(error) => return Err(unavailable(&error)),
        }
    }
    Ok((all.len() as u64 == size).then_some(all))
}

/// One picture at a time in the whole server.
pub(in crate::features::files) struct Turn(OwnedSemaphorePermit);

/// Waits for one's turn. Take it before the bytes: who waits shall hold none.
pub(super) async fn turn(app: &App) -> Result<Turn> {
    let permit = Arc::clone(&app.files.decoding).acquire_owned().await;
    permit.map(Turn).map_err(|error| Error::Internal(error.to_string()))
}

/// Why a picture was not decoded.
pub(in crate::features::files) enum Undecoded {
    /// It is none, or takes too much.
    Refused(PictureError),
    /// The decoder broke down, or the server ends.
    Broken,
}

/// Decodes on a thread for it. The turn goes with the work: who asked may be gone before it is done.
pub(in crate::features::files) async fn decode<T: Send + 'static>(
    app: &App,
    Turn(permit): Turn,
    work: impl FnOnce() -> Result<T, PictureError> + Send + 'static,
) -> Result<T, Undecoded> {
    let done = app.files.blobs.workers.run(move || {
        let done = work();
        drop(permit);
        done
    });
    match done.await {
        Ok(made) => made.map_err(Undecoded::Refused),
        Err(error) => {
            tracing::error!(%error, "a picture could not be decoded");
            Err(Undecoded::Broken)
        }
    }
}

/// Waits a moment for the previews of a content that is complete.
pub(in crate::features::files) async fn settled(app: &App, content: u64) -> Result<()> {
    let wait = async {
        loop {
            let mut looked = std::pin::pin!(app.files.looked.notified());
            looked.as_mut().enable();
            if !picture_store::waits(&app.db, content, app.clock.now_ms()).await? {
                return Ok(());
            }
            looked.await;
        }
    };
    // It comes later then: nothing but a preview is missing.
    timeout(WAIT, wait).await.unwrap_or(Ok(()))
}

pub(in crate::features::files) async fn get(caller: Session, request: GetPreview) -> Result<Preview> {
    let app = &caller.app;
    if !PREVIEW_SIZES.contains(&request.size) {
        return Err(Fault::new(code::BAD_VALUE).field("size").message("Use 160 or 640.").into());
    }
    let file = store::readable(&app.db, caller.account(), request.file)
        .await?
        .ok_or_else(|| Error::missing("file"))?;
    let content = file.content.ok_or_else(|| Error::from(code::FILE_GONE))?;
    let sums = picture_store::sums(&app.db, content).await?.ok_or_else(|| Error::from(code::NO_PREVIEW))?;
    let known =
        content_store::content(&app.db, content).await?.ok_or_else(|| Error::from(code::FILE_GONE))?;
    match app.files.blobs.get_preview(known.place, request.size).await {
        Ok(bytes) if picture_store::is_preview(&bytes, &sums, request.size) => return Ok(preview(bytes)),
        Ok(_) => {}
        Err(BlobError::Missing) => {
            app.files.there(app).await.map_err(|error| unavailable(&error))?;
        }
        Err(error) => return Err(unavailable(&error)),
    }
    tracing::error!(content, size = request.size, "a small picture is damaged or missing, and is made anew");
    let list = db::list([content])?;
    app.writer.run(move |tx| Box::pin(async move { picture_store::look_again(tx, &list).await })).await?;
    app.files.arrived.notify_one();
    Err(code::NO_PREVIEW.into())
}

pub(super) fn preview(bytes: Bytes) -> Preview {
    Preview { media_type: "image/jpeg".into(), bytes: bytes.into() }
}
