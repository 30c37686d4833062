//! What an account is told of likes and comments: entries of its log, one key each, the newest 200. They go as soon
//! as the account may not see what they are about.

use litrocket_protocol::{
    AccountId, frame, limits,
    moments::{MomentNotice, notice_kind},
};

use super::sight_store::{seen, shown};
use crate::{
    args,
    db::{self, Value},
    error::Result,
    writer::Tx,
};

/// Account, moment, kind, item.
type Key = (i64, i64, i64, i64);

fn name(moment: u64, kind: u64, item: u64) -> String {
    format!("moment_notice/{moment}/{kind}/{item}")
}

/// Tells an account of something.
pub(super) async fn tell(tx: &mut Tx, account: AccountId, notice: MomentNotice) -> Result<()> {
    const INSERT: &str = "INSERT INTO moment_notices (moment, account, kind, item, actor, at_ms)
        VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (moment, account, kind, item) DO NOTHING";
    const OLDEST: &str = "DELETE FROM moment_notices WHERE (moment, account, kind, item) IN
            (SELECT moment, account, kind, item FROM moment_notices WHERE account = $1
            ORDER BY at_ms DESC, moment DESC, item DESC LIMIT 10 OFFSET $2)
        RETURNING account, moment, kind, item";
    let item = notice.comment.unwrap_or(notice.account.0);
    let row = args![notice.moment, account, notice.kind, item, notice.account, notice.at_ms];
    if tx.execute(INSERT, row).await? == 0 {
        return Ok(());
    }
    let key = name(notice.moment, notice.kind.into(), item);
    tx.entry(account, key, Some(frame::encode_body(&notice))).await?;
    take(tx, OLDEST, args![account, limits::MOMENT_NOTICES_MAX as u64]).await
}

/// Takes notices out with a statement that returns their keys.
async fn take(tx: &mut Tx, delete: &'static str, args: &[Value]) -> Result<()> {
    taken(tx, delete, args).await.map(drop)
}

/// The same; how many.
async fn taken(tx: &mut Tx, delete: &'static str, args: &[Value]) -> Result<u64> {
    let gone: Vec<Key> = tx.all(delete, args).await?;
    let count = gone.len() as u64;
    let entries = gone.into_iter().map(|(account, moment, kind, item)| {
        (account.into(), name(moment as u64, kind as u64, item as u64), None)
    });
    let entries: Vec<_> = entries.collect();
    if count > 0 {
        tx.entries(entries).await?;
    }
    Ok(count)
}

/// The moments are gone.
pub(super) async fn of_moments(tx: &mut Tx, moments: &[u64]) -> Result<()> {
    const DELETE: &str = "DELETE FROM moment_notices WHERE moment IN (SELECT value FROM json_each($1))
        RETURNING account, moment, kind, item";
    take(tx, DELETE, args![db::list(moments)?]).await
}

/// A like was taken back.
pub(super) async fn of_like(tx: &mut Tx, moment: u64, account: AccountId) -> Result<()> {
    const DELETE: &str = "DELETE FROM moment_notices WHERE moment = $1 AND kind = $2 AND item = $3
        RETURNING account, moment, kind, item";
    take(tx, DELETE, args![moment, notice_kind::LIKE, account]).await
}

/// A comment is gone.
pub(super) async fn of_comment(tx: &mut Tx, moment: u64, comment: u64) -> Result<()> {
    const DELETE: &str = "DELETE FROM moment_notices WHERE moment = $1 AND kind <> $2 AND item = $3
        RETURNING account, moment, kind, item";
    take(tx, DELETE, args![moment, notice_kind::LIKE, comment]).await
}

/// Some may not see the moment any more.
pub(super) async fn unseen(tx: &mut Tx, moment: u64) -> Result<()> {
    const DELETE: &str = concat!(
        "DELETE FROM moment_notices AS n WHERE n.moment = $1
            AND NOT EXISTS (SELECT 1 FROM moments m WHERE m.id = n.moment AND ",
        seen!("n.account"),
        ") RETURNING account, moment, kind, item"
    );
    take(tx, DELETE, args![moment]).await
}

/// Whom an account shows its moments has changed: who may not see them is told nothing of them any more.
pub(crate) async fn audience_changed(tx: &mut Tx, author: AccountId) -> Result<()> {
    const DELETE: &str = concat!(
        "DELETE FROM moment_notices AS n WHERE n.moment IN (SELECT id FROM moments WHERE author = $1)
            AND NOT EXISTS (SELECT 1 FROM moments m WHERE m.id = n.moment AND ",
        seen!("n.account"),
        ") RETURNING account, moment, kind, item"
    );
    take(tx, DELETE, args![author]).await
}

/// Two are friends no longer: neither is told of what the other did, or of what happens at the other's moments; and
/// nobody of what one did at the other's.
pub(crate) async fn parted(tx: &mut Tx, one: AccountId, other: AccountId) -> Result<()> {
    const DELETE: &str = "DELETE FROM moment_notices AS n WHERE n.account = $1
            AND (n.actor = $2 OR EXISTS (SELECT 1 FROM moments m WHERE m.id = n.moment AND m.author = $2))
        RETURNING account, moment, kind, item";
    const DONE_AT: &str = "DELETE FROM moment_notices AS n WHERE n.actor = $1
            AND EXISTS (SELECT 1 FROM moments m WHERE m.id = n.moment AND m.author = $2)
        RETURNING account, moment, kind, item";
    for (one, other) in [(one, other), (other, one)] {
        take(tx, DELETE, args![one, other]).await?;
        take(tx, DONE_AT, args![one, other]).await?;
    }
    Ok(())
}

/// Some of what an account is told or has caused; how many.
pub(super) async fn erase_some(tx: &mut Tx, account: AccountId, most: u64) -> Result<u64> {
    const DELETE: &str = "DELETE FROM moment_notices WHERE (moment, account, kind, item) IN
            (SELECT moment, account, kind, item FROM moment_notices WHERE account = $1 OR actor = $1 LIMIT $2)
        RETURNING account, moment, kind, item";
    taken(tx, DELETE, args![account, most]).await
}

/// Everything an account is told, has caused, or that is about its moments.
pub(super) async fn erase(tx: &mut Tx, account: AccountId) -> Result<()> {
    const DELETE: &str = "DELETE FROM moment_notices WHERE account = $1 OR actor = $1
        RETURNING account, moment, kind, item";
    const MOMENTS: &str = "DELETE FROM moment_notices WHERE moment IN
            (SELECT id FROM moments WHERE author = $1)
        RETURNING account, moment, kind, item";
    take(tx, DELETE, args![account]).await?;
    take(tx, MOMENTS, args![account]).await
}
