//! System calls of the server fail, one at a time: strace makes the n-th of a kind fail on each thread.
//!
//! The server may go on, refuse, or end and recover from the disk when it is started again; it may not hang, and
//! nobody may lose anything.

use std::time::{Duration, Instant};

use litrocket_client::Outgoing;
use litrocket_protocol::conversations::OpenDirect;

use crate::{
    process::Process,
    witness::{Party, Random, size},
};

/// Calls with the errors that each may meet. Those on files come from SQLite, certificates and logs, the others
/// from the network and the runtime.
const FAULTS: &[(&str, &[&str])] = &[
    ("pwrite64", &["EIO", "ENOSPC", "EINTR"]),
    ("write", &["EIO", "ENOSPC", "EINTR"]),
    ("fdatasync,fsync", &["EIO", "ENOSPC", "EINTR"]),
    ("ftruncate", &["EIO", "ENOSPC"]),
    ("openat", &["EIO", "ENOSPC", "EMFILE", "EINTR"]),
    ("rename,renameat,renameat2", &["EIO", "ENOSPC"]),
    ("unlink,unlinkat", &["EIO"]),
    ("pread64", &["EIO", "EINTR"]),
    ("read", &["EIO", "EINTR"]),
    ("newfstatat,fstat,statx", &["EIO"]),
    ("sendmsg,sendmmsg", &["EIO", "ENOBUFS", "EINTR", "EPERM"]),
    ("recvmsg,recvmmsg", &["EIO", "ENOMEM", "EINTR"]),
    ("epoll_wait", &["EINTR"]),
    ("mmap", &["ENOMEM"]),
];

/// How the server took a fault.
#[derive(Debug, Default)]
struct Tally {
    /// The call came to its turn.
    hit: u64,
    went_on: u64,
    ended: u64,
}

impl Tally {
    fn takes(&mut self, process: &Process, went_on: bool) {
        let text = std::fs::read_to_string(process.path().join("strace")).unwrap_or_default();
        self.hit += u64::from(text.contains("(INJECTED)"));
        *(if went_on { &mut self.went_on } else { &mut self.ended }) += 1;
    }
}

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
            FAULTS.iter().flat_map(|(calls, errors)| errors.iter().map(|error| (*calls, *error))).collect();
        let (calls, error) = all[(n % all.len() as u64) as usize];
        let most = [4, 16, 60, 400][random.below(4) as usize];
        Self { calls, error, when: 1 + random.below(most) }
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
        code == 1 || code == 127 || memory
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
        tally.takes(&party.place, went_on);
        party.place.launcher.clear();
        if went_on {
            tokio::task::block_in_place(|| party.place.kill());
        }
        party.comes_back();
    }
    assert!(tally.hit * 5 > faults, "{tally:?}");
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
        tally.takes(&process, listens);
        process.launcher.clear();
        tokio::task::block_in_place(|| process.up());
        let ada = process.person("ada").await;
        let me = ada.me().unwrap().account;
        let chat = ada.call(OpenDirect { account: me }).await.unwrap().conversation;
        ada.send(chat, Outgoing::text("it works")).await.unwrap().await.unwrap();
    }
    assert!(tally.hit * 5 > faults, "{tally:?}");
    println!("{faults} first starts: {tally:?}");
}

fn needs_strace() {
    let found = std::process::Command::new("strace").arg("-V").output();
    assert!(found.is_ok(), "strace is missing, for example: apt-get install strace");
}
