//! Histories: what clients and the store saw of one run, and whether it keeps the promises.
//!
//! This crate does no network I/O and starts nothing. The simulator and the load harness write [`Entry`] values,
//! to a file of JSON lines or in memory. `docs/reliability.md` says the same in prose. Start with [`Entry`].
#![warn(missing_docs)]

mod entry;

pub use entry::{Entry, Gone, Hash};
