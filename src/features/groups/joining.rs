//! Coming in without being brought: finding a group, joining it, asking, and answering who asks.

use std::collections::BTreeSet;

use litrocket_protocol::{
    AccountId, ConversationId, Fault,
    account::Done,
    conversations::member_state,
    fault::code,
    frame,
    groups::{
        AnswerJoin, FindGroups, FoundGroupPosition, FoundGroups, GroupJoined, JoinGroup, JoinPosition,
        JoinRequestEntry, JoinRequests, JoinRequestsEntry, ListJoinRequests, WithdrawJoin, audit_action,
        join_state, joining,
    },
    limits, names,
};

use super::{
    audit::{self, About},
    bad_value, join_store, links, membership,
    rules::{self, Permission},
    store,
};
use crate::{
    error::{Error, Result},
    features::{
        conversations, cut, page_limit,
        people::{self, Asked, State},
    },
    limits::DAY_MS,
    rpc::Session,
    writer::Tx,
};

pub(super) async fn find(caller: Session, request: FindGroups) -> Result<FoundGroups> {
    let limit = page_limit(request.limit)?;
    let text = people::search_text(request.text.trim_start_matches('#'))?;
    let after = request
        .after
        .map_or_else(|| (text.clone(), ConversationId::default()), |at| (at.term, at.conversation));
    let mut found = join_store::find(&caller.app.db, &text, after, limit + 1).await?;
    let more = cut(&mut found, limit);
    let next = found
        .last()
        .filter(|_| more)
        .map(|(term, last)| FoundGroupPosition { term: term.clone(), conversation: last.conversation });
    Ok(FoundGroups { groups: found.into_iter().map(|(_, group)| group).collect(), next })
}

pub(super) async fn join(caller: Session, request: JoinGroup) -> Result<GroupJoined> {
    let me = caller.account();
    if request.conversation.is_some() == request.code.is_some() {
        return Err(bad_value("conversation", "Name a group or the code of a link."));
    }
    let message = people::clean_line(&request.message, names::LINE_CHARS_MAX, "message")?;
    let most = caller.app.config.limits.group_members_max;
    caller.app.writer.run(move |tx| Box::pin(join_in(tx, me, JoinGroup { message, ..request }, most))).await
}

async fn join_in(tx: &mut Tx, me: AccountId, request: JoinGroup, most: u64) -> Result<GroupJoined> {
    let (conversation, uses_left) = match (request.conversation, &request.code) {
        (Some(conversation), _) => (conversation, 1),
        (None, code) => links::opens(tx, code.as_deref().unwrap_or_default()).await?,
    };
    let state = tx.membership(conversation, me).await?.map(|it| it.state);
    if state == Some(member_state::JOINED) {
        return Ok(GroupJoined { conversation, state: join_state::JOINED });
    }
    if uses_left == 0 {
        return Err(links::bad_code());
    }
    let missing = || Error::missing("conversation");
    let settings = store::settings(tx, conversation).await?.ok_or_else(missing)?;
    let facts = conversations::store::facts(tx, conversation).await?.ok_or_else(missing)?;
    // A group whose last member went has nobody who could look after who comes.
    let is_open = request.code.is_some() || settings.discoverable;
    if !is_open || !rules::is_group(facts.kind) || facts.members == 0 {
        return Err(missing());
    }
    let forbidden = |message: &str| Error::from(Fault::new(code::FORBIDDEN).message(message));
    if state == Some(member_state::BANNED) {
        return Err(forbidden("You are banned from this group."));
    }
    match settings.joining {
        _ if request.code.is_some() => {}
        joining::OPEN => {}
        joining::ON_REQUEST => {
            ask(tx, conversation, me, request.message).await?;
            return Ok(GroupJoined { conversation, state: join_state::ASKED });
        }
        _ => return Err(forbidden("Only members bring new ones into this group.")),
    }
    let_in(tx, conversation, &facts, me, me, most).await?;
    if let Some(code) = &request.code {
        links::used(tx, code).await?;
    }
    Ok(GroupJoined { conversation, state: join_state::JOINED })
}

/// Puts one account in, when there is room for it.
async fn let_in(
    tx: &mut Tx,
    conversation: ConversationId,
    facts: &conversations::Facts,
    by: AccountId,
    account: AccountId,
    most: u64,
) -> Result<()> {
    let room = conversations::store::able_to_join(tx, conversation, &[account]).await?;
    if room.is_empty() {
        return Err(Error::too_many("conversations", limits::CONVERSATIONS_MAX as u64));
    }
    if facts.members >= most {
        return Err(Fault::new(code::GROUP_FULL).limit(most).into());
    }
    membership::enter(tx, conversation, facts, by, &[account]).await.map(drop)
}

async fn ask(tx: &mut Tx, conversation: ConversationId, me: AccountId, message: String) -> Result<()> {
    let ended = join_store::drop_ended_requests(tx, conversation).await?;
    tx.entries(ended.into_iter().map(|account| (account, mine_key(conversation), None)).collect()).await?;
    let now = tx.now_ms();
    let earlier = join_store::request(tx, conversation, me).await?;
    let told = people::Told::again(earlier.as_ref().map(|earlier| earlier.told), now);
    let entry = match earlier {
        Some(earlier) if earlier.state == State::Refused => {
            return Err(Fault::new(code::FORBIDDEN).message("Your request was refused.").into());
        }
        // Asking again in the same words tells nobody anything.
        Some(Asked { state: State::Waits, message: said, .. }) if said == message => return Ok(()),
        Some(Asked { state: State::Waits, at_ms, expires_ms, .. }) => {
            JoinRequestEntry { message, at_ms, expires_ms }
        }
        _ => {
            if join_store::count_waiting(tx, conversation).await? >= limits::JOIN_REQUESTS_MAX {
                return Err(Error::too_many("requests", limits::JOIN_REQUESTS_MAX));
            }
            if join_store::count_own(tx, me).await? >= limits::JOIN_REQUESTS_OF_ONE_MAX {
                return Err(Error::too_many("requests", limits::JOIN_REQUESTS_OF_ONE_MAX));
            }
            JoinRequestEntry { message, at_ms: now, expires_ms: now + limits::JOIN_REQUEST_DAYS * DAY_MS }
        }
    };
    join_store::put_request(tx, conversation, me, &entry, told?).await?;
    tx.entry(me, mine_key(conversation), Some(frame::encode_body(&entry))).await?;
    tell_staff(tx, conversation).await
}

fn mine_key(conversation: ConversationId) -> String {
    format!("join_request/{conversation}")
}

fn staff_key(conversation: ConversationId) -> String {
    format!("join_requests/{conversation}")
}

/// Tells owner and administrators how many requests wait: one key, however many there are.
pub(super) async fn tell_staff(tx: &mut Tx, conversation: ConversationId) -> Result<()> {
    let (count, newest_ms) = join_store::waiting_in(tx, conversation).await?;
    let value = (count > 0).then(|| frame::encode_body(&JoinRequestsEntry { count, newest_ms }));
    let staff = store::staff(tx, conversation).await?;
    let told = staff.into_iter().map(|account| (account, staff_key(conversation), value.clone())).collect();
    tx.entries(told).await
}

/// Somebody is no administrator any more.
pub(super) async fn no_longer_looks_after(
    tx: &mut Tx,
    conversation: ConversationId,
    account: AccountId,
) -> Result<()> {
    if join_store::waiting_in(tx, conversation).await?.0 == 0 {
        return Ok(());
    }
    tx.entry(account, staff_key(conversation), None).await
}

/// Accounts came in, however they did: their requests are over.
pub(super) async fn entered(tx: &mut Tx, conversation: ConversationId, accounts: &[AccountId]) -> Result<()> {
    end_requests(tx, conversation, Some(accounts)).await
}

/// A request is over without an answer.
pub(super) async fn drop_request(
    tx: &mut Tx,
    conversation: ConversationId,
    account: AccountId,
) -> Result<()> {
    end_requests(tx, conversation, Some(&[account])).await
}

/// An account is gone: its requests, and the words of what it reported.
pub(super) async fn forget(tx: &mut Tx, account: AccountId) -> Result<()> {
    let waited = join_store::drop_own_requests(tx, account).await?;
    let entries = waited.iter().map(|conversation| (account, mine_key(*conversation), None)).collect();
    tx.entries(entries).await?;
    for conversation in waited {
        tell_staff(tx, conversation).await?;
    }
    store::forget_reports(tx, account).await
}

/// Takes expired requests away, at most so many; how many.
pub(crate) async fn expire(tx: &mut Tx, most: u64) -> Result<u64> {
    let ended = join_store::take_expired_requests(tx, most).await?;
    let told = ended.waited.iter().map(|(conversation, account)| (*account, mine_key(*conversation), None));
    tx.entries(told.collect()).await?;
    let groups: BTreeSet<_> = ended.waited.iter().map(|(conversation, _)| *conversation).collect();
    for conversation in groups {
        tell_staff(tx, conversation).await?;
    }
    Ok(ended.count)
}

/// The group is over, and all requests with it.
pub(super) async fn end_all(tx: &mut Tx, conversation: ConversationId) -> Result<()> {
    end_requests(tx, conversation, None).await
}

async fn end_requests(
    tx: &mut Tx,
    conversation: ConversationId,
    accounts: Option<&[AccountId]>,
) -> Result<()> {
    let waited = join_store::drop_requests(tx, conversation, accounts).await?;
    if waited.is_empty() {
        return Ok(());
    }
    tx.entries(waited.into_iter().map(|account| (account, mine_key(conversation), None)).collect()).await?;
    tell_staff(tx, conversation).await
}

pub(super) async fn answer(caller: Session, request: AnswerJoin) -> Result<Done> {
    let me = caller.account();
    let most = caller.app.config.limits.group_members_max;
    caller.app.writer.run(move |tx| Box::pin(answer_in(tx, me, request, most))).await?;
    Ok(Done::default())
}

async fn answer_in(tx: &mut Tx, me: AccountId, request: AnswerJoin, most: u64) -> Result<()> {
    let AnswerJoin { conversation, account, accept } = request;
    let standing = rules::allowed(tx, conversation, me, Permission::Answer).await?;
    let state = tx.membership(conversation, account).await?.map(|it| it.state);
    if accept && state == Some(member_state::JOINED) {
        return Ok(());
    }
    let asked = join_store::request(tx, conversation, account).await?;
    match asked.map(|asked| asked.state) {
        Some(State::Waits) => {}
        Some(State::Refused) if !accept => return Ok(()),
        _ => return Err(Error::missing("account")),
    }
    if accept {
        audit::record(tx, conversation, me, audit_action::LET_IN, About::account(account)).await?;
        return let_in(tx, conversation, &standing.facts, me, account, most).await;
    }
    join_store::refuse_request(tx, conversation, account).await?;
    audit::record(tx, conversation, me, audit_action::TURNED_AWAY, About::account(account)).await?;
    tx.entry(account, mine_key(conversation), None).await?;
    tell_staff(tx, conversation).await
}

pub(super) async fn withdraw(caller: Session, request: WithdrawJoin) -> Result<Done> {
    let (me, conversation) = (caller.account(), request.conversation);
    let work = async move |tx: &mut Tx| {
        // One that was refused stays, or it could be made again.
        if !join_store::withdraw_request(tx, conversation, me).await? {
            return Ok(false);
        }
        tx.entry(me, mine_key(conversation), None).await?;
        tell_staff(tx, conversation).await?;
        Ok::<_, Error>(true)
    };
    let changed = caller.app.writer.run(move |tx| Box::pin(async move { work(tx).await })).await?;
    Ok(Done::if_changed(changed))
}

pub(super) async fn list(caller: Session, request: ListJoinRequests) -> Result<JoinRequests> {
    let limit = page_limit(request.limit)?;
    let (app, conversation) = (&caller.app, request.conversation);
    rules::may_read(&app.db, conversation, caller.account(), Permission::Answer).await?;
    // What has ended is gone, also while its row is there.
    let now = app.clock.now_ms();
    let after = request.after.map_or((now, u64::MAX), |at| (at.expires_ms.max(now), at.account.0));
    let mut requests = join_store::requests(&app.db, conversation, after, limit + 1).await?;
    let more = cut(&mut requests, limit);
    let next = requests
        .last()
        .filter(|_| more)
        .map(|last| JoinPosition { expires_ms: last.request.expires_ms, account: last.account });
    Ok(JoinRequests { requests, next })
}
