//! Privacy: what others may know of a person, and who may turn to them.

use litrocket_protocol::{
    AccountId, Fault,
    account::{Privacy, SetPrivacy, audience},
    fault::code,
    frame,
};

use crate::{
    app::App,
    args,
    error::Result,
    features::{conversations, moments, presence},
    rpc::Session,
    writer::Tx,
};

pub(super) async fn set(caller: Session, request: SetPrivacy) -> Result<Privacy> {
    let audiences = [
        ("read_to", request.read_to),
        ("presence_to", request.presence_to),
        ("moments_to", request.moments_to),
        ("message_from", request.message_from),
        ("add_from", request.add_from),
        ("groups_from", request.groups_from),
        ("email_from", request.email_from),
    ];
    let strange = |(_, audience): &&(_, Option<u8>)| audience.is_some_and(|it| it > audience::FRIENDS);
    if let Some((field, _)) = audiences.iter().find(strange) {
        return Err(Fault::new(code::BAD_VALUE).field(field).limit(audience::FRIENDS.into()).into());
    }
    let (account, default) = (caller.account(), caller.app.config.groups_from());
    let work = async move |tx: &mut Tx| {
        let privacy = update(tx, account, &request, default).await?;
        if request.message_from.is_some() {
            conversations::review_standing(tx, account).await?;
        }
        if request.moments_to.is_some() {
            moments::audience_changed(tx, account).await?;
        }
        tx.entry(account, "privacy".into(), Some(frame::encode_body(&privacy))).await?;
        Ok(privacy)
    };
    let privacy = caller.app.writer.run(move |tx| Box::pin(async move { work(tx).await })).await?;
    presence::review(&caller.app, account);
    Ok(privacy)
}

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
async fn update(tx: &mut Tx, account: AccountId, set: &SetPrivacy, default: u8) -> Result<Privacy> {
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
pub(crate) async fn of(app: &App, account: AccountId) -> Result<(Privacy, u64)> {
    const SELECT: &str =
        "SELECT read_receipts, presence, typing, findable, message_from, add_from, moments_to,
            email_from, groups_from FROM accounts WHERE id = $1 AND deleted_ms IS NULL";
    const SEEN: &str = "SELECT last_seen_ms FROM accounts WHERE id = $1 AND deleted_ms IS NULL";
    let row: Option<Row> = app.db.first(SELECT, args![account]).await?;
    let seen: Option<(i64,)> = app.db.first(SEEN, args![account]).await?;
    let privacy = privacy(row.unwrap_or((0, 0, 0, 0, 0, 0, 0, 0, Some(0))), app.config.groups_from());
    Ok((privacy, seen.map_or(0, |(seen,)| seen as u64)))
}
