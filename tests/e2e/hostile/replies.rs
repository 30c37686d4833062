//! Peers that ask on many streams and many connections and take none of the replies.

use std::{sync::Arc, time::Duration};

use litrocket_protocol::{
    ConversationId, Fault, Request as _, account::ListSessions, frame, history::GetHistory,
};
use quinn::{RecvStream, SendStream, TransportConfig};
use tokio::time::timeout;

use crate::{
    raw::{self, Raw, request_bytes},
    world::{PASSWORD, PATIENCE, World, eventually, sign_in},
};

const KIB: usize = 1024;
/// What the tests' streams take without being read.
const WINDOW: usize = 2 * KIB;
/// A page of history is about so long.
const PAGE: usize = 105 * KIB;

/// A device whose streams take little each and whose connection takes much: what is not read waits at the server.
async fn device(world: &World, name: &str) -> Raw {
    let mut config = raw::config(&world.ca(), 0);
    let mut transport = TransportConfig::default();
    transport
        .stream_receive_window((WINDOW as u32).into())
        .receive_window((8 * KIB as u32 * KIB as u32).into())
        .keep_alive_interval(Some(Duration::from_secs(5)));
    config.transport_config(Arc::new(transport));
    let endpoint = quinn::Endpoint::client(([127, 0, 0, 1], 0).into()).unwrap();
    let raw = Raw::connect_as(endpoint, world.port, config).await;
    raw.greets().await;
    raw.call(&sign_in(name, PASSWORD)).await.unwrap();
    raw
}

/// What a request got, as far as it was looked at.
enum Got {
    /// A reply that waits: nobody reads the rest of it.
    Waits {
        _streams: (SendStream, RecvStream),
    },
    Refused(Fault),
}

async fn asks(raw: &Raw, conversation: ConversationId) -> Got {
    let page = GetHistory { conversation, before: None, after: None, limit: Some(200) };
    let (mut send, mut recv) = raw.begins(&request_bytes(GetHistory::CODE, &frame::encode_body(&page))).await;
    let _ = send.finish();
    let mut bytes = Vec::new();
    loop {
        // A fault is short and whole; of a reply the beginning tells what it is.
        if let Ok(Some((kind, body, _))) = frame::split(&bytes, frame::FRAME_MAX) {
            assert_eq!(kind, frame::FAULT, "a page is longer than that");
            return Got::Refused(frame::decode(&bytes[body]).unwrap());
        }
        if bytes.len() > KIB {
            return Got::Waits { _streams: (send, recv) };
        }
        let chunk = timeout(PATIENCE, recv.read_chunk(WINDOW, true)).await.expect("a reply begins");
        bytes.extend_from_slice(&chunk.unwrap().unwrap().bytes);
    }
}

/// Asks on all streams there are: how many replies wait, and the limit of those that have no room.
async fn asks_on_all(
    raw: &Raw,
    conversation: ConversationId,
    waiting: &mut Vec<Got>,
) -> (usize, Option<u64>) {
    let (mut waits, mut limit) = (0, None);
    for _ in 0..15 {
        match asks(raw, conversation).await {
            Got::Refused(fault) => {
                assert_eq!((fault.code.as_str(), fault.retry_after_ms), ("busy", Some(1000)));
                limit = limit.or(fault.limit);
            }
            got @ Got::Waits { .. } => {
                waiting.push(got);
                waits += 1;
            }
        }
    }
    (waits, limit)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replies_that_nobody_takes_are_bounded_for_a_connection_and_for_an_account_and_for_nobody_else() {
    let world = World::start().await;
    let [ada, bob] = world.people(["ada", "bob"]).await;
    let chat = ada.opens(&bob).await;
    for _ in 0..18 {
        ada.says(chat, &"x".repeat(6_000)).await;
    }
    let mut waiting = Vec::new();
    let first = device(&world, "ada").await;
    let (waits, limit) = asks_on_all(&first, chat, &mut waiting).await;
    assert_eq!(limit, Some(1024 * KIB as u64), "one connection");
    assert!((7..=1024 * KIB / PAGE).contains(&waits), "{waits}");
    let mut devices = vec![first];
    let mut all = waits;
    let limit = loop {
        let next = device(&world, "ada").await;
        let (waits, limit) = asks_on_all(&next, chat, &mut waiting).await;
        all += waits;
        devices.push(next);
        if limit == Some(4096 * KIB as u64) {
            break limit;
        }
        assert!(devices.len() < 10, "an account has no bound: {all} replies wait");
    };
    assert!(limit.is_some() && all * PAGE < 4096 * KIB + 512 * KIB, "{all} replies wait");
    // What is short goes through, and so does everything of others.
    for raw in &devices {
        assert!(raw.call(&ListSessions { before: None, limit: None }).await.is_ok());
    }
    let his = device(&world, "bob").await;
    assert!(matches!(asks(&his, chat).await, Got::Waits { .. }));
    assert_eq!(bob.history(chat).await.len(), 18);
    // When the replies are gone there is room again.
    waiting.clear();
    eventually("there is room again", async || matches!(asks(&devices[0], chat).await, Got::Waits { .. }))
        .await;
}
