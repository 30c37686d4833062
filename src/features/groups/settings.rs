//! What a group is set to, and changing it.

use litrocket_protocol::{
    AccountId, ConversationId, Fault,
    account::Done,
    conversations::role,
    event::kind,
    fault::code,
    groups::{GetGroup, GroupChange, GroupInfo, SetGroup, audit_action, joining},
    limits,
};

use super::{
    audit::{self, About},
    join_store,
    rules::{self, Permission},
    store, too_long,
};
use crate::{
    error::{Error, Result},
    features::{conversations, people},
    rpc::Session,
    writer::{NewEvent, Tx},
};

pub(super) async fn get(caller: Session, request: GetGroup) -> Result<GroupInfo> {
    let (app, me, conversation) = (&caller.app, caller.account(), request.conversation);
    let db = &app.db;
    let place = conversations::joined(db, conversation, me).await?;
    let settings =
        store::settings_now(db, conversation).await?.ok_or_else(|| Error::from(code::NOT_A_GROUP))?;
    let mine = store::mine(db, conversation, me).await?.ok_or_else(|| Error::missing("conversation"))?;
    let may_read = litrocket_core::access::may_read(&place.ranges, settings.announcement);
    let announcement = match settings.announcement {
        seq if seq > 0 && may_read => store::announcements(db, conversation, &[(seq, seq)], 1).await?.pop(),
        _ => None,
    };
    let now = app.clock.now_ms();
    let requests = match Permission::Answer.weakest(&settings.permissions) {
        weakest if mine.role <= weakest => join_store::waiting(db, conversation, now).await?,
        _ => 0,
    };
    Ok(GroupInfo {
        conversation,
        name: mine.name,
        description: settings.description,
        owner: mine.owner,
        members: mine.members,
        role: mine.role,
        nickname: mine.nickname,
        muted_until_ms: Some(mine.muted_ms).filter(|until| *until > now),
        joining: settings.joining,
        discoverable: settings.discoverable,
        open_history: mine.open_history,
        slow_ms: settings.slow_ms,
        permissions: settings.permissions,
        announcement,
        requests,
    })
}

fn check(change: &mut GroupChange) -> Result<()> {
    if let Some(description) = &mut change.description {
        *description = description.trim().to_owned();
        too_long("description", description, limits::GROUP_DESCRIPTION_BYTES_MAX)?;
    }
    if change.joining.is_some_and(|it| !(joining::INVITED..=joining::OPEN).contains(&it)) {
        return Err(Fault::new(code::BAD_VALUE).field("joining").limit(joining::OPEN.into()).into());
    }
    if change.slow_ms.is_some_and(|it| it > limits::SLOW_MS_MAX) {
        return Err(Fault::new(code::BAD_VALUE).field("slow_ms").within_ms(0, limits::SLOW_MS_MAX).into());
    }
    Ok(())
}

pub(super) async fn set(caller: Session, request: SetGroup) -> Result<Done> {
    let (me, SetGroup { conversation, mut change }) = (caller.account(), request);
    check(&mut change)?;
    let changed = caller.app.writer.run(move |tx| Box::pin(set_in(tx, me, conversation, change))).await?;
    Ok(Done::if_changed(changed))
}

/// Whether that was a change.
async fn set_in(
    tx: &mut Tx,
    me: AccountId,
    conversation: ConversationId,
    change: GroupChange,
) -> Result<bool> {
    let standing = rules::allowed(tx, conversation, me, Permission::Administer).await?;
    if change.permissions.is_some() && standing.role != role::OWNER {
        return Err(Fault::new(code::FORBIDDEN)
            .field("permissions")
            .message("Only the owner sets permissions.")
            .into());
    }
    let old = store::settings(tx, conversation).await?.ok_or_else(|| Error::from(code::NOT_A_GROUP))?;
    let (permissions, changed) = rules::changed(&old.permissions, &change.permissions.unwrap_or_default())?;
    let done = GroupChange {
        description: change.description.filter(|it| *it != old.description),
        joining: change.joining.filter(|it| *it != old.joining),
        discoverable: change.discoverable.filter(|it| *it != old.discoverable),
        open_history: change.open_history.filter(|it| *it != standing.facts.open_history),
        slow_ms: change.slow_ms.filter(|it| *it != old.slow_ms),
        permissions: Some(changed).filter(|_| permissions != old.permissions),
    };
    if done == GroupChange::default() {
        return Ok(false);
    }
    let new = store::Settings {
        description: done.description.clone().unwrap_or(old.description),
        joining: done.joining.unwrap_or(old.joining),
        discoverable: done.discoverable.unwrap_or(old.discoverable),
        slow_ms: done.slow_ms.unwrap_or(old.slow_ms),
        announcement: old.announcement,
        permissions,
    };
    store::set(tx, conversation, &new).await?;
    if let Some(open) = done.open_history {
        conversations::store::set_open_history(tx, conversation, open).await?;
    }
    match done.discoverable {
        Some(true) => join_store::set_terms(tx, conversation, people::terms(&standing.facts.name)).await?,
        Some(false) => join_store::set_terms(tx, conversation, []).await?,
        None => {}
    }
    tx.rules_changed(conversation);
    let position = tx.append(NewEvent::of_group(conversation, me, kind::GROUP_CHANGED, &done)).await?;
    audit::record(tx, conversation, me, audit_action::SETTINGS, About::event(position.event_seq)).await?;
    Ok(true)
}

/// A group has another name: it is found by that.
pub(crate) async fn renamed(tx: &mut Tx, conversation: ConversationId, name: &str) -> Result<()> {
    let settings = store::settings(tx, conversation).await?;
    if settings.is_some_and(|it| it.discoverable) {
        join_store::set_terms(tx, conversation, people::terms(name)).await?;
    }
    Ok(())
}
