//! The server is asked to stop under load, again and again.

use std::time::{Duration, Instant};

use crate::{
    process::Process,
    witness::{Party, Random, size},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn graceful_stops_in_a_row_under_load_lose_nothing_and_exit_0() {
    let stops = size("LITROCKET_STOPS", 20);
    let mut random = Random::new();
    let mut party = Party::begins(Process::start()).await;
    let mut longest = Duration::ZERO;
    for _ in 0..stops {
        party.goes_on(1 + random.below(20)).await;
        tokio::time::sleep(Duration::from_millis(random.below(100))).await;
        let asked = Instant::now();
        let code = tokio::task::block_in_place(|| party.place.terminate());
        assert_eq!(code, 0, "{}", party.place.last_words());
        longest = longest.max(asked.elapsed());
        party.comes_back();
    }
    party.goes_on(1).await;
    let report = party.judged().await;
    assert_eq!(report.restarts, stops);
    // The grace is 10 s; the sockets close after it.
    assert!(longest < Duration::from_secs(15), "{longest:?}");
    println!("{stops} stops, the longest took {longest:?}: {report:?}");
}
