//! What was sent and what was answered: rule 7, and what rules 1, 2 and 6 need to know of every send.

use std::collections::{HashMap, hash_map::Entry as Slot};

use litrocket_protocol::{AccountId, ConversationId, MessageId, event::kind};

use crate::{Broken, Hash, checker::Spot, conversation::Telling};

/// A message id belongs to its sender.
pub(crate) type Key = (AccountId, MessageId);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Payload {
    pub(crate) conversation: ConversationId,
    pub(crate) kind: u16,
    pub(crate) hash: Hash,
    pub(crate) target: Option<u64>,
}

impl Payload {
    /// Whether this is what the log has. Of a forward and a file the server writes the body itself.
    pub(crate) fn is(&self, conversation: ConversationId, event: &Telling) -> bool {
        let made = matches!(event.kind, kind::FORWARD | kind::FILE);
        let hash = made || event.payload().is_none_or(|hash| hash == self.hash);
        self.conversation == conversation && self.kind == event.kind && hash
    }
}

/// Where a send stands among those of its device in its conversation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Turn {
    pub(crate) device: u64,
    pub(crate) connection: u32,
    pub(crate) position: u32,
}

/// The first answer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ack {
    pub(crate) at_us: u64,
    pub(crate) event_seq: u64,
    pub(crate) message_seq: Option<u64>,
    pub(crate) at_ms: u64,
}

#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) payload: Payload,
    /// When it was sent first.
    pub(crate) first_us: u64,
    /// What was durable in its conversation by then.
    pub(crate) floor: u64,
    pub(crate) first: Turn,
    pub(crate) last: Turn,
    /// Several devices sent it: it has no place in the order of one.
    pub(crate) shared: bool,
    pub(crate) sends: u32,
    answers: u32,
    pub(crate) ack: Option<Ack>,
    /// The last answer was a final refusal.
    pub(crate) refused_us: Option<u64>,
    /// Where the log has it.
    pub(crate) logged: Option<u64>,
}

/// All payloads of an id that has several, and how they were answered, as far as one can tell.
#[derive(Debug)]
pub(crate) struct Rivals {
    pub(crate) payloads: Vec<Payload>,
    pub(crate) acked: Vec<usize>,
    pub(crate) conflicts: Vec<usize>,
    /// Where several were under way together: which answer is about which nobody can tell, but they can be counted.
    pub(crate) flights: Vec<Flight>,
}

/// Sends of one id that were under way together on one connection, with several payloads.
#[derive(Debug, Clone)]
pub(crate) struct Flight {
    /// Which payloads, and how often each was sent.
    pub(crate) sends: Vec<(usize, u32)>,
    pub(crate) acks: u32,
    pub(crate) conflicts: u32,
}

#[derive(Debug, Default)]
pub(crate) struct Sends {
    pub(crate) records: HashMap<Key, Record>,
    pub(crate) rivals: HashMap<Key, Rivals>,
}

impl Sends {
    /// Which payload of its id a send carries, counted from 0.
    pub(crate) fn payload(&mut self, key: Key, payload: Payload) -> usize {
        let Some(record) = self.records.get(&key) else { return 0 };
        let rivals = match self.rivals.entry(key) {
            Slot::Occupied(slot) => slot.into_mut(),
            Slot::Vacant(_) if record.payload == payload => return 0,
            Slot::Vacant(slot) => {
                let acked = if record.ack.is_some() { vec![0] } else { Vec::new() };
                let payloads = vec![record.payload];
                slot.insert(Rivals { payloads, acked, conflicts: Vec::new(), flights: Vec::new() })
            }
        };
        rivals.payloads.iter().position(|known| *known == payload).unwrap_or_else(|| {
            rivals.payloads.push(payload);
            rivals.payloads.len() - 1
        })
    }

    /// Several payloads of an id were under way together.
    pub(crate) fn flew(&mut self, key: Key, flight: Flight) {
        if let Some(rivals) = self.rivals.get_mut(&key) {
            rivals.flights.push(flight);
        }
    }

    pub(crate) fn send(&mut self, at_us: u64, key: Key, payload: Payload, turn: Turn, floor: u64) {
        let record = match self.records.entry(key) {
            Slot::Vacant(slot) => slot.insert(Record {
                payload,
                first_us: at_us,
                floor,
                first: turn,
                last: turn,
                shared: false,
                sends: 0,
                answers: 0,
                ack: None,
                refused_us: None,
                logged: None,
            }),
            Slot::Occupied(slot) => slot.into_mut(),
        };
        if record.refused_us.take().is_some() {
            // It was over: this is a new attempt, with its own place in the order.
            (record.first_us, record.floor, record.first, record.shared) = (at_us, floor, turn, false);
        }
        record.shared |= record.first.device != turn.device;
        record.last = turn;
        record.sends += 1;
    }

    /// An ack came; `about` is the payload it answers, if that is certain.
    pub(crate) fn acked(
        &mut self,
        key: Key,
        spot: Spot,
        ack: Ack,
        about: Option<usize>,
    ) -> Result<(), Broken> {
        let (at_us, seq) = (ack.at_us, ack.event_seq);
        let record = self.answer(key, spot)?;
        let first = *record.ack.get_or_insert(ack);
        if (first.event_seq, first.message_seq, first.at_ms) != (seq, ack.message_seq, ack.at_ms) {
            let message =
                format!("{} was acked as event {}, and again otherwise, as {seq}", key.1, first.event_seq);
            return Err(Broken::new(7, at_us, message));
        }
        record.refused_us = None;
        if let (Some(about), Some(rivals)) = (about, self.rivals.get_mut(&key))
            && !rivals.acked.contains(&about)
        {
            rivals.acked.push(about);
        }
        Ok(())
    }

    /// A refusal came; `about` is the payload it answers, if that is certain.
    pub(crate) fn refused(
        &mut self,
        key: Key,
        spot: Spot,
        (code, is_final): (&str, bool),
        about: Option<usize>,
    ) -> Result<(), Broken> {
        let record = self.answer(key, spot)?;
        if code == litrocket_protocol::fault::code::ID_CONFLICT.name {
            let Some(rivals) = self.rivals.get_mut(&key) else {
                let message = format!("{} was refused as {code}, but had one payload only", key.1);
                return Err(Broken::new(7, spot.at_us, message));
            };
            rivals.conflicts.extend(about.filter(|about| !rivals.conflicts.contains(about)));
        } else if is_final {
            if record.ack.is_some() {
                let message = format!("{} was acked, and then refused as {code}", key.1);
                return Err(Broken::new(7, spot.at_us, message));
            }
            record.refused_us = Some(spot.at_us);
        }
        Ok(())
    }

    fn answer(&mut self, key: Key, spot: Spot) -> Result<&mut Record, Broken> {
        let Spot { at_us, conversation, device, .. } = spot;
        let sent_here =
            |rivals: &Rivals| rivals.payloads.iter().any(|sent| sent.conversation == conversation);
        let rival = self.rivals.get(&key).is_some_and(sent_here);
        let record = self.records.get_mut(&key);
        let Some(record) = record.filter(|sent| rival || sent.payload.conversation == conversation) else {
            let message =
                format!("{} is answered in conversation {conversation}, where it was not sent", key.1);
            return Err(Broken::new(1, at_us, message));
        };
        if !record.shared && record.first.device != device {
            let message = format!("{} is answered to device {device}, which did not send it", key.1);
            return Err(Broken::new(1, at_us, message));
        }
        record.answers += 1;
        if record.answers > record.sends {
            let message = format!("{} has more answers than sends", key.1);
            return Err(Broken::new(7, at_us, message));
        }
        Ok(record)
    }
}
