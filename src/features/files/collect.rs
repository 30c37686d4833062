//! Takes away what nothing refers to: uploads that were given up, files without a message, files beyond their
//! time, and the chunks of all of them.

use std::{sync::Arc, time::Duration};

use super::store;
use crate::{app::App, error::Result, writer::Tx};

/// How often somebody looks; recalls and cancelled uploads are found at the latest then.
const INTERVAL: Duration = Duration::from_secs(10);
/// Files that one job takes away: the writer is not held up for long.
const STEP: u64 = 100;
/// How long a complete file may wait for a message to carry it.
const UNUSED_MS: u64 = 24 * 3_600_000;
const DAY_MS: u64 = 86_400_000;

/// Collects for as long as the server runs.
pub async fn collect(app: Arc<App>) {
    loop {
        match collect_now(&app).await {
            Ok(count) if count >= STEP => continue,
            Ok(_) => {}
            Err(error) => tracing::debug!(%error, "unused files stay for now"),
        }
        let _ = tokio::time::timeout(INTERVAL, app.files.collect.notified()).await;
    }
}

/// Collects some; how many files and contents went.
pub async fn collect_now(app: &App) -> Result<u64> {
    let now = app.clock.now_ms();
    let config = &app.config.files;
    let before = |ms: u64| now.saturating_sub(ms);
    let uploads = before(config.upload_days * DAY_MS);
    let made = if config.retention_days == 0 { 0 } else { before(config.retention_days * DAY_MS) };
    let unused = before(UNUSED_MS);
    let work = async move |tx: &mut Tx| store::expire(tx, unused, uploads, made, STEP).await;
    let files = app.writer.run(move |tx| Box::pin(async move { work(tx).await })).await?;
    let leftovers = store::leftovers(&app.db, STEP).await?;
    let count = leftovers.len() as u64;
    for content in leftovers {
        app.files.transfers.forget(content);
        app.files.blobs.delete(content).await.map_err(|error| super::transfers::unavailable(&error))?;
        app.writer.run(move |tx| Box::pin(store::forget_leftover(tx, content))).await?;
    }
    Ok(files.max(count))
}
