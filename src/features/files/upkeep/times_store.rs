//! The SQL of how long files are kept: people's own by their age, those of groups from when they were added.

use std::collections::HashMap;

use super::collect::UNUSED_MS;
use crate::{
    args, config,
    db::{self, Db},
    error::Result,
    limits::DAY_MS,
    writer::Tx,
};

/// Entries of groups whose time is up keep their files no more; the files that nothing else keeps, with their contents.
pub(super) async fn end_shelved(tx: &mut Tx, before_ms: u64, most: u64) -> Result<Vec<(i64, Option<i64>)>> {
    const END: &str = "UPDATE group_files SET expired = 1 WHERE id IN (SELECT id FROM group_files
            WHERE file IS NOT NULL AND expired = 0 AND added_ms < $1 ORDER BY added_ms LIMIT $2)
        RETURNING file";
    const FREE: &str = "SELECT id, content FROM files WHERE id IN (SELECT value FROM json_each($1))
        AND shelved = 0 AND content IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM file_carriers k WHERE k.file = files.id)
        AND NOT EXISTS (SELECT 1 FROM moment_pictures i WHERE i.file = files.id)";
    let ended: Vec<(i64,)> = tx.all(END, args![before_ms, most]).await?;
    if ended.is_empty() {
        return Ok(Vec::new());
    }
    let files = db::list(ended.into_iter().map(|(file,)| file as u64))?;
    unshelve(tx, &files).await?;
    tx.all(FREE, args![files]).await
}

/// The entries of one file keep it no more: its content went.
pub(super) async fn end_entries(tx: &mut Tx, file: i64) -> Result<()> {
    const END: &str = "UPDATE group_files SET expired = 1 WHERE file = $1 AND expired = 0";
    tx.execute(END, args![file]).await.map(drop)
}

/// Entries of groups went: which of these files, as JSON, none keeps any more.
pub(in crate::features::files) async fn unshelve(tx: &mut Tx, files: &str) -> Result<()> {
    const UPDATE: &str = "UPDATE files SET shelved = 0 WHERE id IN (SELECT value FROM json_each($1))
        AND shelved = 1 AND NOT EXISTS (SELECT 1 FROM group_files g WHERE g.file = files.id AND g.expired = 0)";
    tx.execute(UPDATE, args![files]).await.map(drop)
}

/// An entry of a group keeps a file from now on, also one whose time was up.
pub(in crate::features::files) async fn shelve(tx: &mut Tx, entry: u64, file: u64) -> Result<()> {
    const RENEW: &str = "UPDATE group_files SET expired = 0, added_ms = $2 WHERE id = $1 AND expired = 1";
    let now = tx.now_ms();
    tx.execute(RENEW, args![entry, now]).await?;
    tx.execute("UPDATE files SET shelved = 1 WHERE id = $1 AND shelved = 0", args![file]).await.map(drop)
}

/// Until when an entry is kept that was added then.
pub(in crate::features::files) fn entry_until(config: &config::Files, added_ms: u64) -> Option<u64> {
    (config.group_retention_days > 0).then(|| added_ms + config.group_retention_days * DAY_MS)
}

/// Until when the contents of files are kept, as things stand now; those without such a time are left out.
pub(in crate::features::files) async fn untils(
    db: &Db,
    config: &config::Files,
    files: &[u64],
    now_ms: u64,
) -> Result<HashMap<u64, u64>> {
    const SELECT: &str = "SELECT f.id, f.made_ms, f.complete, c.moved_ms, COALESCE(f.unused_ms, -1),
            COALESCE((SELECT MAX(g.added_ms) FROM group_files g WHERE g.file = f.id AND g.expired = 0), -1),
            EXISTS (SELECT 1 FROM file_carriers k WHERE k.file = f.id)
                OR EXISTS (SELECT 1 FROM moment_pictures i WHERE i.file = f.id)
        FROM json_each($1) j JOIN files f ON f.id = j.value JOIN contents c ON c.id = f.content";
    type Kept = (i64, i64, i64, i64, i64, i64, i64);
    let rows: Vec<Kept> = db.all(SELECT, args![db::list(files)?]).await?;
    let after = |from: i64, ms: u64| (from.max(0) as u64).saturating_add(ms);
    let aged = |made: i64| match config.retention_days {
        0 => u64::MAX,
        days => after(made, days * DAY_MS),
    };
    let until = |(file, made, complete, moved, unused, shelved, carried): Kept| {
        let until = if complete == 0 {
            after(moved, config.upload_days * DAY_MS).min(aged(made))
        } else if unused == 0 {
            // What carried it is gone: it goes with the next round.
            now_ms
        } else if unused > 0 {
            after(unused, UNUSED_MS).min(aged(made))
        } else {
            let shelved = (shelved >= 0).then(|| entry_until(config, shelved as u64).unwrap_or(u64::MAX));
            let carried = (carried != 0 || shelved.is_none()).then(|| aged(made));
            shelved.max(carried).unwrap_or(u64::MAX)
        };
        (file as u64, until)
    };
    Ok(rows.into_iter().map(until).filter(|(_, until)| *until != u64::MAX).collect())
}
