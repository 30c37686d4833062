//! The life of one connection: hello first, then streams, each in a task of its own, until it ends.

use std::{
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use litrocket_protocol::{
    AccountId, Fault, Request, SessionId, account, close_code, fault::code, frame, stream_kind,
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    task::JoinSet,
    time::{Instant, timeout, timeout_at},
};

use super::{Guest, Router, Session, replies};
use crate::{
    app::App,
    hub::Device,
    limits::{self, Bucket},
    transport::{Connection, ReadError, RecvStream, SendStream, network},
};

/// One connection as the server sees it.
#[derive(Debug)]
pub struct Link {
    /// The QUIC connection.
    pub connection: Connection,
    router: Arc<Router>,
    device: OnceLock<Arc<Device>>,
    /// Whether the end was dealt with: a sign-in that was still under way would stay in the hub for ever.
    over: Mutex<bool>,
    /// Whether a hello came, answered or refused.
    hello: AtomicBool,
    greeted: AtomicBool,
    /// Whether the time is over in which a guest may ask for something.
    late: AtomicBool,
    guest_bytes: AtomicUsize,
    /// Requests that are worked on, or whose reply is on its way.
    answering: AtomicUsize,
    requests: Bucket,
    /// Unidirectional streams of the server.
    one_way: Arc<Semaphore>,
    /// One chat stream and one state stream.
    lasting: [Semaphore; 2],
}

impl Link {
    fn new(app: &App, router: Arc<Router>, connection: Connection) -> Self {
        let rate = app.config.limits.requests_per_second;
        Self {
            connection,
            router,
            device: OnceLock::new(),
            over: Mutex::new(false),
            hello: AtomicBool::new(false),
            greeted: AtomicBool::new(false),
            late: AtomicBool::new(false),
            guest_bytes: AtomicUsize::new(0),
            answering: AtomicUsize::new(0),
            requests: Bucket::new(rate, rate.saturating_mul(limits::REQUEST_BURST_SECONDS)),
            one_way: Arc::new(Semaphore::new(limits::ONE_WAY_MAX)),
            lasting: [Semaphore::new(1), Semaphore::new(1)],
        }
    }

    /// Room for one more unidirectional stream of the server.
    pub fn one_way(&self) -> Option<OwnedSemaphorePermit> {
        self.one_way.clone().try_acquire_owned().ok()
    }

    /// The connection as the hub sees it; `None` for a guest.
    pub fn device(&self) -> Option<Arc<Device>> {
        self.device.get().cloned()
    }

    /// Whether hello was answered.
    pub fn greeted(&self) -> bool {
        self.greeted.load(Ordering::Acquire)
    }

    /// Hello was answered.
    pub fn greet(&self) {
        self.greeted.store(true, Ordering::Release);
    }

    pub(super) fn sign_in(
        &self,
        app: &Arc<App>,
        account: AccountId,
        session: SessionId,
    ) -> Result<(), Fault> {
        let device = Arc::new(Device::new(self.connection.id(), account, session));
        let over = self.over.lock().unwrap_or_else(PoisonError::into_inner);
        if *over {
            return Err(Fault::new(code::NOT_SIGNED_IN));
        }
        let limits = &app.config.limits;
        let most = [limits.connections_per_account_max, limits.connections_per_session_max];
        let first = app.hub.connect(device.clone(), most).map_err(too_many_connections)?;
        if self.device.set(device.clone()).is_err() {
            app.hub.disconnect(&device);
            return Err(Fault::new(code::ALREADY_SIGNED_IN));
        }
        self.connection.signed_in();
        drop(over);
        self.router.arrived(app, &device, first);
        Ok(())
    }

    /// Waits until what the connection and its account may ask for in a second allows one thing more.
    pub async fn pays(&self, app: &App) {
        while let Err(wait_ms) = self.requests.take().and_then(|()| self.takes(app)) {
            tokio::time::sleep(Duration::from_millis(wait_ms)).await;
        }
    }

    /// Takes a request's token of the account, or, for a guest, of the address.
    fn takes(&self, app: &App) -> Result<(), u64> {
        let account = self.device().map(|device| device.account);
        app.budgets.take(account, network(self.connection.remote().ip()))
    }

    /// Whether the connection may go on: a guest who sent too much may not.
    fn check_guest(&self) -> Result<(), u32> {
        let spent = self.guest_bytes.load(Ordering::Relaxed) >= limits::GUEST_BYTES_MAX;
        if spent && self.device.get().is_none() { Err(close_code::LIMIT) } else { Ok(()) }
    }

    /// Whether somebody asks who had to sign in before.
    fn is_late_guest(&self) -> bool {
        self.late.load(Ordering::Acquire) && self.device.get().is_none()
    }

    /// A guest may send little before signing in.
    fn frame_max(&self) -> usize {
        if self.device.get().is_some() {
            return frame::FRAME_MAX;
        }
        limits::GUEST_BYTES_MAX.saturating_sub(self.guest_bytes.load(Ordering::Relaxed))
    }
}

/// Refuses one connection more. The others stay: ending one of them would let clients that come back by themselves take
/// each other's places for ever.
pub fn too_many_connections(most: u64) -> Fault {
    Fault::new(code::TOO_MANY_CONNECTIONS).limit(most).retry_after(limits::CONNECTION_RETRY_MS)
}

/// Serves a connection until it ends or the server drains.
pub async fn serve(app: Arc<App>, router: Arc<Router>, connection: Connection) {
    let link = Arc::new(Link::new(&app, router.clone(), connection));
    let mut streams = JoinSet::new();
    let code = match greet(&app, &router, &link).await {
        Ok(()) => run(&app, &router, &link, &mut streams).await,
        Err(code) => code,
    };
    if code == close_code::GOING_AWAY {
        // What was accepted is finished and acked before the connection closes.
        let grace = Duration::from_millis(app.config.server.shutdown_grace_ms);
        drop(timeout(grace, async { while streams.join_next().await.is_some() {} }).await);
    }
    streams.abort_all();
    link.connection.close(code, reason(code));
    // What a task hands to the writer comes before the word that the connection is gone, or not at all.
    while streams.join_next().await.is_some() {}
    *link.over.lock().unwrap_or_else(PoisonError::into_inner) = true;
    if let Some(device) = link.device() {
        let last = app.hub.disconnect(&device);
        app.writer.lazy().seen(device.account, device.session, app.clock.now_ms());
        router.gone(&app, &device, last);
        // The writer may be slow to hear of it: the connection's place among all others is not kept for that.
        drop(link);
        app.writer.forget(device.id).await;
    }
}

fn reason(code: u32) -> &'static str {
    match code {
        close_code::NOT_SIGNED_IN => "nobody signed in",
        close_code::REVOKED => "the session ended",
        close_code::GOING_AWAY => "the server is going away",
        close_code::LIMIT => "too much before signing in",
        _ => "",
    }
}

/// Reads streams one after the other until hello is answered; the others wait unread.
async fn greet(app: &Arc<App>, router: &Arc<Router>, link: &Arc<Link>) -> Result<(), u32> {
    let deadline = Instant::now() + Duration::from_millis(app.config.limits.guest_timeout_ms);
    while !link.greeted() {
        let stream = timeout_at(deadline, link.connection.accept_bi()).await;
        let (send, recv) = stream.map_err(|_| close_code::NOT_SIGNED_IN)?.map_err(|_| close_code::DONE)?;
        let answered =
            timeout_at(deadline, stream_task(app.clone(), router.clone(), link.clone(), send, recv));
        answered.await.map_err(|_| close_code::NOT_SIGNED_IN)?;
        link.check_guest()?;
    }
    Ok(())
}

async fn run(app: &Arc<App>, router: &Arc<Router>, link: &Arc<Link>, streams: &mut JoinSet<()>) -> u32 {
    let patience = Duration::from_millis(app.config.limits.guest_timeout_ms);
    // One time for all of a guest's requests: each of them starting it anew would keep a connection for ever.
    let deadline = Instant::now() + patience;
    loop {
        let device = link.device();
        let guest = device.is_none();
        // What a guest asked in time is still answered: the sign-in itself may wait for its turn.
        let late = guest && Instant::now() >= deadline;
        if late {
            link.late.store(true, Ordering::Release);
        }
        if late && link.answering.load(Ordering::Acquire) == 0 {
            return close_code::NOT_SIGNED_IN;
        }
        let ended = async {
            match &device {
                Some(device) => device.ended.notified().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            stream = link.connection.accept_bi(), if !late => {
                let Ok((send, recv)) = stream else { return close_code::DONE };
                streams.spawn(stream_task(app.clone(), router.clone(), link.clone(), send, recv));
            }
            stream = link.connection.accept_uni(), if !late => {
                let Ok(mut recv) = stream else { return close_code::DONE };
                // A guest has nothing to bring.
                if guest {
                    recv.stop(close_code::UNKNOWN_STREAM);
                    continue;
                }
                streams.spawn(one_way_task(app.clone(), router.clone(), link.clone(), recv));
            }
            Some(_) = streams.join_next(), if !streams.is_empty() => {
                // Streams that come and go at once leave nothing behind.
                while streams.try_join_next().is_some() {}
            }
            () = tokio::time::sleep_until(deadline), if guest && !late => {}
            () = ended => {
                // The state stream gets a moment to say why.
                tokio::time::sleep(limits::REVOKE_GRACE).await;
                return close_code::REVOKED;
            }
            () = app.until_draining() => return close_code::GOING_AWAY,
        }
        if let Err(code) = link.check_guest() {
            return code;
        }
    }
}

async fn stream_task(
    app: Arc<App>,
    router: Arc<Router>,
    link: Arc<Link>,
    send: SendStream,
    mut recv: RecvStream,
) {
    let kind = match timeout(limits::STREAM_IDLE, recv.varint()).await {
        Ok(Ok(Some(kind))) => kind,
        nothing => {
            let code = no_kind(nothing.is_err());
            recv.stop(code);
            return send.reset(code);
        }
    };
    match kind {
        // Boxed: the task of a stream that lasts does not hold the room of a request.
        stream_kind::REQUEST => Box::pin(request(app, router, link, send, recv)).await,
        kind => match router.streams.get(&kind) {
            None => refuse(send, recv, &Fault::new(code::UNKNOWN_STREAM)).await,
            Some(handler) => {
                let session = <Session as super::Caller>::admit(&app, &link);
                let slot = &link.lasting[usize::from(kind == stream_kind::STATE)];
                match session {
                    Err(fault) => refuse(send, recv, &fault).await,
                    Ok(_) if timeout(limits::REQUEST_TIME, link.pays(&app)).await.is_err() => {
                        refuse(send, recv, &Fault::new(code::RATE_LIMITED).retry_after(1000)).await;
                    }
                    // One at a time; the one before may still be writing its last acks.
                    Ok(session) => match timeout(limits::STREAM_HANDOVER, slot.acquire()).await {
                        Ok(Ok(_one)) => handler(session, send, recv).await,
                        _ => refuse(send, recv, &Fault::new(code::TOO_MANY).limit(1)).await,
                    },
                }
            }
        },
    }
}

/// How a stream ends that does not say what it is: in time, or at all.
fn no_kind(late: bool) -> u32 {
    if late { close_code::TOO_SLOW } else { close_code::BAD_FRAME }
}

async fn one_way_task(app: Arc<App>, router: Arc<Router>, link: Arc<Link>, mut recv: RecvStream) {
    let kind = match timeout(limits::STREAM_IDLE, recv.varint()).await {
        Ok(Ok(Some(kind))) => kind,
        nothing => return recv.stop(no_kind(nothing.is_err())),
    };
    let Some(handler) = router.one_way.get(&kind) else {
        recv.stop(close_code::UNKNOWN_STREAM);
        return;
    };
    match <Session as super::Caller>::admit(&app, &link) {
        Ok(session) => handler(session, recv).await,
        Err(_) => recv.stop(close_code::NOT_SIGNED_IN),
    }
}

async fn refuse(mut send: SendStream, mut recv: RecvStream, fault: &Fault) {
    recv.stop(close_code::UNKNOWN_STREAM);
    if send.write(frame::encode(frame::FAULT, fault)).await.is_ok() {
        send.finish();
    }
}

/// One request frame, one reply frame.
async fn request(
    app: Arc<App>,
    router: Arc<Router>,
    link: Arc<Link>,
    mut send: SendStream,
    mut recv: RecvStream,
) {
    let max = link.frame_max();
    let mut _answering = None;
    let Ok(frame) = timeout(limits::REQUEST_READ_TIME, recv.paced_frame(max)).await else {
        recv.stop(close_code::TOO_SLOW);
        send.reset(close_code::TOO_SLOW);
        return;
    };
    let reply = match frame {
        // Streams that were begun in time and are not read to their end keep nobody here.
        Ok(Some(_)) if link.is_late_guest() => return,
        Ok(Some((code_number, body))) => {
            link.answering.fetch_add(1, Ordering::AcqRel);
            _answering = Some(Answering(&link));
            if link.device.get().is_none() {
                link.guest_bytes.fetch_add(body.len() + 16, Ordering::Relaxed);
            }
            let answer = answer(&app, &router, &link, code_number, body);
            tokio::select! {
                reply = answer => reply,
                // The caller gave up: what the writer accepted goes on, everything else ends here.
                () = send.stopped() => return,
            }
        }
        Ok(None) => encode_fault(&Fault::new(code::BAD_FRAME).message("a request stream without a request")),
        Err(ReadError::TooSlow) => {
            recv.stop(close_code::TOO_SLOW);
            send.reset(close_code::TOO_SLOW);
            return;
        }
        Err(error) => {
            let Some(fault) = error.fault(max) else { return };
            recv.stop(close_code::BAD_FRAME);
            if link.device.get().is_none() {
                link.guest_bytes.fetch_add(limits::GUEST_BYTES_MAX, Ordering::Relaxed);
            }
            encode_fault(&fault)
        }
    };
    let (reply, _held) = with_room(&app, &link, reply);
    // A reader that does not take its reply within the time loses it: the stream is reset when it is dropped.
    let time = if link.device.get().is_some() { limits::REPLY_WRITE_TIME } else { limits::GUEST_REPLY_TIME };
    if !matches!(timeout(time, send.write(reply)).await, Ok(Ok(()))) {
        return;
    }
    if link.device.get().is_some() && !app.is_draining() {
        return send.finish();
    }
    // The connection may be closed right after it, and what is not delivered by then is lost.
    drop(timeout(limits::LAST_REPLY_TIME, send.finish_and_wait()).await);
}

/// The reply, where it has room to wait for its reader; otherwise what says that it has none.
fn with_room(app: &App, link: &Link, reply: bytes::Bytes) -> (bytes::Bytes, Option<replies::Held>) {
    let Some(device) = link.device() else { return (reply, None) };
    match replies::hold(app, device, reply.len()) {
        Ok(held) => (reply, Some(held)),
        Err(most) => {
            let fault = Fault::new(code::BUSY).limit(most as u64).retry_after(limits::REPLY_RETRY_MS);
            (encode_fault(&fault.message("Replies that you do not read wait already.")), None)
        }
    }
}

/// A request that is answered, until it is dropped.
struct Answering<'a>(&'a Link);

impl Drop for Answering<'_> {
    fn drop(&mut self) {
        self.0.answering.fetch_sub(1, Ordering::AcqRel);
    }
}

fn encode_fault(fault: &Fault) -> bytes::Bytes {
    frame::encode(frame::FAULT, fault)
}

async fn answer(
    app: &Arc<App>,
    router: &Arc<Router>,
    link: &Arc<Link>,
    code_number: u64,
    body: bytes::Bytes,
) -> bytes::Bytes {
    if !link.greeted() && code_number != account::Hello::CODE {
        return encode_fault(&Fault::new(code::HELLO_FIRST));
    }
    if app.is_draining() {
        return encode_fault(&Fault::new(code::GOING_AWAY).retry_after(limits::GOING_AWAY_RETRY_MS));
    }
    // Connections are counted, so a connection's first hello is free: coming back after a restart spends nothing.
    let first = code_number == account::Hello::CODE && !link.hello.swap(true, Ordering::Relaxed);
    let budgeted = || if first { Ok(()) } else { link.takes(app) };
    if let Err(wait_ms) = link.requests.take().and_then(|()| budgeted()) {
        return encode_fault(&Fault::new(code::RATE_LIMITED).retry_after(wait_ms));
    }
    match timeout(limits::REQUEST_TIME, router.dispatch(app, link, code_number, body)).await {
        Ok(reply) => reply,
        Err(_) => encode_fault(&Fault::new(code::TIMED_OUT)),
    }
}

impl Guest {
    /// Whether this connection was greeted already.
    pub fn greeted(&self) -> bool {
        self.link.greeted()
    }
}
