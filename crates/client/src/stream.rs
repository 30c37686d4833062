//! Streams: reset when dropped before they are finished, read as frames.

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use litrocket_protocol::{Fault, Request, close_code, frame, stream_kind, varint};
use tokio::io::AsyncReadExt as _;

use crate::Error;

pub(crate) struct SendStream {
    inner: quinn::SendStream,
    finished: bool,
}

pub(crate) struct RecvStream {
    inner: quinn::RecvStream,
    buffer: BytesMut,
}

fn broken(error: &dyn std::fmt::Display) -> Error {
    Error::Unreachable(error.to_string())
}

/// Opens a stream and says what kind it is.
pub(crate) async fn open(
    connection: &quinn::Connection,
    kind: u64,
) -> Result<(SendStream, RecvStream), Error> {
    let (send, recv) = connection.open_bi().await.map_err(|error| broken(&error))?;
    let mut send = SendStream { inner: send, finished: false };
    let mut head = Vec::new();
    varint::put(&mut head, kind);
    send.write(&head).await?;
    Ok((send, RecvStream { inner: recv, buffer: BytesMut::new() }))
}

/// One request on a connection.
pub(crate) async fn call<R: Request>(connection: &quinn::Connection, request: R) -> Result<R::Reply, Error> {
    ask::<R>(connection, &frame::encode(R::CODE, &request)).await
}

/// The same for a request that is encoded already.
pub(crate) async fn ask<R: Request>(
    connection: &quinn::Connection,
    request: &[u8],
) -> Result<R::Reply, Error> {
    let (mut send, mut recv) = open(connection, stream_kind::REQUEST).await?;
    send.write(request).await?;
    send.finish();
    let (kind, body) = recv
        .frame(frame::FRAME_MAX)
        .await?
        .ok_or_else(|| Error::Protocol("a reply stream without a reply".into()))?;
    match kind {
        frame::FAULT => {
            let fault: Fault = frame::decode(&body).map_err(|error| Error::Protocol(error.to_string()))?;
            Err(fault.into())
        }
        kind if kind == R::CODE => frame::decode(&body).map_err(|error| Error::Protocol(error.to_string())),
        kind => Err(Error::Protocol(format!("a reply of type {kind:#x} to {:#x}", R::CODE))),
    }
}

/// Opens a one-way stream that begins with some numbers. Files go behind everything else.
pub(crate) async fn open_uni(connection: &quinn::Connection, numbers: &[u64]) -> Result<SendStream, Error> {
    let inner = connection.open_uni().await.map_err(|error| broken(&error))?;
    let mut send = SendStream { inner, finished: false };
    let _ = send.inner.set_priority(FILE_PRIORITY);
    let mut head = Vec::new();
    for number in numbers {
        varint::put(&mut head, *number);
    }
    send.write(&head).await?;
    Ok(send)
}

/// Chat, state and requests have 0.
const FILE_PRIORITY: i32 = -10;

impl SendStream {
    pub(crate) async fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.inner.write_all(bytes).await.map_err(|error| broken(&error))
    }

    pub(crate) async fn write_chunks(&mut self, chunks: &mut [Bytes]) -> Result<(), Error> {
        self.inner.write_all_chunks(chunks).await.map_err(|error| broken(&error))
    }

    /// Says that all was sent and waits until the peer has it, or why it wants no more.
    pub(crate) async fn finish_and_wait(&mut self) -> Result<Option<u64>, Error> {
        self.finish();
        let stopped = self.inner.stopped().await.map_err(|error| broken(&error))?;
        Ok(stopped.map(quinn::VarInt::into_inner))
    }

    /// Writes all of it; the code with which the peer wants no more, if it does.
    pub(crate) async fn write_or_stopped(&mut self, bytes: Bytes) -> Result<Option<u64>, Error> {
        match self.inner.write_chunk(bytes).await {
            Ok(()) => Ok(None),
            Err(quinn::WriteError::Stopped(code)) => Ok(Some(code.into_inner())),
            Err(error) => Err(broken(&error)),
        }
    }

    pub(crate) fn finish(&mut self) {
        self.finished = true;
        let _ = self.inner.finish();
    }
}

impl Drop for SendStream {
    fn drop(&mut self) {
        // quinn finishes a dropped stream: what was cancelled would look complete.
        if !self.finished {
            let _ = self.inner.reset(close_code::CANCELLED.into());
        }
    }
}

impl RecvStream {
    pub(crate) fn new(inner: quinn::RecvStream) -> Self {
        Self { inner, buffer: BytesMut::new() }
    }

    /// The next number.
    pub(crate) async fn varint(&mut self) -> Result<u64, Error> {
        loop {
            if let Some((value, size)) = varint::get(&self.buffer) {
                self.buffer.advance(size);
                return Ok(value);
            }
            match self.inner.read_chunk(frame::FRAME_MAX, true).await.map_err(|error| broken(&error))? {
                Some(chunk) => self.buffer.extend_from_slice(&chunk.bytes),
                None => return Err(Error::Unreachable("the stream ended inside a number".into())),
            }
        }
    }

    /// Adds the raw bytes that are here to `buffer`, at most `max`, and waits while there are none; how many came, 0 at the
    /// end, or the code with which the peer gave the stream up. All that is here comes at once. Cancel-safe.
    pub(crate) async fn read(
        &mut self,
        buffer: &mut BytesMut,
        max: usize,
    ) -> Result<Result<usize, u64>, Error> {
        if !self.buffer.is_empty() {
            let length = self.buffer.len().min(max);
            buffer.extend_from_slice(&self.buffer.split_to(length));
            return Ok(Ok(length));
        }
        match self.inner.read_buf(&mut buffer.limit(max)).await {
            Ok(length) => Ok(Ok(length)),
            Err(error) => match error.get_ref().and_then(|error| error.downcast_ref()) {
                Some(quinn::ReadError::Reset(code)) => Ok(Err(code.into_inner())),
                _ => Err(broken(&error)),
            },
        }
    }

    /// The next frame; `None` at the end. Cancel-safe.
    pub(crate) async fn frame(&mut self, max: usize) -> Result<Option<(u64, Bytes)>, Error> {
        loop {
            match frame::split(&self.buffer, max) {
                Ok(Some((kind, body, end))) => {
                    let bytes = Bytes::copy_from_slice(&self.buffer[body]);
                    self.buffer.advance(end);
                    return Ok(Some((kind, bytes)));
                }
                Ok(None) => {}
                Err(error) => return Err(Error::Protocol(error.to_string())),
            }
            match self.inner.read_chunk(frame::FRAME_MAX, true).await.map_err(|error| broken(&error))? {
                Some(chunk) => self.buffer.extend_from_slice(&chunk.bytes),
                None if self.buffer.is_empty() => return Ok(None),
                None => return Err(Error::Unreachable("the stream ended inside a frame".into())),
            }
        }
    }
}
