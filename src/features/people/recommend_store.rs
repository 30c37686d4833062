//! The SQL of recommendations.

use std::collections::HashMap;

use litrocket_protocol::{AccountId, limits};

use crate::{
    args,
    db::Db,
    error::{Error, Result},
    writer::Tx,
};

fn numbers(rows: Vec<(i64, i64)>) -> Vec<(u64, u64)> {
    rows.into_iter().map(|(id, size)| (id as u64, size as u64)).collect()
}

/// An account's friends with how many each has, fewest first.
pub(super) async fn friends_by_degree(db: &Db, account: AccountId) -> Result<Vec<(u64, u64)>> {
    const SELECT: &str = "SELECT f.friend, a.friend_count FROM friends f JOIN accounts a ON a.id = f.friend
        WHERE f.account = $1 ORDER BY a.friend_count, f.friend LIMIT $2";
    Ok(numbers(db.all(SELECT, args![account, limits::FRIENDS_MAX as u64]).await?))
}

/// The groups an account is in, up to a size, smallest first.
pub(super) async fn small_groups(
    db: &Db,
    account: AccountId,
    members_max: u64,
    most: u64,
) -> Result<Vec<(u64, u64)>> {
    const SELECT: &str = "SELECT c.id, c.members FROM members m JOIN conversations c ON c.id = m.conversation
        WHERE m.account = $1 AND m.state = 2 AND c.kind = 2 AND c.members <= $2
        ORDER BY c.members, c.id LIMIT $3";
    Ok(numbers(db.all(SELECT, args![account, members_max, most]).await?))
}

/// The friends of some people, one list for each.
pub(super) async fn friends_of(db: &Db, people: &str) -> Result<Vec<(u64, Vec<u64>)>> {
    const SELECT: &str = "WITH near AS MATERIALIZED (SELECT value AS id FROM json_each($1))
        SELECT n.id, (SELECT json_group_array(f.friend) FROM friends f WHERE f.account = n.id) FROM near n";
    lists(db.all(SELECT, args![people]).await?)
}

/// The members of some groups, one list for each.
pub(super) async fn members_of(db: &Db, groups: &str) -> Result<Vec<(u64, Vec<u64>)>> {
    const SELECT: &str = "WITH near AS MATERIALIZED (SELECT value AS id FROM json_each($1))
        SELECT n.id, (SELECT json_group_array(m.account) FROM members m
            WHERE m.conversation = n.id AND m.state = 2) FROM near n";
    lists(db.all(SELECT, args![groups]).await?)
}

/// A list is one value of a row: thousands of rows would cost more than what they hold.
fn lists(rows: Vec<(i64, String)>) -> Result<Vec<(u64, Vec<u64>)>> {
    rows.into_iter()
        .map(|(id, list)| {
            let list = serde_json::from_str(&list).map_err(|error| Error::Internal(error.to_string()))?;
            Ok((id as u64, list))
        })
        .collect()
}

/// Of some people, those who may be recommended to an account, with handle and display name: they are found by
/// strangers, let themselves be asked, and were not asked, refused, blocked or dismissed.
pub(super) async fn fit(db: &Db, account: AccountId, people: &str) -> Result<Vec<(i64, String, String)>> {
    const SELECT: &str =
        "SELECT a.id, a.handle, a.display_name FROM json_each($2) j JOIN accounts a ON a.id = j.value
        WHERE a.deleted_ms IS NULL AND a.findable = 1 AND a.add_from = 1
            AND NOT EXISTS (SELECT 1 FROM blocks b WHERE b.account = $1 AND b.blocked = a.id)
            AND NOT EXISTS (SELECT 1 FROM blocks b WHERE b.account = a.id AND b.blocked = $1)
            AND NOT EXISTS (SELECT 1 FROM friend_requests r WHERE r.sender = $1 AND r.recipient = a.id)
            AND NOT EXISTS (SELECT 1 FROM friend_requests r WHERE r.sender = a.id AND r.recipient = $1)
            AND NOT EXISTS (SELECT 1 FROM recommend_dismissed d WHERE d.account = $1 AND d.other = a.id)";
    Ok(db.all(SELECT, args![account, people]).await?)
}

/// For each of some people, which of `mine` are their friends too: some of them, and how many. The
/// lists are read once, into tables of their own, and joined in the order they are written: the planner does not know how
/// long they are.
pub(super) async fn common_friends(
    db: &Db,
    people: &str,
    mine: &str,
    named: u64,
) -> Result<HashMap<AccountId, (Vec<AccountId>, u64)>> {
    const SELECT: &str = "WITH people AS MATERIALIZED (SELECT value AS id FROM json_each($1)),
            mine AS MATERIALIZED (SELECT key AS place, value AS id FROM json_each($2))
        SELECT person, friend, total FROM (SELECT p.id AS person, m.id AS friend,
            ROW_NUMBER() OVER (PARTITION BY p.id ORDER BY m.place) AS place,
            COUNT(*) OVER (PARTITION BY p.id) AS total
            FROM people p CROSS JOIN mine m CROSS JOIN friends f
            WHERE f.account = p.id AND f.friend = m.id) shown
        WHERE place <= $3 ORDER BY person, place";
    let rows: Vec<(i64, i64, i64)> = db.all(SELECT, args![people, mine, named]).await?;
    let mut common: HashMap<AccountId, (Vec<AccountId>, u64)> = HashMap::new();
    for (person, friend, total) in rows {
        let (friends, count) = common.entry(person.into()).or_default();
        friends.push(friend.into());
        *count = total as u64;
    }
    Ok(common)
}

/// Keeps somebody away for ever; beyond the bound the one dismissed first may come back.
pub(super) async fn dismiss(tx: &mut Tx, account: AccountId, other: AccountId) -> Result<()> {
    const INSERT: &str = "INSERT INTO recommend_dismissed (account, other, at_ms) VALUES ($1, $2, $3)
        ON CONFLICT (account, other) DO NOTHING";
    const OLDEST: &str = "DELETE FROM recommend_dismissed WHERE account = $1 AND other IN
            (SELECT other FROM recommend_dismissed WHERE account = $1
            ORDER BY at_ms DESC, other DESC LIMIT 10 OFFSET $2)";
    let now = tx.now_ms();
    tx.execute(INSERT, args![account, other, now]).await?;
    tx.execute(OLDEST, args![account, limits::DISMISSED_MAX as u64]).await.map(drop)
}

/// An account is deleted.
pub(super) async fn forget(tx: &mut Tx, account: AccountId) -> Result<()> {
    const DELETE: &str = "DELETE FROM recommend_dismissed WHERE account = $1 OR other = $1";
    tx.execute(DELETE, args![account]).await.map(drop)
}
