//! A peer that speaks raw QUIC and keeps no rule: for what the real client never does.

use std::{net::IpAddr, path::Path, sync::Arc, time::Duration};

use litrocket_protocol::{
    ALPN, Fault, Request, VERSION,
    account::{Hello, Register, SignedIn},
    frame, stream_kind, varint,
};
use quinn::{
    Connection, Endpoint, RecvStream, SendStream, TransportConfig, crypto::rustls::QuicClientConfig,
};
use rustls::pki_types::{CertificateDer, pem::PemObject as _};

use tokio::time::timeout;

use crate::world::{PASSWORD, PATIENCE};

/// One connection.
pub(crate) struct Raw {
    pub(crate) connection: Connection,
    _endpoint: Endpoint,
}

/// Trusts the CA; so many bytes may come that nobody has read.
pub(crate) fn config(ca: &Path, windows: u32) -> quinn::ClientConfig {
    config_with(ca, windows, false)
}

/// The same; whether data goes out in the first flight when a TLS session is resumed.
pub(crate) fn config_with(ca: &Path, windows: u32, early: bool) -> quinn::ClientConfig {
    let tls = QuicClientConfig::try_from(tls(ca, early)).unwrap();
    let mut config = quinn::ClientConfig::new(Arc::new(tls));
    let mut transport = TransportConfig::default();
    transport
        .stream_receive_window(windows.into())
        .receive_window(windows.into())
        .keep_alive_interval(Some(Duration::from_secs(5)));
    config.transport_config(Arc::new(transport));
    config
}

/// TLS that trusts the CA.
pub(crate) fn tls(ca: &Path, early: bool) -> rustls::ClientConfig {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(ca).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    tls.alpn_protocols = vec![ALPN.to_vec()];
    tls.enable_early_data = early;
    tls
}

impl Raw {
    /// Connects from an address of the loopback network and says nothing yet.
    pub(crate) async fn connect(port: u16, ca: &Path, from: IpAddr) -> Self {
        Self::connect_with(port, ca, from, 1024 * 1024).await
    }

    /// The same, with so many bytes that the server may have sent and nobody has read.
    pub(crate) async fn connect_with(port: u16, ca: &Path, from: IpAddr, windows: u32) -> Self {
        Self::connect_from(Endpoint::client((from, 0).into()).unwrap(), port, ca, windows).await
    }

    /// The same from a socket that is there already.
    pub(crate) async fn connect_from(endpoint: Endpoint, port: u16, ca: &Path, windows: u32) -> Self {
        Self::connect_as(endpoint, port, config(ca, windows)).await
    }

    /// The same in whatever way.
    pub(crate) async fn connect_as(endpoint: Endpoint, port: u16, config: quinn::ClientConfig) -> Self {
        Self::tries(endpoint, port, config).await.unwrap()
    }

    /// The same where it may be refused.
    pub(crate) async fn tries(
        endpoint: Endpoint,
        port: u16,
        config: quinn::ClientConfig,
    ) -> Result<Self, quinn::ConnectionError> {
        let server = ([127, 0, 0, 1], port).into();
        let connection = endpoint.connect_with(config, server, "localhost").unwrap().await?;
        Ok(Self { connection, _endpoint: endpoint })
    }

    /// Sends bytes on a stream of their own and reads what comes until the stream ends; `None` when it is reset.
    pub(crate) async fn exchange(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        let (mut send, mut recv) = self.connection.open_bi().await.ok()?;
        send.write_all(bytes).await.ok()?;
        let _ = send.finish();
        recv.read_to_end(frame::FRAME_MAX + 16).await.ok()
    }

    /// Makes one request in the usual way.
    pub(crate) async fn call<R: Request>(&self, request: &R) -> Result<R::Reply, Fault> {
        let reply =
            self.exchange(&request_bytes(R::CODE, &frame::encode_body(request))).await.expect("a reply");
        let (kind, body, _) = frame::split(&reply, frame::FRAME_MAX).unwrap().expect("a whole frame");
        if kind == frame::FAULT {
            Err(frame::decode(&reply[body]).unwrap())
        } else {
            Ok(frame::decode(&reply[body]).unwrap())
        }
    }

    /// Says hello.
    pub(crate) async fn greets(&self) {
        let hello =
            Hello { versions: vec![VERSION], client: "raw".into(), token: None, capabilities: Vec::new() };
        self.call(&hello).await.unwrap();
    }

    /// Says hello and signs up.
    pub(crate) async fn signs_up(&self, handle: &str) -> SignedIn {
        self.greets().await;
        let register = Register {
            handle: handle.into(),
            password: PASSWORD.into(),
            label: "raw".into(),
            ..Register::default()
        };
        self.call(&register).await.unwrap()
    }

    /// Opens a stream, writes these bytes and leaves it open.
    pub(crate) async fn begins(&self, bytes: &[u8]) -> (SendStream, RecvStream) {
        let (mut send, recv) = self.connection.open_bi().await.unwrap();
        send.write_all(bytes).await.unwrap();
        (send, recv)
    }

    /// The code with which the server closed the connection.
    pub(crate) async fn closed_with(&self) -> u64 {
        match self.connection.closed().await {
            quinn::ConnectionError::ApplicationClosed(close) => close.error_code.into_inner(),
            other => panic!("{other}"),
        }
    }
}

/// A request stream's bytes with whatever body.
pub(crate) fn request_bytes(code: u64, body: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    varint::put(&mut bytes, stream_kind::REQUEST);
    bytes.extend_from_slice(&frame::encode_raw(code, body));
    bytes
}

/// A stream that lasts.
pub(crate) struct Lasting {
    pub(crate) send: SendStream,
    pub(crate) recv: RecvStream,
    buffer: Vec<u8>,
}

impl Lasting {
    pub(crate) async fn opens(raw: &Raw, kind: u64) -> Self {
        let mut bytes = Vec::new();
        varint::put(&mut bytes, kind);
        let (send, recv) = raw.begins(&bytes).await;
        Self { send, recv, buffer: Vec::new() }
    }

    pub(crate) async fn says<T: serde::Serialize>(&mut self, kind: u64, value: &T) {
        self.send.write_all(&frame::encode(kind, value)).await.unwrap();
    }

    /// The next frame, as type and map; `None` at the end.
    pub(crate) async fn next(&mut self) -> Option<(u64, Vec<u8>)> {
        loop {
            if let Some((kind, body, end)) = frame::split(&self.buffer, frame::FRAME_MAX).unwrap() {
                let body = self.buffer[body].to_vec();
                self.buffer.drain(..end);
                return Some((kind, body));
            }
            let chunk = timeout(PATIENCE, self.recv.read_chunk(65_536, true)).await.expect("more in time");
            self.buffer.extend_from_slice(&chunk.ok()??.bytes);
        }
    }
}
