//! SQL of friend requests, the table `friend_requests`, and what each change writes to the account logs of both sides.

use litrocket_protocol::{
    AccountId, frame,
    people::{FriendRequest, FriendRequestEntry},
};

use super::{Asked, AskedRow, State, Told};
use crate::{
    args,
    db::{Db, Value},
    error::Result,
    limits::DAY_MS,
    writer::Tx,
};

fn request_key(other: AccountId) -> String {
    format!("friend_request/{other}")
}

pub(super) async fn request(tx: &mut Tx, sender: AccountId, recipient: AccountId) -> Result<Option<Asked>> {
    const SELECT: &str = "SELECT refused, message, at_ms, expires_ms, told, told_ms FROM friend_requests
        WHERE sender = $1 AND recipient = $2 AND expires_ms > $3";
    let now = tx.now_ms();
    let row: Option<AskedRow> = tx.first(SELECT, args![sender, recipient, now]).await?;
    Ok(row.map(Asked::from))
}

/// Whether a request waits for an answer.
pub(super) async fn waits(tx: &mut Tx, sender: AccountId, recipient: AccountId) -> Result<bool> {
    Ok(request(tx, sender, recipient).await?.is_some_and(|request| request.state == State::Waits))
}

/// Requests of an account that wait for an answer.
pub(super) async fn waiting(tx: &mut Tx, sender: AccountId) -> Result<u64> {
    const SELECT: &str = "SELECT COUNT(*) FROM friend_requests
        WHERE sender = $1 AND refused = 0 AND expires_ms > $2";
    let now = tx.now_ms();
    let row: Option<(i64,)> = tx.first(SELECT, args![sender, now]).await?;
    Ok(row.map_or(0, |(count,)| count as u64))
}

/// Makes a request, or gives it another message; both sides hear of it.
pub(super) async fn put_request(
    tx: &mut Tx,
    sender: AccountId,
    recipient: AccountId,
    sent: FriendRequestEntry,
    told: Told,
) -> Result<()> {
    const PUT: &str =
        "INSERT INTO friend_requests (sender, recipient, message, at_ms, expires_ms, told, told_ms)
        VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (sender, recipient) DO UPDATE
        SET message = excluded.message, refused = 0, at_ms = excluded.at_ms, expires_ms = excluded.expires_ms,
            told = excluded.told, told_ms = excluded.told_ms";
    let (at_ms, expires_ms) = (sent.at_ms, sent.expires_ms);
    let args = args![sender, recipient, &*sent.message, at_ms, expires_ms, told.count, told.since_ms];
    tx.execute(PUT, args).await?;
    let got = FriendRequestEntry { sent: false, ..sent.clone() };
    tx.entries(vec![
        (sender, request_key(recipient), Some(frame::encode_body(&sent))),
        (recipient, request_key(sender), Some(frame::encode_body(&got))),
    ])
    .await
}

/// The request is over for both sides, and is remembered until it would have expired.
pub(super) async fn refuse_request(tx: &mut Tx, sender: AccountId, recipient: AccountId) -> Result<()> {
    const REFUSE: &str =
        "UPDATE friend_requests SET refused = 1, message = '' WHERE sender = $1 AND recipient = $2";
    tx.execute(REFUSE, args![sender, recipient]).await?;
    end_request(tx, sender, recipient).await
}

/// The request is over for both sides because its sender says so; whether there was one. It is remembered for as long as
/// making it anew is bounded.
pub(super) async fn withdraw_request(tx: &mut Tx, sender: AccountId, recipient: AccountId) -> Result<bool> {
    const WITHDRAW: &str = "UPDATE friend_requests SET refused = 2, message = '', expires_ms = told_ms + $3
        WHERE sender = $1 AND recipient = $2 AND refused = 0";
    let waited = tx.execute(WITHDRAW, args![sender, recipient, DAY_MS]).await? > 0;
    if waited {
        end_request(tx, sender, recipient).await?;
    }
    Ok(waited)
}

async fn end_request(tx: &mut Tx, sender: AccountId, recipient: AccountId) -> Result<()> {
    tx.entries(vec![(sender, request_key(recipient), None), (recipient, request_key(sender), None)]).await
}

/// Takes requests away with a statement that returns whose they are and whether they are over; how many.
async fn take(tx: &mut Tx, delete: &'static str, args: &[Value]) -> Result<usize> {
    let gone: Vec<(i64, i64, i64)> = tx.all(delete, args).await?;
    let count = gone.len();
    // The end of one that was refused or withdrawn was told then.
    let ended = gone.into_iter().filter(|(.., refused)| *refused == 0);
    let entries: Vec<_> = ended
        .map(|(sender, recipient, _)| (AccountId::from(sender), AccountId::from(recipient)))
        .flat_map(|(sender, recipient)| {
            [(sender, request_key(recipient), None), (recipient, request_key(sender), None)]
        })
        .collect();
    if !entries.is_empty() {
        tx.entries(entries).await?;
    }
    Ok(count)
}

pub(super) async fn drop_request(tx: &mut Tx, sender: AccountId, recipient: AccountId) -> Result<()> {
    const DELETE: &str = "DELETE FROM friend_requests WHERE sender = $1 AND recipient = $2
        RETURNING sender, recipient, refused";
    take(tx, DELETE, args![sender, recipient]).await.map(drop)
}

/// Ends the requests between two people, both ways.
pub(super) async fn drop_requests(tx: &mut Tx, one: AccountId, other: AccountId) -> Result<()> {
    const DELETE: &str = "DELETE FROM friend_requests
        WHERE (sender = $1 AND recipient = $2) OR (sender = $2 AND recipient = $1)
        RETURNING sender, recipient, refused";
    take(tx, DELETE, args![one, other]).await.map(drop)
}

/// Takes expired requests away, at most so many; how many.
pub(super) async fn expire(tx: &mut Tx, most: u64) -> Result<u64> {
    const DELETE: &str = "DELETE FROM friend_requests WHERE (sender, recipient) IN
            (SELECT sender, recipient FROM friend_requests WHERE expires_ms <= $1
            ORDER BY expires_ms LIMIT $2) RETURNING sender, recipient, refused";
    let now = tx.now_ms();
    take(tx, DELETE, args![now, most]).await.map(|count| count as u64)
}

/// Takes some requests of an account and to it away, at most so many; how many.
pub(super) async fn forget_some(tx: &mut Tx, account: AccountId, most: u64) -> Result<usize> {
    const SENT: &str = "DELETE FROM friend_requests WHERE sender = $1 AND recipient IN
            (SELECT recipient FROM friend_requests WHERE sender = $1 LIMIT $2)
        RETURNING sender, recipient, refused";
    const GOT: &str = "DELETE FROM friend_requests WHERE recipient = $1 AND sender IN
            (SELECT sender FROM friend_requests WHERE recipient = $1 LIMIT $2)
        RETURNING sender, recipient, refused";
    let sent = take(tx, SENT, args![account, most]).await?;
    Ok(sent + take(tx, GOT, args![account, most.saturating_sub(sent as u64)]).await?)
}

type RequestRow = (i64, String, String, String, i64, i64);

/// Requests of one direction that wait, newest first.
pub(super) async fn requests(
    db: &Db,
    account: AccountId,
    sent: bool,
    before: (u64, u64),
    now_ms: u64,
    limit: u64,
) -> Result<Vec<FriendRequest>> {
    const SENT: &str = "SELECT r.recipient, a.handle, a.display_name, r.message, r.at_ms, r.expires_ms
        FROM friend_requests r JOIN accounts a ON a.id = r.recipient
        WHERE r.sender = $1 AND r.refused = 0 AND r.expires_ms > $2
            AND (r.at_ms < $3 OR (r.at_ms = $3 AND r.recipient < $4))
        ORDER BY r.at_ms DESC, r.recipient DESC LIMIT $5";
    const GOT: &str = "SELECT r.sender, a.handle, a.display_name, r.message, r.at_ms, r.expires_ms
        FROM friend_requests r JOIN accounts a ON a.id = r.sender
        WHERE r.recipient = $1 AND r.refused = 0 AND r.expires_ms > $2
            AND (r.at_ms < $3 OR (r.at_ms = $3 AND r.sender < $4))
        ORDER BY r.at_ms DESC, r.sender DESC LIMIT $5";
    let sql = if sent { SENT } else { GOT };
    let rows: Vec<RequestRow> = db.all(sql, args![account, now_ms, before.0, before.1, limit]).await?;
    Ok(rows
        .into_iter()
        .map(|(other, handle, display_name, message, at, expires)| FriendRequest {
            account: other.into(),
            handle,
            display_name,
            request: FriendRequestEntry { sent, message, at_ms: at as u64, expires_ms: expires as u64 },
        })
        .collect())
}
