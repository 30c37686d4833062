//! A person's own side of a conversation: loudness, pin, draft, clearing, hiding.

use litrocket_protocol::{
    Fault,
    account::Done,
    conversations::{ClearHistory, ConversationEntry, HiddenEntry, HideEvents, SetConversation, notify},
    fault::code,
    frame, limits,
};

use super::{readable, store, tell_caller};
use crate::{args, error::Result, hub::Change, rpc::Session};

pub(super) async fn set(caller: Session, request: SetConversation) -> Result<ConversationEntry> {
    const UPDATE: &str = "UPDATE members SET notify = COALESCE($3, notify),
            notify_until = CASE WHEN $4 IS NULL THEN notify_until WHEN $4 = 0 THEN NULL ELSE $4 END,
            pinned = COALESCE($5, pinned), marked_unread = COALESCE($6, marked_unread), draft = COALESCE($7, draft)
        WHERE conversation = $1 AND account = $2";
    if request.notify.is_some_and(|level| !(notify::ALL..=notify::NONE).contains(&level)) {
        return Err(Fault::new(code::BAD_VALUE).field("notify").limit(notify::NONE.into()).into());
    }
    if request.draft.as_ref().is_some_and(|draft| draft.len() > limits::DRAFT_BYTES_MAX) {
        return Err(Fault::new(code::TOO_LONG).field("draft").limit(limits::DRAFT_BYTES_MAX as u64).into());
    }
    let (me, conversation) = (caller.account(), request.conversation);
    readable(&caller.app.db, conversation, me).await?;
    caller
        .app
        .writer
        .run(move |tx| {
            Box::pin(async move {
                let args = args![
                    conversation,
                    me,
                    request.notify,
                    request.notify_until_ms,
                    request.pinned,
                    request.marked_unread,
                    request.draft,
                ];
                tx.execute(UPDATE, args).await?;
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
    let message_seq = store::message_seq(db, conversation, event_seq).await?;
    caller
        .app
        .writer
        .run(move |tx| {
            Box::pin(async move {
                store::clear(tx, conversation, me, event_seq, message_seq).await?;
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
                store::hide(tx, conversation, me, &events).await?;
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
