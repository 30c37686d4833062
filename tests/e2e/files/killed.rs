//! The program that moves a file, and the server, killed at any place of the way.

use std::{
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

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
/// Bytes a second that the server moves for one person: slow enough to be killed in the middle.
const RATE: &str = "12582912";

/// Looks at what there is until it is enough, or the command is over.
fn waits_until(enough: impl Fn() -> bool, ended: &mut impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !enough() && !ended() && Instant::now() < deadline {
        std::thread::sleep(Duration::from_micros(500));
    }
}

/// Kills the program that sends a file, or the server, at a place of the way up; what the command prints that ends it, and
/// whether that was on the way.
fn killed_on_its_way_up(process: &mut Process, (round, size): (u64, u64), name: &str) -> (Value, bool) {
    let files = process.path().join("data/files");
    let before = stored(&files);
    let stop_at = place(round, size);
    let mut running = Terminal { process: &*process, profile: "ada" }.starts(&["file", "send", "@bob", name]);
    waits_until(|| stored(&files) - before >= stop_at, &mut || running.has_ended());
    if round % 2 == 1 {
        process.kill();
    } else if !running.has_ended() {
        running.gets(Signal::KILL);
    }
    let there = stored(&files) - before;
    if round % 2 == 1 {
        process.up();
        // It goes on by itself, unless it had not come as far as to be connected.
        assert!([0, 3].contains(&running.ends()), "round {round}");
    } else {
        running.ends();
    }
    let sent = Terminal { process: &*process, profile: "ada" }.says(&["file", "send", "@bob", name]);
    let sent = last(&sent).clone();
    // Whole chunks are never sent again.
    let resumed = sent["resumed"].as_u64().unwrap();
    assert!(resumed >= there.min(size), "round {round}: {there} there, {resumed} resumed");
    (sent, there < size)
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
fn part_of(target: &Path) -> Option<PathBuf> {
    let beginning = format!(".{}.", target.file_name()?.to_string_lossy());
    let all = std::fs::read_dir(target.parent()?).ok()?.flatten();
    let mut parts = all.filter(|one| one.file_name().to_string_lossy().starts_with(&beginning));
    parts.next().map(|one| one.path())
}

/// The same on the way down; the file is whole at the end. Whether it was killed on the way.
fn killed_on_its_way_down(
    process: &mut Process,
    round: u64,
    id: &str,
    (target, bytes): (&str, &[u8]),
) -> bool {
    let get = ["file", "get", id, "-o", target];
    let path = process.path().join(target);
    let stop_at = place(round + 1000, bytes.len() as u64);
    let mut running = Terminal { process: &*process, profile: "bob" }.starts(&get);
    // The part file is as long as the whole from its beginning: what was written is what takes room.
    let written =
        || part_of(&path).and_then(|part| part.metadata().ok()).map_or(0, |data| data.blocks() * 512);
    waits_until(|| path.exists() || written() >= stop_at.max(1), &mut || running.has_ended());
    if round % 2 == 1 {
        process.kill();
        let on_the_way = part_of(&path).is_some() && !path.exists();
        process.up();
        let ended = running.ends();
        assert!([0, 3].contains(&ended), "round {round}: {ended}");
        if !path.exists() {
            Terminal { process: &*process, profile: "bob" }.says(&get);
        }
        return on_the_way;
    }
    if !running.has_ended() {
        running.gets(Signal::KILL);
    }
    running.ends();
    // It has its name when it is whole, and not before.
    if path.exists() {
        return false;
    }
    let part = part_of(&path);
    let (whole, begun) = part.as_ref().map_or((0, 0), |part| parts(part, bytes));
    let fetched = Terminal { process: &*process, profile: "bob" }.says(&get);
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
        let mut process = Process::new();
        process.variables =
            vec![("LITROCKET_FILES_DISK_RESERVE_MIB", "0"), ("LITROCKET_FILES_BYTES_PER_SECOND", RATE)];
        process.up();
        pair(&process);
        for round in (0..all).filter(|round| round % AT_ONCE == lane) {
            // Servers and programs are killed in turn, on each of the ways at once.
            let round = round / AT_ONCE + lane * all.div_ceil(AT_ONCE);
            let bytes = content(500 + round, size);
            let (name, target) = (format!("up-{round}.bin"), format!("down-{round}.bin"));
            file_of(&process, &name, &bytes);
            let (sent, on_the_way) = killed_on_its_way_up(&mut process, (round, size as u64), &name);
            on_the_way_up.fetch_add(on_the_way.into(), Ordering::Relaxed);
            let id = sent["file"]["id"].to_string();
            let on_the_way = killed_on_its_way_down(&mut process, round, &id, (&target, &bytes));
            on_the_way_down.fetch_add(on_the_way.into(), Ordering::Relaxed);
            assert!(std::fs::read(process.path().join(&target)).unwrap() == bytes, "round {round}");
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
