//! The add-me address: who has it may ask to be a friend, also where the person is not found and lets nobody ask.

use litrocket_protocol::{
    account::Done,
    people::{AddLink, DropAddLink, FoundPerson, MakeAddLink, OpenAddLink},
};

use super::store;
use crate::{
    error::{Error, Result},
    features::account,
    rpc::Session,
    writer::Tx,
};

/// A code has 16 letters; what is longer is none.
const CODE_BYTES_MAX: usize = 64;

/// The same one as long as it is not dropped: an address on a card stays good.
pub(super) async fn make(caller: Session, _: MakeAddLink) -> Result<AddLink> {
    let me = caller.account();
    let fresh = account::random_code()?;
    let work = async move |tx: &mut Tx| store::add_link(tx, me, &fresh).await;
    let (code, made_ms) = caller.app.writer.run(move |tx| Box::pin(async move { work(tx).await })).await?;
    let address = account::address_with(&caller.app, "add", &code);
    Ok(AddLink { code, address, made_ms })
}

pub(super) async fn drop_link(caller: Session, _: DropAddLink) -> Result<Done> {
    let me = caller.account();
    let dropped = caller.app.writer.run(move |tx| Box::pin(store::drop_add_link(tx, me))).await?;
    Ok(Done::if_changed(dropped))
}

pub(super) async fn open(caller: Session, request: OpenAddLink) -> Result<FoundPerson> {
    let code = Some(request.code)
        .filter(|code| code.len() <= CODE_BYTES_MAX)
        .ok_or_else(|| Error::missing("code"))?;
    store::linked(&caller.app.db, caller.account(), &code).await?.ok_or_else(|| Error::missing("code"))
}
