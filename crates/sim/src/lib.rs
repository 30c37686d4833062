//! The simulator: the pure cores of server and client in one thread, on one clock, from one seed.
//!
//! Real are the writer, the reader, access, the outbox, the cursors (`litrocket_core`) and the judge
//! (`litrocket_history`). Models are the store, which forgets what was not committed, the network, which loses,
//! delays and partitions, and the shells between them. Nothing here asks a clock or the system for chance: a seed
//! replays. Start with [`simulate`], then `world.rs`; `docs/reliability.md` says what is not simulated.
#![warn(missing_docs)]

mod actions;
mod chances;
mod clocks;
mod delivery;
mod device;
mod history;
mod jobs;
mod life;
mod link;
mod plants;
mod rng;
mod server;
mod store;
mod told;
mod world;

pub use plants::{PLANTS, plant};
pub use world::{Outcome, simulate};
