//! How much of sends may wait for the writer, in bytes: of one chat stream, of an account over all its connections, and of all.
//!
//! Who has no room is read no further: nothing is refused, and the room comes back with the answers.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// What one chat stream may have waiting: twice what its window takes, and all its sends where they are of the usual size.
const STREAM_SENDS_MAX: usize = 512 * 1024;
/// What an account may have waiting: four streams that send without end.
pub const ACCOUNT_SENDS_MAX: usize = 4 * STREAM_SENDS_MAX;
/// What all may have waiting: sixteen such accounts, or a usual message each of 30,000 people.
pub const ALL_SENDS_MAX: usize = 16 * ACCOUNT_SENDS_MAX;
/// What a send takes beside its body.
const SEND_BYTES: usize = 512;

/// The rooms a send needs a place in.
#[derive(Debug, Clone)]
pub struct Rooms([Arc<Semaphore>; 3]);

/// The place of a send that waits, until it is dropped with it.
#[derive(Debug)]
pub struct Held {
    _places: [OwnedSemaphorePermit; 3],
}

/// Room for all, or for the connections of an account.
pub fn room(bytes: usize) -> Arc<Semaphore> {
    Arc::new(Semaphore::new(bytes))
}

impl Rooms {
    /// Those of a new chat stream.
    pub fn new(account: Arc<Semaphore>, all: Arc<Semaphore>) -> Self {
        Self([room(STREAM_SENDS_MAX), account, all])
    }

    fn places(payload: usize) -> u32 {
        // Payloads are far below every room: a frame is at most 64 KiB.
        u32::try_from(payload + SEND_BYTES).unwrap_or(u32::MAX)
    }

    /// A place, if there is room now.
    pub fn try_hold(&self, payload: usize) -> Option<Held> {
        let places = Self::places(payload);
        let [stream, account, all] = &self.0;
        let take = |room: &Arc<Semaphore>| room.clone().try_acquire_many_owned(places).ok();
        Some(Held { _places: [take(stream)?, take(account)?, take(all)?] })
    }

    /// A place, as soon as there is room; `None` when there never is any more.
    pub async fn hold(&self, payload: usize) -> Option<Held> {
        let places = Self::places(payload);
        let [stream, account, all] = &self.0;
        // In this order: who waits among all holds no more than its own share.
        let stream = stream.clone().acquire_many_owned(places).await.ok()?;
        let account = account.clone().acquire_many_owned(places).await.ok()?;
        let all = all.clone().acquire_many_owned(places).await.ok()?;
        Some(Held { _places: [stream, account, all] })
    }
}

const _: () = assert!(STREAM_SENDS_MAX > litrocket_protocol::frame::CHAT_FRAME_MAX + SEND_BYTES);

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_stream_an_account_and_all_have_their_room_and_get_it_back() {
        let all = room(ALL_SENDS_MAX);
        let fills = |rooms: &Rooms| std::iter::from_fn(|| rooms.try_hold(48 * 1024)).collect::<Vec<_>>();
        let mut held = Vec::new();
        for _ in 0..20 {
            let account = room(ACCOUNT_SENDS_MAX);
            for _ in 0..6 {
                let sends = fills(&Rooms::new(account.clone(), all.clone()));
                assert!(sends.len() * 48 * 1024 < STREAM_SENDS_MAX);
                held.extend(sends);
            }
            assert!(account.available_permits() < 49 * 1024 || all.available_permits() < 49 * 1024);
        }
        assert!(held.len() * 48 * 1024 < ALL_SENDS_MAX && all.available_permits() < 49 * 1024);
        let next = Rooms::new(room(ACCOUNT_SENDS_MAX), all.clone());
        let waits = tokio::spawn(async move { next.hold(48 * 1024).await.is_some() });
        tokio::task::yield_now().await;
        assert!(!waits.is_finished());
        drop(held);
        assert!(waits.await.unwrap());
        assert_eq!(all.available_permits(), ALL_SENDS_MAX);
    }
}
