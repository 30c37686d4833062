//! What the connection's tasks and the app share.

use std::{
    collections::{HashMap, VecDeque},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use litrocket_core::client::{Cursors, Outbox};
use litrocket_protocol::{AccountId, ConversationId, Fault, MessageId, SessionId, account};
use tokio::sync::{Notify, mpsc, oneshot, watch};

use crate::{Error, Item, Options, connect, store::Store};

/// Who is signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Me {
    /// The account.
    pub account: AccountId,
    /// Its handle.
    pub handle: String,
    /// The session.
    pub session: SessionId,
}

/// How the connection is.
#[derive(Debug, Clone, PartialEq)]
pub enum Status {
    /// Connected.
    Connected,
    /// Lost; the next attempt comes in a while.
    Reconnecting {
        /// How many attempts failed since.
        attempt: u32,
        /// When the next one comes, from now.
        retry_in: Duration,
    },
    /// The server is going away and will be back.
    GoingAway {
        /// When to come back, from now.
        retry_in: Duration,
    },
    /// Over for good: closed by the app, or the session ended.
    Closed(Option<Fault>),
}

pub(crate) type Answer = oneshot::Sender<Result<litrocket_protocol::chat::Ack, Error>>;

/// What the connection's tasks and the app share.
pub(crate) struct Book {
    pub(crate) outbox: Outbox,
    /// What arrived.
    pub(crate) received: Cursors,
    /// What the app has handled.
    pub(crate) handled: Cursors,
    pub(crate) pending: HashMap<MessageId, Answer>,
    pub(crate) items: Option<mpsc::Sender<Item>>,
    /// The latest state values that the app has not taken.
    pub(crate) states: VecDeque<Item>,
    /// Sends that were written for another server, or for an earlier state of this one.
    pub(crate) stranded: Vec<(ConversationId, litrocket_core::client::Outgoing)>,
    /// Live was said on the current connection.
    pub(crate) live: bool,
}

pub(crate) struct Shared {
    pub(crate) options: Options,
    pub(crate) endpoints: connect::Endpoints,
    pub(crate) token: Mutex<Option<Vec<u8>>>,
    pub(crate) me: watch::Sender<Option<Me>>,
    pub(crate) welcome: Mutex<Arc<account::Welcome>>,
    pub(crate) link: watch::Sender<Option<quinn::Connection>>,
    pub(crate) status: watch::Sender<Status>,
    pub(crate) book: Mutex<Book>,
    /// The chat stream has something to write.
    pub(crate) chat: Notify,
    /// The outbox has room, or is empty.
    pub(crate) room: Notify,
    /// There is a state value to take.
    pub(crate) states: Notify,
    pub(crate) state: mpsc::Sender<bytes::Bytes>,
    pub(crate) store: Option<Store>,
    /// Downloads that wait for their stream.
    pub(crate) downloads: crate::files::Waiting,
    pub(crate) closing: AtomicBool,
    pub(crate) began: Instant,
    pub(crate) close: Notify,
    /// The server asked to stay away until then.
    pub(crate) stay_away: Mutex<Option<Duration>>,
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    /// Milliseconds on a clock that is never set, for pauses.
    pub(crate) fn tick_ms(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    pub(crate) fn book(&self) -> MutexGuard<'_, Book> {
        lock(&self.book)
    }

    pub(crate) fn signed_in(&self, me: Me, token: Option<Vec<u8>>) {
        if token.is_some() {
            *lock(&self.token) = token;
        }
        self.me.send_replace(Some(me));
    }

    /// Ends everything: nobody waits for an answer any more.
    pub(crate) fn finish(&self, fault: Option<&Fault>) {
        self.closing.store(true, Ordering::Release);
        self.link.send_replace(None);
        self.status.send_replace(Status::Closed(fault.cloned()));
        let mut book = self.book();
        book.outbox.drain();
        for (_, answer) in book.pending.drain() {
            let error = fault.map_or(Error::Closed, |fault| fault.clone().into());
            let _ = answer.send(Err(error));
        }
        book.items = None;
        drop(book);
        self.room.notify_waiters();
    }
}
