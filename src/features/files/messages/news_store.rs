//! The SQL of what messages are still to say of their files: the table `file_news`, and `early` in `file_carriers`.

use litrocket_protocol::ConversationId;

use crate::{args, db::Db, error::Result, writer::Tx};

/// A content is complete: its files have something to tell where messages went out before.
pub(in crate::features::files) async fn of_content(tx: &mut Tx, content: u64) -> Result<()> {
    const INSERT: &str = "INSERT INTO file_news (file) SELECT f.id FROM files f WHERE f.content = $1 AND f.complete = 1
        AND EXISTS (SELECT 1 FROM file_carriers k WHERE k.file = f.id AND k.early = 1) ON CONFLICT DO NOTHING";
    tx.execute(INSERT, args![content]).await.map(drop)
}

/// The same of one file that has its content at once.
pub(in crate::features::files) async fn of_file(tx: &mut Tx, file: u64) -> Result<()> {
    const INSERT: &str = "INSERT INTO file_news (file) SELECT f.id FROM files f WHERE f.id = $1 AND f.complete = 1
        AND EXISTS (SELECT 1 FROM file_carriers k WHERE k.file = f.id AND k.early = 1) ON CONFLICT DO NOTHING";
    tx.execute(INSERT, args![file]).await.map(drop)
}

/// A file that has something to tell now: it is no picture, it was looked at, or that takes longer than until this time.
pub(in crate::features::files) async fn next(db: &Db, until_ms: u64) -> Result<Option<u64>> {
    const SELECT: &str = "SELECT n.file FROM file_news n LEFT JOIN files f ON f.id = n.file
            LEFT JOIN pictures p ON p.content = f.content
        WHERE p.content IS NULL OR p.state <> 0 OR p.retry_ms > $1 LIMIT 1";
    let row: Option<(i64,)> = db.first(SELECT, args![until_ms]).await?;
    Ok(row.map(|(file,)| file as u64))
}

/// What a file is and its content, if it is complete and kept.
pub(super) async fn facts(tx: &mut Tx, file: u64) -> Result<Option<(String, u64)>> {
    const SELECT: &str =
        "SELECT media_type, content FROM files WHERE id = $1 AND complete = 1 AND content IS NOT NULL";
    let row: Option<(String, i64)> = tx.first(SELECT, args![file]).await?;
    Ok(row.map(|(media_type, content)| (media_type, content as u64)))
}

/// Some of the messages that are to say it: they count as told.
pub(super) async fn take_early(tx: &mut Tx, file: u64, most: u64) -> Result<Vec<(ConversationId, u64)>> {
    const UPDATE: &str = "UPDATE file_carriers SET early = 0 WHERE (file, conversation, event_seq) IN
        (SELECT file, conversation, event_seq FROM file_carriers WHERE file = $1 AND early = 1 LIMIT $2)
        RETURNING conversation, event_seq";
    let rows: Vec<(i64, i64)> = tx.all(UPDATE, args![file, most]).await?;
    Ok(rows.into_iter().map(|(conversation, seq)| (conversation.into(), seq as u64)).collect())
}

pub(super) async fn forget(tx: &mut Tx, file: u64) -> Result<()> {
    tx.execute("DELETE FROM file_news WHERE file = $1", args![file]).await.map(drop)
}

/// Whether anybody is in a conversation.
pub(super) async fn has_members(tx: &mut Tx, conversation: ConversationId) -> Result<bool> {
    const SELECT: &str = "SELECT account FROM members WHERE conversation = $1 AND state = 2 LIMIT 1";
    let row: Option<(i64,)> = tx.first(SELECT, args![conversation]).await?;
    Ok(row.is_some())
}
