//! The simulation without a plant: every seed keeps every promise, and a seed replays.

use sim::simulate;

#[test]
fn ten_thousand_seeds_keep_every_promise() {
    let mut simulated_us = 0;
    let mut acks = 0;
    let mut restarts = 0;
    for seed in 0..10_000 {
        let outcome = simulate(seed, false);
        match outcome.result {
            Ok(report) => {
                acks += report.acks;
                restarts += report.restarts;
            }
            Err(broken) => {
                panic!("{broken}; again: cargo run --release -p sim -- --seed {seed} --history history.jsonl")
            }
        }
        simulated_us += outcome.simulated_us;
    }
    // A year passes in them, and they are not idle.
    assert!(simulated_us > 365 * 86_400 * 1_000_000, "{simulated_us}");
    assert!(acks > 100_000 && restarts > 5_000, "{acks} acks, {restarts} restarts");
}

#[test]
fn a_seed_replays() {
    for seed in 0..100 {
        let (first, second) = (simulate(seed, true), simulate(seed, true));
        assert!(!first.history.is_empty());
        assert_eq!(first.history, second.history, "seed {seed}");
    }
}
