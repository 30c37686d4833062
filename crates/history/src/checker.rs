//! The checker: takes the entries in their order and says which rule they break first.
//!
//! Most rules are local to one device in one conversation ([`crate::place`]) or to one conversation
//! ([`crate::conversation`]) and answer at once. What needs the whole log waits for [`Checker::finish`].

use std::collections::{HashMap, HashSet};

use litrocket_core::access::Range;
use litrocket_protocol::{AccountId, ConversationId, MessageId, ids::MAX_ID, unread::Markers};

use crate::{
    Broken, Entry, Report,
    conversation::{Conversation, Telling},
    ends::End,
    markers::Answers,
    place::{Place, Run, Said},
    reach::Reach,
    sends::{Ack, Payload, Sends, Turn},
    settle,
};

/// Checks one history in O(n). Memory grows with the sends, the events and the devices, not with the deliveries.
#[derive(Debug, Default)]
pub struct Checker {
    report: Report,
    pub(crate) now_us: u64,
    sends: Sends,
    pub(crate) conversations: HashMap<ConversationId, Conversation>,
    pub(crate) devices: HashMap<u64, AccountId>,
    /// Devices that are heard of no more.
    pub(crate) lost: HashSet<u64>,
    pub(crate) places: HashMap<(u64, ConversationId), Place>,
    pub(crate) reach: HashMap<(AccountId, ConversationId), Reach>,
    answers: HashMap<(AccountId, ConversationId), Answers>,
    pub(crate) ends: Vec<End>,
}

/// Where and when something happened to a device.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spot {
    pub(crate) at_us: u64,
    pub(crate) account: AccountId,
    pub(crate) device: u64,
    pub(crate) conversation: ConversationId,
}

impl Checker {
    /// A checker that saw nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next entry. An error is the answer for the whole history: nothing may be pushed after it.
    pub fn push(&mut self, entry: Entry) -> Result<(), Broken> {
        let at_us = entry.at_us();
        if at_us < self.now_us {
            return Err(Broken::new(0, at_us, format!("the clock goes back from {}", self.now_us)));
        }
        self.now_us = at_us;
        match entry {
            Entry::Send { .. } | Entry::Ack { .. } | Entry::Refused { .. } => self.sender(entry),
            Entry::Deliver { .. } | Entry::Skip { .. } | Entry::Resume { .. } | Entry::End { .. } => {
                self.receiver(entry)
            }
            Entry::Access { .. } | Entry::Hidden { .. } | Entry::Cleared { .. } | Entry::Unread { .. } => {
                self.account(entry)
            }
            #[rustfmt::skip]
            Entry::Log { conversation, event_seq, message_seq, counts, at_ms, sender, id, kind, hash, gone, .. } => {
                let event = Telling { event_seq, message_seq, at_ms, sender, id, kind, hash, gone };
                let log = self.conversations.entry(conversation).or_default();
                log.logged(at_us, event, counts).map_err(|broken| inside(broken, conversation))
            }
            Entry::Restart { .. } => {
                self.report.restarts += 1;
                Ok(())
            }
            Entry::Lost { account, device, .. } => {
                self.known(at_us, account, device)?;
                self.lost.insert(device);
                Ok(())
            }
        }
    }

    /// What a device sends, and what it is answered.
    fn sender(&mut self, entry: Entry) -> Result<(), Broken> {
        match entry {
            Entry::Send { at_us, account, device, conversation, id, kind, hash, target } => {
                let at = Spot { at_us, account, device, conversation };
                self.send(at, id, Payload { conversation, kind, hash, target })
            }
            Entry::Ack { at_us, account, device, conversation, id, event_seq, message_seq, at_ms } => {
                let at = Spot { at_us, account, device, conversation };
                self.ack(at, id, Ack { at_us, event_seq, message_seq, at_ms })
            }
            Entry::Refused { at_us, account, device, conversation, id, code, is_final } => {
                let at = Spot { at_us, account, device, conversation };
                let is_conflict = code == litrocket_protocol::fault::code::ID_CONFLICT.name;
                let about =
                    self.place(at, 0)?.answered(id, if is_conflict { Said::Conflict } else { Said::No });
                self.sends.refused((account, id), at, (&code, is_final), about)
            }
            _ => Ok(()),
        }
    }

    fn send(&mut self, at: Spot, id: MessageId, payload: Payload) -> Result<(), Broken> {
        self.report.sends += 1;
        let key = (at.account, id);
        let about = self.sends.payload(key, payload);
        let place = self.place(at, 0)?;
        let position = place.sends(id, about);
        let turn = Turn { device: at.device, connection: place.connection, position };
        let floor = self.conversations.entry(at.conversation).or_default().floor(at.at_us);
        self.sends.send(at.at_us, key, payload, turn, floor);
        Ok(())
    }

    fn ack(&mut self, at: Spot, id: MessageId, ack: Ack) -> Result<(), Broken> {
        self.report.acks += 1;
        let place = self.place(at, ack.event_seq)?;
        let about = place.answered(id, Said::Ack);
        place.acked(ack.event_seq);
        self.sends.acked((at.account, id), at, ack, about)?;
        if let Some(message_seq) = ack.message_seq {
            self.answers.entry((at.account, at.conversation)).or_default().sent(message_seq);
        }
        self.conversations.entry(at.conversation).or_default().seen(at.at_us, ack.event_seq);
        Ok(())
    }

    /// What a device receives, and where it stands.
    fn receiver(&mut self, entry: Entry) -> Result<(), Broken> {
        match entry {
            #[rustfmt::skip]
            Entry::Deliver {
                at_us, account, device, conversation,
                event_seq, message_seq, at_ms, sender, id, kind, hash, gone,
            } => {
                self.report.deliveries += 1;
                let at = Spot { at_us, account, device, conversation };
                let place = self.place(at, event_seq)?;
                place.deliver(at_us, event_seq).map_err(|broken| at.name(broken))?;
                let connected_at = place.connected_at;
                if let Some(message_seq) = message_seq {
                    self.answers.entry((account, conversation)).or_default().heard(message_seq);
                }
                let event = Telling { event_seq, message_seq, at_ms, sender, id, kind, hash, gone };
                let conversation = self.conversations.entry(conversation).or_default();
                conversation.delivered(at_us, event, connected_at).map_err(|broken| at.name(broken))
            }
            Entry::Skip { at_us, account, device, conversation, from, to, fresh } => {
                let at = Spot { at_us, account, device, conversation };
                let run = Run { from, to, at_us };
                self.place(at, to)?.skip(run, fresh).map_err(|broken| at.name(broken))
            }
            Entry::Resume { at_us, account, device, conversation, event_seq, seek } => {
                let at = Spot { at_us, account, device, conversation };
                let place = self.place(at, event_seq)?;
                place.resume(at_us, event_seq, seek).map_err(|broken| at.name(broken))
            }
            Entry::End { at_us, account, device, conversation, event_seq } => {
                let at = Spot { at_us, account, device, conversation };
                self.place(at, event_seq)?;
                self.ends.push(End { at, event_seq });
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// What the store says of an account.
    fn account(&mut self, entry: Entry) -> Result<(), Broken> {
        match entry {
            Entry::Access { account, conversation, from, to, .. } => {
                self.reach.entry((account, conversation)).or_default().ranges.push(Range { from, to });
            }
            Entry::Hidden { account, conversation, event_seq, .. } => {
                self.reach.entry((account, conversation)).or_default().hidden.insert(event_seq);
            }
            Entry::Cleared { account, conversation, to, .. } => {
                let reach = self.reach.entry((account, conversation)).or_default();
                reach.cleared = reach.cleared.max(to.min(MAX_ID));
            }
            #[rustfmt::skip]
            Entry::Unread {
                at_us, account, conversation,
                head, joined, deleted_to, retained_from, read_marker, my_last_sent, unread,
            } => {
                let key = (account, conversation);
                let markers = Markers { head, joined, deleted_to, retained_from, read_marker, my_last_sent };
                let answers = self.answers.entry(key).or_default();
                answers.follow(at_us, markers, unread).map_err(|broken| inside(broken, conversation))?;
            }
            _ => {}
        }
        Ok(())
    }

    /// Where a device stands in a conversation. `event_seq` is the highest number its entry names.
    fn place(&mut self, at: Spot, event_seq: u64) -> Result<&mut Place, Broken> {
        if event_seq > MAX_ID {
            return Err(Broken::new(0, at.at_us, format!("{event_seq} is above 2^53")));
        }
        self.known(at.at_us, at.account, at.device)?;
        Ok(self.places.entry((at.device, at.conversation)).or_default())
    }

    /// A device belongs to one account, and says nothing when it is lost.
    fn known(&mut self, at_us: u64, account: AccountId, device: u64) -> Result<(), Broken> {
        let owner = *self.devices.entry(device).or_insert(account);
        if owner != account {
            let message = format!("device {device} belongs to account {owner} and to {account}");
            return Err(Broken::new(0, at_us, message));
        }
        if self.lost.contains(&device) {
            return Err(Broken::new(0, at_us, format!("device {device} is lost, and heard of again")));
        }
        Ok(())
    }

    /// Checks what only the whole history can tell.
    pub fn finish(mut self) -> Result<Report, Broken> {
        for ((device, _), place) in &self.places {
            let account = self.devices[device];
            place.flights().for_each(|(id, flight)| self.sends.flew((account, id), flight));
        }
        let mut ids: Vec<ConversationId> = self.conversations.keys().copied().collect();
        ids.sort_unstable();
        for id in &ids {
            settle::log(&mut self.sends, *id, &self.conversations[id])?;
        }
        settle::acks(&self.sends)?;
        for id in &ids {
            if let Some(fact) = self.conversations[id].beyond() {
                let message = format!("a device has event {}, the log has not", fact.event.event_seq);
                return Err(inside(Broken::new(5, fact.seen_at.unwrap_or(0), message), *id));
            }
        }
        let nothing = Conversation::default();
        for ((account, id), answers) in &self.answers {
            let log = self.conversations.get(id).unwrap_or(&nothing);
            answers.check(*account, log).map_err(|broken| inside(broken, *id))?;
        }
        self.reached()?;
        let (conversations, devices) = (ids.len() as u64, self.devices.len() as u64);
        Ok(Report { conversations, devices, ..self.report })
    }
}

impl Spot {
    pub(crate) fn name(&self, broken: Broken) -> Broken {
        let message =
            format!("device {} in conversation {}: {}", self.device, self.conversation, broken.message);
        Broken { message, ..broken }
    }
}

fn inside(broken: Broken, conversation: ConversationId) -> Broken {
    Broken { message: format!("conversation {conversation}: {}", broken.message), ..broken }
}
