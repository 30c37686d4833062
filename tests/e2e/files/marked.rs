//! The mark of the storage when something goes wrong while it is made; checks beside a running server; what a collection
//! meets.

use std::{path::PathBuf, time::Duration};

use litrocket::{
    args,
    features::files::{Orphans, collect_now, verify},
};
use litrocket_client::{Digest, Transfer};
use litrocket_protocol::{
    files::{
        AddGroupFile, ChangeGroupFile, DeleteFile, DeleteGroupFile, ListGroupFiles, MakeGroupFolder,
        group_sort,
    },
    pictures::GetPreview,
};

use super::{MARK, MIB, content, file_of, objects, scarce::comes_back, stored_chunks};
use crate::{
    pictures::picture,
    world::{PATIENCE, Person, World, eventually},
};

fn store(world: &World) -> PathBuf {
    world.folder.path().join("data/files")
}

async fn changes(world: &World, sql: &'static str) {
    let work = async move |tx: &mut litrocket::writer::Tx| tx.execute(sql, &[]).await;
    world.app().writer.run(move |tx| Box::pin(async move { work(tx).await })).await.unwrap();
}

async fn mark(world: &World) -> (Vec<u8>, i64) {
    world.app().db.first("SELECT mark, made FROM file_storage", args![]).await.unwrap().unwrap()
}

impl Person {
    async fn has_no_storage(&self, world: &World, name: &str) {
        let digest = Digest::of_file(&file_of(world, name, name.as_bytes())).await.unwrap();
        let refused = self.client.open_upload(name, &digest).await.unwrap_err();
        assert_eq!(refused.fault().unwrap().code, "storage_full");
    }
}

async fn is_marked(world: &World) -> bool {
    let app = world.app();
    verify(&app.config, &app.db, Orphans::Stay, |_| {}, |_| Ok(())).await.unwrap().marked
}

#[tokio::test]
async fn a_mark_is_noted_before_it_is_made_and_made_later_when_that_fails() {
    let mut world = World::start().await;
    let ada = world.person("ada").await;
    // The database takes nothing: then the storage gets nothing either.
    world.down().await;
    world.changes(|config| config.storage.disk_reserve_mib = 1_000_000);
    world.up().await;
    comes_back(&ada).await;
    let digest = Digest::of_file(&file_of(&world, "a", b"a")).await.unwrap();
    assert!(ada.client.open_upload("a", &digest).await.is_err());
    assert!(!store(&world).join(MARK).exists(), "a mark that the database does not know");
    world.down().await;
    world.changes(|config| config.storage.disk_reserve_mib = 0);
    world.up().await;
    comes_back(&ada).await;
    ada.uploads(&file_of(&world, "b", b"b")).await;
    let (made, noted) = mark(&world).await;
    assert_eq!((std::fs::read(store(&world).join(MARK)).unwrap(), noted), (made.clone(), 1));
    // The server ended when it was noted, and nothing was stored yet.
    changes(&world, "DELETE FROM contents").await;
    for is_there in [true, false] {
        changes(&world, "UPDATE file_storage SET made = 0").await;
        if !is_there {
            std::fs::remove_file(store(&world).join(MARK)).unwrap();
        }
        assert!(is_marked(&world).await, "nothing is wrong with it");
        world.down().await;
        world.up().await;
        comes_back(&ada).await;
        ada.uploads(&file_of(&world, "c", b"c")).await;
        assert_eq!(mark(&world).await, (made.clone(), 1));
        assert_eq!(std::fs::read(store(&world).join(MARK)).unwrap(), made);
    }
    // A mark that nobody knows is told.
    changes(&world, "DELETE FROM file_storage").await;
    assert!(!is_marked(&world).await);
}

#[tokio::test]
async fn a_bare_folder_is_not_the_servers_own_although_nothing_is_kept() {
    let mut world = World::start().await;
    let ada = world.person("ada").await;
    let file = ada.uploads(&file_of(&world, "a.bin", b"some words")).await;
    ada.asks(DeleteFile { file }).await;
    while collect_now(world.app()).await.unwrap() > 0 {}
    world.down().await;
    let away = world.folder.path().join("away");
    std::fs::rename(store(&world), &away).unwrap();
    std::fs::create_dir(store(&world)).unwrap();
    world.up().await;
    comes_back(&ada).await;
    ada.has_no_storage(&world, "b.bin").await;
    assert_eq!(std::fs::read_dir(store(&world)).unwrap().count(), 0);
    std::fs::remove_dir(store(&world)).unwrap();
    std::fs::rename(away, store(&world)).unwrap();
    ada.uploads(&file_of(&world, "c.bin", b"more words")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_goes_while_a_check_reads_is_no_loss() {
    let world = World::start().await;
    let ada = world.person("ada").await;
    let lost = ada.uploads(&file_of(&world, "a.bin", &content(1000, MIB))).await;
    let chunk = objects(&store(&world)).remove(0);
    let deleted = ada.uploads(&file_of(&world, "b.bin", &content(1001, 2 * MIB))).await;
    std::fs::write(&chunk, "changed").unwrap();
    let (app, mut told, mut damaged) = (world.app(), 0, Vec::new());
    let tell = |_| {
        told += 1;
        tokio::task::block_in_place(|| {
            tokio::runtime::Handle::current().block_on(async {
                ada.asks(DeleteFile { file: deleted }).await;
                while collect_now(app).await.unwrap() > 0 {}
            });
        });
    };
    let note = |part: litrocket::features::files::Note| {
        damaged.extend(part.damaged);
        Ok(())
    };
    let checked = verify(&app.config, &app.db, Orphans::Stay, tell, note).await.unwrap();
    assert_eq!((checked.damaged, told, damaged.len()), (1, 1, 1), "{checked:?}");
    assert_eq!(ada.cannot_fetch(&world, lost).await, "file_damaged");
}

#[tokio::test]
async fn objects_of_nobody_go_when_they_are_old_and_beside_the_right_mark() {
    let world = World::start().await;
    let ada = world.person("ada").await;
    let file = ada.uploads(&file_of(&world, "a.bin", b"some words")).await;
    let nobodys = store(&world).join("abc/abc0000000000000/0");
    std::fs::create_dir_all(nobodys.parent().unwrap()).unwrap();
    std::fs::write(&nobodys, "nobody's").unwrap();
    std::fs::write(store(&world).join("notes"), "not a server's").unwrap();
    let app = world.app();
    let sweeps = async |before_ms: u64| {
        let found =
            verify(&app.config, &app.db, Orphans::GoBefore(before_ms), |_| {}, |_| Ok(())).await.unwrap();
        (found.orphans, found.swept)
    };
    let now = app.clock.now_ms();
    assert_eq!(sweeps(now - 86_400_000).await, (2, 0), "they are young");
    // Beside another mark nothing is known to be nobody's.
    let mark = std::fs::read(store(&world).join(MARK)).unwrap();
    std::fs::write(store(&world).join(MARK), "somebody else's").unwrap();
    assert_eq!(sweeps(now + 60_000).await, (2, 0));
    std::fs::write(store(&world).join(MARK), mark).unwrap();
    assert_eq!(sweeps(now + 60_000).await, (2, 1));
    assert!(!nobodys.exists() && store(&world).join("notes").exists());
    assert_eq!(ada.fetches(&world, file).await.unwrap(), b"some words");
}

#[tokio::test]
async fn a_preview_that_was_changed_is_not_given_and_made_anew() {
    let world = World::start().await;
    let ada = world.person("ada").await;
    let file = ada.uploads(&file_of(&world, "sea.png", &picture(5, 900, 600, image::ImageFormat::Png))).await;
    let good = ada.asks(GetPreview { file, size: 640 }).await.bytes;
    let path = objects(&store(&world)).into_iter().find(|path| path.ends_with("p640")).unwrap();
    for damage in ["another picture", "lost"] {
        if damage == "lost" {
            std::fs::remove_file(&path).unwrap();
        } else {
            let mut bytes = good.clone();
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            std::fs::write(&path, bytes).unwrap();
        }
        assert_eq!(ada.is_refused(GetPreview { file, size: 640 }).await, "no_preview", "{damage}");
        eventually("the preview is made anew", async || {
            ada.client.call(GetPreview { file, size: 640 }).await.is_ok()
        })
        .await;
        assert!(ada.asks(GetPreview { file, size: 640 }).await.bytes == good, "{damage}");
    }
}

#[tokio::test]
async fn what_is_left_of_a_picture_stays_until_nobody_looks_at_it_any_more() {
    let world = World::start().await;
    let ada = world.person("ada").await;
    let held = world.app().files.hold().await.unwrap();
    let file = ada.uploads(&file_of(&world, "sea.png", &picture(6, 900, 600, image::ImageFormat::Png))).await;
    // The upload ended after it had waited for its previews: somebody is about to make them.
    ada.asks(DeleteFile { file }).await;
    collect_now(world.app()).await.unwrap();
    assert_eq!(stored_chunks(&world), 1, "previews may still come to it");
    drop(held);
    let gone = async {
        while stored_chunks(&world) > 0 {
            collect_now(world.app()).await.unwrap();
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, gone).await.unwrap();
}

#[tokio::test]
async fn what_an_older_decoder_refused_is_looked_at_once_more() {
    let mut world = World::start().await;
    let ada = world.person("ada").await;
    let good = ada.uploads(&file_of(&world, "sea.png", &picture(7, 300, 200, image::ImageFormat::Png))).await;
    let bad =
        ada.uploads(&file_of(&world, "bad.png", &picture(8, 30, 20, image::ImageFormat::Png)[..60])).await;
    changes(&world, "UPDATE pictures SET state = 2, decoder = 0").await;
    assert_eq!(ada.is_refused(GetPreview { file: good, size: 160 }).await, "no_preview");
    world.down().await;
    world.up().await;
    comes_back(&ada).await;
    let states = async || -> Vec<(i64, i64)> {
        world.app().db.all("SELECT state, decoder FROM pictures ORDER BY content", args![]).await.unwrap()
    };
    eventually("both are looked at again", async || states().await == [(1, 2), (2, 2)]).await;
    ada.asks(GetPreview { file: good, size: 160 }).await;
    assert_eq!(ada.is_refused(GetPreview { file: bad, size: 160 }).await, "no_preview");
}

#[tokio::test]
async fn a_folder_goes_or_takes_what_moves_into_it_and_never_both() {
    let world = World::start().await;
    let [ada, bob] = world.people(["ada", "bob"]).await;
    let group = ada.makes_group("plans", &[&bob]).await;
    let file = ada.uploads(&file_of(&world, "a.txt", b"the plans")).await;
    let entry = ada.asks(AddGroupFile { conversation: group, file, folder: None, name: None }).await.entry;
    let (mut moved, mut deleted) = (0, 0);
    for round in 0..40 {
        let name = format!("f{round}");
        let folder = ada.asks(MakeGroupFolder { conversation: group, name }).await.entry;
        let (move_it, delete) = tokio::join!(
            ada.client.call(ChangeGroupFile { entry, name: None, folder: Some(folder) }),
            async {
                if round % 2 == 1 {
                    tokio::time::sleep(Duration::from_micros(200 * round)).await;
                }
                ada.client.call(DeleteGroupFile { entry: folder }).await
            }
        );
        let refused = |code: &str, error: litrocket_client::Error| {
            assert_eq!(error.fault().unwrap().code, code, "round {round}");
        };
        match (move_it, delete) {
            (Ok(now), Err(error)) => {
                moved += 1;
                assert_eq!(now.folder, Some(folder));
                refused("folder_not_empty", error);
            }
            (Err(error), Ok(_)) => {
                deleted += 1;
                refused("not_found", error);
            }
            (left, right) => panic!("round {round}: {left:?}, {right:?}"),
        }
        let (sort, find, after, limit) = (group_sort::NAME, None, None, None);
        ada.asks(ChangeGroupFile { entry, name: None, folder: Some(0) }).await;
        let top =
            bob.asks(ListGroupFiles { conversation: group, folder: None, find, sort, after, limit }).await;
        assert!(top.entries.iter().any(|one| one.entry == entry), "round {round}");
    }
    assert_eq!(moved + deleted, 40);
}

#[tokio::test]
async fn two_who_send_the_same_bytes_at_once_are_both_served() {
    let world = World::start().await;
    let [ada, bob] = world.people(["ada", "bob"]).await;
    let path = file_of(&world, "sea.png", &picture(9, 900, 600, image::ImageFormat::Png));
    let digest = Digest::of_file(&path).await.unwrap();
    let uploads = [&ada, &bob].map(|one| one.client.upload(&path, "sea.png", &digest, Transfer::default()));
    for (person, file) in [&ada, &bob].into_iter().zip(futures_util::future::join_all(uploads).await) {
        person.asks(GetPreview { file: file.unwrap(), size: 160 }).await;
    }
    while collect_now(world.app()).await.unwrap() > 0 {}
    assert_eq!(stored_chunks(&world), 3, "one chunk and two previews");
}
