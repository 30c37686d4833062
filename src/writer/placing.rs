//! An event at its place: its bytes, its row, and what the hub is told.

use litrocket_core::writer::Position;
use litrocket_protocol::{chat, event::Event, frame};

use super::tx::{Derived, Ids, NewEvent};
use crate::{
    db::Value,
    hub::{Appended, Committed},
};

pub(super) const INSERT_EVENT: &str = "INSERT INTO events
    (pos, conversation, event_seq, message_seq, at_ms, sender, kind, target_seq, id, hash, frame)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";

/// The same for a send: nothing is inserted where its sender has used its id before.
pub(super) const INSERT_SEND: &str = "INSERT INTO events
    (pos, conversation, event_seq, message_seq, at_ms, sender, kind, target_seq, id, hash, frame)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
    ON CONFLICT (id, sender) WHERE id IS NOT NULL DO NOTHING";

/// What placing an event needs of the transaction while its connection is lent.
pub(super) struct Placing<'a> {
    pub(super) committed: &'a mut Committed,
    pub(super) derived: &'a mut Vec<Derived>,
    pub(super) ids: &'a mut Ids,
}

impl Placing<'_> {
    /// Encodes an event at its place, notes it for the hub, and makes its row for [`INSERT_EVENT`].
    pub(super) fn place(&mut self, event: NewEvent, position: Position) -> [Value; 11] {
        let (id, hash) = event.id.unzip();
        let wire = Event {
            conversation: event.conversation,
            event_seq: position.event_seq,
            message_seq: position.shown_message_seq(),
            at_ms: position.at_ms,
            sender: event.sender,
            kind: event.kind,
            target_seq: event.target,
            id,
            body: event.body,
            fallback: event.fallback,
            recalled_by: None,
            edited_by: None,
        };
        let bytes = frame::encode(chat::frame_type::EVENT, &wire);
        self.committed.events.push(Appended {
            conversation: event.conversation,
            event_seq: position.event_seq,
            frame: bytes.clone(),
            origin: event.origin,
        });
        let sent = position.counts.then_some((event.sender, position.message_seq));
        self.derived.push((event.conversation, position.at_ms, sent));
        self.ids.pos += 1;
        [
            Value::from(self.ids.pos),
            Value::from(event.conversation),
            Value::from(position.event_seq),
            Value::from(position.message_seq),
            Value::from(position.at_ms),
            Value::from(event.sender),
            Value::from(event.kind),
            Value::from(event.target),
            Value::from(id),
            Value::from(hash),
            Value::B(bytes),
        ]
    }

    /// Takes the last event back: it was not inserted.
    pub(super) fn take_back(&mut self) {
        self.committed.events.pop();
        self.derived.pop();
        self.ids.pos -= 1;
    }
}
