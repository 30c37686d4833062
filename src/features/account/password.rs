//! Password hashes: argon2id in a bounded pool off the async threads.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHasher as _, PasswordVerifier as _},
};
use litrocket_protocol::{Fault, fault::code, limits};
use tokio::sync::Semaphore;

use crate::{
    config,
    error::{Error, Result},
};

/// What a caller is told to wait when too many hashes wait already, in milliseconds.
const BUSY_RETRY_MS: u64 = 2_000;

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
    running: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
    /// Checked in place of a hash that does not exist, so that an unknown name costs the same.
    nobody: Arc<str>,
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
        let nobody = hash(&argon2, &random)?.into();
        Ok(Self {
            argon2,
            running: Arc::new(Semaphore::new(config.hashes_max as usize)),
            waiting: Arc::new(Semaphore::new(config.hashes_waiting_max as usize)),
            nobody,
            hashes: Arc::default(),
        })
    }

    /// How many hashes were made or checked so far: what an answer costs.
    pub fn hashes(&self) -> u64 {
        self.hashes.load(Ordering::Relaxed)
    }

    /// Hashes a password; the answer is a PHC string.
    pub async fn hash(&self, password: String) -> Result<String> {
        let argon2 = self.argon2.clone();
        self.run(move || hash(&argon2, password.as_bytes())).await
    }

    /// Checks a password against a stored hash; `None` for an account that does not exist costs the same.
    pub async fn verify(&self, password: String, stored: Option<String>) -> Result<Verified> {
        let (argon2, nobody) = (self.argon2.clone(), self.nobody.clone());
        self.run(move || {
            let known = stored.is_some();
            let stored = stored.unwrap_or_else(|| nobody.as_ref().to_owned());
            let ok = argon2.verify_password(password.as_bytes(), stored.as_str()).is_ok() && known;
            let outdated = ok && !stored.starts_with(&parameters(&argon2));
            let rehash = if outdated { Some(hash(&argon2, password.as_bytes())?) } else { None };
            Ok(Verified { ok, rehash })
        })
        .await
    }

    /// Runs on a blocking thread. The permit moves there: it belongs to the hashing, not to a request that may
    /// be gone before it ends.
    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
        let busy = || Error::from(Fault::new(code::BUSY).retry_after(BUSY_RETRY_MS));
        let place = self.waiting.clone().try_acquire_owned().map_err(|_| busy())?;
        let permit = self.running.clone().acquire_owned().await.map_err(|_| busy())?;
        drop(place);
        self.hashes.fetch_add(1, Ordering::Relaxed);
        let task = tokio::task::spawn_blocking(move || {
            let result = work();
            drop(permit);
            result
        });
        task.await.map_err(|error| Error::Internal(error.to_string()))?
    }
}

fn hash(argon2: &Argon2<'_>, password: &[u8]) -> Result<String> {
    let hash = argon2.hash_password(password).map_err(|error| Error::Internal(error.to_string()))?;
    Ok(hash.to_string())
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
        let stored = pool.hash("correct horse".into()).await.unwrap();
        let check = async |password: &str, stored| pool.verify(password.into(), stored).await.unwrap();
        assert_eq!(check("correct horse", Some(stored.clone())).await, Verified { ok: true, rehash: None });
        assert!(!check("wrong horse", Some(stored)).await.ok);
        assert!(!check("correct horse", None).await.ok);
    }

    #[tokio::test]
    async fn a_hash_of_older_parameters_is_made_anew_at_sign_in() {
        let stored = pool(64, 9).hash("correct horse".into()).await.unwrap();
        let now = pool(128, 9);
        let verified = now.verify("correct horse".into(), Some(stored)).await.unwrap();
        let rehash = verified.rehash.unwrap();
        assert!(rehash.contains("m=128"));
        assert_eq!(now.verify("correct horse".into(), Some(rehash)).await.unwrap().rehash, None);
    }

    #[tokio::test]
    async fn a_caller_that_goes_away_keeps_its_place_until_its_hash_is_done() {
        let pool = pool(65_536, 1);
        let first = tokio::spawn({
            let pool = pool.clone();
            async move { pool.hash("a password".into()).await }
        });
        while pool.running.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        first.abort();
        drop(first.await);
        assert_eq!(pool.running.available_permits(), 0, "the hash still runs");
        let second = tokio::spawn({
            let pool = pool.clone();
            async move { pool.hash("a password".into()).await }
        });
        while pool.waiting.available_permits() > 0 && pool.running.available_permits() == 0 {
            tokio::task::yield_now().await;
        }
        if pool.waiting.available_permits() == 0 {
            let third = pool.hash("a password".into()).await;
            assert!(matches!(third, Err(Error::Fault(fault)) if fault.is(code::BUSY)));
        }
        assert!(second.await.unwrap().is_ok());
    }
}
