//! The ceiling's storage: one thread, one connection, whatever waits in one commit.

use std::sync::{Condvar, Mutex, PoisonError};

use bytes::Bytes;
use rusqlite::{Connection, params};

use crate::{Error, Result};

/// A message to store.
pub(super) struct Row {
    pub(super) conversation: u64,
    pub(super) event_seq: u64,
    pub(super) sender: u64,
    pub(super) id: [u8; 16],
    pub(super) body: Bytes,
}

/// A message as it is read back: its id, its sequence, its frame.
pub(super) type Stored = ([u8; 16], u64, Vec<u8>);

/// What waits for the next commit.
pub(super) struct Queue<T> {
    waiting: Mutex<Vec<T>>,
    wake: Condvar,
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Self { waiting: Mutex::default(), wake: Condvar::new() }
    }
}

impl<T> Queue<T> {
    pub(super) fn push(&self, items: impl IntoIterator<Item = T>) {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).extend(items);
        self.wake.notify_one();
    }

    /// Waits for something and takes it all.
    pub(super) fn take(&self) -> Vec<T> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        while waiting.is_empty() {
            waiting = self.wake.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
        std::mem::take(&mut *waiting)
    }
}

/// The database, with the server's tables and durability.
pub(super) struct Store {
    connection: Connection,
    pos: u64,
    /// Pages of the log that were not copied back.
    behind: u32,
}

/// The server's bound of the write-ahead log, in pages of 4 KiB: 16 MiB.
const CHECKPOINT_PAGES: u32 = 4_096;

fn fail(error: rusqlite::Error) -> Error {
    Error::new("the ceiling's database", error)
}

impl Store {
    pub(super) fn open(schema: &str) -> Result<Self> {
        let connection = Connection::open("ceiling.db").map_err(fail)?;
        connection
            .execute_batch(
                "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0;
                 PRAGMA secure_delete = ON; PRAGMA cache_size = -16384;",
            )
            .map_err(fail)?;
        connection.execute_batch(schema).map_err(fail)?;
        Ok(Self { connection, pos: 0, behind: 0 })
    }

    /// Stores all in one commit.
    pub(super) fn commit(&mut self, rows: &[&Row]) -> Result<()> {
        self.connection.execute_batch("BEGIN IMMEDIATE").map_err(fail)?;
        {
            let mut insert = self
                .connection
                .prepare_cached(
                    "INSERT INTO events (pos, conversation, event_seq, message_seq, at_ms, sender, kind,
                        target_seq, id, hash, frame) VALUES (?1, ?2, ?3, ?3, ?4, ?5, 1, NULL, ?6, ?7, ?8)",
                )
                .map_err(fail)?;
            for row in rows {
                self.pos += 1;
                let hash = [7_u8; 32];
                let (conversation, seq) = (row.conversation.cast_signed(), row.event_seq.cast_signed());
                let at = 1_790_000_000_000_i64;
                insert
                    .execute(params![
                        self.pos.cast_signed(),
                        conversation,
                        seq,
                        at,
                        row.sender.cast_signed(),
                        row.id.as_slice(),
                        hash.as_slice(),
                        row.body.as_ref()
                    ])
                    .map_err(fail)?;
            }
        }
        self.connection.execute_batch("COMMIT").map_err(fail)?;
        // About 300 bytes of table and 100 of indexes a row.
        self.behind += u32::try_from(rows.len()).unwrap_or(u32::MAX) / 6 + 4;
        if self.behind > CHECKPOINT_PAGES {
            self.behind = 0;
            self.connection.execute_batch("PRAGMA wal_checkpoint(PASSIVE)").map_err(fail)?;
        }
        Ok(())
    }

    /// Reads a conversation behind a sequence, at most `limit` messages.
    pub(super) fn read(
        reader: &Connection,
        conversation: u64,
        after: u64,
        limit: u32,
    ) -> Result<Vec<Stored>> {
        let mut select = reader
            .prepare_cached(
                "SELECT id, event_seq, frame FROM events WHERE conversation = ?1 AND event_seq > ?2
                    ORDER BY event_seq LIMIT ?3",
            )
            .map_err(fail)?;
        let rows = select
            .query_map(params![conversation.cast_signed(), after.cast_signed(), limit], |row| {
                let id: Vec<u8> = row.get(0)?;
                let seq: i64 = row.get(1)?;
                Ok((id.try_into().unwrap_or_default(), seq.cast_unsigned(), row.get(2)?))
            })
            .map_err(fail)?;
        rows.collect::<std::result::Result<_, _>>().map_err(fail)
    }

    /// Another connection, for reading.
    pub(super) fn reader() -> Result<Connection> {
        Connection::open("ceiling.db").map_err(fail)
    }
}
