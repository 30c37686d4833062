//! Crashes, stops, lost networks and readers that do not read.

mod hung;
mod inside;
mod kill;
mod network;
pub(crate) mod scarce;
mod stall;
mod stop;
mod syscall;
mod unread;

use std::{
    collections::HashSet,
    time::{Duration, Instant},
};

use litrocket_client::{Client, Item, Outgoing, Start};
use litrocket_protocol::{
    chat::Ack,
    conversations::{CreateGroup, OpenDirect},
    history::GetHistory,
};
use tokio::{task::JoinHandle, time::timeout};

use crate::{
    process::Process,
    raw::Raw,
    world::{PATIENCE, World},
};

/// Sends numbered messages without a pause; answers the acks in order.
fn keeps_sending(
    client: Client,
    conversation: litrocket_protocol::ConversationId,
    stop: tokio::sync::watch::Receiver<bool>,
) -> JoinHandle<Vec<Ack>> {
    tokio::spawn(async move {
        let mut pending = Vec::new();
        let mut acks = Vec::new();
        for n in 0.. {
            if *stop.borrow() {
                break;
            }
            pending.push(client.send(conversation, Outgoing::text(n.to_string())).await.unwrap());
            if pending.len() >= 64 {
                for one in pending.drain(..) {
                    acks.push(one.await.unwrap());
                }
            }
        }
        for one in pending {
            acks.push(one.await.unwrap());
        }
        acks
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_graceful_stop_under_load_loses_nothing_and_exits_0() {
    let mut process = Process::start();
    let ada = process.person("ada").await;
    let bob = process.person("bob").await;
    let chat = ada.call(OpenDirect { account: bob.me().unwrap().account }).await.unwrap().conversation;
    let mut going = bob.events(Start::Cursors).unwrap();
    let told = tokio::spawn(async move {
        while let Some(item) = going.next().await {
            if let Item::GoingAway { retry_after_ms } = item {
                return retry_after_ms;
            }
        }
        panic!("nobody said that the server goes away");
    });
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let sending = keeps_sending(ada.clone(), chat, stopped);
    tokio::time::sleep(Duration::from_millis(400)).await;
    let before = Instant::now();
    let (code, mut process) =
        tokio::task::spawn_blocking(move || (process.terminate(), process)).await.unwrap();
    assert_eq!(code, 0, "{}", process.last_words());
    assert!(before.elapsed() < Duration::from_secs(10), "{:?}", before.elapsed());
    assert!(timeout(PATIENCE, told).await.unwrap().unwrap() > 0);
    process.up();
    tokio::time::sleep(Duration::from_millis(300)).await;
    stop.send_replace(true);
    let acks = timeout(PATIENCE, sending).await.unwrap().unwrap();
    let seqs: Vec<u64> = acks.iter().map(|ack| ack.event_seq).collect();
    assert_eq!(seqs, (1..=acks.len() as u64).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_device_that_reconnects_under_load_has_no_hole() {
    let world = World::start().await;
    let [ada, bob] = world.people(["ada", "bob"]).await;
    let chat = ada.opens(&bob).await;
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let sending = keeps_sending(ada.client.clone(), chat, stopped);
    let folder = tempfile::tempdir().unwrap();
    let mut heard: Vec<u64> = Vec::new();
    for round in 0..10 {
        let mut options = world.options();
        options.token = bob.client.token();
        options.state_file = Some(folder.path().join("state"));
        let client = Client::connect(options).await.unwrap();
        // A device that never synced starts at the heads; this one wants everything.
        let mut events = client.events(if round == 0 { Start::Beginning } else { Start::Cursors }).unwrap();
        let until = Instant::now() + Duration::from_millis(60);
        while Instant::now() < until {
            if let Ok(Some(Item::Event(event))) = timeout(Duration::from_millis(20), events.next()).await {
                heard.push(event.event_seq);
            }
        }
        events.commit().await.unwrap();
        client.close().await;
    }
    stop.send_replace(true);
    timeout(PATIENCE, sending).await.unwrap().unwrap();
    assert!(heard.len() > 100, "{}", heard.len());
    assert_eq!(heard, (1..=heard.len() as u64).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn devices_that_stop_reading_cost_no_memory_that_grows_with_messages() {
    const READERS: u64 = 20;
    let process = Process::start();
    let ada = process.person("ada").await;
    let mut readers = Vec::new();
    for n in 0..READERS {
        let reader = process.person(&format!("reader{n}")).await;
        // Delivery begins, and nobody ever takes an event.
        readers.push((reader.events(Start::Cursors).unwrap(), reader));
    }
    let accounts = readers.iter().map(|(_, reader)| reader.me().unwrap().account).collect();
    let id = ada.new_id().unwrap();
    let group = CreateGroup { id, name: "stuck".into(), accounts, open_history: false };
    let group = ada.call(group).await.unwrap().conversation;
    let words = "x".repeat(8_000);
    let send = async |count: usize| {
        for _ in 0..count {
            drop(ada.send(group, Outgoing::text(words.clone())).await.unwrap());
        }
        assert_eq!(ada.flush(PATIENCE).await, 0);
    };
    // What the recent log and the database keep in memory is full, and windows are as wide as they get.
    send(3_000).await;
    let mut grown = Vec::new();
    for (backlog, messages) in [(1, 1_000), (2, 4_000)] {
        let before = process.resident();
        send(messages).await;
        let more = process.resident().saturating_sub(before);
        println!(
            "{backlog}: {messages} messages of 8 KB to {READERS} readers that do not read: {} KiB",
            more / 1024
        );
        grown.push(more);
    }
    // Four times as many cost no more: a leak of one word for each message and reader, or of a message for each reader in a hundred,
    // would show.
    let leak_of_one_reader = 4_000 * 8_000;
    assert!(grown[1] < leak_of_one_reader / 4, "{grown:?}: memory grows with messages");
    drop(readers);
}

#[tokio::test]
async fn a_client_whose_address_changes_keeps_its_connection_and_session() {
    let world = World::start().await;
    let [ada, mut bob] = world.people(["ada", "bob"]).await;
    bob.listens().await;
    let chat = ada.opens(&bob).await;
    ada.says(chat, "before").await;
    bob.hears("before").await;
    let status = bob.client.status();
    let devices = world.app().hub.devices(bob.account);
    for n in 0..5 {
        bob.client.network_changed().unwrap();
        ada.says(chat, &n.to_string()).await;
        bob.hears(&n.to_string()).await;
    }
    assert!(!status.has_changed().unwrap(), "the connection was never lost");
    let ids = |list: &[std::sync::Arc<litrocket::hub::Device>]| -> HashSet<u64> {
        list.iter().map(|one| one.id).collect()
    };
    assert_eq!(ids(&world.app().hub.devices(bob.account)), ids(&devices));
}

#[tokio::test]
async fn a_restart_keeps_the_ca_and_sessions_go_on() {
    let mut world = World::start().await;
    let [ada, mut bob] = world.people(["ada", "bob"]).await;
    bob.listens().await;
    let chat = ada.opens(&bob).await;
    ada.says(chat, "before").await;
    bob.hears("before").await;
    let ca = std::fs::read(world.ca()).unwrap();
    world.down().await;
    world.up().await;
    assert_eq!(std::fs::read(world.ca()).unwrap(), ca);
    ada.says(chat, "after").await;
    bob.hears("after").await;
}

#[tokio::test]
async fn while_the_disk_is_low_sends_wait_and_reading_goes_on() {
    let world = World::start_with(|config| config.storage.disk_reserve_mib = 0).await;
    let [ada, bob] = world.people(["ada", "bob"]).await;
    let chat = ada.opens(&bob).await;
    ada.says(chat, "before").await;
    world.app().writer.set_disk_low(true);
    let mut first = ada.client.send(chat, Outgoing::text("first")).await.unwrap();
    let second = ada.client.send(chat, Outgoing::text("second")).await.unwrap();
    let refused = ada.is_refused(litrocket_protocol::account::SetPrivacy::default()).await;
    assert_eq!(refused, "unavailable");
    // Longer than the look at the disk takes, which is not to say that there is room where nothing changed.
    assert!(timeout(Duration::from_millis(2500), &mut first).await.is_err(), "nothing is written");
    assert_eq!(bob.history(chat).await.len(), 1);
    world.app().writer.set_disk_low(false);
    let (first, second) =
        (timeout(PATIENCE, first).await.unwrap().unwrap(), timeout(PATIENCE, second).await.unwrap().unwrap());
    assert_eq!((first.event_seq, second.event_seq), (2, 3));
}

#[tokio::test]
async fn a_data_folder_serves_one_process_and_a_newer_database_is_refused() {
    let mut world = World::start().await;
    let config = crate::world::test_config(world.folder.path());
    let error = litrocket::server::Server::bind(config.clone()).await.unwrap_err();
    assert!(error.to_string().contains("another server uses it"), "{error}");
    world.down().await;
    let file = world.folder.path().join("data/litrocket.db");
    let database = rusqlite::Connection::open(file).unwrap();
    database
        .execute(
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
             VALUES (999, 'later', 1, x'00', 0)",
            [],
        )
        .unwrap();
    drop(database);
    let error = litrocket::server::Server::bind(config).await.unwrap_err().to_string();
    assert!(error.contains("999") && error.contains("versions up to"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_signal_ends_the_program_at_once_and_nothing_acked_is_lost() {
    let mut process = Process::start();
    let ada = process.person("ada").await;
    let me = ada.me().unwrap().account;
    let chat = ada.call(OpenDirect { account: me }).await.unwrap().conversation;
    let acked = ada.send(chat, Outgoing::text("kept")).await.unwrap().await.unwrap();
    // A request stream that never says what it wants keeps the first stop waiting for its grace of 10 s.
    let raw = Raw::connect(process.port, &process.path().join("certs/ca.pem"), [127, 0, 0, 1].into()).await;
    raw.signs_up("bob").await;
    let _open = raw.begins(&[1, 0x40]).await;
    let before = Instant::now();
    process.signal();
    tokio::time::sleep(Duration::from_millis(300)).await;
    process.signal();
    let (_, mut process) = tokio::task::spawn_blocking(move || (process.ended(), process)).await.unwrap();
    assert!(before.elapsed() < Duration::from_secs(3), "{:?}", before.elapsed());
    process.up();
    let page = GetHistory { conversation: chat, before: None, after: None, limit: None };
    let page = timeout(PATIENCE, ada.call(page)).await.unwrap().unwrap();
    assert_eq!(page.messages[0].event.id, Some(acked.id));
}
