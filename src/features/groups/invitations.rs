//! Invitations: whom somebody wants in a group and may not bring in is asked first, and nothing is delivered until
//! then. [`super::membership`] says who comes in. Their tables are the conversations feature's.

use litrocket_protocol::{
    AccountId, ConversationId, Fault,
    account::Done,
    conversations::{AnswerInvitation, InvitationEntry, Invitations, ListInvitations, member_state},
    fault::code,
    frame, limits,
};

use super::membership;
use crate::{
    config::{self, Config},
    error::{Error, Result},
    features::{
        conversations::{
            invitation_store::{self, Gone},
            store,
        },
        cut, page_limit, people,
    },
    limits::DAY_MS,
    rpc::Session,
    writer::Tx,
};

/// Who has refused so many people of one group is not asked by others there either, for as long as that is remembered.
const REFUSALS_MAX: u64 = 3;
/// Invitations that one going member's job ends.
const ENDED_AT_ONCE: u64 = 1_000;

fn key(conversation: ConversationId) -> String {
    format!("group_invitation/{conversation}")
}

/// What the operator says about bringing people in.
#[derive(Debug, Clone)]
pub(super) struct Rules {
    people: config::People,
    /// Who may bring in those who have not chosen.
    default: u8,
}

impl Rules {
    pub(super) fn of(config: &Config) -> Self {
        Self { people: config.people.clone(), default: config.groups_from() }
    }
}

/// Of people somebody wants in a group, those who may be brought in; the others are invited.
pub(super) async fn admit(
    tx: &mut Tx,
    me: AccountId,
    (conversation, name): (ConversationId, &str),
    wanted: &[AccountId],
    rules: &Rules,
) -> Result<(Vec<AccountId>, Vec<AccountId>)> {
    let free = people::may_bring(tx, me, wanted, rules.default).await?;
    let asked: Vec<AccountId> = wanted.iter().copied().filter(|account| !free.contains(account)).collect();
    if !asked.is_empty() {
        invite(tx, me, (conversation, name), &asked, rules).await?;
    }
    Ok((free, asked))
}

/// Invites people. Who blocks the inviter, refused them lately, or has too many invitations already, gets none; that is
/// not told.
async fn invite(
    tx: &mut Tx,
    me: AccountId,
    (conversation, name): (ConversationId, &str),
    asked: &[AccountId],
    rules: &Rules,
) -> Result<()> {
    let most = limits::GROUP_INVITATIONS_MAX as u64;
    let fresh = invitation_store::fresh(tx, me, conversation, asked, (most, REFUSALS_MAX)).await?;
    people::turn_to_strangers(tx, me, fresh.len() as u64, &rules.people).await?;
    let now = tx.now_ms();
    let expires_ms = now + rules.people.friend_request_days * DAY_MS;
    let entry = InvitationEntry { by: me, name: name.into(), at_ms: now, expires_ms };
    let reached: Vec<AccountId> =
        fresh.into_iter().filter(|(_, is_reached)| *is_reached).map(|(account, _)| account).collect();
    invitation_store::insert(tx, conversation, &reached, &entry).await?;
    let value = frame::encode_body(&entry);
    let told = reached.into_iter().map(|account| (account, key(conversation), Some(value.clone())));
    tx.entries(told.collect()).await
}

/// Invitations are over: the account logs forget them. How many.
async fn end(tx: &mut Tx, gone: Gone) -> Result<u64> {
    let count = gone.len() as u64;
    let entries = gone.into_iter().map(|(account, conversation)| (account, key(conversation), None));
    tx.entries(entries.collect()).await?;
    Ok(count)
}

/// People are in: nobody has to ask them any more.
pub(super) async fn settle(tx: &mut Tx, conversation: ConversationId, joined: &[AccountId]) -> Result<()> {
    let gone = invitation_store::take_of(tx, conversation, joined).await?;
    end(tx, gone).await.map(drop)
}

/// Who invited is not in any more: nobody comes in by what they said. What is left beyond so many expires.
pub(super) async fn inviter_gone(tx: &mut Tx, conversation: ConversationId, by: AccountId) -> Result<()> {
    let gone = invitation_store::take_made_by(tx, conversation, by, ENDED_AT_ONCE).await?;
    end(tx, gone).await.map(drop)
}

/// Takes expired invitations away, at most so many; how many.
pub(crate) async fn expire(tx: &mut Tx, most: u64) -> Result<u64> {
    let gone = invitation_store::take_expired(tx, most).await?;
    let ended = end(tx, gone).await?;
    Ok(ended + invitation_store::forget_refusals(tx, most.saturating_sub(ended)).await?)
}

/// Takes the invitations of an account that is deleted away, to it and by it.
pub(super) async fn forget(tx: &mut Tx, account: AccountId) -> Result<()> {
    let gone = invitation_store::take_about(tx, account).await?;
    end(tx, gone).await.map(drop)
}

pub(super) async fn list(caller: Session, request: ListInvitations) -> Result<Invitations> {
    let limit = page_limit(request.limit)?;
    let (app, after) = (&caller.app, request.after.unwrap_or_default());
    let now = app.clock.now_ms();
    let mut invitations = invitation_store::page(&app.db, caller.account(), now, after, limit + 1).await?;
    let more = cut(&mut invitations, limit);
    Ok(Invitations { invitations, more })
}

pub(super) async fn answer(caller: Session, request: AnswerInvitation) -> Result<Done> {
    let (me, conversation, accept) = (caller.account(), request.conversation, request.accept);
    let most = caller.app.config.limits.group_members_max;
    let remembered_ms = caller.app.config.people.friend_request_days * DAY_MS;
    let work = async move |tx: &mut Tx| {
        if accept {
            return come(tx, me, conversation, most).await;
        }
        if let Some(by) = invitation_store::inviter(tx, me, conversation).await? {
            let until_ms = tx.now_ms() + remembered_ms;
            invitation_store::refuse(tx, me, conversation, by, until_ms).await?;
        }
        settle(tx, conversation, &[me]).await
    };
    caller.app.writer.run(move |tx| Box::pin(async move { work(tx).await })).await?;
    Ok(Done::default())
}

async fn come(tx: &mut Tx, me: AccountId, conversation: ConversationId, most: u64) -> Result<()> {
    let missing = || Error::missing("conversation");
    let state = tx.membership(conversation, me).await?.map(|membership| membership.state);
    if state == Some(member_state::JOINED) {
        return Ok(());
    }
    let by = invitation_store::inviter(tx, me, conversation).await?;
    let by = by.filter(|_| state != Some(member_state::BANNED)).ok_or_else(missing)?;
    if store::able_to_join(tx, conversation, &[me]).await?.is_empty() {
        return Err(Fault::new(code::TOO_MANY).limit(limits::CONVERSATIONS_MAX as u64).into());
    }
    membership::come_in(tx, conversation, by, vec![me], most).await.map(drop)
}
