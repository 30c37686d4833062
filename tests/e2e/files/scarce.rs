//! Files on a storage that is full in the middle, and that is gone in the middle.

use std::{path::Path, sync::atomic::Ordering, time::Duration};

use litrocket_client::{Digest, Error, Transfer};
use litrocket_protocol::{
    Class,
    files::{ListUploads, file_state},
};

use super::{MIB, Watch, content, file_of, hostile};
use crate::{
    faults::scarce::SmallDisk,
    world::{Person, World, eventually},
};

/// How many chunks of an upload the server has, and their bytes.
async fn there(person: &Person, file: u64) -> (u64, u64) {
    let info = person.knows(file).await;
    let at = |chunk: u64| info.size.min(chunk * MIB as u64);
    let ranges = info.have.iter().map(|(first, count)| (*count, at(first + count) - at(*first)));
    ranges.fold((0, 0), |(chunks, bytes), (more, long)| (chunks + more, bytes + long))
}

/// A client finds its server again.
pub(super) async fn comes_back(person: &Person) {
    eventually("the device is connected again", async || {
        person.client.call(ListUploads::default()).await.is_ok()
    })
    .await;
}

/// Brings what the storage has no room for, and is told so.
async fn finds_no_room(person: &Person, path: &Path, digest: &Digest) {
    let transfer = Transfer::default().within(Duration::from_secs(2));
    match person.client.upload(path, "a.bin", digest, transfer).await {
        Err(Error::Fault(fault)) => {
            assert_eq!((&*fault.code, fault.class), ("storage_full", Class::Retry));
        }
        other => panic!("{other:?} on a full disk"),
    }
}

/// There is room again: what is missing comes, nothing else, and all of it is right.
async fn goes_on(world: &World, person: &Person, path: &Path, digest: &Digest, file: u64) {
    let (chunks, bytes) = there(person, file).await;
    assert!(chunks > 0 && person.knows(file).await.state == file_state::UPLOADING, "{chunks} chunks");
    let watch = Watch::default();
    assert_eq!(person.client.upload(path, "a.bin", digest, watch.transfer()).await.unwrap(), file);
    let [resumed, moved] = [&watch.resumed, &watch.moved].map(|one| one.load(Ordering::Relaxed));
    assert_eq!((resumed, moved), (bytes, digest.size - bytes));
    assert!(person.fetches(world, file).await.unwrap() == std::fs::read(path).unwrap());
    assert_eq!(person.asks(ListUploads::default()).await.used_bytes, digest.size);
}

#[tokio::test]
async fn a_disk_that_is_full_in_the_middle_is_told_and_what_came_counts() {
    let place = tempfile::tempdir().unwrap();
    let store = place.path().join("small");
    // Where nothing can be mounted the bound for free space is the full disk.
    let Some(disk) = SmallDisk::mount(&store, 12) else { return stops_below_the_bound().await };
    let world = World::start_with(|config| config.files.store = store.to_string_lossy().into_owned()).await;
    let ada = world.person("ada").await;
    let bytes = content(800, 8 * MIB + 77);
    let path = file_of(&world, "a.bin", &bytes);
    let digest = Digest::of_file(&path).await.unwrap();
    // There is room when it is opened, and for a few chunks.
    let file = ada.client.open_upload("a.bin", &digest).await.unwrap().file;
    std::fs::write(store.join("other"), vec![0; 8 * MIB + MIB / 2]).unwrap();
    finds_no_room(&ada, &path, &digest).await;
    assert!((1..=4).contains(&there(&ada, file).await.0));
    disk.fill();
    finds_no_room(&ada, &path, &digest).await;
    disk.free();
    std::fs::remove_file(store.join("other")).unwrap();
    goes_on(&world, &ada, &path, &digest, file).await;
    // What was begun and not finished left nothing behind; the storage has its mark, of 16 bytes.
    let mut folders = vec![store.clone()];
    let mut sizes = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            match entry.metadata().unwrap() {
                one if one.is_dir() => folders.push(entry.path()),
                one => sizes.push(one.len()),
            }
        }
    }
    sizes.sort_unstable();
    assert_eq!(sizes, [[16, 77].as_slice(), &[MIB as u64; 8]].concat());
}

#[tokio::test]
async fn below_the_free_space_that_is_kept_an_upload_stops_and_goes_on_when_there_is_more() {
    stops_below_the_bound().await;
}

async fn stops_below_the_bound() {
    let mut world = World::start().await;
    let ada = world.person("ada").await;
    let bytes = content(810, 5 * MIB);
    let path = file_of(&world, "a.bin", &bytes);
    let digest = Digest::of_file(&path).await.unwrap();
    let file = {
        let raw = world.raw().await;
        raw.greets().await;
        raw.call(&crate::world::sign_in("ada", crate::world::PASSWORD)).await.unwrap();
        let file = hostile::opens(&raw, &world, "a.bin", &bytes).await.file;
        assert_eq!(hostile::brings(&raw, (file, 1, 2), &bytes[MIB..3 * MIB]).await, None);
        file
    };
    // As if others had filled the disk since.
    world.down().await;
    world.changes(|config| config.files.disk_reserve_mib = 1_000_000);
    world.up().await;
    comes_back(&ada).await;
    finds_no_room(&ada, &path, &digest).await;
    assert_eq!(there(&ada, file).await.0, 2);
    let other = Digest::of_file(&file_of(&world, "b.bin", b"more")).await.unwrap();
    let refused = ada.client.open_upload("b.bin", &other).await.unwrap_err();
    assert_eq!(refused.fault().unwrap().code, "storage_full");
    world.down().await;
    world.changes(|config| config.files.disk_reserve_mib = 0);
    world.up().await;
    comes_back(&ada).await;
    goes_on(&world, &ada, &path, &digest, file).await;
}
