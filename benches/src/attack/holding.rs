//! Attackers with connections: readers that never read again, and streams that trickle.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use litrocket_protocol::{
    account::ListSessions,
    chat::{Live, frame_type},
    frame, stream_kind, varint,
};
use quinn::{Connecting, Connection, Endpoint, RecvStream, SendStream};
use tokio::task::JoinSet;

use super::address;
use crate::{
    Error, Result,
    load::{ramp, token},
    peer::{PATIENCE, Peers, call, hello},
};

/// Networks that they come from; each has a socket.
const NETWORKS: u64 = 100;
/// What a reader that does not read has room for.
const ROOM: u32 = 64 * 1024;
/// Streams of one slow peer: as many as a connection may have.
const STREAMS: u64 = 16;
/// Between two bytes of a stream that trickles.
const TRICKLE: Duration = Duration::from_secs(5);

/// What they do once they are in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Go live and read nothing from then on.
    Stuck,
    /// Open all streams and write a byte now and then.
    Slow,
}

/// Connections that are there to harm. They end when this is dropped.
pub(crate) struct Attackers {
    connections: Vec<Connection>,
    /// Streams that nobody reads or goes on with.
    unread: Vec<(SendStream, RecvStream)>,
    /// Handshakes with somebody who does not answer.
    connecting: Vec<Connecting>,
    trickling: JoinSet<()>,
    trickled: Arc<AtomicU64>,
    _endpoints: Vec<Endpoint>,
}

impl Attackers {
    /// So many of a kind, signed in with the tokens of the accounts from `first` on. Where there is no server, each goes on
    /// trying to connect.
    pub(crate) async fn begin(
        kind: Kind,
        (peers, server): (&Peers, SocketAddr),
        (first, count): (u64, u64),
        is_dead: bool,
    ) -> Result<Self> {
        let fail = |error| Error::new("an attacker's socket", error);
        let endpoints: std::io::Result<Vec<Endpoint>> =
            (0..NETWORKS.min(count)).map(|n| Endpoint::client((address(n), 0).into())).collect();
        let endpoints = endpoints.map_err(fail)?;
        let config = peers.with_room(ROOM);
        let dial = |n: u64| {
            let endpoint = &endpoints[(n % NETWORKS) as usize];
            let connecting = endpoint.connect_with(config.clone(), server, "localhost");
            connecting.map_err(|error| Error::new("an attacker", error))
        };
        let mut all = Self {
            connections: Vec::new(),
            unread: Vec::new(),
            connecting: Vec::new(),
            trickling: JoinSet::new(),
            trickled: Arc::default(),
            _endpoints: endpoints.clone(),
        };
        if is_dead {
            all.connecting = (0..count).map(dial).collect::<Result<_>>()?;
            return Ok(all);
        }
        let come = ramp(count, |n| {
            let connecting = dial(n);
            async move {
                let connection = tokio::time::timeout(PATIENCE, connecting?).await;
                let connection = connection.map_err(|_| Error("an attacker does not get in".into()))?;
                let connection = connection.map_err(|error| Error::new("an attacker", error))?;
                hello(&connection, Some(token(first + n))).await?;
                let streams = match kind {
                    Kind::Stuck => vec![goes_live(&connection).await?],
                    Kind::Slow => opens_all(&connection).await?,
                };
                Ok((connection, streams))
            }
        });
        for (connection, streams) in come.await? {
            all.connections.push(connection);
            if kind == Kind::Stuck {
                all.unread.extend(streams);
            } else {
                all.trickling.spawn(trickle(streams, all.trickled.clone()));
            }
        }
        Ok(all)
    }

    /// How many are still there, or still try.
    pub(crate) fn held(&self) -> u64 {
        let open = self.connections.iter().filter(|one| one.close_reason().is_none()).count();
        (open + self.connecting.len()) as u64
    }

    /// Bytes that were written on streams so that they never end.
    pub(crate) fn trickled(&self) -> u64 {
        self.trickled.load(Ordering::Relaxed)
    }

    /// Bytes to the server and from it.
    pub(crate) fn bytes(&self) -> (u64, u64) {
        let stats = self.connections.iter().map(Connection::stats);
        stats.fold((0, 0), |(sent, received), one| (sent + one.udp_tx.bytes, received + one.udp_rx.bytes))
    }
}

async fn open(connection: &Connection, first: &[u8]) -> Result<(SendStream, RecvStream)> {
    let opened = tokio::time::timeout(PATIENCE, connection.open_bi()).await;
    let opened = opened.map_err(|_| Error("an attacker may open no more streams".into()))?;
    let (mut send, recv) = opened.map_err(|error| Error::new("an attacker's stream", error))?;
    send.write_all(first).await.map_err(|error| Error::new("an attacker's stream", error))?;
    Ok((send, recv))
}

async fn goes_live(connection: &Connection) -> Result<(SendStream, RecvStream)> {
    let mut first = Vec::new();
    varint::put(&mut first, stream_kind::CHAT);
    first.extend(frame::encode(frame_type::LIVE, &Live { account_version: 0, fresh: true }));
    open(connection, &first).await
}

/// Streams of every kind that get nowhere: each begins a frame that it will not end.
async fn opens_all(connection: &Connection) -> Result<Vec<(SendStream, RecvStream)>> {
    // The room of streams that ended is given back for several at once: without these the last of all is not to be had.
    for _ in 0..2 {
        call(connection, &ListSessions { before: None, limit: None }).await?;
    }
    let mut streams = Vec::new();
    for n in 0..STREAMS {
        let mut first = Vec::new();
        varint::put(
            &mut first,
            [stream_kind::REQUEST, stream_kind::CHAT, stream_kind::STATE][n as usize % 3],
        );
        varint::put(&mut first, 4_000);
        streams.push(open(connection, &first).await?);
    }
    Ok(streams)
}

/// A byte on each now and then. One that the server wants no more is opened again by nobody.
async fn trickle(mut streams: Vec<(SendStream, RecvStream)>, trickled: Arc<AtomicU64>) {
    while !streams.is_empty() {
        let mut open = Vec::new();
        for (mut send, recv) in streams {
            if send.write_all(&[0]).await.is_ok() {
                trickled.fetch_add(1, Ordering::Relaxed);
                open.push((send, recv));
            }
        }
        streams = open;
        tokio::time::sleep(TRICKLE).await;
    }
}
