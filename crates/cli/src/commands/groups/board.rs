//! Announcements, pins, and names in the group.

use litrocket_client::Error;
use litrocket_protocol::{
    ConversationId,
    groups::{
        Announce, GetGroup, GroupAnnouncement, ListAnnouncementSeen, ListGroupAnnouncements, ListPins,
        PinMessage, SeeAnnouncement, SetNickname,
    },
    history::GetEvents,
    limits,
};
use serde_json::json;

use super::{Group, In};
use crate::{
    Failure,
    commands::print,
    failure::Asked as _,
    output::{column, escape, escape_line, time},
    pages::pages,
    resolve::{Names, Places},
    session::Context,
};

pub(super) async fn run(it: In<'_>, group: Group) -> Result<(), Failure> {
    match group {
        Group::Announce { group, text } => {
            let text = match text.as_deref() {
                Some("-") => std::io::read_to_string(std::io::stdin())?,
                other => other.unwrap_or_default().to_owned(),
            };
            announce(it, &group, text).await
        }
        Group::Announcements { group, limit } => announcements(it, &group, limit).await,
        Group::Seen { group, seq } => seen(it, &group, seq).await,
        Group::Nickname { group, name } => {
            it.act(&group, |conversation| SetNickname { conversation, nickname: name }).await
        }
        Group::Pin { group, seq } => {
            let pin = |conversation| PinMessage { conversation, event_seq: seq, pinned: true };
            it.act(&group, pin).await.of_message(seq, &group)
        }
        Group::Unpin { group, seq } => {
            let unpin = |conversation| PinMessage { conversation, event_seq: seq, pinned: false };
            it.take(&group, unpin, move |words, group| words.not_pinned(seq, group)).await
        }
        Group::Pins { group } => pins(it, &group).await,
        _ => Ok(()),
    }
}

async fn announce(it: In<'_>, group: &str, text: String) -> Result<(), Failure> {
    let conversation = it.group(group).await?;
    let event_seq = it.client.call(Announce { conversation, text }).await?.event_seq;
    it.context.output.data(
        || {
            let mut object =
                json!({"type": "announcement_set", "conversation": conversation.0, "event_seq": event_seq});
            if event_seq.is_none() {
                object["unchanged"] = true.into();
            }
            object
        },
        || {
            let words = it.context.output.words;
            if event_seq.is_some() { words.done().into() } else { words.nothing_up().into() }
        },
    )
}

async fn announcements(it: In<'_>, group: &str, limit: u64) -> Result<(), Failure> {
    let conversation = it.group(group).await?;
    let (mut names, mut places) = (Names::new(it.context.output.words), Places::default());
    let (mut left, mut before, mut newest) = (limit, None, None);
    while left > 0 {
        let limit = Some(left.min(limits::GROUP_ANNOUNCEMENTS_PAGE_MAX));
        let page = it.client.call(ListGroupAnnouncements { conversation, before, limit }).await?;
        left -= (page.announcements.len() as u64).min(left);
        names.learn(it.client, page.announcements.iter().map(|one| one.account)).await?;
        places.learn(it.client, [conversation]).await?;
        for one in &page.announcements {
            newest = newest.or(Some(one.event_seq));
            print_announcement(it.context, (&names, &places), conversation, one)?;
        }
        before = page.announcements.last().map(|one| one.event_seq);
        if !page.more {
            break;
        }
    }
    it.nothing(newest.is_some(), it.context.output.words.no_announcements());
    if let Some(event_seq) = newest {
        let seen = it.client.call(SeeAnnouncement { conversation, event_seq }).await;
        // Who is not in any more reads what was announced, and tells nobody.
        let is_gone = |error: &Error| matches!(error, Error::Fault(fault) if fault.code == "not_a_member");
        if let Err(error) = seen
            && !is_gone(&error)
        {
            return Err(error.into());
        }
    }
    Ok(())
}

/// Prints one.
pub(in crate::commands) fn print_announcement(
    context: &Context,
    (names, places): (&Names, &Places),
    conversation: ConversationId,
    one: &GroupAnnouncement,
) -> Result<(), Failure> {
    context.output.data(
        || {
            json!({"type": "group_announcement", "conversation": conversation.0, "event_seq": one.event_seq,
                "from": names.of(one.account), "from_id": one.account.0, "at_ms": one.at_ms, "text": one.text})
        },
        || {
            let words = context.output.words;
            let text = if one.text.is_empty() {
                words.took_down().into()
            } else {
                format!("{} {}", words.announced(), escape(&one.text))
            };
            let (from, place) = (escape(&names.of(one.account)), escape_line(&places.of(names, conversation)));
            format!("{}  [{place}] {:>5}  @{from}: {text}", time(one.at_ms), one.event_seq)
        },
    )
}

async fn seen(it: In<'_>, group: &str, seq: Option<u64>) -> Result<(), Failure> {
    let conversation = it.group(group).await?;
    let words = it.context.output.words;
    let current = match seq {
        Some(seq) => Some(seq),
        None => it.client.call(GetGroup { conversation }).await?.announcement.map(|one| one.event_seq),
    };
    let Some(event_seq) = current else {
        it.nothing(false, words.no_announcements());
        return Ok(());
    };
    let seen = pages(
        it.client,
        u64::MAX,
        |after, count| ListAnnouncementSeen { conversation, event_seq, after, limit: Some(count) },
        |page| (page.people, page.next),
        |person| {
            it.context.output.data(
                || {
                    json!({"type": "seen", "conversation": conversation.0, "event_seq": event_seq,
                        "account": person.account.0, "handle": person.handle,
                        "display_name": person.display_name})
                },
                || format!("@{}  {}", column(&escape(&person.handle), 24), escape(&person.display_name)),
            )
        },
    )
    .await?;
    it.nothing(seen > 0, words.nobody_saw());
    Ok(())
}

async fn pins(it: In<'_>, group: &str) -> Result<(), Failure> {
    let conversation = it.group(group).await?;
    let pins = it.client.call(ListPins { conversation }).await?.pins;
    it.nothing(!pins.is_empty(), it.context.output.words.no_pins());
    if pins.is_empty() {
        return Ok(());
    }
    let events: Vec<u64> = pins.iter().map(|pin| pin.event_seq).collect();
    let (mut names, mut places) = (Names::new(it.context.output.words), Places::default());
    places.learn(it.client, [conversation]).await?;
    let mut left = events;
    // A reply holds about 64 KiB of events: ask for the rest.
    while !left.is_empty() {
        let found = it.client.call(GetEvents { conversation, events: left.clone() }).await?.messages;
        if found.is_empty() {
            break;
        }
        names.learn(it.client, found.iter().flat_map(|message| print::accounts(&message.event))).await?;
        for message in &found {
            print::message(it.context.output, (&names, &places), message)?;
        }
        left.retain(|seq| found.iter().all(|message| message.event.event_seq != *seq));
    }
    Ok(())
}
