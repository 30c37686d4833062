//! When the write-ahead log is copied back into the database, and how long that may wait for those who read.
//!
//! It is done between two commits, so senders wait for it: never for a reader that is far behind, and for the others only
//! a moment. A log that has grown far beyond its bound ends the reads that hold it.

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use super::{Error, Raw, limit::ReadLimit};

/// How long the log's new beginning may wait for readers that are about to end.
const PATIENCE: Duration = Duration::from_millis(50);
/// How long it may wait at the end of the program.
const LAST_PATIENCE: Duration = Duration::from_secs(2);
/// How long it is let be after it could not begin again.
const PAUSE: Duration = Duration::from_millis(500);
/// Beyond so many times its bound the server's own long reads are ended; so long the log's new beginning waits for that.
const OVERGROWN: u64 = 4;
const CUT_PATIENCE: Duration = Duration::from_millis(200);
/// How long nobody is made to wait for a log that another program holds, and how often it is told of.
const FOREIGN_PAUSE: Duration = Duration::from_secs(60);

/// Why the log is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Checkpoint {
    /// Something was committed: it may have grown beyond its bound.
    Grown,
    /// Nothing happened for a while: the database becomes one file again.
    Quiet,
    /// The program ends.
    Last,
}

/// The write-ahead log.
#[derive(Debug)]
pub(super) struct Wal {
    path: PathBuf,
    bound: u64,
    limit: ReadLimit,
    not_before: Option<Instant>,
    /// When ending the server's own reads was last in vain: another program holds the log.
    foreign: Option<Instant>,
}

impl Wal {
    pub(super) fn new(database: &Path, bound: u64, limit: ReadLimit) -> Self {
        let mut path = database.as_os_str().to_owned();
        path.push("-wal");
        Self { path: path.into(), bound, limit, not_before: None, foreign: None }
    }

    fn size(&self) -> u64 {
        std::fs::metadata(&self.path).map_or(0, |meta| meta.len())
    }

    /// Whether there is something to do now.
    pub(super) fn wants(&self, why: Checkpoint) -> bool {
        let size = self.size();
        match why {
            Checkpoint::Grown => {
                size > self.bound && self.not_before.is_none_or(|not_before| Instant::now() >= not_before)
            }
            Checkpoint::Quiet | Checkpoint::Last => size > 0,
        }
    }

    /// Copies what can be copied; whether the log begins again.
    pub(super) fn run(&mut self, raw: &Raw, why: Checkpoint) -> Result<bool, Error> {
        let done = match why {
            Checkpoint::Grown => self.grown(raw)?,
            Checkpoint::Quiet => raw.checkpoint("TRUNCATE", PATIENCE)?,
            Checkpoint::Last => raw.checkpoint("TRUNCATE", LAST_PATIENCE)?,
        };
        self.not_before = (!done).then(|| Instant::now() + PAUSE);
        Ok(done)
    }

    fn grown(&mut self, raw: &Raw) -> Result<bool, Error> {
        let in_vain = self.foreign.is_some_and(|since| since.elapsed() < FOREIGN_PAUSE);
        let overgrown = !in_vain && self.size() > self.bound.saturating_mul(OVERGROWN);
        if !overgrown && !raw.checkpoint("PASSIVE", Duration::ZERO)? {
            // Somebody reads what was before some of the log: waiting would be in vain.
            return Ok(false);
        }
        self.limit.cut(overgrown);
        let done = raw.checkpoint("RESTART", if overgrown { CUT_PATIENCE } else { PATIENCE });
        self.limit.cut(false);
        let done = done?;
        if !done && overgrown {
            self.foreign = Some(Instant::now());
            tracing::warn!(
                bytes = self.size(),
                "another program reads the database and keeps its log from ending"
            );
        }
        Ok(done)
    }
}
