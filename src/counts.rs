//! How many each has of something of which there are few, given back when it is over. Who may have how many is decided by
//! whoever counts.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard},
};

use crate::lock::lock;

/// A count for each key. Keys that have none take no room.
#[derive(Debug)]
pub struct Counts<K>(HashMap<K, usize>);

impl<K> Default for Counts<K> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<K: Hash + Eq> Counts<K> {
    /// How many a key has.
    pub fn of(&self, key: &K) -> usize {
        self.0.get(key).copied().unwrap_or(0)
    }

    /// Each key that has some, and how many.
    pub fn iter(&self) -> impl Iterator<Item = (&K, usize)> {
        self.0.iter().map(|(key, count)| (key, *count))
    }

    /// How many keys have some.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nobody has any.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// One more.
    pub fn add(&mut self, key: K) {
        *self.0.entry(key).or_default() += 1;
    }

    /// One less; false for a key that has none.
    pub fn give_back(&mut self, key: &K) -> bool {
        let Some(count) = self.0.get_mut(key) else { return false };
        *count -= 1;
        if *count == 0 {
            self.0.remove(key);
        }
        true
    }
}

/// The same for many who count at the same time.
#[derive(Debug)]
pub struct Counted<K>(Arc<Mutex<Counts<K>>>);

impl<K> Default for Counted<K> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

/// One of somebody's, until it is dropped.
#[derive(Debug)]
pub struct Taken<K: Hash + Eq> {
    counts: Arc<Mutex<Counts<K>>>,
    key: K,
}

impl<K: Hash + Eq + Copy> Counted<K> {
    /// How many each has now.
    pub fn counts(&self) -> MutexGuard<'_, Counts<K>> {
        lock(&self.0)
    }

    /// Takes one where it may be. Nobody else takes one in between.
    pub fn take_if(&self, key: K, may: impl FnOnce(&Counts<K>) -> bool) -> Option<Taken<K>> {
        let mut counts = self.counts();
        if !may(&counts) {
            return None;
        }
        counts.add(key);
        Some(Taken { counts: self.0.clone(), key })
    }
}

impl<K: Hash + Eq> Drop for Taken<K> {
    fn drop(&mut self) {
        lock(&self.counts).give_back(&self.key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_taken_comes_back_and_who_has_none_takes_no_room() {
        let counted = Counted::default();
        let below = |most: usize| move |counts: &Counts<u8>| counts.of(&1) < most;
        let first = counted.take_if(1, below(2)).unwrap();
        let second = counted.take_if(1, below(2)).unwrap();
        assert!(counted.take_if(1, below(2)).is_none());
        drop(first);
        assert_eq!(counted.counts().iter().collect::<Vec<_>>(), [(&1, 1)]);
        assert!(counted.take_if(1, below(2)).is_some());
        drop(second);
        let mut counts = counted.counts();
        assert!(counts.is_empty() && !counts.give_back(&1));
    }
}
