//! Files over lines of many rates, with the feedback that a sender has.

use std::collections::VecDeque;

use super::*;

const MS: Duration = Duration::from_millis(1);

/// A line with a rate in bytes a second, a round trip without a queue, and room for so much of a queue.
struct Line {
    rate: f64,
    base: Duration,
    room: Duration,
    free: Duration,
    smoothed: Duration,
    /// What a packet takes longer by chance, at most.
    jitter: Duration,
    chance: u32,
    /// Acknowledgements on their way: when they come, of how many packets, and the round trip they show.
    acks: VecDeque<(Duration, usize, Duration)>,
}

impl Line {
    fn new(rate: f64, base: Duration) -> Self {
        let (room, free) = (300 * MS, Duration::ZERO);
        let (jitter, chance) = (Duration::ZERO, 1);
        Self { rate, base, room, free, smoothed: base, jitter, chance, acks: VecDeque::new() }
    }

    fn queue(&self, now: Duration) -> Duration {
        self.free.saturating_sub(now)
    }

    fn carries(&mut self, now: Duration, bytes: usize) {
        self.free = self.free.max(now) + Duration::from_secs_f64(bytes as f64 / self.rate);
        let took = self.base + self.queue(now);
        self.acks.push_back((now + took, bytes.div_ceil(1400), took));
    }

    /// As in RFC 9002, section 5.3, where each second packet is acknowledged.
    fn round_trip(&mut self, now: Duration) -> Duration {
        while let Some((_, packets, took)) = self.acks.pop_front_if(|ack| ack.0 <= now) {
            for _ in 0..packets.div_ceil(2) {
                self.chance = self.chance.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let later = self.jitter * (self.chance >> 24) / 255;
                self.smoothed = (self.smoothed * 7 + took + later) / 8;
            }
        }
        self.smoothed
    }
}

/// Lets a file go over a line for so long: bytes a second, and the queue that 99 of 100 pieces found at most.
fn goes(pace: &mut Pace, line: &mut Line, from: Duration, time: Duration) -> (f64, Duration) {
    let (mut now, mut moved, mut queues) = (from, 0, Vec::new());
    while now < from + time {
        let (piece, round_trip) = (pace.piece(), line.round_trip(now));
        now += pace.takes(now, piece, round_trip);
        // Flow control holds who fills the queue.
        now += line.queue(now).saturating_sub(line.room);
        line.carries(now, piece);
        moved += piece;
        queues.push(line.queue(now));
        now += Duration::from_micros(10);
    }
    queues.sort();
    (moved as f64 / time.as_secs_f64(), queues[queues.len() * 99 / 100])
}

const LINES: [(f64, Duration); 13] = [
    (375e3, Duration::from_millis(40)),
    (625e3, Duration::from_millis(20)),
    (625e3, Duration::from_millis(5)),
    (1e6, Duration::from_millis(10)),
    (1e6, Duration::from_millis(20)),
    (1.25e6, Duration::from_millis(10)),
    (2.5e6, Duration::from_millis(1)),
    (5e6, Duration::from_millis(1)),
    (1e6, Duration::from_millis(40)),
    (12.5e6, Duration::from_millis(20)),
    (12.5e6, Duration::from_millis(100)),
    (50e6, Duration::from_millis(10)),
    (125e6, Duration::from_millis(5)),
];

/// The queue that is short on a line.
fn short(rate: f64, base: Duration) -> Duration {
    (TARGET + base / 6 + Duration::from_secs_f64(3.0 * PIECE.0 as f64 / rate)) * 3
}

#[test]
fn a_line_is_full_and_its_queue_short_whatever_its_rate() {
    for (rate, base) in LINES {
        let mut line = Line::new(rate, base);
        let mut pace = Pace::default();
        goes(&mut pace, &mut line, Duration::ZERO, 2_000 * MS);
        let (moved, queue) = goes(&mut pace, &mut line, 2_000 * MS, 20_000 * MS);
        assert!(moved > rate * 0.75, "{moved} of {rate} at {base:?}");
        assert!(queue < short(rate, base), "{queue:?} at {rate} and {base:?}");
    }
}

#[test]
fn packets_that_take_longer_by_chance_are_no_queue() {
    for (rate, base) in LINES {
        for jitter in [2 * MS, 4 * MS, 8 * MS, 16 * MS] {
            let mut line = Line { jitter, ..Line::new(rate, base) };
            let mut pace = Pace::default();
            goes(&mut pace, &mut line, Duration::ZERO, 2_000 * MS);
            let (moved, queue) = goes(&mut pace, &mut line, 2_000 * MS, 20_000 * MS);
            assert!(moved > rate * 0.75, "{moved} of {rate} at {base:?} and {jitter:?}");
            assert!(queue < short(rate, base + jitter), "{queue:?} at {rate}, {base:?} and {jitter:?}");
        }
    }
}

#[test]
fn a_line_slower_than_the_first_pieces_is_found() {
    let mut line = Line::new(160e3, 60 * MS);
    let mut pace = Pace::default();
    goes(&mut pace, &mut line, Duration::ZERO, 5_000 * MS);
    let (moved, queue) = goes(&mut pace, &mut line, 5_000 * MS, 30_000 * MS);
    assert!(moved > 160e3 * 0.7 && queue < 200 * MS, "{moved}, {queue:?}");
}

#[test]
fn a_line_that_becomes_slower_is_found() {
    let mut line = Line::new(50e6, 10 * MS);
    let mut pace = Pace::default();
    goes(&mut pace, &mut line, Duration::ZERO, 5_000 * MS);
    line.rate = 5e6;
    goes(&mut pace, &mut line, 5_000 * MS, 10_000 * MS);
    let (moved, queue) = goes(&mut pace, &mut line, 15_000 * MS, 20_000 * MS);
    assert!(moved > 5e6 * 0.75, "{moved}");
    assert!(queue < short(5e6, 10 * MS), "{queue:?}");
}

#[test]
fn what_stands_for_long_is_not_taken_for_the_path() {
    let mut line = Line::new(12.5e6, 20 * MS);
    let mut pace = Pace::default();
    for minute in 0..10 {
        let (moved, longest) = goes(&mut pace, &mut line, minute * 60_000 * MS, 60_000 * MS);
        assert!(moved > 12.5e6 * 0.8, "{moved} in minute {minute}");
        assert!(longest < 50 * MS, "{longest:?} in minute {minute}");
        assert!(pace.base < 24 * MS, "{:?} in minute {minute}", pace.base);
    }
}

#[test]
fn a_pause_is_no_slow_line() {
    let mut pace = Pace::default();
    pace.takes(Duration::ZERO, PIECE.1, 20 * MS);
    let rate = pace.rate;
    pace.takes(Duration::from_secs(20), PIECE.1, 60 * MS);
    assert!((pace.rate, pace.drain.is_some()) == (rate, false), "{}", pace.rate);
}

#[test]
fn a_file_begins_without_a_long_queue() {
    for (rate, base) in LINES.into_iter().filter(|(rate, _)| *rate > 10e6) {
        let mut line = Line::new(rate, base);
        let (moved, queue) = goes(&mut Pace::default(), &mut line, Duration::ZERO, 2_000 * MS);
        assert!(moved > rate * 0.2, "{moved} of {rate} at {base:?}");
        assert!(queue < short(rate, base), "{queue:?} at {rate} and {base:?}");
    }
}

#[test]
fn a_file_that_comes_with_pauses_seeks_all_the_same() {
    for (rate, base) in [(35e6, 100 * MS), (12.5e6, 100 * MS), (12.5e6, 20 * MS), (125e6, 5 * MS)] {
        for pause in [5 * MS, 20 * MS] {
            let (mut line, mut pace) = (Line::new(rate, base), Pace::default());
            let (mut now, mut moved) = (Duration::ZERO, 0.0);
            // As when a chunk is read from a disk or verified before the next.
            while now < 6_000 * MS {
                let time = Duration::from_secs_f64(f64::from(1 << 20) / pace.rate().max(START_MIN));
                moved += goes(&mut pace, &mut line, now, time).0 * time.as_secs_f64();
                now += time + pause;
            }
            let part = moved / 6.0 / rate;
            assert!(part > 0.5, "{part} of {rate} at {base:?}, with pauses of {pause:?}");
        }
    }
}

#[test]
fn where_no_queue_grows_nothing_waits_for_long() {
    let mut line = Line::new(1e12, MS);
    let mut pace = Pace::default();
    goes(&mut pace, &mut line, Duration::ZERO, 100 * MS);
    assert!(pace.full.is_none() && pace.rate > 2e8 && pace.piece() == PIECE.1, "{}", pace.rate);
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
    let mut line = Line::new(12.5e6, 20 * MS);
    goes(&mut pace, &mut line, Duration::ZERO, 5_000 * MS);
    line.base = 80 * MS;
    goes(&mut pace, &mut line, 5_000 * MS, 120_000 * MS);
    let (moved, longest) = goes(&mut pace, &mut line, 125_000 * MS, 20_000 * MS);
    assert!(moved > 12.5e6 * 0.8, "{moved}");
    assert!(longest < (TARGET + line.base / 6) * 5 / 2, "{longest:?}");
}
