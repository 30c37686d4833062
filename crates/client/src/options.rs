//! How to connect.

use std::{path::PathBuf, time::Duration};

use crate::{Address, Trust};

/// How to connect.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where the server is.
    pub address: Address,
    /// Which server is trusted. [`Options::new`] takes the address's fingerprint, else the system's roots.
    pub trust: Trust,
    /// The token of a session to resume.
    pub token: Option<Vec<u8>>,
    /// Where cursors and unsent messages are kept; nothing is kept without it.
    pub state_file: Option<PathBuf>,
    /// Program and version, for the server's log.
    pub client_name: String,
    /// How long the first connection, and a call while reconnecting, may take.
    pub connect_timeout: Duration,
    /// How long a call goes on asking a server that asks it to come again (`busy`, `rate_limited`, `unavailable`,
    /// `going_away`) before that is its error. Zero: it is never asked again.
    pub patience: Duration,
    /// Whether a lost connection is made again.
    pub reconnect: bool,
    /// How often a silent connection is kept alive: the bound for noticing that it is dead.
    pub keep_alive: Duration,
    /// Whether hello goes out in the first flight (0-RTT) when a connection is made again to a server that allows it. It
    /// saves a round trip. Nothing else ever goes there: a flight can be sent again by others.
    pub early_hello: bool,
}

impl Options {
    /// The defaults for a server.
    pub fn new(address: Address) -> Self {
        let trust = address.ca.map_or(Trust::System, Trust::Pin);
        Self {
            address,
            trust,
            token: None,
            state_file: None,
            client_name: concat!("litrocket-client/", env!("CARGO_PKG_VERSION")).into(),
            connect_timeout: Duration::from_secs(10),
            patience: Duration::from_secs(5),
            reconnect: true,
            keep_alive: Duration::from_secs(5),
            early_hello: true,
        }
    }
}
