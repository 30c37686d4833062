//! Read and delivered markers.

use litrocket_protocol::{
    Fault,
    account::audience,
    conversations::{GetMarkers, GetReaders, MarkRead, Marked, OtherMarker, OtherMarkers, Readers},
    fault::code,
    limits, state,
};

use super::{joined, list, readable, reader_store, side_store, tell_own_side};
use crate::{
    error::{Error, Result},
    features::{account, page_limit, people},
    hub::{Change, StateValue},
    rpc::Session,
};

pub(super) async fn mark_read(caller: Session, request: MarkRead) -> Result<Marked> {
    let (me, conversation) = (caller.account(), request.conversation);
    let db = &caller.app.db;
    let place = readable(db, conversation, me).await?;
    if request.event_seq > place.last {
        return Err(Fault::new(code::CURSOR_AHEAD).field("event_seq").limit(place.last).into());
    }
    let message_seq = side_store::message_seq(db, conversation, request.event_seq).await?;
    let (privacy, _) = account::privacy::of(&caller.app, me).await?;
    let read_to = if place.is_quiet { audience::NOBODY } else { privacy.read_to };
    let marker = state::Marker { conversation, account: me, read: Some(message_seq), delivered: None };
    let to_friends = (read_to == audience::FRIENDS).then(|| marker.clone());
    let moved = caller
        .app
        .writer
        .run(move |tx| {
            Box::pin(async move {
                if !side_store::mark_read(tx, conversation, me, message_seq).await? {
                    return Ok(false);
                }
                tell_own_side(tx, conversation, &[me]).await?;
                if read_to == audience::EVERYBODY {
                    tx.change(Change::Marker { marker });
                }
                Ok(true)
            })
        })
        .await?;
    if moved && let Some(marker) = to_friends {
        tell_friends(&caller, marker).await?;
    }
    let info = list::one(&caller, conversation).await?;
    Ok(Marked { read: info.mine.read, unread: info.unread, unread_mentions: info.unread_mentions })
}

/// Tells a marker to the friends among the members of a small conversation.
async fn tell_friends(caller: &Session, marker: state::Marker) -> Result<()> {
    let members = caller.app.hub.marked_members(marker.conversation);
    let Some(members) = members else { return Ok(()) };
    let friends = people::friends_among(&caller.app.db, marker.account, &members).await?;
    caller.app.hub.tell(&friends, &StateValue::Marker(marker));
    Ok(())
}

pub(super) async fn others(caller: Session, request: GetMarkers) -> Result<OtherMarkers> {
    let app = &caller.app;
    joined(&app.db, request.conversation, caller.account()).await?;
    let limit = limits::PAGE_MAX;
    let (conversation, me) = (request.conversation, caller.account());
    let mut stored = reader_store::markers(&app.db, conversation, me, request.after, limit + 1).await?;
    let more = stored.len() as u64 > limit;
    stored.truncate(limit as usize);
    let lazy = app.writer.lazy();
    let markers = stored
        .into_iter()
        .map(|it| {
            let read = it.read.max(lazy.last_sent(conversation, it.account));
            let delivered = it.delivered.max(lazy.last_delivered(conversation, it.account));
            OtherMarker {
                account: it.account,
                read: it.tells_read.then_some(read),
                delivered: if it.is_quiet { 0 } else { delivered },
            }
        })
        .collect();
    Ok(OtherMarkers { markers, more })
}

pub(super) async fn readers(caller: Session, request: GetReaders) -> Result<Readers> {
    let limit = page_limit(request.limit)?;
    let (db, conversation) = (&caller.app.db, request.conversation);
    let place = joined(db, conversation, caller.account()).await?;
    let missing = || Error::missing("event_seq");
    if !litrocket_core::access::may_read(&place.ranges, request.event_seq) {
        return Err(missing());
    }
    let sent = reader_store::sent(db, conversation, request.event_seq).await?.ok_or_else(missing)?;
    let page = reader_store::readers(db, conversation, caller.account(), sent, request.after, limit).await?;
    Ok(Readers { readers: page.readers, more: page.next.is_some(), next: page.next })
}
