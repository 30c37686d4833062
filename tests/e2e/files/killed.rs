//! The program that moves a file, and the server, killed at any place of the way.

use std::{
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use litrocket_client::{Client, Digest, Progress, Transfer};
use rustix::process::Signal;
use serde_json::Value;

use super::{
    MIB,
    broken::place,
    commands::{file_of, last, pair, stored},
    content,
};
use crate::{process::Process, programs::Terminal};

/// Streams of one transfer: as many chunks may be under way.
const STREAMS: usize = 3;
/// Bytes of one.
const CHUNK: u64 = MIB as u64;
/// What of a stream may be behind the chunk that the server takes in: what it lets come before it reads, and what the client
/// has handed to its connection.
const UNDER_WAY: u64 = 512 * 1024;
/// Bytes a second that the server moves for one person: slow enough to be killed in the middle.
const RATE: &str = "12582912";

/// Looks at what there is until it is enough, or the command is over.
fn waits_until(enough: impl Fn() -> bool, ended: &mut impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !enough() && !ended() && Instant::now() < deadline {
        std::thread::sleep(Duration::from_micros(500));
    }
}

/// Kills the program that sends a file at a place of the way up; what the command prints that ends it, and whether that
/// was on the way.
fn sender_is_killed(process: &Process, (round, size): (u64, u64), name: &str) -> (Value, bool) {
    let files = process.path().join("data/files");
    let before = stored(&files);
    let stop_at = place(round, size);
    let send = ["file", "send", "@bob", name];
    let mut running = Terminal { process, profile: "ada" }.starts(&send);
    waits_until(|| stored(&files) - before >= stop_at, &mut || running.has_ended());
    if !running.has_ended() {
        running.gets(Signal::KILL);
    }
    let there = stored(&files) - before;
    running.ends();
    let sent = Terminal { process, profile: "ada" }.says(&send);
    let sent = last(&sent).clone();
    // Whole chunks are never sent again.
    let resumed = sent["resumed"].as_u64().unwrap();
    assert!(resumed >= there.min(size), "round {round}: {there} there, {resumed} resumed");
    (sent, there < size)
}

/// How far a transfer says it is, and from where it last went on.
#[derive(Clone, Default)]
struct Told {
    done: Arc<AtomicU64>,
    from: Arc<AtomicU64>,
}

impl Told {
    fn transfer(&self) -> Transfer {
        let told = self.clone();
        Transfer::default().watched(move |progress: Progress| {
            told.from.fetch_min(progress.done, Ordering::Relaxed);
            told.done.store(progress.done, Ordering::Relaxed);
        })
    }

    /// Lets a transfer come to a place, kills the server there and starts it again: how far the transfer was, and what
    /// the look at the killed server's work tells. `None` when it was over before.
    async fn dies<T>(
        &self,
        process: &mut Process,
        stop_at: u64,
        moving: &mut (impl Future<Output = T> + Unpin),
        look: impl Fn() -> u64,
    ) -> Option<(u64, u64)> {
        let there = async {
            while self.done.load(Ordering::Relaxed) < stop_at {
                tokio::time::sleep(Duration::from_micros(500)).await;
            }
        };
        tokio::select! {
            _ = moving => return None,
            () = there => {}
        }
        process.kill();
        let was = (self.done.load(Ordering::Relaxed), look());
        self.from.store(u64::MAX, Ordering::Relaxed);
        process.up();
        Some(was)
    }
}

/// The server is killed at a place of the way up, and of the way down; the same client goes on by itself. Whether each was
/// on the way.
async fn server_is_killed(
    process: &mut Process,
    client: &Client,
    round: u64,
    (name, target, bytes): (&str, &Path, &[u8]),
) -> [bool; 2] {
    let (path, files) = (process.path().join(name), process.path().join("data/files"));
    let (size, before) = (bytes.len() as u64, stored(&files));
    let digest = Digest::of_file(&path).await.unwrap();
    let (up, down) = (Told::default(), Told::default());
    let mut upload = Box::pin(client.upload(&path, name, &digest, up.transfer()));
    let stop_at = place(round, size).max(1);
    let died = up.dies(process, stop_at, &mut upload, || stored(&files) - before).await;
    let file = match died {
        Some(_) => upload.await.unwrap(),
        None => client.upload(&path, name, &digest, Transfer::default()).await.unwrap(),
    };
    if let Some((done, there)) = died {
        let from = up.from.load(Ordering::Relaxed).min(size);
        assert!(from >= there, "round {round}: {there} were stored, and it went on from {from}");
        let again = done.saturating_sub(from);
        assert!(again <= STREAMS as u64 * (CHUNK + UNDER_WAY), "round {round}: {again} bytes went up again");
    }
    let mut download = Box::pin(client.download(file, target, down.transfer()));
    let stop_at = place(round + 1000, size).max(1);
    let fell = down.dies(process, stop_at, &mut download, || 0).await;
    if let Some((done, _)) = fell {
        download.await.unwrap();
        let again = done.saturating_sub(down.from.load(Ordering::Relaxed));
        assert!(again <= STREAMS as u64 * CHUNK, "round {round}: {again} bytes came down again");
    }
    let is_on_the_way = |was: Option<(u64, u64)>| was.is_some_and(|(done, _)| done < size);
    [is_on_the_way(died), is_on_the_way(fell)]
}

/// What a part file has of these bytes: whole chunks, and those of which there is a beginning.
fn parts(part: &Path, bytes: &[u8]) -> (u64, usize) {
    let Ok(have) = std::fs::read(part) else { return (0, 0) };
    let (mut whole, mut begun) = (0, 0);
    for (have, wanted) in have.chunks(MIB).zip(bytes.chunks(MIB)) {
        if have == wanted {
            whole += wanted.len() as u64;
        } else if have.iter().any(|byte| *byte != 0) {
            begun += 1;
        }
    }
    (whole, begun)
}

/// The part file of a target, while there is one.
pub(super) fn part_of(target: &Path) -> Option<PathBuf> {
    let beginning = format!(".{}.", target.file_name()?.to_string_lossy());
    let all = std::fs::read_dir(target.parent()?).ok()?.flatten();
    let mut parts = all.filter(|one| one.file_name().to_string_lossy().starts_with(&beginning));
    parts.next().map(|one| one.path())
}

/// The same on the way down; the file is whole at the end. Whether it was killed on the way.
fn receiver_is_killed(process: &Process, round: u64, id: &str, (target, bytes): (&Path, &[u8])) -> bool {
    let get = ["file", "get", id, "-o", target.to_str().unwrap()];
    let stop_at = place(round + 1000, bytes.len() as u64);
    let mut running = Terminal { process, profile: "bob" }.starts(&get);
    // The part file is as long as the whole from its beginning: what was written is what takes room.
    let written =
        || part_of(target).and_then(|part| part.metadata().ok()).map_or(0, |data| data.blocks() * 512);
    waits_until(|| target.exists() || written() >= stop_at.max(1), &mut || running.has_ended());
    if !running.has_ended() {
        running.gets(Signal::KILL);
    }
    running.ends();
    // It has its name when it is whole, and not before.
    if target.exists() {
        return false;
    }
    let part = part_of(target);
    let (whole, begun) = part.as_ref().map_or((0, 0), |part| parts(part, bytes));
    let fetched = Terminal { process, profile: "bob" }.says(&get);
    // What was whole is not fetched again, and no more than a chunk of each stream is.
    let resumed = last(&fetched)["resumed"].as_u64().unwrap();
    assert_eq!(resumed, whole, "round {round}");
    assert!(begun <= STREAMS, "round {round}: {begun} chunks were under way");
    part.is_some()
}

#[tokio::test]
async fn either_program_may_be_killed_at_any_place() {
    /// Most of the time is waiting: for a server that starts, and for who comes back to it.
    const AT_ONCE: u64 = 10;
    let all: u64 =
        std::env::var("LITROCKET_FILE_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(100);
    let size = 4 * MIB + 321;
    let (on_the_way_up, on_the_way_down) = (AtomicU64::new(0), AtomicU64::new(0));
    let one_after_the_other = |lane: u64| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let mut process = Process::new();
        process.variables =
            vec![("LITROCKET_FILES_DISK_RESERVE_MIB", "0"), ("LITROCKET_FILES_BYTES_PER_SECOND", RATE)];
        process.up();
        pair(&process);
        let carl = runtime.block_on(process.person("carl"));
        for round in (0..all).filter(|round| round % AT_ONCE == lane) {
            // Servers and programs are killed in turn, on each of the ways at once.
            let round = round / AT_ONCE + lane * all.div_ceil(AT_ONCE);
            let bytes = content(500 + round, size);
            let (name, target) =
                (format!("up-{round}.bin"), process.path().join(format!("down-{round}.bin")));
            file_of(&process, &name, &bytes);
            let ways = if round % 2 == 1 {
                runtime.block_on(server_is_killed(&mut process, &carl, round, (&name, &target, &bytes)))
            } else {
                let (sent, up) = sender_is_killed(&process, (round, size as u64), &name);
                let id = sent["file"]["id"].to_string();
                [up, receiver_is_killed(&process, round, &id, (&target, &bytes))]
            };
            for (count, was_on_the_way) in [&on_the_way_up, &on_the_way_down].into_iter().zip(ways) {
                count.fetch_add(was_on_the_way.into(), Ordering::Relaxed);
            }
            assert!(std::fs::read(&target).unwrap() == bytes, "round {round}");
        }
        let left = std::fs::read_dir(process.path()).unwrap().flatten();
        let parts: Vec<_> = left.filter(|one| one.file_name().to_string_lossy().ends_with(".part")).collect();
        assert!(parts.is_empty(), "{parts:?}");
    };
    std::thread::scope(|scope| {
        let work = &one_after_the_other;
        let lanes: Vec<_> = (0..AT_ONCE).map(|lane| scope.spawn(move || work(lane))).collect();
        for lane in lanes {
            lane.join().unwrap();
        }
    });
    // Some are over before they can be killed.
    for (way, count) in [("up", on_the_way_up), ("down", on_the_way_down)] {
        let count = count.into_inner();
        println!("{count} of {all} were killed on the way {way}");
        assert!(count * 3 >= all * 2, "{count} of {all} were killed on the way {way}");
    }
}
