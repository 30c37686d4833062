//! Making groups, who is in, their name and owner. Each change is one event of the log.

use std::collections::BTreeSet;

use litrocket_protocol::{
    AccountId, ConversationId, Fault,
    account::Done,
    conversations::{
        ConversationInfo, CreateGroup, InviteMembers, LeaveGroup, MembersInvited, RemoveMember, RenameGroup,
        TransferGroup, member_state, role,
    },
    event::{AvatarChanged, Created, Left, OwnerChanged, Removed, Renamed, kind},
    fault::code,
    frame,
    groups::audit_action,
    limits, names,
};

use super::{
    audit::{self, About},
    invitations::{self, Rules},
    joining, roles,
    rules::{self, Permission},
    settings,
};
use crate::{
    error::{Error, Result},
    features::conversations::{self, Facts, joined_group, member_store, store, tell_own_side},
    limits::DAY_MS,
    rpc::{Session, noted},
    writer::{NewEvent, Tx},
};

fn clean_name(name: &str) -> Result<String> {
    names::clean_display(name, names::DISPLAY_CHARS_MAX)
        .map_err(|error| error.fault("name", 1, names::DISPLAY_CHARS_MAX).into())
}

fn check_accounts(accounts: &[AccountId]) -> Result<()> {
    if accounts.len() > limits::ACCOUNTS_PER_CALL_MAX {
        return Err(Error::too_many("accounts", limits::ACCOUNTS_PER_CALL_MAX));
    }
    Ok(())
}

pub(super) async fn create(caller: Session, request: CreateGroup) -> Result<ConversationInfo> {
    check_accounts(&request.accounts)?;
    let name = clean_name(&request.name)?;
    let me = caller.account();
    let (per_day, rules) = (caller.app.config.limits.groups_per_day, Rules::of(&caller.app.config));
    let conversation =
        caller.app.writer.run(move |tx| Box::pin(make(tx, me, request, name, per_day, rules))).await?;
    conversations::show_one(&caller, conversation).await
}

async fn make(
    tx: &mut Tx,
    me: AccountId,
    request: CreateGroup,
    name: String,
    per_day: u64,
    rules: Rules,
) -> Result<ConversationId> {
    let others: BTreeSet<AccountId> = request.accounts.into_iter().filter(|account| *account != me).collect();
    let others: Vec<AccountId> = others.into_iter().collect();
    let hash = blake3::hash(&frame::encode_body(&(&name, &others, request.open_history)));
    if let Some((conversation, earlier)) = store::made(tx, me, request.id).await? {
        return if earlier == hash.as_bytes() { Ok(conversation) } else { Err(code::ID_CONFLICT.into()) };
    }
    let now = tx.now_ms();
    if store::made_since(tx, me, now.saturating_sub(DAY_MS)).await? >= per_day {
        return Err(Fault::new(code::RATE_LIMITED).limit(per_day).retry_after(DAY_MS / 24).into());
    }
    if store::existing(tx, &others).await?.len() != others.len() {
        return Err(Error::missing("accounts"));
    }
    if store::able(tx, &[me], limits::CONVERSATIONS_MAX as u64).await?.is_empty() {
        return Err(Error::too_many("conversations", limits::CONVERSATIONS_MAX));
    }
    let conversation = tx.new_conversation();
    let (free, _) = invitations::admit(tx, me, (conversation, &name), &others, &rules).await?;
    let mut members = store::able(tx, &free, limits::CONVERSATIONS_MAX as u64).await?;
    members.push(me);
    let group = store::NewGroup {
        conversation,
        name: &name,
        owner: me,
        id: request.id,
        hash: hash.into(),
        open_history: request.open_history,
    };
    store::insert_group(tx, &group).await?;
    member_store::join(tx, conversation, &members, 1, 1, true).await?;
    member_store::set_role(tx, conversation, me, role::OWNER).await?;
    store::count_members(tx, conversation, members.len() as i64).await?;
    let body = Created { name: Some(name), accounts: members.clone() };
    tx.append(NewEvent::of_group(conversation, me, kind::CREATED, &body)).await?;
    tell_own_side(tx, conversation, &members).await?;
    tx.members_changed(conversation, members, Vec::new());
    Ok(conversation)
}

pub(super) async fn invite(caller: Session, request: InviteMembers) -> Result<MembersInvited> {
    check_accounts(&request.accounts)?;
    let me = caller.account();
    let (most, rules) = (caller.app.config.limits.group_members_max, Rules::of(&caller.app.config));
    caller.app.writer.run(move |tx| Box::pin(bring(tx, me, request, most, rules))).await
}

async fn bring(
    tx: &mut Tx,
    me: AccountId,
    request: InviteMembers,
    most: u64,
    rules: Rules,
) -> Result<MembersInvited> {
    let conversation = request.conversation;
    let facts = rules::allowed(tx, conversation, me, Permission::Invite).await?.facts;
    let wanted: BTreeSet<AccountId> = request.accounts.into_iter().collect();
    let wanted: Vec<AccountId> = wanted.into_iter().collect();
    if store::existing(tx, &wanted).await?.len() != wanted.len() {
        return Err(Error::missing("accounts"));
    }
    let present = member_store::in_or_banned_among(tx, conversation, &wanted).await?;
    let absent: Vec<AccountId> = wanted.into_iter().filter(|account| !present.contains(account)).collect();
    let (free, invited) = invitations::admit(tx, me, (conversation, &facts.name), &absent, &rules).await?;
    let joined = store::able_to_join(tx, conversation, &free).await?;
    if joined.is_empty() {
        return Ok(MembersInvited { joined, event_seq: None, invited });
    }
    let event_seq = come_in(tx, conversation, me, joined.clone(), most).await?;
    Ok(MembersInvited { joined, event_seq: Some(event_seq), invited })
}

/// People who were not in come in, brought by somebody who is; answers the event.
pub(super) async fn come_in(
    tx: &mut Tx,
    conversation: ConversationId,
    by: AccountId,
    joined: Vec<AccountId>,
    most: u64,
) -> Result<u64> {
    let (facts, _) = joined_group(tx, conversation, by).await?;
    if facts.members + joined.len() as u64 > most {
        return Err(Fault::new(code::GROUP_FULL).limit(most).into());
    }
    enter(tx, conversation, &facts, by, &joined).await
}

/// Puts accounts into a group, by somebody in it or by themselves. They are not in, and there is room for them: nobody has to ask,
/// or to be asked, any more.
pub(super) async fn enter(
    tx: &mut Tx,
    conversation: ConversationId,
    facts: &Facts,
    by: AccountId,
    accounts: &[AccountId],
) -> Result<u64> {
    let event_seq = conversations::enter(tx, conversation, facts, by, accounts).await?;
    joining::entered(tx, conversation, accounts).await?;
    invitations::settle(tx, conversation, accounts).await?;
    Ok(event_seq)
}

/// Closes what a member may read at the event that says they went. Nobody comes in by what they said, and they look after the
/// group no longer.
pub(super) async fn part(
    tx: &mut Tx,
    conversation: ConversationId,
    account: AccountId,
    state: u8,
    event_seq: u64,
) -> Result<()> {
    let looked_after = tx.membership(conversation, account).await?.is_some_and(|it| it.role < role::MEMBER);
    conversations::part(tx, conversation, account, state, event_seq).await?;
    invitations::inviter_gone(tx, conversation, account).await?;
    if looked_after { joining::no_longer_looks_after(tx, conversation, account).await } else { Ok(()) }
}

/// Sets the state of somebody who is not in: banned, or no longer. Who is banned is asked in by nobody.
pub(super) async fn keep_out(
    tx: &mut Tx,
    conversation: ConversationId,
    account: AccountId,
    state: u8,
) -> Result<()> {
    if state == member_state::BANNED {
        invitations::settle(tx, conversation, &[account]).await?;
    }
    conversations::keep_out(tx, conversation, account, state).await
}

pub(super) async fn remove(caller: Session, request: RemoveMember) -> Result<Done> {
    let (me, conversation, target) = (caller.account(), request.conversation, request.account);
    let removed = caller
        .app
        .writer
        .run(move |tx| {
            Box::pin(async move {
                let standing = rules::allowed(tx, conversation, me, Permission::Remove).await?;
                if target == me {
                    let fault = Fault::new(code::BAD_VALUE).field("account");
                    return Err(fault.message("That is you: leave the group instead.").into());
                }
                if member_store::joined_among(tx, conversation, &[target]).await?.is_empty() {
                    return Ok(false);
                }
                rules::over(tx, conversation, target, &standing).await?;
                let body = Removed { account: target };
                let position = tx.append(NewEvent::of_group(conversation, me, kind::REMOVED, &body)).await?;
                let about = About { event_seq: Some(position.event_seq), ..About::account(target) };
                audit::record(tx, conversation, me, audit_action::REMOVED, about).await?;
                part(tx, conversation, target, member_state::REMOVED, position.event_seq).await?;
                Ok(true)
            })
        })
        .await?;
    if removed {
        noted!(caller, %conversation, member = %target, "a member was removed");
    }
    Ok(Done::if_changed(removed))
}

pub(super) async fn leave(caller: Session, request: LeaveGroup) -> Result<Done> {
    let (me, conversation) = (caller.account(), request.conversation);
    let left = caller
        .app
        .writer
        .run(move |tx| {
            Box::pin(async move {
                let facts = match joined_group(tx, conversation, me).await {
                    Ok((facts, _)) => facts,
                    // Leaving again changes nothing.
                    Err(Error::Fault(fault)) if fault.is(code::NOT_A_MEMBER) => return Ok(false),
                    Err(error) => return Err(error),
                };
                if facts.owner == me && facts.members > 1 {
                    return Err(code::OWNER_STAYS.into());
                }
                go(tx, conversation, me).await?;
                Ok(true)
            })
        })
        .await?;
    Ok(Done::if_changed(left))
}

async fn go(tx: &mut Tx, conversation: ConversationId, account: AccountId) -> Result<()> {
    let position = tx.append(NewEvent::of_group(conversation, account, kind::LEFT, &Left::default())).await?;
    part(tx, conversation, account, member_state::LEFT, position.event_seq).await
}

/// Takes an account that ends out of some of its groups; how many. What it owns passes to the administrator, else the
/// member, who is in longest.
pub(crate) async fn leave_some(tx: &mut Tx, account: AccountId, most: usize) -> Result<usize> {
    let groups = store::groups_of(tx, account, most as u64).await?;
    for (conversation, members, role) in &groups {
        if *role == role::OWNER
            && *members > 1
            && let Some(heir) = member_store::heir(tx, *conversation, account).await?
        {
            hand_over(tx, *conversation, account, heir).await?;
        }
        go(tx, *conversation, account).await?;
    }
    Ok(groups.len())
}

/// Makes another member the owner. Who hands a group on goes on looking after it.
async fn hand_over(tx: &mut Tx, conversation: ConversationId, from: AccountId, to: AccountId) -> Result<()> {
    store::set_owner(tx, conversation, to).await?;
    member_store::set_role(tx, conversation, from, role::ADMINISTRATOR).await?;
    member_store::set_role(tx, conversation, to, role::OWNER).await?;
    let body = OwnerChanged { account: to };
    tx.append(NewEvent::of_group(conversation, from, kind::OWNER_CHANGED, &body)).await?;
    audit::record(tx, conversation, from, audit_action::TRANSFERRED, About::account(to)).await?;
    tell_own_side(tx, conversation, &[from, to]).await?;
    joining::tell_staff(tx, conversation).await
}

pub(super) async fn rename(caller: Session, request: RenameGroup) -> Result<Done> {
    let name = clean_name(&request.name)?;
    let (me, conversation) = (caller.account(), request.conversation);
    let renamed = caller
        .app
        .writer
        .run(move |tx| {
            Box::pin(async move {
                let facts = rules::allowed(tx, conversation, me, Permission::Administer).await?.facts;
                if facts.name == name {
                    return Ok(false);
                }
                store::rename(tx, conversation, &name).await?;
                settings::renamed(tx, conversation, &name).await?;
                let position =
                    tx.append(NewEvent::of_group(conversation, me, kind::RENAMED, &Renamed { name })).await?;
                let about = About::event(position.event_seq);
                audit::record(tx, conversation, me, audit_action::RENAMED, about).await?;
                Ok(true)
            })
        })
        .await?;
    Ok(Done::if_changed(renamed))
}

/// Refuses who may not change the group itself.
pub(crate) async fn may_change(tx: &mut Tx, conversation: ConversationId, account: AccountId) -> Result<()> {
    rules::allowed(tx, conversation, account, Permission::Administer).await.map(drop)
}

/// The group has a new face, or none any more.
pub(crate) async fn avatar_changed(
    tx: &mut Tx,
    conversation: ConversationId,
    account: AccountId,
    version: Option<u64>,
) -> Result<()> {
    tx.append(NewEvent::of_group(conversation, account, kind::AVATAR_CHANGED, &AvatarChanged { version }))
        .await
        .map(drop)
}

pub(super) async fn transfer(caller: Session, request: TransferGroup) -> Result<Done> {
    let (me, conversation, target) = (caller.account(), request.conversation, request.account);
    let handed = caller
        .app
        .writer
        .run(move |tx| {
            Box::pin(async move {
                rules::allowed(tx, conversation, me, Permission::Own).await?;
                if target == me {
                    return Ok(false);
                }
                if member_store::joined_among(tx, conversation, &[target]).await?.is_empty() {
                    return Err(Error::missing("account"));
                }
                if rules::is_weaker(tx, conversation, target, role::ADMINISTRATOR).await? {
                    roles::room_for_administrator(tx, conversation).await?;
                }
                hand_over(tx, conversation, me, target).await?;
                Ok(true)
            })
        })
        .await?;
    if handed {
        noted!(caller, %conversation, to = %target, "a group was handed over");
    }
    Ok(Done::if_changed(handed))
}
