//! Runs the statements that the features export with.

use litrocket_protocol::AccountId;

use super::Kept;
use crate::{args, db::Db, error::Result};

/// A page of one kind of thing, behind a key: each thing's key and JSON.
pub(super) async fn rows(
    db: &Db,
    kept: Kept,
    account: AccountId,
    after: u64,
    limit: u64,
) -> Result<Vec<(u64, String)>> {
    let rows: Vec<(i64, String)> = db.all(kept.sql, args![account, after, limit]).await?;
    Ok(rows.into_iter().map(|(key, json)| (key as u64, json)).collect())
}
