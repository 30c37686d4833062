//! Cursors: what of every conversation this device has, without a hole.

use std::collections::{BTreeMap, BTreeSet};

use litrocket_protocol::{ConversationId, chat, limits};

/// Own accepted events that wait for their turn in one conversation. Dropped ones come again as events.
const ACKED_MAX: usize = 10_000;

/// What an event or skip is to this device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// The next one.
    New,
    /// It was here before, as itself or as the ack of an own send.
    Known,
    /// Something before it is missing: drop the connection and resume.
    Gap,
}

#[derive(Debug, Clone, Default)]
struct Place {
    cursor: u64,
    acked: BTreeSet<u64>,
}

impl Place {
    fn advance(&mut self, to: u64) {
        self.cursor = self.cursor.max(to);
        while self.acked.first().is_some_and(|first| *first <= self.cursor.saturating_add(1)) {
            let first = self.acked.pop_first().unwrap_or(0);
            self.cursor = self.cursor.max(first);
        }
    }
}

/// The cursors of one device on one server.
#[derive(Debug, Clone, Default)]
pub struct Cursors {
    server: Option<(Vec<u8>, u64)>,
    synced: bool,
    account_version: u64,
    places: BTreeMap<ConversationId, Place>,
}

impl Cursors {
    /// Cursors as they were stored.
    pub fn restore(
        server_id: Vec<u8>,
        log_epoch: u64,
        account_version: u64,
        cursors: impl IntoIterator<Item = (ConversationId, u64)>,
    ) -> Self {
        let place = |(conversation, cursor)| (conversation, Place { cursor, acked: BTreeSet::new() });
        Self {
            server: Some((server_id, log_epoch)),
            synced: true,
            account_version,
            places: cursors.into_iter().map(place).collect(),
        }
    }

    /// The server said who it is. Another one, or one whose logs were set back, makes everything start afresh:
    /// answers whether it did.
    pub fn welcome(&mut self, server_id: &[u8], log_epoch: u64) -> bool {
        let same = self.server.as_ref().is_some_and(|(id, epoch)| id == server_id && *epoch == log_epoch);
        if same {
            return false;
        }
        let first = self.server.is_none();
        *self = Self { server: Some((server_id.to_vec(), log_epoch)), ..Self::default() };
        !first
    }

    /// Forgets all positions and asks for everything from the beginning.
    pub fn rewind(&mut self) {
        self.places.clear();
        self.account_version = 0;
        self.synced = true;
    }

    /// What to send on a new chat stream: where this device stands, then live.
    pub fn resume(&mut self) -> (Vec<chat::Cursors>, chat::Live) {
        let pairs: Vec<(ConversationId, u64)> = self.positions().collect();
        let frames = pairs
            .chunks(limits::CURSORS_PER_FRAME_MAX)
            .map(|chunk| chat::Cursors { cursors: chunk.to_vec() })
            .collect();
        let live = chat::Live { account_version: self.account_version, fresh: !self.synced };
        (frames, live)
    }

    /// The server is sending what was asked for: from now on this device is not new any more.
    pub fn live(&mut self) {
        self.synced = true;
    }

    /// Server id and log epoch, once known.
    pub fn server(&self) -> Option<(&[u8], u64)> {
        self.server.as_ref().map(|(id, epoch)| (id.as_slice(), *epoch))
    }

    /// Conversations with their cursors.
    pub fn positions(&self) -> impl Iterator<Item = (ConversationId, u64)> + '_ {
        self.places
            .iter()
            .map(|(conversation, place)| (*conversation, place.cursor))
            .filter(|(_, cursor)| *cursor > 0)
    }

    /// The cursor of one conversation; 0 for none.
    pub fn position(&self, conversation: ConversationId) -> u64 {
        self.places.get(&conversation).map_or(0, |place| place.cursor)
    }

    /// The version of the account log.
    pub fn account_version(&self) -> u64 {
        self.account_version
    }

    /// An event arrived.
    pub fn event(&mut self, conversation: ConversationId, event_seq: u64) -> Seen {
        let place = self.places.entry(conversation).or_default();
        if event_seq <= place.cursor {
            return Seen::Known;
        }
        let known = place.acked.contains(&event_seq);
        if event_seq > place.cursor.saturating_add(1) {
            return if known { Seen::Known } else { Seen::Gap };
        }
        place.advance(event_seq);
        if known { Seen::Known } else { Seen::New }
    }

    /// An own send was accepted: its ack stands for the event.
    pub fn acked(&mut self, conversation: ConversationId, event_seq: u64) {
        let place = self.places.entry(conversation).or_default();
        #[cfg(feature = "plant")]
        if crate::plant::is(crate::plant::Plant::CursorSkips) {
            place.advance(event_seq);
        }
        if event_seq > place.cursor {
            place.acked.insert(event_seq);
            if place.acked.len() > ACKED_MAX {
                place.acked.pop_first();
            }
            place.advance(place.cursor);
        }
    }

    /// Nothing will come between these sequences.
    pub fn skip(&mut self, conversation: ConversationId, from: u64, to: u64) -> Seen {
        let place = self.places.entry(conversation).or_default();
        if to <= place.cursor {
            return Seen::Known;
        }
        if from > place.cursor.saturating_add(1) {
            return Seen::Gap;
        }
        place.advance(to);
        Seen::New
    }

    /// An entry of the account log arrived.
    pub fn entry(&mut self, version: u64) -> Seen {
        if version <= self.account_version {
            return Seen::Known;
        }
        self.account_version = version;
        Seen::New
    }

    /// The account log begins again.
    pub fn account_reset(&mut self) {
        self.account_version = 0;
    }

    /// The cursor of a conversation cannot be served, or it is not there any more.
    pub fn forget(&mut self, conversation: ConversationId) {
        self.places.remove(&conversation);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ROOM: ConversationId = ConversationId(1);

    #[test]
    fn the_ack_of_an_own_send_stands_for_the_event() {
        let mut cursors = Cursors::default();
        assert_eq!(cursors.event(ROOM, 1), Seen::New);
        cursors.acked(ROOM, 3);
        assert_eq!(cursors.position(ROOM), 1);
        assert_eq!(cursors.event(ROOM, 2), Seen::New);
        assert_eq!(cursors.position(ROOM), 3, "the cursor passes the own event");
        assert_eq!(cursors.event(ROOM, 3), Seen::Known);
        assert_eq!(cursors.event(ROOM, 4), Seen::New);
    }

    #[test]
    fn a_hole_is_told() {
        let mut cursors = Cursors::default();
        assert_eq!(cursors.event(ROOM, 2), Seen::Gap);
        assert_eq!(cursors.skip(ROOM, 1, 1), Seen::New);
        assert_eq!(cursors.event(ROOM, 2), Seen::New);
        assert_eq!(cursors.skip(ROOM, 5, 6), Seen::Gap);
    }

    #[test]
    fn another_server_or_epoch_starts_afresh() {
        let mut cursors = Cursors::restore(vec![1], 7, 3, [(ROOM, 9)]);
        assert!(!cursors.welcome(&[1], 7));
        assert!(!cursors.resume().1.fresh);
        assert!(cursors.welcome(&[1], 8));
        assert!(cursors.resume().1.fresh);
        assert_eq!(cursors.position(ROOM), 0);
    }

    proptest! {
        /// However acks overtake deliveries: each event is new exactly once, unless its ack was here first.
        #[test]
        fn every_event_is_heard_once(own in proptest::collection::vec(any::<bool>(), 1..60), early in 0_usize..5) {
            let mut cursors = Cursors::default();
            let mut heard = 0;
            let total = own.len();
            for at in 0..total + early {
                if at < total && own[at] {
                    cursors.acked(ROOM, at as u64 + 1);
                }
                if let Some(seq) = at.checked_sub(early)
                    && seq < total
                    && !own[seq]
                {
                    prop_assert_ne!(cursors.event(ROOM, seq as u64 + 1), Seen::Gap);
                    heard += 1;
                }
            }
            prop_assert_eq!(heard, own.iter().filter(|own| !**own).count());
        }
    }
}
