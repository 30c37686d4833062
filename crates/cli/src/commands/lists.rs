//! History, search, conversations, read markers.

use litrocket_protocol::{
    ConversationId,
    conversations::{ConversationInfo, GetConversation, MarkRead, Message, conversation_kind},
    history::{GetHistory, Search},
    limits,
};
use serde_json::json;

use super::print;
use crate::{
    Failure,
    output::{column, escape},
    resolve::{self, Names, Places},
    session::Context,
};

pub(super) async fn history(
    context: &Context,
    to: &str,
    limit: u64,
    before: Option<u64>,
    after: Option<u64>,
) -> Result<(), Failure> {
    let client = context.connect().await?;
    let Some(conversation) = resolve::existing(&client, to).await? else {
        context.output.nothing(context.output.words.no_messages());
        return Ok(());
    };
    let mut messages: Vec<Message> = Vec::new();
    let (mut before, mut after) = (before, after);
    while (messages.len() as u64) < limit {
        let wanted = (limit - messages.len() as u64).min(limits::HISTORY_PAGE_MAX);
        let page = client.call(GetHistory { conversation, before, after, limit: Some(wanted) }).await?;
        let (first, last) = (page.messages.first(), page.messages.last());
        if after.is_some() {
            after = last.map(|message| message.event.event_seq);
            messages.extend(page.messages);
        } else {
            before = first.map(|message| message.event.event_seq);
            messages.splice(0..0, page.messages);
        }
        if !page.more {
            break;
        }
    }
    let mut names = Names::new(context.output.words);
    names.learn(&client, messages.iter().flat_map(|message| print::accounts(&message.event))).await?;
    let mut places = Places::default();
    places.learn(&client, messages.iter().map(|message| message.event.conversation)).await?;
    names.learn(&client, places.people()).await?;
    for message in &messages {
        print::message(context.output, (&names, &places), message)?;
    }
    if messages.is_empty() {
        context.output.nothing(context.output.words.no_messages());
    }
    Ok(())
}

pub(super) async fn search(
    context: &Context,
    text: &str,
    within: Option<&str>,
    limit: u64,
) -> Result<(), Failure> {
    let client = context.connect().await?;
    let conversation = match within {
        Some(to) => {
            let found = resolve::existing(&client, to).await?;
            if found.is_none() {
                context.output.nothing(context.output.words.nothing_found());
                return Ok(());
            }
            found
        }
        None => None,
    };
    let (mut names, mut places) = (Names::new(context.output.words), Places::default());
    let (mut before, mut shown, mut complete) = (None, 0, true);
    while shown < limit {
        let wanted = (limit - shown).min(limits::PAGE_MAX);
        let request = Search { text: text.into(), conversation, before, limit: Some(wanted) };
        let found = client.call(request).await?;
        names
            .learn(&client, found.messages.iter().flat_map(|message| print::accounts(&message.event)))
            .await?;
        places.learn(&client, found.messages.iter().map(|message| message.event.conversation)).await?;
        names.learn(&client, places.people()).await?;
        for message in &found.messages {
            print::message(context.output, (&names, &places), message)?;
        }
        shown += found.messages.len() as u64;
        // Where the newest messages were too many for a page, the next one goes on.
        complete = found.complete || found.next.is_some();
        before = found.next;
        if before.is_none() {
            break;
        }
    }
    if !complete {
        context.output.nothing(context.output.words.incomplete());
    }
    if shown == 0 {
        context.output.nothing(context.output.words.nothing_found());
    }
    Ok(())
}

pub(super) async fn read(context: &Context, to: &str, seq: Option<u64>) -> Result<(), Failure> {
    let client = context.connect().await?;
    let conversation = resolve::conversation(&client, to).await?;
    let event_seq = match seq {
        Some(seq) => seq,
        None => client.call(GetConversation { conversation }).await?.head_seq,
    };
    let marked = client.call(MarkRead { conversation, event_seq }).await?;
    context.output.data(
        || {
            json!({"type": "read", "conversation": conversation.0, "read": marked.read, "unread": marked.unread,
                "unread_mentions": marked.unread_mentions})
        },
        || context.output.words.read_now(escape(to), marked.unread),
    )?;
    Ok(())
}

pub(super) async fn conversations(context: &Context, limit: u64) -> Result<(), Failure> {
    let client = context.connect().await?;
    let all = resolve::all_conversations(&client, limit).await?;
    let mut names = Names::new(context.output.words);
    names.learn(&client, all.iter().filter_map(|info| info.peer)).await?;
    for info in &all {
        print_info(context, &names, info)?;
    }
    if all.is_empty() {
        context.output.nothing(context.output.words.no_conversations());
    }
    Ok(())
}

/// One conversation of a list.
pub(super) fn print_info(context: &Context, names: &Names, info: &ConversationInfo) -> Result<(), Failure> {
    let words = context.output.words;
    let (kind, name) = match info.kind {
        conversation_kind::GROUP => ("group", format!("#{}", info.name)),
        conversation_kind::SAVED => ("saved", words.saved().to_owned()),
        _ => ("direct", format!("@{}", info.peer.map(|peer| names.of(peer)).unwrap_or_default())),
    };
    let ConversationId(id) = info.conversation;
    context.output.data(
        || {
            json!({"type": "conversation", "conversation": id, "kind": kind, "name": name,
                "members": info.members, "peer": info.peer.map(|peer| peer.0), "owner": info.owner.map(|owner| owner.0),
                "head_seq": info.head_seq, "head_message_seq": info.head_message_seq, "last_at_ms": info.last_at_ms,
                "unread": info.unread, "unread_mentions": info.unread_mentions, "state": info.mine.state,
                "marked_unread": info.mine.marked_unread, "pinned": info.mine.pinned, "request": info.mine.request, "avatar": info.avatar})
        },
        || {
            let mut line = format!("[{id}]  {}", column(&escape(&name), 32));
            if info.unread > 0 || info.mine.marked_unread {
                line.push_str(&format!("  {} {}", words.unread(), info.unread));
            }
            if info.unread_mentions > 0 {
                line.push_str(&format!("  @{}", info.unread_mentions));
            }
            if info.mine.request {
                line.push_str(&format!("  {}", words.stranger_wrote(name.trim_start_matches('@'))));
            }
            line.trim_end().to_owned()
        },
    )
}
