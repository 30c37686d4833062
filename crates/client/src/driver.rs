//! Keeps the connection up: runs its streams, notices when it is dead, connects again.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use bytes::Bytes;
use litrocket_core::client::Met;
use litrocket_protocol::{account, close_code, frame, state, state::frame_type, stream_kind};
use tokio::{sync::mpsc, time::Instant};

use crate::{
    Error, Item, Me, Status, chat, entering,
    reconnect::{PAUSE_MAX, PAUSE_MIN, jitter, longer, reconnect},
    shared::{Shared, lock},
    stream,
};

/// A connection that ends sooner is no better than an attempt that failed.
const SHORT: Duration = Duration::from_secs(1);
/// Sends are under way and nothing was heard for so long: the connection is dead.
const SILENCE: Duration = Duration::from_secs(2);
/// How often that is looked at.
const LOOK: Duration = Duration::from_millis(250);

/// Notes what a new connection said.
pub(crate) fn welcomed(shared: &Arc<Shared>, connection: &quinn::Connection, welcome: account::Welcome) {
    {
        let mut book = shared.book();
        book.live = false;
        let met = book.handled.welcome(&welcome.server_id, welcome.log_epoch);
        if book.received.welcome(&welcome.server_id, welcome.log_epoch) == Met::SetBack {
            book.tell_restored(welcome.log_epoch);
        }
        if met == Met::Other {
            let lost = book.gives_up(|| Error::ServerChanged);
            book.stranded.extend(lost);
        }
        // What arrived and was not handled is still on its way to the app; what was lost comes again.
        if book.items.is_none() {
            book.received = book.handled.clone();
        }
    }
    let welcome = Arc::new(welcome);
    *lock(&shared.welcome) = welcome.clone();
    shared.room.notify_waiters();
    shared.news.notify_one();
    if let Some(resumed) = &welcome.session {
        let me = Me { account: resumed.account, handle: resumed.handle.clone(), session: resumed.session };
        shared.signed_in(me, None);
    }
    shared.uploads.forget();
    shared.link.send_replace(Some(connection.clone()));
    shared.status.send_replace(Status::Connected);
}

/// Nobody waits for a driver that ended, however that came.
struct Ends(Arc<Shared>);

impl Drop for Ends {
    fn drop(&mut self) {
        if !self.0.closing.load(Ordering::Acquire) {
            self.0.finish(None);
        }
    }
}

/// The client's task.
pub(crate) async fn drive(shared: Arc<Shared>, first: quinn::Connection, mut states: mpsc::Receiver<Bytes>) {
    let _ends = Ends(shared.clone());
    let mut connection = first;
    let mut pause = PAUSE_MIN;
    loop {
        let began = Instant::now();
        let ended = {
            let closed = shared.close.notified();
            tokio::select! {
                result = run(&shared, &connection, &mut states) => result,
                () = closed => Err(Error::Closed),
            }
        };
        // By the app, which listens again.
        let by_app = matches!(ended, Err(Error::Closed))
            || connection.close_reason() == Some(quinn::ConnectionError::LocallyClosed);
        if shared.closing.load(Ordering::Acquire) {
            entering::end_untaken(&shared, &connection).await;
        }
        connection.close(close_code::DONE.into(), b"");
        shared.link.send_replace(None);
        if shared.closing.load(Ordering::Acquire) {
            shared.finish(None);
            return;
        }
        let asked = ended.as_ref().err().and_then(retry_after);
        tracing::debug!(cause = ?ended.err(), "the connection is lost");
        if !shared.options.reconnect || lock(&shared.token).is_none() {
            shared.finish(None);
            return;
        }
        pause = if began.elapsed() < SHORT && !by_app { longer(pause) } else { PAUSE_MIN };
        let wait = lock(&shared.stay_away).take().or(asked).unwrap_or(pause);
        shared.endpoints.expect_rtt(&shared.options, connection.rtt());
        match reconnect(&shared, pause, wait).await {
            Some(next) => connection = next,
            None => return,
        }
    }
}

pub(crate) fn retry_after(error: &Error) -> Option<Duration> {
    error.fault()?.retry_after_ms.map(Duration::from_millis)
}

/// Runs the streams of one connection until it is lost.
async fn run(
    shared: &Arc<Shared>,
    connection: &quinn::Connection,
    states: &mut mpsc::Receiver<Bytes>,
) -> Result<(), Error> {
    let mut me = shared.me.subscribe();
    let signed_in = async {
        // The sender lives in `shared`.
        let _ = me.wait_for(Option::is_some).await.is_ok();
    };
    tokio::select! {
        () = signed_in => {}
        error = connection.closed() => return Err(Error::Unreachable(error.to_string())),
    }
    tokio::select! {
        result = chat::run(shared, connection) => result,
        result = run_state(shared, connection, states) => result,
        result = watch(shared, connection) => result,
        result = shared.downloads.accept(connection) => result,
        error = connection.closed() => Err(Error::Unreachable(error.to_string())),
    }
}

/// Ends a connection on which sends are under way and nothing comes back.
async fn watch(shared: &Arc<Shared>, connection: &quinn::Connection) -> Result<(), Error> {
    loop {
        while !shared.book().outbox.is_under_way() {
            shared.under_way.notified().await;
        }
        let mut heard = (connection.stats().udp_rx.datagrams, Instant::now());
        while shared.book().outbox.is_under_way() {
            if heard.1.elapsed() > SILENCE {
                return Err(Error::Unreachable("the server does not answer".into()));
            }
            tokio::time::sleep(LOOK).await;
            let datagrams = connection.stats().udp_rx.datagrams;
            if datagrams != heard.0 {
                heard = (datagrams, Instant::now());
            }
        }
    }
}

/// Keeps the state stream up: one that the server ends is opened again, with growing pauses.
async fn run_state(
    shared: &Arc<Shared>,
    connection: &quinn::Connection,
    states: &mut mpsc::Receiver<Bytes>,
) -> Result<(), Error> {
    let mut pause = PAUSE_MIN;
    loop {
        let began = Instant::now();
        state_stream(shared, connection, states).await?;
        pause = if began.elapsed() < PAUSE_MAX { longer(pause) } else { PAUSE_MIN };
        tokio::time::sleep(jitter(pause)).await;
    }
}

/// One state stream, to its end by the server.
async fn state_stream(
    shared: &Arc<Shared>,
    connection: &quinn::Connection,
    states: &mut mpsc::Receiver<Bytes>,
) -> Result<(), Error> {
    let (mut send, mut recv) = stream::open(connection, stream_kind::STATE).await?;
    let said = {
        let said = lock(&shared.said);
        [said.watch.clone(), said.availability.clone()]
    };
    for bytes in said.into_iter().flatten() {
        if send.write(&bytes).await.is_err() {
            break;
        }
    }
    loop {
        tokio::select! {
            bytes = states.recv() => match bytes {
                // A stream that takes no more tells its end by the other half, or the connection is lost.
                Some(bytes) => drop(send.write(&bytes).await),
                None => return std::future::pending().await,
            },
            frame = recv.frame(frame::FRAME_MAX) => match frame {
                Ok(Some((kind, body))) => hear(shared, kind, &body)?,
                Ok(None) | Err(Error::Unreachable(_)) => return Ok(()),
                Err(error) => return Err(error),
            }
        }
    }
}

fn decode<T: serde::de::DeserializeOwned>(body: &[u8]) -> Result<T, Error> {
    frame::decode(body).map_err(|error| Error::Protocol(error.to_string()))
}

fn hear(shared: &Arc<Shared>, kind: u64, body: &[u8]) -> Result<(), Error> {
    let item = match kind {
        frame_type::TYPING_NOW => Item::TypingNow(decode(body)?),
        frame_type::PRESENCE => Item::Presence(decode(body)?),
        frame_type::MARKER => Item::Marker(decode(body)?),
        frame_type::NEW_MOMENTS => Item::NewMoments(decode(body)?),
        frame_type::ANNOUNCEMENT => Item::Announcement(decode(body)?),
        frame_type::GOING_AWAY => {
            let going: state::GoingAway = decode(body)?;
            let retry_in = Duration::from_millis(going.retry_after_ms);
            *lock(&shared.stay_away) = Some(retry_in);
            shared.status.send_replace(Status::GoingAway { retry_in });
            Item::GoingAway { retry_after_ms: going.retry_after_ms }
        }
        // The connection closes right after it, and the next hello tells the fault.
        _ => return Ok(()),
    };
    shared.book().put_state(item);
    shared.news.notify_one();
    Ok(())
}
