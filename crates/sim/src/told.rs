//! What the app of one device knows: each event once, none left out. The checker judges what comes over the wire;
//! this judges what the client's cursors make of it.

use litrocket_protocol::ConversationId;

use crate::store::room_index;

/// The events the app knows, by conversation: as themselves, by the ack of an own send, or as skipped.
#[derive(Debug, Default)]
pub(crate) struct Told(Vec<Vec<bool>>);

impl Told {
    fn room(&mut self, conversation: ConversationId, upto: u64) -> &mut [bool] {
        let (room, len) = (room_index(conversation), upto as usize + 1);
        if self.0.len() <= room {
            self.0.resize_with(room + 1, Vec::new);
        }
        let events = &mut self.0[room];
        if events.len() < len {
            events.resize(len, false);
        }
        events
    }

    /// The app is told of an event; `false` when it knows it.
    pub(crate) fn event(&mut self, conversation: ConversationId, event_seq: u64) -> bool {
        !std::mem::replace(&mut self.room(conversation, event_seq)[event_seq as usize], true)
    }

    /// The app knows of a run of events without hearing them one by one.
    pub(crate) fn know(&mut self, conversation: ConversationId, from: u64, to: u64) {
        self.room(conversation, to)[from as usize..=to as usize].fill(true);
    }

    /// Below a cursor, the first event that the app was not told of.
    pub(crate) fn hole(&mut self, conversation: ConversationId, cursor: u64) -> Option<u64> {
        let events = &self.room(conversation, cursor)[..=cursor as usize];
        events.iter().skip(1).position(|known| !known).map(|at| at as u64 + 1)
    }

    /// The app lost what lies above these cursors, and in all other conversations everything.
    pub(crate) fn forget(&mut self, cursors: &[(ConversationId, u64)]) {
        for (room, events) in self.0.iter_mut().enumerate() {
            let cursor = cursors.iter().find(|(conversation, _)| room_index(*conversation) == room);
            events.truncate(cursor.map_or(0, |(_, cursor)| *cursor as usize + 1));
        }
    }
}
