//! How two people stand in their one-to-one: whether each may write, and whether a stranger's first message waits.
//!
//! The writer reads `members.refused` with the state and knows nothing else. Here it is set whenever something of
//! what it follows from has changed: a block, a friendship, whom somebody takes messages from, an answer.

use litrocket_protocol::{
    AccountId, ConversationId, Fault, account::Done, conversations::AnswerDirect, fault::code,
};

use super::{store, tell_own_side};
use crate::{
    args,
    error::{Error, Result},
    features::{people::lets, presence},
    hub::Change,
    rpc::Session,
    writer::Tx,
};

/// Values of `members.asked`.
const ASKED: u8 = 1;
const ASKS: u8 = 2;
const TURNED_AWAY: u8 = 3;

/// Sets the standing of both in the one-to-ones that the condition picks; answers whose has changed.
macro_rules! stand {
    ($which:literal) => {
        concat!(
            "UPDATE members AS m SET refused = s.standing FROM (SELECT mine.conversation AS conversation,
                mine.account AS account, CASE
                WHEN EXISTS (SELECT 1 FROM blocks b WHERE b.account = mine.account AND b.blocked = peer.account)
                    THEN 2
                WHEN peer.asked = 3 OR NOT ",
            lets!("a.message_from", "peer.account", "mine.account"),
            " OR EXISTS (SELECT 1 FROM blocks b WHERE b.account = peer.account AND b.blocked = mine.account)
                    THEN 1
                ELSE 0 END AS standing
                FROM conversations c JOIN members mine ON mine.conversation = c.id
                JOIN members peer ON peer.conversation = c.id AND peer.account <> mine.account
                JOIN accounts a ON a.id = peer.account
                WHERE c.kind = 1 AND ",
            $which,
            ") AS s WHERE m.conversation = s.conversation AND m.account = s.account AND m.refused <> s.standing
            RETURNING conversation, account"
        )
    };
}

/// Two people's standing may have changed.
pub(crate) async fn set_standing(tx: &mut Tx, one: AccountId, other: AccountId) -> Result<()> {
    const SET: &str = stand!("c.low = $1 AND c.high = $2");
    let changed = tx.all(SET, args![one.min(other), one.max(other)]).await?;
    tell(tx, changed);
    Ok(())
}

/// Whom an account takes messages from has changed.
pub(crate) async fn review_standing(tx: &mut Tx, account: AccountId) -> Result<()> {
    const SET: &str = stand!("c.id IN (SELECT conversation FROM members WHERE account = $1)");
    let changed = tx.all(SET, args![account]).await?;
    tell(tx, changed);
    Ok(())
}

/// The writer forgets what it knew, and devices what they tell others.
fn tell(tx: &mut Tx, changed: Vec<(i64, i64)>) {
    for (conversation, account) in changed {
        let (conversation, account) = (conversation.into(), account.into());
        tx.standing_changed(conversation, account);
        tx.change(Change::Access { account, conversation });
    }
}

/// The other person of a one-to-one sees it from the first message on. That of a stranger is a request.
pub(crate) async fn show_to_peer(tx: &mut Tx, conversation: ConversationId) -> Result<()> {
    const ASK: &str = "UPDATE members SET asked = CASE WHEN account = $2 THEN $3 ELSE $4 END
        WHERE conversation = $1 AND NOT EXISTS (SELECT 1 FROM friends f
            JOIN members o ON o.conversation = $1 AND o.account = f.friend WHERE f.account = $2)
        RETURNING conversation, account";
    let shown = store::show(tx, conversation).await?;
    for account in &shown {
        let changed = tx.all(ASK, args![conversation, *account, ASKED, ASKS]).await?;
        tell(tx, changed);
    }
    tell_own_side(tx, conversation, &shown).await
}

/// A stranger is let in, whatever was before. Nothing for those who need not be.
pub(crate) async fn let_in(tx: &mut Tx, conversation: ConversationId) -> Result<()> {
    const PEOPLE: &str = "SELECT low, high FROM conversations WHERE id = $1";
    const LET_IN: &str = "UPDATE members SET asked = 0 WHERE conversation = $1 AND asked <> 0
        RETURNING conversation, account";
    let changed: Vec<(i64, i64)> = tx.all(LET_IN, args![conversation]).await?;
    if changed.is_empty() {
        return Ok(());
    }
    let accounts: Vec<AccountId> = changed.iter().map(|(_, account)| (*account).into()).collect();
    tell(tx, changed);
    if let Some((low, high)) = tx.first::<(i64, i64)>(PEOPLE, args![conversation]).await? {
        set_standing(tx, low.into(), high.into()).await?;
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
    let peer = caller.app.writer.run(move |tx| Box::pin(async move { work(tx).await })).await?;
    for account in [me, peer] {
        presence::review(&caller.app, account);
    }
    Ok(Done::default())
}

/// Answers the other person.
async fn answer_in(
    tx: &mut Tx,
    me: AccountId,
    conversation: ConversationId,
    accept: bool,
) -> Result<AccountId> {
    const SELECT: &str = "SELECT m.asked, CASE WHEN c.low = $2 THEN c.high ELSE c.low END
        FROM members m JOIN conversations c ON c.id = m.conversation AND c.kind = 1
        WHERE m.conversation = $1 AND m.account = $2 AND m.shown = 1";
    const TURN_AWAY: &str = "UPDATE members SET asked = $3 WHERE conversation = $1 AND account = $2
        RETURNING conversation, account";
    let missing = || Error::from(Fault::new(code::NOT_FOUND).field("conversation"));
    let row: Option<(i64, i64)> = tx.first(SELECT, args![conversation, me]).await?;
    let (asked, peer) = row.ok_or_else(missing)?;
    let peer = AccountId::from(peer);
    match (asked as u8, accept) {
        // Answering again changes nothing.
        (0, true) | (TURNED_AWAY, false) => {}
        (ASKED | TURNED_AWAY, true) => let_in(tx, conversation).await?,
        (ASKED, false) => {
            let changed = tx.all(TURN_AWAY, args![conversation, me, TURNED_AWAY]).await?;
            tell(tx, changed);
            set_standing(tx, me, peer).await?;
            tell_own_side(tx, conversation, &[me]).await?;
        }
        _ => return Err(missing()),
    }
    Ok(peer)
}
