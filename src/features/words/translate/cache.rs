//! Translations that were made lately, in memory: nothing that people said is written a second time.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex},
};

use litrocket_protocol::{AccountId, ConversationId};
use tokio::sync::OnceCell;

use crate::lock::lock;

/// Bytes of texts and translations that are kept, about.
const BYTES_MAX: usize = 16 * 1024 * 1024;
/// What an entry takes beside its text.
const ENTRY_BYTES: usize = 512;
/// A translation may have so many times the bytes of its text, and the bytes beside.
const GROWTH_MAX: usize = 8;

/// What is translated. A text is its person's alone, so that nobody learns from the time an answer takes what others had
/// translated; a message is the same for all who may read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Source {
    /// A message.
    Message(ConversationId, u64),
    /// A text of somebody.
    Text(AccountId),
}

/// Names a translation.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) source: Source,
    /// Of the words: an edited message is another one.
    pub(super) hash: [u8; 32],
    /// From and to, as the engine names them.
    pub(super) pair: (String, String),
}

type Cell = Arc<OnceCell<Arc<str>>>;

/// The most bytes a translation of a text may have.
pub(super) fn translation_bytes_max(text: &str) -> usize {
    text.len() * GROWTH_MAX + ENTRY_BYTES
}

/// The translations, the oldest of which go first.
#[derive(Debug, Default)]
pub(super) struct Cache {
    entries: Mutex<Entries>,
}

#[derive(Debug, Default)]
struct Entries {
    cells: HashMap<Key, (Cell, usize)>,
    order: VecDeque<Key>,
    bytes: usize,
}

impl Cache {
    /// The place of a translation. Whoever comes first fills it, the others wait for it there.
    pub(super) fn cell(&self, key: &Key, text: &str) -> Cell {
        let mut entries = lock(&self.entries);
        if let Some((cell, _)) = entries.cells.get(key) {
            return cell.clone();
        }
        // Both the text's hash and the longest translation it may get are counted before it is made.
        let bytes = translation_bytes_max(text) + ENTRY_BYTES;
        let cell = Cell::default();
        entries.cells.insert(key.clone(), (cell.clone(), bytes));
        entries.order.push_back(key.clone());
        entries.bytes += bytes;
        while entries.bytes > BYTES_MAX {
            let Some(oldest) = entries.order.pop_front() else { break };
            if let Some((_, bytes)) = entries.cells.remove(&oldest) {
                entries.bytes -= bytes;
            }
        }
        cell
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(account: u64) -> Key {
        Key { source: Source::Text(AccountId(account)), hash: [0; 32], pair: ("en".into(), "es".into()) }
    }

    #[test]
    fn the_oldest_go_when_there_is_no_room() {
        let cache = Cache::default();
        let text = "x".repeat(16 * 1024);
        let first = cache.cell(&key(0), &text);
        first.set("a".into()).unwrap();
        assert!(cache.cell(&key(0), &text).initialized(), "the same is found again");
        assert!(!cache.cell(&key(1), &text).initialized(), "another person has another");
        for account in 2..200 {
            cache.cell(&key(account), &text);
        }
        let entries = cache.entries.lock().unwrap();
        assert!(entries.bytes <= BYTES_MAX && entries.cells.len() == entries.order.len());
        assert!(!entries.cells.contains_key(&key(0)) && entries.cells.contains_key(&key(199)));
    }
}
