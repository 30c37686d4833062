//! What operators told everybody.

use litrocket_protocol::announcements::{Announcement, ListAnnouncements};
use serde_json::json;

use crate::{
    Failure,
    output::{escape, time},
    session::Context,
};

/// Prints one.
pub(super) fn print(context: &Context, it: &Announcement) -> Result<(), Failure> {
    context.output.data(
        || json!({"type": "announcement", "id": it.id, "at_ms": it.at_ms, "text": it.text}),
        || format!("{}  [{}] {}", time(it.at_ms), context.output.words.announcement(), escape(&it.text)),
    )
}

pub(super) async fn list(context: &Context, mut after: Option<u64>) -> Result<(), Failure> {
    let client = context.connect().await?;
    let mut any = false;
    loop {
        let page = client.call(ListAnnouncements { after, limit: Some(100) }).await?;
        for announcement in &page.announcements {
            any = true;
            print(context, announcement)?;
        }
        after = page.announcements.last().map(|it| it.id).or(after);
        if !page.more {
            break;
        }
    }
    client.close().await;
    if !any {
        context.output.nothing(context.output.words.no_announcements());
    }
    Ok(())
}
