//! The files of groups.

use litrocket_protocol::{
    ConversationId,
    conversations::{LeaveGroup, RemoveMember},
    files::{
        AddGroupFile, ChangeGroupFile, DeleteGroupFile, GroupFile, ListGroupFiles, MakeGroupFolder,
        group_sort,
    },
};

use super::{MIB, content, file_of, stored_chunks};
use crate::world::{Person, World};

fn listing(conversation: ConversationId) -> ListGroupFiles {
    ListGroupFiles {
        conversation,
        folder: None,
        find: None,
        sort: group_sort::NAME,
        after: None,
        limit: None,
    }
}

fn adding(conversation: ConversationId, file: u64) -> AddGroupFile {
    AddGroupFile { conversation, file, folder: None, name: None }
}

impl Person {
    async fn puts(&self, world: &World, group: ConversationId, name: &str, bytes: &[u8]) -> GroupFile {
        let file = self.uploads(&file_of(world, name, bytes)).await;
        self.asks(adding(group, file)).await
    }

    async fn lists(&self, asked: ListGroupFiles) -> Vec<String> {
        self.asks(asked).await.entries.into_iter().map(|entry| entry.name).collect()
    }
}

#[tokio::test]
async fn whoever_is_in_the_group_reads_its_files_and_nobody_else() {
    let world = World::start().await;
    let [ada, bob, eve] = world.people(["ada", "bob", "eve"]).await;
    let group = ada.makes_group("plans", &[&bob]).await;
    let entry = ada.puts(&world, group, "plan.txt", b"the plan").await;
    let file = entry.file.unwrap();
    assert_eq!((&*entry.name, entry.size, entry.added_by, entry.downloads), ("plan.txt", 8, ada.account, 0));
    assert_eq!(ada.asks(adding(group, file)).await.entry, entry.entry, "added once");
    assert_eq!(bob.fetches(&world, file).await.unwrap(), b"the plan");
    bob.counts_downloads(group, 1).await;
    assert_eq!(eve.cannot_fetch(&world, file).await, "not_found");
    assert_eq!(eve.is_refused(adding(group, file)).await, "not_found");
    // Only what one may read can be added.
    let hers = eve.uploads(&file_of(&world, "hers", b"mine alone")).await;
    assert_eq!(bob.is_refused(adding(group, hers)).await, "not_found");
    let own = bob.opens(&ada).await;
    assert_eq!(bob.is_refused(MakeGroupFolder { conversation: own, name: "x".into() }).await, "not_a_group");
    // Who comes later reads them, who goes does not.
    ada.invites(group, &[&eve]).await;
    assert_eq!(eve.fetches(&world, file).await.unwrap(), b"the plan");
    ada.asks(RemoveMember { conversation: group, account: eve.account }).await;
    assert_eq!(eve.cannot_fetch(&world, file).await, "not_found");
    assert_eq!(eve.is_refused(listing(group)).await, "not_a_member");
    bob.asks(LeaveGroup { conversation: group }).await;
    assert_eq!(bob.cannot_fetch(&world, file).await, "not_found");
}

#[tokio::test]
async fn own_entries_are_changed_and_those_of_others_by_who_looks_after_the_group() {
    let world = World::start().await;
    let [ada, bob, cid, eve] = world.people(["ada", "bob", "cid", "eve"]).await;
    let group = ada.makes_group("plans", &[&bob, &cid]).await;
    let entry = bob.puts(&world, group, "a.txt", b"one").await.entry;
    let other = bob.puts(&world, group, "b.txt", b"two").await.entry;
    let folder = cid.asks(MakeGroupFolder { conversation: group, name: "2026".into() }).await.entry;
    let again = bob.asks(MakeGroupFolder { conversation: group, name: "2026".into() }).await.entry;
    assert_eq!(folder, again);
    let rename = |entry, name: &str| ChangeGroupFile { entry, name: Some(name.into()), folder: None };
    let into = |entry, folder| ChangeGroupFile { entry, name: None, folder: Some(folder) };
    assert_eq!(cid.is_refused(rename(entry, "c.txt")).await, "forbidden");
    assert_eq!(cid.is_refused(DeleteGroupFile { entry }).await, "forbidden");
    assert_eq!(eve.is_refused(rename(entry, "c.txt")).await, "not_found");
    eve.asks(DeleteGroupFile { entry }).await;
    assert_eq!(bob.is_refused(rename(entry, "b.txt")).await, "name_taken");
    assert_eq!(bob.is_refused(rename(entry, "2026")).await, "name_taken");
    for name in ["", " \u{3000}", "/"] {
        assert_eq!(bob.is_refused(rename(entry, name)).await, "bad_value", "{name:?}");
    }
    assert_eq!(bob.is_refused(rename(entry, &"x".repeat(256))).await, "too_long");
    assert_eq!(bob.asks(rename(entry, "c.txt")).await.name, "c.txt");
    assert_eq!(ada.asks(into(entry, folder)).await.folder, Some(folder));
    assert_eq!(bob.is_refused(into(entry, other)).await, "not_found");
    assert_eq!(cid.is_refused(into(folder, folder)).await, "bad_value");
    assert_eq!(cid.is_refused(DeleteGroupFile { entry: folder }).await, "folder_not_empty");
    assert_eq!(bob.lists(listing(group)).await, ["2026", "b.txt"]);
    assert_eq!(bob.lists(ListGroupFiles { folder: Some(folder), ..listing(group) }).await, ["c.txt"]);
    assert_eq!(bob.asks(into(entry, 0)).await.folder, None);
    cid.asks(DeleteGroupFile { entry: folder }).await;
    // The last entry of a file takes its content with it.
    ada.asks(DeleteGroupFile { entry }).await;
    ada.asks(DeleteGroupFile { entry }).await;
    while litrocket::features::files::collect_now(world.app()).await.unwrap() > 0 {}
    assert_eq!(stored_chunks(&world), 1);
    assert_eq!(bob.lists(listing(group)).await, ["b.txt"]);
}

#[tokio::test]
async fn lists_are_paged_sorted_and_searched_and_the_quota_holds() {
    let world = World::start_with(|config| config.files.group_quota_mib = 2).await;
    let ada = world.person("ada").await;
    let group = ada.makes_group("plans", &[]).await;
    let folder = ada.asks(MakeGroupFolder { conversation: group, name: "old".into() }).await.entry;
    for (name, size) in [("Beta", 3000), ("alpha", 1000), ("100%_done", 2000)] {
        ada.puts(&world, group, name, &content(size, size as usize)).await;
    }
    let file = ada.uploads(&file_of(&world, "ALPHABET", b"abc")).await;
    ada.asks(AddGroupFile { folder: Some(folder), ..adding(group, file) }).await;
    let find = |text: &str| ListGroupFiles { find: Some(text.into()), ..listing(group) };
    assert_eq!(ada.lists(find("ALPHA")).await, ["alpha", "ALPHABET"], "in all folders, in any case");
    assert_eq!(ada.lists(find("%_")).await, ["100%_done"], "no pattern");
    for (sort, expected) in [
        (group_sort::NAME, ["100%_done", "alpha", "Beta", "old"]),
        (group_sort::NEWEST, ["100%_done", "alpha", "Beta", "old"]),
        (group_sort::LARGEST, ["Beta", "100%_done", "alpha", "old"]),
    ] {
        let mut asked = ListGroupFiles { sort, limit: Some(1), ..listing(group) };
        let mut found = Vec::new();
        loop {
            let page = ada.asks(asked.clone()).await;
            found.extend(page.entries.into_iter().map(|entry| entry.name));
            asked.after = page.next;
            if asked.after.is_none() {
                break;
            }
        }
        assert_eq!(found, expected, "{sort}");
    }
    // Asked before there is a file.
    for (name, code) in [("alpha", "name_taken"), ("old", "name_taken"), ("new", "not_found")] {
        let asked = AddGroupFile { name: Some(name.into()), ..adding(group, 0) };
        assert_eq!(ada.is_refused(asked).await, code, "{name}");
    }
    let large = ada.uploads(&file_of(&world, "large", &content(9, 2 * MIB))).await;
    assert_eq!(ada.is_refused(adding(group, large)).await, "quota_exceeded");
    assert_eq!(ada.asks(listing(group)).await.used_bytes, 6003);
}
