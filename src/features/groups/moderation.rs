//! Keeping order: muting, banning, removing others' messages.

use litrocket_protocol::{
    AccountId, ConversationId, Fault,
    account::Done,
    conversations::{member_state, role},
    event::{Banned, Muted, kind},
    fault::code,
    groups::{BanMember, GroupPeople, ListBanned, MuteMember, audit_action},
    limits,
};

use super::{
    audit::{self, About},
    bad_value, joining, membership, role_of,
    rules::{self, Permission},
    store,
};
use crate::{
    error::{Error, Result},
    features::{conversations, cut, page_limit, people},
    rpc::{Session, noted},
    writer::{NewEvent, Tx},
};

pub(super) async fn mute(caller: Session, request: MuteMember) -> Result<Done> {
    let me = caller.account();
    if request.for_ms > limits::MUTE_MS_MAX {
        return Err(Fault::new(code::BAD_VALUE).field("for_ms").within_ms(0, limits::MUTE_MS_MAX).into());
    }
    let (conversation, member, for_ms) = (request.conversation, request.account, request.for_ms);
    let changed = caller.app.writer.run(move |tx| Box::pin(mute_in(tx, me, request))).await?;
    noted!(caller, %conversation, %member, for_ms, "a member was muted, or not any more");
    Ok(Done::if_changed(changed))
}

/// Whether that was a change.
async fn mute_in(tx: &mut Tx, me: AccountId, request: MuteMember) -> Result<bool> {
    let MuteMember { conversation, account, for_ms } = request;
    let standing = rules::allowed(tx, conversation, me, Permission::Remove).await?;
    let member = tx.membership(conversation, account).await?;
    let member =
        member.filter(|it| it.state == member_state::JOINED).ok_or_else(|| Error::missing("account"))?;
    rules::over(tx, conversation, account, &standing).await?;
    let now = tx.now_ms();
    if for_ms == 0 && member.muted_until_ms <= now {
        return Ok(false);
    }
    let until_ms = if for_ms == 0 { 0 } else { now + for_ms };
    conversations::member_store::mute(tx, conversation, account, until_ms).await?;
    let position =
        tx.append(NewEvent::of_group(conversation, me, kind::MUTED, &Muted { account, until_ms })).await?;
    let about = About { account: Some(account), event_seq: Some(position.event_seq), value: Some(until_ms) };
    audit::record(tx, conversation, me, audit_action::MUTED, about).await?;
    Ok(true)
}

pub(super) async fn ban(caller: Session, request: BanMember) -> Result<Done> {
    let me = caller.account();
    if request.account == me {
        return Err(bad_value("account", "That is you."));
    }
    let (conversation, member, banned) = (request.conversation, request.account, request.banned);
    let changed = caller.app.writer.run(move |tx| Box::pin(ban_in(tx, me, request))).await?;
    noted!(caller, %conversation, %member, banned, "somebody was banned, or not any more");
    Ok(Done::if_changed(changed))
}

/// Whether that was a change.
async fn ban_in(tx: &mut Tx, me: AccountId, request: BanMember) -> Result<bool> {
    let BanMember { conversation, account, banned } = request;
    let standing = rules::allowed(tx, conversation, me, Permission::Remove).await?;
    let state = tx.membership(conversation, account).await?.map(|it| it.state);
    if (state == Some(member_state::BANNED)) == banned {
        return Ok(false);
    }
    let action = if banned { audit_action::BANNED } else { audit_action::UNBANNED };
    if banned {
        rules::over(tx, conversation, account, &standing).await?;
        if !people::exists(tx, account).await? {
            return Err(Error::missing("account"));
        }
        if store::count_banned(tx, conversation).await? >= limits::GROUP_BANNED_MAX {
            return Err(Error::too_many("banned", limits::GROUP_BANNED_MAX));
        }
    }
    let position =
        tx.append(NewEvent::of_group(conversation, me, kind::BANNED, &Banned { account, banned })).await?;
    let about = About { account: Some(account), event_seq: Some(position.event_seq), value: None };
    audit::record(tx, conversation, me, action, about).await?;
    if !banned {
        membership::keep_out(tx, conversation, account, member_state::REMOVED).await?;
        return Ok(true);
    }
    joining::drop_request(tx, conversation, account).await?;
    if state == Some(member_state::JOINED) {
        membership::part(tx, conversation, account, member_state::BANNED, position.event_seq).await?;
    } else {
        membership::keep_out(tx, conversation, account, member_state::BANNED).await?;
    }
    Ok(true)
}

pub(super) async fn list_banned(caller: Session, request: ListBanned) -> Result<GroupPeople> {
    let limit = page_limit(request.limit)?;
    let (db, conversation) = (&caller.app.db, request.conversation);
    rules::may_read(db, conversation, caller.account(), Permission::Remove).await?;
    let mut people = store::banned(db, conversation, request.after, limit + 1).await?;
    let more = cut(&mut people, limit);
    Ok(GroupPeople { people, more })
}

/// Refuses to take a message of somebody else back, unless it is in a group whose rules let this member do it. What is
/// done is noted.
pub(crate) async fn may_remove_message(
    tx: &mut Tx,
    conversation: ConversationId,
    me: AccountId,
    author: AccountId,
    event_seq: u64,
) -> Result<()> {
    let not_yours = || Error::from(code::NOT_YOURS);
    let standing = match rules::allowed(tx, conversation, me, Permission::Remove).await {
        Ok(standing) => standing,
        Err(Error::Fault(_)) => return Err(not_yours()),
        Err(error) => return Err(error),
    };
    let role = role_of(tx, conversation, author).await?.unwrap_or(role::MEMBER);
    if role <= standing.role {
        return Err(not_yours());
    }
    let about = About { account: Some(author), event_seq: Some(event_seq), value: None };
    audit::record(tx, conversation, me, audit_action::MESSAGE_REMOVED, about).await
}
