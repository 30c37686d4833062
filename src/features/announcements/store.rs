//! SQL of what operators tell everybody: the table `announcements`.

use litrocket_protocol::announcements::Announcement;

use crate::{
    args,
    db::Db,
    error::{Error, Result},
    writer::Tx,
};

/// The newest number; 0 while there is none.
pub(super) async fn newest(db: &Db) -> Result<u64> {
    let row: Option<(Option<i64>,)> = db.first("SELECT MAX(id) FROM announcements", &[]).await?;
    Ok(row.and_then(|(id,)| id).unwrap_or(0) as u64)
}

/// Answers the number.
pub(super) async fn insert(tx: &mut Tx, at_ms: u64, text: &str) -> Result<u64> {
    const INSERT: &str = "INSERT INTO announcements (id, at_ms, text)
        SELECT COALESCE(MAX(id), 0) + 1, $1, $2 FROM announcements RETURNING id";
    let row: Option<(i64,)> = tx.first(INSERT, args![at_ms, text]).await?;
    let (id,) = row.ok_or_else(|| Error::Internal("an announcement has no number".into()))?;
    Ok(id as u64)
}

/// A page behind a number, oldest first.
pub(super) async fn page(db: &Db, after: u64, limit: u64) -> Result<Vec<Announcement>> {
    const SELECT: &str = "SELECT id, at_ms, text FROM announcements WHERE id > $1 ORDER BY id LIMIT $2";
    let rows: Vec<(i64, i64, String)> = db.all(SELECT, args![after, limit]).await?;
    let announcement = |(id, at_ms, text)| Announcement { id: id as u64, at_ms: at_ms as u64, text };
    Ok(rows.into_iter().map(announcement).collect())
}
