//! The account feature's SQL of accounts, their secrets, and invites.

use litrocket_protocol::{AccountId, Fault, fault::code, limits, names::Handle};

use crate::{args, db::Db, error::Result, writer::Tx};

/// What signing in needs to know of an account.
#[derive(Debug, Clone)]
pub(super) struct Credentials {
    pub(super) account: AccountId,
    pub(super) handle: String,
    pub(super) password: String,
}

pub(super) async fn credentials(db: &Db, key: &str) -> Result<Option<Credentials>> {
    const SELECT: &str =
        "SELECT id, handle, password FROM accounts WHERE name_key = $1 AND deleted_ms IS NULL";
    let row: Option<(i64, String, String)> = db.first(SELECT, args![key]).await?;
    Ok(row.map(|(id, handle, password)| Credentials { account: id.into(), handle, password }))
}

pub(super) async fn credentials_by_id(db: &Db, account: AccountId) -> Result<Option<Credentials>> {
    const SELECT: &str = "SELECT id, handle, password FROM accounts WHERE id = $1 AND deleted_ms IS NULL";
    let row: Option<(i64, String, String)> = db.first(SELECT, args![account]).await?;
    Ok(row.map(|(id, handle, password)| Credentials { account: id.into(), handle, password }))
}

/// Makes an account; `false` when the name, or one that looks like it, is taken or was a deleted account's: `retired`
/// is what would stand in the place of its key and skeleton.
pub(super) async fn insert_account(
    tx: &mut Tx,
    handle: &Handle,
    retired: &(String, String),
    new: NewAccount<'_>,
) -> Result<bool> {
    const INSERT: &str = "INSERT INTO accounts
            (id, handle, name_key, skeleton, password, operator, display_name, locale, created_ms)
        SELECT $1, $2, $3, $4, $5, $6, $2, $7, $8
        WHERE NOT EXISTS (SELECT 1 FROM accounts WHERE name_key = $9)
            AND NOT EXISTS (SELECT 1 FROM accounts WHERE skeleton = $10)
        ON CONFLICT DO NOTHING";
    let now = tx.now_ms();
    let NewAccount { account, password, locale, operator } = new;
    let args = args![
        account,
        &*handle.text,
        &*handle.key,
        &*handle.skeleton,
        password,
        operator,
        locale,
        now,
        &*retired.0,
        &*retired.1
    ];
    Ok(tx.execute(INSERT, args).await? == 1)
}

/// What an account begins with, beside its name.
pub(super) struct NewAccount<'a> {
    pub(super) account: AccountId,
    pub(super) password: &'a str,
    pub(super) locale: &'a str,
    pub(super) operator: bool,
}

/// Uses an invite up by one: whether it was good, and whether it makes an operator.
pub(super) async fn use_invite(tx: &mut Tx, code_hash: &[u8]) -> Result<Option<bool>> {
    const UPDATE: &str = "UPDATE invites SET uses_left = uses_left - 1
        WHERE code_hash = $1 AND uses_left > 0 AND expires_ms > $2 RETURNING operator, uses_left";
    const USED_UP: &str = "DELETE FROM invites WHERE code_hash = $1";
    let now = tx.now_ms();
    let row: Option<(i64, i64)> = tx.first(UPDATE, args![code_hash, now]).await?;
    if row.is_some_and(|(_, left)| left < 1) {
        tx.execute(USED_UP, args![code_hash]).await?;
    }
    Ok(row.map(|(operator, _)| operator != 0))
}

pub(super) async fn insert_invite(
    tx: &mut Tx,
    code_hash: Vec<u8>,
    uses: u64,
    expires_ms: u64,
    by: AccountId,
    operator: bool,
) -> Result<()> {
    const INSERT: &str = "INSERT INTO invites (code_hash, uses_left, expires_ms, created_by, operator) VALUES ($1, $2, $3, $4, $5)";
    const EXPIRED: &str = "DELETE FROM invites WHERE expires_ms < $1";
    const COUNT: &str = "SELECT COUNT(*) FROM invites WHERE created_by = $1";
    let now = tx.now_ms();
    tx.execute(EXPIRED, args![now]).await?;
    let row: Option<(i64,)> = tx.first(COUNT, args![by]).await?;
    // The one that a start makes while there is no operator took the place of those before.
    if !operator && row.is_some_and(|(count,)| count as u64 >= limits::INVITES_MAX) {
        return Err(Fault::new(code::TOO_MANY).limit(limits::INVITES_MAX).into());
    }
    tx.execute(INSERT, args![code_hash, uses, expires_ms, by, operator]).await.map(drop)
}

/// Takes invites for the first operator back: each start makes a new one while there is none.
pub(super) async fn drop_operator_invites(tx: &mut Tx) -> Result<()> {
    const DELETE: &str = "DELETE FROM invites WHERE created_by = $1 AND operator = 1";
    tx.execute(DELETE, args![AccountId::SYSTEM]).await.map(drop)
}

pub(super) async fn has_people(db: &Db) -> Result<bool> {
    const SELECT: &str = "SELECT id FROM accounts WHERE id > 0 AND deleted_ms IS NULL LIMIT 1";
    let row: Option<(i64,)> = db.first(SELECT, &[]).await?;
    Ok(row.is_some())
}

pub(super) async fn has_operator(db: &Db) -> Result<bool> {
    const SELECT: &str = "SELECT id FROM accounts WHERE operator = 1 AND deleted_ms IS NULL LIMIT 1";
    let row: Option<(i64,)> = db.first(SELECT, &[]).await?;
    Ok(row.is_some())
}

pub(super) async fn is_operator(db: &Db, account: AccountId) -> Result<bool> {
    const SELECT: &str = "SELECT operator FROM accounts WHERE id = $1";
    let row: Option<(i64,)> = db.first(SELECT, args![account]).await?;
    Ok(row.is_some_and(|(operator,)| operator != 0))
}

/// Whether the account still has this password hash.
pub(super) async fn has_password(tx: &mut Tx, account: AccountId, password: &str) -> Result<bool> {
    const SELECT: &str = "SELECT id FROM accounts WHERE id = $1 AND password = $2 AND deleted_ms IS NULL";
    let row: Option<(i64,)> = tx.first(SELECT, args![account, password]).await?;
    Ok(row.is_some())
}

pub(super) async fn set_password(tx: &mut Tx, account: AccountId, password: String) -> Result<()> {
    tx.execute("UPDATE accounts SET password = $2 WHERE id = $1", args![account, password]).await.map(drop)
}

/// The account of a name, with the hash of its recovery code.
pub(super) async fn recovery_hash(db: &Db, key: &str) -> Result<Option<(AccountId, Vec<u8>)>> {
    const SELECT: &str = "SELECT id, recovery_hash FROM accounts
        WHERE name_key = $1 AND recovery_hash IS NOT NULL AND deleted_ms IS NULL";
    let row: Option<(i64, Vec<u8>)> = db.first(SELECT, args![key]).await?;
    Ok(row.map(|(account, hash)| (account.into(), hash)))
}

pub(super) async fn set_recovery(tx: &mut Tx, account: AccountId, hash: Vec<u8>) -> Result<()> {
    tx.execute("UPDATE accounts SET recovery_hash = $2 WHERE id = $1", args![account, hash]).await.map(drop)
}

/// Uses a recovery code up; `false` when it is not the account's any more.
pub(super) async fn use_recovery(tx: &mut Tx, account: AccountId, hash: &[u8]) -> Result<bool> {
    const USE: &str = "UPDATE accounts SET recovery_hash = NULL
        WHERE id = $1 AND recovery_hash = $2 AND deleted_ms IS NULL";
    Ok(tx.execute(USE, args![account, hash]).await? == 1)
}

pub(super) async fn handle(tx: &mut Tx, account: AccountId) -> Result<Option<String>> {
    const SELECT: &str = "SELECT handle FROM accounts WHERE id = $1 AND deleted_ms IS NULL";
    let row: Option<(String,)> = tx.first(SELECT, args![account]).await?;
    Ok(row.map(|(handle,)| handle))
}
