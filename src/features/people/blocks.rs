//! Blocking: the other person is kept away and is not told.

use litrocket_protocol::{
    account::Done,
    limits,
    people::{BlockedPeople, ListBlocked, SetBlocked},
};

use super::{check_other, request_store, store};
use crate::{
    error::{Error, Result},
    features::{conversations, cut, page_limit, presence},
    rpc::Session,
    writer::Tx,
};

pub(super) async fn set(caller: Session, request: SetBlocked) -> Result<Done> {
    let (me, other) = (caller.account(), request.account);
    check_other(me, other)?;
    let work = async move |tx: &mut Tx| {
        if store::blocks(tx, me, other).await? == request.blocked {
            return Ok(false);
        }
        if !request.blocked {
            store::unblock(tx, me, other).await?;
            conversations::set_standing(tx, me, other).await?;
            return Ok(true);
        }
        if !store::exists(tx, other).await? {
            return Err(Error::missing("account"));
        }
        if store::count_blocked(tx, me).await? >= limits::BLOCKED_MAX as u64 {
            return Err(Error::too_many("blocked", limits::BLOCKED_MAX));
        }
        store::part(tx, me, other).await?;
        // What was refused, or told often enough, stays so: a block is no way around it.
        request_store::withdraw_request(tx, me, other).await?;
        request_store::drop_request(tx, other, me).await?;
        store::block(tx, me, other).await?;
        conversations::set_standing(tx, me, other).await?;
        Ok::<_, Error>(true)
    };
    let changed = caller.app.writer.run(move |tx| Box::pin(async move { work(tx).await })).await?;
    for account in [me, other] {
        presence::review(&caller.app, account);
    }
    Ok(Done::if_changed(changed))
}

pub(super) async fn list(caller: Session, request: ListBlocked) -> Result<BlockedPeople> {
    let limit = page_limit(request.limit)?;
    let mut people = store::blocked(&caller.app.db, caller.account(), request.after, limit + 1).await?;
    let more = cut(&mut people, limit);
    Ok(BlockedPeople { people, more })
}
