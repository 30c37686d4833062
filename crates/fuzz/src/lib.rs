//! Fuzz targets: functions that take any bytes and panic when something does not hold.
//!
//! Start with [`TARGETS`]. `corpus/NAME.hex` holds inputs worth keeping, one a line; `cargo test` replays them, and
//! inputs made from them, on a stable toolchain. The program `fuzz` runs one target under libFuzzer, which sees
//! what an input reaches.

#![expect(clippy::unwrap_used, reason = "a target panics when something does not hold")]

mod cores;
mod input;
mod outbox;
#[cfg(feature = "server")]
mod server;
mod texts;
mod wire;

pub use input::Input;
use litrocket_protocol::hex;

/// A target.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Its name, and that of its corpus.
    pub name: &'static str,
    /// What it tries, in one line.
    pub about: &'static str,
    /// Tries one input.
    pub run: fn(&[u8]),
}

const fn of(name: &'static str, about: &'static str, run: fn(&[u8])) -> Target {
    Target { name, about, run }
}

/// Every target.
pub const TARGETS: &[Target] = &[
    of("frames", "frames of both streams, both ways, and events", wire::frames),
    of("requests", "bodies of every request and reply", wire::requests),
    of("hello", "the first stream: kind, frame, hello", wire::hello),
    of("chunks", "the head of a stream of chunks, and which chunks are there", wire::chunks),
    of("names", "account names, display names, emoji", texts::names),
    of("markdown", "spans of md1 texts", texts::markdown),
    of("dictionary", "dictionary files and look-ups", texts::dictionary),
    of("history", "histories for the checker", texts::history),
    of("cursors", "the client's cursors, fed by a server that may lie", cores::cursors),
    of("outbox", "the client's outbox, answered by a server that may lie", outbox::outbox),
    of("reader", "delivery while logs and access change", cores::reader),
    of("writer", "sends, repeats, fences, savepoints, commits and rollbacks", cores::writer),
    #[cfg(feature = "server")]
    of("search", "texts and queries: tokens, FTS5 expressions, what is found", server::search),
    #[cfg(feature = "server")]
    of("config", "the configuration file", server::config),
    #[cfg(feature = "server")]
    of("addresses", "where a server is, as people write it", server::addresses),
];

/// The target of a name.
pub fn target(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}

/// The inputs of a corpus file: hexadecimal, one a line; what follows `#` is a comment.
pub fn inputs(text: &str) -> Vec<Vec<u8>> {
    let line = |line: &str| hex::decode(line.split('#').next().unwrap_or_default().trim()).unwrap();
    text.lines().filter(|text| !text.trim_start().starts_with('#')).map(line).collect()
}
