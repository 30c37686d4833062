//! How quickly files go, so that what people say does not wait behind them on the way.
//!
//! Priorities order what one machine sends. Behind them, a router in front of a slow line keeps a queue, and who fills it makes
//! all others wait. The round trip shows how long that queue is: as in LEDBAT (RFC 6817), files slow down when it grows beyond
//! a target, long before packets get lost. Where it does not grow, nothing is slowed.

use std::time::Duration;

/// The queue that files may keep on the way: so much, and a quarter of the round trip without one.
const TARGET: Duration = Duration::from_millis(5);
/// What a round trip looked like before is forgotten after one to two times this: the path may be another one.
const FORGET: Duration = Duration::from_secs(60);
/// How often a queue is let run empty, for a few round trips: what stands always would be taken for the path.
const DRAIN_EVERY: Duration = Duration::from_secs(15);
/// The rate is looked at anew no more often than this and than every two round trips.
const STEP: Duration = Duration::from_millis(20);
/// No slower than this, in bytes a second, and than this part of the best that was seen: the queue may be somebody else's.
pub const RATE_MIN: u32 = 128 * 1024;
const BEST_PART: f64 = 0.125;
/// How much faster a step makes it where there is no queue, and how much slower at most.
const FASTER: f64 = 0.1;
const SLOWER: f64 = 0.5;
/// Who comes too late, since timers are coarse, may catch up with so much.
const LATE: Duration = Duration::from_millis(5);
/// Pieces last about so long on the line, and are no smaller and no larger than this, in bytes.
const PIECE_TIME: f64 = 0.004;
const PIECE: (usize, usize) = (4 * 1024, 64 * 1024);

/// The rate of all files of a connection in one direction. Times are those since any fixed moment.
#[derive(Debug, Default)]
pub struct Pace {
    /// The shortest round trips of this time and of the one before.
    shortest: [Option<Duration>; 2],
    forgets_at: Duration,
    /// Bytes a second; none until a queue was seen.
    rate: Option<f64>,
    /// The most that went, slowly forgotten.
    best: f64,
    /// When the next piece may go.
    free: Duration,
    drains_at: Duration,
    step_began: Duration,
    taken: u64,
}

impl Pace {
    /// How long a piece is that goes at once.
    pub fn piece(&self) -> usize {
        self.rate.map_or(PIECE.1, |rate| ((rate * PIECE_TIME) as usize).clamp(PIECE.0, PIECE.1))
    }

    /// Takes note of a piece that wants to go now, where this is the smoothed round trip; answers how long it has to wait.
    pub fn takes(&mut self, now: Duration, bytes: usize, round_trip: Duration) -> Duration {
        self.remembers(now, round_trip);
        let (step, least) = (now.saturating_sub(self.step_began), STEP.max(2 * round_trip));
        if step >= least {
            // What went in a time with a pause says nothing about the line.
            if step < 4 * least && !self.is_draining(now, round_trip) {
                self.steps(step, round_trip);
            }
            (self.step_began, self.taken) = (now, 0);
        }
        self.taken += bytes as u64;
        let Some(rate) = self.rate else { return Duration::ZERO };
        let rate = if self.is_draining(now, round_trip) { rate * SLOWER } else { rate };
        let begins = self.free.max(now.saturating_sub(LATE));
        self.free = begins + Duration::from_secs_f64(bytes as f64 / rate);
        begins.saturating_sub(now)
    }

    fn remembers(&mut self, now: Duration, round_trip: Duration) {
        if now >= self.forgets_at {
            self.shortest = [None, self.shortest[0]];
            self.forgets_at = now + FORGET;
        }
        let shortest = self.shortest[0].map_or(round_trip, |shortest| shortest.min(round_trip));
        self.shortest[0] = Some(shortest);
    }

    fn base(&self) -> Duration {
        self.shortest.iter().flatten().min().copied().unwrap_or_default()
    }

    /// At half the rate the queue of a target is gone after one to two of it; the smoothed round trip needs a few to show it.
    fn is_draining(&mut self, now: Duration, round_trip: Duration) -> bool {
        if now >= self.drains_at + DRAIN_EVERY {
            self.drains_at = now;
        }
        now < self.drains_at + 3 * round_trip + STEP
    }

    fn steps(&mut self, step: Duration, round_trip: Duration) {
        let base = self.base();
        let target = (TARGET + base / 4).as_secs_f64();
        // Above 1, the queue is longer than it may be.
        let queue = round_trip.saturating_sub(base).as_secs_f64() / target;
        let seen = self.taken as f64 / step.as_secs_f64();
        self.best = seen.max(self.best * 0.999);
        let is_idle = seen * 2.0 < self.rate.unwrap_or(0.0);
        self.rate = match self.rate {
            None if queue <= 1.0 => None,
            // What went so far is what the line carries, and what its queue took.
            _ if queue > 1.0 => {
                let rate = self.rate.map_or(seen, |rate| rate.min(seen.max(rate / 2.0)));
                let least = (self.best * BEST_PART).max(f64::from(RATE_MIN));
                Some((rate * (1.0 - (queue - 1.0) * 0.25).max(SLOWER)).max(least))
            }
            // A rate that nobody asks for says nothing about the line.
            Some(rate) if is_idle => Some(rate),
            Some(rate) => Some(rate * (1.0 + FASTER * (1.0 - queue))),
            None => None,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    /// A line with a rate in bytes a second, a round trip without a queue, and room for so much of a queue.
    struct Line {
        rate: f64,
        base: Duration,
        room: Duration,
        free: Duration,
    }

    impl Line {
        fn queue(&self, now: Duration) -> Duration {
            self.free.saturating_sub(now)
        }

        fn carries(&mut self, now: Duration, bytes: usize) {
            self.free = self.free.max(now) + Duration::from_secs_f64(bytes as f64 / self.rate);
        }
    }

    /// Lets a file go over a line for so long: bytes a second, and the longest queue, both in the second half.
    fn goes(pace: &mut Pace, line: &mut Line, from: Duration, time: Duration) -> (f64, Duration) {
        let (mut now, mut smoothed, mut moved, mut longest) = (from, line.base, 0, Duration::ZERO);
        while now < from + time {
            smoothed = (smoothed * 7 + line.base + line.queue(now)) / 8;
            let piece = pace.piece();
            now += pace.takes(now, piece, smoothed);
            // Flow control holds who fills the queue.
            now += line.queue(now).saturating_sub(line.room);
            line.carries(now, piece);
            if now > from + time / 2 {
                moved += piece;
                longest = longest.max(line.queue(now));
            }
            now += Duration::from_micros(10);
        }
        (moved as f64 / (time / 2).as_secs_f64(), longest)
    }

    #[test]
    fn a_line_is_full_and_its_queue_short_whatever_its_rate() {
        for (rate, base) in [(1e6, 40 * MS), (12.5e6, 20 * MS), (12.5e6, 100 * MS), (125e6, 5 * MS)] {
            let mut line = Line { rate, base, room: 300 * MS, free: Duration::ZERO };
            let (moved, longest) = goes(&mut Pace::default(), &mut line, Duration::ZERO, 20_000 * MS);
            assert!(moved > rate * 0.8, "{moved} of {rate} at {base:?}");
            assert!(longest < (TARGET + base / 4) * 5 / 2, "{longest:?} at {rate} and {base:?}");
        }
    }

    #[test]
    fn what_stands_for_long_is_not_taken_for_the_path() {
        let mut line = Line { rate: 12.5e6, base: 20 * MS, room: 300 * MS, free: Duration::ZERO };
        let mut pace = Pace::default();
        for minute in 0..10 {
            let (moved, longest) = goes(&mut pace, &mut line, minute * 60_000 * MS, 60_000 * MS);
            assert!(moved > 12.5e6 * 0.8, "{moved} in minute {minute}");
            assert!(longest < 50 * MS, "{longest:?} in minute {minute}");
            assert!(pace.base() < 24 * MS, "{:?} in minute {minute}", pace.base());
        }
    }

    #[test]
    fn a_pause_is_no_slow_line() {
        let mut pace = Pace::default();
        pace.takes(Duration::ZERO, PIECE.1, 20 * MS);
        pace.takes(Duration::from_secs(20), PIECE.1, 60 * MS);
        assert_eq!(pace.rate, None);
    }

    #[test]
    fn where_no_queue_grows_nothing_waits() {
        let mut line = Line { rate: 1e12, base: MS, room: 300 * MS, free: Duration::ZERO };
        let mut pace = Pace::default();
        goes(&mut pace, &mut line, Duration::ZERO, 1_000 * MS);
        assert_eq!((pace.rate, pace.piece()), (None, PIECE.1));
    }

    #[test]
    fn a_line_that_others_fill_still_carries_something() {
        let mut pace = Pace::default();
        let mut now = Duration::ZERO;
        let mut moved = 0;
        pace.takes(now, PIECE.0, 20 * MS);
        while now < Duration::from_secs(30) {
            let piece = pace.piece();
            now += pace.takes(now, piece, 400 * MS) + MS;
            moved += piece;
        }
        assert!(moved > 30 * RATE_MIN as usize / 2, "{moved}");
    }

    #[test]
    fn a_longer_path_is_believed_after_a_while() {
        let mut pace = Pace::default();
        let mut line = Line { rate: 12.5e6, base: 20 * MS, room: 300 * MS, free: Duration::ZERO };
        goes(&mut pace, &mut line, Duration::ZERO, 5_000 * MS);
        line.base = 80 * MS;
        goes(&mut pace, &mut line, 5_000 * MS, 120_000 * MS);
        let (moved, longest) = goes(&mut pace, &mut line, 125_000 * MS, 20_000 * MS);
        assert!(moved > 12.5e6 * 0.8, "{moved}");
        assert!(longest < (TARGET + line.base / 4) * 5 / 2, "{longest:?}");
    }
}
