//! Guests who make the time that they have longer.

use std::time::{Duration, Instant};

use litrocket_protocol::{Request as _, account::SignIn, close_code, frame};
use tokio::time::timeout;

use crate::{
    raw::request_bytes,
    world::{PASSWORD, PATIENCE, World, sign_in},
};

#[tokio::test]
async fn a_stream_that_a_guest_left_half_said_is_not_taken_up_when_the_time_is_over() {
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
    let wrong = SignIn { password: "not it at all".into(), ..sign_in("ada", PASSWORD) };
    let request = request_bytes(SignIn::CODE, &frame::encode_body(&wrong));
    let (first, last) = request.split_at(request.len() - 1);
    let (mut send, mut recv) = raw.begins(first).await;
    let began = Instant::now();
    let answers = async { raw.exchange(&request).await.expect("what was asked in time is answered") };
    let goes_on = async {
        tokio::time::sleep(Duration::from_millis(900)).await;
        let _ = send.write_all(last).await;
        let _ = send.finish();
        recv.read_to_end(frame::FRAME_MAX).await
    };
    let (answer, late) = tokio::join!(timeout(PATIENCE, answers), timeout(PATIENCE, goes_on));
    assert!(!answer.unwrap().is_empty());
    assert!(began.elapsed() > Duration::from_millis(900), "the hash is too quick for this test");
    assert!(late.unwrap().is_err(), "what came late is not answered");
    assert_eq!(timeout(PATIENCE, raw.closed_with()).await.unwrap(), u64::from(close_code::NOT_SIGNED_IN));
}

#[tokio::test]
async fn who_says_hello_late_has_no_more_time_than_who_says_it_at_once() {
    let world = World::start_with(|config| config.limits.guest_timeout_ms = 4_000).await;
    let raw = world.raw().await;
    let began = Instant::now();
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    raw.greets().await;
    assert_eq!(timeout(PATIENCE, raw.closed_with()).await.unwrap(), u64::from(close_code::NOT_SIGNED_IN));
    assert!(began.elapsed() < Duration::from_millis(6_000), "{:?}", began.elapsed());
}
