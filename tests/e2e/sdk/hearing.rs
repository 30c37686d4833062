//! What the SDK tells the app, and when.

use std::time::Duration;

use litrocket_client::{Client, Item, Outgoing, Start};
use litrocket_protocol::{
    AccountId, ConversationId, chat,
    conversations::SetConversation,
    event::{Event, kind},
    stream_kind,
};
use tokio::time::timeout;

use crate::{
    fake::Fake,
    world::{PASSWORD, PATIENCE, World, sign_in, words},
};

#[tokio::test]
async fn an_app_that_waits_for_its_ack_gets_it_also_behind_events_it_has_not_taken() {
    // Far more than waits for the app, in items.
    const MESSAGES: usize = 1500;
    let world = World::start().await;
    let [ada, bob] = world.people(["ada", "bob"]).await;
    let chat = ada.opens(&bob).await;
    for n in 0..MESSAGES {
        drop(ada.client.send(chat, Outgoing::text(n.to_string())).await.unwrap());
    }
    assert_eq!(ada.client.flush(PATIENCE).await, 0);
    let notes = bob.opens(&bob).await;
    let mut events = bob.client.events(Start::Beginning).unwrap();
    let mut heard = 0;
    let mut turn = 0;
    while heard < MESSAGES {
        let item = timeout(PATIENCE, events.next()).await.expect("it comes").expect("the client is open");
        if let Item::Event(event) = item
            && event.conversation == chat
        {
            assert_eq!(words(&event), heard.to_string());
            heard += 1;
        }
        // In the loop that takes the events, as programs that answer do.
        turn += 1;
        if turn % 50 == 0 {
            bob.says(notes, &turn.to_string()).await;
        }
    }
}

#[tokio::test]
async fn an_ack_comes_also_when_more_waits_than_is_ever_kept() {
    // Bytes beyond everything that waits in the client and on the way to it.
    const MESSAGES: usize = 400;
    let world = World::start().await;
    let [ada, bob] = world.people(["ada", "bob"]).await;
    let chat = ada.opens(&bob).await;
    let long = "x".repeat(15_000);
    for n in 0..MESSAGES {
        drop(ada.client.send(chat, Outgoing::text(format!("{n} {long}"))).await.unwrap());
    }
    assert_eq!(ada.client.flush(PATIENCE).await, 0);
    let notes = bob.opens(&bob).await;
    let mut events = bob.client.events(Start::Beginning).unwrap();
    for n in 0..60 {
        bob.says(notes, &n.to_string()).await;
    }
    let mut heard = 0;
    while heard < MESSAGES {
        let item = timeout(PATIENCE, events.next()).await.expect("it comes").expect("the client is open");
        if let Item::Event(event) = item
            && event.conversation == chat
        {
            assert!(words(&event).starts_with(&format!("{heard} ")), "event {heard}");
            heard += 1;
        }
    }
}

#[tokio::test]
async fn what_the_app_did_not_handle_comes_again_though_it_handled_what_came_after() {
    let world = World::start().await;
    let ada = world.person("ada").await;
    let [first, second] = [ada.makes_group("first", &[]).await, ada.makes_group("second", &[]).await];
    let mut options = world.options();
    options.state_file = Some(world.folder.path().join("state"));
    let phone = Client::connect(options.clone()).await.unwrap();
    phone.sign_in(sign_in("ada", PASSWORD)).await.unwrap();
    options.token = phone.token();
    let mut events = phone.events(Start::Cursors).unwrap();
    let hears = async |events: &mut litrocket_client::Events, of: Option<ConversationId>| {
        let key = of.map(|of| format!("conversation/{}", of.0));
        let found = async {
            loop {
                match events.next().await.expect("the client is open") {
                    Item::CaughtUp if key.is_none() => return,
                    Item::Entry(entry) if Some(&entry.key) == key.as_ref() => return,
                    _ => {}
                }
            }
        };
        timeout(PATIENCE, found).await.expect("it comes");
    };
    hears(&mut events, None).await;
    let pins = |conversation| SetConversation {
        conversation,
        notify: None,
        notify_until_ms: None,
        pinned: Some(true),
        marked_unread: None,
        draft: None,
    };
    ada.asks(pins(first)).await;
    hears(&mut events, Some(first)).await;
    events.not_handled();
    ada.asks(pins(second)).await;
    hears(&mut events, Some(second)).await;
    events.commit().await.unwrap();
    phone.close().await;
    let phone = Client::connect(options).await.unwrap();
    let mut events = phone.events(Start::Cursors).unwrap();
    hears(&mut events, Some(first)).await;
    hears(&mut events, Some(second)).await;
}

#[tokio::test]
async fn a_cursor_ahead_of_the_log_is_given_up_and_the_conversation_comes_from_its_beginning() {
    let world = World::start().await;
    let [ada, bob] = world.people(["ada", "bob"]).await;
    let chat = ada.opens(&bob).await;
    ada.says(chat, "one").await;
    ada.says(chat, "two").await;
    let state = world.folder.path().join("state");
    let welcome = bob.client.welcome();
    let id = litrocket_protocol::hex::encode(&welcome.server_id);
    let saved = format!(
        r#"{{"account":{},"server_id":"{id}","log_epoch":{},"account_version":0,"cursors":[[{},99]]}}"#,
        bob.account.0, welcome.log_epoch, chat.0
    );
    std::fs::write(&state, saved).unwrap();
    let mut options = world.options();
    options.state_file = Some(state);
    options.token = bob.client.token();
    let phone = Client::connect(options).await.unwrap();
    let mut events = phone.events(Start::Cursors).unwrap();
    let mut heard = Vec::new();
    while heard.len() < 3 {
        match timeout(PATIENCE, events.next()).await.expect("it comes").unwrap() {
            Item::CursorRefused(refused) => heard.push(refused.fault.code),
            Item::Event(event) => heard.push(words(&event)),
            _ => {}
        }
    }
    assert_eq!(heard, ["cursor_ahead", "one", "two"]);
    // And it goes on from there.
    ada.says(chat, "three").await;
    loop {
        if let Item::Event(event) = timeout(PATIENCE, events.next()).await.expect("it comes").unwrap() {
            break assert_eq!(words(&event), "three");
        }
    }
}

#[tokio::test]
async fn a_state_stream_that_the_server_ends_is_opened_again_with_what_the_device_said() {
    let mut fake = Fake::start();
    let client = fake.client().await;
    let mut first = fake.next(stream_kind::STATE).await;
    client.watch(vec![AccountId(2)]).unwrap();
    let (watch, _) = first.next().await.unwrap();
    assert_eq!(watch, litrocket_protocol::state::frame_type::WATCH);
    first.send.finish().unwrap();
    let mut again = fake.next(stream_kind::STATE).await;
    assert_eq!(again.connection.stable_id(), first.connection.stable_id(), "the connection stays");
    assert_eq!(again.next().await.unwrap().0, watch);
    // What is said from now on goes there.
    client.set_typing(ConversationId(1), true);
    assert_eq!(again.next().await.unwrap().0, litrocket_protocol::state::frame_type::TYPING);
}

#[tokio::test]
async fn a_server_that_names_conversations_without_end_or_refuses_every_beginning_is_not_followed() {
    let mut fake = Fake::start();
    let client = fake.client().await;
    let mut events = client.events(Start::Cursors).unwrap();
    let mut chat = fake.next(stream_kind::CHAT).await;
    let mut next = async || timeout(PATIENCE, chat.next()).await.expect("a frame").unwrap().0;
    while next().await != chat::frame_type::LIVE {}
    let refused = chat::CursorRefused {
        conversation: ConversationId(5),
        fault: litrocket_protocol::Fault::new(litrocket_protocol::fault::code::CURSOR_AHEAD),
    };
    // Twice: the second beginning is asked for no more.
    for _ in 0..2 {
        chat.says(chat::frame_type::CURSOR_REFUSED, &refused).await;
        assert!(matches!(events.next().await, Some(Item::CursorRefused(_))));
    }
    let mut frames = Vec::new();
    let quiet = async {
        while let Some((kind, _)) = chat.next().await {
            frames.push(kind);
        }
    };
    drop(timeout(Duration::from_millis(700), quiet).await);
    let seeks = frames.iter().filter(|kind| **kind == chat::frame_type::SEEK).count();
    assert_eq!(seeks, 1, "{frames:?}");
    let taking = tokio::spawn(async move { while events.next().await.is_some() {} });
    let mut named = 0;
    while chat.connection.close_reason().is_none() && named < 20_000 {
        named += 1;
        let event = Event {
            conversation: ConversationId(100 + named),
            event_seq: 1,
            message_seq: Some(1),
            at_ms: 1,
            sender: AccountId(2),
            kind: kind::TEXT,
            target_seq: None,
            id: None,
            body: Vec::new(),
            fallback: None,
            recalled_by: None,
            edited_by: None,
        };
        let frame = litrocket_protocol::frame::encode(chat::frame_type::EVENT, &event);
        if chat.send.write_all(&frame).await.is_err() {
            break;
        }
    }
    timeout(PATIENCE, chat.connection.closed()).await.expect("the client leaves");
    taking.abort();
}
