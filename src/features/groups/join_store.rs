//! The SQL of coming in: what groups are found by, requests, links.

use litrocket_protocol::{
    AccountId, ConversationId,
    groups::{FoundGroup, GroupLinkInfo, JoinRequest, JoinRequestEntry},
    limits,
};

use super::store;
use crate::{
    args,
    db::{self, Db},
    error::Result,
    features::people::{Asked, AskedRow, Told},
    limits::DAY_MS,
    writer::Tx,
};

/// How much of what has ended one job takes away: the writer is not held up for long.
const END_STEP: u64 = 200;

/// Sets what a group is found by; nothing when it is not to be found.
pub(super) async fn set_terms(
    tx: &mut Tx,
    conversation: ConversationId,
    terms: impl IntoIterator<Item = String>,
) -> Result<()> {
    const INSERT: &str = "INSERT INTO group_terms (term, conversation) VALUES ($1, $2)";
    tx.execute("DELETE FROM group_terms WHERE conversation = $1", args![conversation]).await?;
    let rows: Vec<_> = terms.into_iter().map(|term| args![term, conversation].to_vec()).collect();
    tx.execute_many(INSERT, &rows).await
}

/// Groups with a term that begins as `text`, behind a term and group, with the term: each group once, under the
/// first of its terms.
pub(super) async fn find(
    db: &Db,
    text: &str,
    (term, after): (String, ConversationId),
    limit: u64,
) -> Result<Vec<(String, FoundGroup)>> {
    const SELECT: &str = "SELECT t.term, c.id, c.name, g.description, c.members, g.joining
        FROM group_terms t JOIN conversations c ON c.id = t.conversation
        JOIN groups g ON g.conversation = c.id
        WHERE t.term >= $1 AND t.term < $2 AND (t.term > $3 OR (t.term = $3 AND t.conversation > $4))
            AND t.term >= $3 AND c.members > 0
            AND NOT EXISTS (SELECT 1 FROM group_terms o
                WHERE o.conversation = t.conversation AND o.term >= $1 AND o.term < t.term)
        ORDER BY t.term, t.conversation LIMIT $5";
    type Row = (String, i64, String, String, i64, i64);
    let end = format!("{text}\u{10ffff}");
    let rows: Vec<Row> = db.all(SELECT, args![text, end, term, after, limit]).await?;
    Ok(rows
        .into_iter()
        .map(|(term, id, name, description, members, joining)| {
            let conversation = id.into();
            let members = members as u64;
            (term, FoundGroup { conversation, name, description, members, joining: joining as u8 })
        })
        .collect())
}

pub(super) async fn request(
    tx: &mut Tx,
    conversation: ConversationId,
    account: AccountId,
) -> Result<Option<Asked>> {
    const SELECT: &str = "SELECT refused, message, at_ms, expires_ms, told, told_ms FROM group_requests
        WHERE conversation = $1 AND account = $2 AND expires_ms > $3";
    let now = tx.now_ms();
    let row: Option<AskedRow> = tx.first(SELECT, args![conversation, account, now]).await?;
    Ok(row.map(Asked::from))
}

pub(super) async fn put_request(
    tx: &mut Tx,
    conversation: ConversationId,
    account: AccountId,
    entry: &JoinRequestEntry,
    told: Told,
) -> Result<()> {
    const PUT: &str =
        "INSERT INTO group_requests (conversation, account, message, at_ms, expires_ms, told, told_ms)
        VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (conversation, account) DO UPDATE
        SET message = excluded.message, refused = 0, at_ms = excluded.at_ms, expires_ms = excluded.expires_ms,
            told = excluded.told, told_ms = excluded.told_ms";
    let (at_ms, expires_ms) = (entry.at_ms, entry.expires_ms);
    let args = args![conversation, account, &*entry.message, at_ms, expires_ms, told.count, told.since_ms];
    tx.execute(PUT, args).await.map(drop)
}

/// The request is over, and is remembered until it would have ended.
pub(super) async fn refuse_request(
    tx: &mut Tx,
    conversation: ConversationId,
    account: AccountId,
) -> Result<()> {
    const REFUSE: &str =
        "UPDATE group_requests SET refused = 1, message = '' WHERE conversation = $1 AND account = $2";
    tx.execute(REFUSE, args![conversation, account]).await.map(drop)
}

/// Whoever made the request takes it back; whether it waited. It is remembered for as long as making it anew is bounded.
pub(super) async fn withdraw_request(
    tx: &mut Tx,
    conversation: ConversationId,
    account: AccountId,
) -> Result<bool> {
    const WITHDRAW: &str = "UPDATE group_requests SET refused = 2, message = '', expires_ms = told_ms + $3
        WHERE conversation = $1 AND account = $2 AND refused = 0";
    Ok(tx.execute(WITHDRAW, args![conversation, account, DAY_MS]).await? > 0)
}

/// Takes the requests of some accounts away, or all of the group; answers whose waited.
pub(super) async fn drop_requests(
    tx: &mut Tx,
    conversation: ConversationId,
    accounts: Option<&[AccountId]>,
) -> Result<Vec<AccountId>> {
    const ALL: &str = "DELETE FROM group_requests WHERE conversation = $1 RETURNING account, refused";
    const SOME: &str = "DELETE FROM group_requests WHERE conversation = $1
        AND account IN (SELECT value FROM json_each($2)) RETURNING account, refused";
    let rows: Vec<(i64, i64)> = match accounts {
        None => tx.all(ALL, args![conversation]).await?,
        Some(accounts) => {
            let ids: Vec<u64> = accounts.iter().map(|account| account.0).collect();
            tx.all(SOME, args![conversation, db::list(&ids)?]).await?
        }
    };
    Ok(waited(rows))
}

/// Takes all requests of an account away; answers the groups where one waited.
pub(super) async fn drop_own_requests(tx: &mut Tx, account: AccountId) -> Result<Vec<ConversationId>> {
    const DELETE: &str = "DELETE FROM group_requests WHERE account = $1 RETURNING conversation, refused";
    let rows: Vec<(i64, i64)> = tx.all(DELETE, args![account]).await?;
    Ok(rows.into_iter().filter(|(_, refused)| *refused == 0).map(|(id, _)| id.into()).collect())
}

/// Takes requests away that have ended; answers whose waited.
pub(super) async fn drop_ended_requests(tx: &mut Tx, conversation: ConversationId) -> Result<Vec<AccountId>> {
    const DELETE: &str = "DELETE FROM group_requests WHERE conversation = $1 AND account IN
        (SELECT account FROM group_requests WHERE conversation = $1 AND expires_ms <= $2 LIMIT $3)
        RETURNING account, refused";
    let now = tx.now_ms();
    Ok(waited(tx.all(DELETE, args![conversation, now, END_STEP]).await?))
}

/// Requests that have ended.
pub(super) struct Ended {
    /// Those that still waited: where, and whose.
    pub(super) waited: Vec<(ConversationId, AccountId)>,
    /// All of them, those that were refused too.
    pub(super) count: u64,
}

/// Takes expired requests of all groups away, at most so many.
pub(super) async fn take_expired_requests(tx: &mut Tx, most: u64) -> Result<Ended> {
    const DELETE: &str = "DELETE FROM group_requests WHERE (conversation, account) IN
        (SELECT conversation, account FROM group_requests WHERE expires_ms <= $1 ORDER BY expires_ms LIMIT $2)
        RETURNING conversation, account, refused";
    let now = tx.now_ms();
    let rows: Vec<(i64, i64, i64)> = tx.all(DELETE, args![now, most]).await?;
    let count = rows.len() as u64;
    let waited = rows.into_iter().filter(|(.., refused)| *refused == 0);
    Ok(Ended { waited: waited.map(|(place, account, _)| (place.into(), account.into())).collect(), count })
}

fn waited(rows: Vec<(i64, i64)>) -> Vec<AccountId> {
    rows.into_iter().filter(|(_, refused)| *refused == 0).map(|(account, _)| account.into()).collect()
}

const WAITING: &str = "SELECT COUNT(*), COALESCE(MAX(at_ms), 0) FROM group_requests
    WHERE conversation = $1 AND expires_ms > $2 AND refused = 0";

/// How many requests wait, and when the newest was made.
pub(super) async fn waiting_in(tx: &mut Tx, conversation: ConversationId) -> Result<(u64, u64)> {
    let now = tx.now_ms();
    let row: Option<(i64, i64)> = tx.first(WAITING, args![conversation, now]).await?;
    Ok(row.map_or((0, 0), |(count, newest)| (count as u64, newest as u64)))
}

pub(super) async fn waiting(db: &Db, conversation: ConversationId, now_ms: u64) -> Result<u64> {
    let row: Option<(i64, i64)> = db.first(WAITING, args![conversation, now_ms]).await?;
    Ok(row.map_or(0, |(count, _)| count as u64))
}

pub(super) async fn count_waiting(tx: &mut Tx, conversation: ConversationId) -> Result<u64> {
    Ok(waiting_in(tx, conversation).await?.0)
}

/// Requests of one account that wait, in all groups.
pub(super) async fn count_own(tx: &mut Tx, account: AccountId) -> Result<u64> {
    const COUNT: &str =
        "SELECT COUNT(*) FROM group_requests WHERE account = $1 AND refused = 0 AND expires_ms > $2";
    let now = tx.now_ms();
    store::count(tx, COUNT, args![account, now]).await
}

/// Requests that wait behind an end and an account, oldest first.
pub(super) async fn requests(
    db: &Db,
    conversation: ConversationId,
    after: (u64, u64),
    limit: u64,
) -> Result<Vec<JoinRequest>> {
    const SELECT: &str = "SELECT a.id, a.handle, a.display_name, r.message, r.at_ms, r.expires_ms
        FROM group_requests r JOIN accounts a ON a.id = r.account
        WHERE r.conversation = $1 AND r.refused = 0 AND r.expires_ms >= $2
            AND (r.expires_ms > $2 OR r.account > $3)
        ORDER BY r.expires_ms, r.account LIMIT $4";
    type Row = (i64, String, String, String, i64, i64);
    let rows: Vec<Row> = db.all(SELECT, args![conversation, after.0, after.1, limit]).await?;
    Ok(rows
        .into_iter()
        .map(|(account, handle, display_name, message, at, expires)| JoinRequest {
            account: account.into(),
            handle,
            display_name,
            request: JoinRequestEntry { message, at_ms: at as u64, expires_ms: expires as u64 },
        })
        .collect())
}

pub(super) async fn insert_link(
    tx: &mut Tx,
    conversation: ConversationId,
    hash: Vec<u8>,
    link: &GroupLinkInfo,
) -> Result<()> {
    const INSERT: &str =
        "INSERT INTO group_links (code_hash, conversation, link, made_by, made_ms, uses_left, expires_ms)
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let args =
        args![hash, conversation, link.link, link.made_by, link.made_ms, link.uses_left, link.expires_ms,];
    tx.execute(INSERT, args).await.map(drop)
}

pub(super) async fn drop_ended_links(tx: &mut Tx, conversation: ConversationId) -> Result<()> {
    const DELETE: &str =
        "DELETE FROM group_links WHERE conversation = $1 AND (expires_ms <= $2 OR uses_left <= 0)";
    let now = tx.now_ms();
    tx.execute(DELETE, args![conversation, now]).await.map(drop)
}

pub(super) async fn count_links(tx: &mut Tx, conversation: ConversationId) -> Result<u64> {
    store::count(tx, "SELECT COUNT(*) FROM group_links WHERE conversation = $1", args![conversation]).await
}

/// Who made the link with a number.
pub(super) async fn link_by_number(
    tx: &mut Tx,
    conversation: ConversationId,
    link: u64,
) -> Result<Option<AccountId>> {
    const SELECT: &str = "SELECT made_by FROM group_links WHERE conversation = $1 AND link = $2";
    let row: Option<(i64,)> = tx.first(SELECT, args![conversation, link]).await?;
    Ok(row.map(|(made_by,)| made_by.into()))
}

pub(super) async fn drop_link(tx: &mut Tx, conversation: ConversationId, link: u64) -> Result<()> {
    const DELETE: &str = "DELETE FROM group_links WHERE conversation = $1 AND link = $2";
    tx.execute(DELETE, args![conversation, link]).await.map(drop)
}

/// A link.
pub(super) struct Link {
    pub(super) conversation: ConversationId,
    pub(super) made_by: AccountId,
    pub(super) uses_left: u64,
}

/// Where a link leads, and how many may still come by it. One that is used up is known until the next link is made, so
/// that who came by it and asks again hears that they are in.
pub(super) async fn link(tx: &mut Tx, hash: Vec<u8>) -> Result<Option<Link>> {
    const SELECT: &str =
        "SELECT conversation, made_by, uses_left FROM group_links WHERE code_hash = $1 AND expires_ms > $2";
    let now = tx.now_ms();
    let row: Option<(i64, i64, i64)> = tx.first(SELECT, args![hash, now]).await?;
    Ok(row.map(|(conversation, made_by, uses)| Link {
        conversation: conversation.into(),
        made_by: made_by.into(),
        uses_left: uses as u64,
    }))
}

/// One came by a link.
pub(super) async fn use_link(tx: &mut Tx, hash: Vec<u8>) -> Result<()> {
    const USE: &str = "UPDATE group_links SET uses_left = uses_left - 1 WHERE code_hash = $1";
    tx.execute(USE, args![hash]).await.map(drop)
}

pub(super) async fn links(db: &Db, conversation: ConversationId, now_ms: u64) -> Result<Vec<GroupLinkInfo>> {
    const SELECT: &str = "SELECT l.link, l.made_by, l.made_ms, l.uses_left, l.expires_ms FROM group_links l
        JOIN members m ON m.conversation = l.conversation AND m.account = l.made_by AND m.state = 2
        WHERE l.conversation = $1 AND l.expires_ms > $2 AND l.uses_left > 0
        ORDER BY l.made_ms DESC, l.link LIMIT $3";
    let rows: Vec<(i64, i64, i64, i64, i64)> =
        db.all(SELECT, args![conversation, now_ms, limits::GROUP_LINKS_MAX]).await?;
    Ok(rows
        .into_iter()
        .map(|(link, made_by, made, uses, expires)| GroupLinkInfo {
            link: link as u64,
            made_by: made_by.into(),
            made_ms: made as u64,
            uses_left: uses as u64,
            expires_ms: expires as u64,
        })
        .collect())
}
