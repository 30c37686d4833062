//! The SQL of what goes: files given up, too old, unused, of accounts that were deleted, of conversations without
//! readers.

use litrocket_protocol::AccountId;

use super::times_store;
use crate::{
    args,
    error::Result,
    features::files::{
        kept::shelf_store,
        storage::content_store,
        store::{CARRIED, File, unused},
    },
    writer::Tx,
};

/// A file and its content.
type Gone = (i64, Option<i64>);

/// Takes the content of files away. A file that something carries stays as one that is not kept any more. The
/// contents that went with them.
async fn drop_content(tx: &mut Tx, files: Vec<Gone>) -> Result<Vec<u64>> {
    const EMPTY: &str = "UPDATE files SET content = NULL, unused_ms = NULL, shelved = 0 WHERE id = $1";
    const DELETE: &str = "DELETE FROM files WHERE id = $1";
    let mut contents = Vec::new();
    for (id, content) in files {
        let carried: Option<(i64,)> = tx.first(CARRIED, args![id]).await?;
        if carried.is_some() {
            // An entry that keeps nothing counts for nothing, so it has to be added again when the content is.
            times_store::end_entries(tx, id).await?;
        }
        tx.execute(if carried.is_some() { EMPTY } else { DELETE }, args![id]).await?;
        if let Some(content) = content
            && content_store::drop_unreferenced(tx, content as u64).await?
        {
            contents.push(content as u64);
        }
    }
    Ok(contents)
}

/// Its owner removes a file: what carries it shows that it is not kept any more, and the same content brought again is
/// another file. The content's number when it went with it.
pub(in crate::features::files) async fn remove(tx: &mut Tx, file: &File) -> Result<Option<u64>> {
    tx.execute("UPDATE files SET removed = 1 WHERE id = $1", args![file.id]).await?;
    give_up(tx, file).await
}

/// Takes the content of one file away; the content's number when it went with it.
pub(in crate::features::files) async fn give_up(tx: &mut Tx, file: &File) -> Result<Option<u64>> {
    let content = file.content.map(|id| id as i64);
    Ok(drop_content(tx, vec![(file.id as i64, content)]).await?.pop())
}

/// Times before which files are taken away.
#[derive(Debug, Clone, Copy)]
pub(in crate::features::files) struct Before {
    /// Complete ones that nothing carries since then.
    pub(in crate::features::files) unused: u64,
    /// Uploads to which nothing came since then; 0 for none, while nobody knows whether they are complete.
    pub(in crate::features::files) moved: u64,
    /// All that were made before and that no group keeps.
    pub(in crate::features::files) made: u64,
    /// Those of groups that were added before.
    pub(in crate::features::files) shelved: u64,
}

/// Takes files away that nothing has carried since before some time, that are too old, or whose owner has gone; how
/// many.
pub(super) async fn expire(tx: &mut Tx, before: Before, most: u64) -> Result<u64> {
    const UNUSED: &str = "SELECT id, content FROM files
        WHERE unused_ms IS NOT NULL AND (unused_ms = 0 OR (unused_ms <= $1 AND complete = 1))
        ORDER BY unused_ms LIMIT $2";
    const STUCK: &str = "SELECT f.id, f.content FROM contents c JOIN files f ON f.content = c.id
        WHERE c.complete = 0 AND c.moved_ms < $1 ORDER BY c.moved_ms LIMIT $2";
    const OLD: &str = "SELECT id, content FROM files WHERE content IS NOT NULL AND shelved = 0
        AND made_ms < $1 ORDER BY made_ms LIMIT $2";
    let mut files: Vec<Gone> = tx.all(UNUSED, args![before.unused, most]).await?;
    files.extend(tx.all::<Gone>(STUCK, args![before.moved, most]).await?);
    files.extend(tx.all::<Gone>(OLD, args![before.made, most]).await?);
    files.extend(times_store::end_shelved(tx, before.shelved, most).await?);
    let (left_behind, more) = left_behind(tx, most).await?;
    files.extend(left_behind);
    files.sort_unstable();
    files.dedup();
    let count = files.len() as u64;
    drop_content(tx, files).await?;
    Ok(count + more)
}

/// An account is deleted: its files go, some at a time; those that something carries only with `all`.
pub(crate) async fn erase(tx: &mut Tx, account: AccountId, all: bool) -> Result<()> {
    const INSERT: &str =
        "INSERT INTO file_owners_gone (account, carried) VALUES ($1, $2) ON CONFLICT DO NOTHING";
    tx.execute(INSERT, args![account, all]).await.map(drop)
}

/// Files of an account that was deleted, and how much else of it went. With its words go the files that it put into groups,
/// and the names of those that others still show.
async fn left_behind(tx: &mut Tx, most: u64) -> Result<(Vec<Gone>, u64)> {
    const OWNER: &str = "SELECT account, carried FROM file_owners_gone ORDER BY account LIMIT 1";
    const SHELF: &str = "SELECT id FROM group_files WHERE added_by = $1 AND file IS NOT NULL LIMIT $2";
    const FILES: &str = "SELECT id, content FROM files WHERE owner = $1 AND content IS NOT NULL
        AND ($2 = 1 OR unused_ms IS NOT NULL) LIMIT $3";
    const NAMES: &str = "UPDATE files SET name = '', name_key = '', removed = 1
        WHERE id IN (SELECT id FROM files WHERE owner = $1 AND name <> '' AND content IS NULL LIMIT $2)";
    let owner: Option<(i64, i64)> = tx.first(OWNER, args![]).await?;
    let Some((owner, carried)) = owner else { return Ok((Vec::new(), 0)) };
    let shelved: Vec<(i64,)> =
        if carried == 1 { tx.all(SHELF, args![owner, most]).await? } else { Vec::new() };
    let shelved = shelf_store::delete_all(tx, &shelved).await?;
    let shelved: Vec<u64> = shelved.into_iter().filter_map(|(file,)| file).map(|file| file as u64).collect();
    let forgotten = shelf_store::forget_reader(tx, owner as u64, most).await?;
    unused(tx, &shelved).await?;
    let files: Vec<Gone> = tx.all(FILES, args![owner, carried, most]).await?;
    let named = match (carried, files.is_empty()) {
        (1, true) => tx.execute(NAMES, args![owner, most]).await?,
        _ => 0,
    };
    if shelved.is_empty() && files.is_empty() && named == 0 && forgotten == 0 {
        tx.execute("DELETE FROM file_owners_gone WHERE account = $1", args![owner]).await?;
    }
    Ok((files, shelved.len() as u64 + named + forgotten))
}

/// Lets the files go of conversations that nobody reads any more, behind one; where to go on, and how many went.
pub(in crate::features::files) async fn sweep(tx: &mut Tx, after: u64, most: u64) -> Result<(u64, u64)> {
    const SOME: &str = "WITH some AS (SELECT conversation FROM file_carriers WHERE conversation > $1
            UNION SELECT conversation FROM group_files WHERE conversation > $1 ORDER BY 1 LIMIT $2)
        SELECT s.conversation,
            EXISTS (SELECT 1 FROM members m WHERE m.conversation = s.conversation AND m.state = 2),
            EXISTS (SELECT 1 FROM members m JOIN accounts a ON a.id = m.account AND a.deleted_ms IS NULL
                WHERE m.conversation = s.conversation AND m.state <> 1)
        FROM some s ORDER BY 1";
    const SHELF: &str = "SELECT id FROM group_files WHERE conversation = $1 LIMIT $2";
    const CARRIERS: &str = "DELETE FROM file_carriers WHERE (file, conversation, event_seq) IN
        (SELECT file, conversation, event_seq FROM file_carriers WHERE conversation = $1 LIMIT $2) RETURNING file";
    let some: Vec<(i64, i64, i64)> = tx.all(SOME, args![after, most]).await?;
    let mut next = 0;
    for (conversation, members, readers) in some {
        let mut files: Vec<(Option<i64>,)> = Vec::new();
        if members == 0 {
            let entries: Vec<(i64,)> = tx.all(SHELF, args![conversation, most]).await?;
            files = shelf_store::delete_all(tx, &entries).await?;
        }
        if readers == 0 {
            files.extend(tx.all::<(Option<i64>,)>(CARRIERS, args![conversation, most]).await?);
        }
        if !files.is_empty() {
            let count = files.len() as u64;
            let files: Vec<u64> =
                files.into_iter().filter_map(|(file,)| file).map(|file| file as u64).collect();
            unused(tx, &files).await?;
            // There may be more of this one.
            return Ok((conversation as u64 - 1, count));
        }
        next = conversation as u64;
    }
    Ok((next, 0))
}
