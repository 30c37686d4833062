//! Opening a one-to-one conversation, or "saved".

use litrocket_protocol::{
    AccountId, ConversationId, Fault,
    conversations::{ConversationInfo, GetDirect, OpenDirect},
    fault::code,
    limits,
};

use super::{list, member_store, set_standing, store, tell_own_side};
use crate::{
    config,
    error::{Error, Result},
    features::people,
    rpc::Session,
    writer::Tx,
};

pub(super) async fn open_direct(caller: Session, request: OpenDirect) -> Result<ConversationInfo> {
    let (me, other) = (caller.account(), request.account);
    let bounds = caller.app.config.people.clone();
    let conversation = caller.app.writer.run(move |tx| Box::pin(open(tx, me, other, bounds))).await?;
    list::one(&caller, conversation).await
}

pub(super) async fn get_direct(caller: Session, request: GetDirect) -> Result<ConversationInfo> {
    let (me, other) = (caller.account(), request.account);
    let found = store::direct_of(&caller.app.db, me.min(other), me.max(other)).await?;
    let conversation = found.ok_or_else(|| Fault::new(code::NOT_FOUND).field("account"))?;
    list::one(&caller, conversation).await
}

async fn open(
    tx: &mut Tx,
    me: AccountId,
    other: AccountId,
    bounds: config::People,
) -> Result<ConversationId> {
    let (low, high) = (me.min(other), me.max(other));
    if let Some(conversation) = store::direct(tx, low, high).await? {
        if member_store::show_to(tx, conversation, me).await? {
            tell_own_side(tx, conversation, &[me]).await?;
        }
        return Ok(conversation);
    }
    if store::existing(tx, &[other]).await?.is_empty() {
        return Err(Error::missing("account"));
    }
    if store::able(tx, &[me], limits::CONVERSATIONS_MAX as u64).await?.is_empty() {
        return Err(Fault::new(code::TOO_MANY).limit(limits::CONVERSATIONS_MAX as u64).into());
    }
    if other != me && !people::are_friends(tx, me, other).await? {
        people::turn_to_stranger(tx, me, &bounds).await?;
    }
    let conversation = tx.new_conversation();
    store::insert_direct(tx, conversation, me, low, high).await?;
    member_store::join(tx, conversation, &[me], 1, 1, true).await?;
    let mut members = vec![me];
    if other != me {
        member_store::join(tx, conversation, &[other], 1, 1, false).await?;
        members.push(other);
    }
    tx.members_changed(conversation, members, Vec::new());
    set_standing(tx, me, other).await?;
    tell_own_side(tx, conversation, &[me]).await?;
    Ok(conversation)
}
