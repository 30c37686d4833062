//! The SQL of the tables `files`, `file_carriers`, `file_ids` and `file_owners_gone`.
//!
//! What carries a file stands in three places: `may_read!` says whom it lets read, [`CARRIED`] and
//! [`unused`] that the file is in use. A new kind of carrier is added to all three.

use litrocket_protocol::{AccountId, ConversationId, Fault, fault::code};

use super::{
    CHARGE_MIN, messages::news_store, pictures::picture_store, storage::content_store, upkeep::times_store,
};
use crate::{
    args,
    db::{self, Db},
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
    /// A chunk of its content was found changed or lost.
    pub(super) damaged: bool,
}

type FileRow = (i64, i64, String, i64, Vec<u8>, String, Option<i64>, i64, i64, i64);

fn file(row: FileRow) -> File {
    let (id, owner, name, size, blake3, media_type, content, complete, made, damaged) = row;
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
        damaged: damaged != 0,
    }
}

const SELECT_OWN: &str = "SELECT id, owner, name, size, blake3, media_type, content, complete, made_ms,
        COALESCE((SELECT c.damaged FROM contents c WHERE c.id = content), 0)
    FROM files WHERE owner = $1 AND id = $2";
/// Those who know a file by the name that its owner gave it: the owner, who may read a message that carries it, has not
/// cleared and has not hidden it, and who sees a moment it is in.
macro_rules! knows_name {
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
        OR EXISTS (SELECT 1 FROM moment_pictures i JOIN moments m ON m.id = i.moment
            WHERE i.file = f.id AND ",
            seen!("$1"),
            "))"
        )
    };
}

/// The entries of a file in groups the account is in.
macro_rules! shelved {
    () => {
        "FROM group_files g
            JOIN members m ON m.conversation = g.conversation AND m.account = $1 AND m.state = 2
            WHERE g.file = f.id"
    };
}

/// A file that the account knows by its name, or that is among the files of a group the account is in.
macro_rules! may_read {
    () => {
        may_read!(" AND g.expired = 0")
    };
    ($shelf:literal) => {
        concat!("(", knows_name!(), " OR EXISTS (SELECT 1 ", shelved!(), $shelf, "))")
    };
}

pub(super) use {knows_name, may_read, shelved};

/// Whom only an entry tells of a file knows it by the entry's name; of one whose time in the group is over also that it is
/// gone.
const SELECT_READABLE: &str = concat!(
    "SELECT f.id, f.owner, CASE WHEN ",
    knows_name!(),
    " THEN f.name ELSE (SELECT g.name ",
    shelved!(),
    " ORDER BY g.expired, g.id LIMIT 1) END, f.size, f.blake3, f.media_type, CASE WHEN ",
    may_read!(),
    " THEN f.content END, f.complete, f.made_ms,
        COALESCE((SELECT c.damaged FROM contents c WHERE c.id = f.content), 0)
    FROM files f WHERE f.id = $2 AND ",
    may_read!("")
);

/// What carries a file: messages, the entries of groups, moments.
pub(super) const CARRIED: &str = "SELECT file FROM file_carriers WHERE file = $1
    UNION ALL SELECT file FROM group_files WHERE file = $1
    UNION ALL SELECT file FROM moment_pictures WHERE file = $1 LIMIT 1";

/// Files may be unused now. Whether any is.
pub(super) async fn unused(tx: &mut Tx, files: &[u64]) -> Result<bool> {
    const UNUSED: &str = "UPDATE files SET unused_ms = 0 WHERE id IN (SELECT value FROM json_each($1))
        AND NOT EXISTS (SELECT 1 FROM file_carriers k WHERE k.file = files.id)
        AND NOT EXISTS (SELECT 1 FROM group_files g WHERE g.file = files.id AND g.expired = 0)
        AND NOT EXISTS (SELECT 1 FROM moment_pictures i WHERE i.file = files.id)";
    let files = db::list(files)?;
    times_store::unshelve(tx, &files).await?;
    Ok(tx.execute(UNUSED, args![files]).await? > 0)
}

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

/// The file of an account with this name and content, also one that is not kept any more, unless the account removed
/// it.
pub(super) async fn same(tx: &mut Tx, account: AccountId, blake3: &[u8], name: &str) -> Result<Option<File>> {
    const SELECT: &str = "SELECT id, owner, name, size, blake3, media_type, content, complete, made_ms,
            COALESCE((SELECT c.damaged FROM contents c WHERE c.id = content), 0)
        FROM files WHERE owner = $1 AND blake3 = $2 AND name = $3 AND removed = 0";
    let row: Option<FileRow> = tx.first(SELECT, args![account, blake3, name]).await?;
    Ok(row.map(file))
}

/// A complete and whole content with this hash, if the account may read a file that has it: with its type and size.
pub(super) async fn readable_content(
    tx: &mut Tx,
    account: AccountId,
    blake3: &[u8],
) -> Result<Option<(u64, String, u64)>> {
    const OWN: &str = "SELECT f.id, c.size FROM files f JOIN contents c ON c.id = f.content
        WHERE f.owner = $2 AND f.blake3 = $1 AND f.removed = 0 AND c.complete = 1 AND c.damaged = 0 LIMIT 1";
    const OTHERS: &str = "SELECT f.id, c.size FROM contents c JOIN files f ON f.content = c.id
        WHERE c.blake3 = $1 AND c.complete = 1 AND c.damaged = 0 LIMIT 64";
    let mut files: Vec<(i64, i64)> = tx.all(OWN, args![blake3, account]).await?;
    if files.is_empty() {
        files = tx.all(OTHERS, args![blake3]).await?;
    }
    for (id, size) in files {
        if let Some(File { content: Some(content), media_type, .. }) =
            readable_in(tx, account, id as u64).await?
        {
            return Ok(Some((content, media_type, size as u64)));
        }
    }
    Ok(None)
}

/// Those of some files that are kept. Who may read the messages that carry them may know.
pub(crate) async fn kept_of(db: &Db, files: &[u64]) -> Result<Vec<u64>> {
    const SELECT: &str =
        "SELECT f.id FROM json_each($1) j JOIN files f ON f.id = j.value WHERE f.content IS NOT NULL";
    let rows: Vec<(i64,)> = db.all(SELECT, args![db::list(files)?]).await?;
    Ok(rows.into_iter().map(|(id,)| id as u64).collect())
}

/// What the account's files count for.
pub(super) async fn used(tx: &mut Tx, account: AccountId) -> Result<u64> {
    let row: Option<(i64,)> = tx.first(USED, args![account]).await?;
    Ok(row.map_or(0, |(used,)| used as u64))
}

const USED: &str = "SELECT bytes FROM file_use WHERE owner = $1";

pub(super) async fn used_now(db: &Db, account: AccountId) -> Result<u64> {
    let row: Option<(i64,)> = db.first(USED, args![account]).await?;
    Ok(row.map_or(0, |(used,)| used as u64))
}

pub(super) async fn new_id(tx: &mut Tx) -> Result<u64> {
    let row: Option<(i64,)> = tx.first("UPDATE file_ids SET last = last + 1 RETURNING last", &[]).await?;
    row.map(|(id,)| id as u64).ok_or_else(|| Error::Internal("file_ids is empty".into()))
}

/// What a file counts for in its owner's quota: its bytes, and the previews of a picture.
async fn charge(tx: &mut Tx, size: u64, content: Option<u64>) -> Result<u64> {
    let previews = match content {
        Some(content) => picture_store::preview_bytes(tx, content).await?,
        None => 0,
    };
    Ok(size.max(CHARGE_MIN) + previews)
}

/// Refuses what would go beyond the quota. `content` is what the file gets if it is known, `before` what the account has
/// under the same name and counts now.
pub(super) async fn check_quota(
    tx: &mut Tx,
    account: AccountId,
    (size, content, before): (u64, Option<u64>, Option<&File>),
    quota: u64,
    field: &str,
) -> Result<()> {
    const COUNTED: &str = "SELECT charge FROM files WHERE id = $1 AND content IS NOT NULL";
    let counted: Option<(i64,)> = match before {
        Some(file) => tx.first(COUNTED, args![file.id]).await?,
        None => None,
    };
    let used = used(tx, account).await?.saturating_sub(counted.map_or(0, |(charge,)| charge as u64));
    if used.saturating_add(charge(tx, size, content).await?) > quota {
        return Err(Fault::new(code::QUOTA_EXCEEDED).field(field).limit(quota).into());
    }
    Ok(())
}

/// The account's own file with the content of one that it may read: what it sends on and keeps counts for itself,
/// and stays when the other goes.
pub(super) async fn adopt(tx: &mut Tx, account: AccountId, from: File, quota: u64) -> Result<File> {
    if from.content.is_none() {
        return Err(code::FILE_GONE.into());
    }
    if from.owner == account {
        return Ok(from);
    }
    let own = same(tx, account, &from.blake3, &from.name).await?;
    // An upload of the same that is not complete yet is complete with this.
    let is_as_good = |own: &&File| own.content.is_some() && !own.damaged && (own.complete || !from.complete);
    if let Some(own) = own.as_ref().filter(is_as_good) {
        return Ok(own.clone());
    }
    check_quota(tx, account, (from.size, from.content, own.as_ref()), quota, "file").await?;
    let mut file = File { owner: account, made_ms: tx.now_ms(), ..from };
    file.id = put_file(tx, &file).await?;
    if let Some(before) = own.and_then(|own| own.content) {
        content_store::drop_unreferenced(tx, before).await?;
    }
    Ok(file)
}

/// Makes a file, or gives an older one its content again that its owner did not remove. It is as large as its content.
pub(super) async fn put_file(tx: &mut Tx, new: &File) -> Result<u64> {
    const PUT: &str = "INSERT INTO files
            (id, owner, name, blake3, size, charge, media_type, content, complete, made_ms, unused_ms, name_key)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10, $11)
        ON CONFLICT (owner, blake3, name) WHERE removed = 0 DO UPDATE SET charge = excluded.charge,
            media_type = excluded.media_type, content = excluded.content, complete = excluded.complete,
            made_ms = excluded.made_ms, size = excluded.size,
            unused_ms = CASE WHEN EXISTS (SELECT 1 FROM file_carriers k WHERE k.file = files.id)
                OR EXISTS (SELECT 1 FROM group_files g WHERE g.file = files.id AND g.expired = 0)
                OR EXISTS (SELECT 1 FROM moment_pictures i WHERE i.file = files.id) THEN NULL
                ELSE excluded.unused_ms END
        RETURNING id";
    if let Some(content) = new.content
        && content_store::size(tx, content).await? != Some(new.size)
    {
        return Err(Error::Internal(format!("a file of {} bytes is not content {content}", new.size)));
    }
    let id = new_id(tx).await?;
    let charge = charge(tx, new.size, new.content).await?;
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
        new.made_ms,
        new.name.to_lowercase()
    ];
    let row: Option<(i64,)> = tx.first(PUT, args).await?;
    let id = row.map_or(id, |(id,)| id as u64);
    if let Some(content) = new.content {
        picture_store::somebody_more(tx, content).await?;
    }
    news_store::of_file(tx, id).await?;
    Ok(id)
}

/// An upload goes on: the time after which it is given up begins again.
pub(super) async fn touch(tx: &mut Tx, file: &File) -> Result<()> {
    const TOUCH: &str = "UPDATE files SET unused_ms = $2 WHERE id = $1 AND unused_ms IS NOT NULL";
    let now = tx.now_ms();
    tx.execute(TOUCH, args![file.id, now]).await?;
    match file.content {
        Some(content) => content_store::moved(tx, content).await,
        None => Ok(()),
    }
}

/// A message carries a file from now on.
pub(crate) async fn carry(
    tx: &mut Tx,
    file: u64,
    conversation: ConversationId,
    event_seq: u64,
) -> Result<()> {
    const INSERT: &str = "INSERT INTO file_carriers (file, conversation, event_seq, early)
        SELECT f.id, $2, $3, CASE WHEN f.complete = 0 OR EXISTS (SELECT 1 FROM pictures p
            WHERE p.content = f.content AND p.state = 0) THEN 1 ELSE 0 END FROM files f WHERE f.id = $1";
    tx.execute(INSERT, args![file, conversation, event_seq]).await?;
    news_store::of_file(tx, file).await?;
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

/// A file is used from now on, and its age counts from now.
pub(super) async fn used_again(tx: &mut Tx, file: u64) -> Result<()> {
    let now = tx.now_ms();
    tx.execute("UPDATE files SET unused_ms = NULL, made_ms = $2 WHERE id = $1", args![file, now])
        .await
        .map(drop)
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
    const SELECT: &str = "SELECT id, owner, name, size, blake3, media_type, content, complete, made_ms, 0
        FROM files WHERE owner = $1 AND complete = 0 AND id > $2 AND content IS NOT NULL ORDER BY id LIMIT $3";
    let rows: Vec<FileRow> = db.all(SELECT, args![account, after, limit]).await?;
    Ok(rows.into_iter().map(file).collect())
}

/// Own files that are complete, the newest first: those before one, with a part of their name.
pub(super) async fn kept(
    db: &Db,
    account: AccountId,
    before: u64,
    find: &str,
    limit: u64,
) -> Result<Vec<File>> {
    const SELECT: &str = "SELECT id, owner, name, size, blake3, media_type, content, complete, made_ms,
            COALESCE((SELECT c.damaged FROM contents c WHERE c.id = content), 0)
        FROM files WHERE owner = $1 AND complete = 1 AND id < $2 AND content IS NOT NULL
            AND CASE WHEN name_key = '' THEN name ELSE name_key END LIKE $3 ESCAPE '!'
        ORDER BY id DESC LIMIT $4";
    let rows: Vec<FileRow> = db.all(SELECT, args![account, before, containing(find), limit]).await?;
    Ok(rows.into_iter().map(file).collect())
}

/// A pattern for names in lower case that have this in them.
pub(super) fn containing(find: &str) -> String {
    let find = find.to_lowercase();
    format!("%{}%", find.replace('!', "!!").replace('%', "!%").replace('_', "!_"))
}
