//! The search feature's SQL over the log.

use litrocket_protocol::{
    AccountId, ConversationId,
    event::{Event, File, Forwarded, Text, kind},
    frame,
};

use crate::{
    args,
    db::{self, Db},
    error::Result,
};

/// The words of an event, if it has any.
pub(super) fn text_of(event: &Event) -> Option<String> {
    match event.kind {
        kind::TEXT | kind::EDIT => frame::decode::<Text>(&event.body).ok().map(|text| text.text),
        kind::FORWARD => frame::decode::<Forwarded>(&event.body).ok().map(|forwarded| match forwarded.file {
            Some(file) => format!("{} {}", file.name, forwarded.text),
            None => forwarded.text,
        }),
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

/// Messages with words from one position to below another in some conversations (a JSON array), newest first.
pub(super) async fn texts(
    db: &Db,
    from: u64,
    to: u64,
    scopes: &str,
    limit: u64,
) -> Result<Vec<(u64, Vec<u8>)>> {
    // The plus keeps the database from reading the conversations whole instead of the end of the log.
    const SELECT: &str = "SELECT pos, frame FROM events WHERE pos >= $1 AND pos < $2 AND gone = 0
            AND kind IN (1, 2, 3) AND +conversation IN (SELECT value FROM json_each($3))
        ORDER BY pos DESC LIMIT $4";
    let rows: Vec<(i64, Vec<u8>)> = db.all(SELECT, args![from, to, scopes, limit]).await?;
    Ok(rows.into_iter().map(|(pos, frame)| (pos as u64, frame)).collect())
}

/// Edits from one position to below another of messages below `before`, newest first: the position of the edit, that of
/// the message, and the edit.
pub(super) async fn edits(
    db: &Db,
    from: u64,
    to: u64,
    before: u64,
    scopes: &str,
    limit: u64,
) -> Result<Vec<(u64, u64, Vec<u8>)>> {
    const SELECT: &str = "SELECT e.pos, t.pos, e.frame FROM events e
        JOIN events t ON t.conversation = e.conversation AND t.event_seq = e.target_seq
        WHERE e.pos >= $1 AND e.pos < $2 AND e.kind = 32 AND e.gone = 0 AND t.pos < $3
            AND +e.conversation IN (SELECT value FROM json_each($4))
        ORDER BY e.pos DESC LIMIT $5";
    let rows: Vec<(i64, i64, Vec<u8>)> = db.all(SELECT, args![from, to, before, scopes, limit]).await?;
    Ok(rows.into_iter().map(|(pos, target, frame)| (pos as u64, target as u64, frame)).collect())
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
    let rows: Vec<(i64, i64, i64, i64, Vec<u8>)> =
        db.all(SELECT, args![account, db::list(positions)?]).await?;
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

/// A row of the log for the index: its position, its bytes, and the position of the event that it refers to.
pub(super) type LogRow = (u64, Vec<u8>, Option<u64>);

/// The next rows of the log behind a position, for the index.
pub(super) async fn after(db: &Db, pos: u64, limit: u64) -> Result<Vec<LogRow>> {
    const SELECT: &str = "SELECT e.pos, e.frame, t.pos FROM events e
        LEFT JOIN events t ON t.conversation = e.conversation AND t.event_seq = e.target_seq
        WHERE e.pos > $1 ORDER BY e.pos LIMIT $2";
    let rows: Vec<(i64, Vec<u8>, Option<i64>)> = db.all(SELECT, args![pos, limit]).await?;
    Ok(rows
        .into_iter()
        .map(|(pos, frame, target)| (pos as u64, frame, target.map(|target| target as u64)))
        .collect())
}
