//! The ceiling: the least that could do the same work.
//!
//! The same QUIC endpoint, one task per connection and direction, frames coalesced per write; where it stores, one
//! thread that commits whatever waits through SQLite's C interface before anything is acked or delivered. No
//! accounts, no membership, no cursors. Its frames have a fixed binary form:
//! `length u32 | kind u8 | id 16 bytes | event_seq u64 | body`.

pub(crate) mod files;
mod server;
mod store;

use bytes::{Buf as _, Bytes, BytesMut};

pub use server::{Options, serve};

/// Kind, id and sequence.
const HEAD: usize = 1 + 16 + 8;

/// A frame of the raw program.
#[derive(Debug)]
pub(crate) enum Frame {
    /// It is stored.
    Ack {
        /// What was sent.
        id: [u8; 16],
        /// Its place.
        event_seq: u64,
    },
    /// Somebody's message.
    Message {
        /// Its id.
        id: [u8; 16],
        /// Its body.
        body: Bytes,
    },
    /// What is stored was written; everything else is live.
    Live,
}

const ACK: u8 = 0;
const MESSAGE: u8 = 1;
const LIVE: u8 = 2;

fn encode(out: &mut Vec<u8>, kind: u8, id: &[u8; 16], event_seq: u64, body: &[u8]) {
    let length = u32::try_from(HEAD + body.len()).unwrap_or(u32::MAX);
    out.extend_from_slice(&length.to_be_bytes());
    out.push(kind);
    out.extend_from_slice(id);
    out.extend_from_slice(&event_seq.to_be_bytes());
    out.extend_from_slice(body);
}

/// Writes a send.
pub(crate) fn put(out: &mut Vec<u8>, id: &[u8; 16], body: &[u8]) {
    encode(out, MESSAGE, id, 0, body);
}

/// Takes the next whole frame.
pub(crate) fn take(buffer: &mut BytesMut) -> Option<Frame> {
    let length = u32::from_be_bytes(buffer.get(..4)?.try_into().ok()?) as usize;
    if length < HEAD || buffer.len() < 4 + length {
        return None;
    }
    buffer.advance(4);
    let mut frame = buffer.split_to(length).freeze();
    let kind = frame.get_u8();
    let mut id = [0; 16];
    frame.copy_to_slice(&mut id);
    let event_seq = frame.get_u64();
    Some(match kind {
        ACK => Frame::Ack { id, event_seq },
        LIVE => Frame::Live,
        _ => Frame::Message { id, body: frame },
    })
}
