//! How long files are kept, and what is told of it.

use litrocket::features::files::collect_now;
use litrocket_client::Outgoing;
use litrocket_protocol::{
    ConversationId,
    files::{AddGroupFile, DeleteGroupFile, GroupFile, ListFiles, ListGroupFiles, file_state, group_sort},
};

use serde_json::Value;

use super::{file_of, stored_chunks};
use crate::{
    process::Process,
    programs::Terminal,
    world::{Person, World},
};

const DAY_MS: u64 = 86_400_000;

async fn collects(world: &World) {
    while collect_now(world.app()).await.unwrap() > 0 {}
}

/// So many days after the beginning, when everything was collected.
async fn days(world: &World, days: u64) {
    world.app().clock.set_offset_ms((days * DAY_MS) as i64);
    collects(world).await;
}

fn shelf_of(group: ConversationId) -> ListGroupFiles {
    let sort = group_sort::NAME;
    ListGroupFiles { conversation: group, folder: None, find: None, sort, after: None, limit: None }
}

impl Person {
    async fn shelves(&self, group: ConversationId, file: u64) -> GroupFile {
        self.asks(AddGroupFile { conversation: group, file, folder: None, name: None }).await
    }

    pub(super) async fn shelf(&self, group: ConversationId) -> Vec<GroupFile> {
        self.asks(shelf_of(group)).await.entries
    }

    async fn shelf_takes(&self, group: ConversationId) -> u64 {
        self.asks(shelf_of(group)).await.used_bytes
    }

    /// Days until a file goes, as told now.
    async fn has_days(&self, world: &World, file: u64) -> Option<u64> {
        let until = self.knows(file).await.until_ms?;
        Some((until - world.app().clock.now_ms() + DAY_MS / 2) / DAY_MS)
    }
}

#[tokio::test]
async fn people_and_groups_keep_their_files_for_times_of_their_own_and_both_are_told() {
    let world = World::start_with(|config| {
        config.files.retention_days = 10;
        config.files.group_retention_days = 30;
    })
    .await;
    let [ada, bob] = world.people(["ada", "bob"]).await;
    let (chat, group) = (ada.opens(&bob).await, ada.makes_group("plans", &[&bob]).await);
    let mut files = Vec::new();
    for name in ["never", "said", "shelved", "both"] {
        files.push(ada.uploads(&file_of(&world, name, name.as_bytes())).await);
    }
    let [never, said, shelved, both] = files[..] else { panic!() };
    ada.sends(chat, Outgoing::file(said, "")).await.unwrap();
    ada.sends(group, Outgoing::file(both, "")).await.unwrap();
    collects(&world).await;
    assert_eq!(ada.has_days(&world, shelved).await, Some(1), "nothing carries it yet");
    let entry = ada.shelves(group, shelved).await;
    ada.shelves(group, both).await;
    assert_eq!(bob.shelf_takes(group).await, ("shelved".len() + "both".len()) as u64);
    for (file, expected) in [(never, 1), (said, 10), (shelved, 30), (both, 30)] {
        assert_eq!(ada.has_days(&world, file).await, Some(expected), "{file}");
    }
    assert_eq!(bob.has_days(&world, said).await, Some(10));
    let own = ada.asks(ListFiles::default()).await.files;
    assert!(own.len() == 4 && own.iter().all(|file| file.until_ms.is_some()));
    assert_eq!(entry.until_ms, Some(entry.added_ms + 30 * DAY_MS));
    assert_eq!(bob.shelf(group).await[1], entry);
    days(&world, 11).await;
    assert_eq!(bob.knows(said).await.state, file_state::GONE);
    assert_eq!(bob.knows(said).await.until_ms, None);
    for file in [shelved, both] {
        assert_eq!(bob.knows(file).await.state, file_state::COMPLETE, "the group keeps it");
    }
    assert_eq!(stored_chunks(&world), 2);
    // Taken off the shelf its message alone keeps it, and its time is up.
    let entries = bob.shelf(group).await;
    ada.asks(DeleteGroupFile { entry: entries[0].entry }).await;
    collects(&world).await;
    assert_eq!(bob.knows(both).await.state, file_state::GONE);
    days(&world, 31).await;
    let gone = bob.shelf(group).await.remove(0);
    assert!(gone.gone && gone.until_ms.is_none() && gone.name == "shelved", "{gone:?}");
    assert_eq!(bob.shelf_takes(group).await, 0, "the group's quota is free again");
    assert_eq!(bob.cannot_fetch(&world, shelved).await, "file_gone");
    assert_eq!(stored_chunks(&world), 0);
    // Brought and added again it stands there for its time once more.
    assert_eq!(ada.uploads(&file_of(&world, "shelved", b"shelved")).await, shelved);
    let again = ada.shelves(group, shelved).await;
    assert_eq!((again.entry, again.gone), (entry.entry, false));
    assert!(again.until_ms > entry.until_ms);
    days(&world, 60).await;
    assert_eq!(bob.fetches(&world, shelved).await.unwrap(), b"shelved");
    days(&world, 62).await;
    assert_eq!(bob.knows(shelved).await.state, file_state::GONE);
}

#[tokio::test]
async fn a_file_that_was_recalled_is_not_told_as_one_that_stays() {
    let world = World::start().await;
    let [ada, bob] = world.people(["ada", "bob"]).await;
    let chat = ada.opens(&bob).await;
    let mut told = 0;
    for number in 0..5 {
        let file = ada.uploads(&file_of(&world, "a", format!("plans {number}").as_bytes())).await;
        let ack = ada.sends(chat, Outgoing::file(file, "")).await.unwrap();
        assert_eq!(ada.knows(file).await.until_ms, None, "it stays for as long as its message");
        ada.sends(chat, Outgoing::recall(ack.event_seq)).await.unwrap();
        let info = ada.knows(file).await;
        // Unless it is gone before anybody asks.
        if info.state == file_state::COMPLETE {
            let until = info.until_ms.expect("it is about to go");
            assert!(until <= world.app().clock.now_ms());
            told += 1;
        }
    }
    assert!(told > 0);
}

#[tokio::test]
async fn commands_show_until_when_files_are_kept() {
    let mut process = Process::new();
    process.variables =
        vec![("LITROCKET_FILES_RETENTION_DAYS", "10"), ("LITROCKET_FILES_GROUP_RETENTION_DAYS", "30")];
    process.up();
    let [ada, bob] = ["ada", "bob"].map(|profile| Terminal { process: &process, profile });
    ada.says(&["register", "ada"]);
    bob.says(&["register", "bob"]);
    std::fs::write(process.path().join("plans.txt"), "the plans").unwrap();
    ada.says(&["file", "send", "@bob", "plans.txt"]);
    let own = &ada.says(&["file", "own"])[0];
    let days = |line: &Value, from: &str| {
        (line["until_ms"].as_u64().unwrap() - line[from].as_u64().unwrap()) / DAY_MS
    };
    assert_eq!(days(own, "made_ms"), 10);
    ada.says(&["group", "create", "rockets", "@bob"]);
    ada.says(&["file", "put", "#rockets", "plans.txt"]);
    let listed = bob.says(&["file", "list", "#rockets"]);
    assert_eq!(days(&listed[0], "added_ms"), 30);
    for args in [["file", "own", "plans"], ["file", "list", "#rockets"]] {
        assert!(ada.reads(&args).contains("kept until 20"), "{}", ada.reads(&args));
    }
}

#[tokio::test]
async fn without_times_files_stay_and_a_group_that_forgets_takes_nothing_from_its_messages() {
    let world = World::start_with(|config| config.files.group_retention_days = 5).await;
    let [ada, bob] = world.people(["ada", "bob"]).await;
    let group = ada.makes_group("plans", &[&bob]).await;
    let both = ada.uploads(&file_of(&world, "both", b"both")).await;
    let alone = ada.uploads(&file_of(&world, "alone", b"alone")).await;
    ada.sends(group, Outgoing::file(both, "")).await.unwrap();
    for file in [both, alone] {
        ada.shelves(group, file).await;
    }
    assert_eq!((ada.has_days(&world, both).await, ada.has_days(&world, alone).await), (None, Some(5)));
    days(&world, 6).await;
    assert_eq!(bob.fetches(&world, both).await.unwrap(), b"both");
    assert_eq!(bob.cannot_fetch(&world, alone).await, "file_gone");
    days(&world, 400).await;
    assert_eq!(bob.knows(both).await.state, file_state::COMPLETE);
}
