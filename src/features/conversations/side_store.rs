//! SQL of a person's own side of their conversations: what they may read, where they are, what they put away for
//! themselves. Owns the table `hidden`; the rest are columns of `members`.

use std::collections::HashMap;

use litrocket_core::access::{self, Range};
use litrocket_protocol::{
    AccountId, ConversationId,
    conversations::{ConversationEntry, SetConversation},
};

use super::{Readable, store};
use crate::{
    args,
    db::{self, Db},
    error::Result,
    writer::Tx,
};

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
    let rows: Vec<Row> = db.all(SELECT, args![account, db::list(&ids)?]).await?;
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

/// Messages up to and with an event.
pub(super) async fn message_seq(db: &Db, conversation: ConversationId, event_seq: u64) -> Result<u64> {
    const SELECT: &str = "SELECT message_seq FROM events WHERE conversation = $1 AND event_seq = $2";
    let row: Option<(i64,)> = db.first(SELECT, args![conversation, event_seq]).await?;
    Ok(row.map_or(0, |(seq,)| seq as u64))
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
    let rows: Vec<SideRow> = tx.all(SELECT, args![conversation, store::ids(accounts)?]).await?;
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
    let rows: Vec<(i64, i64)> = db.all(SELECT, args![account, db::list(places)?]).await?;
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

/// Empties an account's side of its conversations: drafts, names, and what it deleted for itself.
pub(super) async fn forget(tx: &mut Tx, account: AccountId) -> Result<()> {
    tx.execute(
        "UPDATE members SET draft = '', nickname = '' WHERE account = $1 AND (draft <> '' OR nickname <> '')",
        args![account],
    )
    .await?;
    tx.execute("DELETE FROM hidden WHERE account = $1", args![account]).await.map(drop)
}

/// Changes what the request names.
pub(super) async fn set(tx: &mut Tx, account: AccountId, set: &SetConversation) -> Result<()> {
    const UPDATE: &str = "UPDATE members SET notify = COALESCE($3, notify),
            notify_until = CASE WHEN $4 IS NULL THEN notify_until WHEN $4 = 0 THEN NULL ELSE $4 END,
            pinned = COALESCE($5, pinned), marked_unread = COALESCE($6, marked_unread), draft = COALESCE($7, draft)
        WHERE conversation = $1 AND account = $2";
    let args = args![
        set.conversation,
        account,
        set.notify,
        set.notify_until_ms,
        set.pinned,
        set.marked_unread,
        set.draft.as_deref(),
    ];
    tx.execute(UPDATE, args).await.map(drop)
}
