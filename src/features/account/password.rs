//! Password hashes: argon2id in a bounded pool off the async threads.
//!
//! Two lines lead there. Strangers come to its door one for each hash that may run; devices that are known go to the door
//! itself. So a device waits for a few hashes only, however many strangers want to sign in.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU64, Ordering},
    mpsc,
};

use argon2::{Algorithm, Argon2, Params, Version, password_hash::phc::Salt};
use litrocket_protocol::{Fault, fault::code, limits};
use tokio::sync::{Semaphore, oneshot};

use super::{
    argon::{fill, hash, matches, padding, parameters, work_of},
    lines::{Asker, Lines},
};
use crate::{
    config,
    error::{Error, Result},
    lock::lock,
};

/// What a caller is told to wait when too many hashes wait already, in milliseconds.
const BUSY_RETRY_MS: u64 = 2_000;

type Job = Box<dyn FnOnce() + Send>;

/// Threads that hash and do nothing else: each keeps the megabytes that a hash takes. A job comes with a permit, and there
/// are as many as threads: there is room for it.
fn threads(count: u64) -> std::io::Result<mpsc::SyncSender<Job>> {
    let (sender, jobs) = mpsc::sync_channel::<Job>(count as usize);
    let jobs = Arc::new(Mutex::new(jobs));
    for _ in 0..count {
        let jobs = jobs.clone();
        std::thread::Builder::new().name("hashes".into()).spawn(move || {
            loop {
                let job = lock(&jobs).recv();
                let Ok(job) = job else { return };
                // A panic costs its caller an answer, and nobody the thread.
                let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(job));
            }
        })?;
    }
    Ok(sender)
}

/// What a check of a password found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// Whether the password is right.
    pub ok: bool,
    /// The hash to store instead, when the parameters have changed since.
    pub rehash: Option<String>,
}

/// Hashes and checks passwords.
#[derive(Debug, Clone)]
pub struct Passwords {
    argon2: Argon2<'static>,
    threads: mpsc::SyncSender<Job>,
    running: Arc<Semaphore>,
    /// Strangers at the door.
    strangers: Arc<Semaphore>,
    lines: Arc<Lines>,
    /// Checked in place of a hash that does not exist, so that an unknown name costs the same.
    nobody: Arc<str>,
    /// The work of the dearest hash that was checked or would be made now: see [`super::argon::work_of`].
    dearest: Arc<AtomicU64>,
    /// Hashes that were made or checked.
    hashes: Arc<AtomicU64>,
}

impl Passwords {
    /// A pool with the configured parameters.
    pub fn new(config: &config::Accounts) -> Result<Self> {
        let (memory, iterations, lanes) = (
            config.argon2_memory_kib as u32,
            config.argon2_iterations as u32,
            config.argon2_parallelism as u32,
        );
        let params = Params::new(memory, iterations, lanes, None)
            .map_err(|error| Error::Internal(format!("the argon2 parameters are refused: {error}")))?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let mut random = [0; 32];
        getrandom::fill(&mut random).map_err(|error| Error::Internal(error.to_string()))?;
        // On a thread that ends, with what it keeps.
        let nobody: Arc<str> = std::thread::scope(|scope| scope.spawn(|| hash(&argon2, &random)).join())
            .map_err(|_| Error::Internal("the first hash failed".into()))??
            .into();
        let threads = threads(config.hashes_max).map_err(|error| Error::Internal(error.to_string()))?;
        Ok(Self {
            argon2,
            threads,
            running: Arc::new(Semaphore::new(config.hashes_max as usize)),
            strangers: Arc::new(Semaphore::new(config.hashes_max as usize)),
            lines: Arc::new(Lines::new(config.hashes_waiting_max as usize)),
            dearest: Arc::new(AtomicU64::new(work_of(&nobody).unwrap_or(0))),
            nobody,
            hashes: Arc::default(),
        })
    }

    /// How many hashes were made or checked so far: what an answer costs.
    pub fn hashes(&self) -> u64 {
        self.hashes.load(Ordering::Relaxed)
    }

    /// Hashes a password; the answer is a PHC string.
    pub async fn hash(&self, asker: Asker, password: String) -> Result<String> {
        let argon2 = self.argon2.clone();
        self.run(asker, move || hash(&argon2, password.as_bytes())).await
    }

    /// Checks a password against a stored hash; `None` for an account that does not exist costs the same, also when the
    /// parameters have changed since the hash was made: what is wrong costs as much as the dearest hash that was seen.
    pub async fn verify(&self, asker: Asker, password: String, stored: Option<String>) -> Result<Verified> {
        let (argon2, nobody) = (self.argon2.clone(), self.nobody.clone());
        let dearest = self.dearest.clone();
        self.run(asker, move || {
            let known = stored.is_some();
            let stored = stored.unwrap_or_else(|| nobody.as_ref().to_owned());
            let ok = matches(password.as_bytes(), &stored).unwrap_or(false) && known;
            if !ok {
                let work = work_of(&stored).unwrap_or(0);
                let most = dearest.fetch_max(work, Ordering::Relaxed).max(work);
                if let Some(rest) = padding(&argon2, most - work) {
                    fill(&rest, password.as_bytes(), &[0; Salt::RECOMMENDED_LENGTH], &mut [0; 32])
                        .map_err(|error| Error::Internal(error.to_string()))?;
                }
            }
            let outdated = ok && !stored.starts_with(&parameters(&argon2));
            let rehash = if outdated { Some(hash(&argon2, password.as_bytes())?) } else { None };
            Ok(Verified { ok, rehash })
        })
        .await
    }

    /// Runs on one of the threads. The permit moves there: it belongs to the hashing, not to a request that may
    /// be gone before it ends.
    async fn run<T: Send + 'static>(
        &self,
        asker: Asker,
        work: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let busy = || Error::from(Fault::new(code::BUSY).retry_after(BUSY_RETRY_MS));
        let place = self.lines.enter(asker).ok_or_else(busy)?;
        let door = match asker {
            Asker::Stranger(_) => Some(self.strangers.acquire().await.map_err(|_| busy())?),
            Asker::Device(_) => None,
        };
        let permit = self.running.clone().acquire_owned().await.map_err(|_| busy())?;
        drop((door, place));
        self.hashes.fetch_add(1, Ordering::Relaxed);
        let (answer, answered) = oneshot::channel();
        let job = Box::new(move || {
            let result = work();
            drop(permit);
            let _ = answer.send(result);
        });
        let ended = || Error::Internal("the threads that hash have ended".into());
        self.threads.try_send(job).map_err(|_| ended())?;
        answered.await.map_err(|_| ended())?
    }
}

/// 8 to 1024 bytes that are not all white space.
pub(super) fn check_password(password: &str, field: &str) -> Result<(), Fault> {
    if !(limits::PASSWORD_BYTES_MIN..=limits::PASSWORD_BYTES_MAX).contains(&password.len())
        || password.trim().is_empty()
    {
        return Err(Fault::new(code::BAD_PASSWORD).field(field).limit(limits::PASSWORD_BYTES_MAX as u64));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    const SOMEBODY: Asker = Asker::Stranger(IpAddr::V6(std::net::Ipv6Addr::LOCALHOST));

    fn pool(memory: u64, waiting: u64) -> Passwords {
        let config = config::Accounts {
            argon2_memory_kib: memory,
            argon2_iterations: 1,
            hashes_max: 1,
            hashes_waiting_max: waiting,
            ..config::Accounts::default()
        };
        Passwords::new(&config).unwrap()
    }

    #[tokio::test]
    async fn right_wrong_and_unknown_are_told_apart_only_inside() {
        let pool = pool(64, 9);
        let stored = pool.hash(SOMEBODY, "correct horse".into()).await.unwrap();
        let check =
            async |password: &str, stored| pool.verify(SOMEBODY, password.into(), stored).await.unwrap();
        assert_eq!(check("correct horse", Some(stored.clone())).await, Verified { ok: true, rehash: None });
        assert!(!check("wrong horse", Some(stored)).await.ok);
        assert!(!check("correct horse", None).await.ok);
    }

    #[tokio::test]
    async fn a_hash_of_older_parameters_is_made_anew_at_sign_in() {
        let stored = pool(64, 9).hash(SOMEBODY, "correct horse".into()).await.unwrap();
        let now = pool(128, 9);
        let verified = now.verify(SOMEBODY, "correct horse".into(), Some(stored)).await.unwrap();
        let rehash = verified.rehash.unwrap();
        assert!(rehash.contains("m=128"));
        assert_eq!(now.verify(SOMEBODY, "correct horse".into(), Some(rehash)).await.unwrap().rehash, None);
    }

    #[tokio::test]
    async fn a_caller_that_goes_away_keeps_its_place_until_its_hash_is_done() {
        let pool = pool(65_536, 1);
        let first = tokio::spawn({
            let pool = pool.clone();
            async move { pool.hash(SOMEBODY, "a password".into()).await }
        });
        while pool.running.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        first.abort();
        drop(first.await);
        assert_eq!(pool.running.available_permits(), 0, "the hash still runs");
        let second = tokio::spawn({
            let pool = pool.clone();
            async move { pool.hash(SOMEBODY, "a password".into()).await }
        });
        while pool.lines.taken().is_empty() && pool.running.available_permits() == 0 {
            tokio::task::yield_now().await;
        }
        if !pool.lines.taken().is_empty() {
            let third = pool.hash(SOMEBODY, "a password".into()).await;
            assert!(matches!(third, Err(Error::Fault(fault)) if fault.is(code::BUSY)));
        }
        assert!(second.await.unwrap().is_ok());
    }

    #[tokio::test]
    async fn a_device_does_not_wait_for_the_strangers() {
        let pool = pool(8 * 1024, 64);
        let strangers: Vec<_> = (0..64_u8)
            .map(|n| {
                let pool = pool.clone();
                let asker = Asker::Stranger([10, 0, 0, n].into());
                tokio::spawn(async move { pool.hash(asker, "a password".into()).await.is_ok() })
            })
            .collect();
        while pool.lines.taken().len() < 63 {
            tokio::task::yield_now().await;
        }
        pool.hash(Asker::Device(7.into()), "a password".into()).await.unwrap();
        let waiting = pool.lines.taken().len();
        assert!(waiting > 50, "{waiting} strangers still wait");
        for stranger in strangers {
            assert!(stranger.await.unwrap());
        }
    }
}
