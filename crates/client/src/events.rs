//! What the app hears.

use std::{sync::Arc, task::Poll};

use litrocket_protocol::{ConversationId, chat, event::Event, state};

use crate::{
    Error,
    shared::{Book, Shared},
};

/// Where delivery begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Start {
    /// Behind what was handled before (as the state file has it); a new device starts at the heads.
    Cursors,
    /// With the first readable event of every conversation.
    Beginning,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
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
    /// A cursor cannot be served: forget what is cached of the conversation. Where it was ahead of the log, the conversation
    /// comes again from its first readable event.
    CursorRefused(chat::CursorRefused),
    /// The server was set back to a backup: what was heard since that backup was made may be gone, and other events may
    /// have its numbers. Forget what is cached beside events (a full copy of the account log follows); which conversations
    /// differ is told by [`Item::SetBack`] before their next events. What waits to be sent is sent again.
    Restored {
        /// The epoch of the logs from now on.
        log_epoch: u64,
    },
    /// The log of a conversation was set back: forget its events behind this one. Those it has instead follow.
    SetBack(chat::SetBack),
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
    Event(ConversationId, u64),
    Skip(chat::Skip),
    Entry(u64),
    Reset,
    Forget(ConversationId),
    Restored,
    SetBack(ConversationId, u64),
    Live,
}

/// The stream of what happens.
pub struct Events {
    shared: Arc<Shared>,
    /// Which listener this is.
    listening: u64,
    mark: Option<Mark>,
    /// The app has not handled an entry of the account log, or that logs were set back: what comes later does not stand for
    /// it.
    account_held: bool,
    epoch_held: bool,
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
    pub(crate) fn new(shared: Arc<Shared>, listening: u64) -> Self {
        Self {
            shared,
            listening,
            mark: None,
            account_held: false,
            epoch_held: false,
            handled: 0,
            was_state: false,
        }
    }

    /// The next item; `None` when the client is closed. Asking for it says that the one before was handled: what
    /// was not handled before a crash comes again. Cancel-safe.
    pub async fn next(&mut self) -> Option<Item> {
        if self.handle() {
            self.handled += 1;
            if self.handled >= SAVE_EVERY {
                self.handled = 0;
                if let Err(error) = self.save().await {
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
            Item::Restored { .. } => Some(Mark::Restored),
            Item::SetBack(back) => Some(Mark::SetBack(back.conversation, back.event_seq)),
            Item::CaughtUp => Some(Mark::Live),
            _ => None,
        };
        Some(item)
    }

    async fn take(&mut self) -> Option<Item> {
        let shared = self.shared.clone();
        loop {
            let news = shared.news.notified();
            if let Poll::Ready(taken) = self.take_now() {
                return taken;
            }
            news.await;
        }
    }

    /// State first, since it is overtaken by its next value; but never twice before something else that waits.
    fn take_now(&mut self) -> Poll<Option<Item>> {
        let mut guard = self.shared.book();
        let book = &mut *guard;
        if book.listening != self.listening {
            drop(guard);
            // The word may have been for the one who listens now.
            self.shared.news.notify_one();
            return Poll::Ready(None);
        }
        let Some(inbox) = &mut book.items else { return Poll::Ready(None) };
        let state_first = !std::mem::take(&mut self.was_state) && !book.states.is_empty();
        let was_low = inbox.is_low();
        if !state_first && let Some(item) = inbox.pop() {
            let begins = !was_low && inbox.is_low() && !book.live;
            drop(guard);
            self.shared.taken.notify_one();
            if begins {
                self.shared.chat.notify_one();
            }
            return Poll::Ready(Some(item));
        }
        match book.states.pop_front() {
            Some(state) => {
                self.was_state = true;
                Poll::Ready(Some(state))
            }
            None if inbox.ended => Poll::Ready(None),
            None => Poll::Pending,
        }
    }

    /// Says that what was returned last was not handled: it comes again when delivery begins the next time
    /// ([`crate::Client::events`] with [`Start::Cursors`], or the next start of the app), and with it what came behind it in
    /// its conversation, or in the account log.
    pub fn not_handled(&mut self) {
        match self.mark.take() {
            Some(Mark::Entry(_) | Mark::Reset) => self.account_held = true,
            Some(Mark::Restored | Mark::SetBack(..)) => self.epoch_held = true,
            _ => {}
        }
    }

    fn handle(&mut self) -> bool {
        let Some(mark) = self.mark.take() else { return false };
        let moves = !matches!(mark, Mark::Entry(_) | Mark::Reset | Mark::Restored);
        let mut book = self.shared.book();
        if book.listening != self.listening {
            // The cursors are those of another listener by now.
            return false;
        }
        match mark {
            Mark::Event(conversation, seq) => drop(book.handled.event(conversation, seq)),
            Mark::Skip(skip) => drop(book.handled.skip(skip.conversation, skip.from, skip.to)),
            Mark::Entry(_) | Mark::Reset if self.account_held => {}
            Mark::Entry(version) => drop(book.handled.entry(version)),
            Mark::Reset => book.handled.account_reset(),
            Mark::Forget(conversation) => book.handled.forget(conversation),
            Mark::Restored => {}
            Mark::SetBack(conversation, seq) => book.handled.set_back(conversation, seq),
            Mark::Live if self.epoch_held => {}
            Mark::Live => book.handled.live(),
        }
        if moves && book.moves() {
            drop(book);
            self.shared.chat.notify_one();
        }
        true
    }

    async fn save(&self) -> Result<(), Error> {
        let Some(store) = &self.shared.store else { return Ok(()) };
        let now = || {
            let book = self.shared.book();
            (book.handled.clone(), book.account)
        };
        store.save(now).await.map_err(Error::Store)
    }

    /// Says that everything returned so far was handled, and writes the state file.
    pub async fn commit(&mut self) -> Result<(), Error> {
        self.handle();
        self.handled = 0;
        self.save().await
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        let mut book = self.shared.book();
        if book.listening == self.listening {
            book.items = None;
            drop(book);
            self.shared.taken.notify_one();
        }
    }
}
