//! A person's own side of a conversation: loudness, pin, draft, clearing, hiding.

use litrocket_protocol::{
    Fault,
    account::Done,
    conversations::{ClearHistory, ConversationEntry, HiddenEntry, HideEvents, SetConversation, notify},
    fault::code,
    frame, limits,
};

use super::{readable, side_store, tell_caller};
use crate::{error::Result, hub::Change, rpc::Session};

pub(super) async fn set(caller: Session, request: SetConversation) -> Result<ConversationEntry> {
    if request.notify.is_some_and(|level| !(notify::ALL..=notify::NONE).contains(&level)) {
        return Err(Fault::new(code::BAD_VALUE).field("notify").limit(notify::NONE.into()).into());
    }
    if request.draft.as_ref().is_some_and(|draft| draft.len() > limits::DRAFT_BYTES_MAX) {
        return Err(Fault::new(code::TOO_LONG)
            .field("draft")
            .within_bytes(0, limits::DRAFT_BYTES_MAX as u64)
            .into());
    }
    let (me, conversation) = (caller.account(), request.conversation);
    readable(&caller.app.db, conversation, me).await?;
    caller
        .app
        .writer
        .run(move |tx| {
            Box::pin(async move {
                side_store::set(tx, me, &request).await?;
                tell_caller(tx, conversation, me).await
            })
        })
        .await
}

pub(super) async fn clear(caller: Session, request: ClearHistory) -> Result<Done> {
    let (me, conversation, event_seq) = (caller.account(), request.conversation, request.event_seq);
    let db = &caller.app.db;
    let place = readable(db, conversation, me).await?;
    if event_seq > place.last {
        return Err(Fault::new(code::CURSOR_AHEAD).field("event_seq").limit(place.last).into());
    }
    let message_seq = side_store::message_seq(db, conversation, event_seq).await?;
    caller
        .app
        .writer
        .run(move |tx| {
            Box::pin(async move {
                side_store::clear(tx, conversation, me, event_seq, message_seq).await?;
                tx.change(Change::Access { account: me, conversation });
                tell_caller(tx, conversation, me).await.map(drop)
            })
        })
        .await?;
    Ok(Done::default())
}

pub(super) async fn hide(caller: Session, request: HideEvents) -> Result<Done> {
    if request.events.len() > limits::EVENTS_PER_CALL_MAX {
        return Err(Fault::new(code::TOO_MANY)
            .field("events")
            .limit(limits::EVENTS_PER_CALL_MAX as u64)
            .into());
    }
    let (me, conversation) = (caller.account(), request.conversation);
    let place = readable(&caller.app.db, conversation, me).await?;
    let readable = |seq: &u64| *seq <= place.last && litrocket_core::access::may_read(&place.ranges, *seq);
    let events: Vec<u64> = request.events.into_iter().filter(readable).collect();
    caller
        .app
        .writer
        .run(move |tx| {
            Box::pin(async move {
                side_store::hide(tx, conversation, me, &events).await?;
                let entries = events
                    .iter()
                    .map(|event_seq| {
                        let entry = HiddenEntry { conversation, event_seq: *event_seq };
                        let key = format!("hidden/{conversation}/{event_seq}");
                        (me, key, Some(frame::encode_body(&entry)))
                    })
                    .collect();
                tx.entries(entries).await?;
                tx.change(Change::Access { account: me, conversation });
                Ok(())
            })
        })
        .await?;
    Ok(Done::default())
}
