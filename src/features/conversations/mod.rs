//! Conversations: one-to-one, groups, saved; members, markers, settings.
//!
//! [`membership`] is what it means that somebody comes in or goes (who may is the groups feature's), [`list`] shows conversations with their
//! unread counts, [`standing`] says who may write in a one-to-one, [`markers`] and [`settings`] are each person's own
//! side. [`store`] owns the table `conversations`, [`member_store`] `members` and `access`, [`side_store`] `hidden`,
//! [`invitation_store`] its own.

mod export_store;
pub(crate) mod invitation_store;
mod list;
mod markers;
pub(crate) mod member_store;
mod members;
mod membership;
mod open;
mod reader_store;
mod settings;
mod side_store;
mod standing;
mod standing_store;
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
    rpc::Router,
    writer::Tx,
};

pub(crate) use export_store::EXPORT;
pub(crate) use list::one as show_one;
pub(crate) use membership::{dissolve, enter, joined_group, keep_out, part};
pub(crate) use side_store::is_cleared;
pub(crate) use standing::{befriended, let_in, review_standing, set_standing, show_to_peer};
pub(crate) use store::{Facts, owned};

/// Empties an account's side of its conversations.
pub(crate) async fn forget(tx: &mut Tx, account: AccountId) -> Result<()> {
    side_store::forget(tx, account).await
}

/// Registers the requests.
pub fn routes(router: Router) -> Router {
    router
        .on(list::list)
        .on(list::get)
        .on(open::open_direct)
        .on(open::get_direct)
        .on(members::list)
        .on(markers::mark_read)
        .on(markers::others)
        .on(markers::readers)
        .on(settings::set)
        .on(settings::clear)
        .on(settings::hide)
        .on(standing::answer)
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
    side_store::readable(db, account, conversations).await
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
    let sides = side_store::own_sides(tx, conversation, accounts).await?;
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
    let mut sides = side_store::own_sides(tx, conversation, &[account]).await?;
    let (_, entry) = sides.pop().ok_or_else(|| Error::from(code::NOT_FOUND))?;
    tx.entry(account, format!("conversation/{conversation}"), Some(frame::encode_body(&entry))).await?;
    Ok(entry)
}
