//! People one may know, in a store of many people with friends.

use litrocket_protocol::people::RecommendFriends;

use super::{Measured, Target, asking::ask, token};
use crate::{Error, Result, Scenario, Seed, SeedAccount, SeedConversation, peer::call};

/// Who asks: accounts of every degree, in turn.
const ASKERS: u64 = 50;
/// Members of a group.
const GROUP: u64 = 50;
/// Who people mostly know: their neighbours on a ring, up to this far.
const NEAR: u64 = 300;

/// Numbers that look random and are the same in every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    /// From 0 to 1, without 0.
    fn part(&mut self) -> f64 {
        ((self.next() >> 11) + 1) as f64 / (1_u64 << 53) as f64
    }
}

/// How many friendships somebody begins: a power law with exponent 2.5, cut at 30 times the mean. It has the mean
/// `mean`; who is befriended adds as many again.
fn degree(random: &mut Random, mean: f64) -> u64 {
    let lowest = mean / 3.0;
    (lowest * random.part().powf(-1.0 / 1.5)).min(mean * 30.0) as u64
}

/// Friendships of a power law: half with neighbours, so that friends have friends in common, half with anybody.
pub(super) fn seed(scenario: &Scenario) -> Seed {
    let people = scenario.people;
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut friends = Vec::new();
    for one in 1..=people {
        for _ in 0..degree(&mut random, scenario.friends as f64 / 2.0).max(1) {
            let other = if random.below(2) == 0 {
                (one + random.below(NEAR)) % people + 1
            } else {
                random.below(people) + 1
            };
            if other != one {
                friends.push((one.min(other), one.max(other)));
            }
        }
    }
    friends.sort_unstable();
    friends.dedup();
    let groups = people / GROUP;
    let members = |group: u64| (0..GROUP).map(move |n| (group * GROUP + n * 7) % people + 1).collect();
    Seed {
        accounts: (1..=people).map(|id| SeedAccount { id, token: token(id) }).collect(),
        friends,
        conversations: (0..groups)
            .map(|group| SeedConversation { id: group + 1, members: members(group), messages: 0 })
            .collect(),
        ..Seed::default()
    }
}

pub(super) async fn drive(target: &mut Target<'_>) -> Result<Measured> {
    let mut connections = Vec::new();
    let step = target.scenario.people / ASKERS;
    for asker in 0..ASKERS {
        connections.push(target.peers.sign_in(0, token(asker * step + 1)).await?);
    }
    ask(target, |number| {
        let connection = connections[(number % ASKERS) as usize].clone();
        async move {
            let found = call(&connection, &RecommendFriends { limit: Some(20) }).await?;
            if found.people.is_empty() { Err(Error("nobody is recommended".into())) } else { Ok(()) }
        }
    })
    .await
}
