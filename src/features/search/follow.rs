//! The index follows the log: in small batches, a moment behind, never on the send path.

use std::{sync::Arc, time::Duration};

use litrocket_protocol::event::kind;

use super::{blocking, store, tokens};
use crate::{app::App, db::IndexChange, error::Result, features::chat};

/// Rows of one step.
const STEP: u64 = 256;
/// How long the index rests when it has caught up.
const REST: Duration = Duration::from_millis(250);
/// How long it rests between steps, so that the writer goes first.
const PAUSE: Duration = Duration::from_millis(2);
/// How long it rests after a failure.
const RETRY: Duration = Duration::from_secs(5);

/// Follows the log until the server stops.
pub async fn follow(app: Arc<App>) {
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
    let index = app.search.clone();
    let indexed = blocking(move || index.indexed()).await?;
    let rows = store::after(&app.db, indexed, STEP).await?;
    let Some((last, _)) = rows.last() else { return Ok(0) };
    let (last, count) = (*last, rows.len());
    let mut changes = Vec::with_capacity(count);
    for (pos, frame) in rows {
        let event = chat::decode(&frame)?;
        let set = |pos: u64, text: &str| {
            let mut words = tokens::tokens(text);
            words.push(tokens::scope(event.conversation.0));
            IndexChange::Set(pos, words.join(" "))
        };
        match (event.kind, event.target_seq) {
            (kind::TEXT | kind::FORWARD, _) => {
                changes.extend(store::text_of(&event).map(|text| set(pos, &text)));
            }
            (kind::EDIT, Some(target)) => {
                let pos = store::pos_of(&app.db, event.conversation, target).await?;
                if let (Some(pos), Some(text)) = (pos, store::text_of(&event)) {
                    changes.push(set(pos, &text));
                }
            }
            (kind::RECALL, Some(target)) => {
                let pos = store::pos_of(&app.db, event.conversation, target).await?;
                changes.extend(pos.map(IndexChange::Remove));
            }
            _ => {}
        }
    }
    let index = app.search.clone();
    blocking(move || index.apply(&changes, last)).await?;
    Ok(count)
}
