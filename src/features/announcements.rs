//! What operators tell everybody: one row for each announcement, however many people there are.
//!
//! Who is online hears of a new one on the state stream; the others learn the newest number from `Welcome` and ask.

use std::sync::atomic::{AtomicU64, Ordering};

use litrocket_protocol::{
    Fault,
    announcements::{Announcement, Announcements, ListAnnouncements},
    fault::code,
    limits,
};

use super::page_limit;
use crate::{
    app::App,
    args,
    db::Db,
    error::{Error, Result},
    hub::StateValue,
    rpc::{Router, Session},
};

/// The newest announcement, so that no hello asks the database for it.
#[derive(Debug)]
pub struct Newest(AtomicU64);

impl Newest {
    /// Reads it at start.
    pub async fn load(db: &Db) -> Result<Self> {
        let row: Option<(Option<i64>,)> = db.first("SELECT MAX(id) FROM announcements", &[]).await?;
        Ok(Self(AtomicU64::new(row.and_then(|(id,)| id).unwrap_or(0) as u64)))
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
    const INSERT: &str = "INSERT INTO announcements (id, at_ms, text)
        SELECT COALESCE(MAX(id), 0) + 1, $1, $2 FROM announcements RETURNING id";
    let text = text.trim().to_owned();
    if text.is_empty() {
        return Err(Fault::new(code::BAD_VALUE).field("text").message("Say something.").into());
    }
    if text.len() > limits::ANNOUNCEMENT_BYTES_MAX {
        return Err(Fault::new(code::TOO_LONG)
            .field("text")
            .limit(limits::ANNOUNCEMENT_BYTES_MAX as u64)
            .into());
    }
    let announcement = app
        .writer
        .run(move |tx| {
            Box::pin(async move {
                let at_ms = tx.now_ms();
                let row: Option<(i64,)> = tx.first(INSERT, args![at_ms, &*text]).await?;
                let (id,) = row.ok_or_else(|| Error::Internal("an announcement has no number".into()))?;
                Ok(Announcement { id: id as u64, at_ms, text })
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
    const SELECT: &str = "SELECT id, at_ms, text FROM announcements WHERE id > $1 ORDER BY id LIMIT $2";
    let limit = page_limit(request.limit)?;
    let after = request.after.unwrap_or(0);
    let rows: Vec<(i64, i64, String)> = caller.app.db.all(SELECT, args![after, limit + 1]).await?;
    let more = rows.len() as u64 > limit;
    let announcements = rows
        .into_iter()
        .take(limit as usize)
        .map(|(id, at_ms, text)| Announcement { id: id as u64, at_ms: at_ms as u64, text })
        .collect();
    Ok(Announcements { announcements, more })
}
