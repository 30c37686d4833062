//! Whose turn it is: what takes the processor for a while answers a few questions at a time on blocking threads, so those
//! that wait are counted, all of them and those of one account.

use std::sync::Arc;

use litrocket_protocol::{AccountId, Fault, fault::code};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{
    counts::{Counted, Taken},
    error::{Error, Result},
};

/// When one that found no place may come again, in milliseconds.
const BUSY_RETRY_MS: u64 = 1_000;

/// The places of those who wait, and the turns of those who are answered.
#[derive(Debug)]
pub struct Turns {
    places: Arc<Semaphore>,
    own: Counted<AccountId>,
    own_max: usize,
    answers: Arc<Semaphore>,
}

/// How many there are.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Answered at the same time.
    pub turns: usize,
    /// Answered or waiting.
    pub places: usize,
    /// Those of one account: nobody takes all places.
    pub own: usize,
}

/// A place for one question.
#[derive(Debug)]
pub struct QueuePlace {
    _own: Taken<AccountId>,
    _permit: OwnedSemaphorePermit,
}

impl Turns {
    /// Nobody waits.
    pub fn new(bounds: Bounds) -> Self {
        Self {
            places: Arc::new(Semaphore::new(bounds.places)),
            own: Counted::default(),
            own_max: bounds.own,
            answers: Arc::new(Semaphore::new(bounds.turns)),
        }
    }

    /// A place for one question, for as long as it is held.
    pub fn enter(&self, account: AccountId) -> Result<QueuePlace> {
        let busy = || Error::from(Fault::new(code::BUSY).retry_after(BUSY_RETRY_MS));
        let permit = self.places.clone().try_acquire_owned().map_err(|_| busy())?;
        let own = self.own.take_if(account, |counts| counts.of(&account) < self.own_max).ok_or_else(busy)?;
        Ok(QueuePlace { _own: own, _permit: permit })
    }

    /// Answers a question on a blocking thread. The turn moves there: a caller that goes away keeps it until the answer is
    /// made, so no more threads than turns are taken.
    pub async fn ask<T: Send + 'static>(&self, question: impl FnOnce() -> T + Send + 'static) -> Result<T> {
        let turn = self.answers.clone().acquire_owned().await;
        let turn = turn.map_err(|error| Error::Internal(error.to_string()))?;
        let task = tokio::task::spawn_blocking(move || {
            let answer = question();
            drop(turn);
            answer
        });
        task.await.map_err(|error| Error::Internal(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::atomic::{AtomicUsize, Ordering},
        time::Duration,
    };

    use super::*;

    fn is_busy(place: Result<QueuePlace>) -> bool {
        matches!(place, Err(Error::Fault(fault)) if fault.is(code::BUSY) && fault.retry_after_ms.is_some())
    }

    #[test]
    fn nobody_takes_all_places_and_a_place_comes_back() {
        let turns = Turns::new(Bounds { turns: 1, places: 3, own: 2 });
        let [ada, bob] = [AccountId(1), AccountId(2)];
        let first = turns.enter(ada).unwrap();
        let _second = turns.enter(ada).unwrap();
        assert!(is_busy(turns.enter(ada)), "hers are taken");
        let _his = turns.enter(bob).unwrap();
        assert!(is_busy(turns.enter(bob)), "all are taken");
        drop(first);
        turns.enter(bob).unwrap();
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn no_more_than_the_turns_are_answered_at_once_also_when_the_callers_go_away() {
        let turns = Arc::new(Turns::new(Bounds { turns: 2, places: 64, own: 64 }));
        let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let mut asked = Vec::new();
        for number in 0..12 {
            let (turns, now, most) = (turns.clone(), now.clone(), most.clone());
            asked.push(tokio::spawn(async move {
                let question = move || {
                    most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    std::thread::sleep(Duration::from_millis(20));
                    now.fetch_sub(1, Ordering::SeqCst);
                };
                let wait = Duration::from_millis(if number % 2 == 0 { 5 } else { 10_000 });
                tokio::time::timeout(wait, turns.ask(question)).await.map(drop)
            }));
        }
        for one in asked {
            drop(one.await.unwrap());
        }
        assert_eq!(most.load(Ordering::SeqCst), 2);
    }
}
