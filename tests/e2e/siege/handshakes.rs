//! Handshakes that are begun and never ended.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use litrocket_bench::attack::HalfOpen;

use super::Talk;
use crate::{process::Process, raw, witness::size};

/// Networks that they come from.
const NETWORKS: u64 = 200;
/// What the process may take beside what it had. 33 MiB were measured with 1,200 of them and 200 a second.
const GROWN: u64 = 48 * 1024 * 1024;

/// Begins `held`, then so many more each second for so long, as far as it gets: how many more that were.
fn attacks(silent: &mut HalfOpen, held: u64, per_second: u64, time: Duration) -> f64 {
    // A part of them answers Retry, as who owns the addresses can.
    for n in 0..held {
        silent.begins(n % 4 != 0).unwrap();
    }
    let (began, mut more) = (Instant::now(), 0);
    while began.elapsed() < time {
        if more < began.elapsed().as_millis() as u64 * per_second / 1000 {
            silent.begins(more % 4 != 0).unwrap();
            more += 1;
        } else {
            silent.hears();
            std::thread::sleep(Duration::from_millis(1));
        }
    }
    more as f64 / began.elapsed().as_secs_f64()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn handshakes_that_never_end_cost_little_and_shut_nobody_out() {
    let held = size("LITROCKET_HALF_OPEN", 1_200);
    let seconds = size("LITROCKET_HALF_OPEN_S", 3);
    let per_second = size("LITROCKET_HALF_OPEN_PER_S", 200);
    let process = Process::start();
    let talk = Talk::begins(&process).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let quiet = talk.ends().await;
    let before = process.resident();
    let server = ([127, 0, 0, 1], process.port).into();
    let config = raw::config(&process.path().join("certs/ca.pem"), 16 * 1024);
    let mut silent = HalfOpen::new(server, config, NETWORKS).unwrap();
    let talk = Talk::between(&process, "dan", "eve").await;
    let over = Arc::new(AtomicBool::new(false));
    let ended = over.clone();
    let attack = std::thread::spawn(move || {
        let rate = attacks(&mut silent, held, per_second, Duration::from_secs(seconds));
        ended.store(true, Ordering::Relaxed);
        // What the server says to them afterwards counts too.
        let silence = Instant::now();
        while silence.elapsed() < Duration::from_secs(8) {
            silent.hears();
            std::thread::sleep(Duration::from_millis(50));
        }
        (silent.tally(), rate)
    });
    // Somebody who comes while it lasts gets in.
    tokio::time::sleep(Duration::from_millis(1500)).await;
    let came = Instant::now();
    drop(process.person("carol").await);
    let in_after = came.elapsed();
    let mut grown = 0;
    while !over.load(Ordering::Relaxed) {
        grown = grown.max(process.resident().saturating_sub(before));
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let times = talk.ends().await;
    let (tally, rate) = tokio::task::spawn_blocking(|| attack.join().unwrap()).await.unwrap();
    let amplified = tally.received as f64 / tally.sent as f64;
    println!(
        "{held} handshakes held and {rate:.0} new a second for {seconds} s ({per_second} wanted), {tally:?}: {} KiB more \
         memory, {amplified:.2} bytes out for each in, somebody new in after {in_after:?}; quiet {quiet:?}, beside it \
         {times:?}",
        grown / 1024
    );
    assert!(tally.retries > 0, "nobody was asked to show that an address is its own");
    assert!(tally.answered > 0, "no handshake got anywhere");
    assert!(rate * 10.0 > per_second as f64, "{rate} a second are no attack");
    assert!(grown < GROWN, "{grown} bytes more");
    assert!(amplified <= 2.0, "{amplified}");
    // The fourth try of a client whose packets get lost comes after 7 s (RFC 9002, section 6.2).
    assert!(in_after < Duration::from_secs(15), "{in_after:?}");
    times.go_on();
}
