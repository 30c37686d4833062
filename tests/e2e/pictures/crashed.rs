//! The server killed between the small pictures of a picture, or behind them and before it has noted that they are there.

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use image::ImageFormat;
use litrocket::{
    args,
    features::files::{Checked, Orphans, collect_now, make_preview_now, verify},
};
use litrocket_client::{Client, Digest, Transfer};
use litrocket_protocol::{
    files::{DeleteFile, file_state},
    pictures::{GetPreview, PREVIEW_SIZES},
};

use super::picture;
use crate::{
    files::objects,
    process::Process,
    world::{PASSWORD, Person, World, eventually, sign_in},
};

/// How many small pictures of this size there are.
fn small(folder: &Path, size: u32) -> usize {
    let name = format!("p{size}");
    objects(folder).iter().filter(|path| path.file_name().is_some_and(|it| *it == *name)).count()
}

/// Looks without a pause that could be too long.
fn waits(what: &str, holds: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !holds() {
        assert!(Instant::now() < deadline, "not in time: {what}");
        std::thread::sleep(Duration::from_micros(100));
    }
}

/// Kills the server when the first small picture of one is there; whether the other one was not. `before` is how many there
/// were of either.
fn dies_in_between(process: &mut Process, files: &Path, before: [usize; 2]) -> bool {
    waits("a small picture", || small(files, PREVIEW_SIZES[0]) > before[0]);
    process.kill();
    small(files, PREVIEW_SIZES[1]) == before[1]
}

/// Kills the server when both are there and the database cannot take the note of them; whether it had not before.
fn dies_behind_both(process: &mut Process, files: &Path, before: [usize; 2]) -> bool {
    let database = rusqlite::Connection::open(process.path().join("data/litrocket.db")).unwrap();
    database.busy_timeout(Duration::from_secs(10)).unwrap();
    waits("a small picture", || small(files, PREVIEW_SIZES[0]) > before[0]);
    database.execute_batch("BEGIN IMMEDIATE").unwrap();
    let newest = "SELECT state FROM pictures ORDER BY content DESC LIMIT 1";
    let state: i64 = database.query_row(newest, [], |row| row.get(0)).unwrap();
    waits("the other one", || small(files, PREVIEW_SIZES[1]) > before[1]);
    process.kill();
    state == 0
}

/// Ada brings a picture to a server that is killed while it makes small ones; the file, and whether that hit the moment.
async fn brings(process: &mut Process, n: usize, path: &Path) -> (u64, bool) {
    let client = Client::connect(process.options()).await.unwrap();
    client.sign_in(sign_in("ada", PASSWORD)).await.unwrap();
    let digest = Digest::of_file(path).await.unwrap();
    let file = client.open_upload("sea.png", &digest).await.unwrap().file;
    let files = process.path().join("data/files");
    let before = PREVIEW_SIZES.map(|size| small(&files, size));
    let path = path.to_owned();
    let upload =
        tokio::spawn(async move { client.upload(&path, "sea.png", &digest, Transfer::default()).await });
    let dies = [dies_in_between, dies_behind_both][n % 2];
    let hit = tokio::task::block_in_place(|| dies(process, &files, before));
    upload.abort();
    (file, hit)
}

/// What the operator's check says.
async fn checked(world: &World) -> Checked {
    let app = world.app();
    verify(&app.config, &app.db, Orphans::Stay, |_| {}, |_| Ok(())).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_between_small_pictures_and_their_note_loses_nothing_and_leaves_nothing() {
    // Six are enough on a quiet machine; whether a crash hits its moment is chance.
    const ROUNDS: usize = 24;
    let mut process = Process::new();
    process.variables = vec![("LITROCKET_FILES_DISK_RESERVE_MIB", "0")];
    process.up();
    process.person("ada").await.close().await;
    let (mut brought, mut hits) = (Vec::new(), [0, 0]);
    for n in 0..ROUNDS {
        if n >= 6 && hits[0] > 0 && hits[1] > 0 {
            break;
        }
        let bytes = picture(n as u8, 800, 400, ImageFormat::Png);
        let path = process.path().join(format!("{n}.png"));
        std::fs::write(&path, &bytes).unwrap();
        let (file, hit) = brings(&mut process, n, &path).await;
        hits[n % 2] += usize::from(hit);
        brought.push((file, bytes));
        tokio::task::block_in_place(|| process.up());
    }
    let rounds = brought.len();
    println!("{} of {rounds} crashes hit their moment: {hits:?}", hits[0] + hits[1]);
    assert!(hits[0] > 0 && hits[1] > 0, "of {rounds} crashes these hit their moments: {hits:?}");
    tokio::task::block_in_place(|| assert_eq!(process.terminate(), 0));
    // A server whose clock can be set goes on with what there is.
    let mut world = World::start().await;
    world.down().await;
    world.changes(|config| config.server.data = process.path().join("data").display().to_string());
    world.up().await;
    let client = world.guest().await;
    let account = client.sign_in(sign_in("ada", PASSWORD)).await.unwrap().account;
    let ada = Person { name: "ada".into(), account, client, events: None };
    let files = process.path().join("data/files");
    for (file, bytes) in &brought {
        assert_eq!(ada.knows(*file).await.state, file_state::COMPLETE);
        assert!(ada.fetches(&world, *file).await.unwrap() == *bytes, "nothing is lost");
    }
    let staged = || objects(&files).iter().any(|path| path.to_string_lossy().contains('#'));
    eventually("what was being written is taken away", async || !staged()).await;
    let states = async || -> Vec<(i64,)> {
        world.app().db.all("SELECT state FROM pictures ORDER BY content", args![]).await.unwrap()
    };
    let waiting = states().await.iter().filter(|(state,)| *state == 0).count();
    assert!(waiting >= hits[0] + hits[1], "{waiting} wait for their turn, {hits:?} were hit");
    let found = checked(&world).await;
    assert_eq!((found.damaged, found.bad_previews, found.orphans), (0, 0, 0), "{found:?}");
    // Whoever does not wait for it takes all of it away.
    let (first, _) = brought.remove(0);
    ada.asks(DeleteFile { file: first }).await;
    while collect_now(world.app()).await.unwrap() > 0 {}
    assert_eq!(checked(&world).await.orphans, 0);
    // The others are looked at when their time comes.
    world.app().clock.set_offset_ms(3_700_000);
    while make_preview_now(world.app()).await.unwrap() {}
    for (file, _) in &brought {
        let file = *file;
        eventually("the picture is looked at", async || {
            ada.client.call(GetPreview { file, size: 160 }).await.is_ok()
        })
        .await;
        assert_eq!(ada.previews(file, 160).await.dimensions(), (160, 80));
    }
    let found = checked(&world).await;
    assert_eq!((found.damaged, found.bad_previews, found.orphans), (0, 0, 0), "{found:?}");
    assert_eq!(found.previews as usize, brought.len() * PREVIEW_SIZES.len());
    assert_eq!(objects(&files).len(), brought.len() * (1 + PREVIEW_SIZES.len()), "nothing else is there");
    for (file, _) in brought {
        ada.asks(DeleteFile { file }).await;
    }
    while collect_now(world.app()).await.unwrap() > 0 {}
    assert_eq!(objects(&files), Vec::<PathBuf>::new());
}
