//! Cursors: what of every conversation this device has, without a hole.

use std::collections::{BTreeMap, BTreeSet};

use litrocket_protocol::{ConversationId, chat, limits};

/// Own accepted events that wait for their turn, in all conversations. Dropped ones come again as events.
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
    /// It is of one conversation more than an account may be in.
    TooMany,
}

/// What a server is to these cursors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Met {
    /// The one they are of, or the first one.
    Same,
    /// The one they are of, with logs that were set back to a backup.
    SetBack,
    /// Another one: they are none of its.
    Other,
}

#[derive(Debug, Clone, Default)]
struct Place {
    cursor: u64,
    acked: BTreeSet<u64>,
    /// The epoch of the log that the cursor is of, where that is not the server's: it may stand behind where that log ends.
    /// What was acked is always of the server's.
    epoch: Option<u64>,
}

impl Place {
    /// Moves up; answers how many acked events it took in.
    fn advance(&mut self, to: u64) -> usize {
        self.epoch = None;
        self.cursor = self.cursor.max(to);
        let before = self.acked.len();
        while self.acked.first().is_some_and(|first| *first <= self.cursor.saturating_add(1)) {
            let first = self.acked.pop_first().unwrap_or(0);
            self.cursor = self.cursor.max(first);
        }
        before - self.acked.len()
    }
}

/// The cursors of one device on one server.
#[derive(Debug, Clone, Default)]
pub struct Cursors {
    server: Option<(Vec<u8>, u64)>,
    synced: bool,
    account_version: u64,
    places: BTreeMap<ConversationId, Place>,
    /// Acked events that wait, in all places.
    waiting: usize,
}

impl Cursors {
    /// Cursors as they were stored.
    pub fn restore(
        server_id: Vec<u8>,
        log_epoch: u64,
        account_version: u64,
        cursors: impl IntoIterator<Item = (ConversationId, u64)>,
    ) -> Self {
        let mut restored = Self {
            server: Some((server_id, log_epoch)),
            synced: true,
            account_version,
            places: BTreeMap::new(),
            waiting: 0,
        };
        restored.restore_of(None, cursors);
        restored
    }

    /// The same for cursors that are of an earlier epoch.
    pub fn restore_of(
        &mut self,
        epoch: Option<u64>,
        cursors: impl IntoIterator<Item = (ConversationId, u64)>,
    ) {
        let place = |(conversation, cursor)| (conversation, Place { cursor, epoch, ..Place::default() });
        self.places.extend(cursors.into_iter().take(limits::CONVERSATIONS_MAX).map(place));
    }

    /// The server said who it is. With another one everything starts afresh. After it was set back the cursors stay, each with
    /// the epoch it is of, and the server says how much of them still holds.
    pub fn welcome(&mut self, server_id: &[u8], log_epoch: u64) -> Met {
        let Some((id, epoch)) = &mut self.server else {
            self.server = Some((server_id.to_vec(), log_epoch));
            return Met::Same;
        };
        if id != server_id {
            *self = Self { server: Some((server_id.to_vec(), log_epoch)), ..Self::default() };
            return Met::Other;
        }
        let before = std::mem::replace(epoch, log_epoch);
        if before == log_epoch {
            return Met::Same;
        }
        for place in self.places.values_mut() {
            place.epoch.get_or_insert(before);
            // They were of the log that is gone, and stood above what came.
            place.acked.clear();
        }
        self.waiting = 0;
        // Both accounts' logs may have the same versions by now, with other entries.
        self.account_version = 0;
        Met::SetBack
    }

    /// Whether some cursors are of an earlier epoch.
    pub fn is_set_back(&self) -> bool {
        self.places.values().any(|place| place.epoch.is_some())
    }

    /// The log of a conversation was set back: what came behind this event is gone.
    pub fn set_back(&mut self, conversation: ConversationId, event_seq: u64) {
        if let Some(place) = self.places.get_mut(&conversation) {
            place.cursor = place.cursor.min(event_seq);
            self.waiting -= place.advance(0);
        }
    }

    /// Forgets all positions and asks for everything from the beginning.
    pub fn rewind(&mut self) {
        self.places.clear();
        self.waiting = 0;
        self.account_version = 0;
        self.synced = true;
    }

    /// What to send on a new chat stream: where this device stands, then live.
    pub fn resume(&mut self) -> (Vec<chat::Cursors>, chat::Live) {
        let mut frames = Vec::new();
        for (epoch, pairs) in self.by_epoch() {
            let frame = |chunk: &[_]| chat::Cursors { cursors: chunk.to_vec(), epoch };
            frames.extend(pairs.chunks(limits::CURSORS_PER_FRAME_MAX).map(frame));
        }
        let live = chat::Live { account_version: self.account_version, fresh: !self.synced };
        (frames, live)
    }

    /// The cursors of each epoch; the server's own is `None`.
    pub fn by_epoch(&self) -> BTreeMap<Option<u64>, Vec<(ConversationId, u64)>> {
        let mut epochs: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for (conversation, place) in self.places.iter().filter(|(_, place)| place.cursor > 0) {
            epochs.entry(place.epoch).or_default().push((*conversation, place.cursor));
        }
        epochs
    }

    /// The server has sent what was asked for: from now on this device is not new any more, and cursors that were not set
    /// back hold.
    pub fn live(&mut self) {
        self.synced = true;
        for place in self.places.values_mut().filter(|place| place.epoch.is_some()) {
            self.waiting -= place.advance(0);
        }
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

    /// The place of a conversation; `None` for one more than there may be.
    fn place(&mut self, conversation: ConversationId) -> Option<&mut Place> {
        if self.places.len() >= limits::CONVERSATIONS_MAX && !self.places.contains_key(&conversation) {
            return None;
        }
        Some(self.places.entry(conversation).or_default())
    }

    /// An event arrived.
    pub fn event(&mut self, conversation: ConversationId, event_seq: u64) -> Seen {
        let Some(place) = self.place(conversation) else { return Seen::TooMany };
        if event_seq <= place.cursor {
            return Seen::Known;
        }
        let known = place.acked.contains(&event_seq);
        if event_seq > place.cursor.saturating_add(1) {
            return if known { Seen::Known } else { Seen::Gap };
        }
        let taken = place.advance(event_seq);
        self.waiting -= taken;
        if known { Seen::Known } else { Seen::New }
    }

    /// An own send was accepted: its ack stands for the event.
    pub fn acked(&mut self, conversation: ConversationId, event_seq: u64) {
        let full = self.waiting >= ACKED_MAX;
        let Some(place) = self.place(conversation) else { return };
        #[cfg(feature = "plant")]
        if crate::plant::is(crate::plant::Plant::CursorSkips) {
            place.advance(event_seq);
        }
        // A cursor of an earlier epoch says nothing about where this is.
        let earlier = place.epoch.is_some();
        let next = event_seq == place.cursor.saturating_add(1);
        if (event_seq > place.cursor || earlier) && (!full || next) {
            let new = place.acked.insert(event_seq);
            let taken = if earlier { 0 } else { place.advance(0) };
            self.waiting = self.waiting + usize::from(new) - taken;
        }
    }

    /// Nothing will come between these sequences.
    pub fn skip(&mut self, conversation: ConversationId, from: u64, to: u64) -> Seen {
        let Some(place) = self.place(conversation) else { return Seen::TooMany };
        if to <= place.cursor {
            return Seen::Known;
        }
        if from > place.cursor.saturating_add(1) {
            return Seen::Gap;
        }
        let taken = place.advance(to);
        self.waiting -= taken;
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
        if let Some(place) = self.places.remove(&conversation) {
            self.waiting -= place.acked.len();
        }
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
    fn where_a_device_stands_is_told_and_forgotten_as_a_whole() {
        const OTHER: ConversationId = ConversationId(2);
        let mut cursors = Cursors::restore(vec![1], 7, 3, [(ROOM, 9), (OTHER, 0)]);
        assert_eq!((cursors.server(), cursors.account_version()), (Some((&[1][..], 7)), 3));
        assert_eq!(cursors.positions().collect::<Vec<_>>(), [(ROOM, 9)]);
        cursors.account_reset();
        assert_eq!((cursors.account_version(), cursors.position(ROOM)), (0, 9));
        assert_eq!(cursors.entry(2), Seen::New);
        cursors.acked(ROOM, 12);
        assert_eq!(cursors.waiting, 1);
        cursors.rewind();
        assert_eq!((cursors.account_version(), cursors.position(ROOM), cursors.waiting), (0, 0, 0));
        assert_eq!(cursors.event(ROOM, 1), Seen::New);
    }

    #[test]
    fn another_server_starts_afresh() {
        let mut cursors = Cursors::restore(vec![1], 7, 3, [(ROOM, 9)]);
        assert_eq!(cursors.welcome(&[1], 7), Met::Same);
        assert!(!cursors.resume().1.fresh);
        assert_eq!(cursors.welcome(&[2], 7), Met::Other);
        assert!(cursors.resume().1.fresh);
        assert_eq!(cursors.position(ROOM), 0);
    }

    #[test]
    fn after_a_restore_cursors_say_which_log_they_are_of_until_they_hold() {
        const OTHER: ConversationId = ConversationId(2);
        let mut cursors = Cursors::restore(vec![1], 7, 3, [(ROOM, 9), (OTHER, 4)]);
        cursors.acked(ROOM, 12);
        assert_eq!(cursors.welcome(&[1], 8), Met::SetBack);
        assert_eq!(cursors.welcome(&[1], 8), Met::Same, "once");
        let (frames, live) = cursors.resume();
        assert_eq!(frames, [chat::Cursors { cursors: vec![(ROOM, 9), (OTHER, 4)], epoch: Some(7) }]);
        assert_eq!((live.account_version, live.fresh), (0, false));
        // An ack of the new log, below the cursor of the old one and above what both have.
        cursors.acked(ROOM, 8);
        cursors.set_back(ROOM, 6);
        assert_eq!(cursors.event(ROOM, 7), Seen::New);
        assert_eq!(cursors.position(ROOM), 8);
        // Once more before this was over: each cursor is of its own log.
        assert_eq!(cursors.welcome(&[1], 9), Met::SetBack);
        let epochs: Vec<_> = cursors.resume().0.iter().map(|frame| frame.epoch).collect();
        assert_eq!(epochs, [Some(7), Some(8)]);
        cursors.acked(OTHER, 5);
        assert_eq!((cursors.position(OTHER), cursors.waiting), (4, 1), "the ack waits for what holds");
        cursors.live();
        assert_eq!((cursors.position(OTHER), cursors.waiting), (5, 0));
        assert!(!cursors.is_set_back());
        assert_eq!(cursors.resume().0, [chat::Cursors { cursors: vec![(ROOM, 8), (OTHER, 5)], epoch: None }]);
    }

    #[test]
    fn a_server_that_names_conversations_without_end_is_not_followed() {
        let mut cursors = Cursors::default();
        for number in 0..limits::CONVERSATIONS_MAX as u64 {
            assert_eq!(cursors.event(ConversationId(number), 1), Seen::New);
        }
        let more = ConversationId(u64::MAX);
        assert_eq!(cursors.event(more, 1), Seen::TooMany);
        assert_eq!(cursors.skip(more, 1, 2), Seen::TooMany);
        cursors.acked(more, 1);
        assert_eq!(cursors.places.len(), limits::CONVERSATIONS_MAX);
        (0..3 * ACKED_MAX as u64).for_each(|seq| cursors.acked(ConversationId(seq % 7), 10 + 2 * seq));
        let waiting: usize = cursors.places.values().map(|place| place.acked.len()).sum();
        assert_eq!((waiting, cursors.waiting), (ACKED_MAX, ACKED_MAX));
        (0..7).for_each(|number| cursors.forget(ConversationId(number)));
        assert_eq!(cursors.waiting, 0);
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
