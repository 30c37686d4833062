//! What streams with files may take: memory by the MiB, streams by the account, bytes by the second.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use litrocket_core::chunks::Layout;
use litrocket_protocol::AccountId;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, sleep_until, timeout},
};

use crate::config;

/// The largest chunk, in MiB: every account may hold one.
const CHUNK_MIB_MAX: u32 = 16;
/// One account takes at most this part of the memory, so that it never stands alone between the others and theirs.
const PART: u32 = 4;
/// The least rate that can be asked for, in bytes a second: slower streams look stalled.
const RATE_MIN: u64 = 64 * 1024;
/// Accounts whose pace is remembered; beyond it those without streams are forgotten.
const ACCOUNTS_MAX: usize = 10_000;

/// What is shared.
#[derive(Debug)]
pub(super) struct Shares {
    memory: Arc<Semaphore>,
    streams: Arc<Semaphore>,
    accounts: Mutex<HashMap<AccountId, Taken>>,
    streams_each: usize,
    mib_each: u32,
    /// Bytes a second for each account; 0 for as many as there come.
    rate: u64,
}

/// What an account takes.
#[derive(Debug)]
struct Taken {
    streams: usize,
    mib: u32,
    /// When its next byte may flow.
    next: Instant,
}

/// The place of one stream, given back when it is dropped.
#[derive(Debug)]
pub(super) struct Share {
    shares: Arc<Shares>,
    account: AccountId,
    chunk_mib: u32,
    _stream: OwnedSemaphorePermit,
}

/// The memory of one chunk, given back when it is dropped.
#[derive(Debug)]
pub(super) struct Memory {
    _mib: OwnedSemaphorePermit,
}

impl Shares {
    pub(super) fn new(config: &config::Files) -> Arc<Self> {
        let mib = u32::try_from(config.memory_mib).unwrap_or(u32::MAX).max(CHUNK_MIB_MAX);
        Arc::new(Self {
            memory: Arc::new(Semaphore::new(mib as usize)),
            streams: Arc::new(Semaphore::new(config.streams_max as usize)),
            accounts: Mutex::default(),
            streams_each: config.streams_per_account as usize,
            mib_each: (mib / PART).max(CHUNK_MIB_MAX),
            rate: match config.bytes_per_second {
                0 => 0,
                rate => rate.max(RATE_MIN),
            },
        })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<AccountId, Taken>> {
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for one more stream of an account with chunks of this layout; `None` when it, or all together, have
    /// too many.
    pub(super) fn stream(self: &Arc<Self>, account: AccountId, layout: Layout) -> Option<Share> {
        let chunk_mib = u32::try_from(layout.chunk_bytes >> 20).unwrap_or(CHUNK_MIB_MAX).max(1);
        let stream = self.streams.clone().try_acquire_owned().ok()?;
        let now = Instant::now();
        let mut accounts = self.lock();
        if accounts.len() >= ACCOUNTS_MAX {
            accounts.retain(|_, taken| taken.streams > 0);
        }
        let taken = accounts.entry(account).or_insert(Taken { streams: 0, mib: 0, next: now });
        if taken.streams >= self.streams_each || taken.mib + chunk_mib > self.mib_each {
            return None;
        }
        taken.streams += 1;
        taken.mib += chunk_mib;
        Some(Share { shares: self.clone(), account, chunk_mib, _stream: stream })
    }
}

impl Share {
    /// Memory for one chunk; `None` when there was none for so long.
    pub(super) async fn memory(&self, patience: Duration) -> Option<Memory> {
        let acquired = self.shares.memory.clone().acquire_many_owned(self.chunk_mib);
        let mib = timeout(patience, acquired).await.ok()?.ok()?;
        Some(Memory { _mib: mib })
    }

    /// Waits until so many bytes may flow.
    pub(super) async fn pace(&self, bytes: usize) {
        let rate = self.shares.rate;
        if rate == 0 {
            return;
        }
        let at = {
            let mut accounts = self.shares.lock();
            let Some(taken) = accounts.get_mut(&self.account) else { return };
            let at = taken.next.max(Instant::now());
            taken.next = at + Duration::from_secs_f64(bytes as f64 / rate as f64);
            at
        };
        sleep_until(at).await;
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut accounts = self.shares.lock();
        let Some(taken) = accounts.get_mut(&self.account) else { return };
        taken.streams -= 1;
        taken.mib -= self.chunk_mib;
        if taken.streams == 0 && taken.next <= Instant::now() {
            accounts.remove(&self.account);
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
        assert!(shares.lock().is_empty());
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
        let waiting = shares.lock().get(&AccountId(2)).unwrap().next;
        assert!(waiting <= Instant::now(), "each has a pace of its own");
    }
}
