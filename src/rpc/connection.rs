//! The life of one connection: hello first, then streams, each in a task of its own, until it ends.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use litrocket_protocol::{Fault, close_code, fault::code, frame, stream_kind};
use tokio::{
    task::JoinSet,
    time::{Instant, timeout, timeout_at},
};

use super::{Link, Router, Session, request::request};
use crate::{
    app::App,
    limits,
    lock::lock,
    transport::{Connection, RecvStream, SendStream},
};

/// Serves a connection until it ends or the server drains.
pub async fn serve(app: Arc<App>, router: Arc<Router>, connection: Connection) {
    let link = Arc::new(Link::new(&app, router.clone(), connection));
    let mut streams = JoinSet::new();
    // One time from the first packet on: hello starting it anew would give a guest twice of it.
    let deadline = Instant::now() + Duration::from_millis(app.config.limits.guest_timeout_ms);
    let code = match greet(&app, &router, &link, deadline).await {
        Ok(()) => run(&app, &router, &link, &mut streams, deadline).await,
        Err(code) => code,
    };
    if code == close_code::GOING_AWAY {
        // What was accepted is finished and acked before the connection closes.
        let grace = Duration::from_millis(app.config.server.shutdown_grace_ms);
        drop(timeout(grace, async { while streams.join_next().await.is_some() {} }).await);
    }
    // In this order: streams that are given up are reset, and a peer would see that before it hears why.
    link.connection.close(code, reason(code));
    streams.abort_all();
    // What a task hands to the writer comes before the word that the connection is gone, or not at all.
    while streams.join_next().await.is_some() {}
    *lock(&link.over) = true;
    if let Some(device) = link.device() {
        app.hub.disconnect(&device);
        app.writer.lazy().seen(device.account, device.session, app.clock.now_ms());
        router.gone(&app, &device);
        // The writer may be slow to hear of it: the connection's place among all others is not kept for that.
        drop(link);
        app.writer.forget(device.id).await;
    }
}

fn reason(code: u32) -> &'static str {
    match code {
        close_code::NOT_SIGNED_IN => "nobody signed in",
        close_code::REVOKED => "the session ended",
        close_code::GOING_AWAY => "the server is going away",
        close_code::LIMIT => "too much before signing in",
        _ => "",
    }
}

/// Reads streams one after the other until hello is answered; the others wait unread.
async fn greet(app: &Arc<App>, router: &Arc<Router>, link: &Arc<Link>, deadline: Instant) -> Result<(), u32> {
    while !link.greeted() {
        let stream = timeout_at(deadline, link.connection.accept_bi()).await;
        let (send, recv) = stream.map_err(|_| close_code::NOT_SIGNED_IN)?.map_err(|_| close_code::DONE)?;
        let answered =
            timeout_at(deadline, stream_task(app.clone(), router.clone(), link.clone(), send, recv));
        answered.await.map_err(|_| close_code::NOT_SIGNED_IN)?;
        link.check_guest()?;
    }
    Ok(())
}

async fn run(
    app: &Arc<App>,
    router: &Arc<Router>,
    link: &Arc<Link>,
    streams: &mut JoinSet<()>,
    deadline: Instant,
) -> u32 {
    loop {
        let device = link.device();
        let guest = device.is_none();
        // What a guest asked in time is still answered: the sign-in itself may wait for its turn.
        let late = guest && Instant::now() >= deadline;
        if late {
            link.late.store(true, Ordering::Release);
        }
        if late && link.answering.load(Ordering::Acquire) == 0 {
            return close_code::NOT_SIGNED_IN;
        }
        let ended = async {
            match &device {
                Some(device) => device.ended.notified().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            stream = link.connection.accept_bi(), if !late => {
                let Ok((send, recv)) = stream else { return close_code::DONE };
                streams.spawn(stream_task(app.clone(), router.clone(), link.clone(), send, recv));
            }
            stream = link.connection.accept_uni(), if !late => {
                let Ok(mut recv) = stream else { return close_code::DONE };
                // A guest has nothing to bring.
                if guest {
                    recv.stop(close_code::UNKNOWN_STREAM);
                    continue;
                }
                streams.spawn(one_way_task(app.clone(), router.clone(), link.clone(), recv));
            }
            Some(_) = streams.join_next(), if !streams.is_empty() => {
                // Streams that come and go at once leave nothing behind.
                while streams.try_join_next().is_some() {}
            }
            () = tokio::time::sleep_until(deadline), if guest && !late => {}
            () = ended => {
                // The state stream gets a moment to say why.
                tokio::time::sleep(limits::REVOKE_GRACE).await;
                return close_code::REVOKED;
            }
            () = app.until_draining() => return close_code::GOING_AWAY,
        }
        if let Err(code) = link.check_guest() {
            return code;
        }
    }
}

async fn stream_task(
    app: Arc<App>,
    router: Arc<Router>,
    link: Arc<Link>,
    send: SendStream,
    mut recv: RecvStream,
) {
    let kind = match timeout(limits::STREAM_IDLE, recv.varint()).await {
        Ok(Ok(Some(kind))) => kind,
        nothing => {
            let code = no_kind(nothing.is_err());
            recv.stop(code);
            return send.reset(code);
        }
    };
    match kind {
        // Boxed: the task of a stream that lasts does not hold the room of a request.
        stream_kind::REQUEST => Box::pin(request(app, router, link, send, recv)).await,
        kind => match router.streams.get(&kind) {
            None => refuse(send, recv, &Fault::new(code::UNKNOWN_STREAM)).await,
            Some(handler) => {
                let session = <Session as super::Caller>::admit(&app, &link);
                let slot = &link.lasting[usize::from(kind == stream_kind::STATE)];
                match session {
                    Err(fault) => refuse(send, recv, &fault).await,
                    Ok(_) if timeout(limits::REQUEST_TIME, link.pays(&app)).await.is_err() => {
                        refuse(send, recv, &Fault::new(code::RATE_LIMITED).retry_after(1000)).await;
                    }
                    // One at a time; the one before may still be writing its last acks.
                    Ok(session) => match timeout(limits::STREAM_HANDOVER, slot.acquire()).await {
                        Ok(Ok(_one)) => handler(session, send, recv).await,
                        _ => refuse(send, recv, &Fault::new(code::TOO_MANY).limit(1)).await,
                    },
                }
            }
        },
    }
}

/// How a stream ends that does not say what it is: in time, or at all.
fn no_kind(late: bool) -> u32 {
    if late { close_code::TOO_SLOW } else { close_code::BAD_FRAME }
}

async fn one_way_task(app: Arc<App>, router: Arc<Router>, link: Arc<Link>, mut recv: RecvStream) {
    let kind = match timeout(limits::STREAM_IDLE, recv.varint()).await {
        Ok(Ok(Some(kind))) => kind,
        nothing => return recv.stop(no_kind(nothing.is_err())),
    };
    let Some(handler) = router.one_way.get(&kind) else {
        recv.stop(close_code::UNKNOWN_STREAM);
        return;
    };
    match <Session as super::Caller>::admit(&app, &link) {
        Ok(session) => handler(session, recv).await,
        Err(_) => recv.stop(close_code::NOT_SIGNED_IN),
    }
}

async fn refuse(mut send: SendStream, mut recv: RecvStream, fault: &Fault) {
    recv.stop(close_code::UNKNOWN_STREAM);
    if send.write(frame::encode(frame::FAULT, fault)).await.is_ok() {
        send.finish();
    }
}
