//! The groups feature's SQL.

use litrocket_protocol::{
    AccountId, ConversationId,
    event::AnnouncedText,
    frame,
    groups::{AuditEntry, GroupAnnouncement, GroupPerson, Permissions, Pin, ReportContent},
    limits,
};

use super::audit::About;
use crate::features::people::lets;
use crate::{
    args,
    db::{self, Db},
    error::Result,
    features::chat,
    writer::Tx,
};

/// What a group is set to.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    pub(super) description: String,
    pub(super) joining: u8,
    pub(super) discoverable: bool,
    pub(super) slow_ms: u64,
    pub(super) announcement: u64,
    pub(super) permissions: Permissions,
}

const SETTINGS: &str = "SELECT COALESCE(g.description, ''), COALESCE(g.joining, 1), COALESCE(g.discoverable, 0),
        COALESCE(g.slow_ms, 0), COALESCE(g.announcement, 0), COALESCE(g.may_write, 3), COALESCE(g.may_invite, 3),
        COALESCE(g.may_pin, 2), COALESCE(g.may_announce, 2), COALESCE(g.may_remove, 2),
        COALESCE(g.may_upload, 3), COALESCE(g.may_everybody, 3), COALESCE(g.may_start, 3)
    FROM conversations c LEFT JOIN groups g ON g.conversation = c.id WHERE c.id = $1 AND c.kind = 2";
type SettingsRow = (String, i64, i64, i64, i64, i64, i64, i64, i64, i64, i64, i64, i64);

fn settings_of(row: SettingsRow) -> Settings {
    Settings {
        description: row.0,
        joining: row.1 as u8,
        discoverable: row.2 != 0,
        slow_ms: row.3 as u64,
        announcement: row.4 as u64,
        permissions: Permissions {
            write: row.5 as u8,
            invite: row.6 as u8,
            pin: row.7 as u8,
            announce: row.8 as u8,
            remove: row.9 as u8,
            upload: row.10 as u8,
            everybody: row.11 as u8,
            start: row.12 as u8,
        },
    }
}

/// What a group is set to; `None` for what is no group.
pub(super) async fn settings(tx: &mut Tx, conversation: ConversationId) -> Result<Option<Settings>> {
    let row: Option<SettingsRow> = tx.first(SETTINGS, args![conversation]).await?;
    Ok(row.map(settings_of))
}

/// The same for what is only read.
pub(super) async fn settings_now(db: &Db, conversation: ConversationId) -> Result<Option<Settings>> {
    let row: Option<SettingsRow> = db.first(SETTINGS, args![conversation]).await?;
    Ok(row.map(settings_of))
}

pub(super) async fn set(tx: &mut Tx, conversation: ConversationId, new: &Settings) -> Result<()> {
    const SET: &str = "INSERT INTO groups (conversation, description, joining, discoverable, slow_ms, announcement,
            may_write, may_invite, may_pin, may_announce, may_remove, may_upload, may_everybody, may_start)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
        ON CONFLICT (conversation) DO UPDATE SET description = excluded.description, joining = excluded.joining,
            discoverable = excluded.discoverable, slow_ms = excluded.slow_ms,
            announcement = excluded.announcement, may_write = excluded.may_write,
            may_invite = excluded.may_invite, may_pin = excluded.may_pin, may_announce = excluded.may_announce,
            may_remove = excluded.may_remove, may_upload = excluded.may_upload,
            may_everybody = excluded.may_everybody, may_start = excluded.may_start";
    let may = &new.permissions;
    let args = args![
        conversation,
        &*new.description,
        new.joining,
        new.discoverable,
        new.slow_ms,
        new.announcement,
        may.write,
        may.invite,
        may.pin,
        may.announce,
        may.remove,
        may.upload,
        may.everybody,
        may.start,
    ];
    tx.execute(SET, args).await.map(drop)
}

/// A group and one member's place in it.
pub(super) struct Mine {
    pub(super) name: String,
    pub(super) owner: AccountId,
    pub(super) members: u64,
    pub(super) open_history: bool,
    pub(super) role: u8,
    pub(super) nickname: String,
    pub(super) muted_ms: u64,
}

pub(super) async fn mine(db: &Db, conversation: ConversationId, account: AccountId) -> Result<Option<Mine>> {
    const SELECT: &str = "SELECT c.name, c.owner, c.members, c.open_history, m.role, m.nickname, m.muted_ms
        FROM conversations c JOIN members m ON m.conversation = c.id AND m.account = $2 WHERE c.id = $1";
    type Row = (String, i64, i64, i64, i64, String, i64);
    let row: Option<Row> = db.first(SELECT, args![conversation, account]).await?;
    Ok(row.map(|(name, owner, members, open, role, nickname, muted)| Mine {
        name,
        owner: owner.into(),
        members: members as u64,
        open_history: open != 0,
        role: role as u8,
        nickname,
        muted_ms: muted as u64,
    }))
}

/// Owner and administrators.
pub(super) async fn staff(tx: &mut Tx, conversation: ConversationId) -> Result<Vec<AccountId>> {
    const SELECT: &str = "SELECT account FROM members WHERE conversation = $1 AND role < 3 AND state = 2";
    let rows: Vec<(i64,)> = tx.all(SELECT, args![conversation]).await?;
    Ok(rows.into_iter().map(|(id,)| id.into()).collect())
}

pub(super) async fn count(tx: &mut Tx, sql: &'static str, args: &[crate::db::Value]) -> Result<u64> {
    let row: Option<(i64,)> = tx.first(sql, args).await?;
    Ok(row.map_or(0, |(count,)| count as u64))
}

pub(super) async fn count_banned(tx: &mut Tx, conversation: ConversationId) -> Result<u64> {
    const COUNT: &str = "SELECT COUNT(*) FROM members WHERE conversation = $1 AND state = 5";
    count(tx, COUNT, args![conversation]).await
}

pub(super) async fn banned(
    db: &Db,
    conversation: ConversationId,
    after: Option<AccountId>,
    limit: u64,
) -> Result<Vec<GroupPerson>> {
    const SELECT: &str =
        "SELECT a.id, a.handle, a.display_name FROM members m JOIN accounts a ON a.id = m.account
        WHERE m.conversation = $1 AND m.state = 5 AND m.account > $2 ORDER BY m.account LIMIT $3";
    let after = after.map_or(0, AccountId::sql);
    let rows: Vec<(i64, String, String)> = db.all(SELECT, args![conversation, after, limit]).await?;
    Ok(rows.into_iter().map(person).collect())
}

fn person((account, handle, display_name): (i64, String, String)) -> GroupPerson {
    GroupPerson { account: account.into(), handle, display_name }
}

pub(super) async fn insert_audit(
    tx: &mut Tx,
    conversation: ConversationId,
    actor: AccountId,
    action: u8,
    about: About,
) -> Result<()> {
    const INSERT: &str =
        "INSERT INTO group_audit (conversation, id, at_ms, actor, action, account, event_seq, value)
        SELECT $1, COALESCE(MAX(id), 0) + 1, $2, $3, $4, $5, $6, $7 FROM group_audit WHERE conversation = $1";
    const SHORTEN: &str = "DELETE FROM group_audit WHERE conversation = $1 AND id <=
        (SELECT MAX(id) FROM group_audit WHERE conversation = $1) - $2";
    let now = tx.now_ms();
    let args = args![conversation, now, actor, action, about.account, about.event_seq, about.value];
    tx.execute(INSERT, args).await?;
    tx.execute(SHORTEN, args![conversation, limits::AUDIT_MAX]).await.map(drop)
}

pub(super) async fn audit(
    db: &Db,
    conversation: ConversationId,
    before: u64,
    limit: u64,
) -> Result<Vec<AuditEntry>> {
    const SELECT: &str = "SELECT id, at_ms, actor, action, account, event_seq, value FROM group_audit
        WHERE conversation = $1 AND id < $2 ORDER BY id DESC LIMIT $3";
    type Row = (i64, i64, i64, i64, Option<i64>, Option<i64>, Option<i64>);
    let rows: Vec<Row> = db.all(SELECT, args![conversation, before, limit]).await?;
    Ok(rows
        .into_iter()
        .map(|(id, at, actor, action, account, event_seq, value)| AuditEntry {
            id: id as u64,
            at_ms: at as u64,
            actor: actor.into(),
            action: action as u8,
            account: account.map(AccountId::from),
            event_seq: event_seq.map(|seq| seq as u64),
            value: value.map(|value| value as u64),
        })
        .collect())
}

/// Whether the same is reported already by this account, and open.
pub(super) async fn is_reported(tx: &mut Tx, reporter: AccountId, report: &ReportContent) -> Result<bool> {
    const SELECT: &str = "SELECT id FROM reports WHERE reporter = $1 AND closed_ms IS NULL
        AND conversation IS NOT DISTINCT FROM $2 AND event_seq IS NOT DISTINCT FROM $3
        AND account IS NOT DISTINCT FROM $4 AND moment IS NOT DISTINCT FROM $5 LIMIT 1";
    let args = args![reporter, report.conversation, report.event_seq, report.account, report.moment];
    let row: Option<(i64,)> = tx.first(SELECT, args).await?;
    Ok(row.is_some())
}

pub(super) async fn reports_since(tx: &mut Tx, reporter: AccountId, since_ms: u64) -> Result<u64> {
    const COUNT: &str = "SELECT COUNT(*) FROM reports WHERE reporter = $1 AND at_ms >= $2";
    count(tx, COUNT, args![reporter, since_ms]).await
}

pub(super) async fn insert_report(tx: &mut Tx, reporter: AccountId, report: &ReportContent) -> Result<()> {
    const INSERT: &str =
        "INSERT INTO reports (id, reporter, conversation, event_seq, account, moment, text, at_ms)
        SELECT COALESCE(MAX(id), 0) + 1, $1, $2, $3, $4, $5, $6, $7 FROM reports";
    let now = tx.now_ms();
    let args = args![
        reporter,
        report.conversation,
        report.event_seq,
        report.account,
        report.moment,
        &*report.text,
        now,
    ];
    tx.execute(INSERT, args).await.map(drop)
}

/// Empties the words of what an account reported.
pub(super) async fn forget_reports(tx: &mut Tx, reporter: AccountId) -> Result<()> {
    tx.execute("UPDATE reports SET text = '' WHERE reporter = $1", args![reporter]).await.map(drop)
}

/// When a member took the n-th newest of the names that they had in the group.
pub(super) async fn named_before(
    tx: &mut Tx,
    conversation: ConversationId,
    account: AccountId,
    nth: u64,
) -> Result<Option<u64>> {
    const SELECT: &str = "SELECT at_ms FROM events WHERE sender = $1 AND conversation = $2 AND kind = 76
        ORDER BY event_seq DESC LIMIT 1 OFFSET $3";
    let row: Option<(i64,)> = tx.first(SELECT, args![account, conversation, nth.saturating_sub(1)]).await?;
    Ok(row.map(|(at,)| at as u64))
}

/// Announcements within ranges of events, newest first.
pub(super) async fn announcements(
    db: &Db,
    conversation: ConversationId,
    ranges: &[(u64, u64)],
    limit: u64,
) -> Result<Vec<GroupAnnouncement>> {
    const SELECT: &str = "SELECT e.frame FROM events e WHERE e.conversation = $1 AND e.kind = 71
            AND EXISTS (SELECT 1 FROM json_each($2) j
                WHERE e.event_seq BETWEEN json_extract(j.value, '$[0]') AND json_extract(j.value, '$[1]'))
            AND e.event_seq BETWEEN $3 AND $4
        ORDER BY e.event_seq DESC LIMIT $5";
    let first = ranges.iter().map(|range| range.0).min().unwrap_or(1);
    let last = ranges.iter().map(|range| range.1).max().unwrap_or(0);
    let rows: Vec<(Vec<u8>,)> =
        db.all(SELECT, args![conversation, db::list(ranges)?, first, last, limit]).await?;
    rows.into_iter()
        .map(|(bytes,)| {
            let event = chat::decode(&bytes)?;
            let text = frame::decode::<AnnouncedText>(&event.body).map(|body| body.text).unwrap_or_default();
            Ok(GroupAnnouncement {
                event_seq: event.event_seq,
                account: event.sender,
                at_ms: event.at_ms,
                text,
            })
        })
        .collect()
}

/// The words of the announcement that stands.
pub(super) async fn announced(
    tx: &mut Tx,
    conversation: ConversationId,
    event_seq: u64,
) -> Result<Option<String>> {
    const SELECT: &str = "SELECT frame FROM events WHERE conversation = $1 AND event_seq = $2 AND kind = 71";
    let row: Option<(Vec<u8>,)> = tx.first(SELECT, args![conversation, event_seq]).await?;
    let Some((bytes,)) = row else { return Ok(None) };
    let event = chat::decode(&bytes)?;
    Ok(frame::decode::<AnnouncedText>(&event.body).ok().map(|body| body.text))
}

/// Who has seen an announcement or a later one, behind an announcement and an account, of those who let the reader know.
pub(super) async fn seen(
    db: &Db,
    reader: AccountId,
    conversation: ConversationId,
    after: (u64, AccountId),
    limit: u64,
) -> Result<Vec<(u64, GroupPerson)>> {
    const SELECT: &str = concat!(
        "SELECT m.announced, a.id, a.handle, a.display_name
        FROM members m JOIN accounts a ON a.id = m.account
        WHERE m.conversation = $1 AND m.announced > 0 AND m.announced >= $2
            AND (m.announced > $2 OR m.account > $3) AND m.state = 2 AND (a.id = $5 OR ",
        lets!("a.read_receipts", "a.id", "$5"),
        ") ORDER BY m.announced, m.account LIMIT $4"
    );
    let rows: Vec<(i64, i64, String, String)> =
        db.all(SELECT, args![conversation, after.0, after.1, limit, reader]).await?;
    Ok(rows.into_iter().map(|(seq, id, handle, name)| (seq as u64, person((id, handle, name)))).collect())
}

pub(super) async fn is_pinned(tx: &mut Tx, conversation: ConversationId, event_seq: u64) -> Result<bool> {
    const SELECT: &str = "SELECT event_seq FROM group_pins WHERE conversation = $1 AND event_seq = $2";
    let row: Option<(i64,)> = tx.first(SELECT, args![conversation, event_seq]).await?;
    Ok(row.is_some())
}

/// Whether an event is a message that was not taken back.
pub(super) async fn is_message(tx: &mut Tx, conversation: ConversationId, event_seq: u64) -> Result<bool> {
    const SELECT: &str = "SELECT frame FROM events WHERE conversation = $1 AND event_seq = $2";
    let row: Option<(Vec<u8>,)> = tx.first(SELECT, args![conversation, event_seq]).await?;
    let Some((bytes,)) = row else { return Ok(false) };
    let event = chat::decode(&bytes)?;
    Ok(event.message_seq.is_some() && event.recalled_by.is_none())
}

pub(super) async fn count_pins(tx: &mut Tx, conversation: ConversationId) -> Result<u64> {
    count(tx, "SELECT COUNT(*) FROM group_pins WHERE conversation = $1", args![conversation]).await
}

pub(super) async fn pin(
    tx: &mut Tx,
    conversation: ConversationId,
    event_seq: u64,
    by: AccountId,
) -> Result<()> {
    const INSERT: &str =
        "INSERT INTO group_pins (conversation, event_seq, pinned_by, pinned_ms) VALUES ($1, $2, $3, $4)";
    let now = tx.now_ms();
    tx.execute(INSERT, args![conversation, event_seq, by, now]).await.map(drop)
}

/// Takes a pin off, also when the message was taken back.
pub(crate) async fn unpin(tx: &mut Tx, conversation: ConversationId, event_seq: u64) -> Result<()> {
    const DELETE: &str = "DELETE FROM group_pins WHERE conversation = $1 AND event_seq = $2";
    tx.execute(DELETE, args![conversation, event_seq]).await.map(drop)
}

pub(super) async fn pins(db: &Db, conversation: ConversationId) -> Result<Vec<Pin>> {
    const SELECT: &str = "SELECT event_seq, pinned_by, pinned_ms FROM group_pins
        WHERE conversation = $1 ORDER BY event_seq DESC LIMIT $2";
    let rows: Vec<(i64, i64, i64)> = db.all(SELECT, args![conversation, limits::GROUP_PINS_MAX]).await?;
    Ok(rows
        .into_iter()
        .map(|(seq, by, at)| Pin { event_seq: seq as u64, pinned_by: by.into(), pinned_ms: at as u64 })
        .collect())
}

/// The group is over: nobody finds it or comes in by a link.
pub(super) async fn dissolve(tx: &mut Tx, conversation: ConversationId) -> Result<()> {
    const END: &str = "INSERT INTO groups (conversation, dissolved_ms) VALUES ($1, $2)
        ON CONFLICT (conversation) DO UPDATE SET dissolved_ms = excluded.dissolved_ms, discoverable = 0, joining = 1";
    let now = tx.now_ms();
    tx.execute(END, args![conversation, now]).await?;
    for sql in [
        "DELETE FROM group_terms WHERE conversation = $1",
        "DELETE FROM group_links WHERE conversation = $1",
        "DELETE FROM group_pins WHERE conversation = $1",
    ] {
        tx.execute(sql, args![conversation]).await?;
    }
    Ok(())
}
