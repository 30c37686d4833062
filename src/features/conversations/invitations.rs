//! Invitations: whom somebody wants in a group and may not bring in is asked first, and nothing is delivered until
//! then. Owns the table `group_invitations`. [`super::groups`] says who comes in.

use litrocket_protocol::{
    AccountId, ConversationId, Fault,
    account::Done,
    conversations::{
        AnswerInvitation, Invitation, InvitationEntry, Invitations, ListInvitations, member_state,
    },
    fault::code,
    frame, limits,
};

use super::{groups, store};
use crate::{
    args,
    config::{self, Config},
    error::{Error, Result},
    features::{page_limit, people},
    rpc::Session,
    writer::Tx,
};

const DAY_MS: u64 = 86_400_000;

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

/// Invites people. Who blocks the inviter, or has too many invitations already, gets none; that is not told.
async fn invite(
    tx: &mut Tx,
    me: AccountId,
    (conversation, name): (ConversationId, &str),
    asked: &[AccountId],
    rules: &Rules,
) -> Result<()> {
    const FRESH: &str =
        "SELECT j.value, EXISTS (SELECT 1 FROM blocks b WHERE b.account = j.value AND b.blocked = $1)
            OR (SELECT COUNT(*) FROM group_invitations g WHERE g.account = j.value) >= $4
        FROM json_each($3) j WHERE NOT EXISTS
            (SELECT 1 FROM group_invitations i WHERE i.account = j.value AND i.conversation = $2)";
    const INSERT: &str =
        "INSERT INTO group_invitations (account, conversation, by_account, at_ms, expires_ms)
        VALUES ($1, $2, $3, $4, $5)";
    let ids: Vec<u64> = asked.iter().map(|account| account.0).collect();
    let most = limits::GROUP_INVITATIONS_MAX as u64;
    let fresh: Vec<(i64, i64)> = tx.all(FRESH, args![me, conversation, store::json(&ids)?, most]).await?;
    people::turn_to_strangers(tx, me, fresh.len() as u64, &rules.people).await?;
    let now = tx.now_ms();
    let expires_ms = now + rules.people.friend_request_days * DAY_MS;
    let entry = InvitationEntry { by: me, name: name.into(), at_ms: now, expires_ms };
    let value = frame::encode_body(&entry);
    let reached: Vec<i64> = fresh.into_iter().filter(|(_, kept)| *kept == 0).map(|(id, _)| id).collect();
    let rows: Vec<_> =
        reached.iter().map(|account| args![*account, conversation, me, now, expires_ms].to_vec()).collect();
    tx.execute_many(INSERT, &rows).await?;
    let told = reached.into_iter().map(|account| (account.into(), key(conversation), Some(value.clone())));
    tx.entries(told.collect()).await
}

/// Invitations that are over, as a statement returned them: the account logs forget them.
async fn end(tx: &mut Tx, gone: Vec<(i64, i64)>) -> Result<u64> {
    let count = gone.len() as u64;
    let entries =
        gone.into_iter().map(|(account, conversation)| (account.into(), key(conversation.into()), None));
    tx.entries(entries.collect()).await?;
    Ok(count)
}

/// People are in: nobody has to ask them any more.
pub(super) async fn settle(tx: &mut Tx, conversation: ConversationId, joined: &[AccountId]) -> Result<()> {
    const DELETE: &str = "DELETE FROM group_invitations WHERE conversation = $1
            AND account IN (SELECT value FROM json_each($2)) RETURNING account, conversation";
    let ids: Vec<u64> = joined.iter().map(|account| account.0).collect();
    let gone = tx.all(DELETE, args![conversation, store::json(&ids)?]).await?;
    end(tx, gone).await.map(drop)
}

/// Takes expired invitations away, at most so many; how many.
pub(crate) async fn expire(tx: &mut Tx, most: u64) -> Result<u64> {
    const DELETE: &str = "DELETE FROM group_invitations WHERE (account, conversation) IN
            (SELECT account, conversation FROM group_invitations WHERE expires_ms <= $1
            ORDER BY expires_ms LIMIT $2) RETURNING account, conversation";
    let now = tx.now_ms();
    let gone = tx.all(DELETE, args![now, most]).await?;
    end(tx, gone).await
}

/// Takes the invitations of an account that is deleted away, to it and by it.
pub(super) async fn forget(tx: &mut Tx, account: AccountId) -> Result<()> {
    const DELETE: &str = "DELETE FROM group_invitations WHERE account = $1 OR by_account = $1
        RETURNING account, conversation";
    let gone = tx.all(DELETE, args![account]).await?;
    end(tx, gone).await.map(drop)
}

/// An invitation stands while the one who made it is in the group.
macro_rules! standing {
    ($what:literal, $which:literal) => {
        concat!(
            "SELECT ",
            $what,
            " FROM group_invitations i JOIN conversations c ON c.id = i.conversation
            JOIN members m ON m.conversation = i.conversation AND m.account = i.by_account AND m.state = 2
            JOIN accounts a ON a.id = i.by_account
            WHERE i.account = $1 AND i.expires_ms > $2 AND ",
            $which
        )
    };
}

pub(super) async fn list(caller: Session, request: ListInvitations) -> Result<Invitations> {
    const SELECT: &str = standing!(
        "i.conversation, c.name, c.members, i.by_account, a.handle, i.at_ms, i.expires_ms",
        "i.conversation > $3 ORDER BY i.conversation LIMIT $4"
    );
    type Row = (i64, String, i64, i64, String, i64, i64);
    let limit = page_limit(request.limit)?;
    let (app, after) = (&caller.app, request.after.unwrap_or_default());
    let args = args![caller.account(), app.clock.now_ms(), after, limit + 1];
    let rows: Vec<Row> = app.db.all(SELECT, args).await?;
    let more = rows.len() as u64 > limit;
    let invitations = rows
        .into_iter()
        .take(limit as usize)
        .map(|(conversation, name, members, by, handle, at, expires)| Invitation {
            conversation: conversation.into(),
            members: members as u64,
            handle,
            invitation: InvitationEntry { by: by.into(), name, at_ms: at as u64, expires_ms: expires as u64 },
        })
        .collect();
    Ok(Invitations { invitations, more })
}

pub(super) async fn answer(caller: Session, request: AnswerInvitation) -> Result<Done> {
    let (me, conversation, accept) = (caller.account(), request.conversation, request.accept);
    let most = caller.app.config.limits.group_members_max;
    let work = async move |tx: &mut Tx| {
        if accept {
            return come(tx, me, conversation, most).await;
        }
        settle(tx, conversation, &[me]).await
    };
    caller.app.writer.run(move |tx| Box::pin(async move { work(tx).await })).await?;
    Ok(Done::default())
}

async fn come(tx: &mut Tx, me: AccountId, conversation: ConversationId, most: u64) -> Result<()> {
    const SELECT: &str = standing!("i.by_account", "i.conversation = $3");
    let missing = || Error::from(Fault::new(code::NOT_FOUND).field("conversation"));
    let state = tx.membership(conversation, me).await?.map(|membership| membership.state);
    if state == Some(member_state::JOINED) {
        return Ok(());
    }
    let now = tx.now_ms();
    let row: Option<(i64,)> = tx.first(SELECT, args![me, now, conversation]).await?;
    let (by,) = row.filter(|_| state != Some(member_state::BANNED)).ok_or_else(missing)?;
    if store::able(tx, &[me], limits::CONVERSATIONS_MAX as u64).await?.is_empty() {
        return Err(Fault::new(code::TOO_MANY).limit(limits::CONVERSATIONS_MAX as u64).into());
    }
    groups::come_in(tx, conversation, by.into(), vec![me], most).await.map(drop)
}
