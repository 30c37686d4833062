//! Peers that keep no rule, and names that are no names.

use std::time::Duration;

use litrocket::args;
use litrocket_client::{Digest, Outgoing, Transfer};
use litrocket_protocol::{
    close_code, event,
    files::{FileInfo, FinishUpload, GetFile, OpenUpload, Upload, file_state},
    frame, stream_kind, varint,
};

use super::{MIB, content, file_of};
use crate::{
    raw::Raw,
    world::{PASSWORD, World, eventually, sign_in},
};

pub(super) fn head(file: u64, first: u64, count: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    for number in [stream_kind::UPLOAD, file, first, count] {
        varint::put(&mut bytes, number);
    }
    bytes
}

/// Brings chunks and answers the code with which the server ends the stream; `None` when it takes them.
pub(super) async fn brings(raw: &Raw, (file, first, count): (u64, u64, u64), bytes: &[u8]) -> Option<u32> {
    let mut send = raw.connection.open_uni().await.unwrap();
    let all = [&head(file, first, count), bytes].concat();
    if send.write_all(&all).await.is_ok() {
        let _ = send.finish();
    }
    let stopped = tokio::time::timeout(Duration::from_secs(10), send.stopped()).await.unwrap().unwrap();
    if let Some(code) = stopped {
        return Some(code.into_inner() as u32);
    }
    // It was all sent before the server said so.
    let asked = raw.call(&FinishUpload { file }).await.ok()?;
    asked.refused.map(|code| code as u32)
}

pub(super) async fn opens(raw: &Raw, world: &World, name: &str, bytes: &[u8]) -> Upload {
    let digest = Digest::of_file(&file_of(world, "raw.bin", bytes)).await.unwrap();
    let request = OpenUpload {
        name: name.into(),
        size: digest.size,
        blake3: digest.blake3.to_vec(),
        hashes: digest.hashes.concat(),
    };
    raw.call(&request).await.unwrap()
}

async fn knows(raw: &Raw, file: u64) -> FileInfo {
    raw.call(&GetFile { file, hashes: false }).await.unwrap()
}

async fn is_complete(raw: &Raw, file: u64) {
    let complete = async || knows(raw, file).await.state == file_state::COMPLETE;
    eventually("the file is complete", complete).await;
}

#[tokio::test]
async fn bytes_that_are_not_what_was_announced_are_refused_and_the_rest_stays() {
    let world = World::start().await;
    let raw = world.raw().await;
    raw.signs_up("mallory").await;
    let bytes = content(20, 3 * MIB + 5);
    let upload = opens(&raw, &world, "a.bin", &bytes).await;
    let file = upload.file;
    // The second chunk in the place of the first.
    assert_eq!(brings(&raw, (file, 0, 1), &bytes[MIB..2 * MIB]).await, Some(close_code::WRONG_HASH));
    // One good chunk and one flipped bit.
    let mut flipped = bytes[..2 * MIB].to_vec();
    flipped[MIB + 9] ^= 4;
    assert_eq!(brings(&raw, (file, 0, 2), &flipped).await, Some(close_code::WRONG_HASH));
    assert_eq!(knows(&raw, file).await.have, [(0, 1)], "the good chunk counts");
    // More bytes than announced, chunks that are not there, numbers that run over.
    assert_eq!(
        brings(&raw, (file, 3, 1), &[&bytes[3 * MIB..], b"x"].concat()).await,
        Some(close_code::WRONG_SIZE)
    );
    assert_eq!(brings(&raw, (file, 4, 1), b"x").await, Some(close_code::WRONG_SIZE));
    assert_eq!(brings(&raw, (file, (1 << 62) - 1, (1 << 62) - 1), b"x").await, Some(close_code::WRONG_SIZE));
    // Fewer bytes than announced.
    assert_eq!(brings(&raw, (file, 1, 1), &bytes[MIB..MIB + 7]).await, Some(close_code::CANCELLED));
    // Nobody's file, somebody else's file.
    assert_eq!(brings(&raw, (77_777, 0, 1), &bytes).await, Some(close_code::NO_TRANSFER));
    let ada = world.person("ada").await;
    let digest = Digest::of_file(&file_of(&world, "hers", &content(21, MIB))).await.unwrap();
    let hers = ada.client.open_upload("hers", &digest).await.unwrap().file;
    assert_eq!(brings(&raw, (hers, 0, 1), &content(21, MIB)).await, Some(close_code::NO_TRANSFER));
    assert_eq!(ada.knows(hers).await.state, file_state::UPLOADING);
    // What is right still gets in.
    let _ = brings(&raw, (file, 1, 3), &bytes[MIB..]).await;
    is_complete(&raw, file).await;
}

#[tokio::test]
async fn a_stream_that_stalls_is_told_and_freed() {
    let world = World::start_with(|config| {
        config.files.stall_ms = 300;
        config.files.streams_max = 1;
    })
    .await;
    let raw = world.raw().await;
    raw.signs_up("mallory").await;
    let bytes = content(22, MIB);
    let file = opens(&raw, &world, "a.bin", &bytes).await.file;
    let mut stalled = raw.connection.open_uni().await.unwrap();
    stalled.write_all(&[head(file, 0, 1), bytes[..1000].to_vec()].concat()).await.unwrap();
    // While it holds the only place, others are told to come again.
    eventually("its bytes come", async || world.app().files.brought() == 1_000).await;
    assert_eq!(brings(&raw, (file, 0, 1), &bytes).await, Some(close_code::BUSY));
    let code = tokio::time::timeout(Duration::from_secs(5), stalled.stopped()).await.unwrap().unwrap();
    assert_eq!(code.map(|code| code.into_inner() as u32), Some(close_code::TOO_SLOW));
    // The place is free again.
    let _ = brings(&raw, (file, 0, 1), &bytes).await;
    is_complete(&raw, file).await;
}

#[tokio::test]
async fn hashes_that_do_not_make_the_root_are_refused() {
    let world = World::start().await;
    let raw = world.raw().await;
    raw.signs_up("mallory").await;
    let bytes = content(23, 2 * MIB);
    let digest = Digest::of_file(&file_of(&world, "a", &bytes)).await.unwrap();
    let good = OpenUpload {
        name: "a".into(),
        size: digest.size,
        blake3: digest.blake3.to_vec(),
        hashes: digest.hashes.concat(),
    };
    let refusal = async |request: OpenUpload| raw.call(&request).await.unwrap_err().code;
    assert_eq!(refusal(OpenUpload { blake3: vec![0; 32], ..good.clone() }).await, "wrong_hash");
    assert_eq!(refusal(OpenUpload { blake3: vec![], ..good.clone() }).await, "wrong_hash");
    assert_eq!(refusal(OpenUpload { hashes: vec![], ..good.clone() }).await, "bad_value");
    assert_eq!(refusal(OpenUpload { hashes: vec![0; 63], ..good.clone() }).await, "bad_value");
    assert_eq!(refusal(OpenUpload { size: digest.size + MIB as u64, ..good.clone() }).await, "bad_value");
    assert_eq!(refusal(OpenUpload { size: u64::MAX, ..good.clone() }).await, "file_too_large");
    assert_eq!(refusal(OpenUpload { name: String::new(), ..good.clone() }).await, "too_long");
    assert_eq!(refusal(OpenUpload { name: "x".repeat(256), ..good.clone() }).await, "too_long");
    assert!(raw.call(&good).await.is_ok());
}

/// A thousand names, each of them hostile in a way of its own: what it begins with, what it is, what it ends with.
fn hostile_names() -> Vec<String> {
    let starts = ["", "../../", "/", "~/", "-", ".", "C:\\", "\u{202e}", "\u{1b}]0;", "$(id)"];
    let middles = [
        "..",
        "passwd",
        "CON",
        "nul",
        "a\0b",
        "a\nb",
        "%2e%2e%2f",
        "\u{9b}31m",
        "\u{feff}名字\u{200b}",
        "'; rm -rf *",
    ];
    let ends = ["", "/", "/..", "\\..\\x", " .", ".exe ", ":stream", "\u{2028}.txt", ".lnk\r", "|<>?*\""];
    let all = starts.iter().flat_map(|start| middles.iter().map(move |middle| format!("{start}{middle}")));
    all.flat_map(|name| ends.iter().map(move |end| format!("{name}{end}"))).collect()
}

#[tokio::test]
async fn a_thousand_hostile_names_are_data() {
    let world = World::start().await;
    let ada = world.person("ada").await;
    let digest = Digest::of_file(&file_of(&world, "empty", b"")).await.unwrap();
    let names = hostile_names();
    assert_eq!(names.iter().collect::<std::collections::HashSet<_>>().len(), 1000);
    let out = tempfile::tempdir().unwrap();
    for name in &names {
        let upload = ada.client.open_upload(name, &digest).await.unwrap();
        assert_eq!(ada.knows(upload.file).await.name, *name);
        // The name under which a client keeps it is one of its folder's, whatever it was.
        let kept = litrocket_client::disk_name(name);
        let path = out.path().join(&kept);
        assert_eq!((path.parent(), path.file_name()), (Some(out.path()), Some(kept.as_ref())), "{name:?}");
        let bad = |c: char| {
            c.is_control()
                || matches!(c, '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|' | '\u{200b}'..='\u{200f}'
                    | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
        };
        assert!(!kept.contains(bad) && !kept.starts_with(['.', '-', '~', ' ']), "{name:?}: {kept:?}");
        assert!(!kept.ends_with(['.', ' ']) && kept.len() <= 200, "{name:?}: {kept:?}");
        let stem = kept.split('.').next().unwrap().trim_end().to_lowercase();
        assert!(!["con", "nul"].contains(&&*stem), "{name:?}: {kept:?}");
        std::fs::write(&path, name).unwrap();
        assert_eq!(litrocket_client::disk_name(&kept), kept, "{name:?}: once is enough");
    }
    // Nothing was made outside the folders.
    let mut left: Vec<String> = std::fs::read_dir(world.folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    left.sort();
    assert_eq!(left, ["certs", "data", "empty"]);
    let folders =
        std::fs::read_dir(out.path()).unwrap().filter(|entry| entry.as_ref().unwrap().path().is_dir());
    assert_eq!(folders.count(), 0);
}

#[tokio::test]
async fn who_has_a_file_that_is_still_coming_in_breaks_nothing_of_its_sender() {
    let world = World::start().await;
    let [ada, bob] = world.people(["ada", "bob"]).await;
    let path = file_of(&world, "plans.bin", &content(31, 3 * MIB));
    let digest = Digest::of_file(&path).await.unwrap();
    let file = ada.client.open_upload("plans.bin", &digest).await.unwrap().file;
    let room = ada.opens(&bob).await;
    ada.sends(room, Outgoing::file(file, "")).await.unwrap();
    // Sent on, it is bob's too, and he may bring its chunks.
    let notes = bob.opens(&bob).await;
    bob.sends(notes, Outgoing::file(file, "")).await.unwrap();
    let sent_on = bob.history(notes).await.pop().unwrap();
    let bobs = frame::decode::<event::File>(&sent_on.event.body).unwrap().file;
    assert_ne!(bobs, file);
    let raw = world.raw().await;
    raw.greets().await;
    raw.call(&sign_in("bob", PASSWORD)).await.unwrap();
    let rubbish = vec![9; MIB];
    assert_eq!(brings(&raw, (bobs, 0, 1), &rubbish).await, Some(close_code::WRONG_HASH));
    assert_eq!(ada.asks(FinishUpload { file }).await.refused, None, "it was none of hers");
    let flood = tokio::spawn(async move {
        for _ in 0..30 {
            brings(&raw, (bobs, 0, 1), &rubbish).await;
        }
    });
    assert_eq!(ada.client.upload(&path, "plans.bin", &digest, Transfer::default()).await.unwrap(), file);
    flood.abort();
    assert_eq!(ada.asks(GetFile { file, hashes: false }).await.state, file_state::COMPLETE);
}

#[tokio::test]
async fn an_empty_file_that_was_not_noted_as_complete_is_completed_when_it_is_asked_for() {
    let world = World::start().await;
    let ada = world.person("ada").await;
    let path = file_of(&world, "empty", &[]);
    let digest = Digest::of_file(&path).await.unwrap();
    let file = ada.client.upload(&path, "empty", &digest, Transfer::default()).await.unwrap();
    // As a server leaves it that ends between the two commits.
    let forget = world.app().writer.run(move |tx| {
        Box::pin(async move { tx.execute("UPDATE files SET complete = 0 WHERE id = $1", args![file]).await })
    });
    assert_eq!(forget.await.unwrap(), 1);
    assert_eq!(ada.client.upload(&path, "empty", &digest, Transfer::default()).await.unwrap(), file);
    assert_eq!(ada.asks(GetFile { file, hashes: false }).await.state, file_state::COMPLETE);
}
