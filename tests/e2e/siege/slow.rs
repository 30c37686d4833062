//! Peers that take their time: streams that trickle, streams that stay silent, guests who never sign in.

use std::time::{Duration, Instant};

use litrocket_protocol::{account::ListSessions, close_code, stream_kind, varint};
use quinn::SendStream;
use tokio::{task::JoinSet, time::timeout};

use super::{Talk, address};
use crate::{process::Process, raw::Raw, witness::size};

/// When everything slow has to be over; the promise is 30 s.
const OVER: Duration = Duration::from_secs(36);

/// A byte now and then, until the server wants no more.
async fn trickles(mut send: SendStream, pause: Duration) {
    loop {
        tokio::select! {
            _ = send.stopped() => return,
            () = tokio::time::sleep(pause) => {
                if send.write_all(&[0]).await.is_err() {
                    return;
                }
            }
        }
    }
}

/// Sixteen streams, none of which gets anywhere.
async fn is_slow(raw: &Raw, streams: u64) {
    let mut slow = JoinSet::new();
    for n in 0..streams {
        let mut start =
            vec![[stream_kind::REQUEST, stream_kind::CHAT, stream_kind::STATE][n as usize % 3] as u8];
        varint::put(&mut start, 10_000);
        let (start, pause) = match n % 4 {
            // Never says what it is, or begins nothing, or is silent in the middle.
            0 => (vec![0x40], OVER),
            1 => (vec![stream_kind::REQUEST as u8], OVER),
            2 => (start, OVER),
            _ => (start, Duration::from_secs(5)),
        };
        let Ok((mut send, recv)) = raw.connection.open_bi().await else { return };
        if send.write_all(&start).await.is_ok() {
            slow.spawn(async move {
                trickles(send, pause).await;
                drop(recv);
            });
        }
    }
    while slow.join_next().await.is_some() {}
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_that_trickle_or_stay_silent_are_ended_and_nobody_else_notices() {
    let peers = size("LITROCKET_SLOW_PEERS", 50);
    let process = Process::start();
    let talk = Talk::begins(&process).await;
    let ca = process.path().join("certs/ca.pem");
    let mut slow = JoinSet::new();
    for n in 0..peers {
        let raw = Raw::connect(process.port, &ca, address(n).into()).await;
        let is_guest = n % 2 == 0;
        if is_guest {
            raw.greets().await;
        } else {
            raw.signs_up(&format!("slow{n}")).await;
        }
        slow.spawn(async move {
            let began = Instant::now();
            timeout(OVER, is_slow(&raw, 16)).await.expect("slow streams are ended");
            let ended = began.elapsed();
            if is_guest {
                let code = timeout(OVER, raw.closed_with()).await.expect("guests are closed");
                assert_eq!(code, u64::from(close_code::NOT_SIGNED_IN));
            } else {
                let usual = ListSessions { before: None, limit: None };
                assert!(raw.call(&usual).await.is_ok(), "the connection goes on");
            }
            ended
        });
    }
    let mut longest = Duration::ZERO;
    while let Some(ended) = slow.join_next().await {
        longest = longest.max(ended.unwrap());
    }
    let times = talk.ends().await;
    println!("{peers} peers with 16 slow streams: the last ended after {longest:?}, beside it {times:?}");
    times.go_on();
}

#[tokio::test]
async fn a_sign_in_that_waits_for_its_hash_longer_than_a_guest_may_stay_still_works() {
    // Each hash takes a second or more, and they go one after the other.
    let world = crate::world::World::start_with(|config| {
        config.limits.guest_timeout_ms = 700;
        config.accounts.argon2_iterations = 40;
        config.accounts.argon2_memory_kib = 32_768;
        config.accounts.hashes_max = 1;
    })
    .await;
    let mut people = JoinSet::new();
    for name in ["ada", "bob"] {
        let raw = world.raw().await;
        people.spawn(async move {
            let began = Instant::now();
            raw.signs_up(name).await;
            let usual = ListSessions { before: None, limit: None };
            assert!(raw.call(&usual).await.is_ok());
            began.elapsed()
        });
    }
    let mut longest = Duration::ZERO;
    while let Some(took) = timeout(Duration::from_secs(60), people.join_next()).await.unwrap() {
        longest = longest.max(took.unwrap());
    }
    assert!(longest > Duration::from_millis(700), "the hashes are too quick for this test: {longest:?}");
}
