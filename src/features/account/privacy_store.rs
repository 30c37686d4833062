//! SQL of what others may know of a person, and of who may turn to them: columns of `accounts`.

use litrocket_protocol::{
    AccountId,
    account::{Privacy, SetPrivacy},
};

use crate::{args, db::Db, error::Result, writer::Tx};

/// The columns in the order of the statements; the last is NULL while the person has not chosen.
type Row = (i64, i64, i64, i64, i64, i64, i64, i64, Option<i64>);

fn privacy(row: Row, default: u8) -> Privacy {
    let (read, presence, typing, findable, message, add, moments, email, groups) = row;
    Privacy {
        read_receipts: read != 0,
        presence: presence != 0,
        typing: typing != 0,
        findable: findable != 0,
        read_to: read as u8,
        presence_to: presence as u8,
        moments_to: moments as u8,
        message_from: message as u8,
        add_from: add as u8,
        groups_from: groups.map_or(default, |groups| groups as u8),
        email_from: email as u8,
    }
}

/// Changes what is named. A switch that is on does not widen an audience that is open already.
pub(super) async fn update(
    tx: &mut Tx,
    account: AccountId,
    set: &SetPrivacy,
    default: u8,
) -> Result<Privacy> {
    const UPDATE: &str = "UPDATE accounts SET
            read_receipts = COALESCE($2, CASE WHEN $3 = 0 THEN 0
                WHEN $3 = 1 AND read_receipts = 0 THEN 1 ELSE read_receipts END),
            presence = COALESCE($4, CASE WHEN $5 = 0 THEN 0 WHEN $5 = 1 AND presence = 0 THEN 1 ELSE presence END),
            typing = COALESCE($6, typing), findable = COALESCE($7, findable),
            message_from = COALESCE($8, message_from), add_from = COALESCE($9, add_from),
            moments_to = COALESCE($10, moments_to), email_from = COALESCE($11, email_from),
            groups_from = COALESCE($12, groups_from)
        WHERE id = $1 RETURNING read_receipts, presence, typing, findable, message_from, add_from, moments_to,
            email_from, groups_from";
    let args = args![
        account,
        set.read_to,
        set.read_receipts,
        set.presence_to,
        set.presence,
        set.typing,
        set.findable,
        set.message_from,
        set.add_from,
        set.moments_to,
        set.email_from,
        set.groups_from,
    ];
    let row: Option<Row> = tx.first(UPDATE, args).await?;
    Ok(privacy(row.unwrap_or((1, 1, 1, 1, 1, 1, 1, 0, None)), default))
}

/// What an account lets others know, and when it was last seen. Of a deleted one nothing.
pub(super) async fn of(db: &Db, account: AccountId, default: u8) -> Result<(Privacy, u64)> {
    const SELECT: &str =
        "SELECT read_receipts, presence, typing, findable, message_from, add_from, moments_to,
            email_from, groups_from, last_seen_ms FROM accounts WHERE id = $1 AND deleted_ms IS NULL";
    type Found = (i64, i64, i64, i64, i64, i64, i64, i64, Option<i64>, i64);
    let found: Option<Found> = db.first(SELECT, args![account]).await?;
    let (read, presence, typing, findable, message, add, moments, email, groups, seen) =
        found.unwrap_or((0, 0, 0, 0, 0, 0, 0, 0, Some(0), 0));
    let row = (read, presence, typing, findable, message, add, moments, email, groups);
    Ok((privacy(row, default), seen as u64))
}
