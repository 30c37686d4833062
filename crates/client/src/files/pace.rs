//! The pace of a client's uploads.

use std::{
    sync::Mutex,
    time::{Duration, Instant},
};

use litrocket_core::pace::Pace;

use crate::shared::lock;

/// Waits shorter than this are added up: timers are no finer.
const TICK: Duration = Duration::from_millis(1);

/// The pace of all uploads of a connection; none before the first.
#[derive(Default)]
pub(crate) struct Uploads(Mutex<Option<(Instant, Pace)>>);

impl Uploads {
    /// Another connection, another path.
    pub(crate) fn forget(&self) {
        *lock(&self.0) = None;
    }

    /// Waits until something more may go; how many bytes, at most `most`.
    pub(super) async fn turn(&self, connection: &quinn::Connection, most: usize) -> usize {
        let round_trip = connection.rtt();
        let (bytes, wait) = {
            let mut path = lock(&self.0);
            let (began, pace) = path.get_or_insert_with(|| (Instant::now(), Pace::default()));
            let bytes = pace.piece().min(most);
            (bytes, pace.takes(began.elapsed(), bytes, round_trip))
        };
        if wait >= TICK {
            tokio::time::sleep(wait).await;
        }
        bytes
    }
}
