//! A server that does what a test says: for what the real one never does.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use litrocket_client::{Client, Options, Trust};
use litrocket_protocol::{
    ALPN, AccountId, Request, SessionId,
    account::{Hello, Limits, Resumed, Welcome},
    frame, stream_kind, varint,
};
use quinn::{Endpoint, RecvStream, SendStream, crypto::rustls::QuicServerConfig};
use rustls::pki_types::PrivatePkcs8KeyDer;
use tokio::sync::mpsc;

/// A stream that the client opened, with its kind read.
pub(crate) struct Opened {
    pub(crate) connection: quinn::Connection,
    pub(crate) kind: u64,
    pub(crate) send: SendStream,
    pub(crate) recv: RecvStream,
    buffer: Vec<u8>,
}

/// It answers hello by itself; every other stream is the test's.
pub(crate) struct Fake {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) address: SocketAddr,
    pub(crate) opened: mpsc::Receiver<Opened>,
    _endpoint: Endpoint,
}

impl Fake {
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let made =
            rcgen::generate_simple_self_signed(["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap();
        std::fs::write(folder.path().join("ca.pem"), made.cert.pem()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
        let mut tls = rustls::ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key.into())
            .unwrap();
        tls.alpn_protocols = vec![ALPN.to_vec()];
        let config = quinn::ServerConfig::with_crypto(Arc::new(QuicServerConfig::try_from(tls).unwrap()));
        let endpoint = Endpoint::server(config, ([127, 0, 0, 1], 0).into()).unwrap();
        let address = endpoint.local_addr().unwrap();
        let (sender, opened) = mpsc::channel(64);
        let accepting = endpoint.clone();
        tokio::spawn(async move {
            while let Some(incoming) = accepting.accept().await {
                let sender = sender.clone();
                tokio::spawn(async move {
                    let Ok(connection) = incoming.await else { return };
                    while let Ok((send, recv)) = connection.accept_bi().await {
                        let mut opened = Opened {
                            connection: connection.clone(),
                            kind: 0,
                            send,
                            recv,
                            buffer: Vec::new(),
                        };
                        let sender = sender.clone();
                        tokio::spawn(async move {
                            let Some(kind) = opened.varint().await else { return };
                            opened.kind = kind;
                            if kind == stream_kind::REQUEST && opened.peeks().await == Some(Hello::CODE) {
                                return opened.replies::<Hello>(&welcome()).await;
                            }
                            drop(sender.send(opened).await);
                        });
                    }
                });
            }
        });
        Self { folder, address, opened, _endpoint: endpoint }
    }

    /// A client that is signed in.
    pub(crate) async fn client(&self) -> Client {
        let mut options = Options::new(self.address.to_string().parse().unwrap());
        // What a test asks about is the first answer.
        options.patience = Duration::ZERO;
        options.trust = Trust::CaFile(self.folder.path().join("ca.pem"));
        options.token = Some(vec![1; 32]);
        Client::connect(options).await.unwrap()
    }

    /// The next stream of a kind, others are left alone.
    pub(crate) async fn next(&mut self, kind: u64) -> Opened {
        let found = async {
            loop {
                let opened = self.opened.recv().await.unwrap();
                if opened.kind == kind {
                    return opened;
                }
                // Dropping it would finish it.
                tokio::spawn(async move { opened.connection.closed().await });
            }
        };
        tokio::time::timeout(crate::world::PATIENCE, found).await.expect("the client opens a stream")
    }
}

fn welcome() -> Welcome {
    let session =
        Resumed { account: AccountId(1), handle: "ada".into(), session: SessionId(1), account_version: 0 };
    Welcome {
        version: 1,
        server: "fake".into(),
        server_id: vec![7; 16],
        log_epoch: 1,
        now_ms: 1,
        capabilities: Vec::new(),
        sign_up: "open".into(),
        email: None,
        limits: Limits {
            chat_frame_bytes: 65_536,
            frame_bytes: 262_144,
            text_bytes: 16_384,
            body_bytes: 49_152,
            accounts_per_call: 100,
            group_members: 100,
            conversations: 10_000,
            page: 100,
            history_page: 100,
            streams: 100,
            requests_per_second: 100,
            sends_per_second: 100,
            idle_timeout_ms: 30_000,
            keep_alive_ms: 10_000,
        },
        announcement: None,
        session: Some(session),
    }
}

impl Opened {
    async fn more(&mut self) -> Option<()> {
        let chunk = self.recv.read_chunk(65_536, true).await.ok()??;
        self.buffer.extend_from_slice(&chunk.bytes);
        Some(())
    }

    async fn varint(&mut self) -> Option<u64> {
        loop {
            if let Some((value, size)) = varint::get(&self.buffer) {
                self.buffer.drain(..size);
                return Some(value);
            }
            self.more().await?;
        }
    }

    /// The type of the frame that comes next.
    async fn peeks(&mut self) -> Option<u64> {
        loop {
            if let Some((kind, ..)) = frame::split(&self.buffer, frame::FRAME_MAX).unwrap() {
                return Some(kind);
            }
            self.more().await?;
        }
    }

    /// The next frame; `None` at the end.
    pub(crate) async fn next(&mut self) -> Option<(u64, Vec<u8>)> {
        self.peeks().await?;
        let (kind, body, end) = frame::split(&self.buffer, frame::FRAME_MAX).unwrap().unwrap();
        let body = self.buffer[body].to_vec();
        self.buffer.drain(..end);
        Some((kind, body))
    }

    pub(crate) async fn says<T: serde::Serialize>(&mut self, kind: u64, value: &T) {
        self.send.write_all(&frame::encode(kind, value)).await.unwrap();
    }

    /// Answers a request.
    pub(crate) async fn replies<R: Request>(mut self, reply: &R::Reply) {
        self.says(R::CODE, reply).await;
        let _ = self.send.finish();
    }
}
