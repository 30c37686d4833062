//! The two directions of the chat stream.
//!
//! What is read goes to the writer (sends) or to the delivery (cursors); what is written is acks first, then
//! whatever the device is behind in. A peer that stops reading blocks its own stream and nothing else: acks are
//! bounded by the sends in flight, deliveries wait in the log.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use futures_util::{FutureExt as _, StreamExt as _, future::BoxFuture, stream::FuturesUnordered};
use litrocket_protocol::{
    Fault,
    chat::{self, Cursors, Delivered, Live, Seek, frame_type},
    close_code,
    fault::code,
    frame, limits as wire,
};
use tokio::sync::{Notify, Semaphore, mpsc};

use super::{check, delivery::Delivery, payload_hash};
use crate::{
    hub::Device,
    limits::{self, Bucket},
    rpc::Session,
    transport::{ReadError, RecvStream, SendStream},
    writer::{Answer, Answers, Rooms, SendCommand},
};

/// Chat goes before requests, state before chat.
const PRIORITY: i32 = 10;
/// What a device may be told about its cursors before it has taken the last.
const COMMANDS_MAX: usize = 4;

/// What the reading half tells the writing half.
pub(super) enum Command {
    Cursors(Cursors),
    Live(Live),
    Seek(Seek),
    Delivered(Delivered),
    Fault(Fault),
}

/// Acks and refusals that wait to be written: at most one for each send in flight.
#[derive(Debug)]
pub(super) struct Answered {
    frames: Mutex<Vec<Bytes>>,
    room: Semaphore,
    /// Whether the stream has to end, and who waits for that.
    over: AtomicBool,
    ending: Notify,
    device: Arc<Device>,
}

impl Answered {
    fn new(device: Arc<Device>) -> Self {
        Self {
            frames: Mutex::default(),
            room: Semaphore::new(limits::SENDS_IN_FLIGHT_MAX),
            over: AtomicBool::new(false),
            ending: Notify::new(),
            device,
        }
    }

    /// Takes the frames that wait. They give their places back when they are written.
    pub(super) fn take(&self) -> Vec<Bytes> {
        std::mem::take(&mut *self.frames.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn written(&self, count: usize) {
        self.room.add_permits(count);
    }

    /// Whether the stream has to end, once everything that was read is answered.
    pub(super) fn is_over(&self) -> bool {
        self.over.load(Ordering::Acquire)
    }

    async fn until_over(&self) {
        if !self.is_over() {
            self.ending.notified().await;
        }
    }

    pub(super) fn all_written(&self) -> bool {
        self.room.available_permits() == limits::SENDS_IN_FLIGHT_MAX
    }
}

impl Answers for Answered {
    fn answer(&self, answer: Answer) {
        let Answer { conversation, id, epoch, result } = answer;
        let bytes = match result {
            Ok(position) => frame::encode(
                frame_type::ACK,
                &chat::Ack {
                    conversation,
                    id,
                    event_seq: position.event_seq,
                    message_seq: position.shown_message_seq(),
                    at_ms: position.at_ms,
                },
            ),
            Err(fault) => {
                frame::encode(frame_type::REFUSED, &chat::Refused { conversation, id, epoch, fault: *fault })
            }
        };
        self.frames.lock().unwrap_or_else(PoisonError::into_inner).push(bytes);
    }

    fn wake(&self) {
        if !self.frames.lock().unwrap_or_else(PoisonError::into_inner).is_empty() {
            self.device.chat.notify_one();
        }
    }

    fn end(&self) {
        self.over.store(true, Ordering::Release);
        self.ending.notify_one();
    }
}

/// Serves a chat stream to its end.
pub(super) async fn serve(session: Session, send: SendStream, recv: RecvStream) {
    send.set_priority(PRIORITY);
    let answered = Arc::new(Answered::new(session.device.clone()));
    // Boxed: the channel has room for 32 of them as long as the stream lives.
    let (commands, received) = mpsc::channel(COMMANDS_MAX);
    let origin = session.app.hub.next_stream();
    let delivery = Delivery::new(session.clone(), answered.clone(), origin);
    // Each is woken for itself: what is delivered costs no look at what arrives.
    let mut halves = FuturesUnordered::<BoxFuture<'_, Half>>::new();
    halves.push(delivery.run(send, received).map(|()| Half::Writing).boxed());
    halves.push(read(&session, recv, commands, answered, origin).map(Half::Reading).boxed());
    // The peer says no more, or has to begin anew, or the server drains: what was accepted is still acked.
    while let Some(Half::Reading(true)) = halves.next().await {}
}

/// Which half of the stream ended; the reading one as [`read`] says.
enum Half {
    Reading(bool),
    Writing,
}

/// Reads until the peer finishes or the server drains (`true`), or the stream breaks (`false`).
async fn read(
    session: &Session,
    recv: RecvStream,
    commands: mpsc::Sender<Box<Command>>,
    answered: Arc<Answered>,
    origin: u64,
) -> bool {
    let rooms = Rooms::new(session.device.send_room(), session.app.send_room.clone());
    let mut sends = Sends { session, answered: &answered, origin, rooms, rate: None, waiting: Vec::new() };
    let finished = read_frames(recv, commands, &mut sends).await;
    // What was read before the end counts, whatever the end was.
    sends.hand_over().await;
    finished
}

async fn read_frames(
    mut recv: RecvStream,
    commands: mpsc::Sender<Box<Command>>,
    sends: &mut Sends<'_>,
) -> bool {
    loop {
        if sends.session.app.is_draining() || sends.answered.is_over() {
            return true;
        }
        let mut next = recv.frame_here(frame::CHAT_FRAME_MAX);
        if let Ok(None) = next {
            sends.hand_over().await;
            next = tokio::select! {
                biased;
                next = recv.paced_frame(frame::CHAT_FRAME_MAX) => next,
                () = sends.session.app.until_draining() => return true,
                () = sends.answered.until_over() => return true,
            };
        }
        let (kind, body) = match next {
            Ok(Some(frame)) => frame,
            Ok(None) => return true,
            Err(ReadError::TooSlow) => {
                recv.stop(close_code::TOO_SLOW);
                return false;
            }
            Err(error) => {
                let Some(fault) = error.fault(frame::CHAT_FRAME_MAX) else { return false };
                let _ = commands.send(Box::new(Command::Fault(fault))).await;
                recv.stop(close_code::BAD_FRAME);
                return true;
            }
        };
        let taken = match kind {
            frame_type::SEND => sends.accept(&body).await.map(|()| None),
            frame_type::CURSORS => decode(&body).and_then(bounded).map(Command::Cursors).map(Some),
            frame_type::LIVE => decode(&body).map(Command::Live).map(Some),
            frame_type::SEEK => decode(&body).map(Command::Seek).map(Some),
            frame_type::DELIVERED => decode(&body).map(cut).map(Command::Delivered).map(Some),
            // Frames of later versions are skipped.
            _ => Ok(None),
        };
        let command = match taken {
            Ok(None) => continue,
            Ok(Some(command)) => command,
            Err(fault) => {
                let _ = commands.send(Box::new(Command::Fault(fault))).await;
                recv.stop(close_code::BAD_FRAME);
                return true;
            }
        };
        if commands.send(Box::new(command)).await.is_err() {
            return false;
        }
    }
}

fn decode<T: serde::de::DeserializeOwned>(body: &[u8]) -> Result<T, Fault> {
    frame::decode(body).map_err(|error| Fault::new(code::BAD_FRAME).message(error.to_string()))
}

/// Cursors wait in memory until they are taken: a frame has no more than it may.
fn bounded(cursors: Cursors) -> Result<Cursors, Fault> {
    let most = wire::CURSORS_PER_FRAME_MAX;
    if cursors.cursors.len() > most {
        return Err(Fault::new(code::TOO_MANY).field("l").limit(most as u64));
    }
    Ok(cursors)
}

/// The same for what is a hint: more is left out.
fn cut(mut delivered: Delivered) -> Delivered {
    delivered.cursors.truncate(wire::CURSORS_PER_FRAME_MAX);
    delivered.cursors.shrink_to_fit();
    delivered
}

/// Sends that were read and go to the writer together: whatever arrived in one piece.
struct Sends<'a> {
    session: &'a Session,
    answered: &'a Arc<Answered>,
    origin: u64,
    rooms: Rooms,
    /// The account's rate, for as long as sends come without a pause.
    rate: Option<Arc<Bucket>>,
    waiting: Vec<SendCommand>,
}

impl Sends<'_> {
    /// Takes a send: waits for room and for the account's rate.
    async fn accept(&mut self, body: &[u8]) -> Result<(), Fault> {
        let send: chat::Send = decode(body)?;
        if let Ok(permit) = self.answered.room.try_acquire() {
            permit.forget();
        } else {
            // Room comes from answers, and answers from what the writer has.
            self.hand_over().await;
            if let Ok(permit) = self.answered.room.acquire().await {
                permit.forget();
            }
        }
        let payload = send.body.len() + send.fallback.as_ref().map_or(0, String::len);
        let held = match self.rooms.try_hold(payload) {
            None => {
                self.hand_over().await;
                self.rooms.hold(payload).await
            }
            held => held,
        };
        // Rate limits on the chat stream refuse nothing: they read slower.
        while let Err(wait_ms) = self.rate().take() {
            self.hand_over().await;
            tokio::time::sleep(Duration::from_millis(wait_ms)).await;
        }
        let app = &self.session.app;
        match check::check(&send) {
            Err(fault) => {
                let (conversation, id, epoch) = (send.conversation, send.id, send.epoch);
                self.answered.answer(Answer { conversation, id, epoch, result: Err(Box::new(fault)) });
                self.answered.wake();
            }
            Ok((mentions, text_bytes)) => {
                let most = app.config.limits.text_bytes_max;
                let too_long = || Box::new(Fault::new(code::TOO_LONG).field("text").within_bytes(1, most));
                self.waiting.push(SendCommand {
                    stream: self.session.device.id,
                    origin: self.origin,
                    sender: self.session.account(),
                    hash: payload_hash(&app.identity.payload_key, &send),
                    send,
                    mentions,
                    refusal: (text_bytes as u64 > most).then(too_long),
                    answers: self.answered.clone(),
                    held,
                });
            }
        }
        Ok(())
    }

    fn rate(&mut self) -> &Bucket {
        self.rate.get_or_insert_with(|| self.session.app.send_rate(self.session.account()))
    }

    async fn hand_over(&mut self) {
        self.rate = None;
        if !self.waiting.is_empty() {
            self.session.app.writer.send(std::mem::take(&mut self.waiting)).await;
        }
    }
}
