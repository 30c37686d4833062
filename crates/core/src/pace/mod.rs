//! How quickly files go, so that what people say does not wait behind them on the way.
//!
//! Priorities order what one machine sends. Behind them, a router in front of a slow line keeps a queue, and who fills it makes
//! all others wait. The round trip shows how long that queue is: as in LEDBAT (RFC 6817), files slow down when it grows beyond
//! a target, long before packets get lost. The first file seeks the rate at which one begins to grow; where none does, nothing is
//! slowed. Afterwards the rate grows quickly until it is near the one that filled the line last, and then slowly.

use std::time::Duration;

/// The queue that files may keep on the way: so much, and a sixth of the round trip without one.
const TARGET: Duration = Duration::from_millis(3);
/// How often a queue is let run empty, for a few round trips: what stands always would be taken for the path.
const DRAIN_EVERY: Duration = Duration::from_secs(15);
/// The rate that the first file begins with: so many bytes a round trip, and no less than so many a second.
const START_WINDOW: f64 = 14.0 * 1024.0;
const START_MIN: f64 = 256.0 * 1024.0;
/// The rate grows no more often than this, and until a queue was seen than every round trip, afterwards than every two.
const SEEK_STEP: Duration = Duration::from_millis(5);
const STEP: Duration = Duration::from_millis(20);
/// No slower than this, in bytes a second; while a queue is let run empty half of it.
pub const RATE_MIN: u32 = 64 * 1024;
/// The part of the target that ends the seeking: what is under way by then adds to it.
const SEEK_QUEUE: f64 = 0.5;
/// How much faster a step makes it, far from the rate that filled the line last and near it.
const FAR: f64 = 1.1;
const NEAR: f64 = 1.02;
/// Near is so much of that rate.
const NEAR_PARTS: std::ops::Range<f64> = 0.9..1.25;
/// A queue shows that the line was full a while ago, at so much of the rate by then.
const FULL: f64 = 0.9;
/// How much slower a queue of the target makes it, in proportion to the queue, and a draining at most.
const SLOWER: f64 = 0.25;
const DRAIN: f64 = 0.5;
/// A drain takes no more parts than this.
const DRAIN_PARTS: u32 = 40;
/// It takes so many bytes until the smoothed round trip follows: it is made of eight acknowledgements, of two packets each.
const SMOOTH_BYTES: u64 = 24 * 1024;
/// A drain halves the rate again where the queue does not go: so often, and down to this, before it is believed to be none.
const DRAIN_DEPTH: i32 = 2;
const DRAIN_RATE: f64 = 256.0 * 1024.0;
/// Who comes too late, since timers are coarse, may catch up with so much.
const LATE: Duration = Duration::from_millis(5);
/// Pieces last about so long on the line, and are no smaller and no larger than this, in bytes.
const PIECE_TIME: f64 = 0.002;
const PIECE: (usize, usize) = (1400, 64 * 1024);

/// The rate of all files of a connection in one direction. Times are those since any fixed moment.
#[derive(Debug, Default)]
pub struct Pace {
    /// What a round trip takes without a queue: the longest of a while, since some take longer by chance.
    base: Duration,
    /// The longest of this step.
    longest: Duration,
    /// Bytes a second; 0 before the first piece.
    rate: f64,
    /// The rate that filled the line last; none until a queue was seen.
    full: Option<f64>,
    /// What made it slower last, until it grows again.
    alarm: Option<Alarm>,
    taken_at: Duration,
    /// When the queue was short enough last.
    short_at: Duration,
    /// What slows it shows after a while.
    waits_until: Duration,
    drain: Option<Drain>,
    drains_at: Duration,
    /// When the next piece may go.
    free: Duration,
    step_began: Duration,
    taken: u64,
}

/// A queue that was seen, and how quickly files went by then.
#[derive(Debug, Clone, Copy)]
struct Alarm {
    round_trip: Duration,
    /// What would not have been one.
    bound: Duration,
    rate: f64,
    full: Option<f64>,
}

/// A time of half the rate or less, until the round trip stays as it is: it shows what it is without a queue then.
#[derive(Debug, Clone, Copy)]
struct Drain {
    /// How often the rate was halved once more.
    depth: i32,
    /// When a part of it ends, and how many there were.
    ends_at: Duration,
    parts: u32,
    /// The shortest round trip of the part before, and of this one.
    before: Duration,
    shortest: Duration,
}

impl Pace {
    /// How long a piece is that goes at once.
    pub fn piece(&self) -> usize {
        ((self.rate() * PIECE_TIME) as usize).clamp(PIECE.0, PIECE.1)
    }

    /// Takes note of a piece that wants to go now, where this is the smoothed round trip; answers how long it has to wait.
    pub fn takes(&mut self, now: Duration, bytes: usize, round_trip: Duration) -> Duration {
        if self.rate <= 0.0 {
            self.rate = (START_WINDOW / round_trip.as_secs_f64()).clamp(START_MIN, f64::from(u32::MAX));
            (self.base, self.step_began, self.short_at) = (round_trip, now, now);
        }
        match self.drain {
            Some(drain) => self.drains(now, drain, round_trip),
            None => self.watches(now, round_trip),
        }
        self.taken += bytes as u64;
        let begins = self.free.max(now.saturating_sub(LATE));
        self.free = begins + Duration::from_secs_f64(bytes as f64 / self.rate());
        begins.saturating_sub(now)
    }

    /// The rate of now.
    fn rate(&self) -> f64 {
        self.drain.map_or(self.rate, |drain| self.drained(drain) * DRAIN)
    }

    /// Two pieces one after the other are no queue.
    fn target(&self) -> Duration {
        TARGET + self.base / 6 + Duration::from_secs_f64(2.0 * PIECE.0 as f64 / self.rate())
    }

    /// Above 1, the queue is longer than it may be.
    fn queue(&self, round_trip: Duration) -> f64 {
        round_trip.saturating_sub(self.base).div_duration_f64(self.target())
    }

    /// How much faster a step makes it until a queue was seen: what is too much makes a queue of the target until it shows.
    fn seek(&self) -> f64 {
        1.0 + self.target().div_duration_f64(SEEK_STEP.max(self.base).max(self.smooths())).min(1.0)
    }

    /// How long the smoothed round trip needs to follow.
    fn smooths(&self) -> Duration {
        Duration::from_secs_f64(SMOOTH_BYTES as f64 / self.rate)
    }

    fn watches(&mut self, now: Duration, round_trip: Duration) {
        self.longest = self.longest.max(round_trip);
        let queue = self.queue(round_trip);
        // A few packets that take longer are no queue.
        let (bound, lasts, shortest) = match self.full {
            None => (SEEK_QUEUE, Duration::ZERO, SEEK_STEP.max(round_trip).max(self.smooths())),
            Some(_) => (1.0, round_trip / 4, STEP.max(2 * round_trip).max(self.smooths())),
        };
        let has_paused = now.saturating_sub(self.taken_at) > shortest;
        self.taken_at = now;
        if has_paused {
            self.begins_step(now);
        }
        if queue <= bound || has_paused {
            self.short_at = now;
        }
        if self.full.is_some() && now >= self.drains_at {
            return self.begins_drain(now, round_trip);
        }
        if now >= self.waits_until && now.saturating_sub(self.short_at) > lasts {
            return self.slows(now, queue, round_trip);
        }
        let step = now.saturating_sub(self.step_began);
        if step >= shortest {
            self.base = self.base.min(self.longest);
            // What went in a time with a pause says nothing about the line.
            if step < 4 * shortest && now >= self.waits_until {
                self.grows(self.taken as f64 / step.as_secs_f64(), queue);
            }
            self.begins_step(now);
        }
    }

    fn begins_step(&mut self, now: Duration) {
        (self.step_began, self.taken, self.longest) = (now, 0, Duration::ZERO);
    }

    fn begins_drain(&mut self, now: Duration, round_trip: Duration) {
        // What is under way shows first.
        let (ends_at, shortest) = (now + round_trip + STEP, Duration::MAX);
        self.drain = Some(Drain { depth: 0, ends_at, parts: 0, before: Duration::ZERO, shortest });
        self.begins_step(now);
    }

    /// The rate that a drain leaves, where it had to go deeper.
    fn drained(&self, drain: Drain) -> f64 {
        (self.rate * DRAIN.powi(drain.depth)).max(f64::from(RATE_MIN))
    }

    fn drains(&mut self, now: Duration, mut drain: Drain, round_trip: Duration) {
        self.longest = self.longest.max(round_trip);
        drain.shortest = drain.shortest.min(round_trip);
        let (target, rate) = (self.target(), self.drained(drain));
        if now < drain.ends_at || self.taken < SMOOTH_BYTES {
            self.drain = Some(drain);
            return;
        }
        let grows = drain.parts > 0 && drain.shortest > drain.before + target / 8;
        let falls = drain.shortest + target / 8 < drain.before;
        let is_empty = self.longest < self.base + target / 2;
        let may_go_deeper = (drain.depth < DRAIN_DEPTH || rate > DRAIN_RATE) && rate > f64::from(RATE_MIN);
        let goes_deeper = may_go_deeper && drain.parts > 0 && !falls && !is_empty;
        if drain.parts < DRAIN_PARTS && (drain.parts == 0 || grows || falls || goes_deeper) {
            drain.depth += i32::from(goes_deeper);
            (drain.ends_at, drain.parts) = (now + round_trip.max(STEP), drain.parts + 1);
            (drain.before, drain.shortest) = (drain.shortest, Duration::MAX);
            self.drain = Some(drain);
            return self.begins_step(now);
        }
        let alarm = self.alarm.take();
        if is_empty || !may_go_deeper {
            self.base = self.longest;
        }
        (self.drain, self.drains_at) = (None, now + DRAIN_EVERY);
        // Round trips that are as long without a queue showed none.
        if let Some(alarm) = alarm
            && alarm.round_trip < self.base + alarm.bound
        {
            (self.rate, self.full) = (alarm.rate, alarm.full);
        } else if is_empty && drain.depth > 1 {
            // Far too quick: what the line carries is to be found anew.
            (self.rate, self.full) = (rate, None);
        }
        self.short_at = now;
        self.begins_step(now);
    }

    fn slows(&mut self, now: Duration, queue: f64, round_trip: Duration) {
        let (rate, before, bound) = (self.rate, self.full, self.target() / 8);
        let (full, slower) = match before {
            // The queue grew while the rate did so twice.
            None => (rate / self.seek().powi(2), rate / self.seek().powi(2) * FULL),
            Some(_) => (rate * FULL, rate * (1.0 - queue * SLOWER).max(DRAIN)),
        };
        (self.full, self.rate) = (Some(full), slower.max(f64::from(RATE_MIN)));
        self.waits_until = now + round_trip + 2 * self.base.max(self.smooths());
        self.begins_step(now);
        // Where slower is no help, or nothing is known yet, it may be no queue of ours.
        if before.is_none() || self.alarm.is_some() {
            self.begins_drain(now, round_trip);
        }
        self.alarm.get_or_insert(Alarm { round_trip, bound, rate, full: before });
    }

    /// Where so much went in a step.
    fn grows(&mut self, seen: f64, queue: f64) {
        self.alarm = None;
        self.rate = match self.full {
            // Something else may be what holds it.
            None => (seen * self.seek()).clamp(self.rate, self.rate * self.seek()),
            // A rate that nobody asks for says nothing about the line.
            Some(_) if seen * 2.0 < self.rate => self.rate,
            Some(full) if NEAR_PARTS.contains(&(self.rate / full)) => {
                self.rate * (1.0 + (NEAR - 1.0) * (1.0 - queue))
            }
            Some(_) => self.rate * (1.0 + (FAR - 1.0) * (1.0 - queue)),
        };
        self.rate = self.rate.max(f64::from(RATE_MIN));
    }
}

#[cfg(test)]
mod tests;
