//! What those who look after a group did.

use litrocket_protocol::{
    AccountId, ConversationId,
    groups::{Audit, AuditEntry, ListAudit},
};

use super::{
    rules::{self, Permission},
    store,
};
use crate::{
    error::Result,
    features::{cut, page_limit},
    rpc::Session,
    writer::Tx,
};

/// What an entry is about.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct About {
    pub(crate) account: Option<AccountId>,
    pub(crate) event_seq: Option<u64>,
    pub(crate) value: Option<u64>,
}

impl About {
    /// Somebody.
    pub(crate) fn account(account: AccountId) -> Self {
        Self { account: Some(account), ..Self::default() }
    }

    /// An event.
    pub(crate) fn event(event_seq: u64) -> Self {
        Self { event_seq: Some(event_seq), ..Self::default() }
    }

    /// A number.
    pub(crate) fn value(value: u64) -> Self {
        Self { value: Some(value), ..Self::default() }
    }
}

/// Notes what somebody did, one of `audit_action`, and lets the oldest entry go when there are too many.
pub(crate) async fn record(
    tx: &mut Tx,
    conversation: ConversationId,
    actor: AccountId,
    action: u8,
    about: About,
) -> Result<()> {
    store::insert_audit(tx, conversation, actor, action, about).await
}

pub(super) async fn list(caller: Session, request: ListAudit) -> Result<Audit> {
    let limit = page_limit(request.limit)?;
    let (db, conversation) = (&caller.app.db, request.conversation);
    rules::may_read(db, conversation, caller.account(), Permission::Administer).await?;
    let before = request.before.unwrap_or(u64::MAX);
    let mut entries: Vec<AuditEntry> = store::audit(db, conversation, before, limit + 1).await?;
    let more = cut(&mut entries, limit);
    Ok(Audit { entries, more })
}
