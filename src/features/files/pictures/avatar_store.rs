//! The SQL of faces: the tables `avatars` and `avatar_pictures`.

use std::collections::HashMap;

use litrocket_protocol::{AccountId, pictures::AVATAR_SIZES};

use crate::{args, db::Db, error::Result, writer::Tx};

/// Whose face it is.
#[derive(Debug, Clone, Copy)]
pub(in crate::features::files) struct Face {
    kind: u64,
    id: u64,
}

impl Face {
    pub(in crate::features::files) const fn account(account: AccountId) -> Self {
        Self { kind: 1, id: account.0 }
    }

    pub(super) const fn group(conversation: litrocket_protocol::ConversationId) -> Self {
        Self { kind: 2, id: conversation.0 }
    }
}

/// Sets a face, or takes it away: the version of what is shown now, and whether that changed.
pub(in crate::features::files) async fn set(
    tx: &mut Tx,
    face: Face,
    jpegs: &[Vec<u8>],
) -> Result<(Option<u64>, bool)> {
    const BEFORE: &str = "SELECT a.version, a.shown, p.bytes FROM avatars a LEFT JOIN avatar_pictures p
            ON p.kind = a.kind AND p.id = a.id AND p.size = $3 WHERE a.kind = $1 AND a.id = $2";
    const PUT: &str = "INSERT INTO avatars (kind, id, version, shown) VALUES ($1, $2, $3, $4)
        ON CONFLICT (kind, id) DO UPDATE SET version = excluded.version, shown = excluded.shown";
    const INSERT: &str = "INSERT INTO avatar_pictures (kind, id, size, bytes) VALUES ($1, $2, $3, $4)";
    let largest = AVATAR_SIZES[AVATAR_SIZES.len() - 1];
    let Face { kind, id } = face;
    let before: Option<(i64, i64, Option<Vec<u8>>)> =
        tx.first(BEFORE, args![kind, id, u64::from(largest)]).await?;
    let (version, shown, bytes) = before.unwrap_or((0, 0, None));
    let shows = !jpegs.is_empty();
    let now = |version: i64| shows.then_some(version as u64);
    if shows == (shown != 0) && jpegs.last() == bytes.as_ref() {
        return Ok((now(version), false));
    }
    tx.execute(PUT, args![kind, id, version as u64 + 1, shows]).await?;
    tx.execute("DELETE FROM avatar_pictures WHERE kind = $1 AND id = $2", args![kind, id]).await?;
    let row = |(size, jpeg): (&u32, &Vec<u8>)| args![kind, id, u64::from(*size), &**jpeg].to_vec();
    let rows: Vec<_> = AVATAR_SIZES.iter().zip(jpegs).map(row).collect();
    tx.execute_many(INSERT, &rows).await?;
    Ok((now(version + 1), true))
}

/// A face in one of its sizes.
pub(in crate::features::files) async fn get(db: &Db, face: Face, size: u32) -> Result<Option<Vec<u8>>> {
    const SELECT: &str = "SELECT bytes FROM avatar_pictures WHERE kind = $1 AND id = $2 AND size = $3";
    let row: Option<(Vec<u8>,)> = db.first(SELECT, args![face.kind, face.id, u64::from(size)]).await?;
    Ok(row.map(|(bytes,)| bytes))
}

/// The versions of the faces of groups, of those that have one; the groups as JSON.
pub(crate) async fn of_groups(db: &Db, groups: &str) -> Result<HashMap<u64, u64>> {
    const SELECT: &str = "SELECT a.id, a.version FROM json_each($1) j
        JOIN avatars a ON a.kind = 2 AND a.id = j.value AND a.shown = 1";
    let rows: Vec<(i64, i64)> = db.all(SELECT, args![groups]).await?;
    Ok(rows.into_iter().map(|(id, version)| (id as u64, version as u64)).collect())
}

/// An account is deleted: its face goes.
pub(crate) async fn erase(tx: &mut Tx, account: AccountId) -> Result<()> {
    tx.execute("DELETE FROM avatar_pictures WHERE kind = 1 AND id = $1", args![account]).await?;
    tx.execute("DELETE FROM avatars WHERE kind = 1 AND id = $1", args![account]).await.map(drop)
}
