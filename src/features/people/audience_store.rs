//! Audiences: whom a person lets do what, as a condition for the statements and as questions.

use litrocket_protocol::AccountId;

use crate::{
    args,
    db::{self, Db},
    error::Result,
    writer::Tx,
};

/// Whether an audience of `$owner` lets `$other` in: 0 nobody, 1 everybody, 2 friends.
macro_rules! lets {
    ($audience:literal, $owner:literal, $other:literal) => {
        concat!(
            "(",
            $audience,
            " = 1 OR ",
            $audience,
            " = 2 AND EXISTS (SELECT 1 FROM friends l WHERE l.account = ",
            $owner,
            " AND l.friend = ",
            $other,
            "))"
        )
    };
}

pub(crate) use lets;

fn ids(people: &[AccountId]) -> Result<String> {
    Ok(db::list(people.iter().map(|one| one.0))?)
}

fn accounts(rows: Vec<(i64,)>) -> Vec<AccountId> {
    rows.into_iter().map(|(id,)| id.into()).collect()
}

/// Whether a person lets somebody ask to be a friend.
pub(super) async fn may_ask(tx: &mut Tx, person: AccountId, other: AccountId) -> Result<bool> {
    const SELECT: &str =
        concat!("SELECT a.id FROM accounts a WHERE a.id = $1 AND ", lets!("a.add_from", "$1", "$2"));
    let row: Option<(i64,)> = tx.first(SELECT, args![person, other]).await?;
    Ok(row.is_some())
}

/// Of some people, those whom an account may bring into groups without asking. `default` is for who has not chosen.
pub(crate) async fn may_bring(
    tx: &mut Tx,
    account: AccountId,
    people: &[AccountId],
    default: u8,
) -> Result<Vec<AccountId>> {
    const SELECT: &str = concat!(
        "SELECT a.id FROM json_each($2) j JOIN accounts a ON a.id = j.value
        WHERE ",
        lets!("COALESCE(a.groups_from, $3)", "a.id", "$1"),
        " AND NOT EXISTS (SELECT 1 FROM blocks b WHERE b.account = a.id AND b.blocked = $1)
        ORDER BY a.id"
    );
    Ok(accounts(tx.all(SELECT, args![account, ids(people)?, default]).await?))
}

/// Of some people, those who may see whether an account is here: whom its audience lets in, whom it does not block,
/// and who do not wait for the answer to a first message of one of the two.
pub(crate) async fn may_see_presence(
    db: &Db,
    account: AccountId,
    people: &[AccountId],
) -> Result<Vec<AccountId>> {
    const SELECT: &str = concat!(
        "SELECT j.value FROM accounts a JOIN json_each($2) j
        WHERE a.id = $1 AND a.deleted_ms IS NULL AND ",
        lets!("a.presence", "$1", "j.value"),
        " AND NOT EXISTS (SELECT 1 FROM blocks b WHERE b.account = $1 AND b.blocked = j.value)
        AND NOT EXISTS (SELECT 1 FROM conversations c JOIN members m ON m.conversation = c.id AND m.account = $1
            WHERE c.low = CASE WHEN j.value < $1 THEN j.value ELSE $1 END
                AND c.high = CASE WHEN j.value < $1 THEN $1 ELSE j.value END AND m.asked <> 0)
        ORDER BY j.value"
    );
    Ok(accounts(db.all(SELECT, args![account, ids(people)?]).await?))
}

/// Of some people, those who let an account see whether they are here, as [`may_see_presence`] asks of one, and when each
/// was last seen.
pub(crate) async fn presences_shown(
    db: &Db,
    to: AccountId,
    people: &[AccountId],
) -> Result<Vec<(AccountId, u64)>> {
    const SELECT: &str = concat!(
        "SELECT a.id, a.last_seen_ms FROM json_each($2) j JOIN accounts a ON a.id = j.value
        WHERE a.deleted_ms IS NULL AND ",
        lets!("a.presence", "a.id", "$1"),
        " AND NOT EXISTS (SELECT 1 FROM blocks b WHERE b.account = a.id AND b.blocked = $1)
        AND NOT EXISTS (SELECT 1 FROM conversations c JOIN members m ON m.conversation = c.id AND m.account = a.id
            WHERE c.low = CASE WHEN $1 < a.id THEN $1 ELSE a.id END
                AND c.high = CASE WHEN $1 < a.id THEN a.id ELSE $1 END AND m.asked <> 0)
        ORDER BY a.id"
    );
    let rows: Vec<(i64, i64)> = db.all(SELECT, args![to, ids(people)?]).await?;
    Ok(rows.into_iter().map(|(id, seen)| (id.into(), seen as u64)).collect())
}

/// Of some people, an account's friends, sorted.
pub(crate) async fn friends_among(
    db: &Db,
    account: AccountId,
    people: &[AccountId],
) -> Result<Vec<AccountId>> {
    const SELECT: &str = "SELECT f.friend FROM json_each($2) j
        JOIN friends f ON f.account = $1 AND f.friend = j.value ORDER BY f.friend";
    Ok(accounts(db.all(SELECT, args![account, ids(people)?]).await?))
}
