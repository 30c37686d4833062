//! A stranger's first message is a request.

use litrocket_client::{Item, Outgoing};
use litrocket_protocol::{
    account::SetPrivacy,
    conversations::{
        AnswerDirect, ConversationEntry, GetMarkers, ListConversations, MarkRead, OpenDirect, SetConversation,
    },
    frame,
    people::friend_state,
};

use super::ask;
use crate::world::{Person, World};

impl Person {
    async fn answers(&self, conversation: litrocket_protocol::ConversationId, accept: bool) {
        self.asks(AnswerDirect { conversation, accept }).await;
    }

    async fn is_asked(&self, conversation: litrocket_protocol::ConversationId) -> bool {
        self.sees(conversation).await.mine.request
    }
}

#[tokio::test]
async fn the_first_message_of_a_stranger_is_a_request_until_it_is_answered() {
    let world = World::start().await;
    let [mut ada, mut bob, eve] = world.people(["ada", "bob", "eve"]).await;
    let group = eve.makes_group("all", &[&ada, &bob]).await;
    bob.listens().await;
    ada.listens().await;
    let room = ada.opens(&bob).await;
    let said = ada.says(room, "do you know me?").await;
    let key = format!("conversation/{room}");
    // The account log and a conversation are two orders: which of them tells first is open.
    let (mut asked, mut heard) = (false, false);
    bob.waits_for(|item| {
        match item {
            Item::Entry(entry) if entry.key == key => {
                let entry: ConversationEntry = frame::decode(entry.value.as_ref()?).unwrap();
                asked = entry.request;
            }
            Item::Event(event) => heard |= event.event_seq == said.event_seq && event.conversation == room,
            _ => {}
        }
        (asked && heard).then_some(())
    })
    .await;
    assert!(bob.is_asked(room).await && !ada.is_asked(room).await);
    // Neither learns whether the other is here, types, received or read.
    ada.client.watch(vec![bob.account]).unwrap();
    bob.client.watch(vec![ada.account]).unwrap();
    for person in [&ada, &bob] {
        person.client.set_typing(room, true);
        person.client.set_typing(group, true);
    }
    bob.asks(MarkRead { conversation: room, event_seq: said.event_seq }).await;
    let markers = GetMarkers { conversation: room, after: None };
    for person in [&ada, &bob] {
        let told = person.asks(markers.clone()).await.markers;
        assert_eq!((told[0].read, told[0].delivered), (None, 0));
    }
    let elsewhere = |item: &Item| match item {
        Item::TypingNow(typing) if typing.conversation == group => Some(()),
        Item::Presence(_) | Item::TypingNow(_) => panic!("{item:?}"),
        Item::Marker(marker) => {
            assert_ne!(marker.conversation, room);
            None
        }
        _ => None,
    };
    // A hint of typing is told once and may get lost: they go on until it is heard.
    let clients = [ada.client.clone(), bob.client.clone()];
    let types = async {
        loop {
            for client in &clients {
                client.set_typing(group, true);
            }
            tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        }
    };
    let hear = async {
        ada.waits_for(elsewhere).await;
        bob.waits_for(elsewhere).await;
    };
    tokio::select! {
        () = types => {}
        () = hear => {}
    }
    // What comes next is what the answer opened.
    bob.answers(room, true).await;
    assert!(!bob.is_asked(room).await);
    assert!(ada.sees_presence().await.online && bob.sees_presence().await.online);
    assert_eq!(ada.asks(markers).await.markers[0].read, Some(1));
    bob.answers(room, true).await;
    // The first answer stands; turning away is a matter of requests.
    assert_eq!(bob.is_refused(AnswerDirect { conversation: room, accept: false }).await, "not_found");
}

#[tokio::test]
async fn who_is_turned_away_cannot_write_and_is_let_in_by_a_word() {
    let world = World::start().await;
    let [ada, bob, eve] = world.people(["ada", "bob", "eve"]).await;
    let room = ada.opens(&bob).await;
    ada.says(room, "hi").await;
    ada.says(room, "are you there?").await;
    for (person, accept) in [(&ada, true), (&ada, false), (&eve, true)] {
        assert_eq!(person.is_refused(AnswerDirect { conversation: room, accept }).await, "not_found");
    }
    bob.answers(room, false).await;
    bob.answers(room, false).await;
    assert_eq!(ada.cannot_send(room, Outgoing::text("hello?")).await, "not_accepting");
    assert!(!bob.is_asked(room).await);
    // A block comes and goes; the answer stays.
    bob.blocks(&ada, true).await;
    bob.blocks(&ada, false).await;
    assert_eq!(ada.cannot_send(room, Outgoing::text("hello?")).await, "not_accepting");
    bob.says(room, "what is it?").await;
    ada.says(room, "thanks").await;
    // Bob may also change his mind without a word.
    let other = eve.opens(&bob).await;
    eve.says(other, "hi").await;
    bob.answers(other, false).await;
    bob.answers(other, true).await;
    eve.says(other, "thanks").await;
}

#[tokio::test]
async fn a_message_or_a_friendship_answers_a_stranger() {
    let world = World::start().await;
    let [mut ada, bob, eve, dan] = world.people(["ada", "bob", "eve", "dan"]).await;
    let room = ada.opens(&bob).await;
    ada.says(room, "hi").await;
    ada.listens().await;
    // One's own settings answer nothing.
    bob.asks(SetConversation {
        conversation: room,
        notify: None,
        notify_until_ms: None,
        pinned: Some(true),
        marked_unread: None,
        draft: Some("h".into()),
    })
    .await;
    assert!(bob.is_asked(room).await);
    bob.says(room, "hello").await;
    assert!(!bob.is_asked(room).await);
    bob.client.set_typing(room, true);
    ada.waits_for(|item| matches!(item, Item::TypingNow(_)).then_some(())).await;
    // A friendship, whoever asked for it.
    let room = eve.opens(&bob).await;
    eve.says(room, "hi").await;
    bob.asks(ask(&eve)).await;
    assert!(bob.is_asked(room).await);
    assert_eq!(eve.asks_to_be_a_friend(&bob, "").await, friend_state::FRIENDS);
    assert!(!bob.is_asked(room).await);
    // Friends, and who opened the conversation themselves, are asked nothing.
    dan.befriends(&bob).await;
    let room = dan.opens(&bob).await;
    dan.says(room, "a friend").await;
    assert!(!bob.is_asked(room).await);
    let room = dan.opens(&eve).await;
    eve.opens(&dan).await;
    eve.says(room, "you opened it").await;
    assert!(!dan.is_asked(room).await);
    assert_eq!(ada.asks(ListConversations::default()).await.conversations.len(), 1);
}

#[tokio::test]
async fn a_first_message_counts_as_turning_to_a_stranger() {
    let world = World::start_with(|config| config.people.strangers_per_day_new = 1).await;
    let [ada, bob, eve, dan] = world.people(["ada", "bob", "eve", "dan"]).await;
    dan.befriends(&ada).await;
    let room = ada.opens(&bob).await;
    // The same again, a friend, oneself, and who turned to one are no strangers.
    assert_eq!(ada.opens(&bob).await, room);
    ada.opens(&dan).await;
    ada.opens(&ada).await;
    let theirs = eve.opens(&ada).await;
    assert_eq!(ada.opens(&eve).await, theirs);
    let fay = world.person("fay").await;
    assert_eq!(ada.is_refused(OpenDirect { account: fay.account }).await, "too_many_strangers");
    assert_eq!(ada.is_refused(ask(&fay)).await, "too_many_strangers");
    assert!(ada.asks(SetPrivacy::default()).await.presence);
}

#[tokio::test]
async fn a_stranger_says_a_little_until_they_are_answered() {
    let world = World::start_with(|config| config.people.stranger_messages_max = 3).await;
    let [ada, mut bob] = world.people(["ada", "bob"]).await;
    let room = ada.opens(&bob).await;
    for n in 0..3 {
        ada.says(room, &format!("hello {n}")).await;
    }
    assert_eq!(ada.cannot_send(room, Outgoing::text("one more")).await, "not_accepting");
    bob.listens().await;
    bob.says(room, "all right").await;
    for n in 0..3 {
        ada.says(room, &format!("thank you {n}")).await;
        bob.hears(&format!("thank you {n}")).await;
    }
}

#[tokio::test]
async fn a_stranger_who_sends_without_waiting_gets_no_more_in_than_one_who_waits() {
    let world = World::start_with(|config| config.people.stranger_messages_max = 10).await;
    let [ada, bob] = world.people(["ada", "bob"]).await;
    let room = ada.opens(&bob).await;
    let mut sent = Vec::new();
    for number in 0..40 {
        sent.push(ada.client.send(room, Outgoing::text(format!("{number}"))).await.unwrap());
    }
    let mut taken = 0;
    for pending in sent {
        match tokio::time::timeout(crate::world::PATIENCE, pending).await.unwrap() {
            Ok(_) => taken += 1,
            Err(litrocket_client::Error::Fault(fault)) => assert_eq!(fault.code, "not_accepting"),
            Err(other) => panic!("{other}"),
        }
    }
    assert_eq!(taken, 10);
    assert_eq!(bob.history(room).await.len(), 10);
}

#[tokio::test]
async fn typing_tells_nobody_of_a_conversation_before_its_first_message_nor_of_who_is_muted() {
    let world = World::start().await;
    let [ada, mut bob] = world.people(["ada", "bob"]).await;
    let group = bob.makes_group("all", &[&ada]).await;
    ada.befriends(&bob).await;
    let room = ada.opens(&bob).await;
    bob.listens().await;
    ada.client.set_typing(room, true);
    let hears = async {
        bob.waits_for(|item| matches!(item, Item::TypingNow(_)).then_some(())).await;
    };
    assert!(tokio::time::timeout(std::time::Duration::from_millis(500), hears).await.is_err());
    ada.says(room, "hello").await;
    ada.client.set_typing(room, false);
    ada.client.set_typing(room, true);
    bob.waits_for(|item| matches!(item, Item::TypingNow(now) if now.conversation == room).then_some(()))
        .await;
    let mute =
        |for_ms| litrocket_protocol::groups::MuteMember { conversation: group, account: ada.account, for_ms };
    bob.asks(mute(3_600_000)).await;
    ada.client.set_typing(group, true);
    let typing =
        |item: &Item| matches!(item, Item::TypingNow(now) if now.conversation == group).then_some(());
    let hears = async { bob.waits_for(typing).await };
    assert!(tokio::time::timeout(std::time::Duration::from_millis(500), hears).await.is_err());
    bob.asks(mute(0)).await;
    ada.client.set_typing(group, true);
    bob.waits_for(typing).await;
}
