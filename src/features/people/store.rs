//! SQL of friendships, blocks and what people are found by, and what each change writes to the account logs of both
//! sides.

use litrocket_protocol::{
    AccountId, frame,
    people::{Blocked, BlockedEntry, FoundPerson, Friend, FriendEntry},
};

use super::{lets, recommend_store, request_store};
use crate::{
    args,
    db::Db,
    error::{Error, Result},
    features::{conversations, moments},
    writer::Tx,
};

fn friend_key(friend: AccountId) -> String {
    format!("friend/{friend}")
}

fn blocked_key(other: AccountId) -> String {
    format!("blocked/{other}")
}

pub(crate) async fn exists(tx: &mut Tx, account: AccountId) -> Result<bool> {
    const SELECT: &str = "SELECT id FROM accounts WHERE id = $1 AND deleted_ms IS NULL";
    let row: Option<(i64,)> = tx.first(SELECT, args![account]).await?;
    Ok(row.is_some())
}

pub(super) async fn made_ms(tx: &mut Tx, account: AccountId) -> Result<u64> {
    let row: Option<(i64,)> =
        tx.first("SELECT created_ms FROM accounts WHERE id = $1", args![account]).await?;
    Ok(row.map_or(0, |(made,)| made as u64))
}

/// Strangers the account turned to on a day.
pub(super) async fn strangers(tx: &mut Tx, account: AccountId, day: u64) -> Result<u64> {
    const SELECT: &str = "SELECT count FROM strangers WHERE account = $1 AND day = $2";
    let row: Option<(i64,)> = tx.first(SELECT, args![account, day]).await?;
    Ok(row.map_or(0, |(count,)| count as u64))
}

pub(super) async fn count_strangers(tx: &mut Tx, account: AccountId, day: u64, count: u64) -> Result<()> {
    const COUNT: &str = "INSERT INTO strangers (account, day, count) VALUES ($1, $2, $3)
        ON CONFLICT (account) DO UPDATE SET day = excluded.day,
            count = CASE WHEN strangers.day = excluded.day THEN strangers.count ELSE 0 END + excluded.count";
    tx.execute(COUNT, args![account, day, count]).await.map(drop)
}

pub(crate) async fn are_friends(tx: &mut Tx, one: AccountId, other: AccountId) -> Result<bool> {
    let row: Option<(i64,)> =
        tx.first("SELECT friend FROM friends WHERE account = $1 AND friend = $2", args![one, other]).await?;
    Ok(row.is_some())
}

/// How many friends that one of two people has who has more.
pub(super) async fn most_friends(tx: &mut Tx, one: AccountId, other: AccountId) -> Result<u64> {
    const SELECT: &str = "SELECT COUNT(*) FROM friends WHERE account IN ($1, $2) GROUP BY account
        ORDER BY COUNT(*) DESC LIMIT 1";
    let row: Option<(i64,)> = tx.first(SELECT, args![one, other]).await?;
    Ok(row.map_or(0, |(count,)| count as u64))
}

/// Both have so many more friends.
async fn count(tx: &mut Tx, one: AccountId, other: AccountId, change: i64) -> Result<()> {
    const UPDATE: &str = "UPDATE accounts SET friend_count = friend_count + $3 WHERE id IN ($1, $2)";
    tx.execute(UPDATE, args![one, other, change]).await.map(drop)
}

pub(super) async fn befriend(tx: &mut Tx, one: AccountId, other: AccountId) -> Result<()> {
    const INSERT: &str = "INSERT INTO friends (account, friend, since_ms) VALUES ($1, $2, $3), ($2, $1, $3)";
    let now = tx.now_ms();
    tx.execute(INSERT, args![one, other, now]).await?;
    count(tx, one, other, 1).await?;
    let entry = FriendEntry { since_ms: now, remark: String::new(), tags: Vec::new(), starred: false };
    let value = Some(frame::encode_body(&entry));
    tx.entries(vec![(one, friend_key(other), value.clone()), (other, friend_key(one), value)]).await?;
    conversations::befriended(tx, one, other).await
}

/// Ends a friendship on both sides; nothing when there is none.
/// Whether they were friends.
pub(super) async fn part(tx: &mut Tx, one: AccountId, other: AccountId) -> Result<bool> {
    const DELETE: &str =
        "DELETE FROM friends WHERE (account = $1 AND friend = $2) OR (account = $2 AND friend = $1)";
    if tx.execute(DELETE, args![one, other]).await? == 0 {
        return Ok(false);
    }
    count(tx, one, other, -1).await?;
    moments::parted(tx, one, other).await?;
    tx.entries(vec![(one, friend_key(other), None), (other, friend_key(one), None)]).await?;
    conversations::set_standing(tx, one, other).await?;
    Ok(true)
}

type SideRow = (i64, String, String, i64);

fn side((since, remark, tags, starred): SideRow) -> Result<FriendEntry> {
    let tags = serde_json::from_str(&tags).map_err(|error| Error::Internal(error.to_string()))?;
    Ok(FriendEntry { since_ms: since as u64, remark, tags, starred: starred != 0 })
}

pub(super) async fn friend(
    tx: &mut Tx,
    account: AccountId,
    friend: AccountId,
) -> Result<Option<FriendEntry>> {
    const SELECT: &str =
        "SELECT since_ms, remark, tags, starred FROM friends WHERE account = $1 AND friend = $2";
    let row: Option<SideRow> = tx.first(SELECT, args![account, friend]).await?;
    row.map(side).transpose()
}

pub(super) async fn set_friend(
    tx: &mut Tx,
    account: AccountId,
    friend: AccountId,
    entry: &FriendEntry,
) -> Result<()> {
    const UPDATE: &str =
        "UPDATE friends SET remark = $3, tags = $4, starred = $5 WHERE account = $1 AND friend = $2";
    let tags = serde_json::to_string(&entry.tags).map_err(|error| Error::Internal(error.to_string()))?;
    tx.execute(UPDATE, args![account, friend, &*entry.remark, tags, entry.starred]).await?;
    tx.entry(account, friend_key(friend), Some(frame::encode_body(entry))).await
}

pub(super) async fn friends(
    db: &Db,
    account: AccountId,
    after: Option<AccountId>,
    tag: Option<&str>,
    limit: u64,
) -> Result<Vec<Friend>> {
    const SELECT: &str = "SELECT f.friend, a.handle, a.display_name, f.since_ms, f.remark, f.tags, f.starred
        FROM friends f JOIN accounts a ON a.id = f.friend
        WHERE f.account = $1 AND f.friend > $2
            AND ($3 IS NULL OR EXISTS (SELECT 1 FROM json_each(f.tags) t WHERE t.value = $3))
        ORDER BY f.friend LIMIT $4";
    type FriendRow = (i64, String, String, i64, String, String, i64);
    let after = after.map_or(0, AccountId::sql);
    let rows: Vec<FriendRow> = db.all(SELECT, args![account, after, tag, limit]).await?;
    rows.into_iter()
        .map(|(friend, handle, display_name, since, remark, tags, starred)| {
            let mine = side((since, remark, tags, starred))?;
            Ok(Friend { account: friend.into(), handle, display_name, mine })
        })
        .collect()
}

pub(super) async fn blocks(tx: &mut Tx, account: AccountId, other: AccountId) -> Result<bool> {
    const SELECT: &str = "SELECT blocked FROM blocks WHERE account = $1 AND blocked = $2";
    let row: Option<(i64,)> = tx.first(SELECT, args![account, other]).await?;
    Ok(row.is_some())
}

pub(super) async fn count_blocked(tx: &mut Tx, account: AccountId) -> Result<u64> {
    let row: Option<(i64,)> =
        tx.first("SELECT COUNT(*) FROM blocks WHERE account = $1", args![account]).await?;
    Ok(row.map_or(0, |(count,)| count as u64))
}

pub(super) async fn block(tx: &mut Tx, account: AccountId, other: AccountId) -> Result<()> {
    let now = tx.now_ms();
    tx.execute(
        "INSERT INTO blocks (account, blocked, at_ms) VALUES ($1, $2, $3)",
        args![account, other, now],
    )
    .await?;
    tx.entry(account, blocked_key(other), Some(frame::encode_body(&BlockedEntry { at_ms: now }))).await
}

pub(super) async fn unblock(tx: &mut Tx, account: AccountId, other: AccountId) -> Result<()> {
    tx.execute("DELETE FROM blocks WHERE account = $1 AND blocked = $2", args![account, other]).await?;
    tx.entry(account, blocked_key(other), None).await
}

pub(super) async fn blocked(
    db: &Db,
    account: AccountId,
    after: Option<AccountId>,
    limit: u64,
) -> Result<Vec<Blocked>> {
    const SELECT: &str = "SELECT b.blocked, a.handle, a.display_name, b.at_ms
        FROM blocks b JOIN accounts a ON a.id = b.blocked
        WHERE b.account = $1 AND b.blocked > $2 ORDER BY b.blocked LIMIT $3";
    let after = after.map_or(0, AccountId::sql);
    let rows: Vec<(i64, String, String, i64)> = db.all(SELECT, args![account, after, limit]).await?;
    Ok(rows
        .into_iter()
        .map(|(other, handle, display_name, at)| Blocked {
            account: other.into(),
            handle,
            display_name,
            block: BlockedEntry { at_ms: at as u64 },
        })
        .collect())
}

/// Sets what an account is found by.
pub(super) async fn set_terms(
    tx: &mut Tx,
    account: AccountId,
    terms: impl IntoIterator<Item = String>,
) -> Result<()> {
    tx.execute("DELETE FROM people_terms WHERE account = $1", args![account]).await?;
    add_terms(tx, terms.into_iter().map(|term| (account, term))).await
}

/// Adds to what accounts are found by.
pub(super) async fn add_terms(
    tx: &mut Tx,
    terms: impl IntoIterator<Item = (AccountId, String)>,
) -> Result<()> {
    const INSERT: &str = "INSERT INTO people_terms (term, account) VALUES ($1, $2)";
    let rows: Vec<_> = terms.into_iter().map(|(account, term)| args![term, account].to_vec()).collect();
    tx.execute_many(INSERT, &rows).await
}

/// Some accounts behind one that cannot be found by anything yet, with handle and display name.
pub(super) async fn not_indexed(
    tx: &mut Tx,
    after: AccountId,
    limit: u64,
) -> Result<Vec<(AccountId, String, String)>> {
    const SELECT: &str =
        "SELECT id, handle, display_name FROM accounts a WHERE id > $1 AND deleted_ms IS NULL
            AND NOT EXISTS (SELECT 1 FROM people_terms t WHERE t.account = a.id)
        ORDER BY id LIMIT $2";
    let rows: Vec<(i64, String, String)> = tx.all(SELECT, args![after, limit]).await?;
    Ok(rows.into_iter().map(|(id, handle, name)| (id.into(), handle, name)).collect())
}

/// People with a term that begins as `text`, behind a term and account, with the term: each person once, under the
/// first of their terms.
pub(super) async fn find(
    db: &Db,
    account: AccountId,
    text: &str,
    (term, after): (String, AccountId),
    limit: u64,
) -> Result<Vec<(String, FoundPerson)>> {
    const SELECT: &str = "SELECT t.term, a.id, a.handle, a.display_name
        FROM people_terms t JOIN accounts a ON a.id = t.account
        WHERE t.term >= $2 AND t.term < $3 AND (t.term > $4 OR (t.term = $4 AND t.account > $5)) AND t.term >= $4
            AND NOT EXISTS (SELECT 1 FROM people_terms o
                WHERE o.account = t.account AND o.term >= $2 AND o.term < t.term)
            AND a.deleted_ms IS NULL AND a.findable = 1 AND a.id <> $1
            AND NOT EXISTS (SELECT 1 FROM blocks b WHERE b.account = a.id AND b.blocked = $1)
        ORDER BY t.term, t.account LIMIT $6";
    let end = format!("{text}\u{10ffff}");
    let rows: Vec<(String, i64, String, String)> =
        db.all(SELECT, args![account, text, end, term, after, limit]).await?;
    Ok(rows
        .into_iter()
        .map(|(term, id, handle, display_name)| {
            (term, FoundPerson { account: id.into(), handle, display_name })
        })
        .collect())
}

/// A person, if they let the account find them by their e-mail address.
pub(super) async fn by_email(db: &Db, reader: AccountId, person: AccountId) -> Result<Option<FoundPerson>> {
    const SELECT: &str = concat!(
        "SELECT a.id, a.handle, a.display_name FROM accounts a WHERE a.id = $2 AND a.id <> $1 AND a.deleted_ms IS NULL
            AND NOT EXISTS (SELECT 1 FROM blocks b WHERE b.account = a.id AND b.blocked = $1) AND ",
        lets!("a.email_from", "a.id", "$1")
    );
    let row: Option<(i64, String, String)> = db.first(SELECT, args![reader, person]).await?;
    Ok(row.map(|(id, handle, display_name)| FoundPerson { account: id.into(), handle, display_name }))
}

/// The code of an account's add-me address and when it was made: `fresh` when there was none.
pub(super) async fn add_link(tx: &mut Tx, account: AccountId, fresh: &str) -> Result<(String, u64)> {
    const INSERT: &str = "INSERT INTO add_links (account, code, made_ms) VALUES ($1, $2, $3)
        ON CONFLICT (account) DO NOTHING";
    const SELECT: &str = "SELECT code, made_ms FROM add_links WHERE account = $1";
    let now = tx.now_ms();
    tx.execute(INSERT, args![account, fresh, now]).await?;
    let row: Option<(String, i64)> = tx.first(SELECT, args![account]).await?;
    let (code, made_ms) = row.ok_or_else(|| Error::Internal("an address that was just made".into()))?;
    Ok((code, made_ms as u64))
}

/// Whether there was one.
pub(super) async fn drop_add_link(tx: &mut Tx, account: AccountId) -> Result<bool> {
    Ok(tx.execute("DELETE FROM add_links WHERE account = $1", args![account]).await? > 0)
}

/// Whose an add-me address is, for whom that person does not block.
pub(super) async fn linked(db: &Db, reader: AccountId, code: &str) -> Result<Option<FoundPerson>> {
    const SELECT: &str =
        "SELECT a.id, a.handle, a.display_name FROM add_links l JOIN accounts a ON a.id = l.account
        WHERE l.code = $2 AND NOT EXISTS (SELECT 1 FROM blocks b WHERE b.account = a.id AND b.blocked = $1)";
    let row: Option<(i64, String, String)> = db.first(SELECT, args![reader, code]).await?;
    Ok(row.map(|(id, handle, display_name)| FoundPerson { account: id.into(), handle, display_name }))
}

/// Whether a code is the one of an account's add-me address.
pub(super) async fn is_linked(tx: &mut Tx, account: AccountId, code: &str) -> Result<bool> {
    const SELECT: &str = "SELECT account FROM add_links WHERE account = $1 AND code = $2";
    let row: Option<(i64,)> = tx.first(SELECT, args![account, code]).await?;
    Ok(row.is_some())
}

/// Friendships, requests and blocks that one job of a deletion takes back.
pub(crate) const FORGET_AT_ONCE: u64 = 50;

/// Takes a deleted account out of some of its friendships, requests and blocks; how many.
pub(crate) async fn forget_some(tx: &mut Tx, account: AccountId, most: u64) -> Result<usize> {
    const FRIENDS: &str = "SELECT friend FROM friends WHERE account = $1 LIMIT $2";
    const BLOCKERS: &str = "DELETE FROM blocks WHERE blocked = $1
        AND account IN (SELECT account FROM blocks WHERE blocked = $1 LIMIT $2) RETURNING account";
    let friends: Vec<(i64,)> = tx.all(FRIENDS, args![account, most]).await?;
    for (friend,) in &friends {
        part(tx, account, (*friend).into()).await?;
    }
    let requests = request_store::forget_some(tx, account, most).await?;
    let blockers: Vec<(i64,)> = tx.all(BLOCKERS, args![account, most]).await?;
    let count = friends.len() + requests + blockers.len();
    let entries = blockers.into_iter().map(|(other,)| (other.into(), blocked_key(account), None)).collect();
    tx.entries(entries).await?;
    Ok(count)
}

/// Takes an account that is deleted out of everybody's friends, requests and blocks, and out of everything else.
pub(crate) async fn forget(tx: &mut Tx, account: AccountId) -> Result<()> {
    // Somebody may have come meanwhile.
    while forget_some(tx, account, FORGET_AT_ONCE).await? > 0 {}
    tx.execute("DELETE FROM blocks WHERE account = $1", args![account]).await?;
    tx.execute("DELETE FROM people_terms WHERE account = $1", args![account]).await?;
    drop_add_link(tx, account).await?;
    recommend_store::forget(tx, account).await?;
    tx.execute("DELETE FROM strangers WHERE account = $1", args![account]).await.map(drop)
}
