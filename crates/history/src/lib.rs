//! Histories: what clients and the store saw of one run, and whether it keeps the promises.
//!
//! This crate does no network I/O and starts nothing. The simulator and the load harness write [`Entry`] values,
//! to a file of JSON lines or in memory; [`Checker`] and [`check_file`] answer a [`Report`] or the first rule that
//! is [`Broken`]. `docs/reliability.md` lists the entries and the ten rules. Start with [`Entry`], then
//! `checker.rs`.
#![warn(missing_docs)]

mod checker;
mod conversation;
mod ends;
mod entry;
mod file;
mod markers;
mod place;
mod reach;
mod report;
mod sends;
mod settle;
mod tombstones;
mod uuid;

pub use checker::Checker;
pub use entry::{Entry, Gone, Hash};
pub use file::check_file;
pub use report::{Broken, Report};
