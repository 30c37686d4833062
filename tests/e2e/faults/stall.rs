//! The server stands still for a while, or its database is locked, or its clock jumps.

use std::time::{Duration, Instant};

use litrocket_client::Client;

use crate::{
    process::{Process, Signal},
    witness::{Party, Place, Random, size},
    world::{PASSWORD, World, sign_in},
};

/// Nobody is answered for so long: nothing is acked any more.
const QUIET: Duration = Duration::from_millis(700);

async fn comes_to_a_halt<P: Place>(party: &Party<P>) {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let before = party.acked();
        tokio::time::sleep(QUIET).await;
        if party.acked() == before {
            return;
        }
        assert!(Instant::now() < deadline, "acks go on");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_frozen_for_a_while_goes_on_where_it_was() {
    let freeze = Duration::from_secs(size("LITROCKET_FREEZE_S", 8));
    let mut party = Party::begins(Process::start()).await;
    for _ in 0..2 {
        party.goes_on(100).await;
        party.place.gets(Signal::STOP);
        tokio::time::sleep(freeze).await;
        party.place.gets(Signal::CONT);
        let thawed = Instant::now();
        party.goes_on(100).await;
        println!("acks {:?} after {freeze:?} of standing still", thawed.elapsed());
    }
    assert_eq!(party.place.has_ended(), None);
    println!("{:?}", party.judged().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_another_program_locks_the_database_sends_wait_and_then_go_on() {
    let party = Party::begins(Process::start()).await;
    for _ in 0..2 {
        party.goes_on(100).await;
        let file = party.place.path().join("data/litrocket.db");
        let lock = tokio::task::block_in_place(|| {
            let database = rusqlite::Connection::open(file).unwrap();
            database.busy_timeout(Duration::from_secs(60)).unwrap();
            database.execute_batch("BEGIN IMMEDIATE").unwrap();
            database
        });
        comes_to_a_halt(&party).await;
        // Longer than the writer waits for a lock: it has to give batches up and to take them again.
        tokio::time::sleep(Duration::from_secs(3)).await;
        drop(lock);
        party.goes_on(100).await;
    }
    println!("{:?}", party.judged().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_jumps_changes_no_order_and_ends_no_session() {
    const HOUR: i64 = 3_600_000;
    const YEAR: i64 = 365 * 24 * HOUR;
    let jumps = size("LITROCKET_JUMPS", 12);
    let mut random = Random::new();
    let party = Party::begins(World::start().await).await;
    for n in 0..jumps {
        party.goes_on(50).await;
        let to = [HOUR, -HOUR, YEAR, -YEAR, 0][if n < 5 { n } else { random.below(5) } as usize];
        party.place.app().clock.set_offset_ms(to);
        party.goes_on(50).await;
        // A token from before the jump resumes, and a password signs in.
        let mut options = party.place.options();
        options.token = party.clients[(n % 4) as usize].token();
        let again = Client::connect(options).await.unwrap();
        assert!(again.me().is_some(), "the session is resumed");
        again.close().await;
        let fresh = Client::connect(party.place.options()).await.unwrap();
        fresh.sign_in(sign_in("ada", PASSWORD)).await.unwrap();
        fresh.sign_out().await.unwrap();
    }
    println!("{jumps} jumps: {:?}", party.judged().await);
}
