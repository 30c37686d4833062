//! SQL of how an account may be used, and of its end.

use litrocket_protocol::AccountId;

use super::store;
use crate::{
    args,
    db::Db,
    error::{Error, Result},
    writer::Tx,
};

/// Whether an account may be used.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Standing {
    pub(super) locked: bool,
    pub(super) closing_ms: Option<u64>,
    /// The end is being carried out.
    pub(super) ending: bool,
    /// An operator announced the end.
    pub(super) by_operator: bool,
}

pub(super) async fn standing(tx: &mut Tx, account: AccountId) -> Result<Standing> {
    const SELECT: &str =
        "SELECT locked_ms, closing_ms, closed_by_operator, ending FROM accounts WHERE id = $1";
    let row: Option<(Option<i64>, Option<i64>, i64, i64)> = tx.first(SELECT, args![account]).await?;
    let (locked, closing, by_operator, ending) = row.unwrap_or_default();
    Ok(Standing {
        locked: locked.is_some(),
        closing_ms: closing.map(|until| until as u64),
        by_operator: by_operator != 0,
        ending: ending != 0,
    })
}

pub(super) async fn set_locked(tx: &mut Tx, account: AccountId, locked: bool) -> Result<()> {
    const UPDATE: &str = "UPDATE accounts SET locked_ms = CASE WHEN $2 THEN COALESCE(locked_ms, $3) END
        WHERE id = $1 AND deleted_ms IS NULL";
    let now = tx.now_ms();
    tx.execute(UPDATE, args![account, locked, now]).await.map(drop)
}

pub(crate) async fn set_operator(tx: &mut Tx, account: AccountId, operator: bool) -> Result<()> {
    const UPDATE: &str = "UPDATE accounts SET operator = $2 WHERE id = $1 AND deleted_ms IS NULL";
    tx.execute(UPDATE, args![account, operator]).await?;
    // The invites of a start that found no operator have done what they were for.
    if operator { store::drop_operator_invites(tx).await } else { Ok(()) }
}

pub(super) async fn set_closing(
    tx: &mut Tx,
    account: AccountId,
    until_ms: Option<u64>,
    erase: bool,
    by_operator: bool,
) -> Result<()> {
    const UPDATE: &str = "UPDATE accounts SET closing_ms = $2, erase = $3, closed_by_operator = $4
        WHERE id = $1 AND deleted_ms IS NULL";
    tx.execute(UPDATE, args![account, until_ms, erase, by_operator]).await.map(drop)
}

/// Accounts behind one whose end has come, and whether their messages go with them.
pub(super) async fn closing(
    db: &Db,
    now_ms: u64,
    after: AccountId,
    limit: u64,
) -> Result<Vec<(AccountId, bool)>> {
    const SELECT: &str = "SELECT id, erase FROM accounts
        WHERE closing_ms IS NOT NULL AND (closing_ms <= $1 OR ending = 1) AND deleted_ms IS NULL AND id > $2 ORDER BY id LIMIT $3";
    let rows: Vec<(i64, i64)> = db.all(SELECT, args![now_ms, after, limit]).await?;
    Ok(rows.into_iter().map(|(id, erase)| (id.into(), erase != 0)).collect())
}

/// The end of an account is carried out from now on, unless it was taken back or lies ahead again; whether it is.
pub(super) async fn begin(tx: &mut Tx, account: AccountId) -> Result<bool> {
    const UPDATE: &str = "UPDATE accounts SET ending = 1
        WHERE id = $1 AND deleted_ms IS NULL AND (closing_ms <= $2 OR ending = 1)";
    let now = tx.now_ms();
    Ok(tx.execute(UPDATE, args![account, now]).await? == 1)
}

/// Key and skeleton of an account's name.
pub(super) async fn names(db: &Db, account: AccountId) -> Result<Option<(String, String)>> {
    const SELECT: &str = "SELECT name_key, skeleton FROM accounts WHERE id = $1 AND deleted_ms IS NULL";
    db.first(SELECT, args![account]).await.map_err(Error::from)
}

/// Deletes a part of an account's log; how many entries.
pub(super) async fn forget_some(tx: &mut Tx, account: AccountId) -> Result<u64> {
    const DELETE: &str = "DELETE FROM account_log WHERE account = $1
        AND key IN (SELECT key FROM account_log WHERE account = $1 LIMIT 1000)";
    tx.execute(DELETE, args![account]).await
}

/// Empties an account. What stands in the place of its name keeps it from being given again.
pub(super) async fn delete_account(
    tx: &mut Tx,
    account: AccountId,
    (key, skeleton): (String, String),
) -> Result<()> {
    const EMPTY: &str = "UPDATE accounts SET handle = '', name_key = $3, skeleton = $4, password = '',
            display_name = '', signature = '', locale = '', sex = '', birthday = '', show_personal = 0,
            operator = 0, recovery_hash = NULL, last_seen_ms = 0, version = version + 1, deleted_ms = $2
        WHERE id = $1 AND deleted_ms IS NULL";
    const SESSIONS: &str =
        "UPDATE sessions SET ended_ms = COALESCE(ended_ms, $2), label = '' WHERE account = $1";
    let now = tx.now_ms();
    tx.execute(EMPTY, args![account, now, key, skeleton]).await?;
    tx.execute(SESSIONS, args![account, now]).await?;
    tx.execute("DELETE FROM account_log WHERE account = $1", args![account]).await?;
    tx.execute("DELETE FROM invites WHERE created_by = $1", args![account]).await.map(drop)
}
