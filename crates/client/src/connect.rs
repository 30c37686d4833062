//! One attempt to connect: resolve, handshake, hello.

use std::{
    net::{SocketAddr, UdpSocket},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use litrocket_protocol::{VERSION, account, close_code};
use quinn::{
    ClientConfig, Endpoint, IdleTimeout, TransportConfig, VarInt, ZeroRttAccepted,
    crypto::rustls::QuicClientConfig,
};
use tokio::task::JoinSet;

use crate::{Error, Options, client::call, files::DOWNLOAD_STREAMS, shared::lock, trust};

/// Silence after which a connection is over; the shorter of both sides counts.
const IDLE: Duration = Duration::from_secs(30);
/// The first guess of a round trip (RFC 9002, section 6.2.2), and the least that is taken over from the connection before:
/// a server that just came back is slower than it was.
const RTT_MAX: Duration = Duration::from_millis(333);
const RTT_MIN: Duration = Duration::from_millis(100);
/// Data that may arrive before it is read, per stream and in all: four files that wait leave room for chat.
const STREAM_WINDOW: u32 = 1024 * 1024;
const CONNECTION_WINDOW: u32 = 6 * 1024 * 1024;

/// The local sockets, one per address family, made when they are needed.
pub(crate) struct Endpoints {
    config: Mutex<ClientConfig>,
    v4: Mutex<Option<Endpoint>>,
    v6: Mutex<Option<Endpoint>>,
    /// Whether the server took the last hello in the first flight.
    pub(crate) early: AtomicBool,
}

impl Endpoints {
    pub(crate) fn new(options: &Options) -> Result<Self, Error> {
        let mut tls = trust::client_config(&options.trust)?;
        // Only where the server allowed it in the connection before.
        tls.enable_early_data = options.early_hello;
        let quic = QuicClientConfig::try_from(tls).map_err(|error| Error::Tls(error.to_string()))?;
        let config = Mutex::new(ClientConfig::new(Arc::new(quic)));
        let endpoints =
            Self { config, v4: Mutex::new(None), v6: Mutex::new(None), early: AtomicBool::new(false) };
        endpoints.expect_rtt(options, RTT_MAX);
        Ok(endpoints)
    }

    /// How long a round trip takes, as far as is known: the next handshake repeats its packets after three of them.
    pub(crate) fn expect_rtt(&self, options: &Options, rtt: Duration) {
        let mut transport = TransportConfig::default();
        transport
            .max_idle_timeout(IdleTimeout::try_from(IDLE).ok())
            .keep_alive_interval(Some(options.keep_alive))
            .initial_rtt(rtt.clamp(RTT_MIN, RTT_MAX))
            .max_concurrent_bidi_streams(0_u32.into())
            .max_concurrent_uni_streams(DOWNLOAD_STREAMS.into())
            .stream_receive_window(VarInt::from_u32(STREAM_WINDOW))
            .receive_window(VarInt::from_u32(CONNECTION_WINDOW))
            .datagram_receive_buffer_size(None);
        lock(&self.config).transport_config(Arc::new(transport));
    }

    fn socket(v6: bool) -> Result<UdpSocket, Error> {
        let any: SocketAddr = if v6 { ([0_u16; 8], 0).into() } else { ([0, 0, 0, 0], 0).into() };
        UdpSocket::bind(any).map_err(|error| Error::Unreachable(format!("no local socket: {error}")))
    }

    fn endpoint(&self, v6: bool) -> Result<Endpoint, Error> {
        let mut slot = lock(if v6 { &self.v6 } else { &self.v4 });
        if let Some(endpoint) = &*slot {
            return Ok(endpoint.clone());
        }
        let runtime =
            quinn::default_runtime().ok_or_else(|| Error::Unreachable("no tokio runtime".into()))?;
        let endpoint = Endpoint::new(quinn::EndpointConfig::default(), None, Self::socket(v6)?, runtime)
            .map_err(|error| Error::Unreachable(error.to_string()))?;
        *slot = Some(endpoint.clone());
        Ok(endpoint)
    }

    pub(crate) fn rebind(&self) -> Result<(), Error> {
        for (slot, v6) in [(&self.v4, false), (&self.v6, true)] {
            if let Some(endpoint) = &*lock(slot) {
                endpoint.rebind(Self::socket(v6)?).map_err(|error| Error::Unreachable(error.to_string()))?;
            }
        }
        Ok(())
    }

    pub(crate) async fn close(&self) {
        let endpoints = [lock(&self.v4).clone(), lock(&self.v6).clone()];
        for endpoint in endpoints.into_iter().flatten() {
            endpoint.close(close_code::DONE.into(), b"");
            let _ = tokio::time::timeout(Duration::from_millis(500), endpoint.wait_idle()).await;
        }
    }
}

/// Connects to the first address that answers and says hello.
pub(crate) async fn attempt(
    endpoints: &Endpoints,
    options: &Options,
    token: Option<&[u8]>,
) -> Result<(quinn::Connection, account::Welcome), Error> {
    let (host, port) = (options.address.host.as_str(), options.address.port);
    let found = tokio::net::lookup_host((host, port)).await;
    let addresses: Vec<SocketAddr> =
        found.map_err(|error| Error::Unreachable(format!("{host} is not known: {error}")))?.collect();
    let mut last = Error::Unreachable(format!("{host} has no address"));
    // "localhost" is both 127.0.0.1 and ::1 and a server listens on one of them: do not wait long for the other.
    let patience = if addresses.len() > 1 { Duration::from_secs(1) } else { options.connect_timeout };
    for address in addresses {
        let handshake = async {
            let endpoint = endpoints.endpoint(address.is_ipv6())?;
            let connecting = endpoint
                .connect_with(lock(&endpoints.config).clone(), address, host)
                .map_err(|error| Error::Unreachable(error.to_string()))?;
            match connecting.into_0rtt() {
                Ok((connection, accepted)) => early(connection, accepted, hello(options, token)).await,
                Err(connecting) => Ok((connecting.await.map_err(|error| explain(&error))?, None)),
            }
        };
        let (connection, sent) = match tokio::time::timeout(patience, handshake).await {
            Ok(Ok(reached)) => reached,
            Ok(Err(error @ Error::Tls(_))) => return Err(error),
            Ok(Err(error)) => {
                last = error;
                continue;
            }
            Err(_) => {
                last = Error::Unreachable(format!("no answer from {address}"));
                continue;
            }
        };
        endpoints.early.store(sent.is_some(), Ordering::Release);
        return greet(connection, sent, hello(options, token)).await;
    }
    Err(last)
}

/// A hello that is under way; it is given up when this is dropped.
type Sent = JoinSet<Result<account::Welcome, Error>>;

/// Says hello in the first flight and waits for the handshake: the hello, as far as the server took it.
async fn early(
    connection: quinn::Connection,
    accepted: ZeroRttAccepted,
    hello: account::Hello,
) -> Result<(quinn::Connection, Option<Sent>), Error> {
    let mut sent = JoinSet::new();
    let link = connection.clone();
    sent.spawn(async move { call(&link, hello).await });
    if accepted.await {
        return Ok((connection, Some(sent)));
    }
    match connection.close_reason() {
        Some(reason) => Err(explain(&reason)),
        None => Ok((connection, None)),
    }
}

fn hello(options: &Options, token: Option<&[u8]>) -> account::Hello {
    account::Hello {
        versions: vec![VERSION],
        client: options.client_name.clone(),
        token: token.map(<[u8]>::to_vec),
        capabilities: Vec::new(),
    }
}

/// Says hello, unless it was said already, and hears the answer.
async fn greet(
    connection: quinn::Connection,
    sent: Option<Sent>,
    hello: account::Hello,
) -> Result<(quinn::Connection, account::Welcome), Error> {
    let answer = match sent {
        Some(mut sent) => match sent.join_next().await {
            Some(Ok(answer)) => answer,
            _ => Err(Error::Unreachable("hello was given up".into())),
        },
        None => call(&connection, hello).await,
    };
    match answer {
        Ok(welcome) => Ok((connection, welcome)),
        Err(error) => {
            connection.close(close_code::DONE.into(), b"");
            Err(error)
        }
    }
}

fn explain(error: &quinn::ConnectionError) -> Error {
    match error {
        quinn::ConnectionError::TransportError(inner) if inner.to_string().contains("crypto") => {
            Error::Tls(inner.to_string())
        }
        other => Error::Unreachable(other.to_string()),
    }
}
