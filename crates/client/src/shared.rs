//! What the connection's tasks and the app share.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use litrocket_core::client::{Cursors, Outbox};
use litrocket_protocol::{
    AccountId, ConversationId, Fault, MessageId, SessionId, account, chat::Ack, fault, limits,
};
use tokio::sync::{Notify, mpsc, oneshot, watch};

use crate::{
    Error, Item, Options, Pending, connect,
    entering::Untaken,
    inbox::Inbox,
    store::{Store, Unsent},
};

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
#[non_exhaustive]
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

pub(crate) type Answer = oneshot::Sender<Result<Ack, Error>>;

/// What the connection's tasks and the app share.
pub(crate) struct Book {
    pub(crate) outbox: Outbox,
    /// What arrived.
    pub(crate) received: Cursors,
    /// What the app has handled.
    pub(crate) handled: Cursors,
    /// Whose cursors they are.
    pub(crate) account: Option<AccountId>,
    /// Who waits for the answer of a send: everybody who sent it.
    pub(crate) pending: HashMap<MessageId, Vec<Answer>>,
    pub(crate) items: Option<Inbox>,
    /// How often delivery began: what was read for an earlier listener is none of this one's.
    pub(crate) listening: u64,
    /// The latest state values that the app has not taken.
    pub(crate) states: VecDeque<Item>,
    /// What the state file has, until it is known who is signed in.
    pub(crate) unsent: Vec<Unsent>,
    /// Sends that were written for another server, or for an earlier state of this one.
    pub(crate) stranded: Vec<(ConversationId, litrocket_core::client::Outgoing)>,
    /// Sends that were given up since the app asked last.
    pub(crate) given_up: usize,
    /// Live was said on the current connection.
    pub(crate) live: bool,
    /// What the app has handled went on since the server was told.
    pub(crate) moved: bool,
    /// Conversations whose cursor was ahead: to be asked for from their beginning, and those that were on this stream.
    pub(crate) seeks: Vec<ConversationId>,
    pub(crate) sought: HashSet<ConversationId>,
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
    /// Sends are under way.
    pub(crate) under_way: Notify,
    /// The outbox has room, or is empty.
    pub(crate) room: Notify,
    /// There is something to take for who listens.
    pub(crate) news: Notify,
    /// The app took something, or something else has made room.
    pub(crate) taken: Notify,
    /// One send at a time comes into the outbox: the file has them in the same order.
    pub(crate) sending: Arc<tokio::sync::Mutex<()>>,
    /// One sign-in at a time.
    pub(crate) entering: Arc<tokio::sync::Mutex<()>>,
    pub(crate) untaken: Mutex<Untaken>,
    /// What every state stream begins with.
    pub(crate) said: Mutex<Said>,
    /// The network has changed.
    pub(crate) network: Notify,
    pub(crate) state: mpsc::Sender<bytes::Bytes>,
    pub(crate) store: Option<Arc<Store>>,
    /// Downloads that wait for their stream.
    pub(crate) downloads: crate::files::Waiting,
    pub(crate) uploads: crate::files::Uploads,
    pub(crate) closing: AtomicBool,
    pub(crate) began: Instant,
    pub(crate) close: Notify,
    /// The server asked to stay away until then.
    pub(crate) stay_away: Mutex<Option<Duration>>,
}

/// State of this device that outlasts a stream, as it was told last.
#[derive(Default)]
pub(crate) struct Said {
    pub(crate) watch: Option<bytes::Bytes>,
    pub(crate) availability: Option<bytes::Bytes>,
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Tells everybody who waits for a send the same.
pub(crate) fn tell(answers: Vec<Answer>, result: impl Fn() -> Result<Ack, Error>) {
    for answer in answers {
        // Who does not wait any more needs no answer.
        let _ = answer.send(result());
    }
}

impl Book {
    /// Who signed in is known: cursors of somebody else are none, and what the state file has is theirs to send, is of
    /// another server, or waits there for whoever wrote it.
    fn belongs_to(&mut self, account: AccountId, welcome: &account::Welcome) {
        if self.account.replace(account).is_some_and(|of| of != account) {
            self.handled = Cursors::default();
            self.handled.welcome(&welcome.server_id, welcome.log_epoch);
            self.received = self.handled.clone();
        }
        for Unsent { server: of, account: from, conversation, message } in std::mem::take(&mut self.unsent) {
            // A server that was set back gives no number again: what was written before goes to the same conversation, or is
            // refused.
            if of.is_some_and(|(of, _)| of != welcome.server_id)
                || message.body.len() > limits::BODY_BYTES_MAX
            {
                self.stranded.push((conversation, message));
            } else if from.is_none_or(|from| from == account) {
                self.outbox.push(conversation, message);
            }
        }
    }

    /// Who sends what waits already waits with it. The same id with something else is a conflict.
    pub(crate) fn joins(
        &mut self,
        conversation: ConversationId,
        message: &litrocket_core::client::Outgoing,
    ) -> Result<Option<Pending>, Error> {
        let Some((of, waiting)) = self.outbox.get(message.id) else { return Ok(None) };
        if (of, waiting) != (conversation, message) {
            return Err(Fault::new(fault::code::ID_CONFLICT).into());
        }
        Ok(Some(self.waits(message.id)))
    }

    /// Somebody waits for the answer of a send.
    pub(crate) fn waits(&mut self, id: MessageId) -> Pending {
        let (answer, pending) = oneshot::channel();
        self.pending.entry(id).or_default().push(answer);
        Pending::new(id, pending)
    }

    /// What the app has handled goes on; whether that is news to who tells the server.
    pub(crate) fn moves(&mut self) -> bool {
        !std::mem::replace(&mut self.moved, true)
    }

    /// A conversation is to be delivered from its beginning; not twice on one stream.
    pub(crate) fn seeks_again(&mut self, conversation: ConversationId) -> bool {
        let first = self.sought.len() < limits::CONVERSATIONS_MAX && self.sought.insert(conversation);
        if first {
            self.seeks.push(conversation);
        }
        first
    }

    /// The listener hears first that the logs were set back.
    pub(crate) fn tell_restored(&mut self, log_epoch: u64) {
        if let Some(inbox) = &mut self.items {
            inbox.push(0, Item::Restored { log_epoch });
        }
    }

    /// Gives up every send that has no answer.
    pub(crate) fn gives_up(
        &mut self,
        error: impl Fn() -> Error,
    ) -> Vec<(ConversationId, litrocket_core::client::Outgoing)> {
        let lost = self.outbox.drain();
        self.given_up += lost.len();
        for (_, answers) in self.pending.drain() {
            tell(answers, || Err(error()));
        }
        lost
    }
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
        let welcome = lock(&self.welcome).clone();
        self.book().belongs_to(me.account, &welcome);
        self.me.send_replace(Some(me));
        self.chat.notify_one();
    }

    /// Ends everything: nobody waits for an answer any more.
    pub(crate) fn finish(&self, fault: Option<&Fault>) {
        self.closing.store(true, Ordering::Release);
        self.link.send_replace(None);
        self.status.send_replace(Status::Closed(fault.cloned()));
        let mut book = self.book();
        book.gives_up(|| fault.map_or(Error::Closed, |fault| fault.clone().into()));
        if let Some(inbox) = &mut book.items {
            inbox.ended = true;
        }
        drop(book);
        self.news.notify_one();
        self.taken.notify_one();
        if let Some(store) = &self.store {
            store.release();
        }
        self.room.notify_waiters();
    }
}
