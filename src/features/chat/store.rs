//! The chat feature's SQL.

use std::collections::{HashMap, HashSet};

use litrocket_core::access::Range;
use litrocket_protocol::{AccountId, ConversationId, chat, event::Event, frame};

use crate::{
    args,
    db::{self, Db},
    error::{Error, Result},
    hub::RecentEntry,
    writer::Tx,
};

/// Rows of one page of delivery, at least and at most.
pub(super) const PAGE_ROWS: (u64, u64) = (4, 64);

/// A conversation as a device finds it when it goes live.
pub(super) struct LogHead {
    pub(super) conversation: ConversationId,
    pub(super) head: u64,
}

/// Every conversation of an account with the last event the account may read, most recent first.
pub(super) async fn places(db: &Db, account: AccountId) -> Result<Vec<LogHead>> {
    const HEADS: &str = "SELECT m.conversation, COALESCE((SELECT e.event_seq FROM events e
            WHERE e.conversation = m.conversation ORDER BY e.event_seq DESC LIMIT 1), 0)
        FROM members m JOIN conversations c ON c.id = m.conversation WHERE m.account = $1 AND m.shown = 1
        ORDER BY COALESCE(m.parted_ms, c.last_at_ms) DESC, m.conversation DESC";
    const RANGES: &str = "SELECT conversation, from_seq, to_seq FROM access WHERE account = $1 ORDER BY conversation, from_seq";
    let rows: Vec<(i64, i64)> = db.all(HEADS, args![account]).await?;
    let mut access: HashMap<i64, Vec<Range>> = HashMap::new();
    let ranges: Vec<(i64, i64, Option<i64>)> = db.all(RANGES, args![account]).await?;
    for (conversation, from, to) in ranges {
        let range = Range { from: from as u64, to: to.map(|to| to as u64) };
        access.entry(conversation).or_default().push(range);
    }
    let last = |id: &i64, head: i64| {
        access.get(id).map_or(0, |ranges| litrocket_core::access::last(ranges, head as u64))
    };
    Ok(rows.iter().map(|(id, head)| LogHead { conversation: (*id).into(), head: last(id, *head) }).collect())
}

/// Conversations in which the account deleted something for itself.
pub(super) async fn hidden_conversations(db: &Db, account: AccountId) -> Result<HashSet<ConversationId>> {
    const SELECT: &str = "SELECT DISTINCT conversation FROM hidden WHERE account = $1";
    let rows: Vec<(i64,)> = db.all(SELECT, args![account]).await?;
    Ok(rows.into_iter().map(|(id,)| id.into()).collect())
}

/// The delivered markers of an account, as its rows have them.
pub(super) async fn delivered(
    db: &Db,
    account: AccountId,
    conversations: &[ConversationId],
) -> Result<Vec<(ConversationId, u64)>> {
    const SELECT: &str = "SELECT m.conversation, m.delivered FROM json_each($2) j
        JOIN members m ON m.conversation = j.value AND m.account = $1";
    let ids: Vec<u64> = conversations.iter().map(|conversation| conversation.0).collect();
    let rows: Vec<(i64, i64)> = db.all(SELECT, args![account, db::list(&ids)?]).await?;
    Ok(rows.into_iter().map(|(id, seq)| (id.into(), seq as u64)).collect())
}

/// Of each conversation the last event up to a sequence that stands in the log up to this position. Both grow together, so it
/// is searched for by halves, for all of them at once.
pub(super) async fn last_up_to(
    db: &Db,
    pos: u64,
    cursors: &[(ConversationId, u64)],
) -> Result<Vec<(ConversationId, u64)>> {
    const SELECT: &str = "SELECT j.key, COALESCE(e.pos <= $2, 0) FROM json_each($1) j LEFT JOIN events e
        ON e.conversation = json_extract(j.value, '$[0]') AND e.event_seq = json_extract(j.value, '$[1]')";
    let mut ranges: Vec<(u64, u64)> = cursors.iter().map(|(_, cursor)| (0, *cursor)).collect();
    while pos > 0 && ranges.iter().any(|(low, high)| low < high) {
        let middle = |(low, high): &(u64, u64)| low + (high - low).div_ceil(2);
        let asked: Vec<(u64, u64)> =
            cursors.iter().zip(&ranges).map(|((of, _), range)| (of.0, middle(range))).collect();
        let rows: Vec<(i64, i64)> = db.all(SELECT, args![db::list(&asked)?, pos]).await?;
        for (at, within) in rows {
            let Some(range) = ranges.get_mut(at as usize).filter(|(low, high)| low < high) else { continue };
            let middle = middle(range);
            *range = if within == 1 { (middle, range.1) } else { (range.0, middle - 1) };
        }
    }
    Ok(cursors.iter().zip(ranges).map(|((of, _), (low, _))| (*of, low)).collect())
}

/// The head of one conversation.
pub(super) async fn head(db: &Db, conversation: ConversationId) -> Result<u64> {
    const SELECT: &str =
        "SELECT event_seq FROM events WHERE conversation = $1 ORDER BY event_seq DESC LIMIT 1";
    let row: Option<(i64,)> = db.first(SELECT, args![conversation]).await?;
    Ok(row.map_or(0, |(seq,)| seq as u64))
}

/// Stored frames `from..=to`, at most so many.
pub(super) async fn frames(
    db: &Db,
    conversation: ConversationId,
    (from, to): (u64, u64),
    rows: u64,
) -> Result<Vec<RecentEntry>> {
    const SELECT: &str = "SELECT event_seq, frame FROM events
        WHERE conversation = $1 AND event_seq >= $2 AND event_seq <= $3 ORDER BY event_seq";
    let to = to.min(from + rows - 1);
    let rows: Vec<(i64, Vec<u8>)> = db.all(SELECT, args![conversation, from, to]).await?;
    Ok(rows
        .into_iter()
        .map(|(seq, frame)| RecentEntry { event_seq: seq as u64, frame: frame.into(), origin: 0 })
        .collect())
}

/// What an account may read of a conversation, without what it cleared.
pub(super) async fn ranges(db: &Db, conversation: ConversationId, account: AccountId) -> Result<Vec<Range>> {
    const SELECT: &str = "SELECT a.from_seq, a.to_seq, m.cleared_event FROM access a
        JOIN members m ON m.conversation = a.conversation AND m.account = a.account
        WHERE a.conversation = $1 AND a.account = $2 ORDER BY a.from_seq";
    let rows: Vec<(i64, Option<i64>, i64)> = db.all(SELECT, args![conversation, account]).await?;
    let cleared = rows.first().map_or(0, |row| row.2 as u64);
    let ranges: Vec<Range> = rows
        .into_iter()
        .map(|(from, to, _)| Range { from: from as u64, to: to.map(|to| to as u64) })
        .collect();
    Ok(litrocket_core::access::above(&ranges, cleared))
}

/// Which of `from..=to` the account deleted for itself, ascending.
pub(crate) async fn hidden(
    db: &Db,
    conversation: ConversationId,
    account: AccountId,
    from: u64,
    to: u64,
) -> Result<Vec<u64>> {
    const SELECT: &str = "SELECT event_seq FROM hidden
        WHERE account = $1 AND conversation = $2 AND event_seq >= $3 AND event_seq <= $4
        ORDER BY event_seq";
    let rows: Vec<(i64,)> = db.all(SELECT, args![account, conversation, from, to]).await?;
    Ok(rows.into_iter().map(|(seq,)| seq as u64).collect())
}

/// Entries of an account's log above a version, at most a page.
pub(super) async fn entries(db: &Db, account: AccountId, after: u64) -> Result<Vec<chat::Entry>> {
    const SELECT: &str = "SELECT version, key, value FROM account_log
        WHERE account = $1 AND version > $2 ORDER BY version LIMIT 100";
    let rows: Vec<(i64, String, Option<Vec<u8>>)> = db.all(SELECT, args![account, after]).await?;
    Ok(rows
        .into_iter()
        .map(|(version, key, value)| chat::Entry { version: version as u64, key, value })
        .collect())
}

/// The version of an account's log, and the lowest version from which changes are complete.
pub(super) async fn log_version(db: &Db, account: AccountId) -> Result<(u64, u64)> {
    const SELECT: &str = "SELECT log_version, log_floor FROM accounts WHERE id = $1";
    let row: Option<(i64, i64)> = db.first(SELECT, args![account]).await?;
    Ok(row.map_or((0, 0), |(version, floor)| (version as u64, floor as u64)))
}

/// Conversations an account is or was in, behind one, and whether it is "saved".
pub(super) async fn memberships(
    db: &Db,
    account: AccountId,
    after: ConversationId,
    limit: u64,
) -> Result<Vec<(ConversationId, bool)>> {
    const SELECT: &str =
        "SELECT c.id, c.low = c.high FROM members m JOIN conversations c ON c.id = m.conversation
        WHERE m.account = $1 AND m.conversation > $2 ORDER BY m.conversation LIMIT $3";
    let rows: Vec<(i64, Option<i64>)> = db.all(SELECT, args![account, after, limit]).await?;
    Ok(rows.into_iter().map(|(id, saved)| (id.into(), saved == Some(1))).collect())
}

/// Frames with their sequences.
fn numbered(rows: Vec<(i64, Vec<u8>)>) -> Vec<(u64, Vec<u8>)> {
    rows.into_iter().map(|(seq, frame)| (seq as u64, frame)).collect()
}

/// Stored frames of what an account wrote within `from..=to` and did not recall: messages, and edits that hold the
/// current words.
pub(super) async fn written(
    db: &Db,
    conversation: ConversationId,
    account: AccountId,
    (from, to): (u64, u64),
    limit: u64,
) -> Result<Vec<(u64, Vec<u8>)>> {
    const SELECT: &str = "SELECT event_seq, frame FROM events
        WHERE conversation = $1 AND event_seq >= $2 AND event_seq <= $3 AND sender = $4 AND gone = 0
            AND (kind <= 32 OR kind >= 32768) ORDER BY event_seq LIMIT $5";
    Ok(numbered(db.all(SELECT, args![conversation, from, to, account, limit]).await?))
}

/// Stored frames of everything an account caused within `from..=to` and that stands: what it wrote, and what the server
/// made of its requests. Reactions are in a table of their own.
pub(super) async fn caused(
    db: &Db,
    conversation: ConversationId,
    account: AccountId,
    (from, to): (u64, u64),
    limit: u64,
) -> Result<Vec<(u64, Vec<u8>)>> {
    const SELECT: &str = "SELECT event_seq, frame FROM events
        WHERE conversation = $1 AND event_seq >= $2 AND event_seq <= $3 AND sender = $4 AND gone = 0
            AND kind <> 34 ORDER BY event_seq LIMIT $5";
    Ok(numbered(db.all(SELECT, args![conversation, from, to, account, limit]).await?))
}

/// Recalls and reactions of an account within `from..=to`.
pub(super) async fn remarks(
    tx: &mut Tx,
    conversation: ConversationId,
    account: AccountId,
    (from, to): (u64, u64),
    limit: u64,
) -> Result<Vec<Event>> {
    const SELECT: &str = "SELECT frame FROM events
        WHERE conversation = $1 AND event_seq >= $2 AND event_seq <= $3 AND sender = $4 AND kind IN (33, 34)
        ORDER BY event_seq LIMIT $5";
    let rows: Vec<(Vec<u8>,)> = tx.all(SELECT, args![conversation, from, to, account, limit]).await?;
    rows.into_iter().map(|(bytes,)| decode(&bytes)).collect()
}

/// Some reactions of an account in a conversation.
pub(super) async fn some_reactions(
    db: &Db,
    conversation: ConversationId,
    account: AccountId,
    limit: u64,
) -> Result<Vec<(u64, String)>> {
    const SELECT: &str =
        "SELECT target_seq, emoji FROM reactions WHERE conversation = $1 AND account = $2 LIMIT $3";
    let rows: Vec<(i64, String)> = db.all(SELECT, args![conversation, account, limit]).await?;
    Ok(rows.into_iter().map(|(seq, emoji)| (seq as u64, emoji)).collect())
}

/// Takes reactions of an account off; answers those that were on.
pub(super) async fn take_reactions(
    tx: &mut Tx,
    conversation: ConversationId,
    account: AccountId,
    reactions: &[(u64, String)],
) -> Result<Vec<(u64, String)>> {
    const DELETE: &str = "DELETE FROM reactions WHERE conversation = $1 AND account = $2
            AND (target_seq, emoji) IN
                (SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each($3))
        RETURNING target_seq, emoji";
    let rows: Vec<(i64, String)> = tx.all(DELETE, args![conversation, account, db::list(reactions)?]).await?;
    Ok(rows.into_iter().map(|(seq, emoji)| (seq as u64, emoji)).collect())
}

/// An event as it is stored.
pub(crate) async fn event(
    tx: &mut Tx,
    conversation: ConversationId,
    event_seq: u64,
) -> Result<Option<Event>> {
    const SELECT: &str = "SELECT frame FROM events WHERE conversation = $1 AND event_seq = $2";
    let row: Option<(Vec<u8>,)> = tx.first(SELECT, args![conversation, event_seq]).await?;
    row.map(|(bytes,)| decode(&bytes)).transpose()
}

/// Events of a conversation as they are stored, in its order.
pub(super) async fn events(
    tx: &mut Tx,
    conversation: ConversationId,
    event_seqs: &[u64],
) -> Result<Vec<Event>> {
    const SELECT: &str = "SELECT frame FROM events
        WHERE conversation = $1 AND event_seq IN (SELECT value FROM json_each($2)) ORDER BY event_seq";
    let rows: Vec<(Vec<u8>,)> = tx.all(SELECT, args![conversation, db::list(event_seqs)?]).await?;
    rows.into_iter().map(|(bytes,)| decode(&bytes)).collect()
}

/// The newest edit of an event, the only one that holds words: each edit empties the one before.
pub(super) async fn newest_edit(
    tx: &mut Tx,
    conversation: ConversationId,
    target: u64,
) -> Result<Option<Event>> {
    const SELECT: &str = "SELECT frame FROM events
        WHERE conversation = $1 AND target_seq = $2 AND kind = 32 ORDER BY pos DESC LIMIT 1";
    let row: Option<(Vec<u8>,)> = tx.first(SELECT, args![conversation, target]).await?;
    row.map(|(bytes,)| decode(&bytes)).transpose()
}

/// Decodes a stored frame.
pub(crate) fn decode(bytes: &[u8]) -> Result<Event> {
    let split = frame::split(bytes, frame::FRAME_MAX);
    let body = split.ok().flatten().and_then(|(_, body, _)| bytes.get(body));
    let event = body.and_then(|body| frame::decode(body).ok());
    event.ok_or_else(|| Error::Internal("a stored event does not decode".into()))
}

/// Replaces the mention rows of a message.
pub(super) async fn set_mentions(
    tx: &mut Tx,
    conversation: ConversationId,
    message_seq: u64,
    accounts: &[AccountId],
) -> Result<()> {
    const DELETE: &str = "DELETE FROM mentions WHERE conversation = $1 AND message_seq = $2";
    const INSERT: &str = "INSERT INTO mentions (conversation, account, message_seq) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
    tx.execute(DELETE, args![conversation, message_seq]).await?;
    let rows: Vec<_> =
        accounts.iter().map(|account| args![conversation, *account, message_seq].to_vec()).collect();
    tx.execute_many(INSERT, &rows).await
}

/// Puts a reaction on or takes it off. Whether anything changed.
pub(super) async fn react(
    tx: &mut Tx,
    conversation: ConversationId,
    target: u64,
    account: AccountId,
    emoji: &str,
    add: bool,
) -> Result<bool> {
    const INSERT: &str =
        "INSERT INTO reactions (conversation, target_seq, account, emoji) VALUES ($1, $2, $3, $4)
        ON CONFLICT DO NOTHING";
    const DELETE: &str =
        "DELETE FROM reactions WHERE conversation = $1 AND target_seq = $2 AND account = $3 AND emoji = $4";
    let sql = if add { INSERT } else { DELETE };
    Ok(tx.execute(sql, args![conversation, target, account, emoji]).await? > 0)
}

/// How many emoji an account has on a message.
pub(super) async fn reactions_of(
    tx: &mut Tx,
    conversation: ConversationId,
    target: u64,
    account: AccountId,
) -> Result<u64> {
    const SELECT: &str =
        "SELECT COUNT(*) FROM reactions WHERE conversation = $1 AND target_seq = $2 AND account = $3";
    let row: Option<(i64,)> = tx.first(SELECT, args![conversation, target, account]).await?;
    Ok(row.map_or(0, |(count,)| count as u64))
}

/// Takes all reactions off a message.
pub(super) async fn clear_reactions(tx: &mut Tx, conversation: ConversationId, target: u64) -> Result<()> {
    const DELETE: &str = "DELETE FROM reactions WHERE conversation = $1 AND target_seq = $2";
    tx.execute(DELETE, args![conversation, target]).await.map(drop)
}
