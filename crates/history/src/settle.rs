//! The log against everything that was sent and answered: rules 1, 2, 6 and 7.

use std::collections::HashMap;

use litrocket_protocol::ConversationId;

use crate::{
    Broken,
    conversation::{Conversation, Fact},
    sends::{Flight, Key, Record, Sends},
    tombstones::Tombstones,
};

/// Kinds that the server makes have no id and were not sent.
const SYSTEM: std::ops::RangeInclusive<u16> = 64..=127;

/// The highest position of a send that the log had so far.
#[derive(Debug, Default)]
struct Order {
    /// Per device and connection.
    connections: HashMap<(u64, u32), u32>,
    /// Per device.
    devices: HashMap<u64, u32>,
}

/// Checks the whole log of one conversation, and notes in the sends what it has.
pub(crate) fn log(sends: &mut Sends, id: ConversationId, conversation: &Conversation) -> Result<(), Broken> {
    let mut order = Order::default();
    let mut tombstones = Tombstones::default();
    for fact in conversation.log() {
        let event = &fact.event;
        let Some(message_id) = event.id else {
            if SYSTEM.contains(&event.kind) {
                continue;
            }
            let message = format!("event {} of conversation {id} has no id", event.event_seq);
            return Err(Broken::new(2, fact.seen_at.unwrap_or(0), message));
        };
        let key = (event.sender, message_id);
        let target = one(sends, key, id, fact, &mut order)?;
        let sent_us = sends.records.get(&key).map_or(0, |record| record.first_us);
        tombstones.change(event.event_seq, event.kind, target, sent_us);
    }
    tombstones.check(conversation)
}

/// Every ack has its event in some log.
pub(crate) fn acks(sends: &Sends) -> Result<(), Broken> {
    let lost = sends.records.iter().filter(|(_, record)| record.logged.is_none());
    let acked = lost.filter_map(|(key, record)| record.ack.map(|ack| (ack.at_us, ack.event_seq, key.1)));
    if let Some((at_us, event_seq, id)) = acked.min() {
        return Err(Broken::new(1, at_us, format!("{id}, acked as event {event_seq}, is in no log")));
    }
    // Without a first one there is nothing to be in conflict with.
    let vain = sends.rivals.iter().filter(|(_, rivals)| !rivals.conflicts.is_empty());
    let vain = vain.filter_map(|(key, _)| sends.records.get(key).map(|record| (record, key.1)));
    if let Some((record, id)) = vain.filter(|(record, _)| record.logged.is_none()).min_by_key(|(_, id)| *id) {
        let message = format!("{id} was refused as a conflict, but is in no log");
        return Err(Broken::new(7, record.first_us, message));
    }
    Ok(())
}

/// Checks one event of the log: answers what it refers to.
fn one(
    sends: &mut Sends,
    key: Key,
    conversation: ConversationId,
    fact: &Fact,
    order: &mut Order,
) -> Result<Option<u64>, Broken> {
    let (event, id) = (&fact.event, key.1);
    let seq = event.event_seq;
    let Some(record) = sends.records.get_mut(&key) else {
        let message = format!("event {seq} of conversation {conversation}, {id}, was never sent");
        return Err(Broken::new(2, fact.seen_at.unwrap_or(0), message));
    };
    let (rule, at_us) = record.ack.map_or((2, record.first_us), |ack| (1, ack.at_us));
    if let Some(before) = record.logged.replace(seq) {
        let message = format!("{id} is in the logs twice, as event {before} and as event {seq}");
        return Err(Broken::new(rule, at_us, message));
    }
    let rivals = sends.rivals.get(&key);
    let payloads = rivals.map_or(std::slice::from_ref(&record.payload), |rivals| &rivals.payloads);
    let Some(stored) = payloads.iter().find(|sent| sent.is(conversation, event)) else {
        let message = format!("event {seq} of conversation {conversation}, {id}, is not what was sent");
        return Err(Broken::new(rule, at_us, message));
    };
    if let Some(ack) = record.ack
        && (ack.event_seq, ack.message_seq, ack.at_ms) != (seq, event.message_seq, event.at_ms)
    {
        let message = format!(
            "{id} was acked as event {}, message {:?}, time {}, but the log has event {seq}, message {:?}, time {}",
            ack.event_seq, ack.message_seq, ack.at_ms, event.message_seq, event.at_ms
        );
        return Err(Broken::new(1, ack.at_us, message));
    }
    if let Some(at_us) = record.refused_us {
        let rule = if record.sends > 1 { 7 } else { 2 };
        return Err(Broken::new(rule, at_us, format!("{id} was refused for good, but is event {seq}")));
    }
    match rivals {
        // Which of the payloads was sent when, and which one was stored, cannot be told: no order.
        Some(rivals) => {
            let is_stored = |about: &usize| rivals.payloads[*about].is(conversation, event);
            // Where an answer does not tell what it is about, the count of answers does: one for each send.
            let sends = |flight: &Flight, stored: bool| -> u32 {
                let such = flight.sends.iter().filter(|(about, _)| is_stored(about) == stored);
                such.map(|(_, count)| count).sum()
            };
            let too_many_acks = |flight: &Flight| flight.acks > sends(flight, true);
            let too_many_conflicts = |flight: &Flight| flight.conflicts > sends(flight, false);
            if !rivals.acked.iter().all(is_stored) || rivals.flights.iter().any(too_many_acks) {
                return Err(Broken::new(7, at_us, format!("another payload of {id} was acked")));
            }
            if rivals.conflicts.iter().any(is_stored) || rivals.flights.iter().any(too_many_conflicts) {
                let message = format!("the stored payload of {id} was refused as a conflict");
                return Err(Broken::new(7, at_us, message));
            }
        }
        None => in_order(record, fact, order)?,
    }
    Ok(stored.target)
}

fn in_order(record: &Record, fact: &Fact, order: &mut Order) -> Result<(), Broken> {
    let (seq, at_us) = (fact.event.event_seq, record.first_us);
    if let Some(seen) = fact.seen_at.filter(|seen| *seen < at_us) {
        return Err(Broken::new(6, seen, format!("event {seq} was received before it was sent")));
    }
    if record.floor >= seq {
        let message = format!("event {seq} was sent when event {} was known to be there", record.floor);
        return Err(Broken::new(6, at_us, message));
    }
    if record.shared {
        return Ok(());
    }
    // The sends of one connection come in order. What an ended one left behind may still arrive, and where it was
    // given up that is no matter; who sends it again on another connection does so before all that follows it.
    let (device, first, last) = (record.first.device, record.first, record.last);
    let is_later = |latest: Option<&u32>, position| latest.is_some_and(|latest| *latest > position);
    let overtaken = [first, last]
        .iter()
        .any(|turn| is_later(order.connections.get(&(device, turn.connection)), turn.position));
    let is_repeated = first.connection != last.connection;
    if overtaken || is_repeated && is_later(order.devices.get(&device), first.position) {
        let message =
            format!("event {seq} was sent by device {device} before an event that the log has before it");
        return Err(Broken::new(6, at_us, message));
    }
    for latest in [
        order.connections.entry((device, first.connection)).or_default(),
        order.devices.entry(device).or_default(),
    ] {
        *latest = first.position.max(*latest);
    }
    Ok(())
}
