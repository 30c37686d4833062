//! Whom somebody may know: friends of friends and people of the same groups, with the reason.
//!
//! A friend counts the less the more friends they have, `1/ln(friends)`, as in Adamic and Adar, "Friends and neighbors on the Web"
//! (2003); a group likewise. So those with few friends say most, and are looked at first: what is looked at has a
//! budget, and beyond it are the people whose friendship says next to nothing.

use std::collections::{HashMap, HashSet};

use litrocket_protocol::{
    AccountId,
    account::Done,
    people::{DismissRecommendation, RecommendFriends, Recommendation, Recommendations},
};

use super::{check_other, recommend_store as store, store::exists};
use crate::{
    db,
    error::{Error, Result},
    features::page_limit,
    rpc::Session,
    writer::Tx,
};

/// Friendships of friends that are looked at.
const EDGES_MAX: u64 = 8_000;
/// Rows of members of common groups that are looked at.
const MEMBERS_MAX: u64 = 4_000;
/// Larger groups say nothing about who knows whom.
const GROUP_MAX: u64 = 200;
/// Own friends among whom the common ones are counted, those with the fewest friends first.
const COUNTED_MAX: usize = 500;
/// People who are looked at closer.
const CANDIDATES_MAX: usize = 200;
/// Common friends that are named.
const NAMED_MAX: u64 = 3;
/// What a common group weighs, of what a common friend would.
const GROUP_SHARE: f64 = 0.5;
/// Scores are thousandths.
const SCALE: f64 = 1_000.0;

/// Ids with the weight of each, from those with the smallest size on, within a budget of rows.
fn weighed(sized: &[(u64, u64)], share: f64, budget: u64) -> Vec<(u64, u64)> {
    let mut rows = 0;
    let fits = sized.iter().take_while(|(_, size)| {
        rows += size;
        rows <= budget
    });
    let weight = |size: u64| (share * SCALE / (size.max(2) as f64).ln()) as u64;
    fits.map(|(id, size)| (*id, weight(*size))).collect()
}

fn ids_of(weighed: &[(u64, u64)]) -> Result<String> {
    Ok(db::list(weighed.iter().map(|(id, _)| *id))?)
}

/// Somebody who may be known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Candidate {
    account: u64,
    score: u64,
    groups: u64,
}

/// Adds the weight of each list to everybody in it who is not known, and counts it as so many groups.
fn count(
    scores: &mut HashMap<u64, Candidate>,
    lists: &[(u64, Vec<u64>)],
    weights: &[(u64, u64)],
    known: &HashSet<u64>,
    groups: u64,
) {
    let weights: HashMap<u64, u64> = weights.iter().copied().collect();
    for (id, people) in lists {
        let weight = weights.get(id).copied().unwrap_or(0);
        for person in people.iter().filter(|person| !known.contains(person)) {
            let candidate =
                scores.entry(*person).or_insert(Candidate { account: *person, score: 0, groups: 0 });
            candidate.score += weight;
            candidate.groups += groups;
        }
    }
}

/// Those with the highest score, in order.
fn best(scores: HashMap<u64, Candidate>) -> Vec<Candidate> {
    let mut all: Vec<Candidate> = scores.into_values().collect();
    let order = |one: &Candidate, other: &Candidate| {
        other.score.cmp(&one.score).then(one.account.cmp(&other.account))
    };
    if all.len() > CANDIDATES_MAX {
        all.select_nth_unstable_by(CANDIDATES_MAX, order);
        all.truncate(CANDIDATES_MAX);
    }
    all.sort_unstable_by(order);
    all
}

pub(super) async fn list(caller: Session, request: RecommendFriends) -> Result<Recommendations> {
    let limit = page_limit(request.limit)?;
    let (db, me) = (&caller.app.db, caller.account());
    let friends = store::friends_by_degree(db, me).await?;
    let groups = store::small_groups(db, me, GROUP_MAX, MEMBERS_MAX).await?;
    let (friends_used, groups_used) =
        (weighed(&friends, 1.0, EDGES_MAX), weighed(&groups, GROUP_SHARE, MEMBERS_MAX));
    let of_friends = store::friends_of(db, &ids_of(&friends_used)?).await?;
    let of_groups = store::members_of(db, &ids_of(&groups_used)?).await?;
    let mut known = HashSet::from([me.0]);
    known.extend(friends.iter().map(|(id, _)| *id));
    let mut scores = HashMap::new();
    count(&mut scores, &of_friends, &friends_used, &known, 0);
    count(&mut scores, &of_groups, &groups_used, &known, 1);
    let candidates = best(scores);
    let ids: Vec<u64> = candidates.iter().map(|candidate| candidate.account).collect();
    let mut fit: HashMap<u64, (String, String)> = store::fit(db, me, &db::list(&ids)?)
        .await?
        .into_iter()
        .map(|(id, handle, name)| (id as u64, (handle, name)))
        .collect();
    let mut people: Vec<Recommendation> = candidates
        .into_iter()
        .filter_map(|candidate| {
            let (handle, display_name) = fit.remove(&candidate.account)?;
            Some(Recommendation {
                account: AccountId(candidate.account),
                handle,
                display_name,
                score: candidate.score,
                common_friends: 0,
                friends: Vec::new(),
                common_groups: candidate.groups,
            })
        })
        .take(limit as usize)
        .collect();
    let ids: Vec<u64> = people.iter().map(|person| person.account.0).collect();
    let mine: Vec<u64> = friends.iter().take(COUNTED_MAX).map(|(id, _)| *id).collect();
    let mut common = store::common_friends(db, &db::list(&ids)?, &db::list(&mine)?, NAMED_MAX).await?;
    for person in &mut people {
        (person.friends, person.common_friends) = common.remove(&person.account).unwrap_or_default();
    }
    Ok(Recommendations { people })
}

pub(super) async fn dismiss(caller: Session, request: DismissRecommendation) -> Result<Done> {
    let (me, other) = (caller.account(), request.account);
    check_other(me, other)?;
    let work = async move |tx: &mut Tx| {
        if !exists(tx, other).await? {
            return Err(Error::missing("account"));
        }
        store::dismiss(tx, me, other).await?;
        Ok::<_, Error>(())
    };
    caller.app.writer.run(move |tx| Box::pin(async move { work(tx).await })).await?;
    Ok(Done::default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_few_friends_weighs_most_and_hubs_are_beyond_the_budget() {
        let sized = [(7, 0), (8, 2), (9, 100), (10, 7_000), (11, 100_000)];
        let weighed = weighed(&sized, 1.0, EDGES_MAX);
        assert_eq!(weighed.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [7, 8, 9, 10]);
        assert!(weighed.windows(2).all(|pair| pair[0].1 >= pair[1].1), "{weighed:?}");
        assert_eq!((weighed[0].1, weighed[2].1), (1_442, 217));
    }
}
