//! A stop while the disk, or who holds a lock, does not answer.

use std::time::{Duration, Instant};

use litrocket_client::{Client, Outgoing};
use litrocket_protocol::{ConversationId, conversations::OpenDirect};
use tokio::time::timeout;

use crate::{
    process::{Process, Signal},
    world::PATIENCE,
};

const GRACE: Duration = Duration::from_millis(2_000);
const GRACE_MS: (&str, &str) = ("LITROCKET_SERVER_SHUTDOWN_GRACE_MS", "2000");

async fn begins(process: &Process) -> (Client, ConversationId) {
    let ada = process.person("ada").await;
    let me = ada.me().unwrap().account;
    let chat = ada.call(OpenDirect { account: me }).await.unwrap().conversation;
    ada.send(chat, Outgoing::text("first")).await.unwrap().await.unwrap();
    (ada, chat)
}

/// Asks it to stop; how long that took. It says that it did not do all it should.
fn stops(process: &mut Process) {
    let began = Instant::now();
    process.signal();
    let code = process.ends_within(GRACE + Duration::from_secs(3)).expect("the grace bounds the whole stop");
    // The process of a test is not alone on its machine.
    assert!(began.elapsed() < GRACE + Duration::from_millis(1_500), "{:?}", began.elapsed());
    assert_eq!(code, 1, "{}", process.last_words());
    let words = process.last_words();
    assert!(words.contains("within its grace of 2000 ms"), "{words}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_somebody_locked_and_left_delays_a_stop_by_its_grace_and_no_longer() {
    let mut process = Process::new();
    process.variables = vec![GRACE_MS];
    process.up();
    let (ada, chat) = begins(&process).await;
    let holder = rusqlite::Connection::open(process.path().join("data/litrocket.db")).unwrap();
    holder.busy_timeout(Duration::from_secs(10)).unwrap();
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();
    let pending = ada.send(chat, Outgoing::text("second")).await.unwrap();
    // The writer waits for the lock when it is asked to stop.
    tokio::time::sleep(Duration::from_millis(300)).await;
    tokio::task::block_in_place(|| stops(&mut process));
    drop(holder);
    tokio::task::block_in_place(|| process.up());
    let ack = timeout(PATIENCE, pending).await.unwrap().unwrap();
    assert_eq!(ack.event_seq, 2, "what was not acked is sent again, once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_hangs_delays_a_stop_by_its_grace_and_no_longer() {
    let mut process = Process::new();
    tokio::task::block_in_place(|| process.up());
    drop(begins(&process).await);
    tokio::task::block_in_place(|| process.terminate());
    process.variables = vec![GRACE_MS];
    let log = process.path().join("strace").display().to_string();
    let hangs = "inject=fdatasync,fsync:delay_enter=600000000:when=12+";
    process.launcher =
        ["strace", "-D", "-f", "-q", "--seccomp-bpf", "-o", &log, "-e", "trace=fdatasync,fsync", "-e", hangs]
            .map(String::from)
            .into();
    tokio::task::block_in_place(|| process.up());
    let ada = Client::connect(process.options()).await.unwrap();
    ada.sign_in(crate::world::sign_in("ada", crate::world::PASSWORD)).await.unwrap();
    let me = ada.me().unwrap().account;
    let chat = ada.call(OpenDirect { account: me }).await.unwrap().conversation;
    let mut acked = 1;
    // Each ack is a sync of its own, until one does not come back.
    let pending = loop {
        let mut pending = ada.send(chat, Outgoing::text("more")).await.unwrap();
        match timeout(Duration::from_secs(2), &mut pending).await {
            Ok(ack) => acked = ack.unwrap().event_seq,
            Err(_) => break pending,
        }
        assert!(acked < 100, "the disk does not hang");
    };
    let tracer = process.tracer().expect("strace holds it");
    let helper = std::thread::spawn(move || {
        // strace does not always see the end of a thread that it delays, and who is traced stays until it does.
        std::thread::sleep(GRACE);
        let _ = rustix::process::kill_process(tracer, Signal::KILL);
    });
    tokio::task::block_in_place(|| stops(&mut process));
    helper.join().unwrap();
    process.launcher.clear();
    tokio::task::block_in_place(|| process.up());
    let ack = timeout(PATIENCE, pending).await.unwrap().unwrap();
    assert_eq!(ack.event_seq, acked + 1);
}
