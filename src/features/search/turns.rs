//! Whose turn it is: the index answers one question after the other on a blocking thread, so those that wait are counted.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use litrocket_protocol::{AccountId, Fault, fault::code};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{
    db::{self, SearchIndex},
    error::{Error, Result},
};

/// Searches under way. At the 15 ms that one of many conversations takes, the last of them waits a second.
const SEARCHES_MAX: usize = 64;
/// Those of one account: nobody takes all places.
const OWN_SEARCHES_MAX: usize = 4;
/// When one that found no place may come again, in milliseconds.
const BUSY_RETRY_MS: u64 = 1_000;

/// The places of searches, and the index.
#[derive(Debug)]
pub struct Turns {
    places: Arc<Semaphore>,
    own: Arc<Mutex<HashMap<AccountId, usize>>>,
    index: Arc<Semaphore>,
}

/// A place for one search.
#[derive(Debug)]
pub struct Place {
    own: Arc<Mutex<HashMap<AccountId, usize>>>,
    account: AccountId,
    _permit: OwnedSemaphorePermit,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = own.get_mut(&self.account) {
            *count -= 1;
            if *count == 0 {
                own.remove(&self.account);
            }
        }
    }
}

impl Default for Turns {
    fn default() -> Self {
        Self {
            places: Arc::new(Semaphore::new(SEARCHES_MAX)),
            own: Arc::default(),
            index: Arc::new(Semaphore::new(1)),
        }
    }
}

impl Turns {
    /// A place for one search, for as long as it is held.
    pub fn enter(&self, account: AccountId) -> Result<Place> {
        let busy = || Error::from(Fault::new(code::BUSY).retry_after(BUSY_RETRY_MS));
        let permit = self.places.clone().try_acquire_owned().map_err(|_| busy())?;
        let mut own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        let count = own.entry(account).or_default();
        if *count >= OWN_SEARCHES_MAX {
            return Err(busy());
        }
        *count += 1;
        Ok(Place { own: self.own.clone(), account, _permit: permit })
    }

    /// Asks the index on a blocking thread. The turn moves there: a caller that goes away keeps it until the answer is
    /// made, so no more threads than turns are taken.
    pub(super) async fn ask<T: Send + 'static>(
        &self,
        index: &SearchIndex,
        question: impl FnOnce(&SearchIndex) -> Result<T, db::Error> + Send + 'static,
    ) -> Result<T> {
        let turn = self.index.clone().acquire_owned().await;
        let turn = turn.map_err(|error| Error::Internal(error.to_string()))?;
        let index = index.clone();
        let task = tokio::task::spawn_blocking(move || {
            let answer = question(&index);
            drop(turn);
            answer
        });
        Ok(task.await.map_err(|error| Error::Internal(error.to_string()))??)
    }
}
