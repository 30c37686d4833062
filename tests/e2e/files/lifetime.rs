//! What is stored and for how long: uploads given up under their streams, damage and its repair, storage that does
//! not let go, people and groups that go.

use std::{ffi::OsStr, os::unix::ffi::OsStrExt as _, path::PathBuf, sync::atomic::Ordering, time::Duration};

use litrocket::features::files::{collect_now, sweep_now};
use litrocket_client::{Digest, Error, Outgoing, Transfer};
use litrocket_protocol::{
    account::DeleteAccount,
    conversations::LeaveGroup,
    event::File,
    files::{
        AddGroupFile, CancelUpload, DeleteFile, FileInfo, ListFiles, ListGroupFiles, ListUploads, file_state,
        group_sort,
    },
    frame,
};

use super::{MIB, Watch, content, file_of, objects, stored_chunks};
use crate::world::{PASSWORD, Person, World};

const DAY_MS: u64 = 86_400_000;

async fn collects(world: &World) {
    while collect_now(world.app()).await.unwrap() > 0 {}
    // What the files of each account count for is kept as a sum.
    let database = rusqlite::Connection::open(world.folder.path().join("data/litrocket.db")).unwrap();
    let differ = "SELECT COUNT(*) FROM (SELECT owner, SUM(charge) AS bytes FROM files WHERE content IS NOT NULL GROUP BY owner) f
        FULL JOIN file_use u ON u.owner = f.owner AND u.bytes = f.bytes WHERE u.owner IS NULL OR f.owner IS NULL";
    let differ: u64 = database.query_row(differ, [], |row| row.get(0)).unwrap();
    assert_eq!(differ, 0, "accounts have a wrong sum");
}

/// To the end of the conversations, around, and from the start to the end.
async fn sweeps(world: &World) {
    for _ in 0..3 {
        while sweep_now(world.app()).await.unwrap() > 0 {}
    }
}

fn store(world: &World) -> PathBuf {
    world.folder.path().join("data/files")
}

impl Person {
    async fn keeps(&self) -> Vec<u64> {
        self.asks(ListFiles::default()).await.files.into_iter().map(|file| file.file).collect()
    }

    pub(super) async fn uses(&self) -> u64 {
        self.asks(ListUploads::default()).await.used_bytes
    }
}

#[tokio::test]
async fn an_upload_that_is_given_up_under_its_streams_leaves_nothing() {
    let world = World::start().await;
    let ada = world.person("ada").await;
    for round in 0..8 {
        let path = file_of(&world, "a.bin", &content(300 + round, 6 * MIB));
        let digest = Digest::of_file(&path).await.unwrap();
        let open = ada.client.open_upload("a.bin", &digest).await.unwrap();
        let (client, watch, place) = (ada.client.clone(), Watch::default(), path.clone());
        let transfer = watch.transfer().within(Duration::from_millis(200));
        let whole = digest.clone();
        let upload = tokio::spawn(async move { client.upload(&place, "a.bin", &whole, transfer).await });
        while watch.moved.load(Ordering::Relaxed) < (round + 1) * MIB as u64 / 2 && !upload.is_finished() {
            tokio::time::sleep(Duration::from_micros(100)).await;
        }
        ada.asks(CancelUpload { file: open.file }).await;
        upload.abort();
        let _ = upload.await;
        // Whatever the client did in between is given up as well.
        for info in ada.asks(ListUploads::default()).await.uploads {
            ada.asks(CancelUpload { file: info.file }).await;
        }
        for file in ada.keeps().await {
            ada.asks(DeleteFile { file }).await;
        }
        collects(&world).await;
        assert_eq!(stored_chunks(&world), 0, "round {round}");
        assert_eq!(ada.uses().await, 0);
    }
}

#[tokio::test]
async fn who_brings_damaged_content_again_makes_it_whole_for_everybody() {
    let world = World::start().await;
    let [ada, bob] = world.people(["ada", "bob"]).await;
    let chat = ada.opens(&bob).await;
    let bytes = content(310, 3 * MIB);
    let path = file_of(&world, "a.bin", &bytes);
    let file = ada.uploads(&path).await;
    ada.sends(chat, Outgoing::file(file, "")).await.unwrap();
    let group = ada.makes_group("plans", &[&bob]).await;
    ada.asks(AddGroupFile { conversation: group, file, folder: None, name: None }).await;
    let shows_damage = async || bob.shelf(group).await[0].damaged;
    for damage in ["changed", "lost"] {
        let chunk = objects(&store(&world)).remove(1);
        if damage == "lost" {
            std::fs::remove_file(&chunk).unwrap();
        } else {
            let mut bytes = std::fs::read(&chunk).unwrap();
            bytes[777] ^= 8;
            std::fs::write(&chunk, bytes).unwrap();
        }
        assert_eq!(ada.knows(file).await.state, file_state::COMPLETE, "nobody has read it yet");
        assert_eq!(bob.cannot_fetch(&world, file).await, "file_damaged", "{damage}");
        assert_eq!(bob.knows(file).await.state, file_state::DAMAGED);
        assert!(shows_damage().await, "{damage}");
        // The quota counts it once, and another file of the same content is no copy of the damage.
        let used = ada.uses().await;
        let other = bob.uploads(&file_of(&world, "b.bin", &bytes)).await;
        assert!(bob.fetches(&world, other).await.unwrap() == bytes);
        assert_eq!(bob.knows(file).await.state, file_state::COMPLETE);
        assert!(!shows_damage().await, "{damage}");
        assert!(bob.fetches(&world, file).await.unwrap() == bytes, "{damage}");
        assert_eq!(ada.uploads(&path).await, file);
        assert_eq!(ada.uses().await, used);
        collects(&world).await;
        assert_eq!(stored_chunks(&world), 3, "{damage}");
    }
    // The same by its owner alone.
    let chunk = objects(&store(&world)).remove(0);
    std::fs::write(&chunk, b"short").unwrap();
    assert_eq!(bob.cannot_fetch(&world, file).await, "file_damaged");
    assert_eq!(ada.uploads(&path).await, file);
    assert!(bob.fetches(&world, file).await.unwrap() == bytes);
    collects(&world).await;
    assert_eq!(stored_chunks(&world), 3);
}

#[tokio::test]
async fn contents_that_cannot_be_deleted_hold_up_no_other() {
    let world = World::start().await;
    let ada = world.person("ada").await;
    let stuck = ada.uploads(&file_of(&world, "stuck", b"stuck words")).await;
    let folder = objects(&store(&world)).remove(0).parent().unwrap().to_owned();
    // A name that the storage cannot list.
    let odd = folder.join(OsStr::from_bytes(b"\xff\xfe"));
    std::fs::write(&odd, "x").unwrap();
    let free = ada.uploads(&file_of(&world, "free", b"free words")).await;
    for file in [stuck, free] {
        ada.asks(DeleteFile { file }).await;
    }
    collects(&world).await;
    let left = objects(&store(&world));
    assert!(left.iter().all(|path| path.starts_with(&folder)), "{left:?}");
    assert!(left.contains(&odd));
    // As soon as it can, it goes.
    std::fs::remove_file(&odd).unwrap();
    world.app().clock.set_offset_ms(120_000);
    collects(&world).await;
    assert_eq!(stored_chunks(&world), 0);
}

#[tokio::test]
async fn a_database_of_yesterday_does_not_meet_the_chunks_of_today() {
    let mut world = World::start().await;
    let ada = world.person("ada").await;
    let old = ada.uploads(&file_of(&world, "old", b"old words")).await;
    world.down().await;
    let database = world.folder.path().join("data/litrocket.db");
    let backup = world.folder.path().join("backup.db");
    std::fs::copy(&database, &backup).unwrap();
    world.up().await;
    let lost = file_of(&world, "lost.bin", &content(320, 2 * MIB));
    ada.uploads(&lost).await;
    world.down().await;
    for ending in ["-wal", "-shm"] {
        let _ = std::fs::remove_file(world.folder.path().join(format!("data/litrocket.db{ending}")));
    }
    std::fs::copy(&backup, &database).unwrap();
    world.up().await;
    // The same number is given again, with chunks of the same size.
    let bytes = content(321, 2 * MIB);
    let path = file_of(&world, "new.bin", &bytes);
    let digest = Digest::of_file(&path).await.unwrap();
    let open = loop {
        match ada.client.open_upload("new.bin", &digest).await {
            Ok(open) => break open,
            Err(Error::Unreachable(_) | Error::TimedOut) => {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            Err(error) => panic!("{error}"),
        }
    };
    assert_eq!(open.have, []);
    let new = ada.uploads(&path).await;
    assert!(ada.fetches(&world, new).await.unwrap() == bytes);
    assert_eq!(ada.fetches(&world, old).await.unwrap(), b"old words");
}

#[tokio::test]
async fn what_somebody_sends_on_counts_for_them_and_stays_when_its_first_owner_goes() {
    let world = World::start_with(|config| config.files.quota_mib = 5).await;
    let [ada, bob, mut eve] = world.people(["ada", "bob", "eve"]).await;
    let (first, second) = (ada.opens(&bob).await, bob.opens(&eve).await);
    let bytes = content(330, 3 * MIB);
    let hers = ada.uploads(&file_of(&world, "plan.bin", &bytes)).await;
    ada.sends(first, Outgoing::file(hers, "")).await.unwrap();
    bob.sends(second, Outgoing::file(hers, "look")).await.unwrap();
    eve.listens_from_start();
    let event = eve
        .waits_for(|item| match item {
            litrocket_client::Item::Event(event) if event.conversation == second => Some(event.clone()),
            _ => None,
        })
        .await;
    let his = frame::decode::<File>(&event.body).unwrap().file;
    assert_ne!(his, hers);
    assert_eq!((ada.uses().await, bob.uses().await), (3 << 20, 3 << 20));
    assert_eq!(stored_chunks(&world), 3, "stored once");
    // Beyond the quota nothing can be sent on, into a group neither.
    let more = ada.uploads(&file_of(&world, "more.bin", &content(331, 2 * MIB - 5))).await;
    ada.sends(first, Outgoing::file(more, "")).await.unwrap();
    let own = bob.uploads(&file_of(&world, "own.bin", &content(332, MIB))).await;
    assert_eq!(bob.cannot_send(second, Outgoing::file(more, "")).await, "quota_exceeded");
    let group = bob.makes_group("plans", &[]).await;
    let entry = AddGroupFile { conversation: group, file: more, folder: None, name: None };
    assert_eq!(bob.is_refused(entry.clone()).await, "quota_exceeded");
    bob.asks(DeleteFile { file: own }).await;
    assert_eq!(bob.asks(entry.clone()).await.added_by, bob.account);
    assert_eq!(bob.asks(entry).await.name, "more.bin", "the same again is the same");
    // The first owner takes back what is hers alone.
    ada.asks(DeleteFile { file: hers }).await;
    ada.asks(DeleteFile { file: his }).await;
    collects(&world).await;
    assert_eq!(bob.knows(hers).await.state, file_state::GONE);
    assert_eq!(bob.cannot_fetch(&world, hers).await, "file_gone");
    assert!(eve.fetches(&world, his).await.unwrap() == bytes);
    assert_eq!(ada.uses().await, 2 * MIB as u64 - 5);
}

#[tokio::test]
async fn own_files_are_listed_found_and_deleted_page_by_page() {
    let world = World::start().await;
    let [ada, bob] = world.people(["ada", "bob"]).await;
    let mut files = Vec::new();
    for name in ["Alpha.txt", "beta.txt", "Ärger.txt", "100%_done"] {
        files.push(ada.uploads(&file_of(&world, name, name.as_bytes())).await);
    }
    bob.uploads(&file_of(&world, "alpha", b"his")).await;
    files.reverse();
    assert_eq!(ada.keeps().await, files);
    let mut listed = Vec::new();
    let mut asked = ListFiles { limit: Some(3), ..ListFiles::default() };
    loop {
        let page = ada.asks(asked.clone()).await;
        listed.extend(page.files.iter().map(|file| file.file));
        asked.after = listed.last().copied();
        if !page.more {
            assert_eq!(page.used_bytes, 4 * 4096);
            break;
        }
    }
    assert_eq!(listed, files);
    let finds = async |text: &str| {
        let found = ada.asks(ListFiles { find: Some(text.into()), ..ListFiles::default() }).await.files;
        found.into_iter().map(|file: FileInfo| file.name).collect::<Vec<_>>()
    };
    assert_eq!(finds("ALPHA").await, ["Alpha.txt"]);
    assert_eq!(finds("ärg").await, ["Ärger.txt"]);
    assert_eq!(finds("%_").await, ["100%_done"]);
    assert_eq!(
        ada.is_refused(ListFiles { find: Some("x".repeat(257)), ..ListFiles::default() }).await,
        "too_long"
    );
    assert_eq!(ada.is_refused(ListFiles { limit: Some(101), ..ListFiles::default() }).await, "bad_value");
    // Nobody deletes what is not theirs.
    bob.asks(DeleteFile { file: files[0] }).await;
    ada.asks(DeleteFile { file: files[1] }).await;
    ada.asks(DeleteFile { file: files[1] }).await;
    assert_eq!(ada.keeps().await, [files[0], files[2], files[3]]);
}

#[tokio::test]
async fn files_go_with_the_account_and_with_the_last_reader() {
    let world = World::start().await;
    let [ada, bob, eve] = world.people(["ada", "bob", "eve"]).await;
    let chat = ada.opens(&bob).await;
    let hers = ada.uploads(&file_of(&world, "hers", b"her words")).await;
    let kept = ada.uploads(&file_of(&world, "kept", b"never sent")).await;
    ada.sends(chat, Outgoing::file(hers, "")).await.unwrap();
    let group = bob.makes_group("plans", &[&eve]).await;
    for (person, name) in [(&bob, "one"), (&eve, "two")] {
        let file = person.uploads(&file_of(&world, name, name.as_bytes())).await;
        person.asks(AddGroupFile { conversation: group, file, folder: None, name: None }).await;
        person.sends(group, Outgoing::file(file, "")).await.unwrap();
    }
    collects(&world).await;
    assert_eq!(stored_chunks(&world), 4);
    // Each end is a week after it is asked for.
    let mut days = 0;
    let mut ends = async |person: &Person, erase| {
        person.asks(DeleteAccount { password: PASSWORD.into(), erase, leave_groups: true }).await;
        days += 8;
        world.app().clock.set_offset_ms(days * DAY_MS as i64);
        assert_eq!(litrocket::features::account::delete_due_now(world.app()).await.unwrap(), 1);
        sweeps(&world).await;
        collects(&world).await;
    };
    ends(&ada, false).await;
    assert_eq!(stored_chunks(&world), 3, "{kept} went with ada, {hers} is in a message that stays");
    assert_eq!(bob.fetches(&world, hers).await.unwrap(), b"her words");
    // The group is left by all: what it kept goes, what its messages carry stays for those who may still read them.
    eve.asks(LeaveGroup { conversation: group }).await;
    bob.asks(LeaveGroup { conversation: group }).await;
    sweeps(&world).await;
    collects(&world).await;
    assert_eq!(stored_chunks(&world), 3);
    ends(&eve, true).await;
    assert_eq!(stored_chunks(&world), 2, "what eve brought went with her");
    ends(&bob, false).await;
    assert_eq!(stored_chunks(&world), 0, "nobody is left who reads any of it");
}

#[tokio::test]
async fn an_upload_lives_while_something_comes_and_is_given_up_when_nothing_does() {
    let world = World::start_with(|config| config.files.upload_days = 7).await;
    let [ada, bob] = world.people(["ada", "bob"]).await;
    let chat = ada.opens(&bob).await;
    let path = file_of(&world, "a.bin", &content(340, 2 * MIB));
    let digest = Digest::of_file(&path).await.unwrap();
    let file = ada.client.open_upload("a.bin", &digest).await.unwrap().file;
    // A message carries it already.
    ada.sends(chat, Outgoing::file(file, "")).await.unwrap();
    for days in [5, 10, 15] {
        world.app().clock.set_offset_ms(days * DAY_MS as i64);
        collects(&world).await;
        assert_eq!(ada.knows(file).await.state, file_state::UPLOADING, "day {days}");
        ada.client.open_upload("a.bin", &digest).await.unwrap();
    }
    world.app().clock.set_offset_ms(23 * DAY_MS as i64);
    collects(&world).await;
    assert_eq!(bob.knows(file).await.state, file_state::GONE);
    // It can begin again.
    let again = ada.client.upload(&path, "a.bin", &digest, Transfer::default()).await.unwrap();
    assert_eq!(again, file);
    assert_eq!(bob.knows(file).await.state, file_state::COMPLETE);
}

#[tokio::test]
async fn an_unknown_order_of_a_groups_files_is_refused() {
    let world = World::start().await;
    let ada = world.person("ada").await;
    let conversation = ada.makes_group("plans", &[]).await;
    let listing =
        |sort| ListGroupFiles { conversation, folder: None, find: None, sort, after: None, limit: None };
    assert_eq!(ada.is_refused(listing(3)).await, "bad_value");
    ada.asks(listing(group_sort::LARGEST)).await;
}
