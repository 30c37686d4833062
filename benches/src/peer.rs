//! The peers that make the load: as little work as possible on raw QUIC, the same for the server and its ceiling.

use std::{
    collections::VecDeque,
    path::Path,
    sync::Arc,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use bytes::{Buf as _, BytesMut};
use litrocket_protocol::{
    ALPN, ConversationId, Fault, MessageId, Request, VERSION,
    account::{Hello, Welcome},
    chat::{self, frame_type},
    event::{Event, Text, kind},
    frame, stream_kind, varint,
};
use quinn::{
    ClientConfig, Connection, Endpoint, RecvStream, SendStream, TransportConfig,
    crypto::rustls::QuicClientConfig,
};
use rustls::pki_types::{CertificateDer, pem::PemObject as _};

use crate::{Error, Result, ceiling, load::Notes};

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
            let mut first = Vec::new();
            varint::put(&mut first, stream_kind::CHAT);
            // Without a cursor a conversation starts at its first readable event.
            if let Start::Cursor(cursor @ 1..) = join.from {
                let cursors = chat::Cursors { cursors: vec![(conversation, cursor)], epoch: None };
                first.extend_from_slice(&frame::encode(frame_type::CURSORS, &cursors));
            }
            let live = chat::Live { account_version: 0, fresh };
            first.extend_from_slice(&frame::encode(frame_type::LIVE, &live));
            write(&mut send, &first).await?;
            Lane::new(send, recv, Some(conversation))
        };
        // Behind a cursor a lane is live when it has everything: its owner counts.
        let mut early = Vec::new();
        while fresh && !early.iter().any(|heard| matches!(heard, Heard::Live)) {
            early.extend(lane.hear().await?);
        }
        lane.early = early;
        Ok(lane)
    }
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

/// What came on a lane.
#[derive(Debug)]
pub(crate) enum Heard {
    Ack {
        id: [u8; 16],
        event_seq: u64,
        message_seq: Option<u64>,
        at_ms: u64,
        took: Duration,
    },
    /// `sent_us`: when its sender wrote it, on the clock of [`now_us`]; 0 for what was stored before the run.
    Message {
        event: Option<Box<Event>>,
        sent_us: u64,
    },
    Skip {
        conversation: u64,
        from: u64,
        to: u64,
    },
    Live,
    Other,
}

/// One long-lived stream.
pub(crate) struct Lane {
    send: SendStream,
    recv: RecvStream,
    buffer: BytesMut,
    /// What came until it was live: where the device stands is part of the history.
    early: Vec<Heard>,
    /// `None` at the raw program.
    conversation: Option<ConversationId>,
    pending: VecDeque<Instant>,
    number: u32,
}

impl Lane {
    fn new(send: SendStream, recv: RecvStream, conversation: Option<ConversationId>) -> Self {
        let (buffer, early) = (BytesMut::new(), Vec::new());
        Self { send, recv, buffer, early, conversation, pending: VecDeque::new(), number: 0 }
    }

    /// Sends without an ack.
    pub(crate) fn in_flight(&self) -> usize {
        self.pending.len()
    }

    /// Sends so many messages in one write, noted before they leave.
    pub(crate) async fn say(&mut self, count: usize, bytes: usize, notes: &mut Notes) -> Result<()> {
        let mut out = Vec::with_capacity(count * (bytes + 64));
        let mut said = Vec::with_capacity(count);
        for _ in 0..count {
            self.number += 1;
            let id = message_id(self.number);
            let body = text(self.number, bytes);
            match self.conversation {
                Some(conversation) => {
                    let send = chat::Send {
                        conversation,
                        epoch: 0,
                        id: MessageId(id),
                        kind: kind::TEXT,
                        target_seq: None,
                        body: body.clone(),
                        fallback: None,
                    };
                    out.extend_from_slice(&frame::encode(frame_type::SEND, &send));
                }
                None => ceiling::put(&mut out, &id, &body),
            }
            said.push((id, body));
            self.pending.push_back(Instant::now());
        }
        if self.conversation.is_some() {
            notes.says(&said);
        }
        write(&mut self.send, &out).await
    }

    /// Waits for the next bytes and takes all whole frames.
    pub(crate) async fn hear(&mut self) -> Result<Vec<Heard>> {
        if !self.early.is_empty() {
            return Ok(std::mem::take(&mut self.early));
        }
        let chunk = tokio::time::timeout(PATIENCE, self.recv.read_chunk(256 * 1024, true)).await;
        let chunk = chunk.map_err(|_| Error("nothing came for a minute".into()))?;
        match chunk.map_err(|error| Error::new("read", error))? {
            Some(chunk) => self.buffer.extend_from_slice(&chunk.bytes),
            None => return Err(Error("the server ended the stream".into())),
        }
        let mut heard = Vec::new();
        while let Some(one) = if self.conversation.is_some() { self.frame()? } else { self.raw() } {
            heard.push(one);
        }
        Ok(heard)
    }

    fn frame(&mut self) -> Result<Option<Heard>> {
        let bad = |error: frame::DecodeError| Error::new("a frame", error);
        let Some((kind, body, end)) = frame::split(&self.buffer, frame::CHAT_FRAME_MAX).map_err(bad)? else {
            return Ok(None);
        };
        let body = &self.buffer[body];
        let heard = match kind {
            frame_type::ACK => {
                let ack: chat::Ack = frame::decode(body).map_err(bad)?;
                let took = self.pending.pop_front().map_or(Duration::ZERO, |at| at.elapsed());
                let (event_seq, message_seq, at_ms) = (ack.event_seq, ack.message_seq, ack.at_ms);
                Heard::Ack { id: ack.id.0, event_seq, message_seq, at_ms, took }
            }
            frame_type::EVENT => {
                let event: Event = frame::decode(body).map_err(bad)?;
                let sent_us = event.id.map_or(0, |id| sent_us(&id.0));
                Heard::Message { event: Some(Box::new(event)), sent_us }
            }
            frame_type::SKIP => {
                let skip: chat::Skip = frame::decode(body).map_err(bad)?;
                Heard::Skip { conversation: skip.conversation.0, from: skip.from, to: skip.to }
            }
            frame_type::CAUGHT_UP => Heard::Live,
            frame_type::REFUSED => {
                let refused: chat::Refused = frame::decode(body).map_err(bad)?;
                return Err(Error(format!("a send was refused: {}", refused.fault.code)));
            }
            frame_type::CURSOR_REFUSED => return Err(Error("a cursor was refused".into())),
            frame::FAULT => return Err(Error("the server refused the stream".into())),
            _ => Heard::Other,
        };
        self.buffer.advance(end);
        Ok(Some(heard))
    }

    fn raw(&mut self) -> Option<Heard> {
        match ceiling::take(&mut self.buffer)? {
            ceiling::Frame::Ack { id, event_seq } => {
                let took = self.pending.pop_front().map_or(Duration::ZERO, |at| at.elapsed());
                Some(Heard::Ack { id, event_seq, message_seq: None, at_ms: 0, took })
            }
            ceiling::Frame::Message { id, .. } => Some(Heard::Message { event: None, sent_us: sent_us(&id) }),
            ceiling::Frame::Live => Some(Heard::Live),
        }
    }
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
