//! One connection.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use litrocket_core::pace::Pace;

use super::{
    admission::ConnectionPlace,
    listener::{CONNECTION_WINDOW, SEND_WINDOW},
    streams::{RecvStream, SendStream},
};

use crate::lock::lock;

/// The connection is over.
#[derive(Debug, Clone)]
pub struct Closed(pub String);

/// What each file that flows may have under way beside chat, in bytes: what clients take of a stream before they
/// read it. So files never fill what chat has, and three of them fill a line of 100 Mbit/s at 240 ms.
const FILE_WINDOW: u64 = 1024 * 1024;

/// Files wait for so long or not at all.
const FILE_TICK: Duration = Duration::from_millis(1);

/// The send window that chat asks for, how many files need a wide one, and how quickly these go.
#[derive(Debug)]
struct Windows {
    narrow: u64,
    files: usize,
    began: Instant,
    pace: Pace,
    /// Where the peer was when the pace was found: another address is another path.
    paced: SocketAddr,
}

/// Keeps the send window wide until it is dropped.
#[derive(Debug)]
pub struct WideWindow(Connection);

/// One QUIC connection. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Connection {
    inner: quinn::Connection,
    id: u64,
    windows: Arc<Mutex<Windows>>,
    /// Gives the connection's place back when the last clone goes.
    place: Arc<ConnectionPlace>,
}

impl Connection {
    pub(super) fn new(inner: quinn::Connection, id: u64, place: ConnectionPlace) -> Self {
        let windows = Arc::new(Mutex::new(Windows {
            narrow: SEND_WINDOW,
            files: 0,
            began: Instant::now(),
            pace: Pace::default(),
            paced: inner.remote_address(),
        }));
        Self { inner, id, windows, place: Arc::new(place) }
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

    /// Opens a one-way stream; waits until the peer allows one more.
    pub async fn open_uni(&self) -> Result<SendStream, Closed> {
        let send = self.inner.open_uni().await.map_err(|error| Closed(error.to_string()))?;
        Ok(SendStream::new(send))
    }

    /// Ends the connection; data that is not delivered yet is lost.
    pub fn close(&self, code: u32, reason: &str) {
        self.inner.close(code.into(), reason.as_bytes());
    }

    /// Waits for the end.
    pub async fn closed(&self) -> Closed {
        Closed(self.inner.closed().await.to_string())
    }

    /// How often the peer said that it read: acknowledgements alone come from its machine, also when nobody reads.
    pub fn reads(&self) -> u64 {
        let received = self.inner.stats().frame_rx;
        received.max_data + received.max_stream_data
    }

    /// How many bytes may be under way without an acknowledgement.
    pub fn set_send_window(&self, bytes: u64) {
        self.change_windows(|windows| windows.narrow = bytes);
    }

    /// Somebody signed in: the peer may send as much as those may, and the place is none of a guest's.
    pub fn signed_in(&self) {
        self.inner.set_receive_window(CONNECTION_WINDOW.into());
        self.place.no_guest_any_more();
    }

    /// Lets more be under way while a file flows.
    pub fn wide_window(&self) -> WideWindow {
        self.change_windows(|windows| windows.files += 1);
        WideWindow(self.clone())
    }

    /// Waits until more of a file may go, so that no queue grows on the way; how many bytes, at most `most`.
    pub async fn file_turn(&self, most: usize) -> usize {
        let (round_trip, remote) = (self.inner.rtt(), self.inner.remote_address());
        let (bytes, wait) = {
            let mut windows = lock(&self.windows);
            if windows.paced != remote {
                (windows.paced, windows.pace) = (remote, Pace::default());
            }
            let bytes = windows.pace.piece().min(most);
            let now = windows.began.elapsed();
            (bytes, windows.pace.takes(now, bytes, round_trip))
        };
        // Shorter waits are added up: timers are no finer.
        if wait >= FILE_TICK {
            tokio::time::sleep(wait).await;
        }
        bytes
    }

    fn change_windows(&self, change: impl FnOnce(&mut Windows)) {
        let mut windows = lock(&self.windows);
        change(&mut windows);
        self.inner.set_send_window(windows.narrow + windows.files as u64 * FILE_WINDOW);
    }
}

impl Drop for WideWindow {
    fn drop(&mut self) {
        self.0.change_windows(|windows| windows.files -= 1);
    }
}
