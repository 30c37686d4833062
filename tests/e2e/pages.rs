//! Pages whose things are long: they are shorter, and go on where they end. Nobody makes them unreadable for others.

use litrocket_client::Outgoing;
use litrocket_protocol::{
    ConversationId,
    conversations::{ListConversations, Message, SetConversation},
    history::{GetEvents, GetHistory, Search},
    limits,
};

use crate::world::{Person, World, text, words};

/// Reads a conversation from its beginning; how many pages it took.
async fn reads_upwards(person: &Person, conversation: ConversationId) -> (Vec<Message>, usize) {
    let (mut all, mut pages, mut after) = (Vec::<Message>::new(), 0, 0);
    loop {
        let request = GetHistory { conversation, before: None, after: Some(after), limit: Some(200) };
        let page = person.asks(request).await;
        pages += 1;
        after = page.messages.last().map_or(after, |last| last.event.event_seq);
        all.extend(page.messages);
        if !page.more {
            return (all, pages);
        }
    }
}

/// Reads it from its end, ascending.
async fn reads_downwards(person: &Person, conversation: ConversationId) -> Vec<Message> {
    let (mut all, mut before) = (Vec::<Message>::new(), None);
    loop {
        let page = person.asks(GetHistory { conversation, before, after: None, limit: Some(200) }).await;
        before = page.messages.first().map(|first| first.event.event_seq);
        all.splice(0..0, page.messages);
        if !page.more {
            return all;
        }
    }
}

fn seqs(messages: &[Message]) -> Vec<u64> {
    messages.iter().map(|message| message.event.event_seq).collect()
}

#[tokio::test]
async fn messages_that_were_edited_to_the_longest_are_read_by_pages_by_jumps_and_by_search() {
    let world = World::start().await;
    let [ada, bob] = world.people(["ada", "bob"]).await;
    let group = ada.makes_group("plans", &[&bob]).await;
    let mut said = Vec::new();
    for _ in 0..30 {
        said.push(ada.says(group, "short").await.event_seq);
    }
    let long = format!("rocket {}", "a".repeat(limits::TEXT_BYTES_MAX - 7));
    for seq in &said {
        ada.sends(group, Outgoing::edit(*seq, &text(&long))).await.unwrap();
    }
    let (upwards, pages) = reads_upwards(&bob, group).await;
    let messages: Vec<Message> =
        upwards.iter().filter(|message| message.event.message_seq.is_some()).cloned().collect();
    assert_eq!(seqs(&messages), said);
    assert!(messages.iter().all(|message| words(&message.event) == long));
    assert!(pages > 1, "they do not fit one frame");
    assert_eq!(seqs(&reads_downwards(&bob, group).await), seqs(&upwards));
    let mut jumped = Vec::new();
    while jumped.len() < said.len() {
        let events = said[jumped.len()..].to_vec();
        let found = bob.asks(GetEvents { conversation: group, events }).await.messages;
        assert!(!found.is_empty());
        jumped.extend(seqs(&found));
    }
    assert_eq!(jumped, said);
    let (mut found, mut before) = (Vec::new(), None);
    loop {
        let request = Search { text: "rocket".into(), conversation: Some(group), before, limit: Some(100) };
        let page = bob.asks(request).await;
        found.extend(seqs(&page.messages));
        before = page.next;
        if before.is_none() {
            break;
        }
    }
    found.reverse();
    assert_eq!(found, said);
}

#[tokio::test]
async fn many_long_reactions_make_a_page_shorter_and_not_unreadable() {
    let world = World::start().await;
    let [ada, bob] = world.people(["ada", "bob"]).await;
    let group = ada.makes_group("plans", &[&bob]).await;
    let mut said = Vec::new();
    for _ in 0..90 {
        said.push(ada.says(group, "hello").await.event_seq);
    }
    // What three members who put twenty emoji of 64 bytes on each message leave behind.
    let database = rusqlite::Connection::open(world.folder.path().join("data/litrocket.db")).unwrap();
    database.busy_timeout(std::time::Duration::from_secs(10)).unwrap();
    database.execute_batch("BEGIN IMMEDIATE").unwrap();
    for seq in &said {
        for number in 0..60_u64 {
            let emoji = format!("{number:064}");
            database
                .execute(
                    "INSERT INTO reactions (conversation, target_seq, account, emoji) VALUES (?1, ?2, ?3, ?4)",
                    rusqlite::params![group.0 as i64, *seq as i64, ada.account.0 as i64, emoji],
                )
                .unwrap();
        }
    }
    database.execute_batch("COMMIT").unwrap();
    let (upwards, pages) = reads_upwards(&bob, group).await;
    let messages: Vec<&Message> =
        upwards.iter().filter(|message| message.event.message_seq.is_some()).collect();
    assert_eq!(messages.len(), said.len());
    assert!(messages.iter().all(|message| message.reactions.len() == 50));
    assert!(pages > 1, "they do not fit one frame");
    assert_eq!(seqs(&reads_downwards(&bob, group).await), seqs(&upwards));
}

#[tokio::test]
async fn conversations_with_long_drafts_are_listed_by_pages() {
    let world = World::start().await;
    let ada = world.person("ada").await;
    let draft = "a".repeat(limits::DRAFT_BYTES_MAX);
    let mut made = Vec::new();
    for number in 0..20 {
        let conversation = ada.makes_group(&format!("plans {number}"), &[]).await;
        ada.asks(SetConversation {
            conversation,
            notify: None,
            notify_until_ms: None,
            pinned: None,
            marked_unread: None,
            draft: Some(draft.clone()),
        })
        .await;
        made.push(conversation);
    }
    let (mut listed, mut pages, mut after) = (Vec::new(), 0, None);
    loop {
        let page = ada.asks(ListConversations { after, limit: Some(100) }).await;
        pages += 1;
        listed.extend(page.conversations.iter().map(|info| info.conversation));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert!(pages > 1, "they do not fit one frame");
    assert_eq!(listed.len(), made.len());
    listed.sort();
    made.sort();
    assert_eq!(listed, made);
}
