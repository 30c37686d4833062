//! Files while things break: clients and servers that end, storage that fails, bytes that change.

use std::{sync::atomic::Ordering, time::Duration};

use litrocket_client::{Client, Digest, Error, Outgoing, Transfer};
use litrocket_protocol::files::file_state;

use super::{MIB, Watch, content, file_of, hostile::brings, objects, ranges::raw_of, stored_chunks};
use crate::world::{World, eventually};

/// Tries at random places; `LITROCKET_FILE_KILLS` asks for more.
fn kills() -> u64 {
    std::env::var("LITROCKET_FILE_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(10)
}

/// A number that differs from try to try.
pub(super) fn place(seed: u64, below: u64) -> u64 {
    u64::from_be_bytes(blake3::hash(&seed.to_be_bytes()).as_bytes()[..8].try_into().unwrap()) % below
}

#[tokio::test]
async fn a_client_that_ends_at_any_place_goes_on_with_at_most_one_chunk_a_stream_again() {
    let world = World::start().await;
    let ada = world.person("ada").await;
    let size = 8 * MIB + 777;
    for round in 0..kills() {
        let bytes = content(100 + round, size);
        let path = file_of(&world, "up.bin", &bytes);
        let digest = Digest::of_file(&path).await.unwrap();
        let mut options = world.options();
        options.token = ada.client.token();
        let stop_at = place(round, size as u64);
        let before = world.app().files.brought();
        let dying = Client::connect(options).await.unwrap();
        let (watch, ended) = (Watch::default(), dying.clone());
        let upload = dying.upload(&path, "up.bin", &digest, watch.transfer());
        let killed = async {
            while watch.moved.load(Ordering::Relaxed) < stop_at {
                tokio::time::sleep(Duration::from_micros(200)).await;
            }
        };
        tokio::select! {
            _ = upload => {}
            () = killed => {}
        }
        ended.close().await;
        let again = Watch::default();
        let file = ada.client.upload(&path, "up.bin", &digest, again.transfer()).await.unwrap();
        // All that came twice is the chunk that each of three streams was in.
        let twice = (world.app().files.brought() - before).saturating_sub(size as u64);
        assert!(twice <= 3 * MIB as u64, "round {round}: {twice} bytes came twice");
        // And the client sends what the server did not have, no byte more.
        let (had, sent_again) = (again.resumed.load(Ordering::Relaxed), again.moved.load(Ordering::Relaxed));
        assert!(had + sent_again <= size as u64, "round {round}: {had} there, {sent_again} sent");
        // The same for the way down.
        let target = world.folder.path().join(format!("down-{round}"));
        let down = Watch::default();
        let fetch = ada.client.download(file, &target, down.transfer());
        let killed = async {
            while down.moved.load(Ordering::Relaxed) < stop_at {
                tokio::time::sleep(Duration::from_micros(200)).await;
            }
        };
        tokio::select! {
            _ = fetch => {}
            () = killed => {}
        }
        let got = down.moved.load(Ordering::Relaxed).min(size as u64);
        let rest = Watch::default();
        ada.client.download(file, &target, rest.transfer()).await.unwrap();
        assert!(std::fs::read(&target).unwrap() == bytes, "round {round}");
        let again = rest.moved.load(Ordering::Relaxed);
        assert!(got + again <= size as u64 + 3 * MIB as u64, "round {round}: {got} got, {again} again");
    }
}

#[tokio::test]
async fn a_server_that_restarts_under_a_transfer_does_not_break_it() {
    let mut world = World::start().await;
    let ada = world.person("ada").await;
    let size = 12 * MIB;
    let bytes = content(7, size);
    let path = file_of(&world, "up.bin", &bytes);
    let digest = Digest::of_file(&path).await.unwrap();
    let (client, watch) = (ada.client.clone(), Watch::default());
    let transfer = watch.transfer();
    let upload =
        tokio::spawn(async move { client.upload(&path, "up.bin", &digest, transfer).await.unwrap() });
    while watch.moved.load(Ordering::Relaxed) < 2 * MIB as u64 {
        tokio::time::sleep(Duration::from_micros(200)).await;
    }
    world.down().await;
    let stored = stored_chunks(&world);
    world.up().await;
    let file = upload.await.unwrap();
    assert!(stored > 0, "some chunks were stored before the end");
    let (client, watch) = (ada.client.clone(), Watch::default());
    let (target, transfer) = (world.folder.path().join("copy"), watch.transfer());
    let place = target.clone();
    let download = tokio::spawn(async move { client.download(file, &place, transfer).await.unwrap() });
    while watch.moved.load(Ordering::Relaxed) < 2 * MIB as u64 && !download.is_finished() {
        tokio::time::sleep(Duration::from_micros(200)).await;
    }
    world.down().await;
    world.up().await;
    download.await.unwrap();
    assert!(std::fs::read(target).unwrap() == bytes);
}

#[tokio::test]
async fn a_byte_that_changed_on_the_disk_is_found_before_it_is_delivered() {
    let world = World::start().await;
    let ada = world.person("ada").await;
    let path = file_of(&world, "a.bin", &content(8, 3 * MIB));
    let file = ada.uploads(&path).await;
    let chunk = objects(&world.folder.path().join("data/files")).remove(1);
    let mut bytes = std::fs::read(&chunk).unwrap();
    bytes[12_345] ^= 1;
    std::fs::write(&chunk, bytes).unwrap();
    assert_eq!(ada.cannot_fetch(&world, file).await, "file_damaged");
}

#[tokio::test]
async fn a_full_disk_refuses_before_bytes_and_gives_way_when_there_is_room() {
    let world = World::start_with(|config| config.files.disk_reserve_mib = 1_000_000).await;
    let ada = world.person("ada").await;
    let path = file_of(&world, "a.bin", &content(9, 2 * MIB));
    let digest = Digest::of_file(&path).await.unwrap();
    let refusal = ada.client.open_upload("a.bin", &digest).await.unwrap_err();
    assert_eq!(refusal.fault().unwrap().code, "storage_full");
    assert_eq!(stored_chunks(&world), 0);
    assert_eq!(ada.asks(litrocket_protocol::files::ListUploads::default()).await.used_bytes, 0);
}

#[tokio::test]
async fn storage_that_is_gone_and_comes_back_only_delays() {
    let world = World::start().await;
    let ada = world.person("ada").await;
    let path = file_of(&world, "a.bin", &content(10, 4 * MIB));
    let digest = Digest::of_file(&path).await.unwrap();
    let open = ada.client.open_upload("a.bin", &digest).await.unwrap();
    let (folder, away) = (world.folder.path().join("data/files"), world.folder.path().join("away"));
    std::fs::rename(&folder, &away).unwrap();
    std::fs::write(&folder, "no folder").unwrap();
    let upload = {
        let (client, path, digest) = (ada.client.clone(), path.clone(), digest.clone());
        tokio::spawn(async move { client.upload(&path, "a.bin", &digest, Transfer::default()).await })
    };
    let files = &world.app().files;
    eventually("it is brought more than once", async || files.brought() > 5 * MIB as u64).await;
    assert!(!upload.is_finished());
    std::fs::remove_file(&folder).unwrap();
    std::fs::rename(&away, &folder).unwrap();
    assert_eq!(upload.await.unwrap().unwrap(), open.file);
    assert!(ada.fetches(&world, open.file).await.unwrap() == content(10, 4 * MIB));
}

#[tokio::test]
async fn a_file_that_changes_while_it_is_sent_is_refused() {
    let world = World::start().await;
    let [ada, bob] = world.people(["ada", "bob"]).await;
    let path = file_of(&world, "a.bin", &content(11, 3 * MIB));
    let digest = Digest::of_file(&path).await.unwrap();
    file_of(&world, "a.bin", &content(12, 3 * MIB));
    let error = ada.client.upload(&path, "a.bin", &digest, Transfer::default()).await.unwrap_err();
    assert_eq!(error.fault().unwrap().code, "wrong_hash");
    assert_eq!(stored_chunks(&world), 0, "nothing wrong is ever stored");
    // A message that carries it stays without its content; who reads it is told that it is not there yet.
    let open = ada.client.open_upload("a.bin", &digest).await.unwrap();
    let chat = ada.opens(&bob).await;
    ada.sends(chat, Outgoing::file(open.file, "")).await.unwrap();
    assert_eq!(bob.knows(open.file).await.state, file_state::UPLOADING);
    let transfer = Transfer::default().within(Duration::from_millis(500));
    let target = world.folder.path().join("never");
    let error = bob.client.download(open.file, &target, transfer).await.unwrap_err();
    assert!(matches!(error, Error::Incomplete { there: 0, size } if size == 3 * MIB as u64), "{error}");
    assert!(!target.exists());
}

#[tokio::test]
async fn another_device_goes_on_where_the_first_stopped() {
    let world = World::start().await;
    let ada = world.person("ada").await;
    let bytes = content(180, 6 * MIB + 99);
    let path = file_of(&world, "plans.bin", &bytes);
    let digest = Digest::of_file(&path).await.unwrap();
    let phone = raw_of(&world, "ada", 1024 * 1024).await;
    let file = ada.client.open_upload("plans.bin", &digest).await.unwrap().file;
    assert_eq!(brings(&phone, (file, 2, 2), &bytes[2 * MIB..4 * MIB]).await, None);
    phone.connection.close(0u32.into(), b"");
    // Who fetches it meanwhile has all that is there, also behind what does not come, before the sender is told as the cause.
    let early = Watch::default();
    let mut transfer = early.transfer().within(Duration::from_millis(500));
    transfer.streams = 1;
    let target = world.folder.path().join("early");
    let error = ada.client.download(file, &target, transfer).await.unwrap_err();
    assert!(matches!(error, Error::Incomplete { there, .. } if there == 2 * MIB as u64), "{error}");
    assert_eq!(early.moved.load(Ordering::Relaxed), 2 * MIB as u64);
    let laptop = world.device(&ada).await;
    let watch = Watch::default();
    let same = laptop.client.upload(&path, "plans.bin", &digest, watch.transfer()).await.unwrap();
    let (there, brought) = (watch.resumed.load(Ordering::Relaxed), watch.moved.load(Ordering::Relaxed));
    assert_eq!((same, there, brought), (file, 2 * MIB as u64, digest.size - 2 * MIB as u64));
    assert_eq!(world.app().files.brought(), digest.size, "no byte came twice");
    assert!(ada.fetches(&world, file).await.unwrap() == bytes);
}
