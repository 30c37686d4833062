//! What the app hears.

use std::sync::Arc;

use litrocket_protocol::{chat, event::Event, state};
use tokio::sync::mpsc;

use crate::{Error, client::Shared};

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
        Self { shared, items, mark: None, handled: 0 }
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
        let item = self.items.recv().await?;
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
        let handled = self.shared.book().handled.clone();
        self.shared.store.as_ref().map_or(Ok(()), |store| store.save(&handled)).map_err(Error::Store)
    }

    /// Says that everything returned so far was handled, and writes the state file.
    pub fn commit(&mut self) -> Result<(), Error> {
        self.handle();
        self.handled = 0;
        self.save()
    }
}
