//! What operators tell everybody: one row for each announcement, however many people there are.
//!
//! Who is online hears of a new one on the state stream; the others learn the newest number from `Welcome` and ask.
//! [`store`] owns the table.

mod store;

use std::sync::atomic::{AtomicU64, Ordering};

use litrocket_protocol::{
    Fault,
    announcements::{Announcement, Announcements, ListAnnouncements},
    fault::code,
    limits,
};

use super::{cut, page_limit};
use crate::{
    app::App,
    db::Db,
    error::Result,
    hub::StateValue,
    rpc::{Router, Session},
};

/// The newest announcement, so that no hello asks the database for it.
#[derive(Debug)]
pub struct Newest(AtomicU64);

impl Newest {
    /// Reads it at start.
    pub async fn load(db: &Db) -> Result<Self> {
        Ok(Self(AtomicU64::new(store::newest(db).await?)))
    }

    /// Its number; nothing while there is none.
    pub fn get(&self) -> Option<u64> {
        Some(self.0.load(Ordering::Relaxed)).filter(|id| *id > 0)
    }
}

/// Registers the request.
pub fn routes(router: Router) -> Router {
    router.on(list)
}

/// Tells everybody.
pub(crate) async fn announce(app: &App, text: &str) -> Result<Announcement> {
    let text = text.trim().to_owned();
    if text.is_empty() {
        return Err(Fault::new(code::BAD_VALUE).field("text").message("Say something.").into());
    }
    if text.len() > limits::ANNOUNCEMENT_BYTES_MAX {
        return Err(Fault::new(code::TOO_LONG)
            .field("text")
            .within_bytes(1, limits::ANNOUNCEMENT_BYTES_MAX as u64)
            .into());
    }
    let announcement = app
        .writer
        .run(move |tx| {
            Box::pin(async move {
                let at_ms = tx.now_ms();
                let id = store::insert(tx, at_ms, &text).await?;
                Ok(Announcement { id, at_ms, text })
            })
        })
        .await?;
    app.newest_announcement.0.fetch_max(announcement.id, Ordering::Relaxed);
    for device in app.hub.all_devices() {
        device.tell(StateValue::Announcement(announcement.clone()));
    }
    Ok(announcement)
}

async fn list(caller: Session, request: ListAnnouncements) -> Result<Announcements> {
    let limit = page_limit(request.limit)?;
    let after = request.after.unwrap_or(0);
    let mut announcements = store::page(&caller.app.db, after, limit + 1).await?;
    let more = cut(&mut announcements, limit);
    Ok(Announcements { announcements, more })
}
