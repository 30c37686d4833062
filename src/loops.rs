//! What goes on beside the connections for as long as the server runs. Knows no feature.
//!
//! A loop works in rounds over rows that say what is to do, rests when nothing is left, and is woken when there is something:
//! [`forever`]. [`Loops`] starts them, lets none end by a panic, and ends all of them.

use std::{future::Future, panic::AssertUnwindSafe, time::Duration};

use futures_util::FutureExt as _;
use tokio::{sync::Notify, task::JoinSet, time::sleep};

use crate::error::Result;

/// How long a loop that broke down stays away: one that does so each time costs a line of the log in so much time.
const RESTART: Duration = Duration::from_secs(10);

/// What a round leaves to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// There is more: the next round comes at once.
    Round,
    /// Nothing: the loop rests.
    Rest,
    /// Nothing for so long.
    RestFor(Duration),
}

impl Next {
    /// After a round that did as much as one may, there may be more.
    pub fn after(full: bool) -> Self {
        if full { Self::Round } else { Self::Rest }
    }
}

/// When the rounds of a loop come.
#[derive(Debug, Clone, Copy)]
pub struct Rhythm<'a> {
    /// What ends a rest early.
    pub wake: Option<&'a Notify>,
    /// How long it rests at most.
    pub rest: Duration,
    /// The same after a round that failed.
    pub pause: Duration,
    /// What the log says of such a round.
    pub late: &'static str,
}

impl Rhythm<'_> {
    async fn rest(&self, time: Duration) {
        match self.wake {
            Some(wake) => drop(tokio::time::timeout(time, wake.notified()).await),
            None => sleep(time).await,
        }
    }
}

/// Works in rounds, without an end. A round that fails is late: another one follows.
pub async fn forever<F: Future<Output = Result<Next>>>(rhythm: Rhythm<'_>, mut round: impl FnMut() -> F) {
    loop {
        let time = match round().await {
            Ok(Next::Round) => continue,
            Ok(Next::Rest) => rhythm.rest,
            Ok(Next::RestFor(time)) => time,
            Err(error) => {
                tracing::debug!(%error, "{}", rhythm.late);
                rhythm.pause
            }
        };
        rhythm.rest(time).await;
    }
}

/// The loops of a running server. They end when this is dropped.
#[derive(Debug, Default)]
pub struct Loops(JoinSet<()>);

impl Loops {
    /// Starts one with its part of the server. After a panic it begins anew; one that comes to its end is done.
    pub fn start<P, F>(&mut self, name: &'static str, part: &P, work: impl Fn(P) -> F + Send + Sync + 'static)
    where
        P: Clone + Send + Sync + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        let part = part.clone();
        self.0.spawn(keep_up(name, RESTART, move || work(part.clone())));
    }

    /// Ends all of them, and waits until what they held is given back.
    pub async fn stop(mut self) {
        self.0.shutdown().await;
    }
}

/// Begins a work anew as long as it breaks down.
async fn keep_up<F: Future<Output = ()>>(name: &'static str, pause: Duration, work: impl Fn() -> F) {
    while AssertUnwindSafe(async { work().await }).catch_unwind().await.is_err() {
        tracing::error!(name, "work beside the connections broke down: it begins anew");
        sleep(pause).await;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    };

    use super::*;
    use crate::error::Error;

    const LONG: Duration = Duration::from_secs(3600);

    #[tokio::test]
    async fn a_loop_goes_on_while_there_is_more_rests_when_not_and_is_woken() {
        let (wake, rested, rounds) = (Notify::new(), Notify::new(), AtomicU64::new(0));
        let rhythm = Rhythm { wake: Some(&wake), rest: LONG, pause: LONG, late: "later" };
        let work = forever(rhythm, || async {
            match rounds.fetch_add(1, Ordering::SeqCst) {
                0..3 => Ok(Next::Round),
                3 => {
                    rested.notify_one();
                    Ok(Next::Rest)
                }
                4 => {
                    rested.notify_one();
                    Err(Error::Internal("the disk is away".into()))
                }
                5 => Ok(Next::RestFor(Duration::ZERO)),
                _ => {
                    rested.notify_one();
                    Ok(Next::RestFor(LONG))
                }
            }
        });
        let watch = async {
            for rounds_then in [4, 5, 7] {
                rested.notified().await;
                assert_eq!(rounds.load(Ordering::SeqCst), rounds_then);
                wake.notify_one();
            }
        };
        tokio::select! {
            () = work => {}
            () = watch => {}
        }
    }

    #[tokio::test]
    async fn a_loop_that_breaks_down_begins_anew_and_one_that_is_done_does_not() {
        let begun = Arc::new(AtomicU64::new(0));
        let count = begun.clone();
        let work = move || {
            let count = count.clone();
            async move {
                let begun = count.fetch_add(1, Ordering::SeqCst);
                assert!(begun >= 2, "breaks down");
            }
        };
        keep_up("test", Duration::ZERO, work).await;
        assert_eq!(begun.load(Ordering::SeqCst), 3);
    }

    #[tokio::test]
    async fn what_a_loop_holds_is_given_back_when_all_are_stopped() {
        let mut loops = Loops::default();
        let held = Arc::new(());
        let runs = Arc::new(Notify::new());
        loops.start("test", &(held.clone(), runs.clone()), |(_held, runs)| async move {
            runs.notify_one();
            std::future::pending::<()>().await;
        });
        runs.notified().await;
        assert!(Arc::strong_count(&held) > 1);
        loops.stop().await;
        assert_eq!(Arc::strong_count(&held), 1);
    }
}
