//! Files from several sides at once: devices and people with the same content, quotas, slow ones beside others.

use std::{
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use litrocket_client::{Client, Digest, Error, Transfer};
use litrocket_protocol::{
    MessageId, chat,
    conversations::OpenDirect,
    event::kind,
    files::{AddGroupFile, ListGroupFiles, ListUploads, file_state, group_sort},
    frame, stream_kind,
};
use tokio::task::JoinSet;

use super::{MIB, Watch, content, file_of, hostile, stored_chunks};
use crate::{
    raw::Lasting,
    world::{Person, World, eventually},
};

/// Begins to bring a file, whatever becomes of it.
async fn brings(client: Client, world: std::path::PathBuf, seed: u64, size: usize) -> Result<u64, Error> {
    let (name, bytes) = (format!("f{seed}"), content(seed, size));
    let path = world.join(&name);
    std::fs::write(&path, bytes).unwrap();
    let digest = Digest::of_file(&path).await?;
    client.upload(&path, &name, &digest, Transfer::default()).await
}

fn is_over_quota(error: &Error) -> bool {
    error.fault().is_some_and(|fault| fault.code == "quota_exceeded" && fault.limit == Some(10 << 20))
}

#[tokio::test]
async fn two_devices_and_somebody_else_bring_the_same_content_at_once() {
    let world = World::start().await;
    let [ada, eve] = world.people(["ada", "eve"]).await;
    let laptop = world.device(&ada).await;
    for round in 0..4 {
        let bytes = content(700 + round, 6 * MIB + 5);
        let path = file_of(&world, "same.bin", &bytes);
        let digest = Digest::of_file(&path).await.unwrap();
        let before = (stored_chunks(&world), world.app().files.brought());
        let bring = async |person: &Person| {
            let watch = Watch::default();
            let file = person.client.upload(&path, "same.bin", &digest, watch.transfer()).await.unwrap();
            (file, watch.moved.load(Ordering::Relaxed))
        };
        let (first, second, other) = tokio::join!(bring(&ada), bring(&laptop), bring(&eve));
        assert_eq!(first.0, second.0, "one file of one person");
        assert_ne!(first.0, other.0);
        for (person, file) in [(&ada, first.0), (&laptop, first.0), (&eve, other.0)] {
            assert_eq!(person.knows(file).await.state, file_state::COMPLETE);
            assert!(person.fetches(&world, file).await.unwrap() == bytes, "round {round}");
        }
        while litrocket::features::files::collect_now(world.app()).await.unwrap() > 0 {}
        assert_eq!(stored_chunks(&world), before.0 + 7, "stored once");
        // Nobody brings it more than once, and who is behind brings less.
        let brought = world.app().files.brought() - before.1;
        assert!(brought <= 3 * bytes.len() as u64, "{brought}");
    }
    for person in [&ada, &eve] {
        assert_eq!(person.asks(ListUploads::default()).await.used_bytes, 4 * (6 * MIB as u64 + 5));
    }
}

#[tokio::test]
async fn eight_uploads_at_once_never_exceed_the_quota_of_their_person() {
    let world = World::start_with(|config| config.files.quota_mib = 10).await;
    let ada = world.person("ada").await;
    let devices = [world.device(&ada).await, world.device(&ada).await, world.device(&ada).await];
    for round in 0..2 {
        let mut uploads = JoinSet::new();
        for number in 0..8 {
            let client = devices[number % 3].client.clone();
            let folder = world.folder.path().to_owned();
            uploads.spawn(brings(client, folder, 10 * round + number as u64, 3 * MIB));
        }
        let mut results = Vec::new();
        while let Some(result) = uploads.join_next().await {
            results.push(result.unwrap());
            let used = ada.asks(ListUploads::default()).await.used_bytes;
            assert!(used <= 10 << 20, "{used} bytes at some time");
        }
        let (came, refused): (Vec<_>, Vec<_>) = results.into_iter().partition(Result::is_ok);
        assert_eq!((came.len(), refused.len()), (3, 5));
        assert!(refused.iter().all(|one| one.as_ref().is_err_and(is_over_quota)), "{refused:?}");
        while litrocket::features::files::collect_now(world.app()).await.unwrap() > 0 {}
        assert_eq!(stored_chunks(&world), 9);
        // What is given up makes room again.
        for file in came.into_iter().flatten() {
            ada.asks(litrocket_protocol::files::DeleteFile { file }).await;
        }
        assert_eq!(ada.asks(ListUploads::default()).await.used_bytes, 0);
    }
}

#[tokio::test]
async fn four_people_at_once_never_exceed_the_quota_of_their_group() {
    let world = World::start_with(|config| config.files.group_quota_mib = 10).await;
    let people = world.people(["ada", "bob", "cid", "eve"]).await;
    let [ada, others @ ..] = &people;
    let group = ada.makes_group("plans", &others.iter().collect::<Vec<_>>()).await;
    let mut entries = JoinSet::new();
    for number in 0..16_u64 {
        let client = people[number as usize % 4].client.clone();
        let folder = world.folder.path().to_owned();
        entries.spawn(async move {
            let file = brings(client.clone(), folder, 800 + number, 2 * MIB).await.unwrap();
            client.call(AddGroupFile { conversation: group, file, folder: None, name: None }).await
        });
    }
    let listing = ListGroupFiles {
        conversation: group,
        folder: None,
        find: None,
        sort: group_sort::NAME,
        after: None,
        limit: None,
    };
    let (mut came, mut refused) = (0, 0);
    while let Some(result) = entries.join_next().await {
        match result.unwrap() {
            Ok(_) => came += 1,
            Err(error) => {
                assert!(is_over_quota(&error), "{error}");
                assert_eq!(error.fault().unwrap().field.as_deref(), Some("conversation"));
                refused += 1;
            }
        }
        assert!(ada.asks(listing.clone()).await.used_bytes <= 10 << 20);
    }
    assert_eq!((came, refused), (5, 11));
    let list = ada.asks(listing).await;
    assert_eq!((list.entries.len(), list.used_bytes, list.quota_bytes), (5, 10 << 20, 10 << 20));
}

#[tokio::test]
async fn four_slow_accounts_do_not_hold_the_memory_of_all() {
    let world = World::start_with(|config| config.files.memory_mib = 16).await;
    let mut held = Vec::new();
    // Each streams in the middle of four chunks; what is read of them says for how many there was memory.
    for (slow, chunks) in (0..).zip([4, 8, 12, 14]) {
        let raw = world.raw().await;
        raw.signs_up(&format!("slow{slow}")).await;
        let upload = hostile::opens(&raw, &world, "slow.bin", &content(900 + slow, 4 * MIB)).await;
        let mut streams = Vec::new();
        for chunk in 0..4 {
            let mut send = raw.connection.open_uni().await.unwrap();
            send.write_all(&[hostile::head(upload.file, chunk, 1), vec![1; 30_000]].concat()).await.unwrap();
            streams.push(send);
        }
        eventually("a part of each chunk is read", async || world.app().files.brought() >= chunks * 30_000)
            .await;
        held.push((raw, streams));
    }
    let ada = world.person("ada").await;
    let bytes = content(910, 5 * MIB);
    let began = Instant::now();
    let file = ada.uploads(&file_of(&world, "a.bin", &bytes)).await;
    assert!(ada.fetches(&world, file).await.unwrap() == bytes);
    // Well before the slow ones are ended for their slowness.
    assert!(began.elapsed() < Duration::from_secs(15), "{:?}", began.elapsed());
    assert!(held.iter().all(|(raw, _)| raw.connection.close_reason().is_none()));
}

#[tokio::test]
async fn uploads_that_nobody_reads_hold_up_no_chat_of_their_own_connection_and_of_no_other() {
    let world = World::start_with(|config| config.files.memory_mib = 16).await;
    let [mut ada, bob] = world.people(["ada", "bob"]).await;
    ada.listens().await;
    // Three who stream in the middle of four chunks each, and one for whose chunks there is no memory any more.
    let mut held = Vec::new();
    for (slow, chunks) in (0..).zip([4, 8, 12, 14]) {
        let raw = world.raw().await;
        raw.signs_up(&format!("slow{slow}")).await;
        let upload = hostile::opens(&raw, &world, "slow.bin", &content(940 + slow, 4 * MIB)).await;
        let mut streams = Vec::new();
        for chunk in 0..4 {
            let mut send = raw.connection.open_uni().await.unwrap();
            send.write_all(&[hostile::head(upload.file, chunk, 1), vec![1; 30_000]].concat()).await.unwrap();
            streams.push(send);
        }
        while world.app().files.brought() < chunks * 30_000 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        held.push((raw, streams));
    }
    let (raw, mut streams) = held.pop().unwrap();
    // What is not read stops where the stream's window ends.
    let (mut asleep, piece) = (0, vec![1; 30_000]);
    for send in &mut streams {
        let mut taken = 30_000;
        while taken < 900_000 {
            match tokio::time::timeout(Duration::from_millis(400), send.write(&piece)).await {
                Ok(bytes) => taken += bytes.unwrap(),
                Err(_) => break,
            }
        }
        asleep += usize::from(taken < 900_000);
    }
    assert!(asleep >= 2, "{asleep} streams are not read");
    let room = raw.call(&OpenDirect { account: ada.account }).await.unwrap().conversation;
    let mut own = Lasting::opens(&raw, stream_kind::CHAT).await;
    let beside = bob.opens(&ada).await;
    for n in 0..20_u8 {
        let began = Instant::now();
        let send = chat::Send {
            conversation: room,
            epoch: 0,
            id: MessageId::v7(1, [n; 10]),
            kind: kind::TEXT,
            target_seq: None,
            body: frame::encode_body(&crate::world::text(&n.to_string())),
            fallback: None,
        };
        own.says(chat::frame_type::SEND, &send).await;
        ada.hears(&n.to_string()).await;
        assert!(own.next().await.is_some_and(|(kind, _)| kind == chat::frame_type::ACK));
        bob.says(beside, "beside it").await;
        ada.hears("beside it").await;
        assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    }
}

#[tokio::test]
async fn a_bound_for_bytes_a_second_holds_for_all_streams_of_a_person_and_for_nobody_else() {
    let world = World::start_with(|config| config.files.bytes_per_second = 2 << 20).await;
    let [ada, bob] = world.people(["ada", "bob"]).await;
    let laptop = world.device(&ada).await;
    let paths =
        [0, 1].map(|number| file_of(&world, &format!("{number}.bin"), &content(920 + number, 3 * MIB)));
    let small = file_of(&world, "small.bin", &content(930, MIB));
    let began = Instant::now();
    let hers = async {
        let files = tokio::join!(ada.uploads(&paths[0]), laptop.uploads(&paths[1]));
        (files, began.elapsed())
    };
    let his = async {
        bob.uploads(&small).await;
        began.elapsed()
    };
    let ((files, hers), his) = tokio::join!(hers, his);
    // Six MiB over six streams of two devices, at two a second; the first bytes are free.
    assert!(hers > Duration::from_millis(2700), "{hers:?}");
    assert!(his < hers, "{his:?} beside {hers:?}");
    // The same for the way down.
    let began = Instant::now();
    let (one, two) = tokio::join!(ada.fetches(&world, files.0), laptop.fetches(&world, files.1));
    assert!(one.unwrap() == content(920, 3 * MIB) && two.unwrap() == content(921, 3 * MIB));
    assert!(began.elapsed() > Duration::from_millis(2700), "{:?}", began.elapsed());
}
