//! What the SDK keeps for the app.

mod entering;
mod files;
mod hearing;
mod idle;

use litrocket_client::{Client, Item, Outgoing, Start};
use litrocket_protocol::limits;
use tokio::time::timeout;

use crate::world::{PASSWORD, PATIENCE, World, sign_in, words};

#[tokio::test]
async fn what_was_written_for_one_server_is_not_sent_to_another() {
    let mut world = World::start().await;
    let ada = world.person("ada").await;
    let chat = ada.opens(&ada).await;
    let mut options = world.options();
    options.state_file = Some(world.folder.path().join("state"));
    let phone = Client::connect(options.clone()).await.unwrap();
    phone.sign_in(sign_in("ada", PASSWORD)).await.unwrap();
    world.down().await;
    let pending = phone.send(chat, Outgoing::text("for the first server")).await.unwrap();
    let id = pending.id();
    phone.close().await;
    let other = World::start().await;
    let eve = other.person("eve").await;
    assert_eq!(eve.opens(&eve).await, chat, "the same number means another conversation there");
    let mut elsewhere = other.options();
    elsewhere.state_file = options.state_file.clone();
    let phone = Client::connect(elsewhere.clone()).await.unwrap();
    phone.sign_in(sign_in("eve", PASSWORD)).await.unwrap();
    assert_eq!(phone.flush(PATIENCE).await, 0);
    assert!(eve.history(chat).await.is_empty());
    let stranded = phone.take_stranded();
    assert_eq!(
        stranded.iter().map(|(of, message)| (*of, message.id)).collect::<Vec<_>>(),
        [(chat, Some(id))]
    );
    phone.close().await;
    let phone = Client::connect(elsewhere).await.unwrap();
    assert!(phone.take_stranded().is_empty(), "taking forgets");
}

#[tokio::test]
async fn what_was_not_sent_goes_out_when_the_app_starts_again() {
    let mut world = World::start().await;
    let ada = world.person("ada").await;
    let chat = ada.opens(&ada).await;
    let mut options = world.options();
    options.state_file = Some(world.folder.path().join("state"));
    let phone = Client::connect(options.clone()).await.unwrap();
    phone.sign_in(sign_in("ada", PASSWORD)).await.unwrap();
    options.token = phone.token();
    world.down().await;
    for said in ["one", "two"] {
        drop(phone.send(chat, Outgoing::text(said)).await.unwrap());
    }
    phone.close().await;
    world.up().await;
    let phone = Client::connect(options).await.unwrap();
    assert_eq!(phone.flush(PATIENCE).await, 0);
    let said: Vec<String> = ada.history(chat).await.iter().map(|message| words(&message.event)).collect();
    assert_eq!(said, ["one", "two"]);
}

#[tokio::test]
async fn an_app_that_is_slow_misses_nothing_when_its_connection_ends() {
    // More than the SDK keeps for an app that does not ask.
    const MESSAGES: usize = 600;
    let mut world = World::start().await;
    let [ada, mut bob] = world.people(["ada", "bob"]).await;
    bob.listens().await;
    let chat = ada.opens(&bob).await;
    for n in 0..MESSAGES {
        drop(ada.client.send(chat, Outgoing::text(n.to_string())).await.unwrap());
    }
    assert_eq!(ada.client.flush(PATIENCE).await, 0);
    // Whatever the stream to bob holds by now ends with it.
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    world.down().await;
    world.up().await;
    for n in 0..MESSAGES {
        bob.hears(&n.to_string()).await;
    }
    bob.hears_nothing(&world).await;
}

#[tokio::test]
async fn what_no_server_takes_is_refused_before_it_is_sent_and_the_rest_goes_on() {
    let world = World::start().await;
    let ada = world.person("ada").await;
    let chat = ada.opens(&ada).await;
    let large = Outgoing { body: vec![0; limits::BODY_BYTES_MAX + 1], ..Outgoing::text("") };
    let refused = ada.client.send(chat, large).await.unwrap_err();
    let fault = refused.fault().expect("a typed refusal");
    assert_eq!((fault.code.as_str(), fault.limit), ("too_long", Some(limits::BODY_BYTES_MAX as u64)));
    let fallback = Some("x".repeat(limits::FALLBACK_BYTES_MAX + 1));
    let refused = ada.client.send(chat, Outgoing { fallback, ..Outgoing::text("hi") }).await.unwrap_err();
    assert_eq!(refused.fault().unwrap().field.as_deref(), Some("fallback"));
    assert_eq!(ada.says(chat, "short").await.event_seq, 1);
}

#[tokio::test]
async fn the_same_message_sent_twice_has_one_answer_and_another_with_its_id_has_none() {
    let mut world = World::start().await;
    let ada = world.person("ada").await;
    let chat = ada.opens(&ada).await;
    world.down().await;
    let id = ada.client.new_id().unwrap();
    let first = ada.client.send(chat, Outgoing::text("once").id(id)).await.unwrap();
    let again = ada.client.send(chat, Outgoing::text("once").id(id)).await.unwrap();
    let other = ada.client.send(chat, Outgoing::text("twice").id(id)).await.unwrap_err();
    assert_eq!(other.fault().unwrap().code, "id_conflict");
    world.up().await;
    assert_eq!(first.await.unwrap(), again.await.unwrap());
    assert_eq!(ada.history(chat).await.len(), 1);
}

#[tokio::test]
async fn what_one_person_wrote_is_not_sent_by_the_next_who_signs_in() {
    let mut world = World::start().await;
    let [ada, eve] = world.people(["ada", "eve"]).await;
    let chat = ada.opens(&eve).await;
    ada.says(chat, "hello").await;
    let mut options = world.options();
    options.state_file = Some(world.folder.path().join("state"));
    let phone = Client::connect(options.clone()).await.unwrap();
    phone.sign_in(sign_in("ada", PASSWORD)).await.unwrap();
    // Two clients at once would each believe that the file is theirs.
    let second = Client::connect(options.clone()).await.unwrap_err();
    assert!(second.to_string().contains("in use"), "{second}");
    world.down().await;
    drop(phone.send(chat, Outgoing::text("in ada's words")).await.unwrap());
    phone.close().await;
    assert_eq!(phone.flush(PATIENCE).await, 1, "what was given up counts");
    world.up().await;
    let phone = Client::connect(options.clone()).await.unwrap();
    phone.sign_in(sign_in("eve", PASSWORD)).await.unwrap();
    phone.send(chat, Outgoing::text("in eve's words")).await.unwrap().await.unwrap();
    assert!(phone.take_stranded().is_empty(), "nobody else is shown it either");
    phone.close().await;
    let phone = Client::connect(options).await.unwrap();
    phone.sign_in(sign_in("ada", PASSWORD)).await.unwrap();
    assert_eq!(phone.flush(PATIENCE).await, 0);
    let said: Vec<_> = ada
        .history(chat)
        .await
        .iter()
        .map(|message| (message.event.sender == ada.account, words(&message.event)))
        .collect();
    let expected = [(true, "hello"), (false, "in eve's words"), (true, "in ada's words")];
    assert_eq!(said, expected.map(|(hers, words)| (hers, words.to_owned())));
}

#[tokio::test]
async fn who_begins_to_listen_again_misses_nothing_that_was_on_its_way() {
    const MESSAGES: usize = 600;
    let world = World::start().await;
    let [ada, bob] = world.people(["ada", "bob"]).await;
    let chat = ada.opens(&bob).await;
    let mut events = bob.client.events(Start::Beginning).unwrap();
    for n in 0..MESSAGES {
        drop(ada.client.send(chat, Outgoing::text(n.to_string())).await.unwrap());
    }
    assert_eq!(ada.client.flush(PATIENCE).await, 0);
    let (mut next, mut again) = (0, 0);
    while next < MESSAGES {
        if next % 150 == 10 && again <= next / 150 {
            // The place of what comes next belongs to the listener before by now.
            again += 1;
            events.commit().await.unwrap();
            events = bob.client.events(Start::Cursors).unwrap();
        }
        let item = timeout(PATIENCE, events.next()).await.expect("it comes").expect("the client is open");
        if let Item::Event(event) = item
            && event.conversation == chat
        {
            assert_eq!(words(&event), next.to_string());
            next += 1;
        }
    }
}
