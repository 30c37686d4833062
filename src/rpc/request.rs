//! One request: read, answered, and its reply written while there is room for it.

use std::sync::{Arc, atomic::Ordering};

use litrocket_protocol::{Fault, Request, account, close_code, fault::code, frame};
use tokio::time::timeout;

use super::{Link, Router, replies};
use crate::{
    app::App,
    limits,
    transport::{ReadError, RecvStream, SendStream},
};

/// One request frame, one reply frame.
pub(super) async fn request(
    app: Arc<App>,
    router: Arc<Router>,
    link: Arc<Link>,
    mut send: SendStream,
    mut recv: RecvStream,
) {
    let max = link.frame_max();
    let mut _answering = None;
    let Ok(frame) = timeout(limits::REQUEST_READ_TIME, recv.paced_frame(max)).await else {
        recv.stop(close_code::TOO_SLOW);
        send.reset(close_code::TOO_SLOW);
        return;
    };
    let reply = match frame {
        // Streams that were begun in time and are not read to their end keep nobody here.
        Ok(Some(_)) if link.is_late_guest() => return,
        Ok(Some((code_number, body))) => {
            link.answering.fetch_add(1, Ordering::AcqRel);
            _answering = Some(Answering(&link));
            if link.device.get().is_none() {
                link.guest_bytes.fetch_add(body.len() + 16, Ordering::Relaxed);
            }
            let answer = answer(&app, &router, &link, code_number, body);
            tokio::select! {
                reply = answer => reply,
                // The caller gave up: what the writer accepted goes on, everything else ends here.
                () = send.stopped() => return,
            }
        }
        Ok(None) => encode_fault(&Fault::new(code::BAD_FRAME).message("a request stream without a request")),
        Err(ReadError::TooSlow) => {
            recv.stop(close_code::TOO_SLOW);
            send.reset(close_code::TOO_SLOW);
            return;
        }
        Err(error) => {
            let Some(fault) = error.fault(max) else { return };
            recv.stop(close_code::BAD_FRAME);
            if link.device.get().is_none() {
                link.guest_bytes.fetch_add(limits::GUEST_BYTES_MAX, Ordering::Relaxed);
            }
            encode_fault(&fault)
        }
    };
    let (reply, _held) = with_room(&app, &link, reply);
    // A reader that does not take its reply within the time loses it: the stream is reset when it is dropped.
    let time = if link.device.get().is_some() { limits::REPLY_WRITE_TIME } else { limits::GUEST_REPLY_TIME };
    if !matches!(timeout(time, send.write(reply)).await, Ok(Ok(()))) {
        return;
    }
    if link.device.get().is_some() && !app.is_draining() {
        return send.finish();
    }
    // The connection may be closed right after it, and what is not delivered by then is lost.
    drop(timeout(limits::LAST_REPLY_TIME, send.finish_and_wait()).await);
}

/// The reply, where it has room to wait for its reader; otherwise what says that it has none.
fn with_room(app: &App, link: &Link, reply: bytes::Bytes) -> (bytes::Bytes, Option<replies::Held>) {
    let Some(device) = link.device() else { return (reply, None) };
    match replies::hold(app, device, reply.len()) {
        Ok(held) => (reply, Some(held)),
        Err(most) => {
            let fault = Fault::new(code::BUSY).limit(most as u64).retry_after(limits::REPLY_RETRY_MS);
            (encode_fault(&fault.message("Replies that you do not read wait already.")), None)
        }
    }
}

/// A request that is answered, until it is dropped.
struct Answering<'a>(&'a Link);

impl Drop for Answering<'_> {
    fn drop(&mut self) {
        self.0.answering.fetch_sub(1, Ordering::AcqRel);
    }
}

fn encode_fault(fault: &Fault) -> bytes::Bytes {
    frame::encode(frame::FAULT, fault)
}

async fn answer(
    app: &Arc<App>,
    router: &Arc<Router>,
    link: &Arc<Link>,
    code_number: u64,
    body: bytes::Bytes,
) -> bytes::Bytes {
    if !link.greeted() && code_number != account::Hello::CODE {
        return encode_fault(&Fault::new(code::HELLO_FIRST));
    }
    if app.is_draining() {
        return encode_fault(&Fault::new(code::GOING_AWAY).retry_after(limits::GOING_AWAY_RETRY_MS));
    }
    // Connections are counted, so a connection's first hello is free: coming back after a restart spends nothing.
    let first = code_number == account::Hello::CODE && !link.hello.swap(true, Ordering::Relaxed);
    let budgeted = || if first { Ok(()) } else { link.takes(app) };
    if let Err(wait_ms) = link.requests.take().and_then(|()| budgeted()) {
        return encode_fault(&Fault::new(code::RATE_LIMITED).retry_after(wait_ms));
    }
    match timeout(limits::REQUEST_TIME, router.dispatch(app, link, code_number, body)).await {
        Ok(reply) => reply,
        Err(_) => encode_fault(&Fault::new(code::TIMED_OUT)),
    }
}
