//! One attempt to connect: resolve, handshake, hello.

use std::{
    net::{SocketAddr, UdpSocket},
    sync::{Arc, Mutex},
    time::Duration,
};

use litrocket_protocol::{VERSION, account, close_code};
use quinn::{ClientConfig, Endpoint, IdleTimeout, TransportConfig, VarInt, crypto::rustls::QuicClientConfig};

use crate::{
    Error, Options,
    client::{call, lock},
    trust,
};

/// Silence after which a connection is over; the shorter of both sides counts.
const IDLE: Duration = Duration::from_secs(30);
/// Data that may arrive before it is read, per stream and in all: four files that wait leave room for chat.
const STREAM_WINDOW: u32 = 1024 * 1024;
const CONNECTION_WINDOW: u32 = 6 * 1024 * 1024;

/// The local sockets, one per address family, made when they are needed.
pub(crate) struct Endpoints {
    config: ClientConfig,
    v4: Mutex<Option<Endpoint>>,
    v6: Mutex<Option<Endpoint>>,
}

impl Endpoints {
    pub(crate) fn new(options: &Options) -> Result<Self, Error> {
        let tls = trust::client_config(&options.trust)?;
        let quic = QuicClientConfig::try_from(tls).map_err(|error| Error::Tls(error.to_string()))?;
        let mut config = ClientConfig::new(Arc::new(quic));
        let mut transport = TransportConfig::default();
        transport
            .max_idle_timeout(IdleTimeout::try_from(IDLE).ok())
            .keep_alive_interval(Some(options.keep_alive))
            .max_concurrent_bidi_streams(0_u32.into())
            .max_concurrent_uni_streams(4_u32.into())
            .stream_receive_window(VarInt::from_u32(STREAM_WINDOW))
            .receive_window(VarInt::from_u32(CONNECTION_WINDOW))
            .datagram_receive_buffer_size(None);
        config.transport_config(Arc::new(transport));
        Ok(Self { config, v4: Mutex::new(None), v6: Mutex::new(None) })
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
            endpoint
                .connect_with(endpoints.config.clone(), address, host)
                .map_err(|error| Error::Unreachable(error.to_string()))?
                .await
                .map_err(|error| explain(&error))
        };
        match tokio::time::timeout(patience, handshake).await {
            Ok(Ok(connection)) => return greet(connection, options, token).await,
            Ok(Err(error @ Error::Tls(_))) => return Err(error),
            Ok(Err(error)) => last = error,
            Err(_) => last = Error::Unreachable(format!("no answer from {address}")),
        }
    }
    Err(last)
}

async fn greet(
    connection: quinn::Connection,
    options: &Options,
    token: Option<&[u8]>,
) -> Result<(quinn::Connection, account::Welcome), Error> {
    let hello = account::Hello {
        versions: vec![VERSION],
        client: options.client_name.clone(),
        token: token.map(<[u8]>::to_vec),
        capabilities: Vec::new(),
    };
    match call(&connection, hello).await {
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
