//! What the owner alone does: giving roles, and ending the group.

use litrocket_protocol::{
    AccountId, ConversationId, Fault,
    account::Done,
    conversations::role,
    event::{Dissolved, RoleChanged, kind},
    fault::code,
    groups::{DissolveGroup, SetRole, audit_action},
    limits,
};

use super::{
    audit::{self, About},
    bad_value, joining, role_of,
    rules::{self, Permission},
    store,
};
use crate::{
    error::{Error, Result},
    features::conversations,
    rpc::{Session, noted},
    writer::{NewEvent, Tx},
};

pub(super) async fn set(caller: Session, request: SetRole) -> Result<Done> {
    let me = caller.account();
    if ![role::ADMINISTRATOR, role::MEMBER].contains(&request.role) {
        return Err(Fault::new(code::BAD_VALUE).field("role").limit(role::MEMBER.into()).into());
    }
    if request.account == me {
        return Err(bad_value("account", "The owner stays the owner until the group is transferred."));
    }
    let (conversation, member, role) = (request.conversation, request.account, request.role);
    let changed = caller.app.writer.run(move |tx| Box::pin(set_in(tx, me, request))).await?;
    noted!(caller, %conversation, %member, role, "a role was given");
    Ok(Done::if_changed(changed))
}

/// Whether that was a change.
async fn set_in(tx: &mut Tx, me: AccountId, request: SetRole) -> Result<bool> {
    let SetRole { conversation, account, role } = request;
    rules::allowed(tx, conversation, me, Permission::Own).await?;
    let old = role_of(tx, conversation, account).await?.ok_or_else(|| Error::missing("account"))?;
    if old == role {
        return Ok(false);
    }
    if role == role::ADMINISTRATOR {
        room_for_administrator(tx, conversation).await?;
    }
    conversations::member_store::set_role(tx, conversation, account, role).await?;
    let position = tx
        .append(NewEvent::of_group(conversation, me, kind::ROLE_CHANGED, &RoleChanged { account, role }))
        .await?;
    let about =
        About { account: Some(account), event_seq: Some(position.event_seq), value: Some(role.into()) };
    audit::record(tx, conversation, me, audit_action::ROLE, about).await?;
    conversations::tell_own_side(tx, conversation, &[account]).await?;
    if role == role::MEMBER {
        joining::no_longer_looks_after(tx, conversation, account).await?;
    } else {
        joining::tell_staff(tx, conversation).await?;
    }
    Ok(true)
}

/// Refuses when there are as many administrators as a group may have; the owner does not count.
pub(crate) async fn room_for_administrator(tx: &mut Tx, conversation: ConversationId) -> Result<()> {
    let staff = store::staff(tx, conversation).await?.len();
    if staff > limits::ADMINISTRATORS_MAX {
        return Err(Error::too_many("administrators", limits::ADMINISTRATORS_MAX as u64));
    }
    Ok(())
}

pub(super) async fn dissolve(caller: Session, request: DissolveGroup) -> Result<Done> {
    let (me, conversation) = (caller.account(), request.conversation);
    caller.app.writer.run(move |tx| Box::pin(dissolve_in(tx, me, conversation))).await?;
    noted!(caller, %conversation, "a group was ended");
    Ok(Done::default())
}

async fn dissolve_in(tx: &mut Tx, me: AccountId, conversation: ConversationId) -> Result<()> {
    rules::allowed(tx, conversation, me, Permission::Own).await?;
    end(tx, me, conversation).await
}

/// Ends a group. The only change whose cost grows with the members: each one's side of it is closed.
pub(crate) async fn end(tx: &mut Tx, by: AccountId, conversation: ConversationId) -> Result<()> {
    let position =
        tx.append(NewEvent::of_group(conversation, by, kind::DISSOLVED, &Dissolved::default())).await?;
    audit::record(tx, conversation, by, audit_action::DISSOLVED, About::event(position.event_seq)).await?;
    joining::end_all(tx, conversation).await?;
    store::dissolve(tx, conversation).await?;
    conversations::dissolve(tx, conversation, position.event_seq).await
}
