//! A long-lived stream of a peer, and what comes on it.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use bytes::{Buf as _, BytesMut};
use litrocket_protocol::{
    ConversationId, MessageId,
    chat::{self, frame_type},
    event::{Event, kind},
    frame,
};
use quinn::{RecvStream, SendStream};

use super::{PATIENCE, message_id, sent_us, text, write};
use crate::{Error, Result, ceiling, load::Notes};

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
    /// `sent_us`: when its sender wrote it, on the clock of [`super::now_us`]; 0 for what was stored before the run.
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
    pub(super) fn new(send: SendStream, recv: RecvStream, conversation: Option<ConversationId>) -> Self {
        let (buffer, early) = (BytesMut::new(), Vec::new());
        Self { send, recv, buffer, early, conversation, pending: VecDeque::new(), number: 0 }
    }

    /// Waits until it is live. What came until then is heard next.
    pub(super) async fn comes_live(&mut self) -> Result<()> {
        let mut early = Vec::new();
        while !early.iter().any(|heard| matches!(heard, Heard::Live)) {
            early.extend(self.hear().await?);
        }
        self.early = early;
        Ok(())
    }

    /// Only the streams, held open.
    pub(super) fn into_streams(self) -> (SendStream, RecvStream) {
        (self.send, self.recv)
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
