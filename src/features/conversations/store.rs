//! SQL of the table `conversations`. Who is in is in `member_store.rs`, each person's own side in `side_store.rs`.

use litrocket_protocol::{
    AccountId, ConversationId, MessageId,
    conversations::{conversation_kind, role},
    limits,
};

use crate::{
    args,
    db::{self, Db},
    error::Result,
    writer::Tx,
};

/// The numbers of accounts as a JSON list.
pub(crate) fn ids(accounts: &[AccountId]) -> Result<String> {
    Ok(db::list(accounts.iter().map(|account| account.0))?)
}

/// A conversation's own facts.
#[derive(Debug, Clone)]
pub(crate) struct Facts {
    pub(crate) kind: u8,
    pub(crate) name: String,
    pub(crate) owner: AccountId,
    pub(crate) members: u64,
    pub(crate) open_history: bool,
}

pub(crate) async fn facts(tx: &mut Tx, conversation: ConversationId) -> Result<Option<Facts>> {
    const SELECT: &str = "SELECT kind, name, owner, members, open_history FROM conversations WHERE id = $1";
    let row: Option<(i64, String, i64, i64, i64)> = tx.first(SELECT, args![conversation]).await?;
    Ok(row.map(|(kind, name, owner, members, open)| Facts {
        kind: kind as u8,
        name,
        owner: owner.into(),
        members: members as u64,
        open_history: open != 0,
    }))
}

pub(crate) async fn direct(tx: &mut Tx, low: AccountId, high: AccountId) -> Result<Option<ConversationId>> {
    let row: Option<(i64,)> =
        tx.first("SELECT id FROM conversations WHERE low = $1 AND high = $2", args![low, high]).await?;
    Ok(row.map(|(id,)| id.into()))
}

/// The same, for who only reads.
pub(crate) async fn direct_of(db: &Db, low: AccountId, high: AccountId) -> Result<Option<ConversationId>> {
    let row: Option<(i64,)> =
        db.first("SELECT id FROM conversations WHERE low = $1 AND high = $2", args![low, high]).await?;
    Ok(row.map(|(id,)| id.into()))
}

pub(crate) async fn insert_direct(
    tx: &mut Tx,
    conversation: ConversationId,
    by: AccountId,
    low: AccountId,
    high: AccountId,
) -> Result<()> {
    const INSERT: &str =
        "INSERT INTO conversations (id, kind, low, high, made_by, members, created_ms, last_at_ms)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $7)";
    let kind = if low == high { conversation_kind::SAVED } else { conversation_kind::DIRECT };
    let now = tx.now_ms();
    let members = 1 + u64::from(low != high);
    tx.execute(INSERT, args![conversation, kind, low, high, by, members, now]).await.map(drop)
}

/// A group made by an account with an id of its own.
pub(crate) async fn made(
    tx: &mut Tx,
    by: AccountId,
    id: MessageId,
) -> Result<Option<(ConversationId, Vec<u8>)>> {
    const SELECT: &str = "SELECT id, made_hash FROM conversations WHERE made_by = $1 AND made_id = $2";
    let row: Option<(i64, Option<Vec<u8>>)> = tx.first(SELECT, args![by, id]).await?;
    Ok(row.map(|(id, hash)| (id.into(), hash.unwrap_or_default())))
}

pub(crate) async fn made_since(tx: &mut Tx, by: AccountId, since_ms: u64) -> Result<u64> {
    const SELECT: &str =
        "SELECT COUNT(*) FROM conversations WHERE made_by = $1 AND kind = 2 AND created_ms >= $2";
    let row: Option<(i64,)> = tx.first(SELECT, args![by, since_ms]).await?;
    Ok(row.map_or(0, |(count,)| count as u64))
}

/// A group to make.
pub(crate) struct NewGroup<'a> {
    pub(crate) conversation: ConversationId,
    pub(crate) name: &'a str,
    pub(crate) owner: AccountId,
    pub(crate) id: MessageId,
    pub(crate) hash: [u8; 32],
    pub(crate) open_history: bool,
}

pub(crate) async fn insert_group(tx: &mut Tx, group: &NewGroup<'_>) -> Result<()> {
    const INSERT: &str = "INSERT INTO conversations
            (id, kind, name, owner, made_by, made_id, made_hash, open_history, created_ms, last_at_ms)
        VALUES ($1, 2, $2, $3, $3, $4, $5, $6, $7, $7)";
    let now = tx.now_ms();
    let args =
        args![group.conversation, group.name, group.owner, group.id, group.hash, group.open_history, now];
    tx.execute(INSERT, args).await.map(drop)
}

pub(crate) async fn count_members(tx: &mut Tx, conversation: ConversationId, change: i64) -> Result<()> {
    const UPDATE: &str = "UPDATE conversations SET members = members + $2 WHERE id = $1";
    tx.execute(UPDATE, args![conversation, change]).await.map(drop)
}

pub(crate) async fn set_open_history(tx: &mut Tx, conversation: ConversationId, open: bool) -> Result<()> {
    tx.execute("UPDATE conversations SET open_history = $2 WHERE id = $1", args![conversation, open])
        .await
        .map(drop)
}

pub(crate) async fn set_owner(tx: &mut Tx, conversation: ConversationId, account: AccountId) -> Result<()> {
    tx.execute("UPDATE conversations SET owner = $2 WHERE id = $1", args![conversation, account])
        .await
        .map(drop)
}

pub(crate) async fn rename(tx: &mut Tx, conversation: ConversationId, name: &str) -> Result<()> {
    tx.execute("UPDATE conversations SET name = $2 WHERE id = $1", args![conversation, name]).await.map(drop)
}

/// Those of the accounts that exist and have room for another conversation. Being kept out of one that they never were
/// in takes none.
pub(crate) async fn able(
    tx: &mut Tx,
    accounts: &[AccountId],
    conversations_max: u64,
) -> Result<Vec<AccountId>> {
    const SELECT: &str = "SELECT a.id FROM json_each($1) j JOIN accounts a ON a.id = j.value
        WHERE a.deleted_ms IS NULL AND (SELECT COUNT(*) FROM members m
            WHERE m.account = a.id AND NOT (m.state = 5 AND m.shown = 0)) < $2
        ORDER BY a.id";
    let rows: Vec<(i64,)> = tx.all(SELECT, args![ids(accounts)?, conversations_max]).await?;
    Ok(rows.into_iter().map(|(id,)| id.into()).collect())
}

/// Those of the accounts that have room for this one: they came in not too often yet.
pub(crate) async fn able_to_join(
    tx: &mut Tx,
    conversation: ConversationId,
    accounts: &[AccountId],
) -> Result<Vec<AccountId>> {
    const SELECT: &str = "SELECT j.value FROM json_each($2) j WHERE (SELECT COUNT(*) FROM access x
        WHERE x.conversation = $1 AND x.account = j.value) < $3 ORDER BY j.value";
    let able = able(tx, accounts, limits::CONVERSATIONS_MAX as u64).await?;
    let rows: Vec<(i64,)> =
        tx.all(SELECT, args![conversation, ids(&able)?, limits::GROUP_RETURNS_MAX]).await?;
    Ok(rows.into_iter().map(|(id,)| id.into()).collect())
}

/// Those of the accounts that exist.
pub(crate) async fn existing(tx: &mut Tx, accounts: &[AccountId]) -> Result<Vec<AccountId>> {
    able(tx, accounts, i64::MAX as u64).await
}

/// Some groups an account is in, with the number of their members and its role.
pub(crate) async fn groups_of(
    tx: &mut Tx,
    account: AccountId,
    most: u64,
) -> Result<Vec<(ConversationId, u64, u8)>> {
    const SELECT: &str = "SELECT m.conversation, c.members, m.role FROM members m
        JOIN conversations c ON c.id = m.conversation WHERE m.account = $1 AND m.state = 2 AND c.kind = 2
        ORDER BY m.conversation LIMIT $2";
    let rows: Vec<(i64, i64, i64)> = tx.all(SELECT, args![account, most]).await?;
    Ok(rows.into_iter().map(|(id, members, role)| (id.into(), members as u64, role as u8)).collect())
}

/// How many groups with other members an account owns.
pub(crate) async fn owned(tx: &mut Tx, account: AccountId) -> Result<u64> {
    const SELECT: &str = "SELECT COUNT(*) FROM members m JOIN conversations c ON c.id = m.conversation
        WHERE m.account = $1 AND m.state = 2 AND m.role = $2 AND c.kind = 2 AND c.members > 1";
    let row: Option<(i64,)> = tx.first(SELECT, args![account, role::OWNER]).await?;
    Ok(row.map_or(0, |(count,)| count as u64))
}

/// Whether a member's typing is anybody's business: something was said there, or the other one does not know of the
/// conversation yet; and they are not muted.
pub(crate) async fn may_show_typing(
    db: &Db,
    conversation: ConversationId,
    account: AccountId,
    now_ms: u64,
) -> Result<bool> {
    const SELECT: &str = "SELECT account FROM members WHERE conversation = $1 AND account = $2
        AND COALESCE(muted_ms, 0) <= $3 AND EXISTS (SELECT 1 FROM events e WHERE e.conversation = $1)";
    let row: Option<(i64,)> = db.first(SELECT, args![conversation, account, now_ms]).await?;
    Ok(row.is_some())
}

/// How many members are in.
pub(crate) async fn size(db: &Db, conversation: ConversationId) -> Result<usize> {
    let row: Option<(i64,)> =
        db.first("SELECT members FROM conversations WHERE id = $1", args![conversation]).await?;
    Ok(row.map_or(0, |(members,)| members as usize))
}
