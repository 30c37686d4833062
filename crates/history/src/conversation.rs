//! What everybody says about the events of one conversation: rules 3 and 5.

use std::collections::HashMap;

use litrocket_protocol::{AccountId, MessageId, event::kind};

use crate::{Broken, Gone, Hash};

/// An event as a device received it or as the store has it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Telling {
    pub(crate) event_seq: u64,
    pub(crate) message_seq: Option<u64>,
    pub(crate) at_ms: u64,
    pub(crate) sender: AccountId,
    pub(crate) id: Option<MessageId>,
    pub(crate) kind: u16,
    pub(crate) hash: Hash,
    pub(crate) gone: Gone,
}

/// What is known of an event.
#[derive(Debug)]
pub(crate) struct Fact {
    pub(crate) event: Telling,
    /// When a device received it first.
    pub(crate) seen_at: Option<u64>,
    /// When a device received it first as a tombstone.
    pub(crate) gone_at: Option<u64>,
}

impl Fact {
    fn new(event: Telling) -> Self {
        Self { event, seen_at: None, gone_at: None }
    }

    /// Takes in what somebody else says about the same event, or names what differs.
    fn agree(&mut self, other: &Telling) -> Result<(), &'static str> {
        let mine = &mut self.event;
        let same = [
            ("id", mine.id == other.id),
            ("sender", mine.sender == other.sender),
            ("kind", mine.kind == other.kind),
            ("time", mine.at_ms == other.at_ms),
            ("message sequence", mine.message_seq == other.message_seq),
        ];
        if let Some((name, _)) = same.into_iter().find(|(_, same)| !same) {
            return Err(name);
        }
        if mine.payload() != other.payload() {
            if mine.payload().is_some() && other.payload().is_some() {
                return Err("payload");
            }
            if mine.payload().is_none() {
                mine.hash = other.hash;
            }
        }
        mine.gone = mine.gone.max(other.gone);
        Ok(())
    }
}

impl Telling {
    /// The payload, unless a tombstone hides it.
    pub(crate) fn payload(&self) -> Option<Hash> {
        (self.gone == Gone::None || self.hash != Hash::UNKNOWN).then_some(self.hash)
    }
}

#[derive(Debug, Default)]
pub(crate) struct Conversation {
    facts: HashMap<u64, Fact>,
    /// The last event of the log as read so far, and its time.
    head: u64,
    at_ms: u64,
    /// The events of the log that count.
    messages: Vec<u64>,
    latest: Latest,
}

/// The highest event that anybody knew to be durable, strictly before an instant.
#[derive(Debug, Default)]
struct Latest {
    before: u64,
    now: u64,
    now_us: u64,
}

impl Conversation {
    /// Somebody knows that this event is durable.
    pub(crate) fn seen(&mut self, at_us: u64, event_seq: u64) {
        let latest = &mut self.latest;
        if at_us > latest.now_us {
            latest.before = latest.now;
            latest.now_us = at_us;
        }
        latest.now = latest.now.max(event_seq);
    }

    /// Whatever is sent now comes after this event.
    pub(crate) fn floor(&self, at_us: u64) -> u64 {
        if at_us > self.latest.now_us { self.latest.now } else { self.latest.before }
    }

    /// A device received an event, on a connection that began at `connected_at`.
    pub(crate) fn delivered(
        &mut self,
        at_us: u64,
        event: Telling,
        connected_at: Option<u64>,
    ) -> Result<(), Broken> {
        self.seen(at_us, event.event_seq);
        let fact = self.facts.entry(event.event_seq).or_insert_with(|| Fact::new(event));
        let seq = event.event_seq;
        fact.agree(&event).map_err(|what| {
            Broken::new(5, at_us, format!("two accounts of event {seq} differ in the {what}"))
        })?;
        fact.seen_at.get_or_insert(at_us);
        if event.gone > Gone::None {
            fact.gone_at.get_or_insert(at_us);
        } else if let (Some(gone), Some(connected)) = (fact.gone_at, connected_at)
            && gone < connected
        {
            let message =
                format!("event {seq} was a tombstone before this device connected, but came in full");
            return Err(Broken::new(5, at_us, message));
        }
        Ok(())
    }

    /// The store's log goes on.
    pub(crate) fn logged(&mut self, at_us: u64, event: Telling, counts: bool) -> Result<(), Broken> {
        let seq = event.event_seq;
        let wrong = |message: String| Err(Broken::new(3, at_us, message));
        if seq != self.head + 1 {
            return wrong(format!("the log has event {seq} after {}", self.head));
        }
        if counts != kind::counts(event.kind) {
            return wrong(format!("event {seq} of kind {} counts: {counts}", event.kind));
        }
        let messages = self.messages.len() as u64;
        if event.message_seq != counts.then_some(messages + 1) {
            return wrong(format!(
                "event {seq} is message {:?} after {messages} messages, counts: {counts}",
                event.message_seq
            ));
        }
        if event.at_ms < self.at_ms {
            return wrong(format!("time goes back at event {seq}: {} after {}", event.at_ms, self.at_ms));
        }
        self.head = seq;
        self.at_ms = event.at_ms;
        if counts {
            self.messages.push(seq);
        }
        let fact = self.facts.entry(seq).or_insert_with(|| Fact::new(event));
        let forgotten = event.gone < fact.event.gone;
        let differs = fact.agree(&event).err().or(forgotten.then_some("tombstone"));
        match differs {
            Some(what) => {
                let message = format!("the log and a device differ about event {seq}: the {what}");
                Err(Broken::new(5, at_us, message))
            }
            None => Ok(()),
        }
    }

    /// The last event of the log.
    pub(crate) fn head(&self) -> u64 {
        self.head
    }

    /// How many events of the log count.
    pub(crate) fn messages(&self) -> u64 {
        self.messages.len() as u64
    }

    /// The event at a place among the messages of the log.
    pub(crate) fn message(&self, message_seq: u64) -> Option<&Telling> {
        let index = usize::try_from(message_seq.checked_sub(1)?).ok()?;
        self.facts.get(self.messages.get(index)?).map(|fact| &fact.event)
    }

    /// The log, in its order.
    pub(crate) fn log(&self) -> impl Iterator<Item = &Fact> {
        (1..=self.head).filter_map(|seq| self.facts.get(&seq))
    }

    /// An event that a device received and the log has not.
    pub(crate) fn beyond(&self) -> Option<&Fact> {
        let beyond = self.facts.values().filter(|fact| fact.event.event_seq > self.head);
        beyond.min_by_key(|fact| fact.event.event_seq)
    }
}
