//! The peers that make the load: as little work as possible on raw QUIC, the same for the server and its ceiling.

mod lane;

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use litrocket_protocol::{
    ALPN, ConversationId, Fault, Request, VERSION,
    account::{Hello, Welcome},
    chat::{self, frame_type},
    event::Text,
    frame, stream_kind, varint,
};
use quinn::{
    ClientConfig, Connection, Endpoint, RecvStream, SendStream, TransportConfig,
    crypto::rustls::QuicClientConfig,
};
use rustls::pki_types::{CertificateDer, pem::PemObject as _};

pub(crate) use self::lane::{Heard, Lane};
use crate::{Error, Result};

/// How long anything may take before the run fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Local endpoints: one task drives each, so a few share the load.
#[derive(Debug, Clone)]
pub(crate) struct Peers {
    endpoints: Arc<Vec<Endpoint>>,
    config: ClientConfig,
    port: u16,
    /// Whether the other side is the raw program.
    pub(crate) raw: bool,
}

/// Local endpoints of one run.
const ENDPOINTS: usize = 16;

/// Many peers share one socket: its buffer holds what comes for all of them.
fn socket() -> std::io::Result<Endpoint> {
    let socket = std::net::UdpSocket::bind((std::net::Ipv4Addr::LOCALHOST, 0))?;
    let _ = rustix::net::sockopt::set_socket_recv_buffer_size(&socket, 4 * 1024 * 1024);
    Endpoint::new(quinn::EndpointConfig::default(), None, socket, Arc::new(quinn::TokioRuntime))
}

impl Peers {
    pub(crate) fn new(port: u16, ca: &Path, raw: bool) -> Result<Self> {
        let tls = |error: &dyn std::fmt::Display| Error::new("TLS", error);
        let mut roots = rustls::RootCertStore::empty();
        let ca = CertificateDer::from_pem_file(ca).map_err(|error| tls(&error))?;
        roots.add(ca).map_err(|error| tls(&error))?;
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = rustls::ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])
            .map_err(|error| tls(&error))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![ALPN.to_vec()];
        let quic = QuicClientConfig::try_from(config).map_err(|error| tls(&error))?;
        let mut config = ClientConfig::new(Arc::new(quic));
        let mut transport = TransportConfig::default();
        transport
            .max_idle_timeout(quinn::IdleTimeout::try_from(Duration::from_secs(120)).ok())
            .keep_alive_interval(None);
        config.transport_config(Arc::new(transport));
        let endpoints: Result<Vec<Endpoint>> =
            (0..ENDPOINTS).map(|_| socket().map_err(|error| Error::new("no socket", error))).collect();
        Ok(Self { endpoints: Arc::new(endpoints?), config, port, raw })
    }

    /// The same for a peer that has room for so many bytes it has not read.
    pub(crate) fn with_room(&self, bytes: u32) -> ClientConfig {
        let (mut config, mut transport) = (self.config.clone(), TransportConfig::default());
        transport
            .stream_receive_window(bytes.into())
            .receive_window(bytes.into())
            .max_idle_timeout(quinn::IdleTimeout::try_from(Duration::from_secs(120)).ok())
            .keep_alive_interval(None);
        config.transport_config(Arc::new(transport));
        config
    }

    /// A connection that said nothing yet.
    pub(crate) async fn connect(&self, number: usize) -> Result<Connection> {
        let server = ([127, 0, 0, 1], self.port).into();
        let endpoint = &self.endpoints[number % self.endpoints.len()];
        let connecting = endpoint
            .connect_with(self.config.clone(), server, "localhost")
            .map_err(|error| Error::new("connect", error))?;
        let connection = tokio::time::timeout(PATIENCE, connecting).await;
        connection
            .map_err(|_| Error("connect: no answer".into()))?
            .map_err(|error| Error::new("connect", error))
    }

    /// A connection that is signed in with a token; at the raw program there is nothing to sign in to.
    pub(crate) async fn sign_in(&self, number: usize, token: [u8; 32]) -> Result<Connection> {
        let connection = self.connect(number).await?;
        if !self.raw {
            hello(&connection, Some(token)).await?;
        }
        Ok(connection)
    }

    /// The long-lived stream of a signed-in connection, live.
    pub(crate) async fn lane(&self, connection: &Connection, join: Join) -> Result<Lane> {
        let (mut send, recv) =
            connection.open_bi().await.map_err(|error| Error::new("open a stream", error))?;
        let fresh = join.from == Start::Head;
        let mut lane = if self.raw {
            let mut first = vec![u8::from(!fresh)];
            first.extend_from_slice(&join.conversation.to_be_bytes());
            write(&mut send, &first).await?;
            Lane::new(send, recv, None)
        } else {
            let conversation = ConversationId(join.conversation);
            // Without a cursor a conversation starts at its first readable event.
            let cursors = match join.from {
                Start::Cursor(cursor @ 1..) => vec![(conversation, cursor)],
                Start::Cursor(0) | Start::Head => Vec::new(),
            };
            write(&mut send, &goes_live(cursors, fresh)).await?;
            Lane::new(send, recv, Some(conversation))
        };
        // Behind a cursor a lane is live when it has everything: its owner counts.
        if fresh {
            lane.comes_live().await?;
        }
        Ok(lane)
    }

    /// The same for a device that comes back and has everything of all its conversations.
    pub(crate) async fn lane_again(&self, connection: &Connection, at: &[(u64, u64)]) -> Result<Lane> {
        let conversation = at.first().map_or(0, |(conversation, _)| *conversation);
        if self.raw {
            return self.lane(connection, Join { conversation, from: Start::Head }).await;
        }
        let (mut send, recv) =
            connection.open_bi().await.map_err(|error| Error::new("open a stream", error))?;
        let cursors = at.iter().map(|(conversation, event_seq)| (ConversationId(*conversation), *event_seq));
        write(&mut send, &goes_live(cursors.collect(), false)).await?;
        let mut lane = Lane::new(send, recv, Some(ConversationId(conversation)));
        lane.comes_live().await?;
        Ok(lane)
    }

    /// The other long-lived stream of a signed-in client: what others are doing. The raw program has one kind of stream
    /// only.
    pub(crate) async fn state(
        &self,
        connection: &Connection,
        conversation: u64,
    ) -> Result<(SendStream, RecvStream)> {
        if self.raw {
            let lane = self.lane(connection, Join { conversation, from: Start::Head }).await?;
            return Ok(lane.into_streams());
        }
        let (mut send, recv) =
            connection.open_bi().await.map_err(|error| Error::new("open a stream", error))?;
        let mut first = Vec::new();
        varint::put(&mut first, stream_kind::STATE);
        write(&mut send, &first).await?;
        Ok((send, recv))
    }
}

/// The beginning of a chat stream.
fn goes_live(cursors: Vec<(ConversationId, u64)>, fresh: bool) -> Vec<u8> {
    let mut first = Vec::new();
    varint::put(&mut first, stream_kind::CHAT);
    if !cursors.is_empty() {
        let cursors = chat::Cursors { cursors, epoch: None };
        first.extend_from_slice(&frame::encode(frame_type::CURSORS, &cursors));
    }
    let live = chat::Live { account_version: 0, fresh };
    first.extend_from_slice(&frame::encode(frame_type::LIVE, &live));
    first
}

/// How a lane begins.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Join {
    /// The conversation it sends to.
    pub(crate) conversation: u64,
    /// What it gets first.
    pub(crate) from: Start,
}

/// Where a device stands when it comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Start {
    /// It never synced: at the head, whatever that is.
    Head,
    /// It has everything up to this event; 0 for nothing.
    Cursor(u64),
}

/// Makes a request.
pub(crate) async fn call<R: Request>(connection: &Connection, request: &R) -> Result<R::Reply> {
    let asked = async {
        let (mut send, mut recv) =
            connection.open_bi().await.map_err(|error| Error::new("open a stream", error))?;
        let mut bytes = Vec::new();
        varint::put(&mut bytes, stream_kind::REQUEST);
        bytes.extend_from_slice(&frame::encode(R::CODE, request));
        write(&mut send, &bytes).await?;
        let _ = send.finish();
        recv.read_to_end(frame::FRAME_MAX + 16).await.map_err(|error| Error::new(R::NAME, error))
    };
    let reply = tokio::time::timeout(PATIENCE, asked).await;
    let reply = reply.map_err(|_| Error(format!("{}: no answer", R::NAME)))??;
    let bad = || Error(format!("{}: the reply is no frame", R::NAME));
    let (kind, body, _) = frame::split(&reply, frame::FRAME_MAX).map_err(|_| bad())?.ok_or_else(bad)?;
    if kind == frame::FAULT {
        let fault: Fault = frame::decode(&reply[body]).map_err(|_| bad())?;
        return Err(Error(format!("{}: {} {}", R::NAME, fault.code, fault.message)));
    }
    frame::decode(&reply[body]).map_err(|_| bad())
}

/// Says hello.
pub(crate) async fn hello(connection: &Connection, token: Option<[u8; 32]>) -> Result<Welcome> {
    let hello = Hello {
        versions: vec![VERSION],
        client: "litrocket-bench".into(),
        token: token.map(|token| token.to_vec()),
        capabilities: Vec::new(),
    };
    call(connection, &hello).await
}

async fn write(send: &mut SendStream, bytes: &[u8]) -> Result<()> {
    send.write_all(bytes).await.map_err(|error| Error::new("write", error))
}

/// Microseconds since 1970.
#[expect(clippy::disallowed_methods, reason = "a load generator has no clock to be steered by")]
pub(crate) fn now_us() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |time| u64::try_from(time.as_micros()).unwrap_or(u64::MAX))
}

/// A UUIDv7 that is unique for its sender and holds the microseconds of its time too.
fn message_id(number: u32) -> [u8; 16] {
    let now = now_us();
    let mut id = [0; 16];
    id[..6].copy_from_slice(&(now / 1_000).to_be_bytes()[2..]);
    id[6..8].copy_from_slice(&(0x7000 | (now % 1_000) as u16).to_be_bytes());
    id[8] = OURS;
    id[12..].copy_from_slice(&number.to_be_bytes());
    id
}

/// Tells ids of this run from those of stored messages.
const OURS: u8 = 0x81;

/// When the message of an id was made, on the clock of [`now_us`]; 0 for one that was stored before.
fn sent_us(id: &[u8; 16]) -> u64 {
    let mut ms = [0; 8];
    ms[2..].copy_from_slice(&id[..6]);
    let us = u64::from(u16::from_be_bytes([id[6] & 0x0f, id[7]]));
    if id[8] == OURS { u64::from_be_bytes(ms) * 1_000 + us } else { 0 }
}

/// The body of a text of so many bytes.
fn text(number: u32, bytes: usize) -> Vec<u8> {
    let mut text = format!("message {number} ");
    while text.len() < bytes {
        text.push_str("words and more words ");
    }
    text.truncate(bytes);
    frame::encode_body(&Text { text, ..Text::default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_ordered_by_time_and_number() {
        let (a, b) = (message_id(1), message_id(2));
        assert!(a < b);
        assert_eq!((a[6] >> 4, a[8] >> 6), (7, 2));
    }

    #[test]
    fn an_id_tells_when_it_was_made() {
        let before = now_us();
        let sent = sent_us(&message_id(1));
        assert!((before..=now_us()).contains(&sent), "{before} {sent}");
    }

    #[test]
    fn texts_have_the_asked_size() {
        let body: Text = frame::decode(&text(7, 200)).unwrap();
        assert_eq!(body.text.len(), 200);
    }
}
