//! The listener: admission, handshakes, the end.

use std::{
    io,
    net::{SocketAddr, UdpSocket},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

use quinn::{
    Endpoint, EndpointConfig, IdleTimeout, Incoming, MtuDiscoveryConfig, ServerConfig, TransportConfig,
    VarInt,
};
use quinn_proto::crypto::rustls::QuicServerConfig;
use tokio::{sync::mpsc, task::JoinHandle};

use super::{
    Identity, Options,
    admission::{Entry, Handshakes, LINGER, Places, Running},
    certs,
    cid::Generator,
    connection::Connection,
    keys,
    sessions::Sessions,
};
use crate::{cause, cause::Cause};

/// Stream data that may arrive before it is read, in bytes.
const STREAM_WINDOW: u32 = 256 * 1024;
/// The same for a whole connection: four stalled streams with files leave half of it for chat.
pub(super) const CONNECTION_WINDOW: u32 = 2 * 1024 * 1024;
/// The same before anybody signed in: a guest says little.
const GUEST_WINDOW: u32 = 64 * 1024;
/// What the kernel may hold of the one socket, in bytes: Linux's default of 208 KiB drops most of the first packets when a
/// thousand clients come back at once, and QUIC then waits seconds to repeat them.
const SOCKET_BUFFER: usize = 4 * 1024 * 1024;
/// Data under way without an acknowledgement, at first; delivery raises it for readers that read.
pub(super) const SEND_WINDOW: u64 = 48 * 1024;
/// Attempts that nobody has looked at yet or that wait for a place, each about 11 KiB with its keys, and the bytes that may come
/// with them. More are refused, and come again.
const INCOMING_MAX: usize = 2048;
const INCOMING_BYTES: u64 = 16 * 1024;
const INCOMING_BYTES_TOTAL: u64 = 16 * 1024 * 1024;
/// quinn's default of one reset each 20 ms would take minutes to tell 10,000 clients of a crash.
const RESET_INTERVAL: Duration = Duration::from_micros(200);
/// How often the certificate is looked at.
const RENEW_INTERVAL: Duration = Duration::from_secs(86_400);
/// How often a handshake is asked how long it takes already, and those that wait whether they wait too long.
const HANDSHAKE_TICK: Duration = Duration::from_millis(500);
/// Connections with a finished handshake that wait to be taken.
const READY_MAX: usize = 256;

/// Accepts connections on one UDP socket.
#[derive(Debug)]
pub struct Listener {
    endpoint: Endpoint,
    ready: tokio::sync::Mutex<mpsc::Receiver<Connection>>,
    renewing: JoinHandle<()>,
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.renewing.abort();
    }
}

/// Looks at the certificate once a day.
async fn renew(certificate: Arc<certs::Current>, now: impl Fn() -> SystemTime) {
    loop {
        tokio::time::sleep(RENEW_INTERVAL).await;
        match certificate.renew(now()) {
            Ok(()) => tracing::debug!("the certificate was looked at"),
            Err(error) => {
                tracing::error!(%error, "the certificate cannot be renewed: the one that is there goes on");
            }
        }
    }
}

impl Listener {
    /// Loads or makes certificates and keys and opens the socket. Call it inside a tokio runtime.
    pub fn bind(
        options: &Options,
        now: impl Fn() -> SystemTime + Send + 'static,
    ) -> Result<(Self, Identity), Cause> {
        let (endpoint, identity, certificate) = open(options, now())?;
        let renewing = tokio::spawn(renew(certificate, now));
        let (connections, ready) = mpsc::channel(READY_MAX);
        tokio::spawn(admit(endpoint.clone(), options.clone(), connections));
        Ok((Self { endpoint, ready: tokio::sync::Mutex::new(ready), renewing }, identity))
    }

    /// Where it listens.
    pub fn local_addr(&self) -> Result<SocketAddr, Cause> {
        self.endpoint.local_addr().map_err(|error| cause!("the socket has no address: {}", error))
    }

    /// The next connection whose handshake is done; `None` when the listener is closed.
    pub async fn accept(&self) -> Option<Connection> {
        self.ready.lock().await.recv().await
    }

    /// Refuses new connections from now on.
    pub fn stop_admitting(&self) {
        self.endpoint.set_server_config(None);
    }

    /// Closes what is left and waits until the peers know, at most `grace`.
    pub async fn close(&self, code: u32, reason: &str, grace: Duration) {
        self.endpoint.close(code.into(), reason.as_bytes());
        drop(tokio::time::timeout(grace, self.endpoint.wait_idle()).await);
    }
}

/// The QUIC endpoint alone. Call it inside a tokio runtime.
pub fn endpoint(options: &Options, now: SystemTime) -> Result<Endpoint, Cause> {
    open(options, now).map(|(endpoint, ..)| endpoint)
}

fn open(options: &Options, now: SystemTime) -> Result<(Endpoint, Identity, Arc<certs::Current>), Cause> {
    let (certificate, identity) = certs::Current::load(options, now)?;
    let keys = keys::load(&options.data_dir)?;
    let server = server_config(options, certificate.clone(), &keys)?;
    let hmac = |key: &[u8]| Arc::new(aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, key));
    let mut endpoint = EndpointConfig::new(hmac(&keys.reset));
    let (cid_key, generation) = (keys.cid, keys.generation);
    endpoint.cid_generator(move || Box::new(Generator { key: cid_key, generation, worker: 0 }));
    endpoint.min_reset_interval(RESET_INTERVAL);
    let socket = socket(options.listen)?;
    let runtime = quinn::default_runtime().ok_or_else(|| cause!("the listener needs a tokio runtime"))?;
    let endpoint = Endpoint::new(endpoint, Some(server), socket, runtime)
        .map_err(|error| cause!("the endpoint does not start: {}", error))?;
    Ok((endpoint, identity, certificate))
}

fn server_config(
    options: &Options,
    certificate: Arc<certs::Current>,
    keys: &keys::Keys,
) -> Result<ServerConfig, Cause> {
    let tls_error = |error: rustls::Error| cause!("the certificate is not usable: {}", &error);
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut tls = rustls::ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(tls_error)?
        .with_no_client_auth()
        .with_cert_resolver(certificate);
    tls.alpn_protocols = vec![litrocket_protocol::ALPN.to_vec()];
    tls.session_storage = Arc::new(Sessions::open(options.data_dir.join("tls-sessions"))?);
    tls.send_tls13_tickets = 1;
    tls.max_early_data_size = if options.zero_rtt { u32::MAX } else { 0 };
    let quic =
        QuicServerConfig::try_from(tls).map_err(|error| cause!("TLS is not usable for QUIC: {}", &error))?;
    let token = aws_lc_rs::hkdf::Salt::new(aws_lc_rs::hkdf::HKDF_SHA256, &[]).extract(&keys.token);
    let mut server = ServerConfig::new(Arc::new(quic), Arc::new(token));
    server.transport_config(Arc::new(transport(options)?));
    server.migration(true);
    server.max_incoming(INCOMING_MAX);
    server.incoming_buffer_size(INCOMING_BYTES);
    server.incoming_buffer_size_total(INCOMING_BYTES_TOTAL);
    Ok(server)
}

fn transport(options: &Options) -> Result<TransportConfig, Cause> {
    let mut transport = TransportConfig::default();
    let idle = IdleTimeout::try_from(options.idle_timeout)
        .map_err(|error| cause!("transport.idle_timeout_ms: {}", &error))?;
    transport
        .max_concurrent_bidi_streams(options.bidi_streams_max.into())
        .max_concurrent_uni_streams(options.uni_streams_max.into())
        .max_idle_timeout(Some(idle))
        .keep_alive_interval(Some(options.keep_alive))
        .stream_receive_window(VarInt::from_u32(STREAM_WINDOW))
        .receive_window(VarInt::from_u32(GUEST_WINDOW))
        .send_window(SEND_WINDOW)
        // Media travels in datagrams later; until then none are taken.
        .datagram_receive_buffer_size(None)
        .mtu_discovery_config(Some(MtuDiscoveryConfig::default()))
        .enable_segmentation_offload(options.gso);
    Ok(transport)
}

/// `[::]` serves IPv4 too, whatever the system's default is.
fn socket(listen: SocketAddr) -> Result<UdpSocket, Cause> {
    use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, socket_with, sockopt};
    let fail = |error: rustix::io::Errno| cause!("cannot listen on {}: {}", &listen, io::Error::from(error));
    let family = if listen.is_ipv6() { AddressFamily::INET6 } else { AddressFamily::INET };
    // A program that this one starts does not keep the port when this one ends.
    let socket = socket_with(family, SocketType::DGRAM, SocketFlags::CLOEXEC, None).map_err(fail)?;
    if listen.is_ipv6() {
        sockopt::set_ipv6_v6only(&socket, !listen.ip().is_unspecified()).map_err(fail)?;
    }
    // The kernel gives what its own limit allows (net.core.rmem_max); less is not an error.
    let _ = sockopt::set_socket_recv_buffer_size(&socket, SOCKET_BUFFER);
    let _ = sockopt::set_socket_send_buffer_size(&socket, SOCKET_BUFFER);
    bind(&socket, &listen).map_err(|error| match error {
        rustix::io::Errno::ADDRINUSE => cause!(
            "cannot listen on {}: another program listens there: stop it, or name another address with --listen",
            &listen
        ),
        other => fail(other),
    })?;
    Ok(socket.into())
}

/// Takes connection attempts as they come; each handshake runs in a task of its own.
async fn admit(endpoint: Endpoint, options: Options, ready: mpsc::Sender<Connection>) {
    let handshakes = Handshakes::new(&options);
    let admission =
        Arc::new(Admission { places: Places::new(&options), options, ready, next_id: AtomicU64::new(1) });
    loop {
        let waiting = handshakes.has_waiting();
        tokio::select! {
            incoming = endpoint.accept() => {
                let Some(incoming) = incoming else { return };
                if !admission.places.has_room(incoming.remote_address(), &admission.options) {
                    incoming.refuse();
                    continue;
                }
                let (remote, validated) = (incoming.remote_address().ip(), incoming.remote_address_validated());
                match handshakes.enters(incoming, remote, validated) {
                    Entry::Begins(incoming, running) => admission.begins(incoming, running).await,
                    Entry::MustRetry(incoming) => drop(incoming.retry()),
                    Entry::Ignored(incoming) => incoming.ignore(),
                    Entry::Waits => {}
                }
                continue;
            }
            () = handshakes.freed.notified() => {}
            () = tokio::time::sleep(HANDSHAKE_TICK), if waiting => {}
        }
        let (begin, late) = handshakes.wakes();
        for incoming in late {
            incoming.ignore();
        }
        for (incoming, running) in begin {
            admission.begins(incoming, running).await;
        }
    }
}

/// What a handshake needs to become a connection.
struct Admission {
    options: Options,
    places: Arc<Places>,
    ready: mpsc::Sender<Connection>,
    next_id: AtomicU64,
}

impl Admission {
    /// Begins a handshake and lets others have a turn: it computes for half a millisecond, and places come free in bursts.
    async fn begins(self: &Arc<Self>, incoming: Incoming, running: Running<Incoming>) {
        let admission = self.clone();
        tokio::spawn(async move {
            match shake_hands(incoming, &running).await {
                Ok(connection) => {
                    drop(running);
                    admission.becomes(connection).await;
                }
                Err(error) => {
                    tracing::debug!(error, "a handshake failed");
                    tokio::time::sleep(LINGER).await;
                    drop(running);
                }
            }
        });
        tokio::task::yield_now().await;
    }

    async fn becomes(&self, connection: quinn::Connection) {
        let Some(place) = self.places.take(connection.remote_address(), &self.options) else {
            connection.close(litrocket_protocol::close_code::LIMIT.into(), b"too many connections");
            return;
        };
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        drop(self.ready.send(Connection::new(connection, id, place)).await);
    }
}

async fn shake_hands(incoming: Incoming, running: &Running<Incoming>) -> Result<quinn::Connection, String> {
    let began = tokio::time::Instant::now();
    let mut handshake = incoming.accept().map_err(|error| error.to_string())?;
    loop {
        match tokio::time::timeout(HANDSHAKE_TICK, &mut handshake).await {
            Ok(result) => return result.map_err(|error| error.to_string()),
            Err(_) if began.elapsed() < running.patience() => {}
            Err(_) => return Err("it took too long".into()),
        }
    }
}
