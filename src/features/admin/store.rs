//! What operators ask the database.

use litrocket_protocol::{AccountId, SessionId};

use crate::{args, db::Db, error::Result, writer::Tx};

pub(super) async fn account(db: &Db, key: &str) -> Result<Option<AccountId>> {
    const SELECT: &str = "SELECT id FROM accounts WHERE name_key = $1 AND deleted_ms IS NULL";
    let row: Option<(i64,)> = db.first(SELECT, args![key]).await?;
    Ok(row.map(|(id,)| id.into()))
}

/// An account in a list.
pub(super) struct Listed {
    pub(super) account: AccountId,
    pub(super) handle: String,
    pub(super) display_name: String,
    pub(super) email: Option<String>,
    pub(super) operator: bool,
    pub(super) created_ms: u64,
    pub(super) last_seen_ms: u64,
    pub(super) sessions: u64,
    pub(super) locked_ms: Option<u64>,
    pub(super) closing_ms: Option<u64>,
}

pub(super) async fn accounts(db: &Db, after: u64, find: &str, limit: u64) -> Result<Vec<Listed>> {
    const SELECT: &str = "SELECT a.id, a.handle, a.display_name, e.address, a.operator, a.created_ms,
            a.last_seen_ms, (SELECT COUNT(*) FROM sessions s WHERE s.account = a.id AND s.ended_ms IS NULL),
            a.locked_ms, a.closing_ms
        FROM accounts a LEFT JOIN emails e ON e.account = a.id
        WHERE a.id > $1 AND a.deleted_ms IS NULL AND ($2 = '' OR substr(a.name_key, 1, length($2)) = lower($2)
            OR substr(a.display_name, 1, length($2)) = $2 OR substr(e.key, 1, length($2)) = lower($2))
        ORDER BY a.id LIMIT $3";
    type Row = (i64, String, String, Option<String>, i64, i64, i64, i64, Option<i64>, Option<i64>);
    let rows: Vec<Row> = db.all(SELECT, args![after, find, limit]).await?;
    Ok(rows
        .into_iter()
        .map(|(id, handle, display_name, email, operator, created, seen, sessions, locked, closing)| Listed {
            account: id.into(),
            handle,
            display_name,
            email,
            operator: operator != 0,
            created_ms: created as u64,
            last_seen_ms: seen as u64,
            sessions: sessions as u64,
            locked_ms: locked.map(|at| at as u64),
            closing_ms: closing.map(|at| at as u64),
        })
        .collect())
}

/// A running session in a list.
pub(super) struct Running {
    pub(super) session: SessionId,
    pub(super) account: AccountId,
    pub(super) handle: String,
    pub(super) label: String,
    pub(super) created_ms: u64,
    pub(super) last_used_ms: u64,
}

pub(super) async fn sessions(
    db: &Db,
    account: Option<AccountId>,
    after: u64,
    limit: u64,
) -> Result<Vec<Running>> {
    const SELECT: &str = "SELECT s.id, a.id, a.handle, s.label, s.created_ms, s.last_used_ms
        FROM sessions s JOIN accounts a ON a.id = s.account
        WHERE s.id > $2 AND s.ended_ms IS NULL AND ($1 IS NULL OR s.account = $1) ORDER BY s.id LIMIT $3";
    type Row = (i64, i64, String, String, i64, i64);
    let rows: Vec<Row> = db.all(SELECT, args![account, after, limit]).await?;
    Ok(rows
        .into_iter()
        .map(|(session, account, handle, label, created, used)| Running {
            session: session.into(),
            account: account.into(),
            handle,
            label,
            created_ms: created as u64,
            last_used_ms: used as u64,
        })
        .collect())
}

/// How much there is of what. Numbers are given once and ascend, so the last one tells without counting.
pub(super) async fn counts(db: &Db) -> Result<Vec<(&'static str, u64)>> {
    const SELECT: &str = "SELECT (SELECT COUNT(*) FROM accounts WHERE deleted_ms IS NULL),
        (SELECT COUNT(*) FROM accounts WHERE locked_ms IS NOT NULL AND deleted_ms IS NULL),
        (SELECT COUNT(*) FROM accounts WHERE closing_ms IS NOT NULL AND deleted_ms IS NULL),
        (SELECT COUNT(*) FROM sessions WHERE ended_ms IS NULL),
        (SELECT COUNT(*) FROM conversations), (SELECT COALESCE(MAX(pos), 0) FROM events),
        (SELECT COUNT(*) FROM mail_queue)";
    const NAMES: [&str; 7] =
        ["accounts", "locked", "closing", "sessions", "conversations", "events", "mails_waiting"];
    type Row = (i64, i64, i64, i64, i64, i64, i64);
    let row: Option<Row> = db.first(SELECT, &[]).await?;
    let (accounts, locked, closing, sessions, conversations, events, mails) = row.unwrap_or_default();
    let counts = [accounts, locked, closing, sessions, conversations, events, mails];
    Ok(NAMES.into_iter().zip(counts.map(|count| count as u64)).collect())
}

/// Digits of the hash by which an invite is named.
const INVITE_ID_DIGITS: usize = 16;

/// An invite in a list. Its code is not stored; its hash names it.
pub(super) struct Good {
    pub(super) id: String,
    pub(super) uses: u64,
    pub(super) expires_ms: u64,
    pub(super) made_by: Option<String>,
    pub(super) operator: bool,
}

pub(super) async fn invites(db: &Db, now_ms: u64, limit: u64) -> Result<Vec<Good>> {
    const SELECT: &str = "SELECT lower(hex(i.code_hash)), i.uses_left, i.expires_ms, a.handle, i.operator
        FROM invites i LEFT JOIN accounts a ON a.id = i.created_by
        WHERE i.uses_left > 0 AND i.expires_ms > $1 ORDER BY i.expires_ms LIMIT $2";
    let rows: Vec<(String, i64, i64, Option<String>, i64)> = db.all(SELECT, args![now_ms, limit]).await?;
    Ok(rows
        .into_iter()
        .map(|(id, uses, expires, made_by, operator)| Good {
            id: id.chars().take(INVITE_ID_DIGITS).collect(),
            uses: uses as u64,
            expires_ms: expires as u64,
            made_by,
            operator: operator != 0,
        })
        .collect())
}

pub(super) async fn revoke_invite(tx: &mut Tx, id: &str) -> Result<u64> {
    const DELETE: &str = "DELETE FROM invites WHERE code_hash >= $1 AND code_hash <= $2";
    let Some(first) = u64::from_str_radix(id, 16).ok().filter(|_| id.len() == INVITE_ID_DIGITS) else {
        return Ok(0);
    };
    let first = first.to_be_bytes();
    let last = [&first[..], &[0xff; 24]].concat();
    tx.execute(DELETE, args![&first[..], last]).await
}

/// A report in a list. Whom it is about is the account that is named, else the sender of the message or the author of the
/// moment.
pub(super) struct Report {
    pub(super) id: u64,
    pub(super) at_ms: u64,
    pub(super) reporter: Option<String>,
    pub(super) conversation: Option<u64>,
    pub(super) event_seq: Option<u64>,
    pub(super) account: Option<String>,
    pub(super) moment: Option<u64>,
    pub(super) text: String,
    pub(super) frame: Option<Vec<u8>>,
    pub(super) closed_ms: Option<u64>,
}

pub(super) async fn reports(db: &Db, after: u64, all: bool, limit: u64) -> Result<Vec<Report>> {
    const SELECT: &str =
        "SELECT r.id, r.at_ms, a.handle, r.conversation, r.event_seq, o.handle, r.moment, r.text,
            e.frame, r.closed_ms
        FROM reports r LEFT JOIN accounts a ON a.id = r.reporter
        LEFT JOIN events e ON e.conversation = r.conversation AND e.event_seq = r.event_seq
        LEFT JOIN moments m ON m.id = r.moment
        LEFT JOIN accounts o ON o.id = COALESCE(r.account, e.sender, m.author)
        WHERE r.id > $1 AND ($2 = 1 OR r.closed_ms IS NULL) ORDER BY r.id LIMIT $3";
    type Row = (
        i64,
        i64,
        Option<String>,
        Option<i64>,
        Option<i64>,
        Option<String>,
        Option<i64>,
        String,
        Option<Vec<u8>>,
        Option<i64>,
    );
    let rows: Vec<Row> = db.all(SELECT, args![after, all, limit]).await?;
    let number = |value: Option<i64>| value.map(|value| value as u64);
    Ok(rows
        .into_iter()
        .map(|(id, at, reporter, conversation, event_seq, account, moment, text, frame, closed)| Report {
            id: id as u64,
            at_ms: at as u64,
            reporter,
            conversation: number(conversation),
            event_seq: number(event_seq),
            account,
            moment: number(moment),
            text,
            frame,
            closed_ms: number(closed),
        })
        .collect())
}

/// Closes a report; closing it again changes nothing.
pub(super) async fn close_report(tx: &mut Tx, id: u64) -> Result<u64> {
    let now = tx.now_ms();
    tx.execute("UPDATE reports SET closed_ms = COALESCE(closed_ms, $2) WHERE id = $1", args![id, now]).await
}
