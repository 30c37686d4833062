//! Files by range: chunks of a file one by one, in any order and number, and whether they may be read asked for each.

use std::time::Duration;

use litrocket_client::{Digest, Outgoing, Transfer};
use litrocket_protocol::{
    close_code,
    files::{FinishUpload, GetFile, OpenDownload, file_state},
    stream_kind, varint,
};

use super::{MIB, content, file_of, hostile};
use crate::{
    raw::Raw,
    world::{PATIENCE, World, eventually, sign_in},
};

/// A connection of a person that keeps no rule, with so many bytes that may come unread.
pub(super) async fn raw_of(world: &World, name: &str, window: u32) -> Raw {
    let raw = Raw::connect_with(world.port, &world.ca(), [127, 0, 0, 1].into(), window).await;
    raw.greets().await;
    raw.call(&sign_in(name, crate::world::PASSWORD)).await.unwrap();
    raw
}

/// The next download that comes: its number, its range, and its stream.
async fn comes(raw: &Raw) -> ([u64; 3], quinn::RecvStream) {
    let mut recv = tokio::time::timeout(PATIENCE, raw.connection.accept_uni()).await.unwrap().unwrap();
    let mut head = Vec::new();
    loop {
        let mut byte = [0];
        recv.read_exact(&mut byte).await.unwrap();
        head.extend(byte);
        let (mut at, mut numbers) = (0, Vec::new());
        while let Some((number, length)) = varint::get(&head[at..]) {
            numbers.push(number);
            at += length;
        }
        if let [kind, number, first, count] = numbers[..] {
            assert_eq!(kind, stream_kind::DOWNLOAD);
            return ([number, first, count], recv);
        }
    }
}

/// The rest of a stream, or the code with which it was ended and what came before.
async fn rest(recv: &mut quinn::RecvStream) -> (Vec<u8>, Option<u32>) {
    let mut bytes = Vec::new();
    let all = async {
        loop {
            match recv.read_chunk(MIB, true).await {
                Ok(Some(piece)) => bytes.extend_from_slice(&piece.bytes),
                Ok(None) => return None,
                Err(quinn::ReadError::Reset(code)) => return Some(code.into_inner() as u32),
                Err(error) => panic!("{error}"),
            }
        }
    };
    let code = tokio::time::timeout(PATIENCE, all).await.unwrap();
    (bytes, code)
}

fn range(file: u64, download: u64, first: u64, count: u64) -> OpenDownload {
    OpenDownload { file, download, first, count }
}

#[tokio::test]
async fn ranges_are_given_in_any_order_and_those_that_are_not_there_are_refused() {
    let world = World::start().await;
    let [ada, bob, _eve] = world.people(["ada", "bob", "eve"]).await;
    let bytes = content(600, 4 * MIB + 99);
    let file = ada.uploads(&file_of(&world, "a.bin", &bytes)).await;
    let chat = ada.opens(&bob).await;
    ada.sends(chat, Outgoing::file(file, "")).await.unwrap();
    let raw = raw_of(&world, "bob", 1024 * 1024).await;
    // Overlapping, doubled, backwards, the short last one: each comes with its number.
    for (download, (first, count)) in (10..).zip([(3, 2), (0, 3), (2, 2), (2, 2), (4, 1), (0, 5)]) {
        raw.call(&range(file, download, first, count)).await.unwrap();
        let (head, mut recv) = comes(&raw).await;
        assert_eq!(head, [download, first, count]);
        let end = bytes.len().min((first + count) as usize * MIB);
        let (got, code) = rest(&mut recv).await;
        assert!(code.is_none() && got == bytes[first as usize * MIB..end], "{first} {count}");
    }
    let eve = raw_of(&world, "eve", 1024 * 1024).await;
    // Beyond the end, over the end, of no length, over all numbers. To others it is a file that does not exist, whatever
    // the range.
    let most = (1 << 62) - 1;
    for (first, count) in [(5, 1), (4, 2), (0, 6), (0, 0), (5, 0), (3, 0), (0, most), (most, most), (most, 1)]
    {
        let refused = raw.call(&range(file, 1, first, count)).await.unwrap_err();
        assert_eq!((&*refused.code, refused.limit), ("bad_value", Some(5)), "{first} {count}");
        let hers = eve.call(&range(file, 1, first, count)).await.unwrap_err();
        assert_eq!(hers, eve.call(&range(999_999, 1, first, count)).await.unwrap_err());
        assert_eq!(hers.code, "not_found");
    }
    assert_eq!(eve.call(&range(file, 1, 0, 1)).await.unwrap_err().code, "not_found");
    assert_eq!(eve.call(&GetFile { file, hashes: true }).await.unwrap_err().code, "not_found");
    assert_eq!(eve.call(&FinishUpload { file }).await.unwrap_err().code, "not_found");
    // Nothing was opened for any of them.
    assert!(tokio::time::timeout(Duration::from_millis(100), eve.connection.accept_uni()).await.is_err());
}

#[tokio::test]
async fn whether_a_file_may_be_read_is_asked_for_each_chunk() {
    let world = World::start().await;
    let [ada, bob] = world.people(["ada", "bob"]).await;
    let bytes = content(610, 24 * MIB);
    let file = ada.uploads(&file_of(&world, "a.bin", &bytes)).await;
    let chat = ada.opens(&bob).await;
    let ack = ada.sends(chat, Outgoing::file(file, "")).await.unwrap();
    // Little may come that bob has not read: the server is still among the first chunks when it is recalled.
    let raw = raw_of(&world, "bob", 256 * 1024).await;
    raw.call(&range(file, 1, 0, 24)).await.unwrap();
    let (_, mut recv) = comes(&raw).await;
    let mut begun = vec![0; 100_000];
    recv.read_exact(&mut begun).await.unwrap();
    ada.sends(chat, Outgoing::recall(ack.event_seq)).await.unwrap();
    let (more, code) = rest(&mut recv).await;
    let got = [begun, more].concat();
    assert_eq!(code, Some(close_code::NO_TRANSFER));
    assert!(got.len() < 8 * MIB && bytes.starts_with(&got), "{} bytes came", got.len());
    assert_eq!(raw.call(&range(file, 2, 0, 1)).await.unwrap_err().code, "not_found");
}

#[tokio::test]
async fn a_reader_that_stops_reading_is_told_and_its_place_is_free() {
    let world = World::start_with(|config| {
        config.files.stall_ms = 400;
        config.files.streams_max = 1;
    })
    .await;
    let ada = world.person("ada").await;
    let bytes = content(620, 6 * MIB);
    let path = file_of(&world, "a.bin", &bytes);
    let digest = Digest::of_file(&path).await.unwrap();
    let mut one = Transfer::default().within(PATIENCE);
    one.streams = 1;
    let file = ada.client.upload(&path, "a.bin", &digest, one).await.unwrap();
    let raw = raw_of(&world, "ada", 64 * 1024).await;
    raw.call(&range(file, 1, 0, 6)).await.unwrap();
    let (_, mut recv) = comes(&raw).await;
    assert_eq!(raw.call(&range(file, 2, 0, 1)).await.unwrap_err().code, "busy", "it has the only place");
    // Nothing of it is read until another one is granted.
    eventually("the place is free again", async || raw.call(&range(file, 3, 5, 1)).await.is_ok()).await;
    let (got, code) = rest(&mut recv).await;
    assert!(code == Some(close_code::TOO_SLOW) && got.len() < 6 * MIB, "{code:?} {}", got.len());
    let (head, mut recv) = comes(&raw).await;
    assert_eq!(head, [3, 5, 1]);
    assert!(rest(&mut recv).await == (bytes[5 * MIB..].to_vec(), None));
}

/// Reads so many bytes ten times a second, to the end or until the stream is ended: what came, and with which code it ended.
async fn sips(mut recv: quinn::RecvStream, bytes: usize) -> (Vec<u8>, Option<u32>) {
    let (mut got, mut sip) = (Vec::new(), vec![0; bytes]);
    let mut ticks = tokio::time::interval(Duration::from_millis(100));
    loop {
        ticks.tick().await;
        match recv.read(&mut sip).await {
            Ok(Some(count)) => got.extend_from_slice(&sip[..count]),
            Ok(None) => return (got, None),
            Err(quinn::ReadError::Reset(code)) => return (got, Some(code.into_inner() as u32)),
            Err(error) => panic!("{error}"),
        }
    }
}

#[tokio::test]
async fn a_reader_that_takes_a_trickle_is_told_and_one_that_is_slow_gets_all() {
    // The least is 16 KiB in this time.
    let world = World::start_with(|config| {
        config.files.stall_ms = 1000;
        config.files.streams_max = 2;
    })
    .await;
    let ada = world.person("ada").await;
    let bytes = content(622, 200 << 10);
    let file = ada.uploads(&file_of(&world, "a.bin", &bytes)).await;
    let reads = async |number, sip| {
        let raw = raw_of(&world, "ada", 24 * 1024).await;
        raw.call(&range(file, number, 0, 1)).await.unwrap();
        let (_, recv) = comes(&raw).await;
        (tokio::spawn(sips(recv, sip)), raw)
    };
    let ((trickle, _first), (slow, _second)) = (reads(1, 800).await, reads(2, 3200).await);
    let third = raw_of(&world, "ada", 1 << 20).await;
    assert_eq!(third.call(&range(file, 3, 0, 1)).await.unwrap_err().code, "busy", "they have the places");
    let (got, code) = tokio::time::timeout(PATIENCE, trickle).await.unwrap().unwrap();
    assert!(code == Some(close_code::TOO_SLOW) && bytes.starts_with(&got), "{code:?} {}", got.len());
    assert!(got.len() < 80 << 10, "it held its place for {} bytes", got.len());
    // What it held is free again; the other one reads to the end.
    eventually("the place is free again", async || third.call(&range(file, 4, 0, 1)).await.is_ok()).await;
    let (_, mut recv) = comes(&third).await;
    assert!(rest(&mut recv).await == (bytes.clone(), None));
    let (got, code) = tokio::time::timeout(PATIENCE, slow).await.unwrap().unwrap();
    assert!(code.is_none() && got == bytes, "{code:?} after {}", got.len());
}

#[tokio::test]
async fn what_a_reader_has_not_taken_is_their_share_also_when_all_of_it_is_on_its_way() {
    let world = World::start_with(|config| {
        config.files.stall_ms = 3000;
        config.files.streams_max = 1;
    })
    .await;
    let ada = world.person("ada").await;
    // Less than what the server lets be under way, more than this reader takes.
    let bytes = content(621, 600 << 10);
    let file = ada.uploads(&file_of(&world, "a.bin", &bytes)).await;
    // Answers would not fit beside what comes: another device asks.
    let raw = raw_of(&world, "ada", 64 * 1024).await;
    let other = raw_of(&world, "ada", 1 << 20).await;
    raw.call(&range(file, 1, 0, 1)).await.unwrap();
    let (_, mut recv) = comes(&raw).await;
    for _ in 0..5 {
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert_eq!(other.call(&range(file, 2, 0, 1)).await.unwrap_err().code, "busy");
    }
    assert_eq!(rest(&mut recv).await, (bytes.clone(), None), "in time it has all of it");
    let granted = async |asker: &Raw, number| {
        while asker.call(&range(file, number, 0, 1)).await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, granted(&raw, 3)).await.unwrap();
    let (_, mut recv) = comes(&raw).await;
    // Who takes nothing for too long is told, and others have the place.
    tokio::time::timeout(PATIENCE, granted(&other, 4)).await.unwrap();
    assert_eq!(rest(&mut recv).await.1, Some(close_code::TOO_SLOW));
}

#[tokio::test]
async fn ranges_on_their_way_up_may_overlap_and_be_empty() {
    let world = World::start().await;
    let ada = world.person("ada").await;
    let bytes = content(630, 4 * MIB);
    let digest = Digest::of_file(&file_of(&world, "a.bin", &bytes)).await.unwrap();
    let file = ada.client.open_upload("a.bin", &digest).await.unwrap().file;
    let raw = raw_of(&world, "ada", 1024 * 1024).await;
    let have = async || ada.knows(file).await.have;
    // Of no length: nothing happens; with bytes it is a lie.
    assert_eq!(hostile::brings(&raw, (file, 2, 0), b"").await, None);
    assert_eq!(hostile::brings(&raw, (file, 2, 0), b"x").await, Some(close_code::WRONG_SIZE));
    assert_eq!(hostile::brings(&raw, (file, 4, 1), &bytes[..MIB]).await, Some(close_code::WRONG_SIZE));
    assert_eq!(have().await, []);
    // What was given up before is told once.
    let _ = raw.call(&FinishUpload { file }).await.unwrap();
    // The same chunk on three streams at once.
    let (one, two, three) = tokio::join!(
        hostile::brings(&raw, (file, 0, 3), &bytes[..3 * MIB]),
        hostile::brings(&raw, (file, 1, 2), &bytes[MIB..3 * MIB]),
        hostile::brings(&raw, (file, 2, 1), &bytes[2 * MIB..3 * MIB]),
    );
    assert_eq!((one, two, three), (None, None, None));
    assert_eq!(have().await, [(0, 3)]);
    assert_eq!(hostile::brings(&raw, (file, 2, 2), &bytes[2 * MIB..]).await, None);
    assert_eq!(ada.knows(file).await.state, file_state::COMPLETE);
    assert!(ada.fetches(&world, file).await.unwrap() == bytes);
    // It is complete: nobody brings more.
    assert_eq!(hostile::brings(&raw, (file, 0, 1), &bytes[..MIB]).await, Some(close_code::NO_TRANSFER));
}
