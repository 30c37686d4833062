//! Friend requests: asking, answering, withdrawing.

use litrocket_protocol::{
    AccountId,
    account::Done,
    fault::code,
    limits, names,
    people::{
        AnswerFriend, AskFriend, FriendAsked, FriendRequestEntry, FriendRequests, ListFriendRequests,
        RequestPosition, WithdrawFriend, friend_state,
    },
};

use super::{State, Told, audience_store, check_other, clean_line, request_store, store, turn_to_stranger};
use crate::{
    config,
    error::{Error, Result},
    features::{cut, page_limit, presence},
    limits::DAY_MS,
    rpc::Session,
    writer::Tx,
};

pub(super) async fn ask(caller: Session, request: AskFriend) -> Result<FriendAsked> {
    let (me, other) = (caller.account(), request.account);
    check_other(me, other)?;
    let message = clean_line(&request.message, names::LINE_CHARS_MAX, "message")?;
    let bounds = caller.app.config.people.clone();
    let code = request.code;
    let work = async move |tx: &mut Tx| ask_in(tx, me, other, (message, code), bounds).await;
    let state = caller.app.writer.run(move |tx| Box::pin(async move { work(tx).await })).await?;
    if state == friend_state::FRIENDS {
        friendship_changed(&caller, other);
    }
    Ok(FriendAsked { state })
}

/// Each may see of the other now what friends may, or may no longer.
pub(super) fn friendship_changed(caller: &Session, other: AccountId) {
    for account in [caller.account(), other] {
        presence::review(&caller.app, account);
    }
}

async fn ask_in(
    tx: &mut Tx,
    me: AccountId,
    other: AccountId,
    (message, code): (String, Option<String>),
    bounds: config::People,
) -> Result<u8> {
    if !store::exists(tx, other).await? {
        return Err(Error::missing("account"));
    }
    if store::blocks(tx, me, other).await? {
        return Err(code::YOU_BLOCKED.into());
    }
    if store::are_friends(tx, me, other).await? {
        return Ok(friend_state::FRIENDS);
    }
    // Two who ask each other need no answer.
    if request_store::waits(tx, other, me).await? {
        befriend(tx, me, other).await?;
        return Ok(friend_state::FRIENDS);
    }
    let is_linked = match code {
        Some(code) => store::is_linked(tx, other, &code).await?,
        None => false,
    };
    let is_let = is_linked || audience_store::may_ask(tx, other, me).await?;
    if !is_let || store::blocks(tx, other, me).await? {
        return Err(code::NOT_ACCEPTING.into());
    }
    let now = tx.now_ms();
    let earlier = request_store::request(tx, me, other).await?;
    let told = Told::again(earlier.as_ref().map(|earlier| earlier.told), now);
    let (at_ms, expires_ms) = match earlier {
        Some(earlier) if earlier.state == State::Refused => return Err(code::NOT_ACCEPTING.into()),
        Some(earlier) if earlier.state == State::Waits => {
            // Asking again without words takes none back, and the same words tell nobody anything.
            if message.is_empty() || message == earlier.message {
                return Ok(friend_state::ASKED);
            }
            (earlier.at_ms, earlier.expires_ms)
        }
        _ => {
            if request_store::waiting(tx, me).await? >= limits::FRIEND_REQUESTS_MAX as u64 {
                return Err(Error::too_many("requests", limits::FRIEND_REQUESTS_MAX));
            }
            turn_to_stranger(tx, me, &bounds).await?;
            (now, now + bounds.friend_request_days * DAY_MS)
        }
    };
    let entry = FriendRequestEntry { sent: true, message, at_ms, expires_ms };
    request_store::put_request(tx, me, other, entry, told?).await?;
    Ok(friend_state::ASKED)
}

/// Makes two people friends and ends the requests between them.
async fn befriend(tx: &mut Tx, one: AccountId, other: AccountId) -> Result<()> {
    if store::most_friends(tx, one, other).await? >= limits::FRIENDS_MAX as u64 {
        return Err(Error::too_many("friends", limits::FRIENDS_MAX));
    }
    request_store::drop_requests(tx, one, other).await?;
    store::befriend(tx, one, other).await
}

pub(super) async fn answer(caller: Session, request: AnswerFriend) -> Result<Done> {
    let (me, other) = (caller.account(), request.account);
    let accept = request.accept;
    let work = async move |tx: &mut Tx| {
        let waits = request_store::waits(tx, other, me).await?;
        if accept {
            // Accepting again changes nothing.
            if store::are_friends(tx, me, other).await? {
                return Ok(false);
            }
            if !waits {
                return Err(Error::missing("account"));
            }
            befriend(tx, me, other).await?;
            return Ok(true);
        }
        if !waits {
            return Err(Error::missing("account"));
        }
        request_store::refuse_request(tx, other, me).await?;
        Ok(true)
    };
    let changed = caller.app.writer.run(move |tx| Box::pin(async move { work(tx).await })).await?;
    if accept {
        friendship_changed(&caller, other);
    }
    Ok(Done::if_changed(changed))
}

pub(super) async fn withdraw(caller: Session, request: WithdrawFriend) -> Result<Done> {
    let (me, other) = (caller.account(), request.account);
    // One that was refused stays, or it could be made again.
    let work = async move |tx: &mut Tx| request_store::withdraw_request(tx, me, other).await;
    let changed = caller.app.writer.run(move |tx| Box::pin(async move { work(tx).await })).await?;
    Ok(Done::if_changed(changed))
}

pub(super) async fn list(caller: Session, request: ListFriendRequests) -> Result<FriendRequests> {
    let limit = page_limit(request.limit)?;
    let (app, me) = (&caller.app, caller.account());
    let before = request.after.map_or((u64::MAX, u64::MAX), |at| (at.at_ms, at.account.0));
    let now = app.clock.now_ms();
    let mut requests = request_store::requests(&app.db, me, request.sent, before, now, limit + 1).await?;
    let more = cut(&mut requests, limit);
    let next = requests
        .last()
        .filter(|_| more)
        .map(|last| RequestPosition { at_ms: last.request.at_ms, account: last.account });
    Ok(FriendRequests { requests, next })
}
