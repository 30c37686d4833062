//! The SQL of the tables `group_files` and `group_file_readers`.

use litrocket_protocol::{
    AccountId, ConversationId,
    files::{GroupFile, GroupFilePosition, ListGroupFiles, group_sort},
    pictures::Picture,
};

use crate::{
    args,
    db::{self, Db},
    error::Result,
    features::files::{
        shown_type,
        store::{containing, new_id},
    },
    writer::Tx,
};

type EntryRow =
    (i64, i64, i64, String, Option<i64>, i64, i64, i64, i64, String, i64, Option<i64>, i64, String, i64);

/// The columns of an entry, and where they come from.
macro_rules! entries {
    ($which:literal) => {
        concat!(
            "SELECT g.id, g.conversation, g.parent, g.name, g.file, g.size, g.added_by, g.added_ms, g.downloads,
            COALESCE(f.media_type, ''), CASE WHEN f.content IS NULL OR g.expired <> 0 THEN 0 ELSE 1 END,
            p.width, COALESCE(p.height, 0), COALESCE(p.blurhash, ''), COALESCE(c.damaged, 0)
        FROM group_files g LEFT JOIN files f ON f.id = g.file LEFT JOIN contents c ON c.id = f.content
            LEFT JOIN pictures p ON p.content = f.content AND p.state = 1 AND f.complete = 1 ",
            $which
        )
    };
}

/// An entry with the conversation it is in.
pub(super) fn entry(row: EntryRow) -> (ConversationId, GroupFile) {
    let (
        id,
        conversation,
        parent,
        name,
        file,
        size,
        added_by,
        added_ms,
        downloads,
        media_type,
        kept,
        width,
        height,
        blurhash,
        damaged,
    ) = row;
    let picture = width.map(|width| Picture { width: width as u32, height: height as u32, blurhash });
    let shown = GroupFile {
        entry: id as u64,
        folder: (parent != 0).then_some(parent as u64),
        name,
        file: file.map(|file| file as u64),
        size: size as u64,
        media_type: if file.is_some() { shown_type(media_type) } else { String::new() },
        gone: file.is_some() && kept == 0,
        damaged: kept != 0 && damaged != 0,
        picture,
        added_by: added_by.into(),
        added_ms: added_ms as u64,
        until_ms: None,
        downloads: downloads as u64,
    };
    (conversation.into(), shown)
}

/// An entry by its number.
pub(super) async fn by_id(tx: &mut Tx, id: u64) -> Result<Option<(ConversationId, GroupFile)>> {
    const SELECT: &str = entries!("WHERE g.id = $1");
    let row: Option<EntryRow> = tx.first(SELECT, args![id]).await?;
    Ok(row.map(entry))
}

/// What has a name in a folder.
#[derive(Debug, Clone, Copy)]
pub(in crate::features::files) struct Named {
    pub(in crate::features::files) id: u64,
    /// The file; none for a folder.
    pub(in crate::features::files) file: Option<u64>,
    /// The file's content is not kept any more.
    pub(in crate::features::files) gone: bool,
}

/// The entry of this name in a folder.
pub(super) async fn by_name(
    tx: &mut Tx,
    conversation: ConversationId,
    parent: u64,
    name: &str,
) -> Result<Option<Named>> {
    const SELECT: &str = "SELECT g.id, g.file, g.file IS NOT NULL AND (f.content IS NULL OR g.expired <> 0)
        FROM group_files g LEFT JOIN files f ON f.id = g.file
        WHERE g.conversation = $1 AND g.parent = $2 AND g.name = $3";
    let row: Option<(i64, Option<i64>, i64)> = tx.first(SELECT, args![conversation, parent, name]).await?;
    Ok(row.map(|(id, file, gone)| Named {
        id: id as u64,
        file: file.map(|file| file as u64),
        gone: gone != 0,
    }))
}

/// How many entries a group has, and what their files take.
pub(super) async fn totals(tx: &mut Tx, conversation: ConversationId) -> Result<(u64, u64)> {
    let row: Option<(i64, i64)> = tx.first(TOTALS, args![conversation]).await?;
    Ok(row.map_or((0, 0), |(count, bytes)| (count as u64, bytes as u64)))
}

/// All entries, and the bytes of those that are kept.
const TOTALS: &str =
    "SELECT COUNT(*), COALESCE(SUM(CASE WHEN f.content IS NULL OR g.expired <> 0 THEN 0 ELSE g.size END), 0)
    FROM group_files g LEFT JOIN files f ON f.id = g.file WHERE g.conversation = $1";

pub(super) async fn totals_now(db: &Db, conversation: ConversationId) -> Result<u64> {
    let row: Option<(i64, i64)> = db.first(TOTALS, args![conversation]).await?;
    Ok(row.map_or(0, |(_, bytes)| bytes as u64))
}

/// Adds a file or, without one, a folder; its number.
pub(in crate::features::files) async fn add(
    tx: &mut Tx,
    conversation: ConversationId,
    parent: u64,
    name: &str,
    file: Option<(u64, u64)>,
    by: AccountId,
) -> Result<u64> {
    const INSERT: &str = "INSERT INTO group_files
            (id, conversation, parent, name, name_key, file, size, added_by, added_ms)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    let (id, now) = (new_id(tx).await?, tx.now_ms());
    let (file, size) = file.unzip();
    let args = args![id, conversation, parent, name, name.to_lowercase(), file, size.unwrap_or(0), by, now];
    tx.execute(INSERT, args).await?;
    Ok(id)
}

/// Gives an entry another name and place.
pub(in crate::features::files) async fn place(tx: &mut Tx, id: u64, parent: u64, name: &str) -> Result<()> {
    const UPDATE: &str = "UPDATE group_files SET parent = $2, name = $3, name_key = $4 WHERE id = $1";
    tx.execute(UPDATE, args![id, parent, name, name.to_lowercase()]).await.map(drop)
}

pub(super) async fn is_empty(tx: &mut Tx, conversation: ConversationId, folder: u64) -> Result<bool> {
    const SELECT: &str = "SELECT id FROM group_files WHERE conversation = $1 AND parent = $2 LIMIT 1";
    let row: Option<(i64,)> = tx.first(SELECT, args![conversation, folder]).await?;
    Ok(row.is_none())
}

pub(in crate::features::files) async fn delete(tx: &mut Tx, id: u64) -> Result<()> {
    tx.execute("DELETE FROM group_file_readers WHERE entry = $1", args![id]).await?;
    tx.execute("DELETE FROM group_files WHERE id = $1", args![id]).await.map(drop)
}

/// Takes entries away whose numbers are a list of JSON; their files.
pub(in crate::features::files) async fn delete_all(
    tx: &mut Tx,
    entries: &[(i64,)],
) -> Result<Vec<(Option<i64>,)>> {
    const READERS: &str = "DELETE FROM group_file_readers WHERE entry IN (SELECT value FROM json_each($1))";
    const ENTRIES: &str =
        "DELETE FROM group_files WHERE id IN (SELECT value FROM json_each($1)) RETURNING file";
    if entries.is_empty() {
        return Ok(Vec::new());
    }
    let entries = db::list(entries.iter().map(|(id,)| *id as u64))?;
    tx.execute(READERS, args![&*entries]).await?;
    tx.all(ENTRIES, args![&*entries]).await
}

/// Somebody fetched a file of groups to its end: each of its entries where they are in counts them once.
pub(in crate::features::files) async fn count_download(
    tx: &mut Tx,
    account: AccountId,
    file: u64,
) -> Result<()> {
    const READ: &str = "INSERT INTO group_file_readers (entry, account) SELECT g.id, $1 FROM group_files g
            JOIN members m ON m.conversation = g.conversation AND m.account = $1 AND m.state = 2
            WHERE g.file = $2 AND g.expired = 0
        ON CONFLICT DO NOTHING RETURNING entry";
    const COUNT: &str =
        "UPDATE group_files SET downloads = downloads + 1 WHERE id IN (SELECT value FROM json_each($1))";
    let entries: Vec<(i64,)> = tx.all(READ, args![account, file]).await?;
    if entries.is_empty() {
        return Ok(());
    }
    let entries = db::list(entries.into_iter().map(|(id,)| id as u64))?;
    tx.execute(COUNT, args![entries]).await.map(drop)
}

/// An account goes: what it fetched is forgotten, some at a time; how much.
pub(in crate::features::files) async fn forget_reader(tx: &mut Tx, account: u64, most: u64) -> Result<u64> {
    const FORGET: &str = "DELETE FROM group_file_readers WHERE account = $1 AND entry IN
        (SELECT entry FROM group_file_readers WHERE account = $1 LIMIT $2)";
    tx.execute(FORGET, args![account, most]).await
}

/// A page of a folder, or of the whole group for a search.
pub(in crate::features::files) async fn list(
    db: &Db,
    asked: &ListGroupFiles,
    limit: u64,
) -> Result<Vec<GroupFile>> {
    const BY_NAME: &str = entries!(
        "WHERE g.conversation = $1 AND ($2 < 0 OR g.parent = $2) AND g.name_key LIKE $3 ESCAPE '!'
            AND (g.name_key > $4 OR (g.name_key = $4 AND g.id > $6)) AND $5 >= 0
        ORDER BY g.name_key, g.id LIMIT $7"
    );
    const NEWEST: &str = entries!(
        "WHERE g.conversation = $1 AND ($2 < 0 OR g.parent = $2) AND g.name_key LIKE $3 ESCAPE '!'
            AND (g.added_ms < $5 OR (g.added_ms = $5 AND g.id < $6)) AND $4 = $4
        ORDER BY g.added_ms DESC, g.id DESC LIMIT $7"
    );
    const LARGEST: &str = entries!(
        "WHERE g.conversation = $1 AND ($2 < 0 OR g.parent = $2) AND g.name_key LIKE $3 ESCAPE '!'
            AND (g.size < $5 OR (g.size = $5 AND g.id < $6)) AND $4 = $4
        ORDER BY g.size DESC, g.id DESC LIMIT $7"
    );
    let find = asked.find.as_deref().unwrap_or_default();
    // A search without a folder looks into all of them.
    let folder: i64 = match asked.folder {
        Some(folder) => folder as i64,
        None if find.is_empty() => 0,
        None => -1,
    };
    let by_name = asked.sort == group_sort::NAME;
    let start = if by_name { 0 } else { u64::MAX };
    let after = asked.after.clone();
    let after = after.unwrap_or(GroupFilePosition { name: String::new(), number: start, entry: start });
    let sql = match asked.sort {
        group_sort::NEWEST => NEWEST,
        group_sort::LARGEST => LARGEST,
        _ => BY_NAME,
    };
    let args = args![
        asked.conversation,
        folder,
        containing(find),
        after.name.to_lowercase(),
        after.number,
        after.entry,
        limit
    ];
    let rows: Vec<EntryRow> = db.all(sql, args).await?;
    Ok(rows.into_iter().map(|row| entry(row).1).collect())
}
