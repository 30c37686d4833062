//! Links that let people in without a request.

use litrocket_protocol::{
    ConversationId, Fault,
    account::Done,
    fault::code,
    groups::{
        DropGroupLink, GroupLink, GroupLinkInfo, GroupLinks, ListGroupLinks, MakeGroupLink, audit_action,
    },
    limits,
};

use super::{
    audit::{self, About},
    join_store,
    rules::{self, Permission},
};
use crate::{
    error::{Error, Result},
    features::account,
    limits::DAY_MS,
    rpc::Session,
    writer::Tx,
};

/// 16 letters of 31: 79 bits.
const CODE_LETTERS: usize = 16;
const VALID_MS: u64 = 7 * DAY_MS;

/// How often a link may be used, and for how long.
fn bounded(request: &MakeGroupLink) -> Result<(u64, u64)> {
    let (uses, valid_ms) = (request.uses.unwrap_or(1), request.valid_ms.unwrap_or(VALID_MS));
    let (uses_max, ms_max) = (limits::GROUP_LINK_USES_MAX, limits::GROUP_LINK_MS_MAX);
    if !(1..=uses_max).contains(&uses) {
        return Err(Fault::new(code::BAD_VALUE).field("uses").within(1, uses_max).into());
    }
    if !(1..=ms_max).contains(&valid_ms) {
        return Err(Fault::new(code::BAD_VALUE).field("valid_ms").within_ms(1, ms_max).into());
    }
    Ok((uses, valid_ms))
}

/// The number that a link is known by: a part of its hash, from which nothing follows for its code.
fn number(hash: &[u8]) -> u64 {
    hash.iter().take(6).fold(0, |number, byte| number << 8 | u64::from(*byte))
}

pub(super) async fn make(caller: Session, request: MakeGroupLink) -> Result<GroupLink> {
    let (app, me, conversation) = (&caller.app, caller.account(), request.conversation);
    let (uses_left, valid_ms) = bounded(&request)?;
    let code = account::letters::<CODE_LETTERS>()?;
    let hash = account::secret_hash(code.as_bytes());
    let link = number(&hash);
    let work = async move |tx: &mut Tx| {
        rules::allowed(tx, conversation, me, Permission::Invite).await?;
        let now = tx.now_ms();
        join_store::drop_ended_links(tx, conversation).await?;
        if join_store::count_links(tx, conversation).await? >= limits::GROUP_LINKS_MAX {
            return Err(Error::too_many("links", limits::GROUP_LINKS_MAX));
        }
        let made = GroupLinkInfo { link, made_by: me, made_ms: now, uses_left, expires_ms: now + valid_ms };
        join_store::insert_link(tx, conversation, hash, &made).await?;
        audit::record(tx, conversation, me, audit_action::LINK_MADE, About::value(link)).await?;
        Ok(made)
    };
    let link = app.writer.run(move |tx| Box::pin(async move { work(tx).await })).await?;
    Ok(GroupLink { address: account::address_with(app, "group", &code), code, link })
}

pub(super) async fn drop_link(caller: Session, request: DropGroupLink) -> Result<Done> {
    let (me, DropGroupLink { conversation, link }) = (caller.account(), request);
    let work = async move |tx: &mut Tx| {
        let standing = rules::allowed(tx, conversation, me, Permission::Invite).await?;
        match join_store::link_by_number(tx, conversation, link).await? {
            None => return Ok(false),
            Some(maker) if maker == me => {}
            Some(maker) => rules::over(tx, conversation, maker, &standing).await?,
        }
        join_store::drop_link(tx, conversation, link).await?;
        audit::record(tx, conversation, me, audit_action::LINK_DROPPED, About::value(link)).await?;
        Ok::<_, Error>(true)
    };
    let changed = caller.app.writer.run(move |tx| Box::pin(async move { work(tx).await })).await?;
    Ok(Done::if_changed(changed))
}

pub(super) async fn list(caller: Session, request: ListGroupLinks) -> Result<GroupLinks> {
    let (app, conversation) = (&caller.app, request.conversation);
    rules::may_read(&app.db, conversation, caller.account(), Permission::Invite).await?;
    Ok(GroupLinks { links: join_store::links(&app.db, conversation, app.clock.now_ms()).await? })
}

pub(super) fn bad_code() -> Error {
    Fault::new(code::BAD_INVITE).field("code").into()
}

/// The group that a code leads to, and how many may still come by it.
pub(super) async fn opens(tx: &mut Tx, code: &str) -> Result<(ConversationId, u64)> {
    let hash = account::secret_hash(code.trim().as_bytes());
    let link = join_store::link(tx, hash).await?.ok_or_else(bad_code)?;
    // It lets people in for as long as who made it may.
    match rules::allowed(tx, link.conversation, link.made_by, Permission::Invite).await {
        Ok(_) => Ok((link.conversation, link.uses_left)),
        Err(Error::Fault(_)) => Err(bad_code()),
        Err(error) => Err(error),
    }
}

/// Somebody came in by a code.
pub(super) async fn used(tx: &mut Tx, code: &str) -> Result<()> {
    join_store::use_link(tx, account::secret_hash(code.trim().as_bytes())).await
}
