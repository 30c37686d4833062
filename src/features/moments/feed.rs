//! Reading: the feed, one person's page, one moment; what is kept out and what was seen.

use litrocket_protocol::{
    Fault,
    account::Done,
    fault::code,
    frame, limits,
    moments::{
        GetMoment, GetNewMoments, HiddenMoments, HideMoments, ListFeed, ListHiddenMoments, ListMoments,
        MarkMomentsSeen, Moment, Moments, MomentsHiddenEntry, MomentsSeen, NewestMoment,
    },
};

use super::store;
use crate::{
    error::{Error, Result},
    features::{bounded_limit, cut, page_limit, people},
    rpc::Session,
    writer::Tx,
};

/// The moments of a page: one number more than fits says that there are more.
async fn page(caller: &Session, mut ids: Vec<u64>, limit: u64) -> Result<Moments> {
    let more = cut(&mut ids, limit);
    let mut moments = store::load(&caller.app.db, caller.account(), &ids).await?;
    let more = cut(&mut moments, limit) || more;
    Ok(Moments { moments, more })
}

pub(super) async fn list_feed(caller: Session, request: ListFeed) -> Result<Moments> {
    let limit = bounded_limit(request.limit, limits::MOMENTS_PAGE_MAX)?;
    let before = request.before.unwrap_or(u64::MAX);
    let ids = store::feed(&caller.app.db, caller.account(), before, limit + 1).await?;
    page(&caller, ids, limit).await
}

pub(super) async fn list_moments(caller: Session, request: ListMoments) -> Result<Moments> {
    let limit = bounded_limit(request.limit, limits::MOMENTS_PAGE_MAX)?;
    let (db, me) = (&caller.app.db, caller.account());
    if !store::is_somebody(db, request.account).await? {
        return Err(Error::missing("account"));
    }
    let before = request.before.unwrap_or(u64::MAX);
    let ids = store::page(db, me, request.account, before, limit + 1).await?;
    page(&caller, ids, limit).await
}

pub(super) async fn get(caller: Session, request: GetMoment) -> Result<Moment> {
    let found = store::one(&caller.app.db, caller.account(), request.moment).await?;
    found.ok_or_else(|| Error::missing("moment"))
}

pub(super) async fn hide(caller: Session, request: HideMoments) -> Result<Done> {
    let (me, author) = (caller.account(), request.account);
    if me == author {
        return Err(Fault::new(code::BAD_VALUE).field("account").message("That is you.").into());
    }
    let work = async move |tx: &mut Tx| {
        let key = format!("moments_hidden/{author}");
        if !request.hidden {
            let shown = store::show(tx, me, author).await?;
            if shown {
                tx.entry(me, key, None).await?;
            }
            return Ok(shown);
        }
        if !people::exists(tx, author).await? {
            return Err(Error::missing("account"));
        }
        let hidden = store::hide(tx, me, author).await?;
        if hidden {
            if store::count_hidden(tx, me).await? > limits::MOMENTS_HIDDEN_MAX as u64 {
                return Err(Error::too_many("hidden", limits::MOMENTS_HIDDEN_MAX));
            }
            let value = frame::encode_body(&MomentsHiddenEntry { at_ms: tx.now_ms() });
            tx.entry(me, key, Some(value)).await?;
        }
        Ok(hidden)
    };
    let changed = caller.app.writer.run(move |tx| Box::pin(async move { work(tx).await })).await?;
    Ok(Done::if_changed(changed))
}

pub(super) async fn list_hidden(caller: Session, request: ListHiddenMoments) -> Result<HiddenMoments> {
    let limit = page_limit(request.limit)?;
    let mut people = store::hidden(&caller.app.db, caller.account(), request.after, limit + 1).await?;
    let more = cut(&mut people, limit);
    Ok(HiddenMoments { people, more })
}

pub(super) async fn mark_seen(caller: Session, request: MarkMomentsSeen) -> Result<NewestMoment> {
    let (me, moment) = (caller.account(), request.moment);
    let work = async move |tx: &mut Tx| {
        let highest = store::highest(tx).await?;
        if moment > highest {
            return Err(Fault::new(code::CURSOR_AHEAD).field("moment").into());
        }
        if store::mark_seen(tx, me, moment).await? {
            let value = frame::encode_body(&MomentsSeen { moment });
            tx.entry(me, "moments_seen".into(), Some(value)).await?;
        }
        Ok(())
    };
    caller.app.writer.run(move |tx| Box::pin(async move { work(tx).await })).await?;
    store::newest(&caller.app.db, me).await
}

pub(super) async fn newest(caller: Session, _: GetNewMoments) -> Result<NewestMoment> {
    store::newest(&caller.app.db, caller.account()).await
}
