//! What operators told everybody.

use litrocket_protocol::announcements::{Announcement, ListAnnouncements};
use serde_json::json;

use crate::{
    Failure,
    output::{escape, time},
    pages::{behind, pages},
    session::Context,
};

/// Prints one.
pub(super) fn print(context: &Context, it: &Announcement) -> Result<(), Failure> {
    context.output.data(
        || json!({"type": "announcement", "id": it.id, "at_ms": it.at_ms, "text": it.text}),
        || format!("{}  [{}] {}", time(it.at_ms), context.output.words.announcement(), escape(&it.text)),
    )
}

pub(super) async fn list(context: &Context, first: Option<u64>) -> Result<(), Failure> {
    let client = context.connect().await?;
    let came = pages(
        &client,
        u64::MAX,
        |after, count| ListAnnouncements { after: after.or(first), limit: Some(count) },
        |page| {
            let next = behind(&page.announcements, page.more, |one| one.id);
            (page.announcements, next)
        },
        |one| print(context, &one),
    )
    .await?;
    if came == 0 {
        context.output.nothing(context.output.words.no_announcements());
    }
    Ok(())
}
