//! Bounds of the server that no operator needs to change, with their reasons, the token bucket, and whom it is for.
//!
//! Bounds of the wire are in `litrocket_protocol::limits`, bounds an operator may change in `config/options.rs`.

use std::{
    collections::HashMap,
    hash::Hash,
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use crate::lock::lock;

/// A day, in milliseconds.
pub const DAY_MS: u64 = 24 * 3_600_000;
/// What a guest may send in all, in bytes: hello and a few tries to sign in.
pub const GUEST_BYTES_MAX: usize = 16 * 1024;
/// How long a stream may stay without saying what it is.
pub const STREAM_IDLE: Duration = Duration::from_secs(10);
/// How long a second chat or state stream waits for the first to end before it is refused.
pub const STREAM_HANDOVER: Duration = Duration::from_secs(3);
/// The least progress of a frame that began: so many bytes in so much time.
pub const FRAME_PACE: (usize, Duration) = (1024, Duration::from_secs(10));
/// How long a request frame may take to arrive: 256 KiB at a slow mobile line's pace.
pub const REQUEST_READ_TIME: Duration = Duration::from_secs(30);
/// How long a request may be worked on.
pub const REQUEST_TIME: Duration = Duration::from_secs(20);
/// How long a peer may take nothing of a stream before it is reset. Longer than a tunnel, shorter than it pays to hold
/// memory for a peer that does not read.
pub const WRITE_STALL: Duration = Duration::from_secs(20);
/// How long a reply may take to be taken.
pub const REPLY_WRITE_TIME: Duration = Duration::from_secs(30);
/// The same for who has not signed in: what guests are told is short.
pub const GUEST_REPLY_TIME: Duration = Duration::from_secs(5);
/// How long a reply that may be the connection's last waits to be taken.
pub const LAST_REPLY_TIME: Duration = Duration::from_millis(500);
/// Replies of one connection that wait for a peer that does not take them, in bytes: what a phone on a slow line takes in some
/// seconds, and ten pages at once.
pub const CONNECTION_REPLIES_MAX: usize = 1024 * 1024;
/// What a connection may hold of that whatever the others of its account hold: usual replies cost no look at them.
pub const CONNECTION_REPLIES_FREE: usize = 32 * 1024;
/// The same of an account over all its connections: four that do not read at all.
pub const ACCOUNT_REPLIES_MAX: usize = 4 * CONNECTION_REPLIES_MAX;
/// When a request may come again whose reply has no room, in milliseconds.
pub const REPLY_RETRY_MS: u64 = 1_000;
/// How long the connection of an ended session stays, so that it can be told why.
pub const REVOKE_GRACE: Duration = Duration::from_millis(200);
/// How many seconds' worth of requests may come at once.
pub const REQUEST_BURST_SECONDS: u64 = 4;
/// When a connection beyond those of its account may try again, in milliseconds: one that died is gone soon.
pub const CONNECTION_RETRY_MS: u64 = 5_000;
/// What a request that comes while the server drains is told, in milliseconds.
pub const GOING_AWAY_RETRY_MS: u64 = 1000;
/// Sends of one connection that wait for their acks. Beyond it the stream is read no further.
pub const SENDS_IN_FLIGHT_MAX: usize = 256;
/// Unidirectional streams the server has open or waits to open on one connection: twice what a client takes at once.
pub const ONE_WAY_MAX: usize = 8;
/// How many connections a second come back after a restart: the pace of `retry_after_ms`.
pub const RETURNS_PER_SECOND: u64 = 1000;

const _: () =
    assert!(CONNECTION_REPLIES_MAX >= litrocket_protocol::frame::FRAME_MAX + CONNECTION_REPLIES_FREE);
const _: () = assert!(GUEST_BYTES_MAX < litrocket_protocol::frame::FRAME_MAX);

/// Who an address belongs to: an IPv4 address, or an IPv6 /64 network.
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
    }
}

/// A token bucket: a rate in the long run and a burst.
#[derive(Debug)]
pub struct Bucket {
    per_second: u64,
    burst: u64,
    level: Mutex<(f64, Instant)>,
}

impl Bucket {
    /// A full bucket.
    pub fn new(per_second: u64, burst: u64) -> Self {
        let burst = burst.max(1);
        Self { per_second: per_second.max(1), burst, level: Mutex::new((burst as f64, Instant::now())) }
    }

    /// Whether nothing was taken lately.
    pub fn is_full(&self) -> bool {
        let level = lock(&self.level);
        level.0 + level.1.elapsed().as_secs_f64() * self.per_second as f64 >= self.burst as f64
    }

    /// Takes one token, or tells after how many milliseconds there is one.
    pub fn take(&self) -> Result<(), u64> {
        let mut level = lock(&self.level);
        let now = Instant::now();
        let filled = level.0 + now.duration_since(level.1).as_secs_f64() * self.per_second as f64;
        level.1 = now;
        level.0 = filled.min(self.burst as f64);
        if level.0 >= 1.0 {
            level.0 -= 1.0;
            return Ok(());
        }
        Err((((1.0 - level.0) / self.per_second as f64) * 1000.0).ceil() as u64)
    }
}

/// Keys whose rate is remembered, of each kind: 10 MiB. Beyond it those that are quiet go, then others, who start full again.
const RATES_MAX: usize = 50_000;

/// A token bucket for each account, or each network.
#[derive(Debug)]
pub struct RateLimits<K> {
    per_second: u64,
    burst: u64,
    buckets: Mutex<HashMap<K, Arc<Bucket>>>,
}

impl<K: Hash + Eq> RateLimits<K> {
    /// Rates in the long run and bursts.
    pub fn new(per_second: u64, burst: u64) -> Self {
        Self { per_second, burst, buckets: Mutex::default() }
    }

    /// The bucket of a key.
    pub fn of(&self, key: K) -> Arc<Bucket> {
        let mut buckets = lock(&self.buckets);
        if buckets.len() >= RATES_MAX && !buckets.contains_key(&key) {
            buckets.retain(|_, bucket| !bucket.is_full());
            // A look at all of them has to make room for many.
            let mut surplus = buckets.len().saturating_sub(RATES_MAX / 4 * 3);
            buckets.retain(|_, _| {
                let goes = surplus > 0;
                surplus -= usize::from(goes);
                !goes
            });
        }
        buckets.entry(key).or_insert_with(|| Arc::new(Bucket::new(self.per_second, self.burst))).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_gives_its_burst_and_then_says_when() {
        let bucket = Bucket::new(1, 2);
        assert_eq!(bucket.take(), Ok(()));
        assert_eq!(bucket.take(), Ok(()));
        let wait = bucket.take().unwrap_err();
        assert!((900..=1000).contains(&wait), "{wait}");
    }

    #[test]
    fn rates_of_many_keys_take_bounded_memory_and_one_that_is_spent_stays_spent() {
        let rates = RateLimits::new(1, 1);
        for key in 0..2 * RATES_MAX {
            assert_eq!(rates.of(key).take(), Ok(()));
            assert!(rates.of(key).take().is_err());
        }
        assert!(rates.buckets.lock().unwrap().len() <= RATES_MAX);
    }
}
