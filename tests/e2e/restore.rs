//! A backup of the data folder that is restored while people are away, or in the middle of it.

use std::{path::Path, time::Duration};

use litrocket_client::{Client, Events, Item, Outgoing, Start};
use tokio::time::timeout;

use crate::world::{PATIENCE, World, words};

fn copies(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copies(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

impl World {
    /// Copies the data folder, as docs/operating.md says.
    async fn backs_up(&mut self) {
        self.down().await;
        copies(&self.folder.path().join("data"), &self.folder.path().join("backup"));
        self.up().await;
    }

    /// Puts the copy in its place, as docs/operating.md says.
    async fn restores(&mut self) {
        self.down().await;
        let data = self.folder.path().join("data");
        std::fs::remove_dir_all(&data).unwrap();
        copies(&self.folder.path().join("backup"), &data);
        let database = rusqlite::Connection::open(data.join("litrocket.db")).unwrap();
        assert_eq!(database.execute("DELETE FROM meta WHERE key = 'log_epoch'", []).unwrap(), 1);
        drop(database);
        self.up().await;
    }
}

/// What is heard until these messages are: words, and that something was set back.
async fn hears_until<const N: usize>(events: &mut Events, last: [&str; N]) -> Vec<String> {
    let mut heard: Vec<String> = Vec::new();
    while !last.iter().all(|last| heard.iter().any(|said| said == last)) {
        match timeout(PATIENCE, events.next()).await.unwrap_or_else(|_| panic!("{heard:?}")).unwrap() {
            Item::Event(event) if event.message_seq.is_some() => heard.push(words(&event)),
            Item::Restored { .. } => heard.push("restored".into()),
            Item::SetBack(back) => heard.push(format!("back to {}", back.event_seq)),
            Item::CursorRefused(refused) => heard.push(refused.fault.code),
            _ => {}
        }
    }
    heard
}

#[tokio::test]
async fn after_a_restore_devices_hear_so_and_miss_nothing_of_the_log_as_it_is_now() {
    let mut world = World::start().await;
    let [ada, bob] = world.people(["ada", "bob"]).await;
    let chat = ada.opens(&bob).await;
    let quiet = ada.makes_group("quiet", &[&bob]).await;
    ada.says(quiet, "before").await;
    let mut options = world.options();
    options.state_file = Some(world.folder.path().join("state"));
    options.token = bob.client.token();
    // Bob's phone is there all the time, his tablet is away when it happens.
    let mut phone = bob.client.events(Start::Beginning).unwrap();
    let tablet = Client::connect(options.clone()).await.unwrap();
    let mut events = tablet.events(Start::Beginning).unwrap();
    ada.says(chat, "one").await;
    ada.says(chat, "two").await;
    hears_until(&mut events, ["two"]).await;
    hears_until(&mut phone, ["two"]).await;
    world.backs_up().await;
    let said = ada.says(chat, "lost three").await;
    for words in ["lost four", "lost five"] {
        ada.says(chat, words).await;
    }
    assert_eq!(said.event_seq, 3);
    // A group that the backup does not have: its number is nobody's afterwards.
    let lost = ada.makes_group("lost", &[&bob]).await;
    ada.says(lost, "in the lost group").await;
    hears_until(&mut events, ["lost five", "in the lost group"]).await;
    hears_until(&mut phone, ["lost five", "in the lost group"]).await;
    events.commit().await.unwrap();
    drop(events);
    tablet.close().await;
    drop(tablet);
    world.restores().await;
    // What is sent first meets logs that are as long as those that were known, with other words.
    for words in ["new three", "new four", "new five", "new six"] {
        ada.says(chat, words).await;
    }
    let new = ada.makes_group("new", &[&bob]).await;
    assert!(new.0 > lost.0, "{new:?}: the number of a lost group is given to no other");
    let whole = ["new three", "new four", "new five", "new six"];
    let mut heard = hears_until(&mut phone, ["new six"]).await;
    assert!(heard.contains(&"not_found".into()), "the lost group is told to be gone: {heard:?}");
    heard.retain(|word| word != "not_found");
    assert_eq!(heard, [&["restored", "back to 2"][..], &whole].concat());
    let tablet = Client::connect(options.clone()).await.unwrap();
    let mut events = tablet.events(Start::Cursors).unwrap();
    let mut heard = hears_until(&mut events, ["new six"]).await;
    heard.retain(|word| word != "not_found");
    assert_eq!(heard, [&["restored", "back to 2"][..], &whole].concat());
    loop {
        if timeout(PATIENCE, events.next()).await.expect("it comes") == Some(Item::CaughtUp) {
            break;
        }
    }
    events.commit().await.unwrap();
    drop(events);
    tablet.close().await;
    drop(tablet);
    // Told once: from now on it is like any other server.
    ada.says(chat, "seven").await;
    let tablet = Client::connect(options).await.unwrap();
    let mut events = tablet.events(Start::Cursors).unwrap();
    assert_eq!(hears_until(&mut events, ["seven"]).await, ["seven"]);
}

#[tokio::test]
async fn what_waits_to_be_sent_is_sent_once_to_the_restored_server() {
    let mut world = World::start().await;
    let [ada, bob] = world.people(["ada", "bob"]).await;
    let chat = ada.opens(&bob).await;
    ada.says(chat, "one").await;
    world.backs_up().await;
    let lost = ada.makes_group("lost", &[&bob]).await;
    ada.says(chat, "lost").await;
    world.down().await;
    let waits = ada.client.send(chat, Outgoing::text("two")).await.unwrap();
    let nowhere = ada.client.send(lost, Outgoing::text("for the lost group")).await.unwrap();
    world.up().await;
    // It may or may not have reached the server before that was set back.
    tokio::time::sleep(Duration::from_millis(300)).await;
    world.restores().await;
    let answer = timeout(PATIENCE, waits).await.expect("an answer").unwrap();
    assert!(answer.event_seq == 2 || answer.event_seq == 3, "{answer:?}");
    if let Err(refused) = timeout(PATIENCE, nowhere).await.expect("an answer") {
        assert_eq!(refused.fault().unwrap().code, "not_found");
    }
    assert!(ada.client.take_stranded().is_empty());
    let again = ada.says(chat, "three").await;
    let said: Vec<_> = ada.history(chat).await.iter().map(|message| words(&message.event)).collect();
    assert!(said == ["one", "two", "three"] || said == ["one", "three"], "{said:?} {again:?}");
}
