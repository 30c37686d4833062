//! Pages of the feed of moments, in a store of many people.

use litrocket_protocol::moments::ListFeed;

use super::{Measured, Target, asking::ask, token};
use crate::{Error, Result, Scenario, Seed, SeedAccount, peer::call};

/// Who asks: the first accounts, in turn.
const ASKERS: u64 = 20;

/// The friends of who asks are spread over all others.
pub(super) fn seed(scenario: &Scenario) -> Seed {
    let others = scenario.people - ASKERS;
    let friends = scenario.friends.min(others);
    let step = others / friends;
    let of = |asker: u64| {
        (0..friends).map(move |number| (asker, ASKERS + 1 + (asker * 7919 + number * step) % others))
    };
    Seed {
        accounts: (1..=scenario.people).map(|id| SeedAccount { id, token: token(id) }).collect(),
        friends: (1..=ASKERS).flat_map(of).collect(),
        moments: scenario.stored / scenario.people,
        ..Seed::default()
    }
}

pub(super) async fn feed(target: &mut Target<'_>) -> Result<Measured> {
    let mut connections = Vec::new();
    for asker in 1..=ASKERS {
        connections.push(target.peers.sign_in(0, token(asker)).await?);
    }
    let stored = target.scenario.stored;
    ask(target, |number| {
        let connection = connections[(number % ASKERS) as usize].clone();
        // The newest page, and pages of last month.
        let before = (number % 2 == 1).then(|| stored / 2 + number * 7919 % (stored / 2));
        async move {
            let page = call(&connection, &ListFeed { before, limit: None }).await?;
            if page.moments.is_empty() { Err(Error("a page of the feed is empty".into())) } else { Ok(()) }
        }
    })
    .await
}
