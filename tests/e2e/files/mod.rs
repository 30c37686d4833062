//! Files: up, down, who may, and what remains.

mod away;
mod bars;
mod broken;
mod careful;
mod commands;
mod held;
mod hostile;
mod killed;
mod known;
mod lifetime;
mod marked;
mod memory;
mod races;
mod ranges;
mod remote;
mod removed;
mod scarce;
mod shelf;
mod swept;
mod times;

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use litrocket_client::{Digest, Error, Outgoing, Progress, Transfer};
use litrocket_protocol::{
    conversations::RemoveMember,
    event::{File, kind},
    files::{CancelUpload, FileInfo, FinishUpload, GetFile, ListUploads, file_state},
    frame,
};

use crate::world::{Person, World, eventually};

pub(crate) const MIB: usize = 1 << 20;

/// Bytes that differ from place to place and from seed to seed.
pub(crate) fn content(seed: u64, size: usize) -> Vec<u8> {
    let mut bytes = vec![0; size];
    blake3::Hasher::new().update(&seed.to_be_bytes()).finalize_xof().fill(&mut bytes);
    bytes
}

/// A file on disk with such bytes.
pub(crate) fn file_of(world: &World, name: &str, bytes: &[u8]) -> PathBuf {
    let path = world.folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

/// The object that says whose storage it is.
pub(crate) const MARK: &str = "litrocket-storage";

/// How many chunks the server's folder holds.
pub(crate) fn stored_chunks(world: &World) -> usize {
    objects(&world.folder.path().join("data/files")).len()
}

/// The objects of a storage's folder, without its mark.
pub(crate) fn objects(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.path().is_dir() {
            found.extend(objects(&entry.path()));
        } else if entry.file_name() != MARK {
            found.push(entry.path());
        }
    }
    found.sort();
    found
}

/// How many bytes a transfer moved itself, beside those that were there.
#[derive(Clone, Default)]
pub(crate) struct Watch {
    pub(crate) resumed: Arc<AtomicU64>,
    pub(crate) moved: Arc<AtomicU64>,
}

impl Watch {
    pub(crate) fn transfer(&self) -> Transfer {
        let watch = self.clone();
        Transfer::default().watched(move |progress: Progress| {
            watch.resumed.store(progress.resumed, Ordering::Relaxed);
            watch.moved.store(progress.done - progress.resumed.min(progress.done), Ordering::Relaxed);
        })
    }
}

impl Person {
    pub(crate) async fn uploads(&self, path: &Path) -> u64 {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let digest = Digest::of_file(path).await.unwrap();
        self.client.upload(path, &name, &digest, Transfer::default()).await.unwrap()
    }

    pub(crate) async fn fetches(&self, world: &World, file: u64) -> Result<Vec<u8>, Error> {
        let target = world.folder.path().join(format!("{}-{file}", self.name));
        self.client.download(file, &target, Transfer::default()).await?;
        Ok(std::fs::read(target).unwrap())
    }

    pub(crate) async fn cannot_fetch(&self, world: &World, file: u64) -> String {
        match self.fetches(world, file).await {
            Err(Error::Fault(fault)) => fault.code,
            other => panic!("{other:?} instead of a refusal"),
        }
    }

    pub(crate) async fn knows(&self, file: u64) -> FileInfo {
        self.asks(GetFile { file, hashes: false }).await
    }
}

#[tokio::test]
async fn a_file_arrives_as_it_was_for_those_who_may_read_its_message() {
    let world = World::start().await;
    let [ada, mut bob, eve] = world.people(["ada", "bob", "eve"]).await;
    let chat = ada.opens(&bob).await;
    bob.listens().await;
    let bytes = content(1, 5 * MIB + 12_345);
    let file = ada.uploads(&file_of(&world, "plans.bin", &bytes)).await;
    assert_eq!(bob.cannot_fetch(&world, file).await, "not_found", "no message carries it yet");
    let ack = ada.sends(chat, Outgoing::file(file, "have a look")).await.unwrap();
    let event = bob.next_event().await;
    assert_eq!((event.kind, event.message_seq), (kind::FILE, Some(1)));
    let body: File = frame::decode(&event.body).unwrap();
    assert_eq!(
        (body.file, &*body.name, body.size, &*body.text),
        (file, "plans.bin", bytes.len() as u64, "have a look")
    );
    assert_eq!(body.blake3, blake3::hash(&bytes).as_bytes());
    assert_eq!(event.fallback.as_deref(), Some("plans.bin (5255225 bytes)"));
    assert!(bob.fetches(&world, file).await.unwrap() == bytes);
    assert!(ada.fetches(&world, file).await.unwrap() == bytes);
    // For a stranger a file that is there and one that is not are the same.
    let asks = async |file| match eve.client.call(GetFile { file, hashes: true }).await {
        Err(Error::Fault(fault)) => *fault,
        other => panic!("{other:?}"),
    };
    assert_eq!(asks(file).await, asks(999_999).await);
    let quiet = eve.opens(&bob).await;
    assert_eq!(eve.cannot_send(quiet, Outgoing::file(file, "")).await, "not_found");
    // Recalled, it goes with its content.
    ada.sends(chat, Outgoing::recall(ack.event_seq)).await.unwrap();
    assert_eq!(bob.cannot_fetch(&world, file).await, "not_found");
    while litrocket::features::files::collect_now(world.app()).await.unwrap() > 0 {}
    assert_eq!(stored_chunks(&world), 0);
}

#[tokio::test]
async fn a_member_who_was_removed_reads_older_files_and_no_newer_ones() {
    let world = World::start().await;
    let [ada, bob] = world.people(["ada", "bob"]).await;
    let group = ada.makes_group("plans", &[&bob]).await;
    let old = ada.uploads(&file_of(&world, "old", b"old words")).await;
    ada.sends(group, Outgoing::file(old, "")).await.unwrap();
    ada.asks(RemoveMember { conversation: group, account: bob.account }).await;
    let new = ada.uploads(&file_of(&world, "new", b"new words")).await;
    ada.sends(group, Outgoing::file(new, "")).await.unwrap();
    assert_eq!(bob.fetches(&world, old).await.unwrap(), b"old words");
    assert_eq!(bob.cannot_fetch(&world, new).await, "not_found");
    // What was cleared is not read any more either.
    let seq = 2;
    bob.asks(litrocket_protocol::conversations::ClearHistory { conversation: group, event_seq: seq }).await;
    assert_eq!(bob.cannot_fetch(&world, old).await, "not_found");
}

#[tokio::test]
async fn empty_and_small_files_and_exact_chunks_arrive() {
    let world = World::start().await;
    let ada = world.person("ada").await;
    for size in [0, 1, MIB - 1, MIB, MIB + 1, 2 * MIB] {
        let bytes = content(size as u64, size);
        let file = ada.uploads(&file_of(&world, &format!("f{size}"), &bytes)).await;
        assert!(ada.fetches(&world, file).await.unwrap() == bytes, "{size}");
        assert_eq!(ada.knows(file).await.state, file_state::COMPLETE);
    }
    let text = ada.uploads(&file_of(&world, "photo.png", "no picture\n".as_bytes())).await;
    assert_eq!(ada.knows(text).await.media_type, "text/plain", "the name is not believed");
}

#[tokio::test]
async fn the_same_content_is_stored_once_and_a_hash_alone_gives_nothing() {
    let world = World::start().await;
    let [ada, bob, eve] = world.people(["ada", "bob", "eve"]).await;
    let bytes = content(3, 3 * MIB);
    let path = file_of(&world, "same.bin", &bytes);
    let first = ada.uploads(&path).await;
    assert_eq!(stored_chunks(&world), 3);
    // Who may read it does not send it again.
    let chat = ada.opens(&bob).await;
    ada.sends(chat, Outgoing::file(first, "")).await.unwrap();
    let digest = Digest::of_file(&path).await.unwrap();
    let watch = Watch::default();
    let second = bob.client.upload(&path, "mine.bin", &digest, watch.transfer()).await.unwrap();
    assert_ne!(first, second);
    assert_eq!(watch.moved.load(Ordering::Relaxed), 0);
    // Who knows the hash alone has to bring every byte.
    let opened = eve.client.open_upload("stolen.bin", &digest).await.unwrap();
    assert_eq!((opened.state, opened.have), (file_state::UPLOADING, vec![]));
    assert_eq!(eve.asks(FinishUpload { file: opened.file }).await.state, file_state::UPLOADING);
    let third = eve.uploads(&file_of(&world, "stolen.bin", &bytes)).await;
    assert_eq!(third, opened.file);
    while litrocket::features::files::collect_now(world.app()).await.unwrap() > 0 {}
    assert_eq!(stored_chunks(&world), 3, "stored once");
    assert!(eve.fetches(&world, third).await.unwrap() == bytes);
    // The same name and content is the same file, also from another device.
    let laptop = world.device(&ada).await;
    assert_eq!(laptop.uploads(&path).await, first);
}

#[tokio::test]
async fn the_receiver_reads_while_the_sender_writes() {
    let world = World::start().await;
    let [ada, bob] = world.people(["ada", "bob"]).await;
    let chat = ada.opens(&bob).await;
    let bytes = content(4, 6 * MIB);
    let path = file_of(&world, "live.bin", &bytes);
    let digest = Digest::of_file(&path).await.unwrap();
    let file = ada.client.open_upload("live.bin", &digest).await.unwrap().file;
    ada.sends(chat, Outgoing::file(file, "")).await.unwrap();
    assert_eq!(bob.knows(file).await.state, file_state::UPLOADING);
    let watch = Watch::default();
    let target = world.folder.path().join("live-copy");
    let reading = async {
        bob.client.download(file, &target, watch.transfer()).await.unwrap();
    };
    let writing = async {
        let raw = ranges::raw_of(&world, "ada", 1024 * 1024).await;
        assert_eq!(hostile::brings(&raw, (file, 0, 1), &bytes[..MIB]).await, None);
        let has_read = async || watch.moved.load(Ordering::Relaxed) == MIB as u64;
        eventually("the reader has what there is", has_read).await;
        ada.client.upload(&path, "live.bin", &digest, Transfer::default()).await.unwrap();
    };
    tokio::join!(reading, writing);
    assert!(std::fs::read(&target).unwrap() == bytes);
}

#[tokio::test]
async fn a_cancelled_upload_leaves_nothing_and_a_complete_file_stays() {
    let world = World::start().await;
    let ada = world.person("ada").await;
    let path = file_of(&world, "a.bin", &content(5, 3 * MIB));
    let digest = Digest::of_file(&path).await.unwrap();
    let open = ada.client.open_upload("a.bin", &digest).await.unwrap();
    let listed = ada.asks(ListUploads::default()).await;
    assert_eq!(listed.uploads.iter().map(|one| one.file).collect::<Vec<_>>(), [open.file]);
    assert_eq!(listed.used_bytes, 3 << 20);
    ada.asks(CancelUpload { file: open.file }).await;
    ada.asks(CancelUpload { file: open.file }).await;
    let listed = ada.asks(ListUploads::default()).await;
    assert!(listed.uploads.is_empty() && listed.used_bytes == 0);
    assert_eq!(ada.is_refused(FinishUpload { file: open.file }).await, "not_found");
    let file = ada.uploads(&path).await;
    ada.asks(CancelUpload { file }).await;
    assert_eq!(ada.knows(file).await.state, file_state::COMPLETE);
    // Nothing carries it: after a day it goes.
    world.app().clock.set_offset_ms(25 * 3_600_000);
    while litrocket::features::files::collect_now(world.app()).await.unwrap() > 0 {}
    assert_eq!(ada.is_refused(GetFile { file, hashes: false }).await, "not_found");
    assert_eq!(stored_chunks(&world), 0);
}

#[tokio::test]
async fn what_is_beyond_its_time_shows_as_gone() {
    let world = World::start_with(|config| config.files.retention_days = 2).await;
    let [ada, bob] = world.people(["ada", "bob"]).await;
    let chat = ada.opens(&bob).await;
    let path = file_of(&world, "a.bin", b"some words");
    let file = ada.uploads(&path).await;
    ada.sends(chat, Outgoing::file(file, "")).await.unwrap();
    world.app().clock.set_offset_ms(3 * 86_400_000);
    while litrocket::features::files::collect_now(world.app()).await.unwrap() > 0 {}
    let gone = bob.knows(file).await;
    assert_eq!((gone.state, &*gone.name), (file_state::GONE, "a.bin"));
    assert_eq!(bob.cannot_fetch(&world, file).await, "file_gone");
    assert_eq!(ada.cannot_send(chat, Outgoing::file(file, "")).await, "file_gone");
    // Brought again it is there again, for those who may read the message.
    assert_eq!(ada.uploads(&path).await, file);
    assert_eq!(bob.fetches(&world, file).await.unwrap(), b"some words");
}

#[tokio::test]
async fn quotas_hold_against_uploads_that_begin_at_the_same_time() {
    let world = World::start_with(|config| {
        config.files.quota_mib = 10;
        config.files.file_mib_max = 4;
    })
    .await;
    let ada = world.person("ada").await;
    let devices = [world.device(&ada).await, world.device(&ada).await, world.device(&ada).await];
    let mut opened = tokio::task::JoinSet::new();
    for i in 0..12 {
        let path = file_of(&world, &format!("f{i}"), &content(i, 3 * MIB));
        let digest = Digest::of_file(&path).await.unwrap();
        let client = devices[i as usize % 3].client.clone();
        opened.spawn(async move { client.open_upload(&format!("f{i}"), &digest).await });
    }
    let results = opened.join_all().await;
    let granted = results.iter().filter(|result| result.is_ok()).count();
    assert_eq!(granted, 3);
    let refused = |error: &Error| error.fault().is_some_and(|fault| fault.code == "quota_exceeded");
    assert_eq!(results.iter().filter(|one| one.as_ref().is_err_and(refused)).count(), 9);
    let large = Digest::of_file(&file_of(&world, "large", &content(99, 4 * MIB + 1))).await.unwrap();
    let refusal = ada.client.open_upload("large", &large).await.unwrap_err();
    assert_eq!(refusal.fault().unwrap().code, "file_too_large");
}
