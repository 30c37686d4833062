//! What goes, and what is looked after: beside the connections, and by the operator's check.
//!
//! [`mod@collect`] takes away what nothing refers to; [`expiry_store`] and [`times_store`] say what that is, and how long the rest
//! is kept. [`mod@verify`] reads everything that is stored, [`orphans`] finds objects that belong to nothing.

pub(super) mod collect;
pub(super) mod expiry_store;
pub(super) mod orphans;
pub(super) mod times_store;
pub(super) mod verify;
