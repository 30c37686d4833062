//! How two people stand in their one-to-one: whether each may write, and whether a stranger's first message waits.
//!
//! The writer reads `members.refused` with the state and knows nothing else. Here it is set whenever something of
//! what it follows from has changed: a block, a friendship, whom somebody takes messages from, an answer.

use litrocket_protocol::{AccountId, ConversationId, account::Done, conversations::AnswerDirect};

use super::{
    member_store,
    standing_store::{self, ASKED, Changed, TURNED_AWAY},
    store, tell_own_side,
};
use crate::{
    error::{Error, Result},
    features::presence,
    hub::Change,
    rpc::Session,
    writer::Tx,
};

/// Two people's standing may have changed.
pub(crate) async fn set_standing(tx: &mut Tx, one: AccountId, other: AccountId) -> Result<()> {
    let changed = standing_store::set(tx, one, other).await?;
    tell(tx, changed);
    Ok(())
}

/// Whom an account takes messages from has changed.
pub(crate) async fn review_standing(tx: &mut Tx, account: AccountId) -> Result<()> {
    let changed = standing_store::review(tx, account).await?;
    tell(tx, changed);
    Ok(())
}

/// The writer forgets what it knew, and devices what they tell others.
fn tell(tx: &mut Tx, changed: Changed) {
    for (conversation, account) in changed {
        tx.standing_changed(conversation, account);
        tx.change(Change::Access { account, conversation });
    }
}

/// The other person of a one-to-one sees it from the first message on. That of a stranger is a request.
pub(crate) async fn show_to_peer(tx: &mut Tx, conversation: ConversationId) -> Result<()> {
    let Some(peer) = member_store::show(tx, conversation).await? else { return Ok(()) };
    let changed = standing_store::ask(tx, conversation, peer).await?;
    tell(tx, changed);
    tell_own_side(tx, conversation, &[peer]).await
}

/// A stranger is let in, whatever was before. Nothing for those who need not be.
pub(crate) async fn let_in(tx: &mut Tx, conversation: ConversationId) -> Result<()> {
    let changed = standing_store::let_in(tx, conversation).await?;
    if changed.is_empty() {
        return Ok(());
    }
    let accounts: Vec<AccountId> = changed.iter().map(|(_, account)| *account).collect();
    tell(tx, changed);
    if let Some((low, high)) = standing_store::people(tx, conversation).await? {
        set_standing(tx, low, high).await?;
    }
    tell_own_side(tx, conversation, &accounts).await
}

/// Two became friends: neither has to ask the other.
pub(crate) async fn befriended(tx: &mut Tx, one: AccountId, other: AccountId) -> Result<()> {
    if let Some(conversation) = store::direct(tx, one.min(other), one.max(other)).await? {
        let_in(tx, conversation).await?;
    }
    set_standing(tx, one, other).await
}

pub(super) async fn answer(caller: Session, request: AnswerDirect) -> Result<Done> {
    let (me, conversation, accept) = (caller.account(), request.conversation, request.accept);
    let work = async move |tx: &mut Tx| answer_in(tx, me, conversation, accept).await;
    let (peer, changed) = caller.app.writer.run(move |tx| Box::pin(async move { work(tx).await })).await?;
    for account in [me, peer] {
        presence::review(&caller.app, account);
    }
    Ok(Done::if_changed(changed))
}

/// Answers the other person; who that is, and whether that was a change.
async fn answer_in(
    tx: &mut Tx,
    me: AccountId,
    conversation: ConversationId,
    accept: bool,
) -> Result<(AccountId, bool)> {
    let missing = || Error::missing("conversation");
    let (asked, peer) = standing_store::asked(tx, conversation, me).await?.ok_or_else(missing)?;
    match (asked, accept) {
        // Answering again changes nothing.
        (0, true) | (TURNED_AWAY, false) => return Ok((peer, false)),
        (ASKED | TURNED_AWAY, true) => let_in(tx, conversation).await?,
        (ASKED, false) => {
            let changed = standing_store::turn_away(tx, conversation, me).await?;
            tell(tx, changed);
            set_standing(tx, me, peer).await?;
            tell_own_side(tx, conversation, &[me]).await?;
        }
        _ => return Err(missing()),
    }
    Ok((peer, true))
}
