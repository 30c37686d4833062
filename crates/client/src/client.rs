//! The client: calls, sends, events. [`crate::shared`] is what it has in common with the tasks behind it.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use litrocket_core::client::{Outbox, Outgoing as Message};
use litrocket_protocol::{
    ConversationId, Fault, MessageId, Request, account, close_code, fault, frame, limits,
};
use tokio::{
    sync::{Notify, mpsc, oneshot, watch},
    time::timeout,
};

use crate::{
    Address, Error, Events, Me, Options, Outgoing, Pending, Start, Status, connect, driver,
    inbox::Inbox,
    reconnect::{PAUSE_MIN, jitter},
    shared::{Book, Shared, lock, tell},
    store::{Store, Unsent},
    stream,
};

/// Sends that may wait without an answer before [`Client::send`] waits for room.
const OUTBOX_MAX: usize = 10_000;
/// In bytes of bodies.
const OUTBOX_BYTES_MAX: usize = 32 * 1024 * 1024;
/// State frames that may wait to be written.
const STATE_MAX: usize = 64;

/// Milliseconds since 1970, for ids.
#[expect(clippy::disallowed_methods, reason = "a client has the system's clock only")]
fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// A connection to a server, kept up. Cheap to clone; it ends with [`Client::close`] or its last clone.
#[derive(Clone)]
pub struct Client {
    pub(crate) shared: Arc<Shared>,
    _guard: Arc<Guard>,
}

/// Ends the driver with the last clone.
struct Guard(Arc<Shared>);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.closing.store(true, Ordering::Release);
        self.0.close.notify_one();
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Client({})", self.shared.options.address)
    }
}

impl Client {
    /// Makes the first connection and says hello; resumes the session when there is a token.
    pub async fn connect(options: Options) -> Result<Self, Error> {
        let endpoints = connect::Endpoints::new(&options)?;
        let opened = match &options.state_file {
            Some(path) => Some(Store::open(path).await.map_err(Error::Store)?),
            None => None,
        };
        let attempt = connect::attempt(&endpoints, &options, options.token.as_deref());
        let (connection, welcome) = timeout(options.connect_timeout, attempt).await.map_err(|_| {
            Error::Unreachable(format!(
                "no answer from {} within {:?}",
                options.address, options.connect_timeout
            ))
        })??;
        let (state, states) = mpsc::channel(STATE_MAX);
        let (store, unsent, handled, account) = match opened {
            Some(opened) => (Some(opened.store), opened.unsent, opened.cursors, opened.account),
            None => Default::default(),
        };
        let book = Book {
            outbox: Outbox::default(),
            received: handled.clone(),
            handled,
            account,
            pending: HashMap::new(),
            items: None,
            listening: 0,
            states: VecDeque::new(),
            unsent,
            stranded: Vec::new(),
            given_up: 0,
            live: false,
            moved: false,
            seeks: Vec::new(),
            sought: HashSet::new(),
        };
        let shared = Arc::new(Shared {
            endpoints,
            token: Mutex::new(options.token.clone()),
            me: watch::channel(None).0,
            welcome: Mutex::new(Arc::new(welcome.clone())),
            link: watch::channel(None).0,
            status: watch::channel(Status::Connected).0,
            book: Mutex::new(book),
            chat: Notify::new(),
            under_way: Notify::new(),
            room: Notify::new(),
            news: Notify::new(),
            taken: Notify::new(),
            sending: Arc::default(),
            entering: Arc::default(),
            untaken: Mutex::default(),
            said: Mutex::default(),
            network: Notify::new(),
            state,
            store,
            downloads: crate::files::Waiting::default(),
            uploads: crate::files::Uploads::default(),
            closing: AtomicBool::new(false),
            began: Instant::now(),
            close: Notify::new(),
            stay_away: Mutex::new(None),
            options,
        });
        driver::welcomed(&shared, &connection, welcome);
        tokio::spawn(driver::drive(shared.clone(), connection, states));
        let guard = Arc::new(Guard(shared.clone()));
        Ok(Self { shared, _guard: guard })
    }

    /// What the server said at the last hello: its limits, id and log epoch.
    pub fn welcome(&self) -> Arc<account::Welcome> {
        lock(&self.shared.welcome).clone()
    }

    /// Where the server is, with the CA that it was trusted by where one is pinned.
    pub fn address(&self) -> &Address {
        &self.shared.options.address
    }

    /// Who is signed in.
    pub fn me(&self) -> Option<Me> {
        self.shared.me.borrow().clone()
    }

    /// Makes a request. Waits up to `connect_timeout` for a connection. Where the server did nothing and asks to come again,
    /// it is asked again at that time, within [`Options::patience`]. A connection that is lost before the answer is an error: whether the
    /// request was carried out is not known then. Dropping it cancels the request.
    pub async fn call<R: Request>(&self, request: R) -> Result<R::Reply, Error> {
        let began = Instant::now();
        let request = frame::encode(R::CODE, &request);
        loop {
            let connection = self.connection().await?;
            let error = match stream::ask::<R>(&connection, &request).await {
                Ok(reply) => return Ok(reply),
                Err(error) => error,
            };
            let wait = error.again_after().map(|wait| wait + jitter(PAUSE_MIN));
            match wait.filter(|wait| began.elapsed() + *wait <= self.shared.options.patience) {
                Some(wait) => tokio::time::sleep(wait).await,
                None => return Err(error),
            }
        }
    }

    /// Whether the server took the newest connection's hello in its first flight (0-RTT).
    pub fn said_hello_early(&self) -> bool {
        self.shared.endpoints.early.load(Ordering::Acquire)
    }

    pub(crate) fn downloads(&self) -> &crate::files::Waiting {
        &self.shared.downloads
    }

    pub(crate) fn uploads(&self) -> &crate::files::Uploads {
        &self.shared.uploads
    }

    pub(crate) async fn connection(&self) -> Result<quinn::Connection, Error> {
        let mut link = self.shared.link.subscribe();
        let up = async {
            loop {
                if self.shared.closing.load(Ordering::Acquire) {
                    return Err(self.closed());
                }
                if let Some(connection) = link.borrow_and_update().clone() {
                    return Ok(connection);
                }
                if link.changed().await.is_err() {
                    return Err(self.closed());
                }
            }
        };
        timeout(self.shared.options.connect_timeout, up)
            .await
            .map_err(|_| Error::Unreachable("no connection to the server".into()))?
    }

    pub(crate) fn closed(&self) -> Error {
        match &*self.shared.status.borrow() {
            Status::Closed(Some(fault)) => fault.clone().into(),
            _ => Error::Closed,
        }
    }

    /// A fresh id, time-ordered.
    pub fn new_id(&self) -> Result<MessageId, Error> {
        let mut random = [0; 10];
        getrandom::fill(&mut random)
            .map_err(|error| Error::Store(std::io::Error::other(error.to_string())))?;
        Ok(MessageId::v7(now_ms(), random))
    }

    /// What waited to be sent when another server answered. It is not sent by itself: its conversations are not those of
    /// this server. Taking it forgets it.
    pub fn take_stranded(&self) -> Vec<(ConversationId, Outgoing)> {
        let stranded = std::mem::take(&mut self.shared.book().stranded);
        for (_, message) in &stranded {
            if let Some(store) = &self.shared.store
                && let Err(error) = store.unsent_done(message.id)
            {
                tracing::warn!(%error, "the outbox file cannot be written");
            }
        }
        stranded.into_iter().map(|(conversation, message)| (conversation, message.into())).collect()
    }

    /// Puts a message into the outbox; waits while the outbox is full. With a state file it survives the end of the app
    /// (not a power cut: the file is not synced for each message). The answer comes from the [`Pending`]; dropping that
    /// does not take the message back. What no server takes is refused here: `too_long` beyond
    /// [`limits::BODY_BYTES_MAX`] and [`limits::FALLBACK_BYTES_MAX`], `id_conflict` for another message with the id of
    /// one that waits.
    pub async fn send(&self, conversation: ConversationId, message: Outgoing) -> Result<Pending, Error> {
        let id = match message.id {
            Some(id) => id,
            None => self.new_id()?,
        };
        let message = message.with_id(id);
        is_sendable(&message)?;
        let turn = if let Ok(turn) = self.shared.sending.clone().try_lock_owned() {
            turn
        } else {
            if let Some(pending) = self.shared.book().joins(conversation, &message)? {
                return Ok(pending);
            }
            self.shared.sending.clone().lock_owned().await
        };
        let server = loop {
            let room = self.shared.room.notified();
            {
                let mut book = self.shared.book();
                if self.shared.closing.load(Ordering::Acquire) {
                    return Err(self.closed());
                }
                if let Some(pending) = book.joins(conversation, &message)? {
                    return Ok(pending);
                }
                if book.outbox.len() < OUTBOX_MAX && book.outbox.bytes() < OUTBOX_BYTES_MAX {
                    break book.handled.server().map(|(id, epoch)| (id.to_vec(), epoch));
                }
            }
            room.await;
        };
        let account = self.me().map(|me| me.account);
        let unsent = Unsent { server, account, conversation, message };
        let Some(store) = &self.shared.store else { return self.put_into_outbox(unsent) };
        let _turn = store.make_room(turn).await.map_err(Error::Store)?;
        if !store.unsent_add(&unsent).map_err(Error::Store)? {
            return Err(self.closed());
        }
        self.put_into_outbox(unsent)
    }

    /// A send that is in the file is to be sent, unless the server became another one, or the client was closed, meanwhile.
    fn put_into_outbox(&self, unsent: Unsent) -> Result<Pending, Error> {
        let Unsent { server, conversation, message, .. } = unsent;
        let id = message.id;
        let mut book = self.shared.book();
        if self.shared.closing.load(Ordering::Acquire) {
            // What the file has is sent when the app comes again.
            book.given_up += 1;
            let (answer, pending) = oneshot::channel();
            tell(vec![answer], || Err(self.closed()));
            return Ok(Pending::new(id, pending));
        }
        let id_of = |server: Option<(&[u8], u64)>| server.map(|(id, _)| id.to_vec());
        if id_of(book.handled.server()) != server.map(|(id, _)| id) {
            book.stranded.push((conversation, message));
            return Err(Error::ServerChanged);
        }
        book.outbox.push(conversation, message);
        let pending = book.waits(id);
        drop(book);
        self.shared.chat.notify_one();
        Ok(pending)
    }

    /// Begins delivery, at most once at a time: an earlier [`Events`] ends.
    pub fn events(&self, from: Start) -> Result<Events, Error> {
        let (again, listening) = {
            let mut book = self.shared.book();
            let inbox = Inbox::new(self.shared.closing.load(Ordering::Acquire));
            book.items = Some(inbox);
            book.listening += 1;
            book.states.clear();
            if book.handled.is_set_back()
                && let Some((_, log_epoch)) = book.handled.server()
            {
                book.tell_restored(log_epoch);
            }
            if from == Start::Beginning {
                book.handled.rewind();
            }
            // What arrived and was not handled comes again.
            book.received = book.handled.clone();
            (book.live, book.listening)
        };
        // An earlier listener learns that it is one no more.
        self.shared.news.notify_waiters();
        self.shared.taken.notify_one();
        if again && let Some(connection) = self.shared.link.borrow().as_ref() {
            connection.close(close_code::DONE.into(), b"events again");
        }
        self.shared.chat.notify_one();
        Ok(Events::new(self.shared.clone(), listening))
    }

    /// How the connection is.
    pub fn status(&self) -> watch::Receiver<Status> {
        self.shared.status.subscribe()
    }

    /// The network changed: the connection goes on from a new local port, and a lost one is made again at once.
    pub fn network_changed(&self) -> Result<(), Error> {
        self.shared.endpoints.rebind()?;
        self.shared.uploads.forget();
        self.shared.network.notify_waiters();
        Ok(())
    }

    /// Waits until everything sent was answered, at most `patience`. Answers how many sends had no answer: those that wait
    /// on, and those that were given up since the last time, because the session ended or the server changed.
    pub async fn flush(&self, patience: Duration) -> usize {
        let empty = async {
            loop {
                let room = self.shared.room.notified();
                if self.shared.book().outbox.is_empty() {
                    return;
                }
                room.await;
            }
        };
        let _ = timeout(patience, empty).await;
        let mut book = self.shared.book();
        book.outbox.len() + std::mem::take(&mut book.given_up)
    }
}

/// A frame beyond the bounds ends the whole stream: it may not come to that.
fn is_sendable(message: &Message) -> Result<(), Error> {
    let too_long = |field: &str, limit: usize| {
        Err(Fault::new(fault::code::TOO_LONG).field(field).limit(limit as u64).into())
    };
    if message.body.len() > limits::BODY_BYTES_MAX {
        return too_long("body", limits::BODY_BYTES_MAX);
    }
    if message.fallback.as_ref().is_some_and(|text| text.len() > limits::FALLBACK_BYTES_MAX) {
        return too_long("fallback", limits::FALLBACK_BYTES_MAX);
    }
    Ok(())
}
