//! What streams with files may take: memory by the MiB, streams by the account, bytes by the second.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use litrocket_core::chunks::Layout;
use litrocket_protocol::AccountId;
use tokio::{
    sync::{Notify, OwnedSemaphorePermit, Semaphore},
    time::{Instant, sleep_until, timeout},
};

use crate::config;
use crate::lock::lock;

/// The largest chunk, in MiB: every account may hold one.
const CHUNK_MIB_MAX: u32 = 16;
/// One account takes at most this part of the memory.
const PART: u32 = 4;
/// This part of the memory is for accounts that hold none: slow ones, however many, never hold all of it with chunks
/// beyond their first.
const KEPT: u32 = 16;
/// While somebody waits for memory, who has a chunk's moves so many bytes a second, or gives it back: a MiB is held for a
/// minute and a half at most.
const WANTED_RATE: u64 = 12 * 1024;
/// The least rate that can be asked for, in bytes a second: slower streams look stalled.
const RATE_MIN: u64 = 64 * 1024;
/// Accounts whose pace is remembered; beyond it those without streams are forgotten.
const ACCOUNTS_MAX: usize = 10_000;

/// What is shared.
#[derive(Debug)]
pub(in crate::features::files) struct Shares {
    streams: Arc<Semaphore>,
    /// The last streams are for accounts that have none.
    streams_kept: usize,
    taken: Mutex<Taken>,
    /// Streams that wait for memory.
    waiting: AtomicUsize,
    /// Memory was given back.
    freed: Notify,
    streams_each: usize,
    mib_each: u32,
    mib_kept: u32,
    /// Bytes a second for each account; 0 for as many as there come.
    rate: u64,
}

/// What is taken of the memory, and by whom.
#[derive(Debug)]
struct Taken {
    accounts: HashMap<AccountId, Account>,
    /// Memory that nobody holds, in MiB.
    free: u32,
}

/// What an account takes.
#[derive(Debug)]
struct Account {
    streams: usize,
    /// What its streams hold when each has a chunk.
    mib: u32,
    /// What they hold now.
    held: u32,
    /// When its next byte may flow.
    next: Instant,
}

impl Account {
    fn is_idle(&self) -> bool {
        self.streams == 0 && self.held == 0
    }
}

/// The place of one stream, given back when it is dropped.
#[derive(Debug)]
pub(in crate::features::files) struct Share {
    shares: Arc<Shares>,
    account: AccountId,
    chunk_mib: u32,
    _stream: OwnedSemaphorePermit,
}

/// The memory of one chunk, given back when it is dropped.
#[derive(Debug)]
pub(in crate::features::files) struct Memory {
    shares: Arc<Shares>,
    account: AccountId,
    mib: u32,
}

impl Shares {
    pub(in crate::features::files) fn new(config: &config::Files) -> Arc<Self> {
        let mib = u32::try_from(config.memory_mib).unwrap_or(u32::MAX).max(CHUNK_MIB_MAX);
        Arc::new(Self {
            streams: Arc::new(Semaphore::new(config.streams_max as usize)),
            streams_kept: config.streams_max as usize / KEPT as usize,
            waiting: AtomicUsize::new(0),
            taken: Mutex::new(Taken { accounts: HashMap::new(), free: mib }),
            freed: Notify::new(),
            streams_each: config.streams_per_account as usize,
            mib_each: (mib / PART).max(CHUNK_MIB_MAX),
            mib_kept: mib / KEPT,
            rate: match config.bytes_per_second {
                0 => 0,
                rate => rate.max(RATE_MIN),
            },
        })
    }

    fn lock(&self) -> MutexGuard<'_, Taken> {
        lock(&self.taken)
    }

    /// A place for one more stream of an account with chunks of this layout; `None` when it, or all together, have
    /// too many.
    pub(super) fn stream(self: &Arc<Self>, account: AccountId, layout: Layout) -> Option<Share> {
        let chunk_mib = u32::try_from(layout.chunk_bytes >> 20).unwrap_or(CHUNK_MIB_MAX).max(1);
        let stream = self.streams.clone().try_acquire_owned().ok()?;
        let mut taken = self.lock();
        if taken.accounts.len() >= ACCOUNTS_MAX {
            taken.accounts.retain(|_, one| !one.is_idle());
        }
        let new = Account { streams: 0, mib: 0, held: 0, next: Instant::now() };
        let one = taken.accounts.entry(account).or_insert(new);
        if one.streams >= self.streams_each || one.mib + chunk_mib > self.mib_each {
            return None;
        }
        if one.streams > 0 && self.streams.available_permits() < self.streams_kept {
            return None;
        }
        one.streams += 1;
        one.mib += chunk_mib;
        Some(Share { shares: self.clone(), account, chunk_mib, _stream: stream })
    }

    /// Whether an account that holds so much may have one more chunk of what is free. Its first one always; more while
    /// no less is left for all others than it would hold itself.
    fn may_take(&self, held: u32, chunk: u32, free: u32) -> bool {
        free.checked_sub(chunk)
            .is_some_and(|rest| held == 0 || (held + chunk <= rest && self.mib_kept <= rest))
    }
}

impl Share {
    /// Memory for one chunk; `None` when there was none for so long.
    pub(super) async fn memory(&self, patience: Duration) -> Option<Memory> {
        if let Some(memory) = self.take() {
            return Some(memory);
        }
        let _waiting = Waiting::new(&self.shares.waiting);
        let taken = async {
            loop {
                let mut freed = std::pin::pin!(self.shares.freed.notified());
                freed.as_mut().enable();
                if let Some(memory) = self.take() {
                    return memory;
                }
                freed.await;
            }
        };
        timeout(patience, taken).await.ok()
    }

    fn take(&self) -> Option<Memory> {
        let mut taken = self.shares.lock();
        let Taken { accounts, free } = &mut *taken;
        let one = accounts.get_mut(&self.account)?;
        if !self.shares.may_take(one.held, self.chunk_mib, *free) {
            return None;
        }
        one.held += self.chunk_mib;
        *free -= self.chunk_mib;
        Some(Memory { shares: self.shares.clone(), account: self.account, mib: self.chunk_mib })
    }

    /// Whether who holds a chunk's memory since then, later by what it was held back, and moved so much has to give it back.
    pub(super) fn is_too_slow(&self, since: Instant, moved: usize, grace: Duration) -> bool {
        let held = since.elapsed();
        held > grace
            && (moved as u64) < held.as_secs().saturating_mul(WANTED_RATE)
            && self.shares.waiting.load(Ordering::Relaxed) > 0
    }

    /// Waits until so many bytes may flow; how long the server held them back.
    pub(super) async fn pace(&self, bytes: usize) -> Duration {
        let (rate, now) = (self.shares.rate, Instant::now());
        if rate == 0 {
            return Duration::ZERO;
        }
        let at = {
            let mut taken = self.shares.lock();
            let Some(one) = taken.accounts.get_mut(&self.account) else { return Duration::ZERO };
            let at = one.next.max(now);
            one.next = at + Duration::from_secs_f64(bytes as f64 / rate as f64);
            at
        };
        sleep_until(at).await;
        now.elapsed()
    }
}

/// Somebody waits for memory, until this is dropped.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut taken = self.shares.lock();
        let Some(one) = taken.accounts.get_mut(&self.account) else { return };
        one.streams -= 1;
        one.mib -= self.chunk_mib;
        taken.forget(self.account);
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        let mut taken = self.shares.lock();
        taken.free += self.mib;
        if let Some(one) = taken.accounts.get_mut(&self.account) {
            one.held -= self.mib;
            taken.forget(self.account);
        }
        drop(taken);
        self.shares.freed.notify_waiters();
    }
}

impl Taken {
    /// Forgets an account that takes nothing any more and has waited for its pace.
    fn forget(&mut self, account: AccountId) {
        if self.accounts.get(&account).is_some_and(|one| one.is_idle() && one.next <= Instant::now()) {
            self.accounts.remove(&account);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> config::Files {
        let mut config = config::Config::default().files;
        (config.memory_mib, config.streams_per_account) = (64, 3);
        config
    }

    #[test]
    fn an_account_has_its_part_and_gives_it_back() {
        let shares = Shares::new(&config());
        let small = Layout::new(1 << 20);
        let mut held: Vec<Share> = (0..3).filter_map(|_| shares.stream(AccountId(1), small)).collect();
        assert_eq!(held.len(), 3);
        assert!(shares.stream(AccountId(1), small).is_none(), "its streams are up");
        assert!(shares.stream(AccountId(2), small).is_some());
        held.pop();
        assert!(shares.stream(AccountId(1), small).is_some());
        drop(held);
        // Chunks of 16 MiB: one for each account, a quarter of all.
        let large = Layout::new(litrocket_protocol::limits::FILE_BYTES_MAX);
        let one = shares.stream(AccountId(1), large);
        assert!(one.is_some() && shares.stream(AccountId(1), large).is_none());
        drop(one);
        assert!(shares.lock().accounts.is_empty());
    }

    #[tokio::test]
    async fn accounts_that_hold_their_memory_for_long_leave_some_for_the_next() {
        let mut config = config();
        (config.memory_mib, config.streams_per_account) = (64, 16);
        let shares = Shares::new(&config);
        let small = Layout::new(1 << 20);
        let (mut places, mut held) = (Vec::new(), Vec::new());
        for slow in 1..=20 {
            let before = held.len();
            for _ in 0..16 {
                let place = shares.stream(AccountId(slow), small).unwrap();
                held.extend(place.memory(Duration::ZERO).await);
                places.push(place);
            }
            let (got, left) = (held.len() - before, 64 - held.len());
            assert!(got == 1 || got <= left, "{slow}: {got} taken, {left} left");
            assert!(left >= 64 / KEPT as usize || got == 1, "{slow}: {got} taken, {left} left");
            if left == 0 {
                // So many slow accounts have one chunk each by now.
                assert!(slow > 6, "{slow}");
                break;
            }
            let next = shares.stream(AccountId(99), small).unwrap();
            assert!(next.memory(Duration::ZERO).await.is_some(), "behind {slow} slow ones");
        }
        // What comes back goes to who waits.
        let next = shares.stream(AccountId(99), small).unwrap();
        let give = async {
            tokio::task::yield_now().await;
            held.clear();
        };
        let (memory, ()) = tokio::join!(next.memory(Duration::from_secs(5)), give);
        assert!(memory.is_some());
        drop((memory, next, places));
        let taken = shares.lock();
        assert!(taken.free == 64 && taken.accounts.is_empty(), "{taken:?}");
    }

    #[tokio::test]
    async fn who_is_slow_gives_its_memory_back_when_somebody_waits_for_it() {
        let mut config = config();
        config.memory_mib = 16;
        let shares = Shares::new(&config);
        let small = Layout::new(1 << 20);
        let slow: Vec<Share> = (1..=16).filter_map(|one| shares.stream(AccountId(one), small)).collect();
        let mut held = Vec::new();
        for one in &slow {
            held.push(one.memory(Duration::ZERO).await.unwrap());
        }
        let Some(since) = Instant::now().checked_sub(Duration::from_secs(60)) else { return };
        let grace = Duration::from_secs(30);
        assert!(!slow[0].is_too_slow(since, 60 * 600, grace), "nobody waits");
        let next = shares.stream(AccountId(99), small).unwrap();
        let look = async {
            tokio::task::yield_now().await;
            assert!(slow[0].is_too_slow(since, 60 * 600, grace));
            assert!(!slow[0].is_too_slow(since, 900_000, grace), "it is fast enough");
            assert!(!slow[0].is_too_slow(Instant::now(), 0, grace), "it has just begun");
            held.pop();
        };
        let (memory, ()) = tokio::join!(next.memory(Duration::from_secs(5)), look);
        assert!(memory.is_some());
        assert!(!slow[0].is_too_slow(since, 60 * 600, grace), "nobody waits any more");
    }

    #[test]
    fn the_last_streams_are_for_who_has_none() {
        let mut config = config();
        (config.streams_max, config.streams_per_account) = (32, 32);
        let shares = Shares::new(&config);
        let small = Layout::new(1 << 20);
        let mut held = Vec::new();
        for account in [1, 2] {
            while let Some(one) = shares.stream(AccountId(account), small) {
                held.push(one);
            }
        }
        assert_eq!(held.len(), 30, "two accounts took what they may");
        assert!(shares.stream(AccountId(3), small).is_some());
    }

    #[tokio::test]
    async fn memory_is_waited_for_and_bytes_have_their_pace() {
        let mut config = config();
        (config.memory_mib, config.bytes_per_second) = (16, 1 << 20);
        let shares = Shares::new(&config);
        let large = Layout::new(litrocket_protocol::limits::FILE_BYTES_MAX);
        let ada = shares.stream(AccountId(1), large).unwrap();
        let bob = shares.stream(AccountId(2), large).unwrap();
        let held = ada.memory(Duration::from_millis(20)).await;
        assert!(held.is_some() && bob.memory(Duration::from_millis(20)).await.is_none());
        drop(held);
        assert!(bob.memory(Duration::from_millis(20)).await.is_some());
        let since = Instant::now();
        for _ in 0..9 {
            ada.pace(64 * 1024).await;
        }
        assert!(since.elapsed() >= Duration::from_millis(500), "{:?}", since.elapsed());
        let waiting = shares.lock().accounts.get(&AccountId(2)).unwrap().next;
        assert!(waiting <= Instant::now(), "each has a pace of its own");
        // Who is held back is not slow for that, although somebody waits for what it holds.
        let (held, grace) = (ada.memory(Duration::ZERO).await, Duration::from_millis(100));
        let paced = async {
            tokio::task::yield_now().await;
            let (began, mut paced) = (Instant::now(), Duration::ZERO);
            for _ in 0..20 {
                paced += ada.pace(64 * 1024).await;
            }
            assert!(ada.is_too_slow(began, 1000, grace), "{paced:?}");
            assert!(!ada.is_too_slow(began + paced, 1000, grace), "{paced:?}");
        };
        let (waited, ()) = tokio::join!(bob.memory(Duration::from_secs(3)), paced);
        assert!(held.is_some() && waited.is_none());
    }
}
