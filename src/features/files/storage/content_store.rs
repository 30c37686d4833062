//! The SQL of the tables `contents`, `content_leftovers` and `file_storage`: what is stored, once for each hash, and where.

use super::{mark::Noted, place::ContentPlace};
use crate::{
    args,
    db::Db,
    error::{Error, Result},
    features::files::{messages::news_store, pictures::picture_store, store::new_id},
    writer::Tx,
};

/// What is stored, or will be.
#[derive(Debug, Clone)]
pub(in crate::features::files) struct Content {
    pub(in crate::features::files) place: ContentPlace,
    pub(in crate::features::files) size: u64,
    pub(in crate::features::files) hashes: Vec<u8>,
    pub(in crate::features::files) complete: bool,
    pub(in crate::features::files) moved_ms: u64,
}

fn place(content: i64, random: Option<Vec<u8>>) -> ContentPlace {
    ContentPlace { content: content as u64, random: random.and_then(|bytes| bytes.try_into().ok()) }
}

/// A content whose chunks are still to come.
pub(in crate::features::files) async fn new_content(
    tx: &mut Tx,
    blake3: &[u8],
    size: u64,
    hashes: &[u8],
) -> Result<u64> {
    const INSERT: &str = "INSERT INTO contents (id, blake3, size, hashes, made_ms, moved_ms, place)
        VALUES ($1, $2, $3, $4, $5, $5, $6)";
    let (id, now) = (new_id(tx).await?, tx.now_ms());
    let mut random = [0; 8];
    getrandom::fill(&mut random).map_err(|error| Error::Internal(error.to_string()))?;
    tx.execute(INSERT, args![id, blake3, size, hashes, now, &random[..]]).await?;
    Ok(id)
}

pub(in crate::features::files) async fn content(db: &Db, id: u64) -> Result<Option<Content>> {
    const SELECT: &str = "SELECT place, size, hashes, complete, moved_ms FROM contents WHERE id = $1";
    type Found = (Option<Vec<u8>>, i64, Vec<u8>, i64, i64);
    let row: Option<Found> = db.first(SELECT, args![id]).await?;
    Ok(row.map(|(random, size, hashes, complete, moved)| Content {
        place: place(id as i64, random),
        size: size as u64,
        hashes,
        complete: complete != 0,
        moved_ms: moved as u64,
    }))
}

/// How many bytes a content has, or will have.
pub(in crate::features::files) async fn size(tx: &mut Tx, id: u64) -> Result<Option<u64>> {
    let row: Option<(i64,)> = tx.first("SELECT size FROM contents WHERE id = $1", args![id]).await?;
    Ok(row.map(|(size,)| size as u64))
}

/// Somebody goes on with an upload: the time after which it is given up begins again.
pub(in crate::features::files) async fn moved(tx: &mut Tx, id: u64) -> Result<()> {
    let now = tx.now_ms();
    tx.execute("UPDATE contents SET moved_ms = $2 WHERE id = $1", args![id, now]).await.map(drop)
}

/// A chunk was found changed or lost.
pub(in crate::features::files) async fn mark_damaged(tx: &mut Tx, id: u64) -> Result<()> {
    const MARK: &str = "UPDATE contents SET damaged = 1 WHERE id = $1 AND complete = 1 AND damaged = 0";
    tx.execute(MARK, args![id]).await.map(drop)
}

/// What a check found of contents whose numbers are a list of JSON: those that are whole again, or those that are damaged.
pub(in crate::features::files) async fn settle_damage(
    tx: &mut Tx,
    contents: &str,
    damaged: bool,
) -> Result<u64> {
    const DAMAGED: &str = "UPDATE contents SET damaged = 1 WHERE id IN (SELECT value FROM json_each($1))
        AND complete = 1 AND damaged = 0";
    // Of several with a hash one is whole.
    const WHOLE: &str = "UPDATE contents SET damaged = 0 WHERE id IN (SELECT value FROM json_each($1)) AND damaged = 1
        AND NOT EXISTS (SELECT 1 FROM contents o WHERE o.blake3 = contents.blake3 AND o.complete = 1 AND o.damaged = 0)";
    tx.execute(if damaged { DAMAGED } else { WHOLE }, args![contents]).await
}

/// The mark of the storage, and whether it has been there.
pub(in crate::features::files) async fn mark(db: &Db) -> Result<Option<Noted>> {
    let row: Option<(Vec<u8>, i64)> = db.first("SELECT mark, made FROM file_storage", args![]).await?;
    let row = row.and_then(|(mark, made)| Some((mark.try_into().ok()?, made)));
    Ok(row.map(|(mark, made)| Noted { mark, made: made != 0 }))
}

pub(super) async fn set_mark(tx: &mut Tx, noted: Noted) -> Result<()> {
    const INSERT: &str = "INSERT INTO file_storage (mark, made) VALUES ($1, $2)";
    tx.execute("DELETE FROM file_storage", args![]).await?;
    tx.execute(INSERT, args![&noted.mark[..], noted.made]).await.map(drop)
}

/// All chunks of a content are there. When another one with the same hash was complete before, the files move
/// to that one; those of damaged ones with the same hash move to the whole one.
pub(in crate::features::files) async fn complete(
    tx: &mut Tx,
    id: u64,
    media_type: &str,
    quota: u64,
) -> Result<()> {
    const HASH: &str = "SELECT blake3, complete, size FROM contents WHERE id = $1";
    const OTHER: &str = "SELECT id FROM contents WHERE blake3 = $1 AND complete = 1 AND damaged = 0";
    const DAMAGED: &str = "SELECT id FROM contents WHERE blake3 = $1 AND damaged = 1";
    const DONE: &str = "UPDATE contents SET complete = 1, media_type = $2 WHERE id = $1";
    const FILES: &str = "UPDATE files SET content = $2, complete = 1, media_type = $3,
        unused_ms = CASE WHEN unused_ms IS NULL OR unused_ms = 0 THEN unused_ms ELSE $4 END WHERE content = $1";
    let row: Option<(Vec<u8>, i64, i64)> = tx.first(HASH, args![id]).await?;
    // It was given up meanwhile, or is complete already.
    let Some((blake3, 0, size)) = row else { return Ok(()) };
    let other: Option<(i64,)> = tx.first(OTHER, args![blake3.clone()]).await?;
    let whole = other.map_or(id, |(other,)| other as u64);
    let mut from = vec![id];
    if whole == id {
        tx.execute(DONE, args![id, media_type]).await?;
        picture_store::wait(tx, id, media_type, size as u64).await?;
    }
    let damaged: Vec<(i64,)> = tx.all(DAMAGED, args![blake3]).await?;
    from.extend(damaged.into_iter().map(|(id,)| id as u64));
    let (now, previews) = (tx.now_ms(), picture_store::preview_bytes(tx, whole).await?);
    for from in from {
        picture_store::charge_files(tx, from, previews, quota).await?;
        tx.execute(FILES, args![from, whole, media_type, now]).await?;
        drop_unreferenced(tx, from).await?;
    }
    picture_store::somebody_more(tx, whole).await?;
    news_store::of_content(tx, whole).await
}

/// Takes a content away that no file has; its chunks are left to be deleted. Whether it went.
pub(in crate::features::files) async fn drop_unreferenced(tx: &mut Tx, id: u64) -> Result<bool> {
    const LEFT: &str = "INSERT INTO content_leftovers (content, place)
        SELECT id, place FROM contents WHERE id = $1
            AND NOT EXISTS (SELECT 1 FROM files WHERE content = $1) ON CONFLICT DO NOTHING";
    if tx.execute(LEFT, args![id]).await? == 0 {
        picture_store::unpaid(tx, id).await?;
        return Ok(false);
    }
    tx.execute("DELETE FROM contents WHERE id = $1", args![id]).await?;
    tx.execute("DELETE FROM pictures WHERE content = $1", args![id]).await?;
    Ok(true)
}

/// Uploads behind one to which nothing came since some time, by number: whether the last chunk of one was never noted is
/// for the storage to say.
pub(in crate::features::files) async fn open_since(
    db: &Db,
    after: u64,
    before_ms: u64,
    limit: u64,
) -> Result<Vec<u64>> {
    const SELECT: &str =
        "SELECT id FROM contents WHERE complete = 0 AND moved_ms < $2 AND id > $1 ORDER BY id LIMIT $3";
    let rows: Vec<(i64,)> = db.all(SELECT, args![after, before_ms, limit]).await?;
    Ok(rows.into_iter().map(|(id,)| id as u64).collect())
}

/// Contents whose chunks are to be deleted now.
pub(in crate::features::files) async fn leftovers(
    db: &Db,
    now_ms: u64,
    most: u64,
) -> Result<Vec<ContentPlace>> {
    const SELECT: &str = "SELECT content, place FROM content_leftovers WHERE retry_ms <= $1
        ORDER BY retry_ms, content LIMIT $2";
    let rows: Vec<(i64, Option<Vec<u8>>)> = db.all(SELECT, args![now_ms, most]).await?;
    Ok(rows.into_iter().map(|(id, random)| place(id, random)).collect())
}

pub(in crate::features::files) async fn forget_leftover(tx: &mut Tx, content: u64) -> Result<()> {
    tx.execute("DELETE FROM content_leftovers WHERE content = $1", args![content]).await.map(drop)
}

/// What could not be deleted is tried again then.
pub(in crate::features::files) async fn put_off_leftover(
    tx: &mut Tx,
    content: u64,
    retry_ms: u64,
) -> Result<()> {
    const UPDATE: &str = "UPDATE content_leftovers SET retry_ms = $2 WHERE content = $1";
    tx.execute(UPDATE, args![content, retry_ms]).await.map(drop)
}

/// A content with the name of one of its files.
pub(in crate::features::files) struct Named {
    pub(in crate::features::files) place: ContentPlace,
    pub(in crate::features::files) size: u64,
    pub(in crate::features::files) hashes: Vec<u8>,
    pub(in crate::features::files) damaged: bool,
    /// The first of its files; none when it has none any more.
    pub(in crate::features::files) file: Option<u64>,
    pub(in crate::features::files) name: String,
    /// Of a picture with previews their hashes, none for older ones.
    pub(in crate::features::files) previews: Option<Vec<u8>>,
}

/// Complete contents behind one, by id.
pub(in crate::features::files) async fn complete_contents(
    db: &Db,
    after: u64,
    limit: u64,
) -> Result<Vec<Named>> {
    const SELECT: &str = "SELECT c.id, c.place, c.size, c.hashes, c.damaged, f.id, COALESCE(f.name, ''),
            CASE p.state WHEN 1 THEN COALESCE(p.sums, $3) END
        FROM contents c LEFT JOIN pictures p ON p.content = c.id
            LEFT JOIN files f ON f.id = (SELECT MIN(o.id) FROM files o WHERE o.content = c.id)
        WHERE c.complete = 1 AND c.id > $1 ORDER BY c.id LIMIT $2";
    type Row = (i64, Option<Vec<u8>>, i64, Vec<u8>, i64, Option<i64>, String, Option<Vec<u8>>);
    let rows: Vec<Row> = db.all(SELECT, args![after, limit, &[][..]]).await?;
    let named = |(id, random, size, hashes, damaged, file, name, sums): Row| Named {
        place: place(id, random),
        size: size as u64,
        hashes,
        damaged: damaged != 0,
        file: file.map(|id| id as u64),
        name,
        previews: sums,
    };
    Ok(rows.into_iter().map(named).collect())
}

/// The newest contents that have chunks and are whole, as far as is known.
pub(super) async fn newest(db: &Db, limit: u64) -> Result<Vec<Content>> {
    const SELECT: &str = "SELECT id, place, size, hashes, moved_ms FROM contents
        WHERE complete = 1 AND damaged = 0 AND size > 0 ORDER BY id DESC LIMIT $1";
    type Found = (i64, Option<Vec<u8>>, i64, Vec<u8>, i64);
    let rows: Vec<Found> = db.all(SELECT, args![limit]).await?;
    let content = |(id, random, size, hashes, moved): Found| Content {
        place: place(id, random),
        size: size as u64,
        hashes,
        complete: true,
        moved_ms: moved as u64,
    };
    Ok(rows.into_iter().map(content).collect())
}

/// Whether chunks in this place belong to a content, also one whose chunks are to be deleted.
pub(in crate::features::files) async fn is_known(db: &Db, place: ContentPlace) -> Result<bool> {
    const BY_ID: &str = "SELECT id FROM contents WHERE id = $1 AND place IS NULL
        UNION SELECT content FROM content_leftovers WHERE content = $1 AND place IS NULL";
    const BY_PLACE: &str = "SELECT id FROM contents WHERE place = $1
        UNION SELECT content FROM content_leftovers WHERE place = $1";
    let row: Option<(i64,)> = match place.random {
        None => db.first(BY_ID, args![place.content]).await?,
        Some(random) => db.first(BY_PLACE, args![&random[..]]).await?,
    };
    Ok(row.is_some())
}
