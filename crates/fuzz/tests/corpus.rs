//! The corpus of every target, and inputs made from it, on any toolchain.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends here")]

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use litrocket_fuzz::{TARGETS, Target, inputs};
use litrocket_protocol::hex;

/// Inputs made from each corpus.
const MADE: u64 = 2_000;
/// Bytes of an input that is made, at most.
const BYTES_MAX: usize = 4_096;

/// Numbers that look random, always the same.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) % end.max(1) as u64) as usize
    }
}

fn corpus(target: &Target) -> Vec<Vec<u8>> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(format!("{}.hex", target.name));
    let found = inputs(&fs::read_to_string(file).unwrap());
    assert!(!found.is_empty(), "{} has no corpus", target.name);
    found
}

/// Bytes changed, put in, left out, doubled, and pieces of another input.
fn made(random: &mut Random, corpus: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = corpus[random.below(corpus.len())].clone();
    for _ in 0..=random.below(6) {
        let at = random.below(bytes.len() + 1);
        match random.below(6) {
            0 if at < bytes.len() => bytes[at] ^= 1 << random.below(8),
            1 if at < bytes.len() => bytes[at] = [0, 1, 0x7f, 0x80, 0xc0, 0xff][random.below(6)],
            2 => bytes.insert(at, random.below(256) as u8),
            3 if at < bytes.len() => drop(bytes.drain(at..bytes.len().min(at + 1 + random.below(8)))),
            4 => {
                let end = bytes.len().min(at + 1 + random.below(16));
                let piece = bytes[at..end].to_vec();
                bytes.splice(at..at, piece);
            }
            _ => {
                let other = &corpus[random.below(corpus.len())];
                bytes.truncate(at);
                bytes.extend_from_slice(&other[random.below(other.len() + 1)..]);
            }
        }
        bytes.truncate(BYTES_MAX);
    }
    bytes
}

#[test]
fn every_input_of_the_corpus_and_many_made_from_it_hold() {
    let variable = |name: &str| std::env::var(name).ok();
    let number = |name: &str| variable(name).map(|value| value.parse::<u64>().unwrap());
    let time = number("LITROCKET_FUZZ_S").map(Duration::from_secs);
    let (only, seed) = (variable("LITROCKET_FUZZ_TARGET"), number("LITROCKET_SEED").unwrap_or(0x5eed));
    for target in TARGETS.iter().filter(|target| only.as_ref().is_none_or(|only| only == target.name)) {
        let corpus = corpus(target);
        for input in &corpus {
            (target.run)(input);
        }
        let (mut random, started, mut tried) = (Random(seed | 1), Instant::now(), 0);
        while time.map_or(tried < MADE, |time| started.elapsed() < time) {
            tried += 1;
            let input = made(&mut random, &corpus);
            let held = std::panic::catch_unwind(|| (target.run)(&input));
            assert!(held.is_ok(), "{}: {}", target.name, hex::encode(&input));
        }
        println!("{}: {tried} inputs in {:?}", target.name, started.elapsed());
    }
}
