//! SQL of what an account leaves in the logs of groups.

use litrocket_protocol::{AccountId, ConversationId, event::Event};

use crate::{args, error::Result, features::chat, writer::Tx};

/// Behind which event of which conversation to go on.
pub(super) type LogCursor = (u64, u64);

/// Some groups in which an account has a name.
pub(super) async fn named(tx: &mut Tx, account: AccountId, most: u64) -> Result<Vec<ConversationId>> {
    const SELECT: &str = "SELECT conversation FROM members
        WHERE account = $1 AND state = 2 AND nickname <> '' ORDER BY conversation LIMIT $2";
    let rows: Vec<(i64,)> = tx.all(SELECT, args![account, most]).await?;
    Ok(rows.into_iter().map(|(id,)| id.into()).collect())
}

/// Events by which an account named itself, behind a place, and where to go on.
pub(super) async fn nicknamed(
    tx: &mut Tx,
    account: AccountId,
    after: LogCursor,
    most: u64,
) -> Result<(Vec<Event>, Option<LogCursor>)> {
    const SELECT: &str = "SELECT frame FROM events WHERE sender = $1 AND kind = 76
        AND (conversation, event_seq) > ($2, $3) ORDER BY conversation, event_seq LIMIT $4";
    page(tx.all(SELECT, args![account, after.0, after.1, most]).await?, most)
}

/// What an account announced, behind a place, and where to go on.
pub(super) async fn announced(
    tx: &mut Tx,
    account: AccountId,
    after: LogCursor,
    most: u64,
) -> Result<(Vec<Event>, Option<LogCursor>)> {
    const SELECT: &str = "SELECT e.frame FROM members m
        CROSS JOIN events e ON e.conversation = m.conversation AND e.kind = 71
        WHERE m.account = $1 AND m.conversation >= $2 AND e.sender = $1
            AND (e.conversation, e.event_seq) > ($2, $3)
        ORDER BY m.conversation, e.event_seq LIMIT $4";
    page(tx.all(SELECT, args![account, after.0, after.1, most]).await?, most)
}

fn page(rows: Vec<(Vec<u8>,)>, most: u64) -> Result<(Vec<Event>, Option<LogCursor>)> {
    let full = rows.len() as u64 >= most;
    let events: Vec<Event> = rows.iter().map(|(bytes,)| chat::decode(bytes)).collect::<Result<_>>()?;
    let last = events.last().map(|event| (event.conversation.0, event.event_seq));
    Ok((events, last.filter(|_| full)))
}
