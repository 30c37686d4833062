//! Printing what happens, until stopped.

use std::time::Duration;

use litrocket_client::{Client, Events, Item, Start, Status};
use serde_json::json;
use tokio::sync::watch;

use super::{
    entries::{self, Copy},
    news::News,
    print,
};
use crate::{Failure, resolve::Names, session::Context};

pub(super) async fn listen(
    context: &Context,
    count: Option<u64>,
    idle: Option<u64>,
    from_start: bool,
) -> Result<(), Failure> {
    context.saved()?;
    let profile = context.profile()?;
    let lock = profile.lock()?.ok_or_else(|| Failure::usage(|words| words.someone_listens().into()))?;
    let client = context.connect_with_state(&profile).await?;
    let start = if from_start { Start::Beginning } else { Start::Cursors };
    let mut events = client.events(start)?;
    context.output.hint(context.output.words.listening());
    let result = print_all(context, &client, &mut events, (count, idle, from_start)).await;
    // What was printed is not printed again, however it ended.
    events.commit().await?;
    client.close().await;
    drop(lock);
    result
}

/// The connection, as the person who listens was told of it.
struct Line {
    status: watch::Receiver<Status>,
    lost: bool,
}

impl Line {
    fn of(client: &Client) -> Self {
        let mut status = client.status();
        status.mark_unchanged();
        Self { status, lost: false }
    }

    /// What comes next. That the connection is lost, and that it is back, is said meanwhile: neither is news for who
    /// waits until nothing comes.
    async fn next(&mut self, context: &Context, events: &mut Events) -> Option<Item> {
        loop {
            tokio::select! {
                biased;
                Ok(()) = self.status.changed() => self.tell(context),
                item = events.next() => return item,
            }
        }
    }

    /// Says it once, however often it is tried again.
    fn tell(&mut self, context: &Context) {
        let lost = match &*self.status.borrow_and_update() {
            Status::Connected => false,
            Status::Reconnecting { .. } => true,
            // Neither lost nor back, or over for good: that is told otherwise.
            _ => return,
        };
        if std::mem::replace(&mut self.lost, lost) == lost {
            return;
        }
        let words = context.output.words;
        let (state, said) =
            if lost { ("lost", words.connection_lost()) } else { ("back", words.connection_back()) };
        context.output.beside(|| json!({"type": "connection", "state": state}), || said.into());
    }
}

async fn print_all(
    context: &Context,
    client: &Client,
    events: &mut Events,
    (count, idle, from_start): (Option<u64>, Option<u64>, bool),
) -> Result<(), Failure> {
    let mut names = Names::new(context.output.words);
    let mut news = News::begin(context, client).await?;
    // The account log from its beginning is how everything stands, not what happened.
    let mut copy = Copy::up_to(if from_start { u64::MAX } else { 0 });
    let (mut heard, mut line) = (0, Line::of(client));
    let stop = stop_signal();
    tokio::pin!(stop);
    while count.is_none_or(|count| heard < count) {
        let quiet = async {
            let Some(seconds) = idle else { return std::future::pending().await };
            tokio::time::sleep(Duration::from_secs(seconds)).await;
        };
        let item = tokio::select! {
            item = line.next(context, events) => item,
            () = quiet => return Ok(()),
            () = &mut stop => return Ok(()),
        };
        match item {
            Some(Item::Event(event)) => {
                let printed = async {
                    let beside = news.beside(client, &event).await?;
                    if !context.output.json {
                        news.place(client, &mut names, event.conversation).await?;
                    }
                    names.learn(client, print::accounts(&event)).await?;
                    if let Some(name) = print::new_name(&event) {
                        news.places.rename(event.conversation, &name);
                    }
                    print::event(context.output, (&names, &news.places), &event, beside)
                };
                if let Err(failure) = printed.await {
                    events.not_handled();
                    return Err(failure);
                }
                heard += u64::from(event.message_seq.is_some());
            }
            Some(Item::GoingAway { .. }) => context.output.hint(context.output.words.server_going_away()),
            Some(Item::Announcement(it)) => news.announcement(context, &it)?,
            Some(Item::AccountReset { version }) => copy = Copy::up_to(version),
            Some(Item::Restored { log_epoch }) => {
                // The account log comes whole: how everything stands, not what happened.
                copy = Copy::up_to(u64::MAX);
                let json = json!({"type": "logs_restored", "log_epoch": log_epoch});
                context.output.data(|| json, || context.output.words.logs_restored().into())?;
            }
            Some(Item::SetBack(back)) => {
                let json = json!({"type": "set_back", "conversation": back.conversation.0, "event_seq": back.event_seq});
                let place = news.place(client, &mut names, back.conversation).await?;
                context.output.data(|| json, || context.output.words.set_back(&place, back.event_seq))?;
            }
            Some(Item::CaughtUp) => copy = Copy::default(),
            Some(Item::NewMoments(_)) => context.output.hint(context.output.words.new_moments()),
            Some(Item::Entry(entry)) => {
                entries::entry(context, client, &mut names, &mut news, &entry, copy).await?;
            }
            Some(_) => {}
            None => {
                return match &*client.status().borrow() {
                    Status::Closed(Some(fault)) => Err(Failure::Client(fault.clone().into())),
                    _ => Ok(()),
                };
            }
        }
    }
    Ok(())
}

pub(super) async fn stop_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut interrupt), Ok(mut terminate)) =
        (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}
