//! QUIC, TLS, calls over HTTP and mail: the only place that names quinn, rustls, rcgen, hyper and lettre. Knows streams
//! and bytes, no feature.
//!
//! Start with [`Listener::bind`]: it makes or loads certificates and keys, opens the UDP socket and hands out
//! [`Connection`]s whose handshake is done. Streams are wrapped so that a cancelled one is reset, never finished.

mod admission;
mod certs;
mod cid;
mod connection;
mod http;
mod keys;
mod listener;
mod mail;
mod sessions;
mod streams;

use std::{net::SocketAddr, path::PathBuf, time::Duration};

pub use certs::{Identity, host_name};
pub use connection::{Closed, Connection};
pub use http::{HttpAnswer, HttpError, HttpServer};
pub use listener::{Listener, endpoint};
pub use mail::{MailError, MailOptions, Mailer};
pub use streams::{ReadError, RecvStream, SendStream, WriteError};

/// How the listener is set up.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where to listen. `[::]` serves IPv4 too.
    pub listen: SocketAddr,
    /// Where the local CA and the server's certificate are.
    pub certs_dir: PathBuf,
    /// Where keys and TLS sessions are kept.
    pub data_dir: PathBuf,
    /// Names for the certificate beside localhost, the loopback addresses and the host name.
    pub names: Vec<String>,
    /// The operator's own certificate chain and key, as PEM files.
    pub certificate: Option<(PathBuf, PathBuf)>,
    /// Silence after which a connection ends.
    pub idle_timeout: Duration,
    /// How often a silent connection is kept alive.
    pub keep_alive: Duration,
    /// Connections at the same time.
    pub connections_max: usize,
    /// Connections at the same time from one IPv4 address or IPv6 /64 network.
    pub connections_per_address_max: usize,
    /// Handshakes at the same time, beside the connections.
    pub handshakes_max: usize,
    /// Handshakes at the same time from addresses that have not shown that they are theirs; above, they are
    /// asked to.
    pub handshakes_unvalidated_max: usize,
    /// Bidirectional streams a peer may have open.
    pub bidi_streams_max: u32,
    /// Unidirectional streams a peer may have open.
    pub uni_streams_max: u32,
    /// Whether data in the first flight is accepted from resumed sessions.
    pub zero_rtt: bool,
    /// Whether the kernel may send several packets in one call.
    pub gso: bool,
}
