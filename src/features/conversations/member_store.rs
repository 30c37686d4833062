//! SQL of who is in: the tables `members` and `access`.

use litrocket_protocol::{
    AccountId, ConversationId,
    conversations::{Member, member_state, role},
};

use super::store;
use crate::{args, db::Db, error::Result, writer::Tx};

/// Puts accounts in: their rows, and what they may read from now on.
pub(crate) async fn join(
    tx: &mut Tx,
    conversation: ConversationId,
    accounts: &[AccountId],
    from_seq: u64,
    first_message: u64,
    shown: bool,
) -> Result<()> {
    const MEMBER: &str = "INSERT INTO members (conversation, account, state, role, shown, joined)
        VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (conversation, account) DO UPDATE
        SET state = excluded.state, role = excluded.role, shown = excluded.shown, joined = excluded.joined,
            parted_ms = NULL, parted_name = NULL, parted_members = NULL";
    const ACCESS: &str = "INSERT INTO access (conversation, account, from_seq) VALUES ($1, $2, $3)
        ON CONFLICT (conversation, account, from_seq) DO UPDATE SET to_seq = NULL";
    let (joined, member) = (member_state::JOINED, role::MEMBER);
    let members: Vec<_> = accounts
        .iter()
        .map(|account| args![conversation, *account, joined, member, shown, first_message].to_vec())
        .collect();
    let ranges: Vec<_> =
        accounts.iter().map(|account| args![conversation, *account, from_seq].to_vec()).collect();
    tx.execute_many(MEMBER, &members).await?;
    tx.execute_many(ACCESS, &ranges).await
}

/// Takes an account out: it reads up to `to_seq` and no further, and sees the group as it was then.
pub(crate) async fn part(
    tx: &mut Tx,
    conversation: ConversationId,
    account: AccountId,
    state: u8,
    to_seq: u64,
) -> Result<()> {
    const MEMBER: &str = "UPDATE members SET state = $3, role = 3, parted_ms = $4,
            parted_name = (SELECT name FROM conversations WHERE id = $1),
            parted_members = (SELECT members - 1 FROM conversations WHERE id = $1)
        WHERE conversation = $1 AND account = $2";
    const ACCESS: &str =
        "UPDATE access SET to_seq = $3 WHERE conversation = $1 AND account = $2 AND to_seq IS NULL";
    let now = tx.now_ms();
    tx.execute(MEMBER, args![conversation, account, state, now]).await?;
    tx.execute(ACCESS, args![conversation, account, to_seq]).await?;
    store::count_members(tx, conversation, -1).await
}

/// Takes everybody out at once: they read up to `to_seq` and no further. Answers who was in.
pub(crate) async fn dissolve(
    tx: &mut Tx,
    conversation: ConversationId,
    to_seq: u64,
) -> Result<Vec<AccountId>> {
    const MEMBERS: &str = "UPDATE members SET state = $2, role = 3, parted_ms = $3,
            parted_name = (SELECT name FROM conversations WHERE id = $1),
            parted_members = (SELECT members FROM conversations WHERE id = $1)
        WHERE conversation = $1 AND state = 2 RETURNING account";
    const ACCESS: &str = "UPDATE access SET to_seq = $2 WHERE conversation = $1 AND to_seq IS NULL";
    let now = tx.now_ms();
    let rows: Vec<(i64,)> = tx.all(MEMBERS, args![conversation, member_state::REMOVED, now]).await?;
    tx.execute(ACCESS, args![conversation, to_seq]).await?;
    tx.execute("UPDATE conversations SET members = 0, owner = 0 WHERE id = $1", args![conversation]).await?;
    Ok(rows.into_iter().map(|(id,)| id.into()).collect())
}

pub(crate) async fn set_role(
    tx: &mut Tx,
    conversation: ConversationId,
    account: AccountId,
    role: u8,
) -> Result<()> {
    const UPDATE: &str = "UPDATE members SET role = $3 WHERE conversation = $1 AND account = $2";
    tx.execute(UPDATE, args![conversation, account, role]).await?;
    tx.standing_changed(conversation, account);
    Ok(())
}

/// Mutes a member until a time; 0 for not at all.
pub(crate) async fn mute(
    tx: &mut Tx,
    conversation: ConversationId,
    account: AccountId,
    until_ms: u64,
) -> Result<()> {
    const UPDATE: &str = "UPDATE members SET muted_ms = $3 WHERE conversation = $1 AND account = $2";
    tx.execute(UPDATE, args![conversation, account, until_ms]).await?;
    tx.standing_changed(conversation, account);
    Ok(())
}

/// Sets the state of somebody who is not in. Who never was gets a row that shows them nothing.
pub(crate) async fn set_outside(
    tx: &mut Tx,
    conversation: ConversationId,
    account: AccountId,
    state: u8,
) -> Result<()> {
    const SET: &str =
        "INSERT INTO members (conversation, account, state, role, shown) VALUES ($1, $2, $3, 3, 0)
        ON CONFLICT (conversation, account) DO UPDATE SET state = excluded.state";
    tx.execute(SET, args![conversation, account, state]).await?;
    tx.standing_changed(conversation, account);
    Ok(())
}

/// Takes the row of somebody who never was in away.
pub(crate) async fn forget_outsider(
    tx: &mut Tx,
    conversation: ConversationId,
    account: AccountId,
) -> Result<()> {
    const DELETE: &str =
        "DELETE FROM members WHERE conversation = $1 AND account = $2 AND state <> 2 AND shown = 0";
    tx.execute(DELETE, args![conversation, account]).await?;
    tx.standing_changed(conversation, account);
    Ok(())
}

/// Sets a member's name in the group; whether it is another.
pub(crate) async fn set_nickname(
    tx: &mut Tx,
    conversation: ConversationId,
    account: AccountId,
    nickname: &str,
) -> Result<bool> {
    const UPDATE: &str =
        "UPDATE members SET nickname = $3 WHERE conversation = $1 AND account = $2 AND nickname <> $3";
    Ok(tx.execute(UPDATE, args![conversation, account, nickname]).await? > 0)
}

/// A member has seen the announcements up to one.
pub(crate) async fn see_announcement(
    tx: &mut Tx,
    conversation: ConversationId,
    account: AccountId,
    event_seq: u64,
) -> Result<()> {
    const UPDATE: &str =
        "UPDATE members SET announced = $3 WHERE conversation = $1 AND account = $2 AND announced < $3";
    tx.execute(UPDATE, args![conversation, account, event_seq]).await.map(drop)
}

/// Shows a one-to-one to the person who has not seen it; answers who that was. Who opened it sees it, so it is one at
/// most.
pub(crate) async fn show(tx: &mut Tx, conversation: ConversationId) -> Result<Option<AccountId>> {
    const UPDATE: &str =
        "UPDATE members SET shown = 1 WHERE conversation = $1 AND shown = 0 RETURNING account";
    let row: Option<(i64,)> = tx.first(UPDATE, args![conversation]).await?;
    let account = row.map(|(account,)| account.into());
    if let Some(account) = account {
        tx.standing_changed(conversation, account);
    }
    Ok(account)
}

pub(crate) async fn show_to(tx: &mut Tx, conversation: ConversationId, account: AccountId) -> Result<bool> {
    const UPDATE: &str =
        "UPDATE members SET shown = 1 WHERE conversation = $1 AND account = $2 AND shown = 0";
    let is_new = tx.execute(UPDATE, args![conversation, account]).await? > 0;
    if is_new {
        tx.standing_changed(conversation, account);
    }
    Ok(is_new)
}

/// Those of the accounts that are in the conversation. CROSS JOIN: the accounts are walked, never all the members.
pub(crate) async fn joined_among(
    tx: &mut Tx,
    conversation: ConversationId,
    accounts: &[AccountId],
) -> Result<Vec<AccountId>> {
    const SELECT: &str = "SELECT m.account FROM json_each($2) j
        CROSS JOIN members m ON m.conversation = $1 AND m.account = j.value AND m.state = 2";
    let rows: Vec<(i64,)> = tx.all(SELECT, args![conversation, store::ids(accounts)?]).await?;
    Ok(rows.into_iter().map(|(id,)| id.into()).collect())
}

/// Those of the accounts that are in the conversation, or are kept out of it.
pub(crate) async fn in_or_banned_among(
    tx: &mut Tx,
    conversation: ConversationId,
    accounts: &[AccountId],
) -> Result<Vec<AccountId>> {
    const SELECT: &str = "SELECT m.account FROM json_each($2) j
        CROSS JOIN members m ON m.conversation = $1 AND m.account = j.value AND m.state IN (2, 5)";
    let rows: Vec<(i64,)> = tx.all(SELECT, args![conversation, store::ids(accounts)?]).await?;
    Ok(rows.into_iter().map(|(id,)| id.into()).collect())
}

/// Who comes after an owner that goes: the administrator, else the member, who is in longest; one whose own end is
/// announced only when there is nobody else.
pub(crate) async fn heir(
    tx: &mut Tx,
    conversation: ConversationId,
    owner: AccountId,
) -> Result<Option<AccountId>> {
    const SELECT: &str = "SELECT m.account FROM members m JOIN accounts a ON a.id = m.account
        WHERE m.conversation = $1 AND m.state = 2 AND m.account <> $2
        ORDER BY a.closing_ms IS NOT NULL, m.role, m.joined, m.account LIMIT 1";
    let row: Option<(i64,)> = tx.first(SELECT, args![conversation, owner]).await?;
    Ok(row.map(|(account,)| account.into()))
}

/// The joined members, sorted.
pub(crate) async fn members(db: &Db, conversation: ConversationId) -> Result<Vec<AccountId>> {
    const SELECT: &str = "SELECT account FROM members WHERE conversation = $1 AND state = 2 ORDER BY account";
    let rows: Vec<(i64,)> = db.all(SELECT, args![conversation]).await?;
    Ok(rows.into_iter().map(|(id,)| id.into()).collect())
}

/// A page of the members who are in, behind an account, as they are now.
pub(crate) async fn page(
    db: &Db,
    conversation: ConversationId,
    after: Option<AccountId>,
    now_ms: u64,
    limit: u64,
) -> Result<Vec<Member>> {
    const SELECT: &str = "SELECT m.account, a.handle, a.display_name, m.role, m.state, m.nickname, m.muted_ms
        FROM members m
        JOIN accounts a ON a.id = m.account
        WHERE m.conversation = $1 AND m.account > $2 AND m.state = 2 ORDER BY m.account LIMIT $3";
    let after = after.map_or(0, AccountId::sql);
    let rows: Vec<(i64, String, String, i64, i64, String, i64)> =
        db.all(SELECT, args![conversation, after, limit]).await?;
    Ok(rows
        .into_iter()
        .map(|(account, handle, display_name, role, state, nickname, muted)| Member {
            account: account.into(),
            handle,
            display_name,
            role: role as u8,
            state: state as u8,
            nickname: Some(nickname).filter(|name| !name.is_empty()),
            muted_until_ms: Some(muted as u64).filter(|until| *until > now_ms),
        })
        .collect())
}
