//! Streams. A send stream that is dropped before it is finished is reset: quinn would finish it, and a cancelled
//! reply would look complete.

use std::time::Duration;

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use litrocket_protocol::{Fault, close_code, fault::code, frame, varint};
use tokio::{io::AsyncReadExt as _, time::timeout};

use crate::limits;

/// Why a stream cannot be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WriteError {
    /// The peer took nothing for too long: the stream was reset, so that what waited in it is free.
    Stalled,
    /// The peer wants no more, or the connection is over.
    Gone,
}

/// Why a frame cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReadError {
    /// The frame is longer than allowed.
    TooLarge {
        /// What it claims, in bytes.
        length: u64,
    },
    /// The frame breaks the rules, or the stream ended inside it: which of these.
    Malformed(&'static str),
    /// The frame makes less progress than [`limits::FRAME_PACE`].
    TooSlow,
    /// The peer reset the stream, or the connection is over.
    Gone,
}

impl ReadError {
    /// What the peer is told of bytes that are no frame; nothing where it is late or gone.
    pub fn fault(&self, max: usize) -> Option<Fault> {
        let fault = Fault::new(code::BAD_FRAME);
        match self {
            Self::TooLarge { length } => {
                let message = format!("A frame of {length} bytes; at most {max} are allowed here.");
                Some(fault.limit(max as u64).message(message))
            }
            Self::Malformed(why) => Some(fault.message(*why)),
            Self::TooSlow | Self::Gone => None,
        }
    }
}

const CUT_OFF: ReadError = ReadError::Malformed("The stream ended inside a frame.");
const NO_TYPE: ReadError = ReadError::Malformed("A frame without a type.");

/// The sending half of a stream.
#[derive(Debug)]
pub struct SendStream {
    inner: quinn::SendStream,
    finished: bool,
    patience: Duration,
}

impl SendStream {
    pub(super) fn new(inner: quinn::SendStream) -> Self {
        Self { inner, finished: false, patience: limits::WRITE_STALL }
    }

    /// How long the peer may take nothing, where that is not [`limits::WRITE_STALL`].
    pub fn set_patience(&mut self, patience: Duration) {
        self.patience = patience;
    }

    /// Writes all of it; waits while the peer takes some now and then.
    pub async fn write(&mut self, bytes: Bytes) -> Result<(), WriteError> {
        self.write_chunks(&mut [bytes]).await
    }

    /// Writes all chunks without copying them.
    pub async fn write_chunks(&mut self, mut chunks: &mut [Bytes]) -> Result<(), WriteError> {
        while !chunks.is_empty() {
            match timeout(self.patience, self.inner.write_chunks(chunks)).await {
                Ok(Ok(written)) => chunks = &mut chunks[written.chunks..],
                Ok(Err(_)) => return Err(WriteError::Gone),
                Err(_) => {
                    self.finished = true;
                    let _ = self.inner.reset(close_code::TOO_SLOW.into());
                    return Err(WriteError::Stalled);
                }
            }
        }
        Ok(())
    }

    /// Says that all was sent.
    pub fn finish(mut self) {
        self.finished = true;
        // It fails only when the stream was finished or reset before.
        let _ = self.inner.finish();
    }

    /// Says that all was sent and waits until the peer has it; whether it does. A peer that has all it wants may be gone before
    /// it says so.
    pub async fn finish_and_wait(&mut self) -> bool {
        self.finished = true;
        let _ = self.inner.finish();
        let closed = |error| {
            matches!(error, quinn::StoppedError::ConnectionLost(quinn::ConnectionError::ApplicationClosed(_)))
        };
        match self.inner.stopped().await {
            Ok(code) => code.is_none(),
            Err(error) => closed(error),
        }
    }

    /// Gives the stream up.
    pub fn reset(mut self, code: u32) {
        self.finished = true;
        let _ = self.inner.reset(code.into());
    }

    /// Higher goes first.
    pub fn set_priority(&self, priority: i32) {
        let _ = self.inner.set_priority(priority);
    }

    /// Waits until the peer wants no more, or the connection is over.
    pub async fn stopped(&mut self) {
        drop(self.inner.stopped().await);
    }
}

impl Drop for SendStream {
    fn drop(&mut self) {
        if !self.finished {
            let _ = self.inner.reset(close_code::CANCELLED.into());
        }
    }
}

/// The receiving half of a stream.
#[derive(Debug)]
pub struct RecvStream {
    inner: quinn::RecvStream,
    buffer: BytesMut,
}

impl RecvStream {
    pub(super) fn new(inner: quinn::RecvStream) -> Self {
        Self { inner, buffer: BytesMut::new() }
    }

    /// The next frame as type and map, where all of it is here already. A length above `max` is refused before its bytes arrive.
    pub fn frame_here(&mut self, max: usize) -> Result<Option<(u64, Bytes)>, ReadError> {
        match frame::split(&self.buffer, max) {
            Ok(Some((kind, body, end))) => {
                let whole = self.buffer.split_to(end).freeze();
                Ok(Some((kind, whole.slice(body))))
            }
            Ok(None) => Ok(None),
            Err(frame::DecodeError::TooLarge { length, .. }) => Err(ReadError::TooLarge { length }),
            Err(_) => Err(NO_TYPE),
        }
    }

    /// Takes what arrived into the buffer; `false` at the end of the stream. Cancel-safe.
    async fn fill(&mut self) -> Result<bool, ReadError> {
        match self.inner.read_chunk(frame::FRAME_MAX, true).await {
            Ok(Some(chunk)) => {
                self.buffer.extend_from_slice(&chunk.bytes);
                Ok(true)
            }
            Ok(None) => Ok(false),
            Err(_) => Err(ReadError::Gone),
        }
    }

    /// The next number; `None` at a clean end. Cancel-safe.
    pub async fn varint(&mut self) -> Result<Option<u64>, ReadError> {
        loop {
            if let Some((value, size)) = varint::get(&self.buffer) {
                self.buffer.advance(size);
                return Ok(Some(value));
            }
            if !self.fill().await? {
                return if self.buffer.is_empty() { Ok(None) } else { Err(CUT_OFF) };
            }
        }
    }

    /// Like [`Self::frame`], but a frame that began has to go on. Between frames the stream may be silent.
    pub async fn paced_frame(&mut self, max: usize) -> Result<Option<(u64, Bytes)>, ReadError> {
        if self.buffer.is_empty() && !self.fill().await? {
            return Ok(None);
        }
        let (bytes, time) = limits::FRAME_PACE;
        loop {
            let before = self.buffer.len();
            match timeout(time, self.frame(max)).await {
                Ok(frame) => return frame,
                Err(_) if self.buffer.len() < before + bytes => return Err(ReadError::TooSlow),
                Err(_) => {}
            }
        }
    }

    /// The next frame, as [`Self::frame_here`] gives it; `None` at a clean end. Cancel-safe.
    pub async fn frame(&mut self, max: usize) -> Result<Option<(u64, Bytes)>, ReadError> {
        loop {
            if let Some(frame) = self.frame_here(max)? {
                return Ok(Some(frame));
            }
            if !self.fill().await? {
                return if self.buffer.is_empty() { Ok(None) } else { Err(CUT_OFF) };
            }
        }
    }

    /// Adds the raw bytes that are here to `buffer`, at most `max`, and waits while there are none; how many came, 0 at the end
    /// of the stream. All that is here comes at once: a call for each packet costs more than copying them. Cancel-safe.
    pub async fn read(&mut self, buffer: &mut BytesMut, max: usize) -> Result<usize, ReadError> {
        if !self.buffer.is_empty() {
            let length = self.buffer.len().min(max);
            buffer.extend_from_slice(&self.buffer.split_to(length));
            return Ok(length);
        }
        self.inner.read_buf(&mut buffer.limit(max)).await.map_err(|_| ReadError::Gone)
    }

    /// Asks the peer to send no more.
    pub fn stop(&mut self, code: u32) {
        let _ = self.inner.stop(code.into());
    }
}
