//! What every handler needs: the parts of the running server, and its clock.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{SystemTime, UNIX_EPOCH},
};

/// The server's clock. Only here the system is asked for the time, so that tests can set it.
#[derive(Debug, Clone, Default)]
pub struct Clock {
    offset_ms: Arc<AtomicI64>,
}

impl Clock {
    /// Milliseconds since 1970 UTC.
    pub fn now_ms(&self) -> u64 {
        u64::try_from(self.now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis()))
            .unwrap_or(u64::MAX)
            .saturating_add_signed(self.offset_ms.load(Ordering::Relaxed))
    }

    /// The system's time.
    #[expect(clippy::disallowed_methods, reason = "this is the app's clock")]
    pub fn now(&self) -> SystemTime {
        SystemTime::now()
    }

    /// Sets the clock off by some milliseconds.
    pub fn set_offset_ms(&self, offset: i64) {
        self.offset_ms.store(offset, Ordering::Relaxed);
    }
}
