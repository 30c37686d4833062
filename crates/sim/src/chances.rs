//! How a run is: drawn from its seed, each run another. Some runs know no crash, some hardly anything else.

use crate::rng::Rng;

/// A millisecond and a second of the simulation's clock, which counts microseconds.
pub(crate) const MS: u64 = 1_000;
pub(crate) const SECOND: u64 = 1_000 * MS;

/// What persons, machines and fate do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    /// A text, now and then as an answer to another.
    Say,
    /// A burst of texts.
    SayMuch,
    /// New words for one of the person's messages.
    Edit,
    /// One of the person's messages is taken back.
    Recall,
    React,
    /// The same id and words as before.
    SayAgain,
    /// The same id with other words.
    SayOther,
    /// Asks for the unread count, with or without moving the read marker.
    Read,
    Clear,
    Hide,
    Invite,
    Remove,
    Leave,
    /// Goes off-line for a while.
    Away,
    /// The app ends without saving and starts again.
    AppCrash,
    /// Everything is asked for again, from the beginning.
    Rewind,
    /// The connection is lost; both sides notice at different times.
    Cut,
    /// Nothing comes through for a while.
    Partition,
    /// The server ends at once and starts again.
    Kill,
    /// The server finishes what it took, ends, and starts again.
    Stop,
    /// Commits fail for a while.
    Full,
    /// The server's clock jumps.
    Clock,
    /// A device's clock jumps, or it slept and its timers are late.
    DeviceClock,
    /// What the operator allows changes.
    Policy,
}

const ACTIONS: [(Action, u64); 24] = [
    (Action::Say, 60),
    (Action::SayMuch, 8),
    (Action::Edit, 6),
    (Action::Recall, 4),
    (Action::React, 4),
    (Action::SayAgain, 4),
    (Action::SayOther, 2),
    (Action::Read, 6),
    (Action::Clear, 2),
    (Action::Hide, 2),
    (Action::Invite, 10),
    (Action::Remove, 3),
    (Action::Leave, 3),
    (Action::Away, 6),
    (Action::AppCrash, 4),
    (Action::Rewind, 1),
    (Action::Cut, 10),
    (Action::Partition, 3),
    (Action::Kill, 4),
    (Action::Stop, 2),
    (Action::Full, 2),
    (Action::Clock, 2),
    (Action::Policy, 1),
    (Action::DeviceClock, 3),
];

/// The shape of one run.
#[derive(Debug, Clone)]
pub(crate) struct Chances {
    pub(crate) accounts: usize,
    pub(crate) devices: usize,
    pub(crate) rooms: usize,
    pub(crate) actions: u64,
    /// Of 1,000 pauses between two actions, how many are long.
    pub(crate) silences: u64,
    /// The time between two actions, at most.
    pub(crate) pace: u64,
    /// One way through the network, at most.
    pub(crate) delay: u64,
    /// Of 1,000 packets, how many come late.
    pub(crate) late: u64,
    /// A commit, at most.
    pub(crate) commit: u64,
    /// Of 1,000 commits, how many fail.
    pub(crate) failures: u64,
    /// A look into the database, at most.
    pub(crate) look: u64,
    /// Of 1,000 looks into the database, how many take time.
    pub(crate) slow_looks: u64,
    /// Sends and jobs in one batch.
    pub(crate) batch: usize,
    /// Events in one page, in one turn, and in the recent log of a conversation.
    pub(crate) page: usize,
    pub(crate) turn: usize,
    pub(crate) recent: usize,
    /// Packets under way to a client before the server writes no more.
    pub(crate) window: usize,
    /// Of 1,000 arrivals, how many the app handles at once; and how often it then saves.
    pub(crate) handles: u64,
    pub(crate) saves: u64,
    weights: [u64; ACTIONS.len()],
}

impl Chances {
    pub(crate) fn draw(rng: &mut Rng) -> Self {
        let mut weights = ACTIONS.map(|(_, weight)| weight * rng.range(1, 4));
        for weight in &mut weights[1..] {
            if rng.chance(300) {
                *weight = 0;
            }
        }
        let accounts = rng.range(2, 4) as usize;
        let most = if rng.chance(50) { 20 } else { 7 };
        Self {
            accounts,
            devices: rng.range(accounts as u64, most) as usize,
            rooms: rng.range(1, 3) as usize,
            actions: rng.range(15, 60),
            silences: rng.range(20, 150),
            pace: rng.long(2 * MS, 9),
            delay: rng.long(MS, 9),
            late: rng.below(100),
            commit: rng.long(MS, 8),
            failures: if rng.chance(300) { rng.below(100) } else { 0 },
            look: rng.long(MS, 6),
            slow_looks: rng.below(500),
            batch: rng.range(1, 64) as usize,
            page: rng.range(1, 12) as usize,
            turn: rng.range(1, 16) as usize,
            recent: rng.below(16) as usize,
            window: rng.range(1, 8) as usize,
            handles: rng.range(100, 1000),
            saves: rng.range(20, 1000),
            weights,
        }
    }

    pub(crate) fn action(&self, rng: &mut Rng) -> Action {
        ACTIONS[rng.weighted(&self.weights)].0
    }
}
