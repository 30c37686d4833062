//! The shapes of load. Each drives one process, the server or its ceiling, and says what it measured.

mod asking;
mod chat;
pub(crate) mod files;
mod group;
mod idle;
mod mixed;
mod moments;
mod offline;
mod recommend;
mod record;
mod siege;
mod signing;

use std::{future::Future, time::Instant};

use serde_json::{Map, Value};
use tokio::task::JoinSet;

pub(crate) use record::{Device, History, Notes, check};

use crate::{
    Error, Result, Scenario, Seed, SeedAccount, SeedConversation,
    measure::{Cpu, Latencies},
    peer::Peers,
    process::Process,
    scenario::Pattern,
};

/// Connections that are made at the same time while the load ramps up.
const RAMP: usize = 32;

/// What drives a process.
pub(crate) struct Target<'a> {
    pub(crate) scenario: &'a Scenario,
    pub(crate) process: &'a mut Process,
    pub(crate) peers: Peers,
}

/// What one run of one process gave.
#[derive(Debug, Default)]
pub(crate) struct Measured {
    pub(crate) units: u64,
    pub(crate) seconds: f64,
    pub(crate) cpu: Cpu,
    pub(crate) latencies: Latencies,
    /// From the sender's write to a reader's read, where there are readers.
    pub(crate) deliveries: Latencies,
    pub(crate) resident: u64,
    /// Figures of this scenario alone.
    pub(crate) more: Map<String, Value>,
    /// What was said and heard, of the server only.
    pub(crate) notes: History,
}

/// The token of a seeded account.
pub(crate) fn token(account: u64) -> [u8; 32] {
    let mut token = [7; 32];
    token[..8].copy_from_slice(&account.to_be_bytes());
    token
}

/// The members of the n-th group, from 0: ids from 1, each account in one group.
pub(crate) fn members(scenario: &Scenario, group: u64) -> std::ops::Range<u64> {
    let first = group * scenario.members + 1;
    first..first + scenario.members
}

/// What the data folder holds before the start.
pub(crate) fn seed(scenario: &Scenario) -> Seed {
    let account = |id| SeedAccount { id, token: token(id) };
    match scenario.pattern {
        Pattern::Upload | Pattern::Download | Pattern::Beside => files::seed(scenario),
        Pattern::Idle | Pattern::Resume => idle::seed(scenario),
        Pattern::Login => {
            Seed { accounts: (1..=scenario.connections).map(account).collect(), ..Seed::default() }
        }
        Pattern::Search | Pattern::History => asking::seed(scenario),
        Pattern::Moments => moments::seed(scenario),
        Pattern::Group => group::seed(scenario),
        Pattern::Recommend => recommend::seed(scenario),
        Pattern::Siege => siege::seed(scenario),
        Pattern::Chat | Pattern::Offline | Pattern::Mixed => {
            let people = scenario.groups * scenario.members;
            let idle = if scenario.pattern == Pattern::Mixed { scenario.connections } else { 0 };
            let conversations = (0..scenario.groups)
                .map(|group| SeedConversation {
                    id: group + 1,
                    members: members(scenario, group).collect(),
                    messages: scenario.stored / scenario.groups,
                })
                .collect();
            Seed { accounts: (1..=people + idle).map(account).collect(), conversations, ..Seed::default() }
        }
    }
}

/// Runs the load.
pub(crate) async fn drive(target: &mut Target<'_>) -> Result<Measured> {
    match target.scenario.pattern {
        Pattern::Chat => chat::drive(target).await,
        Pattern::Offline => offline::drive(target).await,
        Pattern::Idle => idle::drive(target).await,
        Pattern::Login => signing::login(target).await,
        Pattern::Resume => signing::resume(target).await,
        Pattern::Search => asking::search(target).await,
        Pattern::History => asking::history(target).await,
        Pattern::Moments => moments::feed(target).await,
        Pattern::Group => group::change(target).await,
        Pattern::Recommend => recommend::drive(target).await,
        Pattern::Mixed => mixed::drive(target).await,
        Pattern::Upload => files::upload(target).await,
        Pattern::Download => files::download(target).await,
        Pattern::Beside => files::beside(target).await,
        Pattern::Siege => siege::drive(target).await,
    }
}

/// Does something for every number, a bounded count at the same time; the first failure ends it.
pub(crate) async fn ramp<T, F>(count: u64, each: impl Fn(u64) -> F) -> Result<Vec<T>>
where
    T: Send + 'static,
    F: Future<Output = Result<T>> + Send + 'static,
{
    let mut running = JoinSet::new();
    let mut done: Vec<(u64, T)> = Vec::with_capacity(usize::try_from(count).unwrap_or(0));
    let mut next = 0;
    while next < count || !running.is_empty() {
        while next < count && running.len() < RAMP {
            let (number, future) = (next, each(next));
            running.spawn(async move { (number, future.await) });
            next += 1;
        }
        if let Some(joined) = running.join_next().await {
            let (number, result) = joined.map_err(|error| Error::new("a peer", error))?;
            done.push((number, result?));
        }
    }
    done.sort_by_key(|(number, _)| *number);
    Ok(done.into_iter().map(|(_, one)| one).collect())
}

/// A stretch of measured time.
pub(crate) struct Window {
    cpu: Cpu,
    started: Instant,
}

impl Window {
    pub(crate) fn open(process: &Process) -> Result<Self> {
        Ok(Self { cpu: process.cpu()?, started: Instant::now() })
    }

    pub(crate) fn close(self, process: &Process, units: u64, into: &mut Measured) -> Result<()> {
        let cpu = process.cpu()?;
        into.units = units;
        into.seconds = self.started.elapsed().as_secs_f64();
        into.cpu = Cpu {
            all: cpu.all.saturating_sub(self.cpu.all),
            indexer: cpu.indexer.saturating_sub(self.cpu.indexer),
        };
        into.resident = process.resident()?;
        Ok(())
    }
}
