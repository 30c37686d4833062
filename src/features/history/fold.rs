//! Folding: a message with its current words and its reactions.

use std::collections::HashMap;

use litrocket_core::access;
use litrocket_protocol::{
    AccountId,
    conversations::{Message, ReactionCount, member_state},
    event::Event,
};

use super::store;
use crate::{
    db::Db,
    error::Result,
    features::{chat, conversations::Readable},
};

/// Different emoji shown on one message.
const EMOJI_MAX: usize = 50;

/// Folds edits and reactions into events of one conversation. An edit the reader may not read stays out.
pub(crate) async fn fold(
    db: &Db,
    reader: AccountId,
    place: &Readable,
    events: Vec<Event>,
) -> Result<Vec<Message>> {
    let Some(conversation) = events.first().map(|event| event.conversation) else { return Ok(Vec::new()) };
    let edits: Vec<u64> = events
        .iter()
        .filter_map(|event| event.edited_by)
        .filter(|seq| access::may_read(&place.ranges, *seq))
        .collect();
    let mut current: HashMap<u64, Event> = HashMap::new();
    if !edits.is_empty() {
        for frame in store::events(db, conversation, reader, &edits).await? {
            let edit = chat::decode(&frame)?;
            current.insert(edit.event_seq, edit);
        }
    }
    let targets: Vec<u64> =
        events.iter().filter(|event| event.message_seq.is_some()).map(|event| event.event_seq).collect();
    let mut reactions: HashMap<u64, Vec<ReactionCount>> = HashMap::new();
    // Who is in no longer learns nothing of what was put on since.
    if place.state == member_state::JOINED && !targets.is_empty() {
        for (target, count) in store::reaction_counts(db, conversation, reader, &targets).await? {
            let list = reactions.entry(target).or_default();
            if list.len() < EMOJI_MAX {
                list.push(count);
            }
        }
    }
    Ok(events
        .into_iter()
        .map(|mut event| {
            let edit = event.edited_by.and_then(|seq| current.remove(&seq));
            let edited_ms = edit.as_ref().map(|edit| edit.at_ms);
            if let Some(edit) = edit {
                event.body = edit.body;
            }
            let reactions = reactions.remove(&event.event_seq).unwrap_or_default();
            Message { event, edited_ms, reactions }
        })
        .collect())
}
