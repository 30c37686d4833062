//! What people reported to the operators.

use litrocket_protocol::{Fault, event::Text, fault::code, frame};
use serde_json::{Value, json};

use super::{LINES_MAX, store};
use crate::{app::App, error::Result, features::chat};

pub(super) async fn list(app: &App, after: u64, all: bool) -> Result<Vec<Value>> {
    let rows = store::reports(&app.db, after, all, LINES_MAX).await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            json!({"type": "report", "id": row.id, "at_ms": row.at_ms, "reporter": row.reporter,
                "conversation": row.conversation, "event_seq": row.event_seq, "account": row.account,
                "moment": row.moment, "text": row.text, "said": row.frame.and_then(said),
                "closed_ms": row.closed_ms})
        })
        .collect())
}

/// The words of the message that is reported, as far as they are text and not taken back.
fn said(bytes: Vec<u8>) -> Option<String> {
    let event = chat::decode(&bytes).ok()?;
    frame::decode::<Text>(&event.body).ok().map(|text| text.text)
}

pub(super) async fn close(app: &App, id: u64) -> Result<Vec<Value>> {
    if app.writer.run(move |tx| Box::pin(store::close_report(tx, id))).await? == 0 {
        return Err(Fault::new(code::NOT_FOUND).message("There is no such report.").into());
    }
    tracing::info!(report = id, "an operator closed a report");
    Ok(Vec::new())
}
