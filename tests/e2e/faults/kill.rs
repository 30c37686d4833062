//! The server is killed at random moments under load.

use std::time::Duration;

use crate::{
    process::Process,
    witness::{Party, Random, size},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_doubled_reordered_or_invented_when_the_server_is_killed_again_and_again() {
    let kills = size("LITROCKET_KILLS", 50);
    let mut random = Random::new();
    let mut party = Party::begins(Process::start()).await;
    for _ in 0..kills {
        // Under load: somebody was answered since the last time.
        party.goes_on(1 + random.below(20)).await;
        tokio::time::sleep(Duration::from_millis(random.below(250))).await;
        party.crashes();
    }
    party.goes_on(1).await;
    let report = party.judged().await;
    assert_eq!(report.restarts, kills);
    println!("{kills} kills: {report:?}");
}
