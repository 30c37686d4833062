//! The pace of a client's uploads.

use std::{
    sync::Mutex,
    time::{Duration, Instant},
};

use litrocket_core::pace::Pace;

use crate::shared::lock;

/// Waits shorter than this are added up: timers are no finer.
const TICK: Duration = Duration::from_millis(1);

/// The pace of all uploads of a connection.
#[derive(Default)]
pub(crate) struct Uploads(Mutex<Option<Path>>);

/// What is known of a connection's path.
struct Path {
    connection: usize,
    began: Instant,
    pace: Pace,
}

impl Uploads {
    /// Waits until something more may go; how many bytes, at most `most`.
    pub(super) async fn turn(&self, connection: &quinn::Connection, most: usize) -> usize {
        let (bytes, wait) = {
            let mut path = lock(&self.0);
            let path = path.get_or_insert_with(|| Path::of(connection));
            if path.connection != connection.stable_id() {
                *path = Path::of(connection);
            }
            let bytes = path.pace.piece().min(most);
            (bytes, path.pace.takes(path.began.elapsed(), bytes, connection.rtt()))
        };
        if wait >= TICK {
            tokio::time::sleep(wait).await;
        }
        bytes
    }
}

impl Path {
    fn of(connection: &quinn::Connection) -> Self {
        Self { connection: connection.stable_id(), began: Instant::now(), pace: Pace::default() }
    }
}
