//! Storage that is away as a whole, which is no loss; what is lost beside it; and the operator's word on both.

use std::{path::PathBuf, time::Duration};

use litrocket::features::files::{Note, Orphans, collect_now, confirm, verify};
use litrocket_client::{Digest, Error, Transfer};
use litrocket_protocol::{
    files::{DeleteFile, file_state},
    pictures::{GetPreview, PREVIEW_SIZES},
};

use super::{MARK, MIB, content, file_of, objects, scarce::comes_back, stored_chunks};
use crate::{
    pictures::picture,
    world::{Person, World, eventually},
};

fn store(world: &World) -> PathBuf {
    world.folder.path().join("data/files")
}

/// The folder as it is without what is mounted there.
fn unmount(world: &World) -> PathBuf {
    let away = world.folder.path().join("away");
    std::fs::rename(store(world), &away).unwrap();
    std::fs::create_dir(store(world)).unwrap();
    away
}

fn mount(world: &World, away: PathBuf) {
    std::fs::remove_dir_all(store(world)).unwrap();
    std::fs::rename(away, store(world)).unwrap();
}

/// Longer than a busy server takes to refuse.
const HURRY: Duration = Duration::from_millis(1_500);

fn fails_for_now(result: Result<u64, Error>) {
    let error = result.unwrap_err();
    let fault = error.fault().unwrap_or_else(|| panic!("{error}"));
    assert_eq!((&*fault.code, fault.class), ("storage_full", litrocket_protocol::Class::Retry));
}

impl Person {
    async fn hurries(&self, world: &World, file: u64) -> Result<u64, Error> {
        let target = world.folder.path().join(format!("{}-{file}-copy", self.name));
        let transfer = Transfer::default().within(HURRY);
        self.client.download(file, &target, transfer).await.map(|info| info.file)
    }
}

#[tokio::test]
async fn a_folder_that_is_not_mounted_loses_nothing_and_takes_nothing() {
    let world = World::start().await;
    let ada = world.person("ada").await;
    let bytes = content(700, 2 * MIB);
    let file = ada.uploads(&file_of(&world, "a.bin", &bytes)).await;
    let picture =
        ada.uploads(&file_of(&world, "sea.png", &picture(1, 200, 100, image::ImageFormat::Png))).await;
    let unwanted = ada.uploads(&file_of(&world, "b.bin", &content(701, 3 * MIB))).await;
    let half = file_of(&world, "c.bin", &content(702, 2 * MIB));
    let digest = Digest::of_file(&half).await.unwrap();
    let open = ada.client.open_upload("c.bin", &digest).await.unwrap();
    let stored = stored_chunks(&world);
    let away = unmount(&world);
    // Who reads is told to come back, and nothing is branded.
    fails_for_now(ada.hurries(&world, file).await);
    assert_eq!(ada.knows(file).await.state, file_state::COMPLETE);
    assert_eq!(ada.is_refused(GetPreview { file: picture, size: PREVIEW_SIZES[0] }).await, "storage_full");
    // Who brings something as well: what came into the bare folder would be lost.
    let transfer = || Transfer::default().within(HURRY);
    fails_for_now(ada.client.upload(&half, "c.bin", &digest, transfer()).await);
    let other = file_of(&world, "d.bin", &content(703, MIB));
    let digest_of_other = Digest::of_file(&other).await.unwrap();
    fails_for_now(ada.client.open_upload("d.bin", &digest_of_other).await.map(|open| open.file));
    // What is to be deleted is not forgotten.
    ada.asks(DeleteFile { file: unwanted }).await;
    assert!(collect_now(world.app()).await.is_err());
    assert_eq!(std::fs::read_dir(store(&world)).unwrap().count(), 0, "nothing came into the bare folder");
    mount(&world, away);
    assert!(ada.fetches(&world, file).await.unwrap() == bytes);
    ada.asks(GetPreview { file: picture, size: PREVIEW_SIZES[0] }).await;
    assert_eq!(ada.client.upload(&half, "c.bin", &digest, transfer()).await.unwrap(), open.file);
    while collect_now(world.app()).await.unwrap() > 0 {}
    assert_eq!(stored_chunks(&world), stored - 3 + 2, "what was deleted is gone, what was brought is there");
}

#[tokio::test]
async fn a_server_that_starts_without_its_folder_waits_for_it() {
    let mut world = World::start().await;
    let ada = world.person("ada").await;
    let bytes = content(710, MIB);
    let file = ada.uploads(&file_of(&world, "a.bin", &bytes)).await;
    world.down().await;
    let away = unmount(&world);
    world.up().await;
    comes_back(&ada).await;
    fails_for_now(ada.hurries(&world, file).await);
    assert_eq!(ada.knows(file).await.state, file_state::COMPLETE);
    mount(&world, away);
    assert!(ada.fetches(&world, file).await.unwrap() == bytes);
    // A storage whose mark was lost, and nothing else, proves itself by what is in it.
    std::fs::remove_file(store(&world).join(MARK)).unwrap();
    world.down().await;
    world.up().await;
    comes_back(&ada).await;
    let next = ada.uploads(&file_of(&world, "b.bin", &content(711, MIB))).await;
    assert_eq!(ada.knows(next).await.state, file_state::COMPLETE);
    assert!(store(&world).join(MARK).exists());
    // One of another server does not, whatever it holds.
    std::fs::write(store(&world).join(MARK), "somebody else's").unwrap();
    let digest = Digest::of_file(&file_of(&world, "c.bin", b"words")).await.unwrap();
    fails_for_now(ada.client.open_upload("c.bin", &digest).await.map(|open| open.file));
}

/// A check of the storage, and what it found.
async fn checks(world: &World) -> (litrocket::features::files::Checked, Note) {
    let mut found = Note::default();
    let note = |part: Note| {
        found.damaged.extend(part.damaged);
        found.whole.extend(part.whole);
        found.pictures.extend(part.pictures);
        Ok(())
    };
    let app = world.app();
    let checked = verify(&app.config, &app.db, Orphans::Stay, |_| {}, note).await.unwrap();
    (checked, found)
}

#[tokio::test]
async fn an_operator_clears_and_confirms_damage() {
    let world = World::start().await;
    let ada = world.person("ada").await;
    let bytes = content(720, 2 * MIB);
    let file = ada.uploads(&file_of(&world, "a.bin", &bytes)).await;
    let chunk = objects(&store(&world)).remove(0);
    let kept = std::fs::read(&chunk).unwrap();
    std::fs::remove_file(&chunk).unwrap();
    assert_eq!(ada.cannot_fetch(&world, file).await, "file_damaged");
    assert_eq!(ada.knows(file).await.state, file_state::DAMAGED);
    // It came back, from a backup perhaps.
    std::fs::write(&chunk, &kept).unwrap();
    assert_eq!(ada.knows(file).await.state, file_state::DAMAGED, "nobody has said so");
    let (checked, found) = checks(&world).await;
    assert_eq!((checked.damaged, found.whole.len(), found.damaged.len()), (0, 1, 0));
    let noted = confirm(world.app(), &found, false).await.unwrap();
    assert_eq!((noted.whole, noted.damaged), (1, 0));
    assert_eq!(ada.knows(file).await.state, file_state::COMPLETE);
    assert!(ada.fetches(&world, file).await.unwrap() == bytes);
    // What nobody has read yet is confirmed to be lost.
    std::fs::write(&chunk, "changed").unwrap();
    let (checked, found) = checks(&world).await;
    assert_eq!((checked.damaged, found.whole.len(), found.damaged.len()), (1, 0, 1));
    confirm(world.app(), &found, false).await.unwrap();
    assert_eq!(ada.knows(file).await.state, file_state::DAMAGED);
    // An emptied storage becomes the server's own by the operator's word.
    std::fs::remove_dir_all(store(&world)).unwrap();
    std::fs::create_dir(store(&world)).unwrap();
    let digest = Digest::of_file(&file_of(&world, "b.bin", b"words")).await.unwrap();
    fails_for_now(ada.client.open_upload("b.bin", &digest).await.map(|open| open.file));
    confirm(world.app(), &Note::default(), true).await.unwrap();
    ada.client.open_upload("b.bin", &digest).await.unwrap();
    let good = ada.uploads(&file_of(&world, "c.bin", b"more words")).await;
    std::fs::remove_dir_all(store(&world)).unwrap();
    std::fs::create_dir(store(&world)).unwrap();
    fails_for_now(ada.hurries(&world, good).await);
    let (checked, found) = checks(&world).await;
    assert!(!checked.marked && found.damaged.len() == 1);
    confirm(world.app(), &found, true).await.unwrap();
    assert_eq!(ada.cannot_fetch(&world, good).await, "file_damaged");
    assert!(checks(&world).await.0.marked);
}

#[tokio::test]
async fn a_check_reads_small_pictures_too_and_lost_ones_are_made_anew() {
    let world = World::start().await;
    let ada = world.person("ada").await;
    let file = ada.uploads(&file_of(&world, "sea.png", &picture(3, 900, 600, image::ImageFormat::Png))).await;
    let previews = || {
        objects(&store(&world)).into_iter().filter(|path| path.ends_with("p160") || path.ends_with("p640"))
    };
    let (checked, found) = checks(&world).await;
    assert_eq!((checked.previews, checked.bad_previews, found.is_empty()), (2, 0, true));
    for damage in ["changed", "lost"] {
        for path in previews().collect::<Vec<_>>() {
            let mut bytes = std::fs::read(&path).unwrap();
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            if damage == "lost" {
                std::fs::remove_file(&path).unwrap();
            } else {
                std::fs::write(&path, bytes).unwrap();
            }
        }
        let (checked, found) = checks(&world).await;
        assert_eq!((checked.bad_previews, found.pictures.len(), checked.damaged), (2, 1, 0), "{damage}");
        assert_eq!(confirm(world.app(), &found, false).await.unwrap().pictures, 1);
        eventually("the preview is made anew", async || {
            ada.client.call(GetPreview { file, size: 640 }).await.is_ok()
        })
        .await;
        assert_eq!(checks(&world).await.0.bad_previews, 0, "{damage}");
    }
}

#[tokio::test]
async fn what_a_killed_server_was_writing_is_swept_at_the_next_start() {
    let mut world = World::start().await;
    let ada = world.person("ada").await;
    let file = ada.uploads(&file_of(&world, "a.bin", b"some words")).await;
    let chunk = objects(&store(&world)).remove(0);
    world.down().await;
    let left = [chunk.with_file_name("1#1"), chunk.with_file_name("0#3")];
    for path in &left {
        std::fs::write(path, "half of").unwrap();
    }
    let mine = chunk.with_file_name("mine#1");
    std::fs::write(&mine, "not the server's").unwrap();
    world.up().await;
    eventually("what was left is collected", async || !left.iter().any(|path| path.exists())).await;
    assert!(mine.exists());
    comes_back(&ada).await;
    assert_eq!(ada.fetches(&world, file).await.unwrap(), b"some words");
}
