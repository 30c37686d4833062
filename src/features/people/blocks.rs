//! Blocking: the other person is kept away and is not told.

use litrocket_protocol::{
    AccountId,
    account::Done,
    limits,
    people::{BlockedPeople, ListBlocked, SetBlocked},
};

use super::{check_other, missing, store, too_many};
use crate::{
    error::Result,
    features::{
        conversations::{self, Blocks},
        page_limit,
    },
    rpc::Session,
    writer::Tx,
};

pub(super) async fn set(caller: Session, request: SetBlocked) -> Result<Done> {
    let (me, other) = (caller.account(), request.account);
    check_other(me, other)?;
    let work = async move |tx: &mut Tx| {
        if store::blocks(tx, me, other).await? == request.blocked {
            return Ok(());
        }
        if !request.blocked {
            store::unblock(tx, me, other).await?;
            let blocks = blocks_between(tx, me, other).await?;
            return conversations::set_blocks(tx, me, other, blocks).await;
        }
        if !store::exists(tx, other).await? {
            return Err(missing());
        }
        if store::count_blocked(tx, me).await? >= limits::BLOCKED_MAX as u64 {
            return Err(too_many("blocked", limits::BLOCKED_MAX));
        }
        store::part(tx, me, other).await?;
        store::drop_requests(tx, me, other).await?;
        store::block(tx, me, other).await?;
        let blocks = blocks_between(tx, me, other).await?;
        conversations::set_blocks(tx, me, other, blocks).await
    };
    caller.app.writer.run(move |tx| Box::pin(async move { work(tx).await })).await?;
    Ok(Done::default())
}

/// Who of two people blocks the other.
pub(crate) async fn blocks_between(tx: &mut Tx, one: AccountId, other: AccountId) -> Result<Blocks> {
    Ok(Blocks { one: store::blocks(tx, one, other).await?, other: store::blocks(tx, other, one).await? })
}

pub(super) async fn list(caller: Session, request: ListBlocked) -> Result<BlockedPeople> {
    let limit = page_limit(request.limit)?;
    let mut people = store::blocked(&caller.app.db, caller.account(), request.after, limit + 1).await?;
    let more = people.len() as u64 > limit;
    people.truncate(limit as usize);
    Ok(BlockedPeople { people, more })
}
