//! Password hashes: argon2id in a bounded pool off the async threads.
//!
//! Two lines lead there. Strangers come to its door one for each hash that may run; devices that are known go to the door
//! itself. So a device waits for a few hashes only, however many strangers want to sign in.

use std::{
    cell::RefCell,
    collections::HashMap,
    net::IpAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
};

use argon2::{
    Algorithm, Argon2, Block, Params, PasswordHash, Version,
    password_hash::phc::{Output, ParamsString, Salt},
};
use litrocket_protocol::{AccountId, Fault, fault::code, limits};
use tokio::sync::{Semaphore, oneshot};

use crate::{
    config,
    error::{Error, Result},
};

/// What a caller is told to wait when too many hashes wait already, in milliseconds.
const BUSY_RETRY_MS: u64 = 2_000;

/// In a line of strangers that is half full, no network has more than one place in so many.
const SHARES: usize = 8;
/// What the devices of one account may have in theirs.
const DEVICES: usize = 4;

/// Who wants a hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Asker {
    /// A device that signed in to this account before.
    Device(AccountId),
    /// Anybody, from an address or a /64 network.
    Stranger(IpAddr),
}

/// Places in the two lines, and who has how many.
#[derive(Debug)]
struct Lines {
    max: usize,
    taken: Mutex<HashMap<Asker, usize>>,
}

/// A place in a line.
struct Place(Arc<Lines>, Asker);

impl Lines {
    fn taken(&self) -> MutexGuard<'_, HashMap<Asker, usize>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn enter(self: &Arc<Self>, asker: Asker) -> Option<Place> {
        let mut taken = self.taken();
        let device = |asker: &Asker| matches!(asker, Asker::Device(_));
        let line: usize =
            taken.iter().filter(|(one, _)| device(one) == device(&asker)).map(|(_, places)| places).sum();
        let own = taken.get(&asker).copied().unwrap_or(0);
        let share = match asker {
            Asker::Device(_) => DEVICES,
            Asker::Stranger(_) if line >= self.max / 2 => (self.max / SHARES).max(1),
            Asker::Stranger(_) => self.max,
        };
        if line >= self.max || own >= share {
            return None;
        }
        taken.insert(asker, own + 1);
        Some(Place(self.clone(), asker))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.0.taken();
        if let Some(places) = taken.get_mut(&self.1) {
            *places -= 1;
            if *places == 0 {
                taken.remove(&self.1);
            }
        }
    }
}

type Job = Box<dyn FnOnce() + Send>;

/// Threads that hash and do nothing else: each keeps the megabytes that a hash takes.
fn threads(count: u64) -> std::io::Result<mpsc::Sender<Job>> {
    let (sender, jobs) = mpsc::channel::<Job>();
    let jobs = Arc::new(Mutex::new(jobs));
    for _ in 0..count {
        let jobs = jobs.clone();
        std::thread::Builder::new().name("hashes".into()).spawn(move || {
            loop {
                let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
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
    threads: mpsc::Sender<Job>,
    running: Arc<Semaphore>,
    /// Strangers at the door.
    strangers: Arc<Semaphore>,
    lines: Arc<Lines>,
    /// Checked in place of a hash that does not exist, so that an unknown name costs the same.
    nobody: Arc<str>,
    /// The work of the dearest hash that was checked or would be made now: see [`work_of`].
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
            lines: Arc::new(Lines { max: config.hashes_waiting_max as usize, taken: Mutex::default() }),
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
        self.threads.send(job).map_err(|_| ended())?;
        answered.await.map_err(|_| ended())?
    }
}

/// Makes a hash in memory that its thread keeps. Given back, the allocator would let small things into it, and find no
/// room there for the next: twenty hashes then hold the memory of twenty.
fn fill(argon2: &Argon2<'_>, password: &[u8], salt: &[u8], out: &mut [u8]) -> argon2::Result<()> {
    thread_local! { static MEMORY: RefCell<Vec<Block>> = const { RefCell::new(Vec::new()) } }
    MEMORY.with_borrow_mut(|memory| {
        let blocks = argon2.params().block_count();
        if memory.len() < blocks {
            memory.resize(blocks, Block::default());
        }
        argon2.hash_password_into_with_memory(password, salt, out, &mut memory[..blocks])
    })
}

fn hash(argon2: &Argon2<'_>, password: &[u8]) -> Result<String> {
    let fail = |error: &dyn std::fmt::Display| Error::Internal(error.to_string());
    let (mut salt, mut out) = ([0; Salt::RECOMMENDED_LENGTH], [0; Params::DEFAULT_OUTPUT_LEN]);
    getrandom::fill(&mut salt).map_err(|error| fail(&error))?;
    fill(argon2, password, &salt, &mut out).map_err(|error| fail(&error))?;
    let hash = PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(argon2.params()).map_err(|error| fail(&error))?,
        salt: Some(Salt::new(&salt).map_err(|error| fail(&error))?),
        hash: Some(Output::new(&out).map_err(|error| fail(&error))?),
    };
    Ok(hash.to_string())
}

/// Whether a password has this hash; `None` for what is no hash. The comparison takes the same time for all of equal length.
fn matches(password: &[u8], stored: &str) -> Option<bool> {
    let stored = PasswordHash::new(stored).ok()?;
    let algorithm = Algorithm::try_from(stored.algorithm.as_str()).ok()?;
    let version = stored.version.map_or(Ok(Version::default()), Version::try_from).ok()?;
    let argon2 = Argon2::new(algorithm, version, Params::try_from(&stored).ok()?);
    let (salt, expected) = (stored.salt?, stored.hash?);
    let mut out = vec![0; expected.len()];
    fill(&argon2, password, &salt, &mut out).ok()?;
    Some(Output::new(&out).ok()? == expected)
}

/// What a stored hash costs: passes over its memory, in KiB.
fn work_of(stored: &str) -> Option<u64> {
    let params = Params::try_from(&PasswordHash::new(stored).ok()?).ok()?;
    Some(u64::from(params.m_cost()) * u64::from(params.t_cost()))
}

/// A hash that costs about so much, in no more memory than the configured one takes; none for what is too little to notice.
fn padding(argon2: &Argon2<'_>, work: u64) -> Option<Argon2<'static>> {
    let now = argon2.params();
    let least = u64::from(8 * now.p_cost());
    if work < least {
        return None;
    }
    let memory = (work / u64::from(now.t_cost())).clamp(least, u64::from(now.m_cost()).max(least));
    let passes = (work / memory).max(1);
    let params = Params::new(memory as u32, u32::try_from(passes).ok()?, now.p_cost(), None).ok()?;
    Some(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn parameters(argon2: &Argon2<'_>) -> String {
    let params = argon2.params();
    format!("$argon2id$v=19$m={},t={},p={}$", params.m_cost(), params.t_cost(), params.p_cost())
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

    #[test]
    fn what_is_wrong_costs_the_same_when_the_parameters_have_changed() {
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(1024, 3, 1, None).unwrap());
        for rest in [8, 100, 1_000, 3_000, 3_072, 9_000, 40_000] {
            let params = padding(&argon2, rest).unwrap().params().clone();
            let work = u64::from(params.m_cost()) * u64::from(params.t_cost());
            assert!(work <= rest + rest / 4 && work >= rest - rest / 4, "{rest}: {work}");
            assert!(params.m_cost() <= 1024, "{rest}");
        }
        assert!(padding(&argon2, 7).is_none());
        let stored = hash(&argon2, b"correct horse").unwrap();
        assert_eq!(work_of(&stored), Some(3 * 1024));
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

    #[test]
    fn hashes_are_what_the_library_itself_makes_and_checks() {
        use argon2::{PasswordHasher as _, PasswordVerifier as _};

        let argon2 = pool(64, 1).argon2;
        for password in [&b"correct horse"[..], &[0xff; 1024]] {
            assert!(argon2.verify_password(password, hash(&argon2, password).unwrap().as_str()).is_ok());
            let theirs = argon2.hash_password(password).unwrap().to_string();
            assert_eq!(matches(password, &theirs), Some(true));
            assert_eq!(matches(b"wrong horse", &theirs), Some(false));
        }
        let larger = pool(256, 1).argon2;
        let stored = hash(&larger, b"correct horse").unwrap();
        assert!(stored.starts_with(&parameters(&larger)));
        drop(hash(&argon2, b"smaller, in the same memory").unwrap());
        assert_eq!(matches(b"correct horse", &stored), Some(true));
        assert_eq!(matches(b"correct horse", "!"), None);
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

    #[test]
    fn a_line_that_fills_is_shared_and_the_other_line_is_not_part_of_it() {
        let lines = Arc::new(Lines { max: 16, taken: Mutex::default() });
        let from = |n: u8| Asker::Stranger([10, 0, 0, n].into());
        let mut places: Vec<_> = (0..8).map(|_| lines.enter(from(1)).expect("there is room")).collect();
        assert!(lines.enter(from(1)).is_none(), "the line is half full, and it has more than its share");
        places.extend((2..10).map(|n| lines.enter(from(n)).expect("who has less may still enter")));
        assert!(lines.enter(from(99)).is_none(), "the line is full");
        assert!(lines.enter(Asker::Device(7.into())).is_some(), "the other line is not");
        places.pop();
        assert!(lines.enter(from(99)).is_some());
        drop(places);
        assert!(lines.taken().is_empty());
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
