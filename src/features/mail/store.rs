//! The mail feature's SQL: addresses, codes, what waits to be sent.

use litrocket_protocol::AccountId;

use super::{
    Address,
    codes::{Order, Purpose},
    texts::Template,
};
use crate::{args, db::Db, error::Result, writer::Tx};

/// The confirmed address of an account, and since when.
pub(crate) async fn address_of(db: &Db, account: AccountId) -> Result<Option<(String, u64)>> {
    const SELECT: &str = "SELECT address, verified_ms FROM emails WHERE account = $1";
    let row: Option<(String, i64)> = db.first(SELECT, args![account]).await?;
    Ok(row.map(|(address, verified)| (address, verified as u64)))
}

/// Whose address this is.
pub(crate) async fn owner(tx: &mut Tx, key: &str) -> Result<Option<AccountId>> {
    let row: Option<(i64,)> = tx.first("SELECT account FROM emails WHERE key = $1", args![key]).await?;
    Ok(row.map(|(account,)| account.into()))
}

/// The same for readers.
pub(crate) async fn holder(db: &Db, key: &str) -> Result<Option<AccountId>> {
    let row: Option<(i64,)> = db.first("SELECT account FROM emails WHERE key = $1", args![key]).await?;
    Ok(row.map(|(account,)| account.into()))
}

/// Gives an account an address, or none; `false` when it is another's.
pub(crate) async fn set_address(tx: &mut Tx, account: AccountId, address: Option<&Address>) -> Result<bool> {
    const INSERT: &str = "INSERT INTO emails (account, address, key, verified_ms) VALUES ($1, $2, $3, $4)
        ON CONFLICT DO NOTHING";
    tx.execute("DELETE FROM emails WHERE account = $1", args![account]).await?;
    let Some(address) = address else { return Ok(true) };
    let now = tx.now_ms();
    Ok(tx.execute(INSERT, args![account, &*address.text, &*address.key, now]).await? == 1)
}

/// The address of an account to change from, and its language.
pub(crate) async fn pending(tx: &mut Tx, account: AccountId) -> Result<(Option<Address>, String)> {
    const SELECT: &str = "SELECT a.locale, e.address, e.key
        FROM accounts a LEFT JOIN emails e ON e.account = a.id WHERE a.id = $1";
    let row: Option<(String, Option<String>, Option<String>)> = tx.first(SELECT, args![account]).await?;
    let (locale, address, key) = row.unwrap_or_default();
    Ok((address.zip(key).map(|(text, key)| Address { text, key }), locale))
}

/// Takes the codes of a change that was begun back, with mails that were not sent yet.
pub(crate) async fn withdraw(tx: &mut Tx, account: AccountId) -> Result<()> {
    tx.execute("DELETE FROM mail_queue WHERE account = $1 AND account <> 0", args![account]).await?;
    tx.execute("DELETE FROM mail_codes WHERE account = $1 AND account <> 0", args![account]).await.map(drop)
}

/// Forgets everything about an account's address.
pub(crate) async fn erase(tx: &mut Tx, account: AccountId) -> Result<()> {
    const CODES: &str = "DELETE FROM mail_codes WHERE key IN (SELECT key FROM emails WHERE account = $1)";
    const QUEUE: &str = "DELETE FROM mail_queue WHERE key IN (SELECT key FROM emails WHERE account = $1)";
    withdraw(tx, account).await?;
    tx.execute(CODES, args![account]).await?;
    tx.execute(QUEUE, args![account]).await?;
    tx.execute("DELETE FROM emails WHERE account = $1", args![account]).await.map(drop)
}

/// The mail that belongs to an order, and in which language: some addresses cannot have what is asked for, and whoever has
/// the address reads their own language, whoever asked.
pub(super) async fn template(tx: &mut Tx, order: &Order) -> Result<(Template, Option<String>)> {
    const LOCALE: &str =
        "SELECT a.id, a.locale FROM emails e JOIN accounts a ON a.id = e.account WHERE e.key = $1";
    let holder: Option<(i64, String)> = tx.first(LOCALE, args![&*order.address.key]).await?;
    let (owner, locale) = holder.unzip();
    let template = match (order.purpose, owner) {
        (Purpose::SignUp, None) => Template::SignUp,
        (Purpose::SignUp, Some(_)) => Template::SignUpKnown,
        (Purpose::Recover, Some(_)) => Template::Recover,
        (Purpose::Recover, None) => Template::Nothing,
        (Purpose::ChangeOld, _) => Template::ChangeOld,
        (Purpose::ChangeNew, None) => Template::ChangeNew,
        (Purpose::ChangeNew, Some(_)) => Template::ChangeKnown,
    };
    Ok((template, locale))
}

pub(super) async fn put_code(
    tx: &mut Tx,
    order: &Order,
    nonce: &[u8],
    tries: u64,
    expires_ms: u64,
) -> Result<()> {
    const PUT: &str = "INSERT INTO mail_codes (key, purpose, account, address, nonce, tries_left, expires_ms)
        VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (key, purpose, account) DO UPDATE
        SET address = excluded.address, nonce = excluded.nonce, tries_left = excluded.tries_left,
            expires_ms = excluded.expires_ms";
    let (address, purpose) = (&order.address, order.purpose as i64);
    let args = args![&*address.key, purpose, order.account, &*address.text, nonce, tries, expires_ms];
    tx.execute(PUT, args).await.map(drop)
}

pub(super) async fn put_mail(
    tx: &mut Tx,
    order: &Order,
    (template, locale): (Template, &str),
    nonce: &[u8],
    expires_ms: u64,
) -> Result<()> {
    const PUT: &str =
        "INSERT INTO mail_queue (address, key, template, account, nonce, locale, next_ms, expires_ms)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (key, template, account) DO UPDATE
        SET nonce = excluded.nonce, locale = excluded.locale, tries = 0, next_ms = excluded.next_ms,
            expires_ms = excluded.expires_ms";
    let (address, now) = (&order.address, tx.now_ms());
    let args =
        args![&*address.text, &*address.key, template as i64, order.account, nonce, locale, now, expires_ms];
    tx.execute(PUT, args).await.map(drop)
}

pub(super) async fn waiting(tx: &mut Tx, most: u64) -> Result<u64> {
    const COUNT: &str = "SELECT COUNT(*) FROM (SELECT 1 FROM mail_queue LIMIT $1) q";
    let row: Option<(i64,)> = tx.first(COUNT, args![most]).await?;
    Ok(row.map_or(0, |(count,)| count as u64))
}

pub(super) async fn codes(tx: &mut Tx, most: u64) -> Result<u64> {
    const COUNT: &str = "SELECT COUNT(*) FROM (SELECT 1 FROM mail_codes LIMIT $1) c";
    let row: Option<(i64,)> = tx.first(COUNT, args![most]).await?;
    Ok(row.map_or(0, |(count,)| count as u64))
}

/// Codes and mails whose time is up go.
pub(super) async fn forget_expired(tx: &mut Tx) -> Result<()> {
    let now = tx.now_ms();
    tx.execute("DELETE FROM mail_codes WHERE expires_ms <= $1", args![now]).await?;
    tx.execute("DELETE FROM mail_queue WHERE expires_ms <= $1", args![now]).await.map(drop)
}

/// Whether there is something whose time is up.
pub(super) async fn has_expired(db: &Db, now_ms: u64) -> Result<bool> {
    const SELECT: &str = "SELECT 1 WHERE EXISTS (SELECT 1 FROM mail_codes WHERE expires_ms <= $1)
        OR EXISTS (SELECT 1 FROM mail_queue WHERE expires_ms <= $1)";
    Ok(db.first::<(i64,)>(SELECT, args![now_ms]).await?.is_some())
}

/// The address and nonce of a code that takes another try.
pub(super) async fn code(
    tx: &mut Tx,
    key: &str,
    purpose: Purpose,
    account: AccountId,
) -> Result<Option<(String, Vec<u8>)>> {
    const SELECT: &str = "SELECT address, nonce FROM mail_codes
        WHERE key = $1 AND purpose = $2 AND account = $3 AND tries_left > 0 AND expires_ms > $4";
    let now = tx.now_ms();
    tx.first(SELECT, args![key, purpose as i64, account, now]).await
}

pub(super) async fn count_try(tx: &mut Tx, key: &str, purpose: Purpose, account: AccountId) -> Result<()> {
    const UPDATE: &str = "UPDATE mail_codes SET tries_left = tries_left - 1
        WHERE key = $1 AND purpose = $2 AND account = $3";
    tx.execute(UPDATE, args![key, purpose as i64, account]).await.map(drop)
}

pub(super) async fn take_code(
    tx: &mut Tx,
    key: &str,
    purpose: Purpose,
    account: AccountId,
    nonce: &[u8],
) -> Result<bool> {
    const DELETE: &str =
        "DELETE FROM mail_codes WHERE key = $1 AND purpose = $2 AND account = $3 AND nonce = $4";
    Ok(tx.execute(DELETE, args![key, purpose as i64, account, nonce]).await? == 1)
}

/// The keys of the addresses whose codes a change of an account waits for: the one so far, the new one.
pub(crate) async fn change_keys(db: &Db, account: AccountId) -> Result<(Option<String>, Option<String>)> {
    const SELECT: &str = "SELECT purpose, key FROM mail_codes WHERE account = $1 AND account <> 0 LIMIT 4";
    let rows: Vec<(i64, String)> = db.all(SELECT, args![account]).await?;
    let of =
        |wanted: Purpose| rows.iter().find(|(purpose, _)| *purpose == wanted as i64).map(|row| row.1.clone());
    Ok((of(Purpose::ChangeOld), of(Purpose::ChangeNew)))
}

/// A mail that waits.
#[derive(Debug, Clone)]
pub(super) struct Waiting {
    pub(super) id: i64,
    pub(super) address: String,
    pub(super) key: String,
    pub(super) template: i64,
    pub(super) account: AccountId,
    pub(super) nonce: Vec<u8>,
    pub(super) locale: String,
    pub(super) tries: u64,
    pub(super) expires_ms: u64,
    /// The name of the account that has the address.
    pub(super) handle: Option<String>,
}

/// Mails that are due, the one that waits longest first.
pub(super) async fn due(db: &Db, now_ms: u64, limit: u64) -> Result<Vec<Waiting>> {
    const SELECT: &str = "SELECT q.id, q.address, q.key, q.template, q.account, q.nonce,
            COALESCE(a.locale, q.locale), q.tries, q.expires_ms, a.handle
        FROM mail_queue q LEFT JOIN emails e ON e.key = q.key LEFT JOIN accounts a ON a.id = e.account
        WHERE q.next_ms <= $1 ORDER BY q.next_ms LIMIT $2";
    type WaitingRow = (i64, String, String, i64, i64, Vec<u8>, String, i64, i64, Option<String>);
    let rows: Vec<WaitingRow> = db.all(SELECT, args![now_ms, limit]).await?;
    Ok(rows
        .into_iter()
        .map(|(id, address, key, template, account, nonce, locale, tries, expires, handle)| Waiting {
            id,
            address,
            key,
            template,
            account: account.into(),
            nonce,
            locale,
            tries: tries as u64,
            expires_ms: expires as u64,
            handle,
        })
        .collect())
}

/// When the next mail is due.
pub(super) async fn next_due(db: &Db) -> Result<Option<u64>> {
    let row: Option<(i64,)> =
        db.first("SELECT next_ms FROM mail_queue ORDER BY next_ms LIMIT 1", &[]).await?;
    Ok(row.map(|(next,)| next as u64))
}

/// The mail was taken, or never will be. One that was asked for anew meanwhile stays.
pub(super) async fn done(tx: &mut Tx, id: i64, nonce: &[u8]) -> Result<()> {
    tx.execute("DELETE FROM mail_queue WHERE id = $1 AND nonce = $2", args![id, nonce]).await.map(drop)
}

pub(super) async fn later(tx: &mut Tx, id: i64, nonce: &[u8], next_ms: u64) -> Result<()> {
    const UPDATE: &str = "UPDATE mail_queue SET tries = tries + 1, next_ms = $3 WHERE id = $1 AND nonce = $2";
    tx.execute(UPDATE, args![id, nonce, next_ms]).await.map(drop)
}
