//! The client's side of the promises: an ordered outbox and contiguous cursors.

mod cursors;
mod outbox;

pub use cursors::{Cursors, Met, Seen};
pub use outbox::{Outbox, Outgoing, Verdict};
