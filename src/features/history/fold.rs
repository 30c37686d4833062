//! Folding: a message with its current words and its reactions.

use std::collections::{HashMap, HashSet};

use litrocket_core::access;
use litrocket_protocol::{
    AccountId, ConversationId,
    conversations::{Message, ReactionCount, member_state},
    event::Event,
};

use super::store::{self, EventPlace};
use crate::{
    db::Db,
    error::Result,
    features::{PAGE_BYTES_MAX, chat, conversations::Readable, cut, files},
};

/// What an event takes beside its body and its fallback text, in bytes, at most.
const AROUND: usize = 256;
/// Different emoji shown on one message.
const EMOJI_MAX: usize = 50;

/// Folds edits and reactions into events, each of a conversation in `places`, and marks those whose file is gone. An edit
/// the reader may not read stays out. What no longer fits a reply with its folding is left out from the end: what is
/// answered are the first of the events, one at least.
pub(crate) async fn fold(
    db: &Db,
    reader: AccountId,
    places: &HashMap<ConversationId, Readable>,
    mut events: Vec<Event>,
) -> Result<Vec<Message>> {
    let edit_of = |event: &Event| {
        let place = (event.conversation, event.edited_by?);
        places
            .get(&place.0)
            .is_some_and(|readable| access::may_read(&readable.ranges, place.1))
            .then_some(place)
    };
    let edits: Vec<EventPlace> = events.iter().filter_map(edit_of).collect();
    let lengths: HashMap<EventPlace, usize> =
        if edits.is_empty() { HashMap::new() } else { store::lengths(db, &edits).await? };
    let mut bytes = 0;
    let fit = events.iter().take_while(|event| {
        let edit = edit_of(event).and_then(|edit| lengths.get(&edit)).copied().unwrap_or(0);
        let fallback = event.fallback.as_ref().map_or(0, String::len);
        bytes += event.body.len().max(edit) + fallback + AROUND;
        bytes <= PAGE_BYTES_MAX
    });
    let kept = fit.count().max(1);
    events.truncate(kept);
    let edits: Vec<EventPlace> = events.iter().filter_map(edit_of).collect();
    let mut current: HashMap<EventPlace, Event> = HashMap::new();
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
    let targets: Vec<EventPlace> = events
        .iter()
        .filter(|event| event.message_seq.is_some())
        .filter(is_in)
        .map(|event| (event.conversation, event.event_seq))
        .collect();
    let mut reactions: HashMap<EventPlace, Vec<ReactionCount>> = HashMap::new();
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
    let mut messages: Vec<Message> = events
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
        .collect();
    cut(&mut messages, u64::MAX);
    Ok(messages)
}
