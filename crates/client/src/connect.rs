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

use crate::{Error, Options, files::DOWNLOAD_STREAMS, shared::lock, stream::call, trust};

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

/// How long an address is waited for before the next one is tried beside it (RFC 8305, section 5).
const NEXT_ADDRESS: Duration = Duration::from_millis(250);
/// Addresses of one name that are tried.
const ADDRESSES_MAX: usize = 16;

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
    if addresses.is_empty() {
        return Err(Error::Unreachable(format!("{host} has no address")));
    }
    let mut connecting = Vec::new();
    let mut failed = None;
    for address in in_turn(addresses) {
        let begun = endpoints.endpoint(address.is_ipv6()).map(|endpoint| {
            (endpoint, lock(&endpoints.config).clone(), host.to_owned(), hello(options, token))
        });
        match begun {
            Ok((endpoint, config, host, hello)) => {
                connecting.push(async move { handshake(endpoint, config, address, &host, hello).await });
            }
            // A machine without this kind of addresses.
            Err(error) => failed = Some(error),
        }
    }
    let none = || failed.unwrap_or_else(|| Error::Unreachable("no address could be tried".into()));
    let (connection, sent) = race(connecting, NEXT_ADDRESS).await.unwrap_or_else(|| Err(none()))?;
    endpoints.early.store(sent.is_some(), Ordering::Release);
    greet(connection, sent, hello(options, token)).await
}

async fn handshake(
    endpoint: Endpoint,
    config: ClientConfig,
    address: SocketAddr,
    host: &str,
    hello: account::Hello,
) -> Result<(quinn::Connection, Option<Sent>), Error> {
    let connecting = endpoint
        .connect_with(config, address, host)
        .map_err(|error| Error::Unreachable(error.to_string()))?;
    match connecting.into_0rtt() {
        Ok((connection, accepted)) => early(connection, accepted, hello).await,
        Err(connecting) => Ok((connecting.await.map_err(|error| explain(&error))?, None)),
    }
}

/// Addresses of both kinds by turns, each kind in its order: when one of them leads nowhere, the other is next.
fn in_turn(addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let v6_first = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (first, second): (Vec<_>, Vec<_>) =
        addresses.into_iter().partition(|address| address.is_ipv6() == v6_first);
    let (mut first, mut second) = (first.into_iter(), second.into_iter());
    let mut turns = Vec::new();
    loop {
        let next = [first.next(), second.next()];
        if next.iter().all(Option::is_none) || turns.len() >= ADDRESSES_MAX {
            return turns;
        }
        turns.extend(next.into_iter().flatten());
    }
}

/// Begins one after the other, each a while after the one before or as soon as that failed, and takes the first that succeeds:
/// the others are given up. What is told when all fail is what says most: a server that is not trusted, else the last.
async fn race<T: Send + 'static>(
    tries: Vec<impl Future<Output = Result<T, Error>> + Send + 'static>,
    pause: Duration,
) -> Option<Result<T, Error>> {
    let mut waiting = tries.into_iter();
    let mut running = JoinSet::new();
    let mut failed: Option<Error> = None;
    loop {
        match waiting.next() {
            Some(next) => drop(running.spawn(next)),
            None if running.is_empty() => return failed.map(Err),
            None => {}
        }
        let more = waiting.len() > 0;
        tokio::select! {
            Some(ended) = running.join_next() => match ended {
                Ok(Ok(first)) => return Some(Ok(first)),
                Ok(Err(error)) => {
                    if !matches!(failed, Some(Error::Tls(_))) {
                        failed = Some(error);
                    }
                }
                Err(error) => failed = failed.or(Some(Error::Unreachable(error.to_string()))),
            },
            () = tokio::time::sleep(pause), if more => {}
        }
    }
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

#[cfg(test)]
mod tests {
    use std::{pin::Pin, time::Instant};

    use super::*;

    type Try = Pin<Box<dyn Future<Output = Result<u8, Error>> + Send>>;

    fn after(ms: u64, result: Result<u8, Error>) -> Try {
        Box::pin(async move {
            tokio::time::sleep(Duration::from_millis(ms)).await;
            result
        })
    }

    fn nobody() -> Try {
        Box::pin(std::future::pending())
    }

    #[tokio::test]
    async fn the_first_address_that_answers_wins_and_one_that_is_silent_holds_nobody_up() {
        let pause = Duration::from_millis(100);
        let began = Instant::now();
        assert_eq!(race(vec![nobody(), nobody(), after(1, Ok(3))], pause).await.unwrap().unwrap(), 3);
        let took = began.elapsed();
        assert!(took >= 2 * pause && took < Duration::from_secs(2), "{took:?}");
        // The one that was tried first has its chance, and one that fails lets the next begin at once.
        let late = Duration::from_secs(60);
        assert_eq!(race(vec![after(150, Ok(1)), nobody()], pause).await.unwrap().unwrap(), 1);
        let refused = || Err(Error::Unreachable("refused".into()));
        assert_eq!(race(vec![after(0, refused()), after(0, Ok(2))], late).await.unwrap().unwrap(), 2);
        let untrusted = Err(Error::Tls("unknown".into()));
        let all = race(vec![after(0, untrusted), after(1, refused())], late).await.unwrap();
        assert!(matches!(all, Err(Error::Tls(_))));
        assert!(race(Vec::<Try>::new(), late).await.is_none());
    }

    #[test]
    fn both_kinds_of_addresses_take_turns() {
        let read = |text: &str| text.parse::<SocketAddr>().unwrap();
        let all = ["[::1]:1", "[::2]:1", "[::3]:1", "127.0.0.1:1"].map(read);
        let turns: Vec<String> = in_turn(all.to_vec()).iter().map(ToString::to_string).collect();
        assert_eq!(turns, ["[::1]:1", "127.0.0.1:1", "[::2]:1", "[::3]:1"]);
        assert!(in_turn(vec![read("[::1]:1"); 500]).len() <= ADDRESSES_MAX + 1);
    }
}
