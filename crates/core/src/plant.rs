//! Bugs on purpose, to show that the simulator finds them. Behind the feature `plant`, which no product build has;
//! one at most is active, and only on the thread that asked for it.

use std::cell::Cell;

/// A bug that can be planted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plant {
    /// A send is acked when it is decided, not when its commit is done. The shell of the writer plants it.
    AckBeforeCommit,
    /// On the client, the ack of an own send moves the cursor over events that have not come.
    CursorSkips,
    /// The writer knows an id for ten minutes only.
    IdExpires,
    /// A conversation that is catching up sends its newest event at once when one more is appended.
    OvertakeOnResume,
    /// When what may be read changes, the reader takes one step back.
    DeliverTwice,
}

/// How long the writer knows an id with [`Plant::IdExpires`], in milliseconds.
pub const ID_EXPIRES_MS: u64 = 600_000;

thread_local! {
    static ACTIVE: Cell<Option<Plant>> = const { Cell::new(None) };
}

/// Plants a bug on this thread, or takes it out.
pub fn set(plant: Option<Plant>) {
    ACTIVE.set(plant);
}

/// Whether a bug is active on this thread.
pub fn is(plant: Plant) -> bool {
    ACTIVE.get() == Some(plant)
}
