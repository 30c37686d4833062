//! The clocks of a device: one that tells the time of day and is set, and one that only goes on.

use crate::{chances::MS, rng::Rng, server::BEGIN_MS};

/// How far a clock may jump, in milliseconds.
pub(crate) const YEAR_MS: u64 = 365 * 86_400_000;

/// What they show beside the simulation's own clock, which counts microseconds.
#[derive(Debug, Default)]
pub(crate) struct Clocks {
    jumped_ms: i64,
    slept_ms: u64,
}

impl Clocks {
    /// The time of day, which ids are made from, in milliseconds.
    pub(crate) fn day_ms(&self, now: u64) -> u64 {
        (BEGIN_MS + now / MS).saturating_add_signed(self.jumped_ms)
    }

    /// What pauses end by, in milliseconds.
    pub(crate) fn steady_ms(&self, now: u64) -> u64 {
        now / MS + self.slept_ms
    }

    /// When the second one shows so many milliseconds.
    pub(crate) fn shows_at(&self, steady_ms: u64) -> u64 {
        steady_ms.saturating_sub(self.slept_ms) * MS
    }

    /// The time of day is set, up to a year to and fro; or the device slept, and its timers are late.
    pub(crate) fn jump(&mut self, rng: &mut Rng) {
        let time = rng.long(1, 34).min(YEAR_MS);
        match rng.below(3) {
            0 => self.jumped_ms += time as i64,
            1 => self.jumped_ms -= time as i64,
            _ => self.slept_ms += time,
        }
    }
}
