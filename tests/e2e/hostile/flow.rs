//! Peers that send more than they may: the transport ends them, and nobody else notices.

use std::{sync::Arc, time::Duration};

use litrocket_client::Outgoing;
use litrocket_protocol::{conversations::OpenDirect, stream_kind};
use quinn::{ConnectionError, TransportErrorCode, crypto::rustls::QuicClientConfig};
use tokio::time::timeout;

use super::liar::{Liar, Lie};
use crate::{
    process::Process,
    raw::{self, Raw},
    world::PATIENCE,
};

const MIB: u64 = 1024 * 1024;

async fn connects(process: &Process, lie: Lie) -> Raw {
    let tls = QuicClientConfig::try_from(raw::tls(&process.path().join("certs/ca.pem"), false)).unwrap();
    let config = quinn::ClientConfig::new(Arc::new(Liar { lie, inner: Arc::new(tls) }));
    let endpoint = quinn::Endpoint::client(([127, 0, 0, 1], 0).into()).unwrap();
    Raw::connect_as(endpoint, process.port, config).await
}

/// Sends what it must not until the connection is over; answers with which error it ended.
async fn breaks(raw: &Raw, lie: Lie, first: u8) -> TransportErrorCode {
    // Streams behind this one are not read: a second chat stream waits for the end of the first, and what a guest begins waits for
    // hello.
    let mut open = vec![raw.begins(&[first]).await];
    let piece = vec![0; 64 * 1024];
    let sends = async {
        loop {
            // On a slow machine the server refuses streams before they are too much: then others take their places.
            let Ok(next) = timeout(Duration::from_secs(1), raw.connection.open_bi()).await else {
                open.clear();
                continue;
            };
            let Ok((mut send, recv)) = next else { return };
            if send.write_all(&[stream_kind::CHAT as u8]).await.is_err() {
                continue;
            }
            let (mut taken, mut goes_on) = (0, true);
            while goes_on && (lie == Lie::StreamData || lie == Lie::Data && taken < 192 * 1024) {
                match send.write(&piece).await {
                    Ok(bytes) => taken += bytes,
                    Err(_) => goes_on = false,
                }
            }
            if goes_on {
                open.push((send, recv));
            }
        }
    };
    timeout(PATIENCE, sends).await.expect("the server ends it");
    match timeout(PATIENCE, raw.connection.closed()).await.unwrap() {
        ConnectionError::ConnectionClosed(close) => close.error_code,
        other => panic!("{lie:?}: {other}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_ignores_what_a_stream_a_connection_or_their_number_may_hold_is_ended_and_costs_nothing() {
    let process = Process::start();
    let [ada, bob] = [process.person("ada").await, process.person("bob").await];
    let chat = ada.call(OpenDirect { account: bob.me().unwrap().account }).await.unwrap().conversation;
    ada.send(chat, Outgoing::text("before")).await.unwrap().await.unwrap();
    let mut status = ada.status();
    status.mark_unchanged();
    let before = process.resident();
    let mut peers = 0;
    for round in 0..10 {
        for (lie, code) in [
            (Lie::StreamData, TransportErrorCode::FLOW_CONTROL_ERROR),
            (Lie::Data, TransportErrorCode::FLOW_CONTROL_ERROR),
            (Lie::Streams, TransportErrorCode::STREAM_LIMIT_ERROR),
        ] {
            let raw = connects(&process, lie).await;
            raw.signs_up(&format!("{lie:?}{round}").to_lowercase()).await;
            assert_eq!(breaks(&raw, lie, stream_kind::CHAT as u8).await, code, "{lie:?}");
            // What a guest's connection may hold is less than what a stream may: that lie cannot be told.
            if lie != Lie::StreamData {
                let guest = connects(&process, lie).await;
                assert_eq!(breaks(&guest, lie, 0x40).await, code, "{lie:?} of a guest");
                peers += 1;
            }
            peers += 1;
            let said = ada.send(chat, Outgoing::text("beside it")).await.unwrap();
            timeout(PATIENCE, said).await.unwrap().unwrap();
        }
    }
    let grown = process.resident().saturating_sub(before);
    println!("{peers} peers that ignored their limits: {} KiB more memory", grown / 1024);
    assert!(grown < 24 * MIB, "{grown} bytes more");
    assert!(!status.has_changed().unwrap(), "ada was never disconnected");
}
