//! The database under readers that do not end: the log stays bounded and nobody who sends waits for them.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use litrocket::writer::NewEvent;
use litrocket_protocol::ConversationId;

use crate::world::{PATIENCE, Person, World};

const MIB: u64 = 1024 * 1024;
/// A read that looks at the log first and then takes for ever.
const ENDLESS: &str = "WITH RECURSIVE n(x) AS (SELECT COUNT(*) FROM events UNION ALL SELECT x + 1 FROM n)
    SELECT COUNT(*) FROM n";
/// Shorter than SQLite's two seconds of patience with who holds a lock, longer than a slow disk takes.
const SHORT: Duration = Duration::from_millis(1_500);

fn wal(world: &World) -> PathBuf {
    world.folder.path().join("data/litrocket.db-wal")
}

fn size(path: &std::path::Path) -> u64 {
    std::fs::metadata(path).map_or(0, |meta| meta.len())
}

/// One clean run of three is enough: who waits for readers does so in each, a machine that is busy with other things does not.
async fn one_of_three(run: impl AsyncFn(World) -> Result<(), String>) {
    let mut said = Vec::new();
    for _ in 0..3 {
        let world = World::start_with(|config| config.storage.wal_mib = 1).await;
        match run(world).await {
            Ok(()) => return,
            Err(why) => said.push(why),
        }
    }
    panic!("{said:?}");
}

/// What is wrong, if something is.
fn judged(longest: Duration, largest: std::ops::Range<u64>, seen: u64) -> Result<(), String> {
    let is_right = longest < SHORT && largest.contains(&seen);
    if is_right { Ok(()) } else { Err(format!("the longest ack {longest:?}, the largest log {seen}")) }
}

/// Sends this much and tells the longest wait for an ack and the largest log.
async fn sends_much(
    world: &World,
    person: &Person,
    chat: ConversationId,
    messages: usize,
) -> (Duration, u64) {
    let (mut longest, mut largest) = (Duration::ZERO, 0);
    for n in 0..messages {
        let before = Instant::now();
        person.says(chat, &format!("{n} {}", "x".repeat(15_000))).await;
        longest = longest.max(before.elapsed());
        largest = largest.max(size(&wal(world)));
    }
    (longest, largest)
}

#[tokio::test]
async fn a_read_that_takes_too_long_is_ended_inside_the_database_and_the_next_one_is_answered() {
    let world = World::start_with(|config| {
        config.storage.read_time_ms = 300;
        config.storage.readers = 1;
    })
    .await;
    let before = Instant::now();
    let app = world.app();
    let error = app.db.first::<(i64,)>(ENDLESS, &[]).await.unwrap_err();
    assert_eq!(error.failure(), litrocket::db::Failure::Temporary, "{error}");
    assert!(error.to_string().contains("interrupt"), "SQLite itself ended it: {error}");
    assert!(before.elapsed() < PATIENCE / 2, "{:?}", before.elapsed());
    // There is one connection, so this is the one that was interrupted.
    assert_eq!(app.db.first::<(i64,)>("SELECT 7", &[]).await.unwrap(), Some((7,)));
}

#[tokio::test]
async fn reads_of_the_server_that_follow_each_other_without_end_do_not_make_the_log_grow() {
    one_of_three(async |world| {
        let [ada, bob] = world.people(["ada", "bob"]).await;
        let chat = ada.opens(&bob).await;
        let stop = Arc::new(AtomicBool::new(false));
        let mut readers = tokio::task::JoinSet::new();
        for _ in 0..2 {
            let (db, stop) = (world.app().db.clone(), stop.clone());
            readers.spawn(async move {
                let mut ended = 0;
                while !stop.load(Ordering::Relaxed) {
                    db.first::<(i64,)>(ENDLESS, &[]).await.expect_err("it never ends by itself");
                    ended += 1;
                }
                ended
            });
        }
        let (longest, largest) = sends_much(&world, &ada, chat, 900).await;
        stop.store(true, Ordering::Relaxed);
        let mut ended = 0;
        while let Some(count) = readers.join_next().await {
            ended += count.unwrap();
        }
        assert!(ended > 2, "readers were ended {ended} times");
        // About 14 MiB went through a log of one, which may grow to four and for half a second more.
        judged(longest, 0..10 * MIB, largest)
    })
    .await;
}

#[tokio::test]
async fn a_reader_of_another_program_holds_up_nobody_and_the_log_shrinks_when_it_has_gone() {
    one_of_three(async |world| {
        let [ada, bob] = world.people(["ada", "bob"]).await;
        let chat = ada.opens(&bob).await;
        let other = rusqlite::Connection::open(world.folder.path().join("data/litrocket.db")).unwrap();
        other.execute_batch("BEGIN; SELECT COUNT(*) FROM events;").unwrap();
        let (longest, largest) = sends_much(&world, &ada, chat, 400).await;
        assert!(largest > 4 * MIB, "the reader is real: {largest}");
        other.execute_batch("COMMIT").unwrap();
        drop(other);
        let shrinks = async {
            while size(&wal(&world)) > 2 * MIB {
                ada.says(chat, "x").await;
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(PATIENCE, shrinks).await.expect("the log begins again");
        assert!(!bob.history(chat).await.is_empty());
        judged(longest, 0..u64::MAX, largest)
    })
    .await;
}

#[tokio::test]
async fn a_change_that_is_rolled_back_leaves_no_hole_at_the_end_of_the_log() {
    let world = World::start().await;
    let [ada, bob] = world.people(["ada", "bob"]).await;
    let chat = ada.opens(&bob).await;
    ada.says(chat, "one").await;
    let end = async || {
        let row = world.app().db.first::<(i64,)>("SELECT MAX(pos) FROM events", &[]).await.unwrap();
        row.unwrap().0
    };
    let before = end().await;
    for fault in [true, false] {
        let (sender, conversation) = (ada.account, chat);
        let failing = world.app().writer.run(move |tx| {
            Box::pin(async move {
                for _ in 0..5 {
                    let event = NewEvent {
                        conversation,
                        sender,
                        kind: litrocket_protocol::event::kind::RENAMED,
                        target: None,
                        id: None,
                        body: vec![0x80],
                        fallback: None,
                        origin: 0,
                    };
                    tx.append(event).await?;
                }
                // A fault takes the command back, a database that cannot go on the whole batch.
                Err::<(), _>(if fault {
                    litrocket_protocol::fault::code::FORBIDDEN.into()
                } else {
                    litrocket::db::Error::temporary("the disk is full".into()).into()
                })
            })
        });
        failing.await.unwrap_err();
    }
    assert_eq!(end().await, before);
    ada.says(chat, "two").await;
    assert_eq!(end().await, before + 1);
    let heard: Vec<u64> = bob.history(chat).await.iter().map(|message| message.event.event_seq).collect();
    assert_eq!(heard, [1, 2]);
}
