//! Files on S3-compatible storage: moto's server.

use std::{
    process::{Child, Command, Stdio},
    time::Duration,
};

use litrocket::features::files::{Note, Orphans, confirm, verify};
use litrocket_client::Outgoing;
use litrocket_protocol::{Class, files::file_state};

use super::{MIB, content, file_of, stored_chunks};
use crate::{
    programs::python,
    world::{World, eventually},
};

/// A store of its own, in memory; it goes with this.
pub(super) struct Moto(Child);

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start(port: u16) -> Moto {
    let server = python().with_file_name("moto_server");
    let child = Command::new(server)
        .args(["-H", "127.0.0.1", "-p", &port.to_string()])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    Moto(child)
}

/// A store whose clock is so many days behind: whatever is put there is as old at once.
pub(super) fn start_behind(port: u16, days: u32) -> Moto {
    let script = format!(
        "import datetime, moto.s3.models as m\nnow = m.utcnow\n\
         m.utcnow = lambda: now() - datetime.timedelta(days={days})\n\
         from moto.server import main\nmain(['-H', '127.0.0.1', '-p', '{port}'])"
    );
    let child = Command::new(python())
        .args(["-c", &script])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    Moto(child)
}

/// Makes the bucket as soon as the server answers.
pub(super) fn make_bucket(port: u16) {
    let script = format!(
        "import time, urllib.request\nfor _ in range(300):\n  try:\n    r = urllib.request.Request(\
         'http://127.0.0.1:{port}/rocket', method='PUT')\n    urllib.request.urlopen(r); break\n  \
         except OSError: time.sleep(0.1)\nelse: raise SystemExit('no answer')"
    );
    let made = Command::new(python()).args(["-c", &script]).status().unwrap();
    assert!(made.success());
}

/// A port for a store that comes and goes.
pub(super) fn free_port() -> u16 {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    free.local_addr().unwrap().port()
}

/// A server whose files are in moto's bucket.
async fn world_on(
    port: u16,
    change: impl FnOnce(&mut litrocket::config::Config),
) -> (World, tempfile::TempDir) {
    let keys = tempfile::tempdir().unwrap();
    let key_file = keys.path().join("key");
    std::fs::write(&key_file, "id\nsecret\n").unwrap();
    let world = World::start_with(|config| {
        config.files.store = "s3://rocket/some/prefix".into();
        config.files.s3_endpoint = format!("http://127.0.0.1:{port}");
        config.files.s3_region = "us-east-1".into();
        config.files.s3_key_file = key_file.to_string_lossy().into_owned();
        change(config);
    })
    .await;
    (world, keys)
}

#[tokio::test]
async fn files_live_on_s3_compatible_storage_which_may_be_away() {
    let port = free_port();
    let moto = start(port);
    make_bucket(port);
    let (world, _keys) = world_on(port, |_| {}).await;
    let [ada, bob] = world.people(["ada", "bob"]).await;
    let bytes = content(30, 3 * MIB + 1);
    let path = file_of(&world, "cloud.bin", &bytes);
    let file = ada.uploads(&path).await;
    let chat = ada.opens(&bob).await;
    let ack = ada.sends(chat, Outgoing::file(file, "")).await.unwrap();
    assert!(bob.fetches(&world, file).await.unwrap() == bytes);
    assert_eq!(stored_chunks(&world), 0, "nothing of it is on the disk");
    // The store is gone, and comes back empty: nobody knows whether it is the same; nothing hangs, chat goes on.
    drop(moto);
    ada.says(chat, "still here").await;
    let _moto = start(port);
    make_bucket(port);
    let digest = litrocket_client::Digest::of_file(&path).await.unwrap();
    let transfer = litrocket_client::Transfer::default().within(Duration::from_secs(2));
    let lost = async || {
        let target = world.folder.path().join("lost");
        let lost = bob.client.download(file, &target, transfer.clone()).await.unwrap_err();
        lost.fault().map(|fault| fault.code.clone())
    };
    assert_eq!(lost().await.as_deref(), Some("storage_full"));
    // An operator does: what is missing is lost then, and told as such.
    confirm(world.app(), &Note::default(), true).await.unwrap();
    assert_eq!(lost().await.as_deref(), Some("file_damaged"));
    let other = content(31, 2 * MIB);
    let file = ada.uploads(&file_of(&world, "other.bin", &other)).await;
    assert!(ada.fetches(&world, file).await.unwrap() == other);
    ada.sends(chat, Outgoing::recall(ack.event_seq)).await.unwrap();
    while litrocket::features::files::collect_now(world.app()).await.unwrap() > 0 {}
    assert_eq!(ada.client.open_upload("cloud.bin", &digest).await.unwrap().have, []);
    // The check reads what is there, and finds nothing of what was collected.
    let app = world.app();
    let checks = async |orphans| verify(&app.config, &app.db, orphans, |_| {}, |_| Ok(())).await.unwrap();
    let checked = checks(Orphans::Stay).await;
    assert_eq!((checked.contents, checked.chunks, checked.damaged), (1, 2, 0));
    assert!(checked.marked && checked.orphans == 0, "{checked:?}");
    assert_eq!(checks(Orphans::GoBefore(u64::MAX)).await.swept, 0);
    assert!(ada.fetches(&world, file).await.unwrap() == other);
}

#[tokio::test]
async fn a_store_that_goes_in_the_middle_of_an_upload_and_comes_back_only_delays_it() {
    let port = free_port();
    let moto = start(port);
    make_bucket(port);
    // Slow enough to be caught in the middle.
    let (world, _keys) = world_on(port, |config| config.files.bytes_per_second = 4 << 20).await;
    let [ada, bob] = world.people(["ada", "bob"]).await;
    let chat = ada.opens(&bob).await;
    let bytes = content(32, 10 * MIB + 3);
    let path = file_of(&world, "cloud.bin", &bytes);
    let digest = litrocket_client::Digest::of_file(&path).await.unwrap();
    let file = ada.client.open_upload("cloud.bin", &digest).await.unwrap().file;
    ada.sends(chat, Outgoing::file(file, "")).await.unwrap();
    let patience = Duration::from_secs(4);
    let upload = {
        let (client, path, digest) = (ada.client.clone(), path.clone(), digest.clone());
        let transfer = litrocket_client::Transfer::default().within(patience);
        tokio::spawn(async move { client.upload(&path, "cloud.bin", &digest, transfer).await })
    };
    eventually("some chunks are there", async || !ada.knows(file).await.have.is_empty()).await;
    drop(moto);
    // It is told as something that passes, and chat goes on meanwhile.
    let error = upload.await.unwrap().unwrap_err();
    let fault = error.fault().unwrap_or_else(|| panic!("{error}"));
    assert_eq!((&*fault.code, fault.class), ("storage_full", Class::Retry));
    ada.says(chat, "still here").await;
    assert_eq!(ada.knows(file).await.state, file_state::UPLOADING);
    // A reader waits for the rest; the upload is tried again before the store answers.
    let target = world.folder.path().join("copy");
    let fetch = bob.client.download(file, &target, litrocket_client::Transfer::default());
    let upload = ada.client.upload(&path, "cloud.bin", &digest, litrocket_client::Transfer::default());
    let back = async {
        tokio::time::sleep(Duration::from_millis(700)).await;
        let moto = start(port);
        make_bucket(port);
        moto
    };
    // It comes back empty: even the chunks of which the server thought that they were there come again.
    let (uploaded, fetched, _moto) = tokio::join!(upload, fetch, back);
    assert_eq!(uploaded.unwrap(), file);
    fetched.unwrap();
    assert!(std::fs::read(&target).unwrap() == bytes);
    assert_eq!(ada.knows(file).await.state, file_state::COMPLETE);
    assert!(ada.fetches(&world, file).await.unwrap() == bytes);
    assert_eq!(stored_chunks(&world), 0);
}
