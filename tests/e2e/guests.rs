//! Who has not signed in says little, stays for a short time, and is answered all the same.

use std::time::{Duration, Instant};

use litrocket_protocol::{account::SignIn, close_code};
use tokio::time::timeout;

use crate::world::{PASSWORD, PATIENCE, World, sign_in};

#[tokio::test]
async fn a_guest_says_little_and_stays_for_a_short_time_whatever_they_leave_open() {
    let world = World::start_with(|config| config.limits.guest_timeout_ms = 700).await;
    let raw = world.raw().await;
    // Streams behind one that says nothing are not read yet: what they may hold is bounded for the connection.
    let (mut streams, mut taken) = (vec![raw.connection.open_bi().await.unwrap()], 0);
    for _ in 0..12 {
        let (mut send, recv) = raw.begins(&[]).await;
        let piece = [7; 16 * 1024];
        while let Ok(Ok(bytes)) = timeout(Duration::from_millis(20), send.write(&piece)).await {
            taken += bytes;
        }
        streams.push((send, recv));
    }
    assert!(taken <= 80 * 1024, "{taken} bytes of a guest");
    drop(streams);
    // A stream that never says what it is does not keep the connection.
    let silent = world.raw().await;
    silent.greets().await;
    let began = Instant::now();
    let _open = silent.begins(&[1]).await;
    let closed = timeout(Duration::from_secs(8), silent.connection.closed()).await;
    assert!(closed.is_ok(), "a guest stays for {:?} and more", began.elapsed());
    // Whoever signed in has room.
    let ada = world.raw().await;
    ada.signs_up("ada").await;
    let (mut send, _recv) = ada.begins(&[1]).await;
    let all = timeout(PATIENCE, send.write_all(&vec![7; 200 * 1024])).await;
    assert!(all.is_ok(), "the window stays small");
}

#[tokio::test]
async fn a_sign_in_that_is_refused_late_is_answered_before_the_connection_ends() {
    let world = World::start_with(|config| {
        config.limits.guest_timeout_ms = 700;
        config.accounts.argon2_iterations = 60;
        config.accounts.argon2_memory_kib = 32_768;
        config.accounts.hashes_max = 1;
    })
    .await;
    let ada = world.raw().await;
    ada.signs_up("ada").await;
    let raw = world.raw().await;
    raw.greets().await;
    let began = Instant::now();
    let wrong = SignIn { password: "not it at all".into(), ..sign_in("ada", PASSWORD) };
    assert_eq!(raw.call(&wrong).await.unwrap_err().code, "wrong_credentials");
    assert!(began.elapsed() > Duration::from_millis(700), "the hash is too quick for this test");
    assert_eq!(timeout(PATIENCE, raw.closed_with()).await.unwrap(), u64::from(close_code::NOT_SIGNED_IN));
}
