//! One connection.

use std::{net::SocketAddr, sync::Arc};

use super::{
    listener::Place,
    streams::{RecvStream, SendStream},
};

/// The connection is over.
#[derive(Debug, Clone)]
pub struct Closed(pub String);

/// One QUIC connection. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Connection {
    inner: quinn::Connection,
    id: u64,
    /// Gives the connection's place back when the last clone goes.
    _place: Arc<Place>,
}

impl Connection {
    pub(super) fn new(inner: quinn::Connection, id: u64, place: Place) -> Self {
        Self { inner, id, _place: Arc::new(place) }
    }

    /// Unique in the process, never 0.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// Where the peer is now; it may move.
    pub fn remote(&self) -> SocketAddr {
        self.inner.remote_address()
    }

    /// The next stream the peer opens.
    pub async fn accept_bi(&self) -> Result<(SendStream, RecvStream), Closed> {
        let (send, recv) = self.inner.accept_bi().await.map_err(|error| Closed(error.to_string()))?;
        Ok((SendStream::new(send), RecvStream::new(recv)))
    }

    /// The next one-way stream the peer opens.
    pub async fn accept_uni(&self) -> Result<RecvStream, Closed> {
        let recv = self.inner.accept_uni().await.map_err(|error| Closed(error.to_string()))?;
        Ok(RecvStream::new(recv))
    }

    /// Ends the connection; data that is not delivered yet is lost.
    pub fn close(&self, code: u32, reason: &str) {
        self.inner.close(code.into(), reason.as_bytes());
    }

    /// Waits for the end.
    pub async fn closed(&self) -> Closed {
        Closed(self.inner.closed().await.to_string())
    }

    /// How many bytes may be under way without an acknowledgement.
    pub fn set_send_window(&self, bytes: u64) {
        self.inner.set_send_window(bytes);
    }
}
