//! Ends reads inside SQLite: those that take too long, and those that keep the write-ahead log from beginning again.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use sqlx::{SqliteConnection, sqlite::SqlitePool};

/// Steps of SQLite's machine between two looks at the clock: a fraction of a millisecond.
pub(super) const STEPS: i32 = 4_000;

/// What readers and the writer share about it.
#[derive(Debug, Clone)]
pub(super) struct ReadLimit {
    time: Duration,
    cut: Arc<AtomicBool>,
}

impl ReadLimit {
    pub(super) fn new(time: Duration) -> Self {
        Self { time, cut: Arc::default() }
    }

    /// How long one read may take.
    pub(super) fn time(&self) -> Duration {
        self.time
    }

    /// From now on the next statement of the connection has the time of one read.
    async fn begins(&self, connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
        let (time, cut, began) = (self.time, self.cut.clone(), Instant::now());
        let goes_on = move || began.elapsed() < time && !cut.load(Ordering::Relaxed);
        connection.lock_handle().await?.set_progress_handler(STEPS, goes_on);
        Ok(())
    }

    /// While this is on, reads end that take longer than a look at the clock; those that ask for a few rows do not.
    pub(super) fn cut(&self, on: bool) {
        self.cut.store(on, Ordering::Relaxed);
    }
}

/// A connection of the pool whose next statement is ended in time.
pub(super) async fn acquire(
    pool: &SqlitePool,
    limit: &ReadLimit,
) -> Result<sqlx::pool::PoolConnection<sqlx::Sqlite>, sqlx::Error> {
    let mut connection = pool.acquire().await?;
    if let Err(error) = limit.begins(&mut connection).await {
        connection.close_on_drop();
        return Err(error);
    }
    Ok(connection)
}
