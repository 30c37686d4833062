//! The account feature's SQL: accounts, sessions, invites.

use litrocket_protocol::{AccountId, Fault, SessionId, account, fault::code, frame, limits, names::Handle};

use crate::{
    args,
    db::Db,
    error::{Error, Result},
    features::conversations::store::json,
    writer::Tx,
};

/// The account log keeps what a device may need; the key of a session's entry.
pub(super) fn session_key(session: SessionId) -> String {
    format!("session/{session}")
}

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

/// Whose token this is and of which session, also of one that has ended.
pub(super) async fn token_owner(db: &Db, token_hash: &[u8]) -> Result<Option<(AccountId, SessionId)>> {
    const SELECT: &str = "SELECT account, id FROM sessions WHERE token_hash = $1 OR next_token_hash = $1";
    let row: Option<(i64, i64)> = db.first(SELECT, args![token_hash]).await?;
    Ok(row.map(|(account, session)| (account.into(), session.into())))
}

/// Replaced tokens that are remembered of one session: whoever copied an older one has had time enough to use it.
const REPLACED_MAX: u64 = 16;

/// The session a token resumes.
pub(super) struct TokenSession {
    pub(super) session: SessionId,
    pub(super) account: AccountId,
    pub(super) handle: String,
    pub(super) log_version: u64,
    /// The token is the new one of a rotation.
    pub(super) is_next: bool,
}

pub(super) async fn resume(db: &Db, token_hash: &[u8]) -> Result<Option<TokenSession>> {
    const SELECT: &str = "SELECT s.id, a.id, a.handle, a.log_version,
            CASE WHEN s.next_token_hash = $1 THEN 1 ELSE 0 END
        FROM sessions s JOIN accounts a ON a.id = s.account
        WHERE (s.token_hash = $1 OR s.next_token_hash = $1) AND s.ended_ms IS NULL AND a.deleted_ms IS NULL
            AND a.locked_ms IS NULL AND a.closing_ms IS NULL";
    let row: Option<(i64, i64, String, i64, Option<i64>)> = db.first(SELECT, args![token_hash]).await?;
    Ok(row.map(|(session, account, handle, version, next)| TokenSession {
        session: session.into(),
        account: account.into(),
        handle,
        log_version: version as u64,
        is_next: next == Some(1),
    }))
}

/// Whether a session has not ended.
pub(super) async fn is_running(db: &Db, session: SessionId) -> Result<bool> {
    const SELECT: &str = "SELECT id FROM sessions WHERE id = $1 AND ended_ms IS NULL";
    let row: Option<(i64,)> = db.first(SELECT, args![session]).await?;
    Ok(row.is_some())
}

/// The new token was used: the old one is no longer valid.
pub(super) async fn promote_token(tx: &mut Tx, session: SessionId, token_hash: Vec<u8>) -> Result<()> {
    const KEEP: &str = "INSERT INTO replaced_tokens (token_hash, session, at_ms)
        SELECT token_hash, id, $3 FROM sessions WHERE id = $1 AND next_token_hash = $2 ON CONFLICT DO NOTHING";
    const UPDATE: &str = "UPDATE sessions SET token_hash = next_token_hash, next_token_hash = NULL
        WHERE id = $1 AND next_token_hash = $2";
    const FORGET: &str = "DELETE FROM replaced_tokens WHERE session = $1 AND token_hash NOT IN
        (SELECT token_hash FROM replaced_tokens WHERE session = $1 ORDER BY at_ms DESC LIMIT $2)";
    let now = tx.now_ms();
    tx.execute(KEEP, args![session, token_hash.clone(), now]).await?;
    tx.execute(UPDATE, args![session, token_hash]).await?;
    tx.execute(FORGET, args![session, REPLACED_MAX]).await.map(drop)
}

/// Whose session a token was before a newer one was used, while the session runs.
pub(super) async fn replaced_token(db: &Db, token_hash: &[u8]) -> Result<Option<(AccountId, SessionId)>> {
    const SELECT: &str = "SELECT s.account, s.id FROM replaced_tokens r JOIN sessions s ON s.id = r.session
        WHERE r.token_hash = $1 AND s.ended_ms IS NULL";
    let row: Option<(i64, i64)> = db.first(SELECT, args![token_hash]).await?;
    Ok(row.map(|(account, session)| (account.into(), session.into())))
}

pub(super) async fn set_next_token(tx: &mut Tx, session: SessionId, token_hash: Vec<u8>) -> Result<()> {
    const UPDATE: &str = "UPDATE sessions SET next_token_hash = $2 WHERE id = $1 AND ended_ms IS NULL";
    tx.execute(UPDATE, args![session, token_hash]).await.map(drop)
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

/// Makes a session and tells the account's other devices.
pub(super) async fn insert_session(
    tx: &mut Tx,
    account: AccountId,
    token_hash: Vec<u8>,
    label: &str,
) -> Result<(SessionId, u64)> {
    const INSERT: &str = "INSERT INTO sessions (id, account, token_hash, label, created_ms, last_used_ms)
        VALUES ($1, $2, $3, $4, $5, $5)";
    const VERSION: &str = "SELECT log_version FROM accounts WHERE id = $1";
    let (session, now) = (tx.new_session(), tx.now_ms());
    tx.execute(INSERT, args![session, account, token_hash, label, now]).await?;
    let entry = account::SessionEntry { label: label.into(), created_ms: now };
    tx.entry(account, session_key(session), Some(frame::encode_body(&entry))).await?;
    let row: Option<(i64,)> = tx.first(VERSION, args![account]).await?;
    Ok((session, row.map_or(0, |(version,)| version as u64)))
}

/// Sessions beyond `keep`, by last use. The one just made stays whatever the clock says, and before all others those
/// that are connected: a time is written only when they come and go.
pub(super) async fn surplus_sessions(
    tx: &mut Tx,
    account: AccountId,
    (made, connected): (SessionId, Vec<SessionId>),
    keep: u64,
) -> Result<Vec<SessionId>> {
    const SELECT: &str = "SELECT id FROM sessions WHERE account = $1 AND ended_ms IS NULL
        ORDER BY CASE WHEN id = $3 THEN 0 WHEN id IN (SELECT value FROM json_each($4)) THEN 1 ELSE 2 END,
            last_used_ms DESC, id DESC LIMIT 1000 OFFSET $2";
    let connected = json(&connected.iter().map(|session| session.0).collect::<Vec<_>>())?;
    let rows: Vec<(i64,)> = tx.all(SELECT, args![account, keep, made, connected]).await?;
    Ok(rows.into_iter().map(|(id,)| id.into()).collect())
}

/// The running sessions of an account.
pub(super) async fn running_sessions(tx: &mut Tx, account: AccountId) -> Result<Vec<SessionId>> {
    const SELECT: &str = "SELECT id FROM sessions WHERE account = $1 AND ended_ms IS NULL
        ORDER BY id DESC LIMIT 1000";
    let rows: Vec<(i64,)> = tx.all(SELECT, args![account]).await?;
    Ok(rows.into_iter().map(|(id,)| id.into()).collect())
}

/// Ends sessions; those that run no longer are left out of the answer.
pub(super) async fn end_sessions(
    tx: &mut Tx,
    account: AccountId,
    sessions: &[SessionId],
) -> Result<Vec<SessionId>> {
    const UPDATE: &str = "UPDATE sessions SET ended_ms = $3
        WHERE id IN (SELECT value FROM json_each($1)) AND account = $2 AND ended_ms IS NULL RETURNING id";
    const TOKENS: &str = "DELETE FROM replaced_tokens WHERE session IN (SELECT value FROM json_each($1))";
    if sessions.is_empty() {
        return Ok(Vec::new());
    }
    let ids = json(&sessions.iter().map(|session| session.0).collect::<Vec<_>>())?;
    let now = tx.now_ms();
    let rows: Vec<(i64,)> = tx.all(UPDATE, args![&*ids, account, now]).await?;
    let ended: Vec<SessionId> = rows.into_iter().map(|(id,)| id.into()).collect();
    tx.execute(TOKENS, args![ids]).await?;
    let entries = ended.iter().map(|session| (account, session_key(*session), None)).collect();
    tx.entries(entries).await?;
    Ok(ended)
}

pub(super) async fn sessions(
    db: &Db,
    account: AccountId,
    before: Option<SessionId>,
    limit: u64,
) -> Result<Vec<account::SessionInfo>> {
    const SELECT: &str = "SELECT id, label, created_ms, last_used_ms FROM sessions
        WHERE account = $1 AND ended_ms IS NULL AND id < $2 ORDER BY id DESC LIMIT $3";
    let before = before.map_or(i64::MAX, SessionId::sql);
    let rows: Vec<(i64, String, i64, i64)> = db.all(SELECT, args![account, before, limit]).await?;
    Ok(rows
        .into_iter()
        .map(|(id, label, created, used)| account::SessionInfo {
            session: id.into(),
            label,
            created_ms: created as u64,
            last_used_ms: used as u64,
            connected: false,
            current: false,
        })
        .collect())
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

type ProfileRow = (i64, String, String, String, String, String, String, i64, i64, Option<i64>, Option<i64>);

fn profile(row: ProfileRow) -> account::Profile {
    let (id, handle, display_name, signature, locale, sex, birthday, show, version, deleted, avatar) = row;
    let filled = |text: String| (!text.is_empty()).then_some(text);
    if deleted.is_some() {
        return deleted_profile(id.into(), version as u64);
    }
    account::Profile {
        account: id.into(),
        handle,
        display_name,
        signature,
        locale,
        sex: filled(sex),
        birthday: filled(birthday),
        show_personal: show != 0,
        version: version as u64,
        deleted: false,
        avatar: avatar.map(|version| version as u64),
    }
}

fn deleted_profile(account: AccountId, version: u64) -> account::Profile {
    account::Profile {
        account,
        handle: String::new(),
        display_name: String::new(),
        signature: String::new(),
        locale: String::new(),
        sex: None,
        birthday: None,
        show_personal: false,
        version,
        deleted: true,
        avatar: None,
    }
}

pub(super) async fn profile_by_key(db: &Db, key: &str) -> Result<Option<account::Profile>> {
    const SELECT: &str =
        "SELECT a.id, a.handle, a.display_name, a.signature, a.locale, a.sex, a.birthday, a.show_personal, a.version,
            a.deleted_ms, (SELECT v.version FROM avatars v WHERE v.kind = 1 AND v.id = a.id AND v.shown = 1)
        FROM accounts a WHERE a.name_key = $1 AND a.deleted_ms IS NULL";
    Ok(db.first::<ProfileRow>(SELECT, args![key]).await?.map(profile))
}

pub(crate) async fn profiles(db: &Db, accounts: &[AccountId]) -> Result<Vec<account::Profile>> {
    const SELECT: &str = "SELECT a.id, a.handle, a.display_name, a.signature, a.locale, a.sex, a.birthday,
            a.show_personal, a.version, a.deleted_ms,
            (SELECT v.version FROM avatars v WHERE v.kind = 1 AND v.id = a.id AND v.shown = 1)
        FROM json_each($1) j JOIN accounts a ON a.id = j.value ORDER BY a.id";
    let ids = serde_json::to_string(&accounts.iter().map(|id| id.0).collect::<Vec<_>>())
        .map_err(|error| Error::Internal(error.to_string()))?;
    let rows: Vec<ProfileRow> = db.all(SELECT, args![ids]).await?;
    Ok(rows.into_iter().map(profile).collect())
}

pub(super) async fn own_profile(tx: &mut Tx, account: AccountId) -> Result<account::Profile> {
    const SELECT: &str =
        "SELECT a.id, a.handle, a.display_name, a.signature, a.locale, a.sex, a.birthday, a.show_personal, a.version,
            a.deleted_ms, (SELECT v.version FROM avatars v WHERE v.kind = 1 AND v.id = a.id AND v.shown = 1)
        FROM accounts a WHERE a.id = $1";
    let row: Option<ProfileRow> = tx.first(SELECT, args![account]).await?;
    row.map(profile).ok_or_else(|| Error::Internal("a session without an account".into()))
}

pub(super) async fn update_profile(tx: &mut Tx, profile: &account::Profile) -> Result<()> {
    const UPDATE: &str = "UPDATE accounts SET display_name = $2, signature = $3, locale = $4, sex = $5,
            birthday = $6, show_personal = $7, version = $8 WHERE id = $1";
    let args = args![
        profile.account,
        &*profile.display_name,
        &*profile.signature,
        &*profile.locale,
        profile.sex.as_deref().unwrap_or(""),
        profile.birthday.as_deref().unwrap_or(""),
        profile.show_personal,
        profile.version,
    ];
    tx.execute(UPDATE, args).await.map(drop)
}
