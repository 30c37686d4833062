//! What a client costs that nothing happens to.

use std::{sync::atomic::Ordering, time::Duration};

use litrocket_client::{Client, Events, Item, Options, Outgoing, Start};
use litrocket_protocol::{
    AccountId, ConversationId, chat,
    state::{Availability, Presence, Watch, frame_type},
    stream_kind,
};
use tokio::time::timeout;

use crate::{
    fake::Fake,
    world::{PASSWORD, PATIENCE, World, eventually, sign_in},
};

/// How often the timer of this test wakes a runtime: when it is set, on its way through the wheel, and when it is due.
const OWN: u64 = 3;

/// Listens on a runtime of its own; answers how often that was woken in each second, until one was quiet.
async fn is_woken(options: Options, chat: ConversationId) -> Vec<u64> {
    let client = Client::connect(options).await.unwrap();
    client.sign_in(sign_in("ada", PASSWORD)).await.unwrap();
    let mut events = client.events(Start::Cursors).unwrap();
    let caught_up = async |events: &mut Events| while events.next().await.unwrap() != Item::CaughtUp {};
    timeout(PATIENCE, caught_up(&mut events)).await.unwrap();
    // What was under way once is watched no more when it has its answer.
    client.send(chat, Outgoing::text("hello")).await.unwrap().await.unwrap();
    let metrics = tokio::runtime::Handle::current().metrics();
    let mut seconds = Vec::new();
    while seconds.len() < 15 && seconds.last().is_none_or(|woken| *woken > OWN) {
        let before = metrics.worker_park_count(0);
        drop(timeout(Duration::from_secs(1), events.next()).await);
        seconds.push(metrics.worker_park_count(0) - before);
    }
    client.close().await;
    seconds
}

#[tokio::test]
async fn a_client_that_nothing_happens_to_is_not_woken_and_so_sends_nothing() {
    let world = World::start().await;
    let ada = world.person("ada").await;
    let chat = ada.opens(&ada).await;
    let mut options = world.options();
    options.keep_alive = Duration::from_secs(60);
    let woken = tokio::task::spawn_blocking(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(is_woken(options, chat))
    });
    let seconds = timeout(PATIENCE * 2, woken).await.unwrap().unwrap();
    assert!(seconds.last().is_some_and(|woken| *woken <= OWN), "woken in each second: {seconds:?}");
}

#[tokio::test]
async fn what_was_handled_is_told_as_delivered_though_nothing_else_happens() {
    let mut fake = Fake::start();
    let client = fake.client().await;
    let mut events = client.events(Start::Cursors).unwrap();
    let mut stream = fake.next(stream_kind::CHAT).await;
    let mut next = async || timeout(PATIENCE, stream.next()).await.expect("a frame").unwrap();
    while next().await.0 != chat::frame_type::LIVE {}
    let skip = chat::Skip { conversation: ConversationId(5), from: 1, to: 7 };
    stream.says(chat::frame_type::SKIP, &skip).await;
    assert_eq!(events.next().await, Some(Item::Skipped(skip.clone())));
    // Asking for the next one says that this one was handled.
    drop(timeout(Duration::ZERO, events.next()).await);
    let (kind, body) = timeout(PATIENCE, stream.next()).await.expect("it is told").unwrap();
    assert_eq!(kind, chat::frame_type::DELIVERED);
    let told: chat::Delivered = litrocket_protocol::frame::decode(&body).unwrap();
    assert_eq!(told.cursors, [(skip.conversation, 7)]);
}

#[tokio::test]
async fn who_is_away_from_all_devices_is_seen_as_away_also_after_a_reconnect() {
    let mut world = World::start().await;
    let [ada, mut bob] = world.people(["ada", "bob"]).await;
    let other = world.device(&ada).await;
    bob.listens().await;
    bob.client.watch(vec![ada.account]).unwrap();
    ada.client.set_away(true);
    other.client.set_away(true);
    let away = |item: &Item| matches!(item, Item::Presence(Presence { online: true, away: true, .. }));
    bob.waits_for(|item| away(item).then_some(())).await;
    world.down().await;
    world.up().await;
    let say_so_again = async || {
        let devices = world.app().hub.devices(ada.account);
        devices.len() == 2 && devices.iter().all(|device| device.away.load(Ordering::Relaxed))
    };
    eventually("both devices say so again", say_so_again).await;
    bob.waits_for(|item| away(item).then_some(())).await;
    other.client.set_away(false);
    let back = |item: &Item| matches!(item, Item::Presence(Presence { online: true, away: false, .. }));
    bob.waits_for(|item| back(item).then_some(())).await;
    // A device that comes to those that are away, and goes again.
    other.client.set_away(true);
    bob.waits_for(|item| away(item).then_some(())).await;
    let third = world.device(&ada).await;
    bob.waits_for(|item| back(item).then_some(())).await;
    third.client.close().await;
    bob.waits_for(|item| away(item).then_some(())).await;
}

#[tokio::test]
async fn a_state_stream_begins_with_what_the_device_said() {
    let mut fake = Fake::start();
    let client = fake.client().await;
    client.watch(vec![AccountId(2)]).unwrap();
    client.set_away(true);
    let mut first = fake.next(stream_kind::STATE).await;
    first.send.finish().unwrap();
    let mut again = fake.next(stream_kind::STATE).await;
    let decode = |bytes: &[u8]| litrocket_protocol::frame::decode::<Availability>(bytes).unwrap();
    let (kind, body) = again.next().await.unwrap();
    let watch: Watch = litrocket_protocol::frame::decode(&body).unwrap();
    assert_eq!((kind, watch.accounts), (frame_type::WATCH, vec![AccountId(2)]));
    let (kind, body) = again.next().await.unwrap();
    assert_eq!((kind, decode(&body).away), (frame_type::AVAILABILITY, true));
}
