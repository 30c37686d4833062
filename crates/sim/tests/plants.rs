//! Every planted bug is found, soon. Runs with the feature `plant` only.

use sim::{PLANTS, plant, simulate};

/// Seeds in which each plant has to be found.
const SEEDS: u64 = 1_000;

#[test]
fn every_plant_is_found() {
    for name in PLANTS {
        // A plant belongs to its thread.
        std::thread::spawn(move || {
            assert!((0..SEEDS).all(|seed| simulate(seed, false).result.is_ok()), "bad without {name}");
            plant(name).unwrap();
            let found = (0..SEEDS).find_map(|seed| simulate(seed, false).result.err().map(|it| (seed, it)));
            let (seed, broken) = found.unwrap_or_else(|| panic!("{name} is not found in {SEEDS} seeds"));
            println!("{name}: seed {seed} breaks {broken}");
        })
        .join()
        .unwrap();
    }
}

#[test]
fn an_unknown_plant_is_refused() {
    assert!(plant("weeds").unwrap_err().contains("ack-before-commit"));
}
