//! Takes away what nothing refers to: uploads that were given up, files without a message, files beyond their
//! time, and the chunks of all of them.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use super::expiry_store;
use crate::{
    app::App,
    error::Result,
    features::files::{
        storage::content_store,
        transfer::{transfers::unavailable, upload},
    },
    limits::DAY_MS,
    loops::{self, Next, Rhythm},
    writer::Tx,
};

/// How often somebody looks; recalls and cancelled uploads are found at the latest then.
const INTERVAL: Duration = Duration::from_secs(10);
/// Files that one job takes away: the writer is not held up for long.
const STEP: u64 = 100;
/// How long a complete file may wait for a message to carry it.
pub(super) const UNUSED_MS: u64 = 24 * 3_600_000;
/// Chunks that could not be deleted are tried again after this time.
const RETRY_MS: u64 = 60_000;
/// Contents that may fail before the rest waits for the next time: the storage may be away as a whole.
const FAILED_MAX: u64 = 3;
/// Conversations that are looked at in one go, and what goes of one: the writer is not held up for long.
const SWEEP: u64 = 50;

/// Collects for as long as the server runs.
pub async fn collect(app: Arc<App>) {
    match app.files.blobs.sweep_staged().await {
        Ok(0) => {}
        Ok(count) => tracing::info!(count, "took away what unfinished writes left among the files"),
        Err(error) => tracing::warn!(%error, "what unfinished writes left among the files stays"),
    }
    if let Err(error) = complete_all(&app, u64::MAX >> 1).await {
        tracing::debug!(%error, "whether uploads are complete is found out when they go on");
    }
    let late = "unused files stay a little longer";
    let rhythm = Rhythm { wake: Some(&app.files.collect), rest: INTERVAL, pause: INTERVAL, late };
    loops::forever(rhythm, async || Ok(Next::after(collect_now(&app).await? >= STEP))).await;
}

/// Lets files go that nobody reads any more, some conversations after the other, for as long as the server runs.
pub async fn sweep(app: Arc<App>) {
    let late = "files that nobody reads stay a little longer";
    let rhythm = Rhythm { wake: None, rest: INTERVAL, pause: INTERVAL, late };
    loops::forever(rhythm, async || sweep_now(&app).await.map(|_| Next::Rest)).await;
}

/// Collects some; how many files and contents went.
pub async fn collect_now(app: &App) -> Result<u64> {
    let now = app.clock.now_ms();
    let config = &app.config.files;
    let before = |ms: u64| now.saturating_sub(ms);
    let kept = |days: u64| if days == 0 { 0 } else { before(days * DAY_MS) };
    let moved = match complete_all(app, before(config.upload_days * DAY_MS)).await {
        Ok(()) => before(config.upload_days * DAY_MS),
        Err(error) => {
            tracing::debug!(%error, "uploads stay until it is known whether they are complete");
            0
        }
    };
    let before = expiry_store::Before {
        unused: before(UNUSED_MS),
        moved,
        made: kept(config.retention_days),
        shelved: kept(config.group_retention_days),
    };
    let work = async move |tx: &mut Tx| expiry_store::expire(tx, before, STEP).await;
    let files = app.writer.run(move |tx| Box::pin(async move { work(tx).await })).await?;
    let mut failed = 0;
    let mut gone = 0;
    let leftovers = content_store::leftovers(&app.db, now, STEP).await?;
    // A storage that is away would seem to have let go of all.
    if !leftovers.is_empty() {
        app.files.there(app).await.map_err(|error| unavailable(&error))?;
    }
    for place in leftovers {
        let content = place.content;
        // Small pictures may still come to it; whoever looks at it ends before it goes.
        if app.files.looking.load(Ordering::SeqCst) == content {
            continue;
        }
        // Nothing is written behind the deletion.
        app.files.transfers.close(content).await;
        match app.files.blobs.delete(place).await {
            Ok(()) => {
                app.writer.run(move |tx| Box::pin(content_store::forget_leftover(tx, content))).await?;
                gone += 1;
            }
            Err(error) => {
                tracing::warn!(content, %error, "chunks that nothing refers to cannot be deleted yet");
                let again = now + RETRY_MS;
                let work = async move |tx: &mut Tx| content_store::put_off_leftover(tx, content, again).await;
                app.writer.run(move |tx| Box::pin(async move { work(tx).await })).await?;
                failed += 1;
                if failed >= FAILED_MAX {
                    break;
                }
            }
        }
    }
    Ok(files.max(gone))
}

/// Notes uploads as complete of which the storage has all: a server that ended between the last chunk and its note left them
/// so. Goes over those to which nothing came since some time.
async fn complete_all(app: &App, before_ms: u64) -> Result<()> {
    let mut after = 0;
    loop {
        let contents = content_store::open_since(&app.db, after, before_ms, STEP).await?;
        let Some(last) = contents.last() else { return Ok(()) };
        after = *last;
        for content in contents {
            if let Some(transfer) = app.files.transfer(app, content).await? {
                upload::complete_if_whole(app, &transfer).await?;
            }
        }
    }
}

/// Lets the files of some conversations go that nobody reads any more; how many.
pub async fn sweep_now(app: &App) -> Result<u64> {
    let after = app.files.swept.load(Ordering::Relaxed);
    let work = async move |tx: &mut Tx| expiry_store::sweep(tx, after, SWEEP).await;
    let (next, count) = app.writer.run(move |tx| Box::pin(async move { work(tx).await })).await?;
    app.files.swept.store(next, Ordering::Relaxed);
    Ok(count)
}
