//! What every handler needs: the parts of the running server, and its clock.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{SystemTime, UNIX_EPOCH},
};

use litrocket_protocol::AccountId;
use tokio::sync::watch;

use crate::{
    config::Config,
    db::{Db, SearchIndex},
    features::{
        account::{Names, Passwords, Throttle},
        announcements::Newest,
        files::Files,
        mail::Mail,
        presence::Watchers,
        words::{Dictionary, Translator},
    },
    hub::Hub,
    limits::{Bucket, RateLimits},
    rpc::Budgets,
    turns::Turns,
    writer::{Handle, Identity},
};

/// The running server.
#[derive(Debug)]
pub struct App {
    /// The configuration.
    pub config: Config,
    /// The clock.
    pub clock: Clock,
    /// Reading.
    pub db: Db,
    /// Writing.
    pub writer: Handle,
    /// Who is connected.
    pub hub: Arc<Hub>,
    /// What makes this server itself.
    pub identity: Identity,
    /// The pool of password hashes.
    pub passwords: Passwords,
    /// Budgets of failed sign-ins.
    pub throttle: Throttle,
    /// Hides the names of deleted accounts.
    pub names: Names,
    /// The mail server and what codes are made with.
    pub mail: Mail,
    /// Whose turn it is to search.
    pub searches: Turns,
    /// Whose export it is.
    pub exports: Turns,
    /// The full-text index.
    pub search: SearchIndex,
    /// The dictionary.
    pub dictionary: Dictionary,
    /// The translation engine.
    pub translator: Translator,
    /// The storage of files and what is under way to it.
    pub files: Files,
    /// The newest announcement.
    pub newest_announcement: Newest,
    /// Who watches whose presence.
    pub watchers: Watchers,
    /// Each account's rate of sends.
    pub sends: RateLimits<AccountId>,
    /// Room for all sends that wait for the writer.
    pub send_room: Arc<tokio::sync::Semaphore>,
    /// What accounts and networks may still ask for.
    pub budgets: Budgets,
    /// HOST:PORT as addresses for others name it.
    pub public_address: String,
    /// The fingerprint of the local CA; empty for the operator's own certificate.
    pub ca_sha256: String,
    /// True once the server goes away.
    pub draining: watch::Receiver<bool>,
}

impl App {
    /// Whether the server is going away.
    pub fn is_draining(&self) -> bool {
        *self.draining.borrow()
    }

    /// Waits until the server goes away.
    pub async fn until_draining(&self) {
        let mut draining = self.draining.clone();
        // The sender lives as long as the server: there is no error to wait for.
        let _ = draining.wait_for(|on| *on).await.is_ok();
    }

    /// The account's rate of sends, shared by its devices.
    pub fn send_rate(&self, account: AccountId) -> Arc<Bucket> {
        self.sends.of(account)
    }
}

/// The server's clock. Only here the system is asked for the time, so that tests can set it.
#[derive(Debug, Clone, Default)]
pub struct Clock {
    offset_ms: Arc<AtomicI64>,
}

impl Clock {
    /// Milliseconds since 1970 UTC.
    pub fn now_ms(&self) -> u64 {
        u64::try_from(self.now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis()))
            .unwrap_or(u64::MAX)
            .saturating_add_signed(self.offset_ms.load(Ordering::Relaxed))
    }

    /// The system's time.
    #[expect(clippy::disallowed_methods, reason = "this is the app's clock")]
    pub fn now(&self) -> SystemTime {
        SystemTime::now()
    }

    /// Sets the clock off by some milliseconds.
    pub fn set_offset_ms(&self, offset: i64) {
        self.offset_ms.store(offset, Ordering::Relaxed);
    }
}
