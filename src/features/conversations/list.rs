//! Conversations with their heads and unread counts.

use std::collections::HashMap;

use litrocket_protocol::{
    AccountId, ConversationId,
    conversations::{
        ConversationEntry, ConversationInfo, Conversations, GetConversation, ListConversations, ListPosition,
        conversation_kind,
    },
    unread::{self, Markers},
};

use super::side_store;
use crate::{
    app::App,
    db,
    error::{Error, Result},
    features::{cut, files, page_limit},
    rpc::Session,
};

pub(super) async fn list(caller: Session, request: ListConversations) -> Result<Conversations> {
    let limit = page_limit(request.limit)?;
    let before = request.after.map_or((u64::MAX, u64::MAX), |at| (at.last_at_ms, at.conversation.0));
    let mut page = side_store::page(&caller.app.db, caller.account(), before, limit + 1).await?;
    let more = cut(&mut page, limit);
    let ids: Vec<ConversationId> = page.iter().map(|(conversation, _)| *conversation).collect();
    let mut conversations = infos(&caller.app, caller.account(), &ids).await?;
    // Drafts are long: the page ends where the frame is full.
    let full = cut(&mut conversations, limit);
    let end = conversations.last().filter(|_| full).map(|last| last.conversation);
    let last = page.iter().rfind(|(conversation, _)| end.is_none_or(|end| end == *conversation));
    let next = last.filter(|_| more || full).map(|(conversation, last_at_ms)| ListPosition {
        last_at_ms: *last_at_ms,
        conversation: *conversation,
    });
    Ok(Conversations { conversations, next })
}

pub(super) async fn get(caller: Session, request: GetConversation) -> Result<ConversationInfo> {
    one(&caller, request.conversation).await
}

/// One conversation as its caller sees it.
pub(crate) async fn one(caller: &Session, conversation: ConversationId) -> Result<ConversationInfo> {
    let mut found = infos(&caller.app, caller.account(), &[conversation]).await?;
    found.pop().ok_or_else(|| Error::missing("conversation"))
}

/// Conversations as an account sees them, in the order of the ids; those it has no place in are left out.
pub(super) async fn infos(
    app: &App,
    account: AccountId,
    conversations: &[ConversationId],
) -> Result<Vec<ConversationInfo>> {
    let ids = db::list(conversations.iter().map(|id| id.0))?;
    // Asked before and after the rows: see `Lazy`.
    let last_sent = |conversation| app.writer.lazy().last_sent(conversation, account);
    let sent: HashMap<_, _> = conversations.iter().map(|id| (*id, last_sent(*id))).collect();
    let mut sides: HashMap<_, _> = side_store::sides(&app.db, account, &ids).await?.into_iter().collect();
    let shown = side_store::shown(&app.db, account, &ids).await?;
    let mut rows: Vec<(side_store::Shown, ConversationEntry, Markers)> = shown
        .into_iter()
        .filter_map(|shown| {
            let mine = sides.remove(&shown.conversation)?;
            let before = sent.get(&shown.conversation).copied().unwrap_or(0);
            let markers = Markers {
                head: shown.head.1,
                joined: mine.joined_message_seq,
                deleted_to: mine.deleted_to,
                retained_from: 0,
                read_marker: mine.read,
                my_last_sent: shown.last_sent.max(before).max(last_sent(shown.conversation)),
            };
            Some((shown, mine, markers))
        })
        .collect();
    let places: Vec<(u64, u64, u64)> = rows
        .iter()
        .filter(|(.., markers)| unread::unread(markers) > 0)
        .map(|(shown, _, markers)| (shown.conversation.0, unread::read(markers), markers.head))
        .collect();
    let mentions: HashMap<_, _> = if places.is_empty() {
        HashMap::new()
    } else {
        side_store::mentions(&app.db, account, &places).await?.into_iter().collect()
    };
    let order: HashMap<_, _> = conversations.iter().enumerate().map(|(i, id)| (*id, i)).collect();
    rows.sort_by_key(|(shown, ..)| order.get(&shown.conversation).copied());
    let mut infos: Vec<ConversationInfo> = rows
        .into_iter()
        .map(|(shown, mine, markers)| {
            let unread_mentions = mentions.get(&shown.conversation).copied().unwrap_or(0);
            info(account, shown, mine, unread::unread(&markers), unread_mentions)
        })
        .collect();
    files::show_avatars(&app.db, &mut infos).await?;
    Ok(infos)
}

fn info(
    account: AccountId,
    shown: side_store::Shown,
    mine: ConversationEntry,
    unread: u64,
    unread_mentions: u64,
) -> ConversationInfo {
    let peer = match (mine.kind, shown.low, shown.high) {
        (conversation_kind::DIRECT, Some(low), Some(high)) => Some(if low == account { high } else { low }),
        _ => None,
    };
    ConversationInfo {
        conversation: shown.conversation,
        kind: mine.kind,
        name: shown.name,
        peer,
        owner: (shown.owner != AccountId::SYSTEM).then_some(shown.owner),
        members: shown.members,
        head_seq: shown.head.0,
        head_message_seq: shown.head.1,
        last_at_ms: shown.last_at_ms,
        unread,
        unread_mentions,
        mine,
        avatar: None,
    }
}
