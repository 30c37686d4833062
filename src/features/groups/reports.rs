//! What people tell the operators: a message, a group, a person or a moment.

use litrocket_core::access;
use litrocket_protocol::{AccountId, account::Done, groups::ReportContent, limits};

use super::{bad_value, store, too_long};
use crate::{
    error::{Error, Result},
    features::{conversations, moments, people},
    limits::DAY_MS,
    rpc::Session,
    writer::Tx,
};

pub(super) async fn report(caller: Session, request: ReportContent) -> Result<Done> {
    let (app, me) = (&caller.app, caller.account());
    too_long("text", &request.text, limits::REPORT_BYTES_MAX)?;
    match (request.conversation, request.event_seq, request.account, request.moment) {
        (Some(conversation), event_seq, None, None) => {
            let place = conversations::readable(&app.db, conversation, me).await?;
            let shown = |seq: &u64| *seq <= place.last && access::may_read(&place.ranges, *seq);
            if event_seq.is_some_and(|seq| !shown(&seq)) {
                return Err(Error::missing("event_seq"));
            }
        }
        (None, None, Some(account), None) if account == me => {
            return Err(bad_value("account", "That is you."));
        }
        (None, None, Some(_), None) | (None, None, None, Some(_)) => {}
        _ => {
            return Err(bad_value(
                "conversation",
                "Name one thing: a message, a group, a person or a moment.",
            ));
        }
    }
    app.writer.run(move |tx| Box::pin(report_in(tx, me, request))).await?;
    Ok(Done::default())
}

async fn report_in(tx: &mut Tx, me: AccountId, request: ReportContent) -> Result<()> {
    if let Some(account) = request.account
        && !people::exists(tx, account).await?
    {
        return Err(Error::missing("account"));
    }
    if let Some(moment) = request.moment
        && moments::author(tx, me, moment).await?.is_none()
    {
        return Err(Error::missing("moment"));
    }
    if store::is_reported(tx, me, &request).await? {
        return Ok(());
    }
    let since = tx.now_ms().saturating_sub(DAY_MS);
    if store::reports_since(tx, me, since).await? >= limits::REPORTS_PER_DAY_MAX {
        return Err(Error::too_many("reports", limits::REPORTS_PER_DAY_MAX));
    }
    store::insert_report(tx, me, &request).await
}
