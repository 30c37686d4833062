//! What an account that goes leaves in the logs of groups: the names it had there, and with its words its announcements.
//!
//! Each is emptied in its place, as an edit empties the words before it, and whoever replays the log reads that there is
//! no name and no announcement. What belongs to the group, its name and description, stays.

use litrocket_protocol::{
    AccountId,
    event::{AnnouncedText, Event, Nicknamed, kind},
    frame,
};

use super::{
    erase_store::{self, LogCursor},
    store,
};
use crate::{
    app::App,
    error::Result,
    features::conversations::member_store,
    writer::{NewEvent, Tx},
};

/// Events or groups of one job: others' sends wait no longer than for a batch.
const STEP: u64 = 50;

/// Takes an account's names out of its groups, and with `all` its announcements.
pub(crate) async fn erase(app: &App, account: AccountId, all: bool) -> Result<()> {
    while app.writer.run(move |tx| Box::pin(unname(tx, account))).await? > 0 {}
    let mut after = Some(LogCursor::default());
    while let Some(place) = after {
        after = app.writer.run(move |tx| Box::pin(names(tx, account, place))).await?;
    }
    after = Some(LogCursor::default()).filter(|_| all);
    while let Some(place) = after {
        after = app.writer.run(move |tx| Box::pin(announcements(tx, account, place))).await?;
    }
    Ok(())
}

/// Takes the name off where the account is in, so that devices hear of it; in how many groups.
async fn unname(tx: &mut Tx, account: AccountId) -> Result<usize> {
    let named = erase_store::named(tx, account, STEP).await?;
    for conversation in &named {
        member_store::set_nickname(tx, *conversation, account, "").await?;
        tx.append(NewEvent::of_group(
            *conversation,
            account,
            kind::NICKNAMED,
            &Nicknamed { nickname: String::new() },
        ))
        .await?;
    }
    Ok(named.len())
}

async fn names(tx: &mut Tx, account: AccountId, after: LogCursor) -> Result<Option<LogCursor>> {
    let (events, next) = erase_store::nicknamed(tx, account, after, STEP).await?;
    empty(tx, events, &Nicknamed { nickname: String::new() }).await?;
    Ok(next)
}

async fn announcements(tx: &mut Tx, account: AccountId, after: LogCursor) -> Result<Option<LogCursor>> {
    let (events, next) = erase_store::announced(tx, account, after, STEP).await?;
    let nothing = AnnouncedText { text: String::new() };
    for made in &events {
        let settings = store::settings(tx, made.conversation).await?;
        let Some(settings) = settings.filter(|it| it.announcement == made.event_seq) else { continue };
        // The one that stands is taken down, as its author could have done.
        store::set(tx, made.conversation, &store::Settings { announcement: 0, ..settings }).await?;
        tx.append(NewEvent::of_group(made.conversation, account, kind::ANNOUNCED, &nothing)).await?;
    }
    empty(tx, events, &nothing).await?;
    Ok(next)
}

/// Puts a body without words in the place of that of each event.
async fn empty<T: serde::Serialize>(tx: &mut Tx, events: Vec<Event>, body: &T) -> Result<()> {
    let body = frame::encode_body(body);
    for mut event in events {
        if event.body == body && event.fallback.is_none() {
            continue;
        }
        event.body.clone_from(&body);
        event.fallback = None;
        tx.replace(&event, false).await?;
    }
    Ok(())
}
