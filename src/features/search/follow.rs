//! The index follows the log: in small batches, a moment behind, never on the send path.

use std::{sync::Arc, time::Duration};

use litrocket_protocol::event::kind;

use super::{store, tokens};
use crate::{app::App, db::IndexChange, error::Result, features::chat};

/// The nice value that leaves the processor to everything else.
const LOWEST_PRIORITY: i32 = 19;
/// Rows of one step.
const STEP: u64 = 256;
/// How long the index rests when it has caught up.
const REST: Duration = Duration::from_millis(250);
/// How long it rests between steps, so that the writer goes first.
const PAUSE: Duration = Duration::from_millis(2);
/// How long it rests after a failure.
const RETRY: Duration = Duration::from_secs(5);

/// Follows the log until the server stops, on a thread of its own: what indexing costs can be seen, and the
/// scheduler lets it wait when others need the processor.
pub fn start(app: Arc<App>) -> std::io::Result<std::thread::JoinHandle<()>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    std::thread::Builder::new().name("indexer".into()).spawn(move || {
        // To Linux a thread is a process with a priority of its own. Without the right to it, all goes on as before.
        let _ = rustix::process::setpriority_process(Some(rustix::thread::gettid()), LOWEST_PRIORITY);
        runtime.block_on(follow(app));
    })
}

/// An index that knows more than the log has was made for another one: of before a power cut, or of before a backup was
/// put back. What comes to those places would never be found.
async fn check(app: &App) -> Result<()> {
    let (indexed, last) = (app.search.indexed()?, store::last(&app.db).await?);
    if indexed > last {
        tracing::warn!(indexed, last, "the search index is ahead of the log and is built again");
        app.search.clear()?;
    }
    Ok(())
}

async fn follow(app: Arc<App>) {
    if !app.search.is_open() {
        return;
    }
    while let Err(error) = check(&app).await {
        tracing::warn!(%error, "the search index does not follow");
        tokio::select! {
            () = tokio::time::sleep(RETRY) => {}
            () = app.until_draining() => return,
        }
    }
    loop {
        let rest = match step(&app).await {
            Ok(0) => REST,
            Ok(_) => PAUSE,
            Err(error) => {
                tracing::warn!(%error, "the search index does not follow");
                RETRY
            }
        };
        tokio::select! {
            () = tokio::time::sleep(rest) => {}
            () = app.until_draining() => return,
        }
    }
}

async fn step(app: &App) -> Result<usize> {
    let indexed = app.search.indexed()?;
    let rows = store::after(&app.db, indexed, STEP).await?;
    let Some((last, ..)) = rows.last() else {
        if app.search.purge(indexed)? {
            tracing::info!("the search index holds no words of what is gone");
        }
        return Ok(0);
    };
    let (last, count) = (*last, rows.len());
    let mut changes = Vec::with_capacity(count);
    for (pos, frame, target) in rows {
        // One that cannot be read is not found; it holds up none of those behind it.
        let event = match chat::decode(&frame) {
            Ok(event) => event,
            Err(error) => {
                tracing::error!(pos, %error, "an event of the log cannot be read and is not indexed");
                continue;
            }
        };
        let set = |pos: u64, text: &str| {
            let mut words = tokens::tokens(text);
            words.push(tokens::scope(event.conversation.0));
            IndexChange::Set(pos, words.join(" "))
        };
        match (event.kind, target) {
            (kind::TEXT | kind::FORWARD | kind::FILE, _) => {
                changes.extend(store::text_of(&event).map(|text| set(pos, &text)));
            }
            (kind::EDIT, Some(target)) => {
                changes.extend(store::text_of(&event).map(|text| set(target, &text)));
            }
            (kind::RECALL, Some(target)) => changes.push(IndexChange::Remove(target)),
            _ => {}
        }
    }
    app.search.apply(&changes, last)?;
    Ok(count)
}
