//! Folding: a message with its current words and its reactions.

use std::collections::{HashMap, HashSet};

use litrocket_core::access;
use litrocket_protocol::{
    AccountId, ConversationId,
    conversations::{Message, ReactionCount, member_state},
    event::Event,
};

use super::store::{self, Place};
use crate::{
    db::Db,
    error::Result,
    features::{chat, conversations::Readable, files},
};

/// Different emoji shown on one message.
const EMOJI_MAX: usize = 50;

/// Folds edits and reactions into events, each of a conversation in `places`, and marks those whose file is gone. An edit
/// the reader may not read stays out.
pub(crate) async fn fold(
    db: &Db,
    reader: AccountId,
    places: &HashMap<ConversationId, Readable>,
    events: Vec<Event>,
) -> Result<Vec<Message>> {
    let edits: Vec<Place> = events
        .iter()
        .filter_map(|event| event.edited_by.map(|seq| (event.conversation, seq)))
        .filter(|(conversation, seq)| {
            places.get(conversation).is_some_and(|place| access::may_read(&place.ranges, *seq))
        })
        .collect();
    let mut current: HashMap<Place, Event> = HashMap::new();
    if !edits.is_empty() {
        for frame in store::events(db, reader, &edits).await? {
            let edit = chat::decode(&frame)?;
            current.insert((edit.conversation, edit.event_seq), edit);
        }
    }
    // Who is in no longer learns nothing of what was put on since.
    let is_in = |event: &&Event| {
        places.get(&event.conversation).is_some_and(|place| place.state == member_state::JOINED)
    };
    let targets: Vec<Place> = events
        .iter()
        .filter(|event| event.message_seq.is_some())
        .filter(is_in)
        .map(|event| (event.conversation, event.event_seq))
        .collect();
    let mut reactions: HashMap<Place, Vec<ReactionCount>> = HashMap::new();
    if !targets.is_empty() {
        for (target, count) in store::reaction_counts(db, reader, &targets).await? {
            let list = reactions.entry(target).or_default();
            if list.len() < EMOJI_MAX {
                list.push(count);
            }
        }
    }
    let carried: Vec<u64> = events.iter().filter_map(files::carried).collect();
    let kept = if carried.is_empty() { Vec::new() } else { files::kept_of(db, &carried).await? };
    let kept: HashSet<u64> = kept.into_iter().collect();
    Ok(events
        .into_iter()
        .map(|mut event| {
            let edit = event.edited_by.and_then(|seq| current.remove(&(event.conversation, seq)));
            let edited_ms = edit.as_ref().map(|edit| edit.at_ms);
            if let Some(edit) = edit {
                event.body = edit.body;
            }
            let reactions = reactions.remove(&(event.conversation, event.event_seq)).unwrap_or_default();
            let gone = files::carried(&event).is_some_and(|file| !kept.contains(&file));
            Message { event, edited_ms, reactions, gone }
        })
        .collect())
}
