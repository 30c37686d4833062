//! What the app hears.

use std::sync::Arc;

use litrocket_protocol::{chat, event::Event, state};
use tokio::sync::mpsc;

use crate::{
    Error,
    shared::{Book, Shared},
};

/// Where delivery begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// Behind what was handled before (as the state file has it); a new device starts at the heads.
    Cursors,
    /// With the first readable event of every conversation.
    Beginning,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Item {
    /// An event of a conversation. Sends of this very client are not among them: their `Pending` stands for them.
    Event(Event),
    /// The account log has a new value for a key.
    Entry(chat::Entry),
    /// Forget all entries of the account log; a full copy follows.
    AccountReset {
        /// The version the copy leads to.
        version: u64,
    },
    /// Nothing comes between these sequences.
    Skipped(chat::Skip),
    /// A cursor cannot be served: forget what is cached of the conversation.
    CursorRefused(chat::CursorRefused),
    /// Everything that existed when delivery began has been heard.
    CaughtUp,
    /// Somebody types.
    TypingNow(state::TypingNow),
    /// Somebody came or went.
    Presence(state::Presence),
    /// Somebody received or read.
    Marker(state::Marker),
    /// A friend posted a moment.
    NewMoments(state::NewMoments),
    /// Operators tell everybody something.
    Announcement(litrocket_protocol::announcements::Announcement),
    /// The server is going away; the client comes back by itself.
    GoingAway {
        /// When, in milliseconds from now.
        retry_after_ms: u64,
    },
}

/// What was returned last: it counts as handled when the next one is asked for.
#[derive(Debug)]
enum Mark {
    Event(litrocket_protocol::ConversationId, u64),
    Skip(chat::Skip),
    Entry(u64),
    Reset,
    Forget(litrocket_protocol::ConversationId),
    Live,
}

/// The stream of what happens.
pub struct Events {
    shared: Arc<Shared>,
    items: mpsc::Receiver<Item>,
    mark: Option<Mark>,
    handled: u32,
    was_state: bool,
}

/// State values that wait for the app. Beyond it the oldest goes: they are hints, the next one comes.
const STATES_MAX: usize = 1024;

/// What a state value is the latest of.
fn state_key(item: &Item) -> Option<(u8, u64, u64)> {
    Some(match item {
        Item::TypingNow(typing) => (0, typing.conversation.0, typing.account.0),
        Item::Presence(presence) => (1, presence.account.0, 0),
        // Delivered and read come apart, each is the latest of its own.
        Item::Marker(marker) => {
            (2 + u8::from(marker.read.is_some()), marker.conversation.0, marker.account.0)
        }
        Item::NewMoments(_) => (4, 0, 0),
        Item::GoingAway { .. } => (5, 0, 0),
        Item::Announcement(_) => (6, 0, 0),
        _ => return None,
    })
}

impl Book {
    /// Keeps the latest value of each key, for an app that listens.
    pub(crate) fn put_state(&mut self, item: Item) {
        if self.items.is_none() {
            return;
        }
        let key = state_key(&item);
        if let Some(waiting) = self.states.iter_mut().find(|waiting| state_key(waiting) == key) {
            *waiting = item;
            return;
        }
        if self.states.len() >= STATES_MAX {
            self.states.pop_front();
        }
        self.states.push_back(item);
    }
}

/// After how many handled items the state file is written.
const SAVE_EVERY: u32 = 256;

impl std::fmt::Debug for Events {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Events")
    }
}

impl Events {
    pub(crate) fn new(shared: Arc<Shared>, items: mpsc::Receiver<Item>) -> Self {
        Self { shared, items, mark: None, handled: 0, was_state: false }
    }

    /// The next item; `None` when the client is closed. Asking for it says that the one before was handled: what
    /// was not handled before a crash comes again. Cancel-safe.
    pub async fn next(&mut self) -> Option<Item> {
        if self.handle() {
            self.handled += 1;
            if self.handled >= SAVE_EVERY {
                self.handled = 0;
                if let Err(error) = self.save() {
                    tracing::warn!(%error, "the state file cannot be written");
                }
            }
        }
        let item = self.take().await?;
        self.mark = match &item {
            Item::Event(event) => Some(Mark::Event(event.conversation, event.event_seq)),
            Item::Skipped(skip) => Some(Mark::Skip(skip.clone())),
            Item::Entry(entry) => Some(Mark::Entry(entry.version)),
            Item::AccountReset { .. } => Some(Mark::Reset),
            Item::CursorRefused(refused) => Some(Mark::Forget(refused.conversation)),
            Item::CaughtUp => Some(Mark::Live),
            _ => None,
        };
        Some(item)
    }

    /// State first, since it is overtaken by its next value; but never twice before something else that waits.
    async fn take(&mut self) -> Option<Item> {
        if std::mem::take(&mut self.was_state)
            && let Ok(item) = self.items.try_recv()
        {
            return Some(item);
        }
        loop {
            if let Some(item) = self.shared.book().states.pop_front() {
                self.was_state = true;
                return Some(item);
            }
            tokio::select! {
                item = self.items.recv() => return item,
                () = self.shared.states.notified() => {}
            }
        }
    }

    /// Says that what was returned last was not handled: it comes again the next time.
    pub fn not_handled(&mut self) {
        self.mark = None;
    }

    fn handle(&mut self) -> bool {
        let Some(mark) = self.mark.take() else { return false };
        let mut book = self.shared.book();
        match mark {
            Mark::Event(conversation, seq) => drop(book.handled.event(conversation, seq)),
            Mark::Skip(skip) => drop(book.handled.skip(skip.conversation, skip.from, skip.to)),
            Mark::Entry(version) => drop(book.handled.entry(version)),
            Mark::Reset => book.handled.account_reset(),
            Mark::Forget(conversation) => book.handled.forget(conversation),
            Mark::Live => book.handled.live(),
        }
        true
    }

    fn save(&self) -> Result<(), Error> {
        let Some(store) = &self.shared.store else { return Ok(()) };
        let (handled, account) = {
            let book = self.shared.book();
            (book.handled.clone(), book.account)
        };
        store.save(&handled, account).map_err(Error::Store)
    }

    /// Says that everything returned so far was handled, and writes the state file.
    pub fn commit(&mut self) -> Result<(), Error> {
        self.handle();
        self.handled = 0;
        self.save()
    }
}
