//! What hangs on a group's wall: announcements, pins, and the names members have there.

use litrocket_core::access;
use litrocket_protocol::{
    AccountId, ConversationId, Fault,
    account::Done,
    event::{AnnouncedText, Nicknamed, Pinned, kind},
    fault::code,
    groups::{
        Announce, Announced, AnnouncementSeen, GroupAnnouncements, ListAnnouncementSeen,
        ListGroupAnnouncements, ListPins, PinMessage, Pins, SeeAnnouncement, SeenPosition, SetNickname,
        audit_action,
    },
    limits, names,
};

use super::{
    audit::{self, About},
    rules::{self, Permission},
    store, too_long,
};
use crate::{
    error::{Error, Result},
    features::{bounded_limit, conversations, cut, page_limit},
    limits::DAY_MS,
    rpc::Session,
    writer::{NewEvent, Tx},
};

pub(super) async fn announce(caller: Session, request: Announce) -> Result<Announced> {
    let (me, conversation) = (caller.account(), request.conversation);
    let text = request.text.trim().to_owned();
    too_long("text", &text, limits::GROUP_ANNOUNCEMENT_BYTES_MAX)?;
    let event_seq =
        caller.app.writer.run(move |tx| Box::pin(announce_in(tx, me, conversation, text))).await?;
    Ok(Announced { event_seq })
}

async fn announce_in(
    tx: &mut Tx,
    me: AccountId,
    conversation: ConversationId,
    text: String,
) -> Result<Option<u64>> {
    rules::allowed(tx, conversation, me, Permission::Announce).await?;
    rules::not_muted(tx, conversation, me).await?;
    let settings = store::settings(tx, conversation).await?.ok_or_else(|| Error::from(code::NOT_A_GROUP))?;
    let current = store::announced(tx, conversation, settings.announcement).await?;
    // A retry of what stands is the same announcement.
    match current {
        None if text.is_empty() => return Ok(None),
        Some(words) if words == text => return Ok(Some(settings.announcement)),
        _ => {}
    }
    let fallback = beginning(&text, limits::FALLBACK_BYTES_MAX).to_owned();
    let taken_down = text.is_empty();
    let made = NewEvent::of_group(conversation, me, kind::ANNOUNCED, &AnnouncedText { text });
    let made = NewEvent { fallback: Some(fallback).filter(|words| !words.is_empty()), ..made };
    let position = tx.append(made).await?;
    let current = if taken_down { 0 } else { position.event_seq };
    store::set(tx, conversation, &store::Settings { announcement: current, ..settings }).await?;
    audit::record(tx, conversation, me, audit_action::ANNOUNCED, About::event(position.event_seq)).await?;
    Ok(Some(position.event_seq))
}

/// As much of a text as fits, cut between characters.
fn beginning(text: &str, bytes: usize) -> &str {
    let end = (0..=bytes.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
    &text[..end.unwrap_or(0)]
}

pub(super) async fn see(caller: Session, request: SeeAnnouncement) -> Result<Done> {
    let (app, me, SeeAnnouncement { conversation, event_seq }) = (&caller.app, caller.account(), request);
    let place = conversations::joined(&app.db, conversation, me).await?;
    let may_read = access::may_read(&place.ranges, event_seq);
    let there = store::announcements(&app.db, conversation, &[(event_seq, event_seq)], 1).await?;
    if !may_read || there.is_empty() {
        return Err(Error::missing("event_seq"));
    }
    let work = async move |tx: &mut Tx| {
        conversations::joined_group(tx, conversation, me).await?;
        conversations::member_store::see_announcement(tx, conversation, me, event_seq).await
    };
    app.writer.run(move |tx| Box::pin(async move { work(tx).await })).await?;
    Ok(Done::default())
}

pub(super) async fn list_announcements(
    caller: Session,
    request: ListGroupAnnouncements,
) -> Result<GroupAnnouncements> {
    let limit = bounded_limit(request.limit, limits::GROUP_ANNOUNCEMENTS_PAGE_MAX)?;
    let (db, conversation) = (&caller.app.db, request.conversation);
    let place = conversations::readable(db, conversation, caller.account()).await?;
    let last = request.before.map_or(place.last, |before| place.last.min(before.saturating_sub(1)));
    let ranges: Vec<(u64, u64)> = place
        .ranges
        .iter()
        .map(|range| (range.from, range.end(last)))
        .filter(|(from, to)| from <= to)
        .collect();
    let mut announcements = store::announcements(db, conversation, &ranges, limit + 1).await?;
    let more = cut(&mut announcements, limit);
    Ok(GroupAnnouncements { announcements, more })
}

pub(super) async fn list_seen(caller: Session, request: ListAnnouncementSeen) -> Result<AnnouncementSeen> {
    let limit = page_limit(request.limit)?;
    let (db, conversation, event_seq) = (&caller.app.db, request.conversation, request.event_seq);
    let place = conversations::joined(db, conversation, caller.account()).await?;
    let there = store::announcements(db, conversation, &[(event_seq, event_seq)], 1).await?;
    if there.is_empty() || !access::may_read(&place.ranges, event_seq) {
        return Err(Error::missing("event_seq"));
    }
    let after = request.after.map_or((event_seq, AccountId::SYSTEM), |at| (at.event_seq, at.account));
    let after = if after.0 < event_seq { (event_seq, AccountId::SYSTEM) } else { after };
    let mut seen = store::seen(db, caller.account(), conversation, after, limit + 1).await?;
    let more = cut(&mut seen, limit);
    let next = seen
        .last()
        .filter(|_| more)
        .map(|(event_seq, last)| SeenPosition { event_seq: *event_seq, account: last.account });
    Ok(AnnouncementSeen { people: seen.into_iter().map(|(_, person)| person).collect(), next })
}

pub(super) async fn pin(caller: Session, request: PinMessage) -> Result<Done> {
    let me = caller.account();
    let changed = caller.app.writer.run(move |tx| Box::pin(pin_in(tx, me, request))).await?;
    Ok(Done::if_changed(changed))
}

/// Whether that was a change.
async fn pin_in(tx: &mut Tx, me: AccountId, request: PinMessage) -> Result<bool> {
    let PinMessage { conversation, event_seq, pinned } = request;
    rules::allowed(tx, conversation, me, Permission::Pin).await?;
    rules::not_muted(tx, conversation, me).await?;
    if store::is_pinned(tx, conversation, event_seq).await? == pinned {
        return Ok(false);
    }
    let action = if pinned { audit_action::PINNED } else { audit_action::UNPINNED };
    if pinned {
        let membership = tx.membership(conversation, me).await?;
        let may_read = membership.is_some_and(|it| access::may_read(&it.ranges, event_seq));
        if !may_read || !store::is_message(tx, conversation, event_seq).await? {
            return Err(Fault::new(code::BAD_TARGET).field("event_seq").into());
        }
        if store::count_pins(tx, conversation).await? >= limits::GROUP_PINS_MAX {
            return Err(Error::too_many("pins", limits::GROUP_PINS_MAX));
        }
        store::pin(tx, conversation, event_seq, me).await?;
    } else {
        store::unpin(tx, conversation, event_seq).await?;
    }
    let made = NewEvent::of_group(conversation, me, kind::PINNED, &Pinned { pinned });
    tx.append(NewEvent { target: Some(event_seq), ..made }).await?;
    audit::record(tx, conversation, me, action, About::event(event_seq)).await?;
    Ok(true)
}

pub(super) async fn list_pins(caller: Session, request: ListPins) -> Result<Pins> {
    let (db, conversation) = (&caller.app.db, request.conversation);
    let place = conversations::joined(db, conversation, caller.account()).await?;
    let mut pins = store::pins(db, conversation).await?;
    pins.retain(|pin| access::may_read(&place.ranges, pin.event_seq));
    Ok(Pins { pins })
}

pub(super) async fn set_nickname(caller: Session, request: SetNickname) -> Result<Done> {
    let (me, conversation) = (caller.account(), request.conversation);
    let nickname = match request.nickname.trim() {
        "" => String::new(),
        name => names::clean_display(name, names::DISPLAY_CHARS_MAX)
            .map_err(|error| Error::from(error.fault("nickname", 0, names::DISPLAY_CHARS_MAX)))?,
    };
    let work = async move |tx: &mut Tx| {
        conversations::joined_group(tx, conversation, me).await?;
        // A name is something that everybody reads.
        rules::not_muted(tx, conversation, me).await?;
        if !conversations::member_store::set_nickname(tx, conversation, me, &nickname).await? {
            return Ok(false);
        }
        let (now, most) = (tx.now_ms(), limits::NICKNAMES_PER_DAY_MAX);
        let free_ms =
            store::named_before(tx, conversation, me, most).await?.map_or(0, |at_ms| at_ms + DAY_MS);
        if free_ms > now {
            return Err(Fault::new(code::RATE_LIMITED).limit(most).retry_after(free_ms - now).into());
        }
        tx.append(NewEvent::of_group(conversation, me, kind::NICKNAMED, &Nicknamed { nickname }))
            .await
            .map(|_| true)
    };
    let changed = caller.app.writer.run(move |tx| Box::pin(async move { work(tx).await })).await?;
    Ok(Done::if_changed(changed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_announcement_is_cut_between_characters() {
        assert_eq!(beginning("hello", 1024), "hello");
        assert_eq!(beginning("你好", 4), "你");
        assert_eq!(beginning("", 4), "");
    }
}
