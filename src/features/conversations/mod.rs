//! Conversations: one-to-one, groups, saved; members, markers, settings.
//!
//! [`store`] owns the tables `conversations`, `members`, `access` and `hidden`. [`groups`] changes who is in,
//! [`list`] shows conversations with their unread counts, [`markers`] and [`settings`] are each person's own side.

mod groups;
mod list;
mod markers;
mod members;
mod open;
mod settings;
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

pub(crate) use groups::{dissolve, enter, joined_group, keep_out, leave_some, part};
pub(crate) use store::{Facts, forget, is_cleared};

/// What the feature holds of a person's side of their conversations.
pub(crate) const EXPORT: &[Kept] = &[Kept {
    name: "conversation",
    sql: "SELECT c.id, json_object('conversation', c.id,
            'kind', CASE WHEN c.low IS NULL THEN 'group' WHEN c.low = c.high THEN 'saved' ELSE 'direct' END,
            'name', COALESCE(m.parted_name, c.name), 'with', o.handle, 'state', m.state, 'role', m.role,
            'read', m.read_marker, 'draft', m.draft, 'pinned', json(iif(m.pinned, 'true', 'false')))
        FROM members m JOIN conversations c ON c.id = m.conversation
        LEFT JOIN accounts o ON o.id = CASE WHEN c.low = $1 THEN c.high ELSE c.low END AND c.low <> c.high
        WHERE m.account = $1 AND m.conversation > $2 AND m.shown = 1 ORDER BY m.conversation LIMIT $3",
}];

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
}

/// What the caller may read of a conversation.
#[derive(Debug, Clone)]
pub(crate) struct Readable {
    /// One of [`member_state`].
    pub(crate) state: u8,
    /// Whether the caller may not write: in a one-to-one, while one of the two blocks the other.
    pub(crate) is_refused: bool,
    /// What may be read, without what the caller cleared.
    pub(crate) ranges: Vec<Range>,
    /// The last event that may be read; 0 for none.
    pub(crate) last: u64,
}

/// Who of two people blocks the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Blocks {
    pub(crate) one: bool,
    pub(crate) other: bool,
}

/// Values of `members.refused`.
const NOT_ACCEPTING: u8 = 1;
const YOU_BLOCKED: u8 = 2;

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

/// Sets who of two people may write to the other, in the one-to-one if they have one.
pub(crate) async fn set_blocks(tx: &mut Tx, one: AccountId, other: AccountId, blocks: Blocks) -> Result<()> {
    if let Some(conversation) = store::direct(tx, one.min(other), one.max(other)).await? {
        for (account, mine, theirs) in [(one, blocks.one, blocks.other), (other, blocks.other, blocks.one)] {
            let refused = if mine { YOU_BLOCKED } else { u8::from(theirs) * NOT_ACCEPTING };
            store::refuse(tx, conversation, account, refused).await?;
        }
    }
    Ok(())
}

/// The other person of a one-to-one sees it from the first message on.
pub(crate) async fn show_to_peer(tx: &mut Tx, conversation: ConversationId) -> Result<()> {
    let shown = store::show(tx, conversation).await?;
    tell_own_side(tx, conversation, &shown).await
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
