//! The account feature's SQL of sessions and their tokens.

use litrocket_protocol::{AccountId, SessionId, account, frame};

use crate::{
    args,
    db::{self, Db},
    error::Result,
    writer::Tx,
};

/// The account log keeps what a device may need; the key of a session's entry.
pub(super) fn session_key(session: SessionId) -> String {
    format!("session/{session}")
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
    let connected = db::list(connected.iter().map(|session| session.0))?;
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
    let ids = db::list(sessions.iter().map(|session| session.0))?;
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
