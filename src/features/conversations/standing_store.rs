//! SQL of how two people stand in their one-to-one: the columns `refused` and `asked` of `members`.

use litrocket_protocol::{AccountId, ConversationId};

use crate::{args, db::Value, error::Result, features::people::lets, writer::Tx};

/// Values of `members.asked`.
pub(super) const ASKED: u8 = 1;
const ASKS: u8 = 2;
pub(super) const TURNED_AWAY: u8 = 3;

/// Members whose standing a statement has changed.
pub(super) type Changed = Vec<(ConversationId, AccountId)>;

async fn change(tx: &mut Tx, update: &'static str, args: &[Value]) -> Result<Changed> {
    let rows: Vec<(i64, i64)> = tx.all(update, args).await?;
    Ok(rows.into_iter().map(|(conversation, account)| (conversation.into(), account.into())).collect())
}

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

/// Sets the standing of two people.
pub(super) async fn set(tx: &mut Tx, one: AccountId, other: AccountId) -> Result<Changed> {
    const SET: &str = stand!("c.low = $1 AND c.high = $2");
    change(tx, SET, args![one.min(other), one.max(other)]).await
}

/// Sets the standing in all one-to-ones of an account.
pub(super) async fn review(tx: &mut Tx, account: AccountId) -> Result<Changed> {
    const SET: &str = stand!("c.id IN (SELECT conversation FROM members WHERE account = $1)");
    change(tx, SET, args![account]).await
}

/// The first message for a person waits, unless the two are friends.
pub(super) async fn ask(tx: &mut Tx, conversation: ConversationId, account: AccountId) -> Result<Changed> {
    const ASK: &str = "UPDATE members SET asked = CASE WHEN account = $2 THEN $3 ELSE $4 END
        WHERE conversation = $1 AND NOT EXISTS (SELECT 1 FROM friends f
            JOIN members o ON o.conversation = $1 AND o.account = f.friend WHERE f.account = $2)
        RETURNING conversation, account";
    change(tx, ASK, args![conversation, account, ASKED, ASKS]).await
}

/// Nobody waits for an answer there any more.
pub(super) async fn let_in(tx: &mut Tx, conversation: ConversationId) -> Result<Changed> {
    const LET_IN: &str = "UPDATE members SET asked = 0 WHERE conversation = $1 AND asked <> 0
        RETURNING conversation, account";
    change(tx, LET_IN, args![conversation]).await
}

pub(super) async fn turn_away(
    tx: &mut Tx,
    conversation: ConversationId,
    account: AccountId,
) -> Result<Changed> {
    const TURN_AWAY: &str = "UPDATE members SET asked = $3 WHERE conversation = $1 AND account = $2
        RETURNING conversation, account";
    change(tx, TURN_AWAY, args![conversation, account, TURNED_AWAY]).await
}

/// The two people of a one-to-one.
pub(super) async fn people(
    tx: &mut Tx,
    conversation: ConversationId,
) -> Result<Option<(AccountId, AccountId)>> {
    const PEOPLE: &str = "SELECT low, high FROM conversations WHERE id = $1";
    let row: Option<(i64, i64)> = tx.first(PEOPLE, args![conversation]).await?;
    Ok(row.map(|(low, high)| (low.into(), high.into())))
}

/// What an account is asked in a one-to-one that it sees, one of the constants above, 0 for nothing; and the other
/// person.
pub(super) async fn asked(
    tx: &mut Tx,
    conversation: ConversationId,
    account: AccountId,
) -> Result<Option<(u8, AccountId)>> {
    const SELECT: &str = "SELECT m.asked, CASE WHEN c.low = $2 THEN c.high ELSE c.low END
        FROM members m JOIN conversations c ON c.id = m.conversation AND c.kind = 1
        WHERE m.conversation = $1 AND m.account = $2 AND m.shown = 1";
    let row: Option<(i64, i64)> = tx.first(SELECT, args![conversation, account]).await?;
    Ok(row.map(|(asked, peer)| (asked as u8, peer.into())))
}
