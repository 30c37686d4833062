//! Reading back: pages by sequence, jumps, single events, reactions. What happened to a message is folded in.

mod fold;
mod store;

use std::collections::HashMap;

use litrocket_core::access;
use litrocket_protocol::{
    AccountId, ConversationId, Fault,
    conversations::member_state,
    event::Event,
    fault::code,
    history::{Events, FindDate, GetEvents, GetHistory, GetReactions, History, Place, ReactedBy, Reactions},
    limits,
};

pub(crate) use fold::fold;

use crate::{
    app::App,
    error::{Error, Result},
    features::{
        bounded_limit, chat,
        conversations::{Readable, readable},
        cut, page_limit,
    },
    rpc::{Router, Session},
};

/// Registers the requests.
pub fn routes(router: Router) -> Router {
    router.on(history).on(find_date).on(events).on(reactions)
}

/// Bytes of stored events that are read for one page. What is folded into them is counted when it is known.
const READ_BYTES_MAX: usize = 160 * 1024;

async fn history(caller: Session, request: GetHistory) -> Result<History> {
    let limit = bounded_limit(request.limit, limits::HISTORY_PAGE_MAX)?;
    if request.before.is_some() && request.after.is_some() {
        return Err(Fault::new(code::BAD_VALUE).message("Name before or after, not both.").into());
    }
    let (db, conversation, me) = (&caller.app.db, request.conversation, caller.account());
    let place = readable(db, conversation, me).await?;
    if let Some(after) = request.after.filter(|after| *after > place.last) {
        return Err(Fault::new(code::CURSOR_AHEAD)
            .field("after")
            .limit(place.last)
            .param("given", after.to_string())
            .into());
    }
    let upwards = request.after.is_some();
    let mut page = Vec::new();
    let mut more = false;
    let mut bytes = 0;
    for (from, to) in windows(&place, &request) {
        let wanted = limit + 1 - page.len() as u64;
        let rows = store::page(db, conversation, me, from, to, upwards, wanted).await?;
        for (seq, frame) in rows {
            bytes += frame.len();
            if page.len() as u64 >= limit || bytes > READ_BYTES_MAX && !page.is_empty() {
                more = true;
                break;
            }
            page.push((seq, chat::decode(&frame)?));
        }
        if more {
            break;
        }
    }
    let events: Vec<Event> = page.into_iter().map(|(_, event)| event).collect();
    let read = events.len();
    let mut messages = fold(db, me, &HashMap::from([(request.conversation, place)]), events).await?;
    more |= messages.len() < read;
    messages.sort_by_key(|message| message.event.event_seq);
    Ok(History { messages, more })
}

/// The readable windows of a page in the order in which it is filled.
fn windows(place: &Readable, request: &GetHistory) -> Vec<(u64, u64)> {
    let low = request.after.map_or(1, |after| after + 1);
    let high = request.before.map_or(place.last, |before| before.saturating_sub(1).min(place.last));
    let mut windows = Vec::new();
    let mut at = low;
    while let Some((from, to)) = access::next(&place.ranges, at, high) {
        windows.push((from, to));
        at = to + 1;
    }
    if request.after.is_none() {
        windows.reverse();
    }
    windows
}

async fn find_date(caller: Session, request: FindDate) -> Result<Place> {
    let (db, conversation) = (&caller.app.db, request.conversation);
    let place = readable(db, conversation, caller.account()).await?;
    let first = store::first_since(db, conversation, place.last, request.at_ms).await?;
    let found = access::next(&place.ranges, first, place.last);
    Ok(Place { event_seq: found.map(|(from, _)| from) })
}

async fn events(caller: Session, request: GetEvents) -> Result<Events> {
    if request.events.len() > limits::EVENTS_PER_CALL_MAX {
        return Err(Fault::new(code::TOO_MANY)
            .field("events")
            .limit(limits::EVENTS_PER_CALL_MAX as u64)
            .into());
    }
    Ok(Events {
        messages: readable_events(&caller.app, caller.account(), request.conversation, request.events)
            .await?,
    })
}

/// Those of the events that an account may read, ascending.
pub(crate) async fn readable_events(
    app: &App,
    account: AccountId,
    conversation: ConversationId,
    mut events: Vec<u64>,
) -> Result<Vec<litrocket_protocol::conversations::Message>> {
    let place = readable(&app.db, conversation, account).await?;
    events.retain(|seq| access::may_read(&place.ranges, *seq));
    events.sort_unstable();
    events.dedup();
    let places: Vec<_> = events.into_iter().map(|seq| (conversation, seq)).collect();
    let frames = store::events(&app.db, account, &places).await?;
    let mut bytes = 0;
    let mut found = Vec::new();
    for frame in frames {
        bytes += frame.len();
        if bytes > READ_BYTES_MAX && !found.is_empty() {
            break;
        }
        found.push(chat::decode(&frame)?);
    }
    fold(&app.db, account, &HashMap::from([(conversation, place)]), found).await
}

async fn reactions(caller: Session, request: GetReactions) -> Result<Reactions> {
    let limit = page_limit(request.limit)?;
    let (db, conversation) = (&caller.app.db, request.conversation);
    let place = readable(db, conversation, caller.account()).await?;
    if !access::may_read(&place.ranges, request.event_seq) {
        return Err(Error::missing("event_seq"));
    }
    // Who is out reads what was said until then, and no reaction of later.
    if place.state != member_state::JOINED {
        return Ok(Reactions { reactions: Vec::new(), more: false });
    }
    let after = request.after.unwrap_or(ReactedBy { account: AccountId::SYSTEM, emoji: String::new() });
    let mut reactions = store::reactions(db, conversation, request.event_seq, &after, limit + 1).await?;
    let more = cut(&mut reactions, limit);
    Ok(Reactions { reactions, more })
}
