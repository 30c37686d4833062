//! Groups beyond who is in them: what each role may do, how people come in, moderation, announcements and pins.
//!
//! [`rules`] answers what a member may do and is asked by every feature that acts in a group. [`settings`] and [`roles`]
//! are the owner's side, [`joining`] and [`links`] let people in, [`moderation`] keeps order, [`board`] is what hangs on
//! the wall, [`audit`] and [`reports`] say what was done and what is wrong, [`mod@erase`] is for an account that goes. [`store`] and [`join_store`] own the tables; who is in is
//! the conversations feature's. Start with [`rules`].

mod audit;
mod board;
mod erase;
mod erase_store;
mod export_store;
mod join_store;
mod joining;
mod links;
mod moderation;
mod reports;
mod roles;
pub(crate) mod rules;
mod settings;
mod store;

use litrocket_protocol::{
    AccountId, ConversationId, Fault, conversations::member_state, event::kind, fault::code, frame,
};
use serde::Serialize;

use crate::{
    error::{Error, Result},
    rpc::Router,
    writer::{NewEvent, Tx},
};

pub(crate) use audit::{About, record};
pub(crate) use erase::erase;
pub(crate) use export_store::EXPORT;
pub(crate) use joining::{entered, expire as expire_requests, forget, no_longer_looks_after, tell_staff};
pub(crate) use moderation::may_remove_message;
pub(crate) use roles::room_for_administrator;
pub(crate) use settings::renamed;
pub(crate) use store::unpin;

/// Registers the requests.
pub fn routes(router: Router) -> Router {
    router
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

fn missing(field: &str) -> Error {
    Fault::new(code::NOT_FOUND).field(field).into()
}

fn too_many(field: &str, limit: u64) -> Error {
    Fault::new(code::TOO_MANY).field(field).limit(limit).into()
}

fn bad_value(field: &str, message: &str) -> Error {
    Fault::new(code::BAD_VALUE).field(field).message(message).into()
}

fn too_long(field: &str, text: &str, limit: usize) -> Result<()> {
    if text.len() > limit {
        return Err(Fault::new(code::TOO_LONG).field(field).limit(limit as u64).into());
    }
    Ok(())
}

/// An event of the group's log that the server makes.
fn event<T: Serialize>(conversation: ConversationId, sender: AccountId, kind: u16, body: &T) -> NewEvent {
    debug_assert!((kind::CREATED..=kind::DISSOLVED).contains(&kind), "kinds that the server makes");
    NewEvent { conversation, sender, kind, body: frame::encode_body(body), ..NewEvent::default() }
}

/// The role of somebody who is in; `None` for everybody else.
async fn role_of(tx: &mut Tx, conversation: ConversationId, account: AccountId) -> Result<Option<u8>> {
    let membership = tx.membership(conversation, account).await?;
    Ok(membership.filter(|it| it.state == member_state::JOINED).map(|it| it.role))
}
