//! The server is killed at random moments under load.

use std::time::{Duration, Instant};

use litrocket_client::Outgoing;
use litrocket_protocol::conversations::OpenDirect;

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
    let again = party.acked_again();
    let report = party.judged().await;
    assert_eq!(report.restarts, kills);
    println!("{kills} kills: {report:?}; {again} were stored and lost their first ack");
    assert!(again > 0, "no kill fell between a commit and its ack");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_was_sending_is_back_within_five_seconds_of_a_crash() {
    let mut process = Process::start();
    let [ada, bob] = [process.person("ada").await, process.person("bob").await];
    let chat = ada.call(OpenDirect { account: bob.me().unwrap().account }).await.unwrap().conversation;
    for crash in 0..3 {
        for n in 0..50 {
            drop(ada.send(chat, Outgoing::text(format!("{crash} {n}"))).await.unwrap());
        }
        process.kill();
        drop(ada.send(chat, Outgoing::text("nobody hears this yet")).await.unwrap());
        process.up();
        let listens = Instant::now();
        let left = ada.flush(Duration::from_secs(5)).await;
        assert_eq!(left, 0, "{:?} after the server listens again", listens.elapsed());
        println!("back after {:?}", listens.elapsed());
    }
}
