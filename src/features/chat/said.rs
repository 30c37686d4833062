//! What an account said, and did in groups, for that account.

use litrocket_protocol::{
    AccountId, ConversationId,
    event::{Event, File, Forwarded, Text, kind},
    frame, hex,
};
use serde_json::{Value, json};

use super::store;
use crate::{db::Db, error::Result};

/// Events of a log that one look passes.
const LOOK: u64 = 5_000;
/// Looks of one page, so that a long log of others costs a page no more than this.
const LOOKS: usize = 20;

/// Where something stands: the conversation, and the event.
type LogCursor = (u64, u64);
/// The type of a line, the line, and where it stands.
type Line = (&'static str, Value, LogCursor);

/// What an account said behind a place, with the places; where to go on.
pub(crate) async fn said(
    db: &Db,
    account: AccountId,
    after: LogCursor,
    limit: usize,
) -> Result<(Vec<Line>, Option<LogCursor>)> {
    let (mut lines, mut at) = (Vec::new(), after);
    for _ in 0..LOOKS {
        // The conversation of the place itself comes first, as long as it has events behind the place.
        let page = store::memberships(db, account, ConversationId(at.0.saturating_sub(1)), 1).await?;
        let Some((conversation, _)) = page.first().copied() else { return Ok((lines, None)) };
        let from = if conversation.0 == at.0 { at.1 + 1 } else { 1 };
        let to = from + LOOK - 1;
        let room = limit - lines.len();
        let found = store::caused(db, conversation, account, (from, to), room as u64).await?;
        let full = found.len() >= room;
        for (seq, bytes) in found {
            at = (conversation.0, seq);
            let (name, line) = line(&super::decode(&bytes)?);
            lines.push((name, line, at));
        }
        if full {
            return Ok((lines, Some(at)));
        }
        let head = store::head(db, conversation).await?;
        at = if to < head { (conversation.0, to) } else { (conversation.0 + 1, 0) };
    }
    Ok((lines, Some(at)))
}

/// The line of an event, and its type: what the server made of a request stands apart from what was said.
fn line(event: &Event) -> (&'static str, Value) {
    let mut line = json!({"conversation": event.conversation.0, "event_seq": event.event_seq, "at_ms": event.at_ms,
        "kind": kind::name(event.kind)});
    if let Some(target) = event.target_seq {
        line["target_seq"] = json!(target);
    }
    if event.edited_by.is_some() {
        line["edited_by"] = json!(event.edited_by);
    }
    if (kind::CREATED..kind::PRIVATE_FIRST).contains(&event.kind) {
        // The bodies of these kinds hold nothing but texts, numbers and lists of them.
        if let (Some(line), Ok(Value::Object(fields))) = (line.as_object_mut(), frame::decode(&event.body)) {
            line.extend(fields);
        }
        return ("group_event", line);
    }
    match event.kind {
        kind::TEXT | kind::EDIT => {
            if let Ok(text) = frame::decode::<Text>(&event.body) {
                line["text"] = json!(text.text);
                line["mentions"] = text.mentions.iter().map(|mention| mention.account.0).collect();
                line["everybody"] = json!(text.everybody);
            }
        }
        kind::FORWARD => {
            if let Ok(forwarded) = frame::decode::<Forwarded>(&event.body) {
                line["text"] = json!(forwarded.text);
                line["from"] = json!(forwarded.from.0);
                if let Some(file) = forwarded.file {
                    line["file"] = json!(file.file);
                    line["name"] = json!(file.name);
                }
            }
        }
        kind::FILE => {
            if let Ok(file) = frame::decode::<File>(&event.body) {
                line["file"] = json!(file.file);
                line["name"] = json!(file.name);
                line["text"] = json!(file.text);
                line["alt"] = json!(file.alt);
            }
        }
        kind::RECALL => {}
        _ => {
            line["fallback"] = json!(event.fallback);
            line["body"] = json!(hex::encode(&event.body));
        }
    }
    ("message", line)
}
