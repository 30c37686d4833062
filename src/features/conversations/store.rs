//! The conversations feature's SQL.

use std::collections::HashMap;

use litrocket_core::access::{self, Range};
use litrocket_protocol::{
    AccountId, ConversationId, MessageId,
    conversations::{ConversationEntry, conversation_kind, member_state, role},
};

use super::Readable;
use crate::{
    args,
    db::Db,
    error::{Error, Result},
    writer::Tx,
};

/// Numbers as a JSON list, for statements that take many.
pub(crate) fn json<T: serde::Serialize>(values: &[T]) -> Result<String> {
    serde_json::to_string(values).map_err(|error| Error::Internal(error.to_string()))
}

fn ids(accounts: &[AccountId]) -> Result<String> {
    json(&accounts.iter().map(|account| account.0).collect::<Vec<_>>())
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

/// What an account may read of some conversations. Those it is a stranger to, or that are not shown to it yet, are
/// left out.
pub(super) async fn readable(
    db: &Db,
    account: AccountId,
    conversations: &[ConversationId],
) -> Result<HashMap<ConversationId, Readable>> {
    const SELECT: &str =
        "SELECT m.conversation, m.state, m.refused + m.asked, m.cleared_event, a.from_seq, a.to_seq,
            (SELECT MAX(e.event_seq) FROM events e WHERE e.conversation = m.conversation)
        FROM json_each($2) j
        JOIN members m ON m.conversation = j.value AND m.account = $1 AND m.shown = 1
        JOIN access a ON a.conversation = m.conversation AND a.account = m.account
        ORDER BY m.conversation, a.from_seq";
    type Row = (i64, i64, i64, i64, i64, Option<i64>, Option<i64>);
    let ids: Vec<u64> = conversations.iter().map(|conversation| conversation.0).collect();
    let rows: Vec<Row> = db.all(SELECT, args![account, json(&ids)?]).await?;
    let mut found = HashMap::new();
    for rows in rows.chunk_by(|one, next| one.0 == next.0) {
        let (conversation, state, quiet, cleared, .., head) = rows[0];
        let all: Vec<Range> =
            rows.iter().map(|row| Range { from: row.4 as u64, to: row.5.map(|to| to as u64) }).collect();
        let readable = Readable {
            state: state as u8,
            is_quiet: quiet != 0,
            ranges: access::above(&all, cleared as u64),
            last: access::last(&all, head.unwrap_or(0) as u64),
        };
        found.insert(conversation.into(), readable);
    }
    Ok(found)
}

/// Messages up to and with an event.
pub(super) async fn message_seq(db: &Db, conversation: ConversationId, event_seq: u64) -> Result<u64> {
    const SELECT: &str = "SELECT message_seq FROM events WHERE conversation = $1 AND event_seq = $2";
    let row: Option<(i64,)> = db.first(SELECT, args![conversation, event_seq]).await?;
    Ok(row.map_or(0, |(seq,)| seq as u64))
}

/// Whether an account cleared or hid an event for itself.
pub(crate) async fn is_cleared(
    tx: &mut Tx,
    conversation: ConversationId,
    account: AccountId,
    event_seq: u64,
) -> Result<bool> {
    const SELECT: &str =
        "SELECT 1 FROM members WHERE conversation = $1 AND account = $2 AND cleared_event >= $3
        UNION ALL SELECT 1 FROM hidden WHERE conversation = $1 AND account = $2 AND event_seq = $3";
    let row: Option<(i64,)> = tx.first(SELECT, args![conversation, account, event_seq]).await?;
    Ok(row.is_some())
}

pub(super) async fn direct(tx: &mut Tx, low: AccountId, high: AccountId) -> Result<Option<ConversationId>> {
    let row: Option<(i64,)> =
        tx.first("SELECT id FROM conversations WHERE low = $1 AND high = $2", args![low, high]).await?;
    Ok(row.map(|(id,)| id.into()))
}

pub(super) async fn insert_direct(
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
pub(super) async fn made(
    tx: &mut Tx,
    by: AccountId,
    id: MessageId,
) -> Result<Option<(ConversationId, Vec<u8>)>> {
    const SELECT: &str = "SELECT id, made_hash FROM conversations WHERE made_by = $1 AND made_id = $2";
    let row: Option<(i64, Option<Vec<u8>>)> = tx.first(SELECT, args![by, id]).await?;
    Ok(row.map(|(id, hash)| (id.into(), hash.unwrap_or_default())))
}

pub(super) async fn made_since(tx: &mut Tx, by: AccountId, since_ms: u64) -> Result<u64> {
    const SELECT: &str =
        "SELECT COUNT(*) FROM conversations WHERE made_by = $1 AND kind = 2 AND created_ms >= $2";
    let row: Option<(i64,)> = tx.first(SELECT, args![by, since_ms]).await?;
    Ok(row.map_or(0, |(count,)| count as u64))
}

/// A group to make.
pub(super) struct NewGroup<'a> {
    pub(super) conversation: ConversationId,
    pub(super) name: &'a str,
    pub(super) owner: AccountId,
    pub(super) id: MessageId,
    pub(super) hash: [u8; 32],
    pub(super) open_history: bool,
}

pub(super) async fn insert_group(tx: &mut Tx, group: &NewGroup<'_>) -> Result<()> {
    const INSERT: &str = "INSERT INTO conversations
            (id, kind, name, owner, made_by, made_id, made_hash, open_history, created_ms, last_at_ms)
        VALUES ($1, 2, $2, $3, $3, $4, $5, $6, $7, $7)";
    let now = tx.now_ms();
    let args =
        args![group.conversation, group.name, group.owner, group.id, group.hash, group.open_history, now];
    tx.execute(INSERT, args).await.map(drop)
}

/// Puts accounts in: their rows, and what they may read from now on.
pub(super) async fn join(
    tx: &mut Tx,
    conversation: ConversationId,
    accounts: &[AccountId],
    from_seq: u64,
    first_message: u64,
    shown: bool,
) -> Result<()> {
    const MEMBER: &str = "INSERT INTO members (conversation, account, state, role, shown, joined)
        VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (conversation, account) DO UPDATE
        SET state = excluded.state, role = excluded.role, shown = excluded.shown, joined = excluded.joined,
            parted_ms = NULL, parted_name = NULL, parted_members = NULL";
    const ACCESS: &str = "INSERT INTO access (conversation, account, from_seq) VALUES ($1, $2, $3)
        ON CONFLICT (conversation, account, from_seq) DO UPDATE SET to_seq = NULL";
    let (joined, member) = (member_state::JOINED, role::MEMBER);
    let members: Vec<_> = accounts
        .iter()
        .map(|account| args![conversation, *account, joined, member, shown, first_message].to_vec())
        .collect();
    let ranges: Vec<_> =
        accounts.iter().map(|account| args![conversation, *account, from_seq].to_vec()).collect();
    tx.execute_many(MEMBER, &members).await?;
    tx.execute_many(ACCESS, &ranges).await
}

pub(super) async fn count_members(tx: &mut Tx, conversation: ConversationId, change: i64) -> Result<()> {
    const UPDATE: &str = "UPDATE conversations SET members = members + $2 WHERE id = $1";
    tx.execute(UPDATE, args![conversation, change]).await.map(drop)
}

/// Takes an account out: it reads up to `to_seq` and no further, and sees the group as it was then.
pub(super) async fn part(
    tx: &mut Tx,
    conversation: ConversationId,
    account: AccountId,
    state: u8,
    to_seq: u64,
) -> Result<()> {
    const MEMBER: &str = "UPDATE members SET state = $3, role = 3, parted_ms = $4,
            parted_name = (SELECT name FROM conversations WHERE id = $1),
            parted_members = (SELECT members - 1 FROM conversations WHERE id = $1)
        WHERE conversation = $1 AND account = $2";
    const ACCESS: &str =
        "UPDATE access SET to_seq = $3 WHERE conversation = $1 AND account = $2 AND to_seq IS NULL";
    let now = tx.now_ms();
    tx.execute(MEMBER, args![conversation, account, state, now]).await?;
    tx.execute(ACCESS, args![conversation, account, to_seq]).await?;
    count_members(tx, conversation, -1).await
}

pub(crate) async fn set_role(
    tx: &mut Tx,
    conversation: ConversationId,
    account: AccountId,
    role: u8,
) -> Result<()> {
    const UPDATE: &str = "UPDATE members SET role = $3 WHERE conversation = $1 AND account = $2";
    tx.execute(UPDATE, args![conversation, account, role]).await?;
    tx.standing_changed(conversation, account);
    Ok(())
}

/// Mutes a member until a time; 0 for not at all.
pub(crate) async fn mute(
    tx: &mut Tx,
    conversation: ConversationId,
    account: AccountId,
    until_ms: u64,
) -> Result<()> {
    const UPDATE: &str = "UPDATE members SET muted_ms = $3 WHERE conversation = $1 AND account = $2";
    tx.execute(UPDATE, args![conversation, account, until_ms]).await?;
    tx.standing_changed(conversation, account);
    Ok(())
}

/// Sets the state of somebody who is not in. Who never was gets a row that shows them nothing.
pub(super) async fn set_outside(
    tx: &mut Tx,
    conversation: ConversationId,
    account: AccountId,
    state: u8,
) -> Result<()> {
    const SET: &str =
        "INSERT INTO members (conversation, account, state, role, shown) VALUES ($1, $2, $3, 3, 0)
        ON CONFLICT (conversation, account) DO UPDATE SET state = excluded.state";
    tx.execute(SET, args![conversation, account, state]).await?;
    tx.standing_changed(conversation, account);
    Ok(())
}

/// Sets a member's name in the group; whether it is another.
pub(crate) async fn set_nickname(
    tx: &mut Tx,
    conversation: ConversationId,
    account: AccountId,
    nickname: &str,
) -> Result<bool> {
    const UPDATE: &str =
        "UPDATE members SET nickname = $3 WHERE conversation = $1 AND account = $2 AND nickname <> $3";
    Ok(tx.execute(UPDATE, args![conversation, account, nickname]).await? > 0)
}

/// A member has seen the announcements up to one.
pub(crate) async fn see_announcement(
    tx: &mut Tx,
    conversation: ConversationId,
    account: AccountId,
    event_seq: u64,
) -> Result<()> {
    const UPDATE: &str =
        "UPDATE members SET announced = $3 WHERE conversation = $1 AND account = $2 AND announced < $3";
    tx.execute(UPDATE, args![conversation, account, event_seq]).await.map(drop)
}

pub(crate) async fn set_open_history(tx: &mut Tx, conversation: ConversationId, open: bool) -> Result<()> {
    tx.execute("UPDATE conversations SET open_history = $2 WHERE id = $1", args![conversation, open])
        .await
        .map(drop)
}

/// Takes everybody out at once: they read up to `to_seq` and no further. Answers who was in.
pub(super) async fn dissolve(
    tx: &mut Tx,
    conversation: ConversationId,
    to_seq: u64,
) -> Result<Vec<AccountId>> {
    const MEMBERS: &str = "UPDATE members SET state = $2, role = 3, parted_ms = $3,
            parted_name = (SELECT name FROM conversations WHERE id = $1),
            parted_members = (SELECT members FROM conversations WHERE id = $1)
        WHERE conversation = $1 AND state = 2 RETURNING account";
    const ACCESS: &str = "UPDATE access SET to_seq = $2 WHERE conversation = $1 AND to_seq IS NULL";
    let now = tx.now_ms();
    let rows: Vec<(i64,)> = tx.all(MEMBERS, args![conversation, member_state::REMOVED, now]).await?;
    tx.execute(ACCESS, args![conversation, to_seq]).await?;
    tx.execute("UPDATE conversations SET members = 0, owner = 0 WHERE id = $1", args![conversation]).await?;
    Ok(rows.into_iter().map(|(id,)| id.into()).collect())
}

pub(super) async fn set_owner(tx: &mut Tx, conversation: ConversationId, account: AccountId) -> Result<()> {
    tx.execute("UPDATE conversations SET owner = $2 WHERE id = $1", args![conversation, account])
        .await
        .map(drop)
}

pub(super) async fn rename(tx: &mut Tx, conversation: ConversationId, name: &str) -> Result<()> {
    tx.execute("UPDATE conversations SET name = $2 WHERE id = $1", args![conversation, name]).await.map(drop)
}

/// Shows a one-to-one to who has not seen it; answers who that was.
pub(super) async fn show(tx: &mut Tx, conversation: ConversationId) -> Result<Vec<AccountId>> {
    const UPDATE: &str =
        "UPDATE members SET shown = 1 WHERE conversation = $1 AND shown = 0 RETURNING account";
    let rows: Vec<(i64,)> = tx.all(UPDATE, args![conversation]).await?;
    Ok(rows.into_iter().map(|(account,)| account.into()).collect())
}

pub(super) async fn show_to(tx: &mut Tx, conversation: ConversationId, account: AccountId) -> Result<bool> {
    const UPDATE: &str =
        "UPDATE members SET shown = 1 WHERE conversation = $1 AND account = $2 AND shown = 0";
    Ok(tx.execute(UPDATE, args![conversation, account]).await? > 0)
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

/// Those of the accounts that exist.
pub(super) async fn existing(tx: &mut Tx, accounts: &[AccountId]) -> Result<Vec<AccountId>> {
    able(tx, accounts, i64::MAX as u64).await
}

/// Those of the accounts that are in the conversation. CROSS JOIN: the accounts are walked, never all the members.
pub(super) async fn joined_among(
    tx: &mut Tx,
    conversation: ConversationId,
    accounts: &[AccountId],
) -> Result<Vec<AccountId>> {
    const SELECT: &str = "SELECT m.account FROM json_each($2) j
        CROSS JOIN members m ON m.conversation = $1 AND m.account = j.value AND m.state = 2";
    let rows: Vec<(i64,)> = tx.all(SELECT, args![conversation, ids(accounts)?]).await?;
    Ok(rows.into_iter().map(|(id,)| id.into()).collect())
}

/// Those of the accounts that are in the conversation, or are kept out of it.
pub(super) async fn in_or_banned_among(
    tx: &mut Tx,
    conversation: ConversationId,
    accounts: &[AccountId],
) -> Result<Vec<AccountId>> {
    const SELECT: &str = "SELECT m.account FROM json_each($2) j
        CROSS JOIN members m ON m.conversation = $1 AND m.account = j.value AND m.state IN (2, 5)";
    let rows: Vec<(i64,)> = tx.all(SELECT, args![conversation, ids(accounts)?]).await?;
    Ok(rows.into_iter().map(|(id,)| id.into()).collect())
}

/// Some groups an account is in, with the number of their members and its role.
pub(super) async fn groups_of(
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

/// Who comes after an owner that goes: the administrator, else the member, who is in longest; one whose own end is
/// announced only when there is nobody else.
pub(super) async fn heir(
    tx: &mut Tx,
    conversation: ConversationId,
    owner: AccountId,
) -> Result<Option<AccountId>> {
    const SELECT: &str = "SELECT m.account FROM members m JOIN accounts a ON a.id = m.account
        WHERE m.conversation = $1 AND m.state = 2 AND m.account <> $2
        ORDER BY a.closing_ms IS NOT NULL, m.role, m.joined, m.account LIMIT 1";
    let row: Option<(i64,)> = tx.first(SELECT, args![conversation, owner]).await?;
    Ok(row.map(|(account,)| account.into()))
}

/// Empties an account's side of its conversations: drafts, names, and what it deleted for itself.
pub(super) async fn forget(tx: &mut Tx, account: AccountId) -> Result<()> {
    tx.execute(
        "UPDATE members SET draft = '', nickname = '' WHERE account = $1 AND (draft <> '' OR nickname <> '')",
        args![account],
    )
    .await?;
    tx.execute("DELETE FROM hidden WHERE account = $1", args![account]).await.map(drop)
}

type SideRow = (i64, i64, i64, i64, i64, i64, i64, i64, i64, Option<i64>, i64, String, i64);

fn side(row: SideRow) -> (i64, ConversationEntry) {
    let (key, kind, state, role, joined, read, unread, deleted_to, notify, until, pinned, draft, request) =
        row;
    let entry = ConversationEntry {
        kind: kind as u8,
        state: state as u8,
        role: role as u8,
        joined_message_seq: joined as u64,
        read: read as u64,
        marked_unread: unread != 0,
        deleted_to: deleted_to as u64,
        notify: notify as u8,
        notify_until_ms: until.map(|until| until as u64),
        pinned: pinned != 0,
        draft,
        request: request != 0,
    };
    (key, entry)
}

/// Each account's side of one conversation.
pub(super) async fn own_sides(
    tx: &mut Tx,
    conversation: ConversationId,
    accounts: &[AccountId],
) -> Result<Vec<(AccountId, ConversationEntry)>> {
    const SELECT: &str =
        "SELECT m.account, c.kind, m.state, m.role, m.joined, m.read_marker, m.marked_unread,
            m.deleted_to, m.notify, m.notify_until, m.pinned, m.draft, m.asked = 1
        FROM json_each($2) j CROSS JOIN members m ON m.conversation = $1 AND m.account = j.value
        JOIN conversations c ON c.id = m.conversation";
    let rows: Vec<SideRow> = tx.all(SELECT, args![conversation, ids(accounts)?]).await?;
    Ok(rows.into_iter().map(side).map(|(account, entry)| (account.into(), entry)).collect())
}

/// One account's side of several conversations.
pub(super) async fn sides(
    db: &Db,
    account: AccountId,
    conversations: &str,
) -> Result<Vec<(ConversationId, ConversationEntry)>> {
    const SELECT: &str =
        "SELECT m.conversation, c.kind, m.state, m.role, m.joined, m.read_marker, m.marked_unread,
            m.deleted_to, m.notify, m.notify_until, m.pinned, m.draft, m.asked = 1
        FROM json_each($2) j JOIN members m ON m.conversation = j.value AND m.account = $1
        JOIN conversations c ON c.id = m.conversation WHERE m.shown = 1";
    let rows: Vec<SideRow> = db.all(SELECT, args![account, conversations]).await?;
    Ok(rows.into_iter().map(side).map(|(id, entry)| (id.into(), entry)).collect())
}

/// What a list shows of a conversation beside the caller's side.
#[derive(Debug, Clone)]
pub(super) struct Shown {
    pub(super) conversation: ConversationId,
    pub(super) name: String,
    pub(super) owner: AccountId,
    pub(super) members: u64,
    pub(super) last_at_ms: u64,
    pub(super) low: Option<AccountId>,
    pub(super) high: Option<AccountId>,
    pub(super) last_sent: u64,
    /// The last event the account may read, and the messages up to it.
    pub(super) head: (u64, u64),
}

pub(super) async fn shown(db: &Db, account: AccountId, conversations: &str) -> Result<Vec<Shown>> {
    const SELECT: &str = "SELECT c.id, COALESCE(m.parted_name, c.name),
            CASE WHEN m.parted_ms IS NULL THEN c.owner ELSE 0 END, COALESCE(m.parted_members, c.members),
            COALESCE(m.parted_ms, c.last_at_ms), c.low, c.high, m.last_sent,
            COALESCE(e.event_seq, 0), COALESCE(e.message_seq, 0), COALESCE(e.at_ms, 0)
        FROM json_each($2) j JOIN conversations c ON c.id = j.value
        JOIN members m ON m.conversation = c.id AND m.account = $1
        LEFT JOIN events e ON e.conversation = c.id AND e.event_seq = (
            SELECT l.event_seq FROM events l WHERE l.conversation = c.id AND l.event_seq <= COALESCE(
                (SELECT MAX(COALESCE(a.to_seq, 9007199254740991)) FROM access a
                    WHERE a.conversation = c.id AND a.account = $1), 0)
            ORDER BY l.event_seq DESC LIMIT 1)
        WHERE m.shown = 1";
    type Row = (i64, String, i64, i64, i64, Option<i64>, Option<i64>, i64, i64, i64, i64);
    let rows: Vec<Row> = db.all(SELECT, args![account, conversations]).await?;
    Ok(rows
        .into_iter()
        .map(|(id, name, owner, members, last_at, low, high, sent, event, message, at)| Shown {
            conversation: id.into(),
            name,
            owner: owner.into(),
            members: members as u64,
            last_at_ms: (last_at as u64).max(at as u64),
            low: low.map(AccountId::from),
            high: high.map(AccountId::from),
            last_sent: sent as u64,
            head: (event as u64, message as u64),
        })
        .collect())
}

/// A page of the caller's conversations, most recent first.
pub(super) async fn page(
    db: &Db,
    account: AccountId,
    before: (u64, u64),
    limit: u64,
) -> Result<Vec<(ConversationId, u64)>> {
    const SELECT: &str =
        "SELECT id, at_ms FROM (SELECT c.id AS id, COALESCE(m.parted_ms, c.last_at_ms) AS at_ms
            FROM members m JOIN conversations c ON c.id = m.conversation
            WHERE m.account = $1 AND m.shown = 1) AS mine
        WHERE at_ms < $2 OR (at_ms = $2 AND id < $3) ORDER BY at_ms DESC, id DESC LIMIT $4";
    let rows: Vec<(i64, i64)> = db.all(SELECT, args![account, before.0, before.1, limit]).await?;
    Ok(rows.into_iter().map(|(id, at)| (id.into(), at as u64)).collect())
}

/// Unread mentions: for each `[conversation, read, head]`, how many messages between mention the account.
pub(super) async fn mentions(
    db: &Db,
    account: AccountId,
    places: &[(u64, u64, u64)],
) -> Result<Vec<(ConversationId, u64)>> {
    const SELECT: &str = "SELECT n.conversation, COUNT(DISTINCT n.message_seq) FROM json_each($2) j
        JOIN mentions n ON n.conversation = json_extract(j.value, '$[0]') AND n.account IN ($1, 0)
            AND n.message_seq > json_extract(j.value, '$[1]') AND n.message_seq <= json_extract(j.value, '$[2]')
        GROUP BY n.conversation";
    let rows: Vec<(i64, i64)> = db.all(SELECT, args![account, json(places)?]).await?;
    Ok(rows.into_iter().map(|(id, count)| (id.into(), count as u64)).collect())
}

pub(super) async fn mark_read(
    tx: &mut Tx,
    conversation: ConversationId,
    account: AccountId,
    message_seq: u64,
) -> Result<bool> {
    const UPDATE: &str = "UPDATE members SET read_marker = CASE WHEN read_marker < $3 THEN $3 ELSE read_marker END, marked_unread = 0
        WHERE conversation = $1 AND account = $2 AND (read_marker < $3 OR marked_unread = 1)";
    Ok(tx.execute(UPDATE, args![conversation, account, message_seq]).await? > 0)
}

pub(super) async fn clear(
    tx: &mut Tx,
    conversation: ConversationId,
    account: AccountId,
    event_seq: u64,
    message_seq: u64,
) -> Result<()> {
    const UPDATE: &str = "UPDATE members SET
            cleared_event = CASE WHEN cleared_event < $3 THEN $3 ELSE cleared_event END,
            deleted_to = CASE WHEN deleted_to < $4 THEN $4 ELSE deleted_to END
        WHERE conversation = $1 AND account = $2";
    const HIDDEN: &str = "DELETE FROM hidden WHERE account = $2 AND conversation = $1 AND event_seq <= $3";
    tx.execute(UPDATE, args![conversation, account, event_seq, message_seq]).await?;
    tx.execute(HIDDEN, args![conversation, account, event_seq]).await.map(drop)
}

pub(super) async fn hide(
    tx: &mut Tx,
    conversation: ConversationId,
    account: AccountId,
    events: &[u64],
) -> Result<()> {
    const INSERT: &str =
        "INSERT INTO hidden (account, conversation, event_seq) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
    let rows: Vec<_> = events.iter().map(|event| args![account, conversation, *event].to_vec()).collect();
    tx.execute_many(INSERT, &rows).await
}

/// How many members are in.
pub(crate) async fn size(db: &Db, conversation: ConversationId) -> Result<usize> {
    let row: Option<(i64,)> =
        db.first("SELECT members FROM conversations WHERE id = $1", args![conversation]).await?;
    Ok(row.map_or(0, |(members,)| members as usize))
}

/// The joined members, sorted.
pub(crate) async fn members(db: &Db, conversation: ConversationId) -> Result<Vec<AccountId>> {
    const SELECT: &str = "SELECT account FROM members WHERE conversation = $1 AND state = 2 ORDER BY account";
    let rows: Vec<(i64,)> = db.all(SELECT, args![conversation]).await?;
    Ok(rows.into_iter().map(|(id,)| id.into()).collect())
}
