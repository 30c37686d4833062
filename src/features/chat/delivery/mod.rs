//! The writing half of the chat stream: carries out what the pure reader decides.
//!
//! [`Delivery::run`] is its loop; `commands.rs` is what the device says of where it stands, `turn.rs` what it is told next,
//! `resting.rs` what could not be read and waits.

mod commands;
mod resting;
mod turn;

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use litrocket_core::reader::Reader;
use litrocket_protocol::{ConversationId, Fault, fault::code};
use tokio::{sync::mpsc, time::timeout};

use self::resting::Resting;
use super::{
    frames::fault,
    quiet::Quiet,
    stream::{Answered, Command},
    window::Window,
};
use crate::{hub::Dirty, rpc::Session, transport::SendStream};

/// Conversations with news, and frames, that there is always room for.
const DIRTY_ROOM: usize = 32;
const OUT_ROOM: usize = 64;
/// How long the end of the stream waits for the peer to have everything.
const FINISH_TIME: Duration = Duration::from_secs(2);
/// When a client comes back whose stream was ended because too much has to be sent again, in milliseconds.
const ANEW_MS: u64 = 1_000;

/// What one device is told on its chat stream.
pub(super) struct Delivery {
    session: Session,
    answered: Arc<Answered>,
    /// The number of this stream: what was sent on it is told by its acks.
    origin: u64,
    reader: Reader,
    named: HashMap<ConversationId, u64>,
    /// Which of them are of logs that were set back since, and of which epoch.
    earlier: HashMap<ConversationId, u64>,
    /// Conversations whose cursor was refused: they stay silent until the client seeks.
    refused: HashSet<ConversationId>,
    /// Up to where a seek asked for events: its own are among them, which otherwise their acks stand for.
    again: HashMap<ConversationId, u64>,
    /// Conversations in which the account deleted something for itself.
    hidden: HashSet<ConversationId>,
    quiet: Quiet,
    live: bool,
    /// What could not be read and waits; whether that is known already.
    resting: Resting,
    failing: bool,
    caught_up: bool,
    /// The version of the account log that was written, and whether there may be more.
    account_version: u64,
    account_behind: bool,
    /// What a turn made so far. Its cursors have moved: it is written also when the rest of the turn failed.
    out: Vec<Bytes>,
    /// What was new at the last look; empty between turns.
    dirty: Dirty,
    window: Window,
    /// How long the frames were lately: a page has as many as there is room for, for reading more would be in vain.
    frame_bytes: usize,
}

impl Delivery {
    pub(super) fn new(session: Session, answered: Arc<Answered>, origin: u64) -> Self {
        let window = Window::of(&session.link.connection);
        Self {
            session,
            answered,
            origin,
            reader: Reader::default(),
            named: HashMap::new(),
            earlier: HashMap::new(),
            refused: HashSet::new(),
            again: HashMap::new(),
            hidden: HashSet::new(),
            quiet: Quiet::default(),
            live: false,
            resting: Resting::default(),
            failing: false,
            caught_up: false,
            account_version: 0,
            account_behind: false,
            out: Vec::new(),
            dirty: Dirty::default(),
            window,
            frame_bytes: 1024,
        }
    }

    /// Writes until the stream breaks, or the reading half ended and everything is acked.
    pub(super) async fn run(mut self, mut send: SendStream, mut commands: mpsc::Receiver<Box<Command>>) {
        let device = self.session.device.clone();
        let mut closing = false;
        loop {
            while let Ok(command) = commands.try_recv() {
                if self.obey(*command, &mut send).await.is_err() {
                    return;
                }
            }
            closing |= commands.is_closed() && commands.is_empty();
            let more = !closing && self.turn().await;
            // The acks come first: a later event must not overtake the ack of an earlier own one.
            let mut chunks = self.answered.take();
            let acks = chunks.len();
            if acks > 0 {
                chunks.append(&mut self.out);
            } else {
                std::mem::swap(&mut chunks, &mut self.out);
            }
            let nothing = chunks.is_empty();
            if !nothing {
                if self.write(&mut send, &mut chunks).await.is_err() {
                    return;
                }
                self.answered.written(acks);
            }
            if self.out.capacity() == 0 {
                // Its room is used again, that of a large turn given back: idle connections are many.
                chunks.clear();
                chunks.shrink_to(OUT_ROOM);
                self.out = chunks;
            }
            if more || closing && !nothing || !nothing && self.has_more() {
                continue;
            }
            if closing && self.answered.all_written() {
                if self.answered.is_over() {
                    let anew = Fault::new(code::UNAVAILABLE).retry_after(ANEW_MS);
                    return self.ends_with(&mut send, &anew).await;
                }
                drop(timeout(FINISH_TIME, send.finish_and_wait()).await);
                return;
            }
            tokio::select! {
                () = device.chat.notified() => {}
                () = self.resting.over(), if !closing => {}
                command = commands.recv(), if !closing => {
                    let Some(command) = command else { closing = true; continue };
                    if self.obey(*command, &mut send).await.is_err() {
                        return;
                    }
                }
            }
        }
    }

    /// Whether the next turn may have something, although nothing new wakes it.
    fn has_more(&self) -> bool {
        !self.caught_up || self.account_behind || !self.reader.is_idle() || !self.resting.is_empty()
    }

    /// Ends the stream with a fault that reaches the peer.
    async fn ends_with(&mut self, send: &mut SendStream, why: &Fault) {
        if self.write(send, &mut [fault(why)]).await.is_ok() {
            drop(timeout(FINISH_TIME, send.finish_and_wait()).await);
        }
    }

    async fn write(&mut self, send: &mut SendStream, chunks: &mut [Bytes]) -> Result<(), ()> {
        let bytes: usize = chunks.iter().map(Bytes::len).sum();
        send.write_chunks(chunks).await.map_err(drop)?;
        self.window.written(bytes as u64, &self.session.link.connection);
        Ok(())
    }
}
