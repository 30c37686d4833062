//! The list of members.

use litrocket_protocol::conversations::{ListMembers, Members};

use super::{joined, member_store};
use crate::{
    error::Result,
    features::{cut, page_limit},
    rpc::Session,
};

pub(super) async fn list(caller: Session, request: ListMembers) -> Result<Members> {
    let limit = page_limit(request.limit)?;
    let db = &caller.app.db;
    joined(db, request.conversation, caller.account()).await?;
    let now = caller.app.clock.now_ms();
    let mut members = member_store::page(db, request.conversation, request.after, now, limit + 1).await?;
    let more = cut(&mut members, limit);
    Ok(Members { members, more })
}
