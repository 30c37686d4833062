//! Signed-in connections that do nothing, as apps hold them: both long-lived streams, a few conversations.

use std::time::Duration;

use quinn::{Connection, RecvStream, SendStream};
use serde_json::json;

use super::{Measured, Target, Window, ramp, token};
use crate::{
    Result, Scenario, Seed, SeedAccount, SeedConversation,
    peer::{Join, Lane, Start},
};

/// Everybody talks with so many others; in the ring of accounts the next ones and those before.
const NEIGHBOURS: u64 = 2;
/// What is stored of each conversation: a message of both.
const STORED: u64 = 2;

/// How long memory settles behind the ramp.
const SETTLE: Duration = Duration::from_secs(5);

/// Accounts, and the conversations of neighbours.
pub(super) fn seed(scenario: &Scenario) -> Seed {
    let count = scenario.connections;
    let accounts = (1..=count).map(|id| SeedAccount { id, token: token(id) }).collect();
    let with = |account: u64, step: u64| (account - 1 + step) % count + 1;
    let conversations = (1..=count).flat_map(|account| {
        (1..=NEIGHBOURS).map(move |step| SeedConversation {
            id: conversation(account, step),
            members: vec![account, with(account, step)],
            messages: STORED,
        })
    });
    // In a small ring the neighbours on both sides are the same people.
    let conversations = if count > 2 * NEIGHBOURS { conversations.collect() } else { Vec::new() };
    Seed { accounts, conversations, ..Seed::default() }
}

/// The conversation of an account with the one so many places further.
fn conversation(account: u64, step: u64) -> u64 {
    (account - 1) * NEIGHBOURS + step
}

/// Where a device of an account stands that has everything.
pub(super) fn cursors(scenario: &Scenario, account: u64) -> Vec<(u64, u64)> {
    let count = scenario.connections;
    if count <= 2 * NEIGHBOURS {
        return Vec::new();
    }
    let before = |step: u64| (account - 1 + count - step) % count + 1;
    let both = |step| [conversation(account, step), conversation(before(step), step)];
    (1..=NEIGHBOURS).flat_map(both).map(|conversation| (conversation, STORED)).collect()
}

/// What a signed-in client holds.
type Held = (Connection, Lane, (SendStream, RecvStream));

pub(super) async fn drive(target: &mut Target<'_>) -> Result<Measured> {
    let (peers, count) = (target.peers.clone(), target.scenario.connections);
    let empty = target.process.resident()?;
    let mut measured = Measured::default();
    let held: Vec<Held> = ramp(count, |number| {
        let peers = peers.clone();
        async move {
            let connection = peers.sign_in(number as usize, token(number + 1)).await?;
            let lane = peers.lane(&connection, Join { conversation: number + 1, from: Start::Head }).await?;
            let state = peers.state(&connection, number + 1).await?;
            Ok((connection, lane, state))
        }
    })
    .await?;
    tokio::time::sleep(SETTLE).await;
    let window = Window::open(target.process)?;
    tokio::time::sleep(Duration::from_secs(target.scenario.seconds)).await;
    window.close(target.process, count, &mut measured)?;
    let bytes = measured.resident.saturating_sub(empty) / count;
    measured.more.insert("bytes_per_connection".into(), json!(bytes));
    drop(held);
    Ok(measured)
}
