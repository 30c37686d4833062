//! Something inside the server fails: a read of the database in the middle of a delivery, a job that panics.

use std::{collections::HashSet, time::Duration};

use litrocket_client::{Client, Item, Outgoing, Start};
use litrocket_protocol::{close_code, conversations::CreateGroup, event::kind};
use tokio::time::timeout;

use crate::{
    process::Process,
    world::{PASSWORD, PATIENCE, World},
};

/// Groups that somebody who was away has to catch up on, each a look into the database of its own.
const GROUPS: usize = 40;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reads_that_fail_while_somebody_catches_up_leave_no_hole() {
    let mut process = Process::start();
    let ada = process.person("ada").await;
    let bob = process.person("bob").await;
    let them = vec![bob.me().unwrap().account];
    for n in 0..GROUPS {
        let id = ada.new_id().unwrap();
        let group = CreateGroup { id, name: format!("g{n}"), accounts: them.clone(), open_history: false };
        let group = ada.call(group).await.unwrap().conversation;
        // Long: who catches up reads the disk far oftener than a start does.
        let said = format!("said {n} {}", "x".repeat(12_000));
        ada.send(group, Outgoing::text(said)).await.unwrap().await.unwrap();
    }
    for client in [ada, bob] {
        client.close().await;
    }
    let mut whole = 0;
    // The first failure meets another place each time, behind the reads of the start, and others follow it.
    for n in 0..40 {
        let (first, step) = (32 + 4 * (n % 20), 11 + 6 * n);
        tokio::task::block_in_place(|| process.terminate());
        let log = process.path().join("strace").display().to_string();
        process.launcher =
            ["strace", "-D", "-f", "-q", "--seccomp-bpf", "-o", &log, "-e", "trace=pread64", "-e"]
                .map(String::from)
                .into();
        process.launcher.push(format!("inject=pread64:error=EIO:when={first}+{step}"));
        tokio::task::block_in_place(|| process.begin());
        let mut heard_all = false;
        if tokio::task::block_in_place(|| process.listens(Duration::from_secs(60))) {
            match caught_up(&process).await {
                Ok(groups) => {
                    assert_eq!(groups, GROUPS, "reads failed from the {first}. on");
                    heard_all = true;
                }
                // A read that fails may also end the server, or keep it from answering: then nothing is claimed.
                Err(error) => println!("reads failed from the {first}. on: {error}"),
            }
        }
        let log = std::fs::read_to_string(process.path().join("strace")).unwrap();
        let injected = log.matches("(INJECTED)").count();
        if process.has_ended().is_none() {
            tokio::task::block_in_place(|| process.kill());
        }
        process.launcher.clear();
        tokio::task::block_in_place(|| process.up());
        whole += u32::from(heard_all && injected > 0);
        if whole == 2 {
            return;
        }
    }
    panic!("{whole} times reads failed and everything was heard");
}

/// Bob's new device catches up; answers in how many groups it heard what was said.
async fn caught_up(process: &Process) -> Result<usize, litrocket_client::Error> {
    let mut options = process.options();
    options.connect_timeout = Duration::from_secs(3);
    let phone = Client::connect(options).await?;
    patiently(|| phone.sign_in(crate::world::sign_in("bob", PASSWORD))).await?;
    let groups = heard(&phone).await;
    phone.close().await;
    groups
}

/// Asks again while the server says that it cannot now.
async fn patiently<T, F: Future<Output = Result<T, litrocket_client::Error>>>(
    mut ask: impl FnMut() -> F,
) -> Result<T, litrocket_client::Error> {
    let mut tries = 0;
    loop {
        tries += 1;
        match ask().await {
            Err(error) if tries < 40 && error.fault().is_some_and(|fault| fault.code == "unavailable") => {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            result => return result,
        }
    }
}

/// In how many groups the device heard what was said, until it had caught up.
async fn heard(phone: &Client) -> Result<usize, litrocket_client::Error> {
    let mut events = phone.events(Start::Beginning).unwrap();
    let mut groups = HashSet::new();
    let all = async {
        while let Some(item) = events.next().await {
            match item {
                Item::Event(event) if event.kind == kind::TEXT => drop(groups.insert(event.conversation)),
                Item::CaughtUp => return,
                _ => {}
            }
        }
    };
    timeout(PATIENCE, all).await.map_err(|_| litrocket_client::Error::TimedOut)?;
    Ok(groups.len())
}

#[tokio::test]
async fn a_job_that_panics_in_the_writer_ends_the_server_and_does_not_leave_it_deaf() {
    let mut world = World::start().await;
    let ada = world.raw().await;
    ada.signs_up("ada").await;
    let panics = world.app().writer.run::<(), _>(|_| Box::pin(async { panic!("as planned") })).await;
    assert!(panics.is_err());
    let error = world.ends().await.unwrap_err().to_string();
    assert!(error.contains("panicked"), "{error}");
    let closed = timeout(PATIENCE, ada.closed_with()).await.expect("no silence");
    assert_eq!(closed, u64::from(close_code::INTERNAL));
}
