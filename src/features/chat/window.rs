//! How much may be under way on a chat stream.

use litrocket_protocol::limits;

use crate::transport::Connection;

/// The send window of a connection that has not shown that it reads, in bytes. With a turn of a third of it, a peer that
/// never reads holds 64 KiB.
const WINDOW_MIN: u64 = 48 * 1024;
/// The send window of one that takes all it is given, in bytes.
const WINDOW_MAX: u64 = 1024 * 1024;

/// How much may be under way to a device: it grows with what the peer is seen to read.
pub(super) struct Window {
    bytes: u64,
    /// What was written since it grew, and how often the peer had said then that it read.
    written: u64,
    reads: u64,
}

impl Window {
    /// That of a connection that has not shown that it reads.
    pub(super) fn of(connection: &Connection) -> Self {
        connection.set_send_window(WINDOW_MIN);
        Self { bytes: WINDOW_MIN, written: 0, reads: connection.reads() }
    }

    /// What a turn may hold beside it.
    pub(super) fn turn(&self) -> usize {
        limits::TURN_BYTES.min(self.bytes as usize / 3)
    }

    pub(super) fn written(&mut self, bytes: u64, connection: &Connection) {
        self.written += bytes;
        if self.bytes >= WINDOW_MAX || self.written < self.bytes {
            return;
        }
        let reads = connection.reads();
        self.written = 0;
        if reads > self.reads {
            self.reads = reads;
            self.bytes = (self.bytes * 2).min(WINDOW_MAX);
            connection.set_send_window(self.bytes);
        }
    }
}
