//! Groups: who is in, what each role may do, how people come in, moderation, announcements and pins.
//!
//! | module | what it is |
//! | --- | --- |
//! | [`rules`] | what a member may do; asked by every feature that acts in a group |
//! | [`membership`], [`invitations`] | making groups and who is in; asking who may not be brought in |
//! | [`settings`], [`roles`] | the owner's side |
//! | [`joining`], [`links`] | letting people in |
//! | [`moderation`] | keeping order |
//! | [`board`] | what hangs on the wall |
//! | [`audit`], [`reports`] | what was done, and what is wrong |
//! | [`mod@erase`] | an account that goes |
//! | [`store`], [`join_store`] | the tables; who is in is the conversations feature's |
//!
//! Start with [`rules`].

pub(crate) mod audit;
mod board;
mod erase;
mod erase_store;
mod export_store;
mod invitations;
mod join_store;
mod joining;
mod links;
mod membership;
mod moderation;
mod reports;
mod roles;
pub(crate) mod rules;
mod settings;
mod store;

use litrocket_protocol::{AccountId, ConversationId, Fault, conversations::member_state, fault::code};

use crate::{
    error::{Error, Result},
    rpc::Router,
    writer::Tx,
};

pub(crate) use erase::erase;
pub(crate) use export_store::EXPORT;
pub(crate) use invitations::expire as expire_invitations;
pub(crate) use joining::expire as expire_requests;
pub(crate) use membership::{avatar_changed, leave_some, may_change};
pub(crate) use moderation::may_remove_message;
pub(crate) use store::unpin;

/// Registers the requests.
pub fn routes(router: Router) -> Router {
    router
        .on(membership::create)
        .on(membership::invite)
        .on(membership::remove)
        .on(membership::leave)
        .on(membership::rename)
        .on(membership::transfer)
        .on(invitations::list)
        .on(invitations::answer)
        .on(settings::get)
        .on(settings::set)
        .on(roles::set)
        .on(roles::dissolve)
        .on(moderation::mute)
        .on(moderation::ban)
        .on(moderation::list_banned)
        .on(audit::list)
        .on(reports::report)
        .on(joining::find)
        .on(joining::join)
        .on(joining::answer)
        .on(joining::withdraw)
        .on(joining::list)
        .on(links::make)
        .on(links::drop_link)
        .on(links::list)
        .on(board::announce)
        .on(board::see)
        .on(board::list_announcements)
        .on(board::list_seen)
        .on(board::pin)
        .on(board::list_pins)
        .on(board::set_nickname)
}

/// An account is gone: what it asked for and was asked, and the words of what it reported.
pub(crate) async fn forget(tx: &mut Tx, account: AccountId) -> Result<()> {
    invitations::forget(tx, account).await?;
    joining::forget(tx, account).await
}

fn bad_value(field: &str, message: &str) -> Error {
    Fault::new(code::BAD_VALUE).field(field).message(message).into()
}

fn too_long(field: &str, text: &str, limit: usize) -> Result<()> {
    if text.len() > limit {
        return Err(Fault::new(code::TOO_LONG).field(field).within_bytes(0, limit as u64).into());
    }
    Ok(())
}

/// The role of somebody who is in; `None` for everybody else.
async fn role_of(tx: &mut Tx, conversation: ConversationId, account: AccountId) -> Result<Option<u8>> {
    let membership = tx.membership(conversation, account).await?;
    Ok(membership.filter(|it| it.state == member_state::JOINED).map(|it| it.role))
}
