//! The load harness: a real server process under load, and in the same run its ceiling.
//!
//! A [`Scenario`] is data (TOML). [`run`] seeds a data folder, starts the server as a process of its own, drives it
//! over loopback with the peers of [`mod@peer`], measures the process, then does the same with the ceiling of
//! [`mod@ceiling`]: the same QUIC endpoint and the same rows, and nothing of a messenger. What only the server can do
//! (fill a data folder, open the endpoint) it lends through [`Host`]; nothing here knows its parts.
#![warn(missing_docs)]

pub mod attack;
pub mod ceiling;
mod command;
mod line;
mod load;
mod measure;
mod nginx;
mod peer;
mod process;
mod report;
mod scenario;

use std::{future::Future, net::SocketAddr, path::Path, pin::Pin};

pub use command::{BenchArgs, run};
pub use scenario::Scenario;

/// Why a run failed.
#[derive(Debug)]
pub struct Error(pub String);

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Error {}

impl Error {
    /// With what was tried.
    pub fn new(what: &str, cause: impl std::fmt::Display) -> Self {
        Self(format!("{what}: {cause}"))
    }
}

/// A result of the harness.
pub type Result<T> = std::result::Result<T, Error>;

/// A future of the host.
pub type HostFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T>> + 'a>>;

/// An account to put into the store.
#[derive(Debug, Clone)]
pub struct SeedAccount {
    /// Its id; its handle is `person` and this number.
    pub id: u64,
    /// The token of its one session.
    pub token: [u8; 32],
}

/// A conversation to put into the store.
#[derive(Debug, Clone)]
pub struct SeedConversation {
    /// Its id.
    pub id: u64,
    /// Its members; two make a one-to-one, more a group whose owner is the first.
    pub members: Vec<u64>,
    /// Messages that are there already, in turn from all members.
    pub messages: u64,
}

/// What a data folder holds before the start.
#[derive(Debug, Clone, Default)]
pub struct Seed {
    /// Accounts, all with the password [`PASSWORD`].
    pub accounts: Vec<SeedAccount>,
    /// Conversations.
    pub conversations: Vec<SeedConversation>,
    /// Friendships.
    pub friends: Vec<(u64, u64)>,
    /// Moments of each account, in turn; each with a like and a comment of its author.
    pub moments: u64,
}

/// The password of every seeded account.
pub const PASSWORD: &str = "correct horse battery";

/// The words of the messages that are seeded: every message holds [`COMMON_WORD`], one in a thousand [`RARE_WORD`].
pub const COMMON_WORD: &str = "launch";
/// A word that few messages hold.
pub const RARE_WORD: &str = "parachute";

/// An event of the log, as the store has it at the end.
#[derive(Debug, Clone)]
pub struct Stored {
    /// The event as it is sent now.
    pub event: litrocket_protocol::event::Event,
    /// Whether its body was taken away.
    pub gone: bool,
}

/// What the server lends to the harness.
pub trait Host: Sync {
    /// Fills a data folder through the store.
    fn seed<'a>(&'a self, folder: &'a Path, seed: &'a Seed) -> HostFuture<'a, ()>;
    /// Opens the server's QUIC endpoint, without the server behind it. Call it inside a tokio runtime.
    fn endpoint(&self, listen: SocketAddr, folder: &Path) -> Result<quinn::Endpoint>;
    /// Checks [`PASSWORD`] against a stored hash, at the default cost.
    fn check_password(&self) -> Pin<Box<dyn Future<Output = Result<()>> + Send + '_>>;
    /// Rows of all tables of a data folder.
    fn rows<'a>(&'a self, folder: &'a Path) -> HostFuture<'a, u64>;
    /// Every event of the log of a data folder that no server uses, in the order of the log.
    fn log<'a>(&'a self, folder: &'a Path) -> HostFuture<'a, Vec<Stored>>;
    /// The statements that make the tables, for the ceiling's database.
    fn schema(&self) -> &'static str;
}
