//! What the SDK keeps for the app.

use litrocket_client::{Client, Outgoing};

use crate::world::{PASSWORD, World, sign_in, words};

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
    assert_eq!(phone.flush(crate::world::PATIENCE).await, 0);
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
    assert_eq!(phone.flush(crate::world::PATIENCE).await, 0);
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
    assert_eq!(ada.client.flush(crate::world::PATIENCE).await, 0);
    // Whatever the stream to bob holds by now ends with it.
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    world.down().await;
    world.up().await;
    for n in 0..MESSAGES {
        bob.hears(&n.to_string()).await;
    }
    bob.hears_nothing().await;
}
