//! The reader: where one connection stands in every conversation, and what it is sent next.
//!
//! Live push and catch-up are the same path: a conversation that has something is marked, comes round in turn,
//! and its entries are taken from the log behind the cursor. Cursors only ever advance without a hole; what the
//! reader may not have is passed with a skip.

use std::collections::VecDeque;

use foldhash::{HashMap, HashSet};
use litrocket_protocol::ConversationId;

use crate::access::{self, Range};
#[cfg(feature = "plant")]
use crate::plant::{self, Plant};

/// What the reader knows of one conversation.
#[derive(Debug, Clone, Default)]
struct Place {
    /// The last event passed; `None` until the first readable event is known.
    cursor: Option<u64>,
    /// What may be read; `None` until it is looked up.
    ranges: Option<Vec<Range>>,
    /// The newest event goes first.
    #[cfg(feature = "plant")]
    overtakes: bool,
}

/// Cursors of one connection.
#[derive(Debug, Default)]
pub struct Reader {
    places: HashMap<ConversationId, Place>,
    turns: VecDeque<ConversationId>,
    waiting: HashSet<ConversationId>,
}

/// What to do for the conversation whose turn it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Look up what may be read, then call [`Reader::set_ranges`] and ask again.
    LookUp,
    /// Tell the peer that its cursor moves past these events.
    Skip {
        /// The first one.
        from: u64,
        /// The last one.
        to: u64,
    },
    /// Take entries from the log, `from..=to`, as many as fit, and report with [`Reader::passed`].
    Read {
        /// The first event.
        from: u64,
        /// The last event that may be read now.
        to: u64,
    },
    /// Nothing is left here.
    Done,
}

impl Reader {
    /// Sets a cursor: at resume from what the device has, or later on purpose.
    pub fn set_cursor(&mut self, conversation: ConversationId, cursor: u64) {
        self.places.entry(conversation).or_default().cursor = Some(cursor);
    }

    /// Drops a conversation.
    pub fn forget(&mut self, conversation: ConversationId) {
        self.places.remove(&conversation);
        self.waiting.remove(&conversation);
        self.turns.retain(|turn| *turn != conversation);
    }

    /// Tells what may be read.
    pub fn set_ranges(&mut self, conversation: ConversationId, ranges: Vec<Range>) {
        self.places.entry(conversation).or_default().ranges = Some(ranges);
    }

    /// What may be read has changed: look it up again.
    pub fn ranges_changed(&mut self, conversation: ConversationId) {
        if let Some(place) = self.places.get_mut(&conversation) {
            place.ranges = None;
            #[cfg(feature = "plant")]
            if plant::is(Plant::DeliverTwice) {
                place.cursor = place.cursor.map(|cursor| cursor.saturating_sub(1));
            }
        }
    }

    /// Something may be new in the conversation.
    pub fn mark(&mut self, conversation: ConversationId) {
        let is_new = self.waiting.insert(conversation);
        if is_new {
            self.turns.push_back(conversation);
        }
        #[cfg(feature = "plant")]
        if !is_new && plant::is(Plant::OvertakeOnResume) {
            self.places.entry(conversation).or_default().overtakes = true;
        }
    }

    /// Whose turn it is. The conversation goes to the end of the line; [`Step::Done`] takes it out.
    pub fn turn(&mut self) -> Option<ConversationId> {
        let conversation = self.turns.pop_front()?;
        self.turns.push_back(conversation);
        Some(conversation)
    }

    /// Whether no conversation is waiting for its turn.
    pub fn is_idle(&self) -> bool {
        self.turns.is_empty()
    }

    /// What to do next in a conversation whose log ends at `head`. A [`Step::Skip`] moves the cursor at once.
    pub fn step(&mut self, conversation: ConversationId, head: u64) -> Step {
        let place = self.places.entry(conversation).or_default();
        let Some(ranges) = &place.ranges else { return Step::LookUp };
        let Some(cursor) = place.cursor else {
            // A conversation without a cursor starts at its first readable event.
            let start = access::next(ranges, 1, head).map_or(0, |(from, _)| from - 1);
            place.cursor = Some(start);
            if start > 0 {
                return Step::Skip { from: 1, to: start };
            }
            return self.step(conversation, head);
        };
        #[cfg(feature = "plant")]
        if std::mem::take(&mut place.overtakes) && head > cursor && access::may_read(ranges, head) {
            return Step::Read { from: head, to: head };
        }
        let step = match access::next(ranges, cursor + 1, head) {
            Some((from, to)) if from == cursor + 1 => Step::Read { from, to },
            Some((from, _)) => {
                place.cursor = Some(from - 1);
                Step::Skip { from: cursor + 1, to: from - 1 }
            }
            None => Step::Done,
        };
        if step == Step::Done {
            self.set_aside(conversation);
        }
        step
    }

    /// Takes a conversation out of the line; what is left there is told when it is marked again.
    pub fn set_aside(&mut self, conversation: ConversationId) {
        self.waiting.remove(&conversation);
        // Its turn just was, so it stands last; anywhere else only when asked out of turn.
        if self.turns.back() == Some(&conversation) {
            self.turns.pop_back();
        } else {
            self.turns.retain(|turn| *turn != conversation);
        }
    }

    /// The events up to `event_seq` were written (or stood for by their acks).
    pub fn passed(&mut self, conversation: ConversationId, event_seq: u64) {
        let place = self.places.entry(conversation).or_default();
        place.cursor = place.cursor.max(Some(event_seq));
    }

    /// The cursor of a conversation.
    pub fn cursor(&self, conversation: ConversationId) -> Option<u64> {
        self.places.get(&conversation)?.cursor
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ROOM: ConversationId = ConversationId(1);

    fn open(from: u64) -> Vec<Range> {
        vec![Range { from, to: None }]
    }

    #[test]
    fn a_conversation_without_a_cursor_starts_at_its_first_readable_event() {
        let mut reader = Reader::default();
        reader.mark(ROOM);
        assert_eq!(reader.turn(), Some(ROOM));
        assert_eq!(reader.step(ROOM, 9), Step::LookUp);
        reader.set_ranges(ROOM, open(4));
        assert_eq!(reader.step(ROOM, 9), Step::Skip { from: 1, to: 3 });
        assert_eq!(reader.step(ROOM, 9), Step::Read { from: 4, to: 9 });
        assert!(!reader.is_idle(), "it is read and has its turn again");
        reader.passed(ROOM, 9);
        assert_eq!(reader.step(ROOM, 9), Step::Done);
        assert!(reader.is_idle());
        assert_eq!((reader.cursor(ROOM), reader.cursor(ConversationId(2))), (Some(9), None));
    }

    #[test]
    fn a_conversation_that_is_set_aside_holds_up_no_other_and_goes_on_where_it_was() {
        let mut reader = Reader::default();
        let other = ConversationId(2);
        for conversation in [ROOM, other] {
            reader.set_cursor(conversation, 1);
            reader.set_ranges(conversation, open(1));
            reader.mark(conversation);
        }
        assert_eq!(reader.turn(), Some(ROOM));
        reader.set_aside(ROOM);
        assert_eq!((reader.turn(), reader.turn()), (Some(other), Some(other)));
        reader.mark(ROOM);
        reader.mark(ROOM);
        assert_eq!((reader.turn(), reader.turn()), (Some(other), Some(ROOM)));
        assert_eq!(reader.step(ROOM, 3), Step::Read { from: 2, to: 3 });
    }

    #[test]
    fn a_removed_member_reads_up_to_the_removal() {
        let mut reader = Reader::default();
        reader.set_cursor(ROOM, 2);
        reader.mark(ROOM);
        reader.set_ranges(ROOM, vec![Range { from: 1, to: Some(5) }]);
        assert_eq!(reader.step(ROOM, 9), Step::Read { from: 3, to: 5 });
        reader.passed(ROOM, 5);
        assert_eq!(reader.step(ROOM, 9), Step::Done);
    }

    #[test]
    fn conversations_take_turns() {
        let mut reader = Reader::default();
        for id in 1..=3 {
            reader.mark(ConversationId(id));
        }
        let turns: Vec<u64> = (0..6).filter_map(|_| reader.turn()).map(|id| id.0).collect();
        assert_eq!(turns, [1, 2, 3, 1, 2, 3]);
    }

    proptest! {
        /// Whatever the ranges and however little each read returns: a reader gets every readable event once,
        /// in order, and a skip for all between.
        #[test]
        fn what_is_read_and_skipped_has_no_hole(
            cuts in proptest::collection::vec(1_u64..60, 0..8),
            cursor in proptest::option::of(0_u64..60),
            sizes in proptest::collection::vec(1_u64..5, 1..80),
        ) {
            let mut cuts = cuts;
            cuts.sort_unstable();
            cuts.dedup();
            let ranges: Vec<Range> = cuts
                .chunks(2)
                .map(|pair| Range { from: pair[0], to: pair.get(1).map(|to| to - 1) })
                .filter(|range| range.to.is_none_or(|to| to >= range.from))
                .collect();
            let head = 60;
            let mut reader = Reader::default();
            reader.set_ranges(ROOM, ranges.clone());
            if let Some(cursor) = cursor {
                reader.set_cursor(ROOM, cursor);
            }
            reader.mark(ROOM);
            let mut at = cursor.unwrap_or(0);
            let mut sizes = sizes.into_iter().cycle();
            loop {
                match reader.step(ROOM, head) {
                    Step::LookUp => prop_assert!(false, "the ranges are known"),
                    Step::Skip { from, to } => {
                        prop_assert_eq!(from, at + 1);
                        prop_assert!((from..=to).all(|seq| !access::may_read(&ranges, seq)));
                        at = to;
                    }
                    Step::Read { from, to } => {
                        prop_assert_eq!(from, at + 1);
                        prop_assert!((from..=to).all(|seq| access::may_read(&ranges, seq)));
                        at = to.min(from + sizes.next().unwrap_or(1) - 1);
                        reader.passed(ROOM, at);
                    }
                    Step::Done => break,
                }
            }
            prop_assert!((at + 1..=head).all(|seq| !access::may_read(&ranges, seq)));
        }
    }
}
