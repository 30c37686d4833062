//! What holds whoever tries: sizes, quotas, times and names of files; memory that slow peers want to keep.

use std::time::Duration;

use image::{DynamicImage, GrayImage, ImageFormat, Luma};
use litrocket::features::files::{collect_now, make_preview_now};
use litrocket_client::{Digest, Outgoing, Transfer};
use litrocket_protocol::{
    ConversationId,
    event::File,
    files::{
        AddGroupFile, CancelUpload, ChangeGroupFile, DeleteFile, GetFile, ListGroupFiles, ListUploads,
        OpenUpload, file_state, group_sort,
    },
    frame,
    pictures::GetPreview,
};

use super::{
    MIB, content, file_of,
    hostile::{head, opens},
    objects,
};
use crate::world::{PASSWORD, Person, World, eventually, sign_in};

fn shelf(conversation: ConversationId) -> ListGroupFiles {
    let (sort, folder, find, after, limit) = (group_sort::NAME, None, None, None, None);
    ListGroupFiles { conversation, folder, find, sort, after, limit }
}

fn adding(conversation: ConversationId, file: u64) -> AddGroupFile {
    AddGroupFile { conversation, file, folder: None, name: None }
}

#[tokio::test]
async fn a_known_hash_with_another_size_is_refused() {
    let world = World::start().await;
    let ada = world.person("ada").await;
    let bytes = content(900, MIB);
    let path = file_of(&world, "a.bin", &bytes);
    let file = ada.uploads(&path).await;
    let digest = Digest::of_file(&path).await.unwrap();
    let raw = world.raw().await;
    raw.greets().await;
    raw.call(&sign_in("ada", PASSWORD)).await.unwrap();
    for (name, size) in [("b.bin", 1), ("a.bin", 1), ("b.bin", MIB as u64 - 1)] {
        let (blake3, hashes) = (digest.blake3.to_vec(), digest.hashes.concat());
        let refusal = raw.call(&OpenUpload { name: name.into(), size, blake3, hashes }).await.unwrap_err();
        assert_eq!(refusal.code, "wrong_hash", "{name} of {size} bytes");
    }
    assert_eq!(ada.asks(ListUploads::default()).await.used_bytes, MIB as u64);
    assert_eq!((ada.knows(file).await.size, ada.uploads(&path).await), (MIB as u64, file));
}

#[tokio::test]
async fn the_quota_of_a_group_holds_for_what_comes_back_to_its_shelf() {
    let world = World::start_with(|config| config.files.group_quota_mib = 2).await;
    let [ada, bob] = world.people(["ada", "bob"]).await;
    let group = ada.makes_group("plans", &[&bob]).await;
    let mut files = Vec::new();
    for round in 0..6 {
        let path = file_of(&world, &format!("{round}.bin"), &content(910 + round, MIB));
        let digest = Digest::of_file(&path).await.unwrap();
        let file = ada.client.open_upload(&format!("{round}.bin"), &digest).await.unwrap().file;
        ada.asks(adding(group, file)).await;
        ada.asks(CancelUpload { file }).await;
        files.push((path, file));
    }
    for (path, file) in &files {
        assert_eq!(ada.uploads(path).await, *file);
    }
    let listed = bob.asks(shelf(group)).await;
    assert_eq!(listed.used_bytes, 0, "what came back is not on the shelf until it is put there");
    assert!(listed.entries.len() == 6 && listed.entries.iter().all(|entry| entry.gone));
    assert_eq!(bob.cannot_fetch(&world, files[0].1).await, "file_gone");
    for (path, file) in &files[..2] {
        assert!(!ada.asks(adding(group, *file)).await.gone);
        assert!(bob.fetches(&world, *file).await.unwrap() == std::fs::read(path).unwrap());
    }
    assert_eq!(ada.is_refused(adding(group, files[2].1)).await, "quota_exceeded");
    assert_eq!(bob.asks(shelf(group)).await.used_bytes, 2 << 20);
    assert!(!ada.asks(adding(group, files[0].1)).await.gone, "what is there may be added twice");
    // What no shelf keeps goes after a day, as everything that nothing carries.
    world.app().clock.set_offset_ms(25 * 3_600_000);
    while collect_now(world.app()).await.unwrap() > 0 {}
    assert_eq!(objects(&world.folder.path().join("data/files")).len(), 2);
}

#[tokio::test]
async fn what_is_sent_again_is_kept_from_then_on() {
    const DAY_MS: i64 = 86_400_000;
    let world = World::start_with(|config| config.files.retention_days = 10).await;
    let [ada, bob, eve] = world.people(["ada", "bob", "eve"]).await;
    let file = ada.uploads(&file_of(&world, "plans.txt", b"the plans")).await;
    let first = ada.opens(&bob).await;
    ada.sends(first, Outgoing::file(file, "")).await.unwrap();
    world.app().clock.set_offset_ms(8 * DAY_MS);
    let second = ada.opens(&eve).await;
    ada.sends(second, Outgoing::file(file, "")).await.unwrap();
    world.app().clock.set_offset_ms(17 * DAY_MS);
    while collect_now(world.app()).await.unwrap() > 0 {}
    assert_eq!(eve.fetches(&world, file).await.unwrap(), b"the plans");
    world.app().clock.set_offset_ms(19 * DAY_MS);
    while collect_now(world.app()).await.unwrap() > 0 {}
    assert_eq!(eve.knows(file).await.state, file_state::GONE);
}

#[tokio::test]
async fn who_has_a_file_from_a_shelf_alone_hears_the_name_it_has_there() {
    let world = World::start().await;
    let [ada, bob, eve] = world.people(["ada", "bob", "eve"]).await;
    let group = ada.makes_group("plans", &[&bob]).await;
    let file = ada.uploads(&file_of(&world, "why I quit.txt", b"the plans")).await;
    let entry = ada.asks(adding(group, file)).await.entry;
    ada.asks(ChangeGroupFile { entry, name: Some("plans.txt".into()), folder: None }).await;
    assert_eq!((&*bob.knows(file).await.name, &*ada.knows(file).await.name), ("plans.txt", "why I quit.txt"));
    let chat = bob.opens(&eve).await;
    bob.sends(chat, Outgoing::file(file, "")).await.unwrap();
    let sent: File = frame::decode(&eve.history(chat).await.pop().unwrap().event.body).unwrap();
    assert_eq!(sent.name, "plans.txt");
    assert_eq!(eve.knows(sent.file).await.name, "plans.txt");
    // In a message of ada's it has the name she gave it.
    ada.sends(group, Outgoing::file(file, "")).await.unwrap();
    assert_eq!(bob.knows(file).await.name, "why I quit.txt");
}

/// A picture that is small as a PNG and large as a JPEG.
fn stripes(seed: u64) -> Vec<u8> {
    let noise = content(seed, 640);
    let paint = |x: u32, _: u32| Luma([noise[x as usize]]);
    let mut out = std::io::Cursor::new(Vec::new());
    DynamicImage::ImageLuma8(GrayImage::from_fn(640, 640, paint))
        .write_to(&mut out, ImageFormat::Png)
        .unwrap();
    out.into_inner()
}

/// What the small pictures in the storage take.
fn previews_take(world: &World) -> u64 {
    let all = objects(&world.folder.path().join("data/files"));
    let previews = all.iter().filter(|path| path.file_name().unwrap().to_string_lossy().starts_with('p'));
    previews.map(|path| path.metadata().unwrap().len()).sum()
}

#[tokio::test]
async fn pictures_count_for_their_previews_too() {
    let world = World::start_with(|config| config.files.quota_mib = 1).await;
    let [ada, bob] = world.people(["ada", "bob"]).await;
    let bytes = stripes(920);
    let file = ada.uploads(&file_of(&world, "stripes.png", &bytes)).await;
    let previews = previews_take(&world);
    assert!(bytes.len() < 16 * 1024 && previews > 48 * 1024, "{} {previews}", bytes.len());
    let counts = (bytes.len() as u64).max(4096) + previews;
    assert_eq!(ada.asks(ListUploads::default()).await.used_bytes, counts);
    // For whoever has the picture.
    let (chat, notes) = (ada.opens(&bob).await, bob.opens(&bob).await);
    ada.sends(chat, Outgoing::file(file, "")).await.unwrap();
    bob.sends(notes, Outgoing::file(file, "")).await.unwrap();
    assert_eq!(bob.asks(ListUploads::default()).await.used_bytes, counts);
    // Opened while there was room, they bring no previews beyond it.
    let mut opened = Vec::new();
    for seed in 921..946 {
        let path = file_of(&world, &format!("{seed}.png"), &stripes(seed));
        let digest = Digest::of_file(&path).await.unwrap();
        ada.client.open_upload(&format!("{seed}.png"), &digest).await.unwrap();
        opened.push((path, digest, format!("{seed}.png")));
    }
    let mut last = 0;
    for (path, digest, name) in &opened {
        last = ada.client.upload(path, name, digest, Transfer::default()).await.unwrap();
    }
    let used = ada.asks(ListUploads::default()).await.used_bytes;
    assert!((700_000..=1 << 20).contains(&used), "{used}");
    assert!(previews_take(&world) < used, "{} of {used}", previews_take(&world));
    assert_eq!(ada.is_refused(GetPreview { file: last, size: 160 }).await, "no_preview");
    assert_eq!(ada.knows(last).await.state, file_state::COMPLETE, "it is a file like any other");
}

#[tokio::test]
async fn small_pictures_count_for_somebody_who_has_room_or_are_taken_away() {
    let world = World::start_with(|config| config.files.quota_mib = 1).await;
    let [ada, eve] = world.people(["ada", "eve"]).await;
    let bytes = stripes(920);
    let path = file_of(&world, "stripes.png", &bytes);
    let first = ada.uploads(&path).await;
    let (previews, size) = (previews_take(&world), (1 << 20) - 40_000);
    let counts = bytes.len().max(4096) as u64;
    // Who brings by themselves what is there with its previews has it whole, and is not charged beyond the quota.
    let filler = eve.uploads(&file_of(&world, "filler", &content(919, size))).await;
    let again = eve.uploads(&path).await;
    eve.asks(GetPreview { file: again, size: 160 }).await;
    assert_eq!(eve.uses().await, size as u64 + counts);
    assert_eq!(ada.uses().await, counts + previews);
    // When who was charged lets it go, nobody keeps small pictures that count for nobody.
    ada.asks(DeleteFile { file: first }).await;
    eventually("they are taken away", async || previews_take(&world) == 0).await;
    assert_eq!(eve.is_refused(GetPreview { file: again, size: 160 }).await, "no_preview");
    // Who makes room has them, when the picture is looked at next.
    eve.asks(DeleteFile { file: filler }).await;
    world.app().clock.set_offset_ms(11 * 60_000);
    while make_preview_now(world.app()).await.unwrap() {}
    eve.asks(GetPreview { file: again, size: 160 }).await;
    assert_eq!((eve.uses().await, previews_take(&world)), (counts + previews, previews));
}

#[tokio::test]
async fn an_upload_that_is_whole_and_was_never_noted_is_noted_at_the_start_and_before_it_would_go() {
    let mut world = World::start().await;
    let ada = world.person("ada").await;
    let bytes = content(940, 2 * MIB);
    let file = ada.uploads(&file_of(&world, "a.bin", &bytes)).await;
    // As a server leaves it that ends between the last chunk and the note.
    forgets(&world).await;
    world.down().await;
    world.up().await;
    super::scarce::comes_back(&ada).await;
    eventually("the upload is noted as whole", async || ada.knows(file).await.state == file_state::COMPLETE)
        .await;
    forgets(&world).await;
    world.app().clock.set_offset_ms(40 * 86_400_000);
    collect_now(world.app()).await.unwrap();
    let state = ada.asks(GetFile { file, hashes: false }).await.state;
    assert_eq!(state, file_state::COMPLETE, "it was not given up");
}

async fn forgets(world: &World) {
    let work = world.app().writer.run(|tx| {
        Box::pin(async move {
            tx.execute("UPDATE files SET complete = 0, unused_ms = NULL", &[]).await?;
            tx.execute("UPDATE contents SET complete = 0", &[]).await
        })
    });
    assert_eq!(work.await.unwrap(), 1);
}

/// Brings a MiB so slowly that it would take minutes, for as long as the server takes it.
async fn dawdles(world: &World, handle: &str, bytes: &[u8]) -> tokio::task::JoinHandle<()> {
    let raw = world.raw().await;
    raw.signs_up(handle).await;
    let file = opens(&raw, world, "slow.bin", bytes).await.file;
    let bytes = bytes.to_vec();
    tokio::spawn(async move {
        let mut send = raw.connection.open_uni().await.unwrap();
        let _ = send.write_all(&head(file, 0, 1)).await;
        for part in bytes.chunks(800) {
            if send.write_all(part).await.is_err() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    })
}

#[tokio::test]
async fn slow_peers_give_the_memory_back_when_somebody_wants_it() {
    let world = World::start_with(|config| {
        config.files.memory_mib = 16;
        config.files.stall_ms = 3000;
    })
    .await;
    let ada = world.person("ada").await;
    let mut slow = Vec::new();
    for number in 0..16 {
        slow.push(dawdles(&world, &format!("slow{number}"), &content(950 + number, MIB)).await);
    }
    // Each has its memory when all have brought something several times.
    let enough = world.app().files.brought() + 16 * 800 * 10;
    eventually("all have brought something several times", async || world.app().files.brought() >= enough)
        .await;
    let path = file_of(&world, "a.bin", &content(949, MIB));
    let brought = tokio::time::timeout(Duration::from_secs(30), ada.uploads(&path)).await;
    assert!(brought.is_ok(), "sixteen slow ones hold everything");
    // Who had to go hears of it with the next bytes they send.
    let gone = async {
        while !slow.iter().any(tokio::task::JoinHandle::is_finished) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), gone).await.expect("one of them had to go");
    assert!(slow.iter().any(|one| !one.is_finished()), "and not all");
    for one in slow {
        one.abort();
    }
}

impl Person {
    /// How often an entry was fetched, as soon as it is so often.
    pub(super) async fn counts_downloads(&self, group: ConversationId, wanted: u64) {
        eventually("the download is counted", async || {
            self.asks(shelf(group)).await.entries[0].downloads == wanted
        })
        .await;
    }
}

#[tokio::test]
async fn a_download_counts_when_it_is_whole_and_once_for_each_person() {
    let world = World::start().await;
    let [ada, bob, eve] = world.people(["ada", "bob", "eve"]).await;
    let group = ada.makes_group("plans", &[&bob, &eve]).await;
    let bytes = content(970, 3 * MIB);
    let file = ada.uploads(&file_of(&world, "a.bin", &bytes)).await;
    ada.asks(adding(group, file)).await;
    // Parts of it are no download.
    let raw = world.raw().await;
    raw.greets().await;
    raw.call(&sign_in("eve", PASSWORD)).await.unwrap();
    for (download, count) in [(1, 1), (2, 2)] {
        let part = litrocket_protocol::files::OpenDownload { file, download, first: 0, count };
        raw.call(&part).await.unwrap();
        let mut recv = raw.connection.accept_uni().await.unwrap();
        assert!(recv.read_to_end(4 * MIB).await.unwrap().len() > count as usize * MIB);
    }
    for _ in 0..3 {
        assert!(bob.fetches(&world, file).await.unwrap() == bytes);
    }
    bob.counts_downloads(group, 1).await;
    assert!(eve.fetches(&world, file).await.unwrap() == bytes);
    bob.counts_downloads(group, 2).await;
    assert!(bob.fetches(&world, file).await.unwrap() == bytes);
    assert!(ada.fetches(&world, file).await.unwrap() == bytes);
    bob.counts_downloads(group, 3).await;
}
