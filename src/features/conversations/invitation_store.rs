//! SQL of invitations: the tables `group_invitations` and `group_refusals`.

use litrocket_protocol::{
    AccountId, ConversationId,
    conversations::{Invitation, InvitationEntry},
};

use super::store;
use crate::{
    args,
    db::{Db, Value},
    error::Result,
    writer::Tx,
};

/// Of people somebody wants in a group, those who have no invitation into it that stands: whether one reaches them, which it does
/// not when they block the inviter, have `most` invitations, or lately refused this inviter or `refusals` people there.
pub(crate) async fn fresh(
    tx: &mut Tx,
    by: AccountId,
    conversation: ConversationId,
    people: &[AccountId],
    (most, refusals): (u64, u64),
) -> Result<Vec<(AccountId, bool)>> {
    const FRESH: &str =
        "SELECT j.value, EXISTS (SELECT 1 FROM blocks b WHERE b.account = j.value AND b.blocked = $1)
            OR (SELECT COUNT(*) FROM group_invitations g WHERE g.account = j.value) >= $4
            OR EXISTS (SELECT 1 FROM group_refusals r WHERE r.account = j.value AND r.conversation = $2
                AND r.by_account = $1 AND r.until_ms > $5)
            OR (SELECT COUNT(*) FROM group_refusals r WHERE r.account = j.value AND r.conversation = $2
                AND r.until_ms > $5) >= $6
        FROM json_each($3) j WHERE NOT EXISTS
            (SELECT 1 FROM group_invitations i
            JOIN members m ON m.conversation = i.conversation AND m.account = i.by_account AND m.state = 2
            WHERE i.account = j.value AND i.conversation = $2 AND i.expires_ms > $5)";
    let now = tx.now_ms();
    let args = args![by, conversation, store::ids(people)?, most, now, refusals];
    let rows: Vec<(i64, i64)> = tx.all(FRESH, args).await?;
    Ok(rows.into_iter().map(|(account, kept)| (account.into(), kept == 0)).collect())
}

pub(crate) async fn insert(
    tx: &mut Tx,
    conversation: ConversationId,
    people: &[AccountId],
    entry: &InvitationEntry,
) -> Result<()> {
    const INSERT: &str =
        "INSERT INTO group_invitations (account, conversation, by_account, at_ms, expires_ms)
        VALUES ($1, $2, $3, $4, $5) ON CONFLICT (account, conversation) DO UPDATE
        SET by_account = excluded.by_account, at_ms = excluded.at_ms, expires_ms = excluded.expires_ms";
    let row =
        |account: &AccountId| args![*account, conversation, entry.by, entry.at_ms, entry.expires_ms].to_vec();
    let rows: Vec<_> = people.iter().map(row).collect();
    tx.execute_many(INSERT, &rows).await
}

/// An invitation was refused; how long that is remembered.
pub(crate) async fn refuse(
    tx: &mut Tx,
    account: AccountId,
    conversation: ConversationId,
    by: AccountId,
    until_ms: u64,
) -> Result<()> {
    const PUT: &str = "INSERT INTO group_refusals (account, conversation, by_account, until_ms)
        VALUES ($1, $2, $3, $4) ON CONFLICT (account, conversation, by_account) DO UPDATE
        SET until_ms = excluded.until_ms";
    tx.execute(PUT, args![account, conversation, by, until_ms]).await.map(drop)
}

/// Forgets refusals whose time is up, at most so many; how many.
pub(crate) async fn forget_refusals(tx: &mut Tx, most: u64) -> Result<u64> {
    const DELETE: &str = "DELETE FROM group_refusals WHERE (account, conversation, by_account) IN
        (SELECT account, conversation, by_account FROM group_refusals WHERE until_ms <= $1
        ORDER BY until_ms LIMIT $2)";
    let now = tx.now_ms();
    tx.execute(DELETE, args![now, most]).await
}

/// Invitations that were taken away: whose, and into what.
pub(crate) type Gone = Vec<(AccountId, ConversationId)>;

async fn take(tx: &mut Tx, delete: &'static str, args: &[Value]) -> Result<Gone> {
    let rows: Vec<(i64, i64)> = tx.all(delete, args).await?;
    Ok(rows.into_iter().map(|(account, conversation)| (account.into(), conversation.into())).collect())
}

/// Takes the invitations of some people into a conversation away.
pub(crate) async fn take_of(tx: &mut Tx, conversation: ConversationId, people: &[AccountId]) -> Result<Gone> {
    const DELETE: &str = "DELETE FROM group_invitations WHERE conversation = $1
            AND account IN (SELECT value FROM json_each($2)) RETURNING account, conversation";
    take(tx, DELETE, args![conversation, store::ids(people)?]).await
}

/// Takes those that somebody made into a conversation away, at most so many.
pub(crate) async fn take_made_by(
    tx: &mut Tx,
    conversation: ConversationId,
    by: AccountId,
    most: u64,
) -> Result<Gone> {
    const DELETE: &str = "DELETE FROM group_invitations WHERE (account, conversation) IN
            (SELECT account, conversation FROM group_invitations WHERE by_account = $2 AND conversation = $1 LIMIT $3)
        RETURNING account, conversation";
    take(tx, DELETE, args![conversation, by, most]).await
}

/// Takes expired ones away, at most so many.
pub(crate) async fn take_expired(tx: &mut Tx, most: u64) -> Result<Gone> {
    const DELETE: &str = "DELETE FROM group_invitations WHERE (account, conversation) IN
            (SELECT account, conversation FROM group_invitations WHERE expires_ms <= $1
            ORDER BY expires_ms LIMIT $2) RETURNING account, conversation";
    let now = tx.now_ms();
    take(tx, DELETE, args![now, most]).await
}

/// Takes those to an account and by it away.
pub(crate) async fn take_about(tx: &mut Tx, account: AccountId) -> Result<Gone> {
    const DELETE: &str = "DELETE FROM group_invitations WHERE account = $1 OR by_account = $1
        RETURNING account, conversation";
    const REFUSALS: &str = "DELETE FROM group_refusals WHERE account = $1 OR by_account = $1";
    tx.execute(REFUSALS, args![account]).await?;
    take(tx, DELETE, args![account]).await
}

/// An invitation stands while the one who made it is in the group.
macro_rules! standing {
    ($what:literal, $which:literal) => {
        concat!(
            "SELECT ",
            $what,
            " FROM group_invitations i JOIN conversations c ON c.id = i.conversation
            JOIN members m ON m.conversation = i.conversation AND m.account = i.by_account AND m.state = 2
            JOIN accounts a ON a.id = i.by_account
            WHERE i.account = $1 AND i.expires_ms > $2 AND ",
            $which
        )
    };
}

/// A page of those that stand, behind a conversation.
pub(crate) async fn page(
    db: &Db,
    account: AccountId,
    now_ms: u64,
    after: ConversationId,
    limit: u64,
) -> Result<Vec<Invitation>> {
    const SELECT: &str = standing!(
        "i.conversation, c.name, c.members, i.by_account, a.handle, i.at_ms, i.expires_ms",
        "i.conversation > $3 ORDER BY i.conversation LIMIT $4"
    );
    type Row = (i64, String, i64, i64, String, i64, i64);
    let rows: Vec<Row> = db.all(SELECT, args![account, now_ms, after, limit]).await?;
    Ok(rows
        .into_iter()
        .map(|(conversation, name, members, by, handle, at, expires)| Invitation {
            conversation: conversation.into(),
            members: members as u64,
            handle,
            invitation: InvitationEntry { by: by.into(), name, at_ms: at as u64, expires_ms: expires as u64 },
        })
        .collect())
}

/// Who invited an account into a conversation, if that stands.
pub(crate) async fn inviter(
    tx: &mut Tx,
    account: AccountId,
    conversation: ConversationId,
) -> Result<Option<AccountId>> {
    const SELECT: &str = standing!("i.by_account", "i.conversation = $3");
    let now = tx.now_ms();
    let row: Option<(i64,)> = tx.first(SELECT, args![account, now, conversation]).await?;
    Ok(row.map(|(by,)| by.into()))
}
