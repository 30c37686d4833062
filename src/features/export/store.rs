//! Runs the statements that the features export with.

use litrocket_protocol::AccountId;

use super::{Kept, Keys};
use crate::{args, db::Db, error::Result};

/// A page of one kind of thing, behind a place: each thing's place and JSON.
pub(super) async fn rows(
    db: &Db,
    kept: Kept,
    account: AccountId,
    (first, second): (u64, u64),
    limit: u64,
) -> Result<Vec<((u64, u64), String)>> {
    if kept.keys == Keys::Two {
        let rows: Vec<(i64, i64, String)> = db.all(kept.sql, args![account, first, limit, second]).await?;
        return Ok(rows.into_iter().map(|(one, two, json)| ((one as u64, two as u64), json)).collect());
    }
    let rows: Vec<(i64, String)> = db.all(kept.sql, args![account, first, limit]).await?;
    Ok(rows.into_iter().map(|(key, json)| ((key as u64, 0), json)).collect())
}
