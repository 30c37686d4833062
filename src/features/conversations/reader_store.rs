//! SQL of how far others have read, and of who has read a message.

use litrocket_protocol::{AccountId, ConversationId};

use crate::{args, db::Db, error::Result, features::people::lets};

/// Members that one page looks through: of a large group perhaps nobody has read a message.
const LOOKED_THROUGH: u64 = 5_000;

/// Whose message it is, and the number of messages up to it.
pub(super) type Sent = (AccountId, u64);

pub(super) async fn sent(db: &Db, conversation: ConversationId, event_seq: u64) -> Result<Option<Sent>> {
    const SELECT: &str = "SELECT sender, message_seq FROM events WHERE conversation = $1 AND event_seq = $2";
    let row: Option<(i64, i64)> = db.first(SELECT, args![conversation, event_seq]).await?;
    Ok(row.map(|(sender, message_seq)| (sender.into(), message_seq as u64)))
}

/// A page of readers.
pub(super) struct Page {
    /// Ascending.
    pub(super) readers: Vec<AccountId>,
    /// Behind whom the next page begins, if there may be more.
    pub(super) next: Option<AccountId>,
}

/// Those behind an account who have read a message and let the caller know.
pub(super) async fn readers(
    db: &Db,
    conversation: ConversationId,
    caller: AccountId,
    (sender, message_seq): Sent,
    after: Option<AccountId>,
    limit: u64,
) -> Result<Page> {
    const SELECT: &str = concat!(
        "WITH some AS (SELECT * FROM members WHERE conversation = $1 AND account > $2 ORDER BY account LIMIT $7)
        SELECT * FROM (SELECT m.account, 1 FROM some m JOIN accounts a ON a.id = m.account
            WHERE m.state = 2 AND m.refused + m.asked = 0 AND ",
        lets!("a.read_receipts", "m.account", "$6"),
        " AND (m.read_marker >= $3 OR m.last_sent > $3) AND m.joined <= $3 AND m.account <> $4
            ORDER BY m.account LIMIT $5)
        UNION ALL SELECT MAX(account), 0 FROM some HAVING COUNT(*) = $7"
    );
    let after = after.map_or(0, AccountId::sql);
    let args = args![conversation, after, message_seq, sender, limit + 1, caller, LOOKED_THROUGH];
    let rows: Vec<(i64, i64)> = db.all(SELECT, args).await?;
    let looked_to = rows.iter().find(|(_, reads)| *reads == 0).map(|(account, _)| AccountId::from(*account));
    let mut readers: Vec<AccountId> =
        rows.into_iter().filter(|(_, reads)| *reads != 0).map(|(account, _)| account.into()).collect();
    let full = readers.len() as u64 > limit;
    readers.truncate(limit as usize);
    let next = if full { readers.last().copied() } else { looked_to };
    Ok(Page { readers, next })
}

/// How far another member is, as far as it is stored: see `Lazy`.
pub(super) struct StoredMarker {
    pub(super) account: AccountId,
    pub(super) read: u64,
    pub(super) delivered: u64,
    /// Whether they let the caller know how far they have read.
    pub(super) tells_read: bool,
    /// Nothing of them is told there: see [`super::Readable`].
    pub(super) is_quiet: bool,
}

/// A page of the other members' markers, behind an account.
pub(super) async fn markers(
    db: &Db,
    conversation: ConversationId,
    caller: AccountId,
    after: Option<AccountId>,
    limit: u64,
) -> Result<Vec<StoredMarker>> {
    const SELECT: &str = concat!(
        "SELECT m.account, CASE WHEN m.read_marker < m.last_sent THEN m.last_sent ELSE m.read_marker END, m.delivered,
            m.refused + m.asked = 0 AND ",
        lets!("a.read_receipts", "m.account", "$3"),
        ", m.refused + m.asked
        FROM members m JOIN accounts a ON a.id = m.account
        WHERE m.conversation = $1 AND m.account > $2 AND m.account <> $3 AND m.state = 2
        ORDER BY m.account LIMIT $4"
    );
    let after = after.map_or(0, AccountId::sql);
    let rows: Vec<(i64, i64, i64, i64, i64)> =
        db.all(SELECT, args![conversation, after, caller, limit]).await?;
    Ok(rows
        .into_iter()
        .map(|(account, read, delivered, tells, quiet)| StoredMarker {
            account: account.into(),
            read: read as u64,
            delivered: delivered as u64,
            tells_read: tells != 0,
            is_quiet: quiet != 0,
        })
        .collect())
}
