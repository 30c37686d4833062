//! Who is in: what it means for a group's log, for what may be read, and for each person's own side, when somebody comes in, goes,
//! or is kept out. Who may do that, and what else comes of it, is the groups feature's.

use litrocket_protocol::{
    AccountId, ConversationId,
    conversations::{conversation_kind, member_state},
    event::{Joined, kind},
    fault::code,
};

use super::{member_store, store, tell_own_side};
use crate::{
    error::{Error, Result},
    writer::{NewEvent, Tx},
};

/// Sides that are told at once: what is held in memory of a large group.
const SIDES_STEP: usize = 1_000;

/// The group and the caller's role, for a caller who is in it.
pub(crate) async fn joined_group(
    tx: &mut Tx,
    conversation: ConversationId,
    account: AccountId,
) -> Result<(store::Facts, u8)> {
    let missing = || Error::missing("conversation");
    let membership = tx.membership(conversation, account).await?.filter(|it| !it.ranges.is_empty());
    let membership = membership.ok_or_else(missing)?;
    if membership.state != member_state::JOINED {
        return Err(code::NOT_A_MEMBER.into());
    }
    let facts = store::facts(tx, conversation).await?.ok_or_else(missing)?;
    let is_group = facts.kind == conversation_kind::GROUP;
    if is_group { Ok((facts, membership.role)) } else { Err(code::NOT_A_GROUP.into()) }
}

/// Puts accounts into a group, by somebody in it or by themselves. They are not in, and there is room for them.
pub(crate) async fn enter(
    tx: &mut Tx,
    conversation: ConversationId,
    facts: &store::Facts,
    by: AccountId,
    accounts: &[AccountId],
) -> Result<u64> {
    let body = Joined { accounts: accounts.to_vec() };
    let position = tx.append(NewEvent::of_group(conversation, by, kind::JOINED, &body)).await?;
    let from_seq = if facts.open_history { 1 } else { position.event_seq };
    member_store::join(tx, conversation, accounts, from_seq, position.message_seq + 1, true).await?;
    store::count_members(tx, conversation, accounts.len() as i64).await?;
    tell_own_side(tx, conversation, accounts).await?;
    tx.members_changed(conversation, accounts.to_vec(), Vec::new());
    Ok(position.event_seq)
}

/// Closes what a member may read at the event that says they went.
pub(crate) async fn part(
    tx: &mut Tx,
    conversation: ConversationId,
    account: AccountId,
    state: u8,
    event_seq: u64,
) -> Result<()> {
    member_store::part(tx, conversation, account, state, event_seq).await?;
    tell_own_side(tx, conversation, &[account]).await?;
    tx.members_changed(conversation, Vec::new(), vec![account]);
    Ok(())
}

/// Sets the state of somebody who is not in: banned, or no longer.
pub(crate) async fn keep_out(
    tx: &mut Tx,
    conversation: ConversationId,
    account: AccountId,
    state: u8,
) -> Result<()> {
    let was_in = tx.membership(conversation, account).await?.is_some_and(|it| !it.ranges.is_empty());
    if was_in || state == member_state::BANNED {
        member_store::set_outside(tx, conversation, account, state).await?;
    } else {
        // Who never was in keeps nothing of a ban that is over.
        member_store::forget_outsider(tx, conversation, account).await?;
    }
    // And has no side of it.
    if was_in { tell_own_side(tx, conversation, &[account]).await } else { Ok(()) }
}

/// Closes the group for everybody at its last event.
pub(crate) async fn dissolve(tx: &mut Tx, conversation: ConversationId, event_seq: u64) -> Result<()> {
    let members = member_store::dissolve(tx, conversation, event_seq).await?;
    for some in members.chunks(SIDES_STEP) {
        tell_own_side(tx, conversation, some).await?;
    }
    tx.members_changed(conversation, Vec::new(), members);
    Ok(())
}
