//! The history feature's SQL.

use std::collections::HashMap;

use litrocket_protocol::{AccountId, ConversationId, conversations::ReactionCount, history::ReactedBy};

use crate::{
    args,
    db::{self, Db},
    error::Result,
};

/// Messages and system events within `from..=to`, without what the account hid, nearest to the asked end first.
pub(super) async fn page(
    db: &Db,
    conversation: ConversationId,
    account: AccountId,
    from: u64,
    to: u64,
    upwards: bool,
    limit: u64,
) -> Result<Vec<(u64, Vec<u8>)>> {
    const UP: &str = "SELECT e.event_seq, e.frame FROM events e
        WHERE e.conversation = $1 AND e.event_seq >= $2 AND e.event_seq <= $3 AND (e.kind < 32 OR e.kind > 63)
            AND NOT EXISTS (SELECT 1 FROM hidden h
                WHERE h.account = $4 AND h.conversation = $1 AND h.event_seq = e.event_seq)
        ORDER BY e.event_seq LIMIT $5";
    const DOWN: &str = "SELECT e.event_seq, e.frame FROM events e
        WHERE e.conversation = $1 AND e.event_seq >= $2 AND e.event_seq <= $3 AND (e.kind < 32 OR e.kind > 63)
            AND NOT EXISTS (SELECT 1 FROM hidden h
                WHERE h.account = $4 AND h.conversation = $1 AND h.event_seq = e.event_seq)
        ORDER BY e.event_seq DESC LIMIT $5";
    let sql = if upwards { UP } else { DOWN };
    let rows: Vec<(i64, Vec<u8>)> = db.all(sql, args![conversation, from, to, account, limit]).await?;
    Ok(rows.into_iter().map(|(seq, frame)| (seq as u64, frame)).collect())
}

/// The first event of a conversation at or after a time; the one behind `last` when there is none. Time never goes back
/// within a conversation, so it is found by halving: some thirty look-ups of the index, in one statement.
pub(super) async fn first_since(db: &Db, conversation: ConversationId, last: u64, at_ms: u64) -> Result<u64> {
    const SELECT: &str = "WITH RECURSIVE halves (low, high) AS (
            SELECT 1, $2 + 1
            UNION ALL
            SELECT CASE WHEN e.at_ms < $3 THEN e.event_seq + 1 ELSE h.low END,
                CASE WHEN e.at_ms < $3 THEN h.high ELSE e.event_seq END
            FROM halves h JOIN events e ON e.conversation = $1 AND e.event_seq = (h.low + h.high) / 2
            WHERE h.low < h.high)
        SELECT low FROM halves WHERE low >= high LIMIT 1";
    let row: Option<(i64,)> = db.first(SELECT, args![conversation, last, at_ms]).await?;
    Ok(row.map_or(last + 1, |(low,)| low as u64))
}

/// An event by its conversation and sequence.
pub(super) type EventPlace = (ConversationId, u64);

fn pairs(places: &[EventPlace]) -> Result<String> {
    Ok(db::list(places.iter().map(|(conversation, seq)| (conversation.0, *seq)))?)
}

/// Stored frames of single events, without what the account hid.
pub(super) async fn events(db: &Db, account: AccountId, places: &[EventPlace]) -> Result<Vec<Vec<u8>>> {
    const SELECT: &str = "SELECT e.frame FROM json_each($1) j
        JOIN events e ON e.conversation = json_extract(j.value, '$[0]')
            AND e.event_seq = json_extract(j.value, '$[1]')
        WHERE NOT EXISTS (SELECT 1 FROM hidden h
            WHERE h.account = $2 AND h.conversation = e.conversation AND h.event_seq = e.event_seq)
        ORDER BY e.conversation, e.event_seq";
    let rows: Vec<(Vec<u8>,)> = db.all(SELECT, args![pairs(places)?, account]).await?;
    Ok(rows.into_iter().map(|(frame,)| frame).collect())
}

/// How long the stored frames of single events are, in bytes; the bytes themselves are not read.
pub(super) async fn lengths(db: &Db, places: &[EventPlace]) -> Result<HashMap<EventPlace, usize>> {
    const SELECT: &str = "SELECT e.conversation, e.event_seq, LENGTH(e.frame) FROM json_each($1) j
        JOIN events e ON e.conversation = json_extract(j.value, '$[0]')
            AND e.event_seq = json_extract(j.value, '$[1]')";
    let rows: Vec<(i64, i64, i64)> = db.all(SELECT, args![pairs(places)?]).await?;
    Ok(rows
        .into_iter()
        .map(|(conversation, seq, length)| ((conversation.into(), seq as u64), length as usize))
        .collect())
}

/// The reactions of several messages: target and count, most frequent first.
pub(super) async fn reaction_counts(
    db: &Db,
    account: AccountId,
    targets: &[EventPlace],
) -> Result<Vec<(EventPlace, ReactionCount)>> {
    const SELECT: &str = "SELECT r.conversation, r.target_seq, r.emoji, COUNT(*),
            SUM(CASE WHEN r.account = $2 THEN 1 ELSE 0 END)
        FROM json_each($1) j
        JOIN reactions r ON r.conversation = json_extract(j.value, '$[0]')
            AND r.target_seq = json_extract(j.value, '$[1]')
        GROUP BY r.conversation, r.target_seq, r.emoji
        ORDER BY r.conversation, r.target_seq, COUNT(*) DESC, r.emoji";
    let rows: Vec<(i64, i64, String, i64, i64)> = db.all(SELECT, args![pairs(targets)?, account]).await?;
    Ok(rows
        .into_iter()
        .map(|(conversation, target, emoji, count, mine)| {
            let place = (conversation.into(), target as u64);
            (place, ReactionCount { emoji, count: count as u64, mine: mine > 0 })
        })
        .collect())
}

pub(super) async fn reactions(
    db: &Db,
    conversation: ConversationId,
    target: u64,
    after: &ReactedBy,
    limit: u64,
) -> Result<Vec<ReactedBy>> {
    const SELECT: &str = "SELECT account, emoji FROM reactions
        WHERE conversation = $1 AND target_seq = $2 AND (account > $3 OR (account = $3 AND emoji > $4))
        ORDER BY account, emoji LIMIT $5";
    let args = args![conversation, target, after.account, after.emoji.as_str(), limit];
    let rows: Vec<(i64, String)> = db.all(SELECT, args).await?;
    Ok(rows.into_iter().map(|(account, emoji)| ReactedBy { account: account.into(), emoji }).collect())
}
