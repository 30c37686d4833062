//! People chat.

use litrocket_client::{Item, Outgoing};
use litrocket_protocol::{conversations::GetConversation, event::kind, history::Search};

use crate::world::{World, text, words};

#[tokio::test]
async fn a_message_reaches_the_other_person_and_the_senders_other_device() {
    let world = World::start().await;
    let [mut ada, mut bob] = world.people(["ada", "bob"]).await;
    let mut ada_phone = world.device(&ada).await;
    bob.listens().await;
    ada.listens().await;
    ada_phone.listens().await;
    let chat = ada.opens(&bob).await;
    let ack = ada.says(chat, "hello").await;
    assert_eq!((ack.event_seq, ack.message_seq), (1, Some(1)));
    let heard = bob.hears("hello").await;
    assert_eq!(heard.at_ms, ack.at_ms);
    ada_phone.hears("hello").await;
    bob.says(chat, "hi").await;
    ada.hears("hi").await;
    ada_phone.hears("hi").await;
    ada.hears_nothing(&world).await;
}

#[tokio::test]
async fn messages_wait_for_who_is_away_and_arrive_in_order() {
    let world = World::start().await;
    let [ada, bob] = world.people(["ada", "bob"]).await;
    let chat = ada.opens(&bob).await;
    for n in 1..=300 {
        drop(ada.client.send(chat, Outgoing::text(format!("{n}"))).await.unwrap());
    }
    assert_eq!(ada.client.flush(crate::world::PATIENCE).await, 0);
    let mut phone = world.device(&bob).await;
    phone.listens_from_start();
    for n in 1..=300 {
        assert_eq!(phone.hears(&n.to_string()).await.event_seq, n);
    }
}

#[tokio::test]
async fn a_retried_send_is_one_message_and_another_payload_is_a_conflict() {
    let world = World::start().await;
    let [ada, mut bob] = world.people(["ada", "bob"]).await;
    bob.listens().await;
    let chat = ada.opens(&bob).await;
    let id = ada.client.new_id().unwrap();
    let first = ada.sends(chat, Outgoing::text("once").id(id)).await.unwrap();
    let again = ada.sends(chat, Outgoing::text("once").id(id)).await.unwrap();
    assert_eq!(first, again);
    assert_eq!(ada.cannot_send(chat, Outgoing::text("twice").id(id)).await, "id_conflict");
    let phone = world.device(&ada).await;
    assert_eq!(phone.sends(chat, Outgoing::text("once").id(id)).await.unwrap(), first);
    bob.hears("once").await;
    bob.hears_nothing(&world).await;
}

#[tokio::test]
async fn edits_recalls_and_reactions_are_folded_into_history() {
    let world = World::start().await;
    let [ada, mut bob] = world.people(["ada", "bob"]).await;
    bob.listens().await;
    let chat = ada.opens(&bob).await;
    let first = ada.says(chat, "helo").await.event_seq;
    let second = ada.says(chat, "secret words").await.event_seq;
    bob.sends(chat, Outgoing::reaction(first, "👍", true)).await.unwrap();
    ada.sends(chat, Outgoing::edit(first, &text("hello"))).await.unwrap();
    ada.sends(chat, Outgoing::recall(second)).await.unwrap();
    assert_eq!(bob.cannot_send(chat, Outgoing::edit(first, &text("mine"))).await, "not_yours");
    assert_eq!(bob.cannot_send(chat, Outgoing::recall(first)).await, "not_yours");
    assert_eq!(ada.cannot_send(chat, Outgoing::edit(second, &text("again"))).await, "bad_target");
    assert_eq!(ada.cannot_send(chat, Outgoing::reaction(first, "no", true)).await, "bad_value");
    // What is on already, or not on at all, is no event.
    let head = ada.asks(GetConversation { conversation: chat }).await.head_seq;
    assert_eq!(bob.cannot_send(chat, Outgoing::reaction(first, "👍", true)).await, "bad_value");
    assert_eq!(bob.cannot_send(chat, Outgoing::reaction(first, "🎉", false)).await, "bad_value");
    assert_eq!(ada.asks(GetConversation { conversation: chat }).await.head_seq, head);
    let history = bob.history(chat).await;
    assert_eq!(history.len(), 2);
    assert_eq!(words(&history[0].event), "hello");
    assert!(history[0].edited_ms.is_some());
    assert_eq!((history[0].reactions[0].emoji.as_str(), history[0].reactions[0].mine), ("👍", true));
    assert!(history[1].event.recalled_by.is_some() && history[1].event.body.is_empty());
    // Who replays the log never gets the recalled words.
    let mut phone = world.device(&bob).await;
    phone.listens_from_start();
    for _ in 0..5 {
        let event = phone.next_event().await;
        assert!(!String::from_utf8_lossy(&event.body).contains("secret"), "{event:?}");
    }
}

#[tokio::test]
async fn an_edited_message_holds_its_newest_words_alone_and_none_when_it_is_recalled() {
    let world = World::start().await;
    let [ada, bob] = world.people(["ada", "bob"]).await;
    let chat = ada.opens(&bob).await;
    let seq = ada.says(chat, "canary 0").await.event_seq;
    for n in 1..=12 {
        ada.sends(chat, Outgoing::edit(seq, &text(&format!("canary {n}")))).await.unwrap();
    }
    let history = bob.history(chat).await;
    assert_eq!(words(&history[0].event), "canary 12");
    let replayed = |mut phone: crate::world::Person| async move {
        phone.listens_from_start();
        let mut held = Vec::new();
        for _ in 0..13 {
            let event = phone.next_event().await;
            let body = String::from_utf8_lossy(&event.body).into_owned();
            held.extend(body.contains("canary").then_some((event.event_seq, body)));
        }
        held
    };
    let held = replayed(world.device(&bob).await).await;
    assert_eq!(held.len(), 1, "{held:?}");
    assert!(held[0].0 == 13 && held[0].1.contains("canary 12"), "{held:?}");
    ada.sends(chat, Outgoing::recall(seq)).await.unwrap();
    assert_eq!(replayed(world.device(&bob).await).await, []);
    assert!(words(&bob.history(chat).await[0].event).is_empty());
}

#[tokio::test]
async fn a_forward_copies_the_words_only_from_what_the_sender_may_read() {
    let world = World::start().await;
    let [ada, bob, eve] = world.people(["ada", "bob", "eve"]).await;
    let chat = ada.opens(&bob).await;
    let other = eve.opens(&ada).await;
    let said = ada.says(chat, "between us").await.event_seq;
    assert_eq!(eve.cannot_send(other, Outgoing::forward(chat, said)).await, "bad_target");
    assert_eq!(ada.opens(&eve).await, other);
    ada.sends(other, Outgoing::forward(chat, said)).await.unwrap();
    let history = eve.history(other).await;
    assert_eq!((history[0].event.kind, words(&history[0].event).as_str()), (kind::FORWARD, "between us"));
}

#[tokio::test]
async fn a_former_member_forwards_no_words_that_were_written_after_the_removal() {
    let world = World::start().await;
    let [ada, bob, eve] = world.people(["ada", "bob", "eve"]).await;
    let group = ada.makes_group("rockets", &[&bob]).await;
    let said = ada.says(group, "as bob knew it").await.event_seq;
    let kept = ada.says(group, "never edited").await.event_seq;
    ada.asks(litrocket_protocol::conversations::RemoveMember { conversation: group, account: bob.account })
        .await;
    ada.sends(group, Outgoing::edit(said, &text("behind closed doors"))).await.unwrap();
    let other = bob.opens(&eve).await;
    assert_eq!(
        eve.cannot_send(other, Outgoing::forward(group, kept)).await,
        "not_found",
        "nothing is shown yet"
    );
    assert_eq!(bob.cannot_send(other, Outgoing::forward(group, said)).await, "bad_target");
    bob.sends(other, Outgoing::forward(group, kept)).await.unwrap();
    assert_eq!(words(&eve.history(other).await[0].event), "never edited");
}

#[tokio::test]
async fn a_removed_member_reads_up_to_the_removal_and_no_further() {
    let world = World::start().await;
    let [ada, mut bob, eve] = world.people(["ada", "bob", "eve"]).await;
    bob.listens().await;
    let group = ada.makes_group("rockets", &[&eve]).await;
    ada.says(group, "before bob").await;
    ada.invites(group, &[&bob]).await;
    ada.says(group, "with bob").await;
    assert_eq!(bob.next_event().await.kind, kind::JOINED);
    bob.hears("with bob").await;
    ada.asks(litrocket_protocol::conversations::RemoveMember { conversation: group, account: bob.account })
        .await;
    ada.says(group, "after bob").await;
    assert_eq!(bob.next_event().await.kind, kind::REMOVED);
    bob.hears_nothing(&world).await;
    assert_eq!(bob.cannot_send(group, Outgoing::text("me too")).await, "not_a_member");
    let said: Vec<String> = bob.history(group).await.iter().map(|message| words(&message.event)).collect();
    assert_eq!(said, ["", "with bob", ""]);
    let outsider = world.person("mallory").await;
    assert_eq!(outsider.cannot_send(group, Outgoing::text("hi")).await, "not_found");
}

#[tokio::test]
async fn search_finds_chinese_and_english_and_never_what_is_recalled_or_foreign() {
    let world = World::start().await;
    let [ada, bob, eve] = world.people(["ada", "bob", "eve"]).await;
    let chat = ada.opens(&bob).await;
    ada.says(chat, "今天火箭发射成功").await;
    ada.says(chat, "Hello rocket world").await;
    let gone = ada.says(chat, "火箭 recalled").await.event_seq;
    ada.sends(chat, Outgoing::recall(gone)).await.unwrap();
    let edited = ada.says(chat, "old words").await.event_seq;
    ada.sends(chat, Outgoing::edit(edited, &text("new words"))).await.unwrap();
    // Both before and after the index has followed.
    for round in 0..2 {
        let find = async |query: &str| {
            let request = Search { text: query.into(), conversation: None, before: None, limit: None };
            let found = bob.asks(request).await;
            found.messages.iter().map(|message| words(&message.event)).collect::<Vec<_>>()
        };
        assert_eq!(find("火箭").await, ["今天火箭发射成功"], "round {round}");
        assert_eq!(find("火").await, ["今天火箭发射成功"]);
        assert_eq!(find("hello wor").await, ["Hello rocket world"]);
        assert_eq!(find("new").await, ["new words"]);
        assert!(find("old").await.is_empty());
        assert!(find("recalled").await.is_empty());
        let foreign = Search { text: "火箭".into(), conversation: None, before: None, limit: None };
        assert!(eve.asks(foreign).await.messages.is_empty());
        world.is_indexed().await;
    }
    let nothing = Search { text: "?!".into(), conversation: None, before: None, limit: None };
    assert_eq!(bob.is_refused(nothing).await, "nothing_to_search");
}

#[tokio::test]
async fn unread_counts_follow_the_markers_on_all_devices() {
    let world = World::start().await;
    let [mut ada, bob] = world.people(["ada", "bob"]).await;
    ada.befriends(&bob).await;
    let chat = ada.opens(&bob).await;
    let mut last = 0;
    for n in 0..5 {
        last = ada.says(chat, &format!("{n}")).await.event_seq;
    }
    assert_eq!(bob.sees(chat).await.unread, 5);
    ada.listens().await;
    let marked = bob
        .asks(litrocket_protocol::conversations::MarkRead { conversation: chat, event_seq: last - 2 })
        .await;
    assert_eq!((marked.read, marked.unread), (3, 2));
    let marker = ada
        .waits_for(|item| match item {
            Item::Marker(marker) => marker.read,
            _ => None,
        })
        .await;
    assert_eq!(marker, 3);
    assert_eq!(world.device(&bob).await.sees(chat).await.unread, 2);
    bob.says(chat, "answer").await;
    assert_eq!(bob.sees(chat).await.unread, 0);
    assert_eq!(ada.sees(chat).await.unread, 1);
}
