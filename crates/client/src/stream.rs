//! Streams: reset when dropped before they are finished, read as frames.

use bytes::{Buf as _, Bytes, BytesMut};
use litrocket_protocol::{close_code, frame, varint};

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

impl SendStream {
    pub(crate) async fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.inner.write_all(bytes).await.map_err(|error| broken(&error))
    }

    pub(crate) async fn write_chunks(&mut self, chunks: &mut [Bytes]) -> Result<(), Error> {
        self.inner.write_all_chunks(chunks).await.map_err(|error| broken(&error))
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
