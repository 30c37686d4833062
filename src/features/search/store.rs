//! The search feature's SQL over the log.

use litrocket_protocol::{
    AccountId, ConversationId,
    event::{Event, File, Forwarded, Text, kind},
    frame,
};

use crate::{
    args,
    db::Db,
    error::Result,
    features::{chat, conversations::store::json},
};

/// The words of an event, if it has any.
pub(super) fn text_of(event: &Event) -> Option<String> {
    match event.kind {
        kind::TEXT | kind::EDIT => frame::decode::<Text>(&event.body).ok().map(|text| text.text),
        kind::FORWARD => frame::decode::<Forwarded>(&event.body).ok().map(|text| text.text),
        kind::FILE => {
            frame::decode::<File>(&event.body).ok().map(|file| format!("{} {}", file.name, file.text))
        }
        _ => None,
    }
}

/// The conversations an account may search, most recent first.
pub(super) async fn scopes(db: &Db, account: AccountId, limit: u64) -> Result<Vec<u64>> {
    const SELECT: &str = "SELECT c.id FROM members m JOIN conversations c ON c.id = m.conversation
        WHERE m.account = $1 AND m.shown = 1 ORDER BY c.last_at_ms DESC, c.id DESC LIMIT $2";
    let rows: Vec<(i64,)> = db.all(SELECT, args![account, limit]).await?;
    Ok(rows.into_iter().map(|(id,)| id as u64).collect())
}

/// What is not indexed yet.
pub(super) struct Tail {
    /// Position and words, newest first.
    pub(super) texts: Vec<(u64, String)>,
    /// Whether that is all.
    pub(super) complete: bool,
}

pub(super) async fn tail(db: &Db, indexed: u64, before: u64, scopes: &[u64], max: u64) -> Result<Tail> {
    const HEAD: &str = "SELECT COALESCE(MAX(pos), 0) FROM events";
    const SELECT: &str = "SELECT pos, frame FROM events WHERE pos > $1 AND pos <= $2 AND pos < $3
            AND gone = 0 AND kind IN (1, 2, 3, 32) AND conversation IN (SELECT value FROM json_each($4))
        ORDER BY pos DESC";
    let head: Option<(i64,)> = db.first(HEAD, &[]).await?;
    let head = head.map_or(0, |(pos,)| pos as u64);
    let to = head.min(indexed + max);
    let rows: Vec<(i64, Vec<u8>)> = db.all(SELECT, args![indexed, to, before, json(scopes)?]).await?;
    let mut texts = Vec::new();
    for (pos, bytes) in rows {
        let event = chat::decode(&bytes)?;
        if let Some(text) = text_of(&event) {
            // An edit that is not indexed yet stands for the message it changes.
            let pos = match (event.kind, event.target_seq) {
                (kind::EDIT, Some(target)) => pos_of(db, event.conversation, target).await?.unwrap_or(0),
                _ => pos as u64,
            };
            texts.push((pos, text));
        }
    }
    texts.sort_unstable_by_key(|(pos, _)| std::cmp::Reverse(*pos));
    texts.retain(|(pos, _)| *pos > 0 && *pos < before);
    texts.dedup_by_key(|(pos, _)| *pos);
    Ok(Tail { texts, complete: head <= indexed + max })
}

/// The position of an event.
pub(super) async fn pos_of(db: &Db, conversation: ConversationId, event_seq: u64) -> Result<Option<u64>> {
    const SELECT: &str = "SELECT pos FROM events WHERE conversation = $1 AND event_seq = $2";
    let row: Option<(i64,)> = db.first(SELECT, args![conversation, event_seq]).await?;
    Ok(row.map(|(pos,)| pos as u64))
}

/// A hit as the log has it now.
pub(super) struct Row {
    pub(super) pos: u64,
    pub(super) conversation: ConversationId,
    pub(super) event_seq: u64,
    pub(super) gone: bool,
    pub(super) frame: Vec<u8>,
}

/// Rows of positions, newest first, without what the account hid.
pub(super) async fn rows(db: &Db, account: AccountId, positions: &[u64]) -> Result<Vec<Row>> {
    const SELECT: &str = "SELECT e.pos, e.conversation, e.event_seq, e.gone, e.frame
        FROM json_each($2) j JOIN events e ON e.pos = j.value
        WHERE NOT EXISTS (SELECT 1 FROM hidden h
            WHERE h.account = $1 AND h.conversation = e.conversation AND h.event_seq = e.event_seq)
        ORDER BY e.pos DESC";
    let rows: Vec<(i64, i64, i64, i64, Vec<u8>)> = db.all(SELECT, args![account, json(positions)?]).await?;
    Ok(rows
        .into_iter()
        .map(|(pos, conversation, seq, gone, frame)| Row {
            pos: pos as u64,
            conversation: conversation.into(),
            event_seq: seq as u64,
            gone: gone != 0,
            frame,
        })
        .collect())
}

/// The end of the log.
pub(super) async fn last(db: &Db) -> Result<u64> {
    let row: Option<(Option<i64>,)> = db.first("SELECT MAX(pos) FROM events", &[]).await?;
    Ok(row.and_then(|(pos,)| pos).unwrap_or(0) as u64)
}

/// The next rows of the log behind a position, for the index.
pub(super) async fn after(db: &Db, pos: u64, limit: u64) -> Result<Vec<(u64, Vec<u8>)>> {
    const SELECT: &str = "SELECT pos, frame FROM events WHERE pos > $1 ORDER BY pos LIMIT $2";
    let rows: Vec<(i64, Vec<u8>)> = db.all(SELECT, args![pos, limit]).await?;
    Ok(rows.into_iter().map(|(pos, frame)| (pos as u64, frame)).collect())
}
