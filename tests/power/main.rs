//! The writer on a disk that loses power: every acked change is there afterwards, and the file is whole.
//!
//! A life: the real writer opens what the last cut left (real SQLite, over `litrocket_faultdisk`), sends again what
//! was not acked, sends more, runs jobs and checkpoints, until the power fails at a random change of a file; or a
//! moment after it closed. Lives follow each other on one history; a chain of them is judged by the checker.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends here")]

mod life;
mod store;

use litrocket_faultdisk::Random;

use life::Chain;

/// Cuts of one chain; a fifth of them hits first starts.
const CHAIN: u64 = 25;

fn size(variable: &str, short: u64) -> u64 {
    std::env::var(variable).map_or(short, |value| value.parse().expect("a whole number"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_acked_change_survives_every_power_cut_and_the_file_is_whole() {
    let cuts = size("LITROCKET_CUTS", 200);
    let seed = size("LITROCKET_SEED", getrandom::u32().unwrap().into());
    eprintln!("LITROCKET_SEED={seed}");
    let template = store::template().await;
    let mut done = life::Tally::default();
    let mut random = Random::new(seed);
    for chain in 0..cuts.div_ceil(CHAIN) {
        let mut chain = Chain::new(template.path(), Random::new(seed + chain), true);
        let starts = (done.cuts + CHAIN / 5).min(cuts);
        while done.cuts < starts {
            life::begins(&mut random, &mut done).await;
        }
        let end = (done.cuts + CHAIN - CHAIN / 5).min(cuts);
        while done.cuts < end {
            chain.lives(&mut done).await.unwrap();
        }
        chain.judged().await;
    }
    assert_eq!(done.cuts, cuts);
    assert!(done.acked > cuts && done.opening > 0, "{done:?}");
    println!("{done:?}");

    // The same disk catches a server that acks before a sync: these tests can fail.
    let mut lost = 0;
    for chain in 0..10 {
        let mut chain = Chain::new(template.path(), Random::new(seed + chain), false);
        for _ in 0..3 {
            if chain.lives(&mut life::Tally::default()).await.is_err() {
                lost += 1;
                break;
            }
        }
    }
    assert!(lost > 0, "no cut lost anything that was not synced");
}
