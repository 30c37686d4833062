//! System calls of the server fail, one at a time: strace makes the n-th of a kind fail on each thread.
//!
//! The server may go on, refuse, or end and recover from the disk when it is started again; it may not hang, and
//! nobody may lose anything.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use litrocket_client::Outgoing;
use litrocket_protocol::conversations::OpenDirect;

use crate::{
    process::Process,
    witness::{Party, Random, size},
};

/// A kind of calls.
#[derive(Debug)]
struct Calls {
    names: &'static str,
    /// What each of them may meet.
    errors: &'static [&'static str],
    /// Up to which call of a thread: those that come at the start come seldom.
    most: u64,
}

const fn calls(names: &'static str, errors: &'static [&'static str], most: u64) -> Calls {
    Calls { names, errors, most }
}

/// Those on files come from SQLite, certificates and logs, the others from the network and the runtime.
const CALLS: &[Calls] = &[
    calls("pwrite64", &["EIO", "ENOSPC", "EINTR"], 400),
    calls("write", &["EIO", "ENOSPC", "EINTR"], 60),
    calls("fdatasync,fsync", &["EIO", "ENOSPC", "EINTR"], 400),
    calls("ftruncate", &["EIO", "ENOSPC"], 16),
    calls("openat", &["EIO", "ENOSPC", "EMFILE", "EINTR"], 60),
    calls("rename,renameat,renameat2", &["EIO", "ENOSPC"], 4),
    calls("unlink,unlinkat", &["EIO"], 4),
    calls("mkdir,mkdirat", &["EIO", "ENOSPC", "EACCES"], 4),
    calls("pread64", &["EIO", "EINTR"], 400),
    calls("read", &["EIO", "EINTR"], 60),
    calls("newfstatat,fstat,statx", &["EIO"], 60),
    // Not fcntl: strace cannot tell a lock from an unlock, and an unlock that fails, which no local file system does,
    // leaves SQLite's own table of locks wrong until the process ends.
    calls("sendmsg,sendmmsg", &["EIO", "ENOBUFS", "EINTR", "EPERM"], 400),
    calls("recvmsg,recvmmsg", &["EIO", "ENOMEM", "EINTR"], 400),
    calls("socket", &["EMFILE", "ENOBUFS"], 4),
    calls("bind", &["EADDRINUSE", "EACCES"], 2),
    calls("setsockopt", &["ENOPROTOOPT", "EINVAL"], 16),
    calls("epoll_wait", &["EINTR"], 400),
    calls("epoll_ctl", &["ENOMEM", "ENOSPC"], 16),
    calls("clone,clone3", &["EAGAIN"], 16),
    calls("mmap", &["ENOMEM"], 400),
];

/// How the server took its faults.
#[derive(Debug, Default)]
struct Tally {
    /// By kind of call: how often it was to fail, and how often it came to its turn.
    turns: BTreeMap<&'static str, (u64, u64)>,
    went_on: u64,
    ended: u64,
}

impl Tally {
    fn takes(&mut self, fault: &Fault, process: &Process, went_on: bool) {
        let text = std::fs::read_to_string(process.path().join("strace")).unwrap_or_default();
        let (tried, hit) = self.turns.entry(fault.calls).or_default();
        *tried += 1;
        *hit += u64::from(text.contains("(INJECTED)"));
        *(if went_on { &mut self.went_on } else { &mut self.ended }) += 1;
    }

    /// The faults were real: many of them happened, and, where both tests tried a kind often, some of that kind.
    fn tried_enough(&self) {
        static BOTH: Mutex<Vec<BTreeMap<&'static str, (u64, u64)>>> = Mutex::new(Vec::new());
        let sum = |all: &[(u64, u64)]| all.iter().fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
        let (tried, hit) = sum(&self.turns.values().copied().collect::<Vec<_>>());
        assert!(hit * 5 > tried, "{self:?}");
        let mut both = BOTH.lock().unwrap_or_else(PoisonError::into_inner);
        both.push(self.turns.clone());
        let of = |names| sum(&both.iter().filter_map(|turns| turns.get(names).copied()).collect::<Vec<_>>());
        let never: Vec<_> =
            CALLS.iter().filter(|calls| of(calls.names).0 >= OFTEN && of(calls.names).1 == 0).collect();
        assert!(both.len() < 2 || never.is_empty(), "these never failed: {never:?}");
    }
}

/// A kind that was to fail so often has to have failed: what the start does not call comes under load, and the other
/// way round.
const OFTEN: u64 = 20;

/// One call that fails.
#[derive(Debug)]
struct Fault {
    calls: &'static str,
    error: &'static str,
    /// Which call of each thread.
    when: u64,
}

impl Fault {
    /// All calls and errors in turn, at random moments: small numbers meet the start, larger ones the work.
    fn number(n: u64, random: &mut Random) -> Self {
        let all: Vec<_> =
            CALLS.iter().flat_map(|calls| calls.errors.iter().map(move |error| (calls, *error))).collect();
        let (Calls { names, most, .. }, error) = all[(n % all.len() as u64) as usize];
        let most = [4, 16, 60, 400][random.below(4) as usize].min(*most);
        Self { calls: names, error, when: 1 + random.below(most) }
    }

    /// Lets the next start of the program meet it.
    fn waits_for(&self, process: &mut Process) {
        let Self { calls, error, when } = self;
        let folder = process.path().canonicalize().unwrap();
        let log = folder.join("strace").display().to_string();
        let mut launcher: Vec<String> =
            ["strace", "-D", "-f", "-q", "--seccomp-bpf", "-o", &log].map(String::from).into();
        launcher.extend(["-e".to_owned(), format!("trace={calls}")]);
        launcher.extend(["-e".to_owned(), format!("inject={calls}:error={error}:when={when}")]);
        if *calls == "write" {
            // The runtime wakes its threads by writes that never fail: only writes to files are meant.
            let files = ["certs/ca", "certs/server", "data/keys/generation", "data/keys/reset"];
            for file in files.iter().chain(&["data/keys/token", "data/keys/cid", "data/tls-sessions"]) {
                launcher.extend(["-P".to_owned(), folder.join(format!("{file}.tmp")).display().to_string()]);
            }
            for log in std::fs::read_dir(folder.join("data/logs")).into_iter().flatten() {
                launcher.extend(["-P".to_owned(), log.unwrap().path().display().to_string()]);
            }
        }
        process.launcher = launcher;
    }

    /// Whether a program that met it may end like this: with an error, or, where that comes before the program
    /// itself or leaves it without memory, by the loader or an abort. glibc's loader does not survive the failure of
    /// its very first mapping (SIGSEGV).
    fn may_end_with(&self, code: i32) -> bool {
        let memory = self.calls == "mmap" && (code == -6 || (self.when == 1 && code == -11));
        // A runtime cannot be without its threads, nor these without a stack, and says so by a panic.
        let threads = (self.calls == "clone,clone3" || self.calls == "mmap") && code == 101;
        code == 1 || code == 127 || memory || threads
    }
}

/// One fault under load. Answers whether the server went on by itself.
async fn meets(party: &mut Party<Process>, fault: &Fault) -> bool {
    let deadline = Instant::now() + Duration::from_secs(60);
    let goal = party.acked() + 60;
    party.witness.restarts();
    party.place.begin();
    loop {
        if let Some(code) = party.place.has_ended() {
            assert!(fault.may_end_with(code), "{fault:?}: the server ended with {code}");
            return false;
        }
        if party.acked() >= goal {
            return true;
        }
        assert!(Instant::now() < deadline, "{fault:?}: the server hangs");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_system_call_may_fail_and_nobody_loses_anything() {
    let faults = size("LITROCKET_SYSCALLS", 40);
    needs_strace();
    let mut random = Random::new();
    let mut party = Party::begins(Process::start()).await;
    let mut tally = Tally::default();
    let first = random.below(100);
    for n in 0..faults {
        party.goes_on(5).await;
        let fault = Fault::number(first + n, &mut random);
        tokio::task::block_in_place(|| party.place.kill());
        fault.waits_for(&mut party.place);
        let went_on = meets(&mut party, &fault).await;
        tally.takes(&fault, &party.place, went_on);
        party.place.launcher.clear();
        if went_on {
            tokio::task::block_in_place(|| party.place.kill());
        }
        party.comes_back();
    }
    tally.tried_enough();
    let report = party.judged().await;
    println!("{faults} faults: {tally:?}, {report:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_first_start_may_fail_at_every_system_call_and_the_next_one_works() {
    let faults = size("LITROCKET_SYSCALLS", 40);
    needs_strace();
    let mut random = Random::new();
    let mut tally = Tally::default();
    let first = random.below(100);
    for n in 0..faults {
        let fault = Fault::number(first + n, &mut random);
        let mut process = Process::new();
        fault.waits_for(&mut process);
        let listens = tokio::task::block_in_place(|| {
            process.begin();
            process.listens(Duration::from_secs(60))
        });
        if listens {
            process.kill();
        } else {
            let code = tokio::task::block_in_place(|| process.ends_within(Duration::from_secs(60)));
            assert!(code.is_some_and(|code| fault.may_end_with(code)), "{fault:?}: ended with {code:?}");
        }
        tally.takes(&fault, &process, listens);
        process.launcher.clear();
        tokio::task::block_in_place(|| process.up());
        let ada = process.person("ada").await;
        let me = ada.me().unwrap().account;
        let chat = ada.call(OpenDirect { account: me }).await.unwrap().conversation;
        ada.send(chat, Outgoing::text("it works")).await.unwrap().await.unwrap();
    }
    tally.tried_enough();
    println!("{faults} first starts: {tally:?}");
}

fn needs_strace() {
    let found = std::process::Command::new("strace").arg("-V").output();
    assert!(found.is_ok(), "strace is missing, for example: apt-get install strace");
}
