//! The listener: admission, handshakes, the end.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr, SocketAddr, UdpSocket},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, SystemTime},
};

use quinn::{
    Endpoint, EndpointConfig, IdleTimeout, MtuDiscoveryConfig, ServerConfig, TransportConfig, VarInt,
};
use quinn_proto::crypto::rustls::QuicServerConfig;
use tokio::{sync::mpsc, task::JoinHandle};

use super::{
    Error, Identity, Options, certs, cid::Generator, connection::Connection, keys, sessions::Sessions,
};

/// Stream data that may arrive before it is read, in bytes.
const STREAM_WINDOW: u32 = 256 * 1024;
/// The same for a whole connection: four stalled streams with files leave half of it for chat.
const CONNECTION_WINDOW: u32 = 2 * 1024 * 1024;
/// What the kernel may hold of the one socket, in bytes: Linux's default of 208 KiB drops most of the first packets when a
/// thousand clients come back at once, and QUIC then waits seconds to repeat them.
const SOCKET_BUFFER: usize = 4 * 1024 * 1024;
/// Data under way without an acknowledgement, at first; delivery raises it for readers that read.
pub(super) const SEND_WINDOW: u64 = 48 * 1024;
/// Handshakes that may wait for their turn, and the bytes that may come with them.
const INCOMING_MAX: usize = 4096;
const INCOMING_BYTES: u64 = 16 * 1024;
const INCOMING_BYTES_TOTAL: u64 = 16 * 1024 * 1024;
/// quinn's default of one reset each 20 ms would take minutes to tell 10,000 clients of a crash.
const RESET_INTERVAL: Duration = Duration::from_micros(200);
/// How often the certificate is looked at.
const RENEW_INTERVAL: Duration = Duration::from_secs(86_400);
/// How long a handshake may take.
const HANDSHAKE_TIME: Duration = Duration::from_secs(10);
/// Connections with a finished handshake that wait to be taken.
const READY_MAX: usize = 256;

/// Counts connections, in all and per address.
#[derive(Debug, Default)]
pub(super) struct Places {
    per_address: Mutex<HashMap<IpAddr, usize>>,
    all: AtomicUsize,
    unvalidated: AtomicUsize,
}

/// One connection's place in the counts.
#[derive(Debug)]
pub(super) struct Place {
    places: Arc<Places>,
    address: IpAddr,
}

impl Places {
    fn take(self: &Arc<Self>, remote: SocketAddr, options: &Options) -> Option<Place> {
        let address = network(remote.ip());
        let mut counts = self.per_address.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(address).or_default();
        let full = *count >= options.connections_per_address_max
            || self.all.load(Ordering::Relaxed) >= options.connections_max;
        if full {
            if *count == 0 {
                counts.remove(&address);
            }
            return None;
        }
        *count += 1;
        self.all.fetch_add(1, Ordering::Relaxed);
        Some(Place { places: self.clone(), address })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = self.places.per_address.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.address);
            }
        }
        self.places.all.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Who an address belongs to: an IPv4 address, or an IPv6 /64 network.
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
    }
}

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
    ) -> Result<(Self, Identity), Error> {
        let (endpoint, identity, certificate) = open(options, now())?;
        let renewing = tokio::spawn(renew(certificate, now));
        let (connections, ready) = mpsc::channel(READY_MAX);
        tokio::spawn(admit(endpoint.clone(), options.clone(), connections));
        Ok((Self { endpoint, ready: tokio::sync::Mutex::new(ready), renewing }, identity))
    }

    /// Where it listens.
    pub fn local_addr(&self) -> Result<SocketAddr, Error> {
        self.endpoint.local_addr().map_err(|error| Error::new("the socket has no address", error))
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
    pub async fn close(&self, grace: Duration) {
        self.endpoint.close(litrocket_protocol::close_code::GOING_AWAY.into(), b"the server is going away");
        drop(tokio::time::timeout(grace, self.endpoint.wait_idle()).await);
    }
}

/// The QUIC endpoint alone. Call it inside a tokio runtime.
pub fn endpoint(options: &Options, now: SystemTime) -> Result<Endpoint, Error> {
    open(options, now).map(|(endpoint, ..)| endpoint)
}

fn open(options: &Options, now: SystemTime) -> Result<(Endpoint, Identity, Arc<certs::Current>), Error> {
    let (certificate, identity) = certs::Current::load(options, now)?;
    let keys = keys::load(&options.data_dir)?;
    let server = server_config(options, certificate.clone(), &keys)?;
    let hmac = |key: &[u8]| Arc::new(aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, key));
    let mut endpoint = EndpointConfig::new(hmac(&keys.reset));
    let (cid_key, generation) = (keys.cid, keys.generation);
    endpoint.cid_generator(move || Box::new(Generator { key: cid_key, generation, worker: 0 }));
    endpoint.min_reset_interval(RESET_INTERVAL);
    let socket = socket(options.listen)?;
    let runtime =
        quinn::default_runtime().ok_or_else(|| Error::new("the listener", "needs a tokio runtime"))?;
    let endpoint = Endpoint::new(endpoint, Some(server), socket, runtime)
        .map_err(|error| Error::new("the endpoint does not start", error))?;
    Ok((endpoint, identity, certificate))
}

fn server_config(
    options: &Options,
    certificate: Arc<certs::Current>,
    keys: &keys::Keys,
) -> Result<ServerConfig, Error> {
    let tls_error = |error: rustls::Error| Error::new("the certificate is not usable", error);
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
        QuicServerConfig::try_from(tls).map_err(|error| Error::new("TLS is not usable for QUIC", error))?;
    let token = aws_lc_rs::hkdf::Salt::new(aws_lc_rs::hkdf::HKDF_SHA256, &[]).extract(&keys.token);
    let mut server = ServerConfig::new(Arc::new(quic), Arc::new(token));
    server.transport_config(Arc::new(transport(options)?));
    server.migration(true);
    server.max_incoming(INCOMING_MAX);
    server.incoming_buffer_size(INCOMING_BYTES);
    server.incoming_buffer_size_total(INCOMING_BYTES_TOTAL);
    Ok(server)
}

fn transport(options: &Options) -> Result<TransportConfig, Error> {
    let mut transport = TransportConfig::default();
    let idle =
        IdleTimeout::try_from(options.idle_timeout).map_err(|error| Error::new("idle_timeout_ms", error))?;
    transport
        .max_concurrent_bidi_streams(options.bidi_streams_max.into())
        .max_concurrent_uni_streams(options.uni_streams_max.into())
        .max_idle_timeout(Some(idle))
        .keep_alive_interval(Some(options.keep_alive))
        .stream_receive_window(VarInt::from_u32(STREAM_WINDOW))
        .receive_window(VarInt::from_u32(CONNECTION_WINDOW))
        .send_window(SEND_WINDOW)
        // Media travels in datagrams later; until then none are taken.
        .datagram_receive_buffer_size(None)
        .mtu_discovery_config(Some(MtuDiscoveryConfig::default()))
        .enable_segmentation_offload(options.gso);
    Ok(transport)
}

/// `[::]` serves IPv4 too, whatever the system's default is.
fn socket(listen: SocketAddr) -> Result<UdpSocket, Error> {
    use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, socket_with, sockopt};
    let fail = |error: &dyn std::fmt::Display| Error::new(&format!("cannot listen on {listen}"), error);
    let family = if listen.is_ipv6() { AddressFamily::INET6 } else { AddressFamily::INET };
    // A program that this one starts does not keep the port when this one ends.
    let socket =
        socket_with(family, SocketType::DGRAM, SocketFlags::CLOEXEC, None).map_err(|error| fail(&error))?;
    if listen.is_ipv6() {
        sockopt::set_ipv6_v6only(&socket, !listen.ip().is_unspecified()).map_err(|error| fail(&error))?;
    }
    // The kernel gives what its own limit allows (net.core.rmem_max); less is not an error.
    let _ = sockopt::set_socket_recv_buffer_size(&socket, SOCKET_BUFFER);
    let _ = sockopt::set_socket_send_buffer_size(&socket, SOCKET_BUFFER);
    bind(&socket, &listen).map_err(|error| fail(&error))?;
    Ok(socket.into())
}

/// Takes connection attempts as they come; each handshake runs in a task of its own.
async fn admit(endpoint: Endpoint, options: Options, ready: mpsc::Sender<Connection>) {
    let places = Arc::new(Places::default());
    let mut next_id = 0;
    while let Some(incoming) = endpoint.accept().await {
        let validated = incoming.remote_address_validated();
        let waiting = places.unvalidated.load(Ordering::Relaxed);
        if !validated && waiting >= options.handshakes_unvalidated_max && incoming.may_retry() {
            drop(incoming.retry());
            continue;
        }
        let Some(place) = places.take(incoming.remote_address(), &options) else {
            incoming.refuse();
            continue;
        };
        next_id += 1;
        let (id, places, ready) = (next_id, places.clone(), ready.clone());
        places.unvalidated.fetch_add(1, Ordering::Relaxed);
        tokio::spawn(async move {
            let handshake = async { incoming.accept()?.await };
            let result = tokio::time::timeout(HANDSHAKE_TIME, handshake).await;
            places.unvalidated.fetch_sub(1, Ordering::Relaxed);
            match result {
                Ok(Ok(connection)) => drop(ready.send(Connection::new(connection, id, place)).await),
                Ok(Err(error)) => tracing::debug!(%error, "a handshake failed"),
                Err(_) => tracing::debug!("a handshake took too long"),
            }
        });
    }
}
