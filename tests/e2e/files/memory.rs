//! What transfers that nobody goes on with cost the server in memory: a bounded buffer each, however many they are.

use std::{
    net::Ipv4Addr,
    sync::Arc,
    time::{Duration, Instant},
};

use litrocket_client::{Client, Digest, Outgoing, Transfer};
use litrocket_protocol::{
    AccountId, ConversationId, close_code,
    conversations::{CreateGroup, InviteMembers},
    files::{OpenDownload, OpenUpload},
};

use super::{MIB, content, hostile::head};
use crate::{
    process::Process,
    raw::{Raw, config},
    world::PATIENCE,
};

/// People, and the streams that each of them has.
const PEOPLE: u64 = 30;
const STREAMS: u64 = 4;
/// What all chunks together may take, and it is the least that may be asked for.
const MEMORY: &str = "16";
/// What a download may have under way besides, and what an upload may bring before it is read; with what belongs to each
/// stream and connection.
const UNDER_WAY: u64 = MIB as u64;
const UNREAD: u64 = 256 * 1024;
const EACH: u64 = 64 * 1024;
/// What a test cannot tell from chance: caches and freed memory that the process keeps.
const CHANCE: u64 = 24 * MIB as u64;

/// The most that the process takes beyond a measure, over a while.
async fn grown(process: &Process, before: u64, time: Duration) -> u64 {
    let (until, mut most) = (Instant::now() + time, 0);
    while Instant::now() < until {
        most = most.max(process.resident().saturating_sub(before));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    most
}

async fn people(process: &Process) -> Vec<(Raw, AccountId)> {
    let mut config = config(&process.path().join("certs/ca.pem"), 0);
    // A stream that nobody reads is soon full; the connection has room for the answers.
    let mut transport = quinn::TransportConfig::default();
    transport.stream_receive_window(16_384_u32.into()).receive_window(1_048_576_u32.into());
    transport.keep_alive_interval(Some(Duration::from_secs(5)));
    config.transport_config(Arc::new(transport));
    let mut people = Vec::new();
    for n in 0..PEOPLE {
        let address = Ipv4Addr::new(127, 0, 1, u8::try_from(n + 1).unwrap());
        let endpoint = quinn::Endpoint::client((address, 0).into()).unwrap();
        let raw = Raw::connect_as(endpoint, process.port, config.clone()).await;
        let account = raw.signs_up(&format!("stuck{n}")).await.account;
        people.push((raw, account));
    }
    people
}

async fn group(ada: &Client, people: &[(Raw, AccountId)]) -> ConversationId {
    let id = ada.new_id().unwrap();
    let request = CreateGroup { id, name: "plans".into(), accounts: Vec::new(), open_history: true };
    let group = ada.call(request).await.unwrap().conversation;
    let accounts = people.iter().map(|(_, account)| *account).collect();
    ada.call(InviteMembers { conversation: group, accounts }).await.unwrap();
    group
}

/// Brings a file and fetches it: whatever the others do.
async fn moves(process: &Process, ada: &Client, name: &str) -> u64 {
    let path = process.path().join(name);
    let bytes = content(name.len() as u64, 6 * MIB);
    std::fs::write(&path, &bytes).unwrap();
    let digest = Digest::of_file(&path).await.unwrap();
    let file = ada.upload(&path, name, &digest, Transfer::default()).await.unwrap();
    let target = process.path().join(format!("{name}.got"));
    ada.download(file, &target, Transfer::default()).await.unwrap();
    assert!(std::fs::read(&target).unwrap() == bytes);
    file
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn transfers_that_stand_still_hold_a_bounded_buffer_each_and_hold_up_nobody() {
    let mut process = Process::new();
    process.variables = vec![("LITROCKET_FILES_MEMORY_MIB", MEMORY), ("LITROCKET_FILES_STALL_MS", "15000")];
    process.up();
    let ada = process.person("ada").await;
    let file = moves(&process, &ada, "plans").await;
    let stuck = people(&process).await;
    let group = group(&ada, &stuck).await;
    ada.send(group, Outgoing::file(file, "")).await.unwrap().await.unwrap();
    let chunks = 16 * MIB as u64;
    // Downloads that nobody reads.
    let before = process.resident();
    for (raw, _) in &stuck {
        for download in 0..STREAMS {
            raw.call(&OpenDownload { file, download, first: 0, count: 6 }).await.unwrap();
        }
    }
    let streams = PEOPLE * STREAMS;
    let most = grown(&process, before, Duration::from_secs(10)).await;
    let bound = chunks + streams * (UNDER_WAY + EACH) + CHANCE;
    assert!(most < bound, "{streams} downloads: {most} bytes, {bound} expected");
    println!("{streams} downloads that nobody reads: {} KiB each", most / streams / 1024);
    moves(&process, &ada, "other plans").await;
    // They are given up, and what they held is free for the next.
    for (raw, _) in &stuck {
        let ended = async {
            for _ in 0..STREAMS {
                let mut recv = raw.connection.accept_uni().await.unwrap();
                let ended = recv.received_reset().await.unwrap();
                // Those for whom there was no memory were told that.
                let codes = [close_code::TOO_SLOW, close_code::BUSY].map(|code| Some(code.into()));
                assert!(codes.contains(&ended), "{ended:?}");
            }
        };
        tokio::time::timeout(PATIENCE, ended).await.unwrap();
    }
    // Uploads that bring half a chunk and nothing more; what was freed by now may be used for them.
    let mut held = Vec::new();
    for (n, (raw, _)) in stuck.iter().enumerate() {
        let bytes = content(1_000 + n as u64, 6 * MIB);
        let path = process.path().join("half");
        std::fs::write(&path, &bytes).unwrap();
        let digest = Digest::of_file(&path).await.unwrap();
        let request = OpenUpload {
            name: "half".into(),
            size: digest.size,
            blake3: digest.blake3.to_vec(),
            hashes: digest.hashes.concat(),
        };
        let file = raw.call(&request).await.unwrap().file;
        for first in 0..STREAMS {
            let mut send = raw.connection.open_uni().await.unwrap();
            let half = [&head(file, first, 1), &bytes[..MIB / 2]].concat();
            // Those that wait for memory are not read to their end.
            let sent = tokio::time::timeout(Duration::from_millis(50), send.write_all(&half)).await;
            drop(sent);
            held.push(send);
        }
    }
    let most = grown(&process, before, Duration::from_secs(3)).await;
    let bound = chunks + streams * (UNREAD + EACH) + CHANCE;
    assert!(most < bound, "{streams} uploads: {most} bytes, {bound} expected");
    println!("{streams} uploads that stop: {} KiB each", most / streams / 1024);
    moves(&process, &ada, "more plans").await;
    for send in held {
        let stopped = tokio::time::timeout(PATIENCE, send.stopped()).await.unwrap().unwrap();
        assert!(stopped.is_some(), "it was told");
    }
}
