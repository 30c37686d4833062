//! From a code to a typed handler: who may call, panics fenced, faults made at one place.
//!
//! Knows no feature: `features::routes` registers handlers with [`Router::on`]. A handler is an
//! `async fn(Guest, Request) -> Result<Reply>` or `async fn(Session, Request) -> Result<Reply>`; who may call
//! follows from its first argument and has to equal the protocol's table. Start with [`Router::dispatch`];
//! [`serve`] is the life of one connection, [`Link`] what is known of it.

mod budgets;
mod connection;
mod link;
mod replies;
mod request;

use std::{collections::HashMap, future::Future, net::SocketAddr, pin::Pin, sync::Arc};

use bytes::Bytes;
use litrocket_protocol::{AccountId, Fault, Request, SessionId, Who, fault::code, frame, requests};

use crate::{
    app::App,
    error::Result,
    hub::Device,
    transport::{RecvStream, SendStream},
};

pub use budgets::Budgets;
pub use connection::serve;
pub use link::{Link, too_many_connections};

/// A caller that said hello and is not signed in.
#[derive(Debug, Clone)]
pub struct Guest {
    /// The server.
    pub app: Arc<App>,
    /// The connection.
    pub link: Arc<Link>,
}

impl Guest {
    /// Where the caller is.
    pub fn remote(&self) -> SocketAddr {
        self.link.connection.remote()
    }

    /// From now on the connection is the account's; not when it is signed in already, or the account has as many
    /// connections as it may have.
    pub fn sign_in(&self, account: AccountId, session: SessionId) -> Result<(), Fault> {
        self.link.sign_in(&self.app, account, session)
    }
}

/// A signed-in caller. Only the router makes it, so whoever has one is who it says.
#[derive(Debug, Clone)]
pub struct Session {
    /// The server.
    pub app: Arc<App>,
    /// The connection.
    pub link: Arc<Link>,
    /// The connection as the hub sees it.
    pub device: Arc<Device>,
}

impl Session {
    /// The caller's account.
    pub fn account(&self) -> AccountId {
        self.device.account
    }

    /// The caller's session.
    pub fn session(&self) -> SessionId {
        self.device.session
    }
}

/// Logs what a signed-in caller did to an account, a session or a role: who, by which session, from where.
macro_rules! noted {
    ($caller:expr, $($rest:tt)*) => {
        tracing::info!(
            account = %$caller.account(),
            session = %$caller.session(),
            address = %$caller.link.connection.remote(),
            $($rest)*
        )
    };
}
pub(crate) use noted;

/// Who a handler takes as its first argument.
pub trait Caller: Sized + Send + 'static {
    /// What the protocol's table says about its requests.
    const WHO: Who;

    /// The caller, if the connection is one.
    fn admit(app: &Arc<App>, link: &Arc<Link>) -> Result<Self, Fault>;
}

impl Caller for Guest {
    const WHO: Who = Who::Guest;

    fn admit(app: &Arc<App>, link: &Arc<Link>) -> Result<Self, Fault> {
        if link.device().is_some() {
            return Err(Fault::new(code::ALREADY_SIGNED_IN));
        }
        Ok(Self { app: app.clone(), link: link.clone() })
    }
}

impl Caller for Session {
    const WHO: Who = Who::Session;

    fn admit(app: &Arc<App>, link: &Arc<Link>) -> Result<Self, Fault> {
        let device = link.device().ok_or_else(|| Fault::new(code::NOT_SIGNED_IN))?;
        if device.end_reason().is_some() {
            return Err(Fault::new(code::BAD_TOKEN));
        }
        Ok(Self { app: app.clone(), link: link.clone(), device })
    }
}

/// A caller for whom it does not matter: hello.
#[derive(Debug, Clone)]
pub struct Anyone(pub Guest);

impl Caller for Anyone {
    const WHO: Who = Who::Anyone;

    fn admit(app: &Arc<App>, link: &Arc<Link>) -> Result<Self, Fault> {
        Ok(Self(Guest { app: app.clone(), link: link.clone() }))
    }
}

/// A reply as it leaves. One that is larger than peers take never does: it would end their stream and look like a broken server.
fn reply_frame<R: Request>(reply: &R::Reply) -> Result<Bytes, Fault> {
    let frame = frame::encode(R::CODE, reply);
    let fits = frame.len() <= frame::FRAME_MAX;
    if !fits {
        tracing::error!(request = R::NAME, bytes = frame.len(), "a reply is larger than a frame");
    }
    debug_assert!(fits, "a reply to {} has {} bytes", R::NAME, frame.len());
    if fits { Ok(frame) } else { Err(Fault::new(code::INTERNAL)) }
}

type Reply = Pin<Box<dyn Future<Output = Result<Bytes, Fault>> + Send>>;
type Handler = Box<dyn Fn(Arc<App>, Arc<Link>, Bytes) -> Reply + Send + Sync>;
type Lasting = Pin<Box<dyn Future<Output = ()> + Send>>;
type StreamHandler = Box<dyn Fn(Session, SendStream, RecvStream) -> Lasting + Send + Sync>;
type OneWayHandler = Box<dyn Fn(Session, RecvStream) -> Lasting + Send + Sync>;
type Notice = Box<dyn Fn(&Arc<App>, &Arc<Device>) + Send + Sync>;

/// Every request and long-lived stream of the server.
#[derive(Default)]
pub struct Router {
    requests: HashMap<u64, Handler>,
    streams: HashMap<u64, StreamHandler>,
    one_way: HashMap<u64, OneWayHandler>,
    arrivals: Vec<Notice>,
    departures: Vec<Notice>,
}

impl std::fmt::Debug for Router {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Router({} requests)", self.requests.len())
    }
}

impl Router {
    /// Registers the handler of a request.
    ///
    /// # Panics
    /// At start, when the code has a handler already or the caller is not the one of the protocol's table.
    #[must_use]
    pub fn on<C, R, F, Fut>(mut self, handler: F) -> Self
    where
        C: Caller,
        R: Request,
        F: Fn(C, R) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = Result<R::Reply>> + Send + 'static,
    {
        assert!(C::WHO == R::WHO, "{} is for {}", R::NAME, R::WHO.name());
        let run = move |app: Arc<App>, link: Arc<Link>, body: Bytes| -> Reply {
            let handler = handler.clone();
            Box::pin(async move {
                let caller = C::admit(&app, &link)?;
                let request: R = frame::decode(&body)
                    .map_err(|error| Fault::new(code::BAD_FRAME).message(error.to_string()))?;
                let reply = handler(caller, request).await?;
                reply_frame::<R>(&reply)
            })
        };
        let earlier = self.requests.insert(R::CODE, Box::new(run));
        assert!(earlier.is_none(), "{} has two handlers", R::NAME);
        self
    }

    /// Registers the handler of a long-lived stream kind.
    #[must_use]
    pub fn on_stream<F, Fut>(mut self, kind: u64, handler: F) -> Self
    where
        F: Fn(Session, SendStream, RecvStream) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        let run = move |session, send, recv| -> Lasting { Box::pin(handler(session, send, recv)) };
        self.streams.insert(kind, Box::new(run));
        self
    }

    /// Registers the handler of a kind of unidirectional streams.
    #[must_use]
    pub fn on_one_way<F, Fut>(mut self, kind: u64, handler: F) -> Self
    where
        F: Fn(Session, RecvStream) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        let run = move |session, recv| -> Lasting { Box::pin(handler(session, recv)) };
        self.one_way.insert(kind, Box::new(run));
        self
    }

    /// Hears of every connection that signs in.
    #[must_use]
    pub fn on_arrival(mut self, notice: impl Fn(&Arc<App>, &Arc<Device>) + Send + Sync + 'static) -> Self {
        self.arrivals.push(Box::new(notice));
        self
    }

    /// Hears of every signed-in connection that ends.
    #[must_use]
    pub fn on_departure(mut self, notice: impl Fn(&Arc<App>, &Arc<Device>) + Send + Sync + 'static) -> Self {
        self.departures.push(Box::new(notice));
        self
    }

    pub(super) fn arrived(&self, app: &Arc<App>, device: &Arc<Device>) {
        self.arrivals.iter().for_each(|notice| notice(app, device));
    }

    pub(super) fn gone(&self, app: &Arc<App>, device: &Arc<Device>) {
        self.departures.iter().for_each(|notice| notice(app, device));
    }

    /// Requests of the protocol that have no handler.
    pub fn missing(&self) -> Vec<&'static str> {
        requests::ALL
            .iter()
            .filter(|info| !self.requests.contains_key(&info.code))
            .map(|info| info.name)
            .collect()
    }

    /// Runs one request to its reply frame.
    pub async fn dispatch(&self, app: &Arc<App>, link: &Arc<Link>, code_number: u64, body: Bytes) -> Bytes {
        let reply = match self.requests.get(&code_number) {
            None => Err(Fault::new(code::UNKNOWN_REQUEST)),
            Some(handler) => fenced(handler(app.clone(), link.clone(), body)).await,
        };
        reply.unwrap_or_else(|fault| frame::encode(frame::FAULT, &fault))
    }
}

/// A handler that panics ends one request, nothing else.
async fn fenced(reply: Reply) -> Result<Bytes, Fault> {
    let mut task = tokio::task::JoinSet::new();
    task.spawn(reply);
    match task.join_next().await {
        Some(Ok(reply)) => reply,
        Some(Err(error)) => {
            tracing::error!(%error, "a handler panicked");
            Err(Fault::new(code::INTERNAL))
        }
        None => Err(Fault::new(code::INTERNAL)),
    }
}
