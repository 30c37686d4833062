//! Connecting again after a connection was lost.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use litrocket_protocol::{Class, account};
use tokio::{
    task::JoinSet,
    time::{Instant, sleep_until, timeout},
};

use crate::{
    Error, Status, connect,
    driver::{retry_after, welcomed},
    shared::{Shared, lock},
};

/// The first pause after an attempt that was answered and failed, and the longest.
pub(crate) const PAUSE_MIN: Duration = Duration::from_millis(100);
pub(crate) const PAUSE_MAX: Duration = Duration::from_secs(5);
/// The longest time that a server may keep a client away, whatever it asks for.
const AWAY_MAX: Duration = Duration::from_secs(3_600);
pub(crate) const AWAY_MAX_MS: u64 = AWAY_MAX.as_secs() * 1_000;
/// One attempt. One of those under way may take as long as the first connection, for a path so slow that the others never
/// succeed.
const ATTEMPT: Duration = Duration::from_secs(3);
/// An attempt that nobody answers repeats itself ever more seldom: after so long another begins beside it, so that a path
/// that works again is found within about a second.
const BESIDE: Duration = Duration::from_secs(1);
/// Attempts at the same time.
const ATTEMPTS_MAX: usize = 3;

/// Whether it was the slow one, and what it gave.
type Attempt = (bool, Result<(quinn::Connection, account::Welcome), Error>);

/// Connects again until it works or the session has ended.
pub(crate) async fn reconnect(
    shared: &Arc<Shared>,
    mut pause: Duration,
    first_wait: Duration,
) -> Option<quinn::Connection> {
    let mut attempts = JoinSet::new();
    let (mut attempt, mut slow) = (0, false);
    let mut next = Instant::now() + jitter(first_wait.clamp(PAUSE_MIN, AWAY_MAX));
    loop {
        let retry_in = next.saturating_duration_since(Instant::now());
        shared.status.send_replace(Status::Reconnecting { attempt, retry_in });
        let ended = tokio::select! {
            Some(ended) = attempts.join_next() => ended,
            () = sleep_until(next), if attempts.len() < ATTEMPTS_MAX => {
                let is_slow = attempt % 3 == 2 && !slow;
                slow |= is_slow;
                attempts.spawn(try_once(shared.clone(), is_slow));
                attempt += 1;
                next = Instant::now() + jitter(BESIDE);
                continue;
            }
            () = shared.network.notified() => {
                // They began on the path from before, and wait for long between their packets by now.
                attempts.abort_all();
                attempts = JoinSet::new();
                (slow, next) = (false, Instant::now());
                continue;
            }
            () = shared.close.notified() => Ok((false, Err(Error::Closed))),
        };
        if shared.closing.load(Ordering::Acquire) {
            shared.finish(None);
            return None;
        }
        let (was_slow, result) =
            ended.unwrap_or_else(|error| (slow, Err(Error::Unreachable(error.to_string()))));
        slow &= !was_slow;
        match result {
            Ok((connection, welcome)) => {
                welcomed(shared, &connection, welcome);
                return Some(connection);
            }
            Err(Error::Fault(fault)) if fault.class != Class::Retry => {
                shared.finish(Some(&fault));
                return None;
            }
            // Nobody heard it: the next is due when it is.
            Err(Error::TimedOut) => {}
            Err(error) => {
                tracing::debug!(%error, attempt, "connecting again failed");
                pause = longer(pause);
                let wait = retry_after(&error).unwrap_or(pause);
                next = Instant::now() + jitter(wait.clamp(PAUSE_MIN, AWAY_MAX));
            }
        }
    }
}

async fn try_once(shared: Arc<Shared>, slow: bool) -> Attempt {
    let time = if slow { shared.options.connect_timeout.max(ATTEMPT) } else { ATTEMPT };
    let token = lock(&shared.token).clone();
    let attempt = connect::attempt(&shared.endpoints, &shared.options, token.as_deref());
    (slow, timeout(time, attempt).await.unwrap_or(Err(Error::TimedOut)))
}

pub(crate) fn longer(pause: Duration) -> Duration {
    (pause * 2).min(PAUSE_MAX)
}

/// Between half of the time and all of it, so that clients of one server do not come back as one.
pub(crate) fn jitter(time: Duration) -> Duration {
    let mut random = [0; 2];
    // Without randomness everybody waits the whole time.
    let part = getrandom::fill(&mut random).map_or(u16::MAX, |()| u16::from_be_bytes(random));
    time / 2 + time * u32::from(part) / (2 * u32::from(u16::MAX))
}
