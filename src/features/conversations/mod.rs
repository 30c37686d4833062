//! Conversations: one-to-one, groups, saved; members, markers, settings.
//!
//! [`store`] owns the tables `conversations`, `members`, `access` and `hidden`, [`invitations`] its
//! own. [`groups`] changes who is in,
//! [`list`] shows conversations with their unread counts, [`standing`] says who may write in a one-to-one, [`markers`] and [`settings`]
//! are each person's own side.

mod groups;
mod invitations;
mod list;
mod markers;
mod members;
mod open;
mod reader_store;
mod settings;
mod standing;
pub(crate) mod store;

use std::collections::HashMap;

use litrocket_core::access::Range;
use litrocket_protocol::{
    AccountId, ConversationId, Fault,
    conversations::{ConversationEntry, member_state},
    fault::code,
    frame,
};

use crate::{
    db::Db,
    error::{Error, Result},
    features::export::Kept,
    rpc::Router,
    writer::Tx,
};

pub(crate) use groups::{
    avatar_changed, dissolve, enter, joined_group, keep_out, leave_some, may_change, part,
};
pub(crate) use invitations::expire as expire_invitations;
pub(crate) use standing::{befriended, let_in, review_standing, set_standing, show_to_peer};
pub(crate) use store::{Facts, is_cleared};

/// What the feature holds of a person's side of their conversations.
pub(crate) const EXPORT: &[Kept] = &[CONVERSATION, INVITATION];

const INVITATION: Kept = Kept {
    name: "group_invitation",
    sql: "SELECT i.conversation, json_object('conversation', i.conversation, 'name', c.name, 'by', a.handle,
            'at_ms', i.at_ms, 'expires_ms', i.expires_ms)
        FROM group_invitations i JOIN conversations c ON c.id = i.conversation
        JOIN accounts a ON a.id = i.by_account
        WHERE i.account = $1 AND i.conversation > $2 ORDER BY i.conversation LIMIT $3",
};

const CONVERSATION: Kept = Kept {
    name: "conversation",
    sql: "SELECT c.id, json_object('conversation', c.id,
            'kind', CASE WHEN c.low IS NULL THEN 'group' WHEN c.low = c.high THEN 'saved' ELSE 'direct' END,
            'name', COALESCE(m.parted_name, c.name), 'with', o.handle, 'state', m.state, 'role', m.role,
            'read', m.read_marker, 'draft', m.draft, 'pinned', json(iif(m.pinned, 'true', 'false')))
        FROM members m JOIN conversations c ON c.id = m.conversation
        LEFT JOIN accounts o ON o.id = CASE WHEN c.low = $1 THEN c.high ELSE c.low END AND c.low <> c.high
        WHERE m.account = $1 AND m.conversation > $2 AND m.shown = 1 ORDER BY m.conversation LIMIT $3",
};

/// Empties an account's side of its conversations, and takes the invitations to it and by it away.
pub(crate) async fn forget(tx: &mut Tx, account: AccountId) -> Result<()> {
    invitations::forget(tx, account).await?;
    store::forget(tx, account).await
}

/// Registers the requests.
pub fn routes(router: Router) -> Router {
    router
        .on(list::list)
        .on(list::get)
        .on(open::open_direct)
        .on(groups::create)
        .on(groups::invite)
        .on(groups::remove)
        .on(groups::leave)
        .on(groups::rename)
        .on(groups::transfer)
        .on(members::list)
        .on(markers::mark_read)
        .on(markers::others)
        .on(markers::readers)
        .on(settings::set)
        .on(settings::clear)
        .on(settings::hide)
        .on(standing::answer)
        .on(invitations::list)
        .on(invitations::answer)
}

/// What the caller may read of a conversation.
#[derive(Debug, Clone)]
pub(crate) struct Readable {
    /// One of [`member_state`].
    pub(crate) state: u8,
    /// Whether nothing of the caller is told there, typing and markers: in a one-to-one, while one of the two may
    /// not write or a stranger's first message waits.
    pub(crate) is_quiet: bool,
    /// What may be read, without what the caller cleared.
    pub(crate) ranges: Vec<Range>,
    /// The last event that may be read; 0 for none.
    pub(crate) last: u64,
}

/// What the caller may read. Strangers get the answer for a conversation that does not exist.
pub(crate) async fn readable(db: &Db, conversation: ConversationId, account: AccountId) -> Result<Readable> {
    let mut found = readable_all(db, account, &[conversation]).await?;
    found.remove(&conversation).ok_or_else(|| Fault::new(code::NOT_FOUND).field("conversation").into())
}

/// The same for some conversations at once, without those it would be refused for.
pub(crate) async fn readable_all(
    db: &Db,
    account: AccountId,
    conversations: &[ConversationId],
) -> Result<HashMap<ConversationId, Readable>> {
    store::readable(db, account, conversations).await
}

/// The same for requests that only members in the conversation may make.
pub(crate) async fn joined(db: &Db, conversation: ConversationId, account: AccountId) -> Result<Readable> {
    let place = readable(db, conversation, account).await?;
    if place.state == member_state::JOINED { Ok(place) } else { Err(code::NOT_A_MEMBER.into()) }
}

/// Writes each account's side of a conversation to its account log.
pub(crate) async fn tell_own_side(
    tx: &mut Tx,
    conversation: ConversationId,
    accounts: &[AccountId],
) -> Result<()> {
    if accounts.is_empty() {
        return Ok(());
    }
    let sides = store::own_sides(tx, conversation, accounts).await?;
    let entries = sides
        .into_iter()
        .map(|(account, entry)| {
            (account, format!("conversation/{conversation}"), Some(frame::encode_body(&entry)))
        })
        .collect();
    tx.entries(entries).await
}

/// One account's side, told to its devices.
pub(super) async fn tell_caller(
    tx: &mut Tx,
    conversation: ConversationId,
    account: AccountId,
) -> Result<ConversationEntry> {
    let mut sides = store::own_sides(tx, conversation, &[account]).await?;
    let (_, entry) = sides.pop().ok_or_else(|| Error::from(code::NOT_FOUND))?;
    tx.entry(account, format!("conversation/{conversation}"), Some(frame::encode_body(&entry))).await?;
    Ok(entry)
}
