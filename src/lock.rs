//! Locks that a panic does not take along: what they guard is whole between any two of its changes.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks, whatever became of who held the lock before.
pub(crate) fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
