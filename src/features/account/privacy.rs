//! Privacy: what others may know of a person, and who may turn to them.

use litrocket_protocol::{
    AccountId, Fault,
    account::{Privacy, SetPrivacy, audience},
    fault::code,
    frame,
};

use super::privacy_store;
use crate::{
    app::App,
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
        let privacy = privacy_store::update(tx, account, &request, default).await?;
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

/// What an account lets others know, and when it was last seen. Of a deleted one nothing.
pub(crate) async fn of(app: &App, account: AccountId) -> Result<(Privacy, u64)> {
    privacy_store::of(&app.db, account, app.config.groups_from()).await
}
