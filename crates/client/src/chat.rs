//! The chat stream: sends and acks, cursors and deliveries.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use litrocket_core::client::{Seen, Verdict};
use litrocket_protocol::{
    ConversationId, Fault, MessageId,
    chat::{self, Ack, frame_type},
    event::Event,
    fault, frame, limits, stream_kind,
};
use tokio::{sync::oneshot, time::Instant};

use crate::{
    Error, Item,
    inbox::{Inbox, Room},
    reconnect::AWAY_MAX_MS,
    shared::{Shared, tell},
    stream::{self, RecvStream, SendStream},
};

/// How often the server hears what was delivered, at most.
const DELIVERED_INTERVAL: Duration = Duration::from_secs(2);

/// Sends that have no answer for so long are followed by something small.
const PROBE: Duration = Duration::from_millis(500);

/// The answer to a send, to come. Dropping it does not take the send back. It comes also while nobody takes the events that
/// stand before it.
#[derive(Debug)]
pub struct Pending {
    id: MessageId,
    answer: oneshot::Receiver<Result<Ack, Error>>,
}

impl Pending {
    pub(crate) fn new(id: MessageId, answer: oneshot::Receiver<Result<Ack, Error>>) -> Self {
        Self { id, answer }
    }

    /// The message's id.
    pub fn id(&self) -> MessageId {
        self.id
    }
}

impl Future for Pending {
    type Output = Result<Ack, Error>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.answer).poll(context).map(|answer| answer.unwrap_or(Err(Error::Closed)))
    }
}

/// Runs the chat stream of one connection, from when it is needed.
pub(crate) async fn run(shared: &Arc<Shared>, connection: &quinn::Connection) -> Result<(), Error> {
    loop {
        let wanted = {
            let book = shared.book();
            book.items.is_some() || !book.outbox.is_empty()
        };
        if wanted {
            break;
        }
        shared.chat.notified().await;
    }
    let (send, recv) = stream::open(connection, stream_kind::CHAT).await?;
    shared.book().outbox.connected();
    tokio::select! {
        result = write(shared, send) => result,
        result = read(shared, recv) => result,
    }
}

async fn write(shared: &Arc<Shared>, mut send: SendStream) -> Result<(), Error> {
    let mut delivered = Delivered::default();
    // A new stream has not been told anything.
    shared.book().moved = true;
    let mut written = Instant::now();
    loop {
        let mut frames = next_frames(shared);
        delivered.add(shared, &mut frames);
        let under_way = shared.book().outbox.is_under_way();
        if frames.is_empty() && under_way && written.elapsed() >= PROBE {
            // QUIC acknowledges it: a server that is slow with its answer is told from one that is gone.
            frames.push(frame::encode(frame_type::DELIVERED, &chat::Delivered { cursors: Vec::new() }));
        }
        if !frames.is_empty() {
            // What is under way lets more in than before.
            shared.taken.notify_one();
            if under_way {
                shared.under_way.notify_one();
            }
            send.write_chunks(&mut frames).await?;
            written = Instant::now();
            continue;
        }
        let next = next_time(shared, &delivered, written);
        tokio::select! {
            () = shared.chat.notified() => {}
            () = until(next) => {}
        }
    }
}

/// When there may be something to write without anybody saying so; not while nothing is under way, pauses or has moved.
fn next_time(shared: &Shared, delivered: &Delivered, written: Instant) -> Option<Instant> {
    let book = shared.book();
    let now = shared.tick_ms();
    let goes_on = |at: u64| Instant::now() + Duration::from_millis(at.saturating_sub(now).max(1));
    let pause = book.outbox.next_pause_end(now).map(goes_on);
    let probe = book.outbox.is_under_way().then(|| written + PROBE);
    let told = (book.live && book.moved).then(|| delivered.at + DELIVERED_INTERVAL);
    [pause, probe, told].into_iter().flatten().min()
}

async fn until(time: Option<Instant>) {
    match time {
        Some(time) => tokio::time::sleep_until(time).await,
        None => std::future::pending().await,
    }
}

fn next_frames(shared: &Shared) -> Vec<Bytes> {
    let mut frames = Vec::new();
    let mut book = shared.book();
    if !book.live && book.items.as_ref().is_some_and(Inbox::is_low) {
        book.live = true;
        book.sought.clear();
        book.seeks.clear();
        let (cursors, live) = book.received.resume();
        frames.extend(cursors.iter().map(|cursors| frame::encode(frame_type::CURSORS, cursors)));
        frames.push(frame::encode(frame_type::LIVE, &live));
    }
    for conversation in std::mem::take(&mut book.seeks) {
        frames.push(frame::encode(frame_type::SEEK, &chat::Seek { conversation, event_seq: 0 }));
    }
    let now = shared.tick_ms();
    while let Some(next) = book.outbox.next(now) {
        frames.push(frame::encode(frame_type::SEND, &next));
    }
    frames
}

/// What was told about deliveries.
struct Delivered {
    told: std::collections::HashMap<ConversationId, u64>,
    at: Instant,
}

impl Default for Delivered {
    fn default() -> Self {
        Self { told: std::collections::HashMap::new(), at: Instant::now() }
    }
}

impl Delivered {
    fn add(&mut self, shared: &Shared, frames: &mut Vec<Bytes>) {
        let mut book = shared.book();
        if !(book.live && book.moved) || self.at.elapsed() < DELIVERED_INTERVAL {
            return;
        }
        self.at = Instant::now();
        book.moved = false;
        let news: Vec<_> = book
            .handled
            .positions()
            .filter(|(conversation, cursor)| self.told.get(conversation).is_none_or(|told| told < cursor))
            .collect();
        for chunk in news.chunks(limits::CURSORS_PER_FRAME_MAX) {
            frames.push(frame::encode(frame_type::DELIVERED, &chat::Delivered { cursors: chunk.to_vec() }));
        }
        self.told.extend(news);
    }
}

fn decode<T: serde::de::DeserializeOwned>(body: &[u8]) -> Result<T, Error> {
    frame::decode(body).map_err(|error| Error::Protocol(error.to_string()))
}

async fn read(shared: &Arc<Shared>, mut recv: RecvStream) -> Result<(), Error> {
    while let Some((kind, body)) = recv.frame(frame::FRAME_MAX).await? {
        // The place comes first: what is taken in counts as received, and may not be lost when this ends while it waits.
        let listening = match kind {
            frame_type::ACK | frame_type::REFUSED => None,
            _ => Some(place(shared).await?),
        };
        if let Some(item) = take(shared, listening, kind, &body)? {
            keep(shared, listening, body.len(), item);
        }
    }
    Err(Error::Unreachable("the server ended the chat stream".into()))
}

/// Waits for room for what the app has to hear, if it listens. An app that does not take its events holds this stream, and
/// with it the server's delivery, unless an answer to a send may stand behind them. Answers which listener that is.
async fn place(shared: &Shared) -> Result<u64, Error> {
    loop {
        let taken = shared.taken.notified();
        {
            let book = shared.book();
            let room = |inbox: &Inbox| inbox.room(book.outbox.is_under_way());
            match book.items.as_ref().map_or(Room::There, room) {
                Room::There => return Ok(book.listening),
                // Delivery ends with the connection, and begins again on one where answers come first, as soon as the app
                // has taken what waits.
                Room::Over => return Err(Error::Closed),
                Room::Full => {}
            }
        }
        taken.await;
    }
}

/// Keeps an item for the listener it was read for.
fn keep(shared: &Shared, listening: Option<u64>, bytes: usize, item: Item) {
    let mut book = shared.book();
    if listening == Some(book.listening)
        && let Some(inbox) = &mut book.items
    {
        inbox.push(bytes, item);
        drop(book);
        shared.news.notify_one();
    }
}

/// Takes one frame in for a listener; answers what the app has to hear.
fn take(shared: &Shared, listening: Option<u64>, kind: u64, body: &[u8]) -> Result<Option<Item>, Error> {
    let mut book = shared.book();
    if listening.is_some_and(|listening| listening != book.listening) {
        // Its cursors are those of another listener by now, who hears it on a new stream.
        return Err(Error::Closed);
    }
    Ok(match kind {
        frame_type::ACK => {
            drop(book);
            answered(shared, &decode(body)?);
            None
        }
        frame_type::REFUSED => {
            drop(book);
            refused(shared, decode(body)?);
            None
        }
        frame_type::EVENT => {
            let event: Event = decode(body)?;
            let seen = book.received.event(event.conversation, event.event_seq);
            drop(book);
            (is_new(seen, "an event")? && !own_answer(shared, &event)).then_some(Item::Event(event))
        }
        frame_type::SKIP => {
            let skip: chat::Skip = decode(body)?;
            let seen = book.received.skip(skip.conversation, skip.from, skip.to);
            is_new(seen, "a skip")?.then_some(Item::Skipped(skip))
        }
        frame_type::SET_BACK => {
            let back: chat::SetBack = decode(body)?;
            book.received.set_back(back.conversation, back.event_seq);
            Some(Item::SetBack(back))
        }
        frame_type::CURSOR_REFUSED => {
            let refused: chat::CursorRefused = decode(body)?;
            book.received.forget(refused.conversation);
            // Once: a server that refuses the beginning too has nothing to deliver.
            if refused.fault.code == fault::code::CURSOR_AHEAD.name && book.seeks_again(refused.conversation)
            {
                shared.chat.notify_one();
            }
            Some(Item::CursorRefused(refused))
        }
        frame_type::ENTRY => {
            let entry: chat::Entry = decode(body)?;
            match book.received.entry(entry.version) {
                Seen::New => Some(Item::Entry(entry)),
                _ => None,
            }
        }
        frame_type::ACCOUNT_RESET => {
            let reset: chat::AccountReset = decode(body)?;
            book.received.account_reset();
            Some(Item::AccountReset { version: reset.version })
        }
        frame_type::CAUGHT_UP => {
            book.received.live();
            Some(Item::CaughtUp)
        }
        frame::FAULT => {
            let fault: Fault = decode(body)?;
            return Err(fault.into());
        }
        // Frames of later versions are skipped.
        _ => None,
    })
}

/// Whether it is news; the stream cannot go on from a hole.
fn is_new(seen: Seen, what: &str) -> Result<bool, Error> {
    match seen {
        Seen::New => Ok(true),
        Seen::Known => Ok(false),
        Seen::Gap => Err(Error::Protocol(format!("something before {what} is missing"))),
        Seen::TooMany => Err(Error::Protocol("more conversations than an account may be in".into())),
    }
}

/// The send is durable. Whether it waited for that.
fn answered(shared: &Shared, ack: &Ack) -> bool {
    let mut book = shared.book();
    if !book.outbox.acked(ack.conversation, ack.id) {
        // An answer to nothing that waits, such as the second one after a reconnect, moves nothing.
        return false;
    }
    book.received.acked(ack.conversation, ack.event_seq);
    book.handled.acked(ack.conversation, ack.event_seq);
    book.moves();
    let answers = book.pending.remove(&ack.id).unwrap_or_default();
    drop(book);
    settled(shared, ack.id);
    tell(answers, || Ok(ack.clone()));
    true
}

fn settled(shared: &Shared, id: MessageId) {
    if let Some(store) = &shared.store
        && let Err(error) = store.unsent_done(id)
    {
        tracing::warn!(%error, "the state file cannot be written");
    }
    shared.room.notify_waiters();
    shared.chat.notify_one();
}

fn refused(shared: &Shared, mut refused: chat::Refused) {
    let mut book = shared.book();
    let now = shared.tick_ms();
    // However long a server may ask for.
    refused.fault.retry_after_ms = refused.fault.retry_after_ms.map(|ms| ms.min(AWAY_MAX_MS));
    let verdict = book.outbox.refused(refused.conversation, refused.id, refused.epoch, &refused.fault, now);
    if verdict == Verdict::Final {
        let answers = book.pending.remove(&refused.id).unwrap_or_default();
        drop(book);
        settled(shared, refused.id);
        tell(answers, || Err(refused.fault.clone().into()));
    } else {
        drop(book);
        shared.chat.notify_one();
    }
}

/// An own event whose ack was lost with an earlier connection stands for the ack.
fn own_answer(shared: &Shared, event: &Event) -> bool {
    let Some(id) = event.id else { return false };
    if shared.me.borrow().as_ref().is_none_or(|me| me.account != event.sender) {
        return false;
    }
    if !shared.book().pending.contains_key(&id) {
        return false;
    }
    answered(
        shared,
        &Ack {
            conversation: event.conversation,
            id,
            event_seq: event.event_seq,
            message_seq: event.message_seq,
            at_ms: event.at_ms,
        },
    )
}
