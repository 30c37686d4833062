//! What waits for the app: the items of the chat stream, in their order.
//!
//! Acks come on the same stream as events. An app that waits for an ack takes no events meanwhile, so while sends have no
//! answer more is let in than otherwise: the ack stands behind at most what was on its way when it was written.

use std::collections::VecDeque;

use crate::Item;

/// Items that may wait for the app before the stream is read no further.
const ITEMS_MAX: usize = 256;
/// Bytes that may wait while sends have no answer: four times what may be on its way on a stream.
const BYTES_MAX: usize = 4 * 1024 * 1024;
/// What an item takes beside its bytes.
const ITEM_BYTES: usize = 256;

/// Whether one item more is let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Room {
    /// It is.
    There,
    /// Not before the app takes something.
    Full,
    /// Not even for the sake of an ack that may stand behind it.
    Over,
}

/// The items that wait for one listener.
#[derive(Debug, Default)]
pub(crate) struct Inbox {
    items: VecDeque<(usize, Item)>,
    bytes: usize,
    /// Nothing more comes: what waits is still taken.
    pub(crate) ended: bool,
}

impl Inbox {
    /// Nothing waits; whether anything will come.
    pub(crate) fn new(ended: bool) -> Self {
        Self { ended, ..Self::default() }
    }

    /// Whether one item more is let in, while sends wait for their answers or not.
    pub(crate) fn room(&self, answers_wait: bool) -> Room {
        if self.items.len() < ITEMS_MAX && self.bytes < BYTES_MAX {
            Room::There
        } else if !answers_wait {
            Room::Full
        } else if self.bytes < BYTES_MAX {
            Room::There
        } else {
            Room::Over
        }
    }

    /// Whether delivery may begin again: less waits than keeps it going.
    pub(crate) fn is_low(&self) -> bool {
        self.items.len() < ITEMS_MAX / 2 && self.bytes < BYTES_MAX / 2
    }

    pub(crate) fn push(&mut self, bytes: usize, item: Item) {
        let bytes = bytes + ITEM_BYTES;
        self.bytes += bytes;
        self.items.push_back((bytes, item));
    }

    pub(crate) fn pop(&mut self) -> Option<Item> {
        let (bytes, item) = self.items.pop_front()?;
        self.bytes -= bytes;
        Some(item)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_is_let_in_for_an_ack_and_not_without_end() {
        let mut inbox = Inbox::default();
        (0..ITEMS_MAX).for_each(|_| inbox.push(10_000, Item::CaughtUp));
        assert_eq!((inbox.room(false), inbox.room(true)), (Room::Full, Room::There));
        while inbox.room(true) == Room::There {
            inbox.push(10_000, Item::CaughtUp);
        }
        assert_eq!((inbox.room(false), inbox.room(true)), (Room::Full, Room::Over));
        assert!(inbox.bytes < BYTES_MAX + 20_000);
        while !inbox.is_low() {
            assert!(inbox.pop().is_some());
        }
        assert_eq!(inbox.room(false), Room::There);
        while inbox.pop().is_some() {}
        assert_eq!(inbox.bytes, 0);
    }
}
