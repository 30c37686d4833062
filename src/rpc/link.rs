//! One connection as the server sees it: whose it is, what it may still do.

use std::{
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use litrocket_protocol::{AccountId, Fault, SessionId, close_code, fault::code, frame};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{Guest, Router};
use crate::{
    app::App,
    hub::Device,
    limits::{self, Bucket, network},
    lock::lock,
    transport::Connection,
};

/// One connection as the server sees it.
#[derive(Debug)]
pub struct Link {
    /// The QUIC connection.
    pub connection: Connection,
    pub(super) router: Arc<Router>,
    pub(super) device: OnceLock<Arc<Device>>,
    /// Whether the end was dealt with: a sign-in that was still under way would stay in the hub for ever.
    pub(super) over: Mutex<bool>,
    /// Whether a hello came, answered or refused.
    pub(super) hello: AtomicBool,
    greeted: AtomicBool,
    /// Whether the time is over in which a guest may ask for something.
    pub(super) late: AtomicBool,
    pub(super) guest_bytes: AtomicUsize,
    /// Requests that are worked on, or whose reply is on its way.
    pub(super) answering: AtomicUsize,
    pub(super) requests: Bucket,
    /// Unidirectional streams of the server.
    one_way: Arc<Semaphore>,
    /// One chat stream and one state stream.
    pub(super) lasting: [Semaphore; 2],
}

impl Link {
    pub(super) fn new(app: &App, router: Arc<Router>, connection: Connection) -> Self {
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
        let over = lock(&self.over);
        if *over {
            return Err(Fault::new(code::NOT_SIGNED_IN));
        }
        let limits = &app.config.limits;
        let most = [limits.connections_per_account_max, limits.connections_per_session_max];
        app.hub.connect(device.clone(), most).map_err(too_many_connections)?;
        if self.device.set(device.clone()).is_err() {
            app.hub.disconnect(&device);
            return Err(Fault::new(code::ALREADY_SIGNED_IN));
        }
        self.connection.signed_in();
        drop(over);
        self.router.arrived(app, &device);
        Ok(())
    }

    /// Waits until what the connection and its account may ask for in a second allows one thing more.
    pub async fn pays(&self, app: &App) {
        while let Err(wait_ms) = self.requests.take().and_then(|()| self.takes(app)) {
            tokio::time::sleep(Duration::from_millis(wait_ms)).await;
        }
    }

    /// Takes a request's token of the account, or, for a guest, of the address.
    pub(super) fn takes(&self, app: &App) -> Result<(), u64> {
        let account = self.device().map(|device| device.account);
        app.budgets.take(account, network(self.connection.remote().ip()))
    }

    /// Whether the connection may go on: a guest who sent too much may not.
    pub(super) fn check_guest(&self) -> Result<(), u32> {
        let spent = self.guest_bytes.load(Ordering::Relaxed) >= limits::GUEST_BYTES_MAX;
        if spent && self.device.get().is_none() { Err(close_code::LIMIT) } else { Ok(()) }
    }

    /// Whether somebody asks who had to sign in before.
    pub(super) fn is_late_guest(&self) -> bool {
        self.late.load(Ordering::Acquire) && self.device.get().is_none()
    }

    /// A guest may send little before signing in.
    pub(super) fn frame_max(&self) -> usize {
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

impl Guest {
    /// Whether this connection was greeted already.
    pub fn greeted(&self) -> bool {
        self.link.greeted()
    }
}
