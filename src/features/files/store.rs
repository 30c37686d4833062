//! The files feature's SQL: the tables `files`, `contents`, `file_carriers`, `content_leftovers` and `file_ids`.

use litrocket_protocol::{AccountId, ConversationId};

use super::picture_store;
use crate::{
    args,
    db::Db,
    error::{Error, Result},
    features::moments::{seen, shown},
    writer::Tx,
};

/// A file as its row says.
#[derive(Debug, Clone)]
pub(super) struct File {
    pub(super) id: u64,
    pub(super) owner: AccountId,
    pub(super) name: String,
    pub(super) size: u64,
    pub(super) blake3: Vec<u8>,
    pub(super) media_type: String,
    pub(super) content: Option<u64>,
    pub(super) complete: bool,
    pub(super) made_ms: u64,
}

type FileRow = (i64, i64, String, i64, Vec<u8>, String, Option<i64>, i64, i64);

fn file(row: FileRow) -> File {
    let (id, owner, name, size, blake3, media_type, content, complete, made) = row;
    File {
        id: id as u64,
        owner: owner.into(),
        name,
        size: size as u64,
        blake3,
        media_type,
        content: content.map(|id| id as u64),
        complete: complete != 0,
        made_ms: made as u64,
    }
}

const SELECT_OWN: &str = "SELECT id, owner, name, size, blake3, media_type, content, complete, made_ms
    FROM files WHERE owner = $1 AND id = $2";
/// A file that its owner asks for, or that a message carries which the account may read, has not cleared and has
/// not hidden, or that is among the files of a group the account is in, or in a moment the account sees.
macro_rules! may_read {
    () => {
        concat!(
            "(f.owner = $1 OR EXISTS (
        SELECT 1 FROM file_carriers k
        JOIN members m ON m.conversation = k.conversation AND m.account = $1 AND m.state <> 1 AND m.shown = 1
            AND m.cleared_event < k.event_seq
        JOIN access a ON a.conversation = k.conversation AND a.account = $1
            AND a.from_seq <= k.event_seq AND (a.to_seq IS NULL OR a.to_seq >= k.event_seq)
        WHERE k.file = f.id AND NOT EXISTS (SELECT 1 FROM hidden h
            WHERE h.account = $1 AND h.conversation = k.conversation AND h.event_seq = k.event_seq))
        OR EXISTS (SELECT 1 FROM group_files g
            JOIN members m ON m.conversation = g.conversation AND m.account = $1 AND m.state = 2
            WHERE g.file = f.id)
        OR EXISTS (SELECT 1 FROM moment_pictures i JOIN moments m ON m.id = i.moment
            WHERE i.file = f.id AND ",
            seen!("$1"),
            "))"
        )
    };
}

pub(super) use may_read;

const SELECT_READABLE: &str = concat!(
    "SELECT f.id, f.owner, f.name, f.size, f.blake3, f.media_type, f.content, f.complete, f.made_ms
    FROM files f WHERE f.id = $2 AND ",
    may_read!()
);

/// A file the account may read.
pub(super) async fn readable(db: &Db, account: AccountId, id: u64) -> Result<Option<File>> {
    let row: Option<FileRow> = db.first(SELECT_READABLE, args![account, id]).await?;
    Ok(row.map(file))
}

/// The same inside the transaction.
pub(super) async fn readable_in(tx: &mut Tx, account: AccountId, id: u64) -> Result<Option<File>> {
    let row: Option<FileRow> = tx.first(SELECT_READABLE, args![account, id]).await?;
    Ok(row.map(file))
}

/// A file of the account itself.
pub(super) async fn own(db: &Db, account: AccountId, id: u64) -> Result<Option<File>> {
    let row: Option<FileRow> = db.first(SELECT_OWN, args![account, id]).await?;
    Ok(row.map(file))
}

pub(super) async fn own_in(tx: &mut Tx, account: AccountId, id: u64) -> Result<Option<File>> {
    let row: Option<FileRow> = tx.first(SELECT_OWN, args![account, id]).await?;
    Ok(row.map(file))
}

/// The file of an account with this name and content.
pub(super) async fn same(tx: &mut Tx, account: AccountId, blake3: &[u8], name: &str) -> Result<Option<File>> {
    const SELECT: &str = "SELECT id, owner, name, size, blake3, media_type, content, complete, made_ms
        FROM files WHERE owner = $1 AND blake3 = $2 AND name = $3";
    let row: Option<FileRow> = tx.first(SELECT, args![account, blake3, name]).await?;
    Ok(row.map(file))
}

/// A complete content with this hash, if the account may read a file that has it.
pub(super) async fn readable_content(
    tx: &mut Tx,
    account: AccountId,
    blake3: &[u8],
) -> Result<Option<(u64, String)>> {
    const FILES: &str = "SELECT f.id FROM contents c JOIN files f ON f.content = c.id
        WHERE c.blake3 = $1 AND c.complete = 1 ORDER BY CASE WHEN f.owner = $2 THEN 0 ELSE 1 END LIMIT 64";
    let files: Vec<(i64,)> = tx.all(FILES, args![blake3, account]).await?;
    for (id,) in files {
        if let Some(File { content: Some(content), media_type, .. }) =
            readable_in(tx, account, id as u64).await?
        {
            return Ok(Some((content, media_type)));
        }
    }
    Ok(None)
}

/// Numbers as JSON, for a statement that goes over them.
pub(super) fn list(files: &[u64]) -> Result<String> {
    serde_json::to_string(files).map_err(|error| Error::Internal(error.to_string()))
}

/// What the account's files count for.
pub(super) async fn used(tx: &mut Tx, account: AccountId) -> Result<u64> {
    let row: Option<(i64,)> = tx.first(USED, args![account]).await?;
    Ok(row.map_or(0, |(used,)| used as u64))
}

const USED: &str = "SELECT COALESCE(SUM(charge), 0) FROM files WHERE owner = $1 AND content IS NOT NULL";

pub(super) async fn used_now(db: &Db, account: AccountId) -> Result<u64> {
    let row: Option<(i64,)> = db.first(USED, args![account]).await?;
    Ok(row.map_or(0, |(used,)| used as u64))
}

pub(super) async fn new_id(tx: &mut Tx) -> Result<u64> {
    let row: Option<(i64,)> = tx.first("UPDATE file_ids SET last = last + 1 RETURNING last", &[]).await?;
    row.map(|(id,)| id as u64).ok_or_else(|| Error::Internal("file_ids is empty".into()))
}

/// A content whose chunks are still to come.
pub(super) async fn new_content(tx: &mut Tx, blake3: &[u8], size: u64, hashes: &[u8]) -> Result<u64> {
    const INSERT: &str =
        "INSERT INTO contents (id, blake3, size, hashes, made_ms) VALUES ($1, $2, $3, $4, $5)";
    let (id, now) = (new_id(tx).await?, tx.now_ms());
    tx.execute(INSERT, args![id, blake3, size, hashes, now]).await?;
    Ok(id)
}

/// Makes a file, or gives an older one its content again.
pub(super) async fn put_file(tx: &mut Tx, new: &File, charge: u64) -> Result<u64> {
    const PUT: &str = "INSERT INTO files
            (id, owner, name, blake3, size, charge, media_type, content, complete, made_ms, unused_ms)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)
        ON CONFLICT (owner, blake3, name) DO UPDATE SET charge = excluded.charge,
            media_type = excluded.media_type, content = excluded.content, complete = excluded.complete,
            made_ms = excluded.made_ms,
            unused_ms = CASE WHEN files.unused_ms IS NULL THEN NULL ELSE excluded.unused_ms END
        RETURNING id";
    let id = new_id(tx).await?;
    let args = args![
        id,
        new.owner,
        &*new.name,
        &*new.blake3,
        new.size,
        charge,
        &*new.media_type,
        new.content,
        new.complete,
        new.made_ms
    ];
    let row: Option<(i64,)> = tx.first(PUT, args).await?;
    Ok(row.map_or(id, |(id,)| id as u64))
}

/// An upload goes on: the time after which it is given up begins again.
pub(super) async fn touch(tx: &mut Tx, id: u64) -> Result<()> {
    let now = tx.now_ms();
    tx.execute("UPDATE files SET unused_ms = $2 WHERE id = $1 AND unused_ms IS NOT NULL", args![id, now])
        .await
        .map(drop)
}

/// What is stored, or will be.
#[derive(Debug, Clone)]
pub(super) struct Content {
    pub(super) size: u64,
    pub(super) hashes: Vec<u8>,
    pub(super) complete: bool,
}

pub(super) async fn content(db: &Db, id: u64) -> Result<Option<Content>> {
    const SELECT: &str = "SELECT size, hashes, complete FROM contents WHERE id = $1";
    let row: Option<(i64, Vec<u8>, i64)> = db.first(SELECT, args![id]).await?;
    Ok(row.map(|(size, hashes, complete)| Content { size: size as u64, hashes, complete: complete != 0 }))
}

/// All chunks of a content are there. When another one with the same hash was complete before, the files move
/// to that one.
pub(super) async fn complete(tx: &mut Tx, id: u64, media_type: &str) -> Result<()> {
    const HASH: &str = "SELECT blake3, complete, size FROM contents WHERE id = $1";
    const OTHER: &str = "SELECT id FROM contents WHERE blake3 = $1 AND complete = 1";
    const DONE: &str = "UPDATE contents SET complete = 1, media_type = $2 WHERE id = $1";
    const FILES: &str = "UPDATE files SET content = $2, complete = 1, media_type = $3,
        unused_ms = CASE WHEN unused_ms IS NULL THEN NULL ELSE $4 END WHERE content = $1";
    let row: Option<(Vec<u8>, i64, i64)> = tx.first(HASH, args![id]).await?;
    // It was given up meanwhile, or is complete already.
    let Some((blake3, 0, size)) = row else { return Ok(()) };
    let other: Option<(i64,)> = tx.first(OTHER, args![blake3]).await?;
    let now = tx.now_ms();
    if let Some((other,)) = other {
        tx.execute(FILES, args![id, other, media_type, now]).await?;
        return drop_unreferenced(tx, &[id]).await;
    }
    tx.execute(DONE, args![id, media_type]).await?;
    picture_store::wait(tx, id, media_type, size as u64).await?;
    tx.execute(FILES, args![id, id, media_type, now]).await.map(drop)
}

/// Takes contents away that no file has; their chunks are left to be deleted.
pub(super) async fn drop_unreferenced(tx: &mut Tx, contents: &[u64]) -> Result<()> {
    const DELETE: &str = "DELETE FROM contents WHERE id = $1
        AND NOT EXISTS (SELECT 1 FROM files WHERE content = $1)";
    const LEFT: &str = "INSERT INTO content_leftovers (content) VALUES ($1) ON CONFLICT DO NOTHING";
    for id in contents {
        if tx.execute(DELETE, args![*id]).await? > 0 {
            tx.execute(LEFT, args![*id]).await?;
            tx.execute("DELETE FROM pictures WHERE content = $1", args![*id]).await?;
        }
    }
    Ok(())
}

/// A file and its content.
type Gone = (i64, Option<i64>);

/// Takes the content of files away. A file that a message carried stays as one that is not kept any more.
async fn drop_content(tx: &mut Tx, files: Vec<Gone>) -> Result<()> {
    const EMPTY: &str = "UPDATE files SET content = NULL, unused_ms = NULL WHERE id = $1";
    const DELETE: &str = "DELETE FROM files WHERE id = $1";
    const CARRIED: &str = "SELECT file FROM file_carriers WHERE file = $1
        UNION SELECT file FROM group_files WHERE file = $1
        UNION SELECT file FROM moment_pictures WHERE file = $1 LIMIT 1";
    for (id, content) in files {
        let carried: Option<(i64,)> = tx.first(CARRIED, args![id]).await?;
        tx.execute(if carried.is_some() { EMPTY } else { DELETE }, args![id]).await?;
        if let Some(content) = content {
            drop_unreferenced(tx, &[content as u64]).await?;
        }
    }
    Ok(())
}

/// Gives one upload up.
pub(super) async fn cancel(tx: &mut Tx, file: &File) -> Result<()> {
    let content = file.content.map(|id| id as i64);
    drop_content(tx, vec![(file.id as i64, content)]).await
}

/// Takes files away that nothing has carried since before some time, or that are too old; how many.
pub(super) async fn expire(tx: &mut Tx, unused: u64, uploads: u64, made: u64, most: u64) -> Result<u64> {
    const UNUSED: &str = "SELECT id, content FROM files
        WHERE unused_ms IS NOT NULL AND (unused_ms = 0 OR unused_ms <= CASE WHEN complete = 1 THEN $1 ELSE $2 END)
        ORDER BY unused_ms LIMIT $3";
    const STUCK: &str =
        "SELECT id, content FROM files WHERE complete = 0 AND content IS NOT NULL AND made_ms < $1
        ORDER BY made_ms LIMIT $2";
    const OLD: &str = "SELECT id, content FROM files WHERE content IS NOT NULL AND made_ms < $1
        ORDER BY made_ms LIMIT $2";
    let mut files: Vec<Gone> = tx.all(UNUSED, args![unused, uploads, most]).await?;
    files.extend(tx.all::<Gone>(STUCK, args![uploads, most]).await?);
    files.extend(tx.all::<Gone>(OLD, args![made, most]).await?);
    files.sort_unstable();
    files.dedup();
    let count = files.len() as u64;
    drop_content(tx, files).await?;
    Ok(count)
}

/// Contents whose chunks are still to be deleted.
pub(super) async fn leftovers(db: &Db, most: u64) -> Result<Vec<u64>> {
    const SELECT: &str = "SELECT content FROM content_leftovers ORDER BY content LIMIT $1";
    let rows: Vec<(i64,)> = db.all(SELECT, args![most]).await?;
    Ok(rows.into_iter().map(|(id,)| id as u64).collect())
}

pub(super) async fn forget_leftover(tx: &mut Tx, content: u64) -> Result<()> {
    tx.execute("DELETE FROM content_leftovers WHERE content = $1", args![content]).await.map(drop)
}

/// A message carries a file from now on.
pub(super) async fn carry(
    tx: &mut Tx,
    file: u64,
    conversation: ConversationId,
    event_seq: u64,
) -> Result<()> {
    const INSERT: &str = "INSERT INTO file_carriers (file, conversation, event_seq) VALUES ($1, $2, $3)";
    tx.execute(INSERT, args![file, conversation, event_seq]).await?;
    used_again(tx, file).await
}

/// A message carries its file no more. Whether that was the last one.
pub(super) async fn release(tx: &mut Tx, conversation: ConversationId, event_seq: u64) -> Result<bool> {
    const DELETE: &str =
        "DELETE FROM file_carriers WHERE conversation = $1 AND event_seq = $2 RETURNING file";
    let files: Vec<(i64,)> = tx.all(DELETE, args![conversation, event_seq]).await?;
    let files: Vec<u64> = files.into_iter().map(|(file,)| file as u64).collect();
    unused(tx, &files).await
}

/// Files may be unused now. Whether any is.
pub(super) async fn unused(tx: &mut Tx, files: &[u64]) -> Result<bool> {
    const UNUSED: &str = "UPDATE files SET unused_ms = 0 WHERE id IN (SELECT value FROM json_each($1))
        AND NOT EXISTS (SELECT 1 FROM file_carriers k WHERE k.file = files.id)
        AND NOT EXISTS (SELECT 1 FROM group_files g WHERE g.file = files.id)
        AND NOT EXISTS (SELECT 1 FROM moment_pictures i WHERE i.file = files.id)";
    Ok(tx.execute(UNUSED, args![list(files)?]).await? > 0)
}

/// A file is used from now on.
pub(super) async fn used_again(tx: &mut Tx, file: u64) -> Result<()> {
    tx.execute("UPDATE files SET unused_ms = NULL WHERE id = $1", args![file]).await.map(drop)
}

/// What a conversation is, whether the account is in, and its role there.
pub(super) async fn group_role(
    tx: &mut Tx,
    conversation: ConversationId,
    account: AccountId,
) -> Result<Option<(u8, bool, u8)>> {
    const SELECT: &str = "SELECT c.kind, m.state, m.role FROM members m
        JOIN conversations c ON c.id = m.conversation
        WHERE m.conversation = $1 AND m.account = $2 AND m.state <> 1 AND m.shown = 1";
    let row: Option<(i64, i64, i64)> = tx.first(SELECT, args![conversation, account]).await?;
    Ok(row.map(|(kind, state, role)| (kind as u8, state == 2, role as u8)))
}

/// Own uploads that are not complete.
pub(super) async fn uploads(db: &Db, account: AccountId, after: u64, limit: u64) -> Result<Vec<File>> {
    const SELECT: &str = "SELECT id, owner, name, size, blake3, media_type, content, complete, made_ms
        FROM files WHERE owner = $1 AND complete = 0 AND id > $2 AND content IS NOT NULL ORDER BY id LIMIT $3";
    let rows: Vec<FileRow> = db.all(SELECT, args![account, after, limit]).await?;
    Ok(rows.into_iter().map(file).collect())
}

/// A complete content with the name of one of its files.
pub(super) struct Complete {
    pub(super) content: u64,
    pub(super) size: u64,
    pub(super) hashes: Vec<u8>,
    pub(super) name: String,
}

/// Complete contents behind one, by id.
pub(super) async fn complete_contents(db: &Db, after: u64, limit: u64) -> Result<Vec<Complete>> {
    const SELECT: &str = "SELECT c.id, c.size, c.hashes, COALESCE(
            (SELECT f.name FROM files f WHERE f.content = c.id ORDER BY f.id LIMIT 1), '')
        FROM contents c WHERE c.complete = 1 AND c.id > $1 ORDER BY c.id LIMIT $2";
    let rows: Vec<(i64, i64, Vec<u8>, String)> = db.all(SELECT, args![after, limit]).await?;
    Ok(rows
        .into_iter()
        .map(|(content, size, hashes, name)| Complete {
            content: content as u64,
            size: size as u64,
            hashes,
            name,
        })
        .collect())
}
