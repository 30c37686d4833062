//! The client's outbox fed with random answers, beside a model that is too simple to be wrong.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use litrocket_core::client::{Outbox, Outgoing, Verdict};
use litrocket_protocol::{Class, ConversationId, Fault, chat, event::kind, fault::code};

use crate::{
    Input,
    cores::{id, room},
};

/// What waits in an outbox, by conversation and in order, and what of it is under way.
#[derive(Default)]
struct Waiting {
    all: BTreeMap<ConversationId, VecDeque<u64>>,
    under_way: BTreeMap<ConversationId, BTreeSet<u64>>,
}

impl Waiting {
    fn has(&self, room: ConversationId, number: u64) -> bool {
        self.all.get(&room).is_some_and(|queue| queue.contains(&number))
    }

    fn is_over(&mut self, room: ConversationId, number: u64) {
        self.all.entry(room).or_default().retain(|one| *one != number);
        self.under_way.entry(room).or_default().remove(&number);
    }

    /// The next one was written.
    fn goes(&mut self, send: &chat::Send) {
        let number = u64::from_be_bytes(send.id.0[8..].try_into().unwrap());
        let flying = self.under_way.entry(send.conversation).or_default();
        let next = self.all[&send.conversation].iter().find(|id| !flying.contains(id));
        assert_eq!(next, Some(&number), "out of its order");
        flying.insert(number);
    }

    /// It and all behind it go again.
    fn goes_again(&mut self, room: ConversationId, number: u64) {
        let queue = &self.all[&room];
        let at = queue.iter().position(|one| *one == number).unwrap();
        let flying = self.under_way.entry(room).or_default();
        for one in queue.iter().skip(at) {
            flying.remove(one);
        }
    }

    fn agrees(&self, outbox: &Outbox) {
        let count: usize = self.all.values().map(VecDeque::len).sum();
        assert_eq!((outbox.len(), outbox.is_empty()), (count, count == 0));
        let flying: usize = self.under_way.values().map(BTreeSet::len).sum();
        assert_eq!(outbox.is_under_way(), flying > 0);
    }
}

/// Whatever a server answers: sends of a conversation go in their order, and none is lost or under way twice.
pub(crate) fn outbox(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let (mut outbox, mut waiting, mut now, mut last) = (Outbox::default(), Waiting::default(), 0_u64, 0);
    while !input.is_empty() {
        let room = room(&mut input);
        match input.below(8) {
            0 | 1 => {
                last += 1;
                let body = vec![0; usize::from(input.byte())];
                let message = Outgoing { id: id(last), kind: kind::TEXT, target: None, body, fallback: None };
                outbox.push(room, message.clone());
                outbox.push(room, message);
                waiting.all.entry(room).or_default().push_back(last);
            }
            2 | 3 => {
                if let Some(send) = outbox.next(now) {
                    waiting.goes(&send);
                }
            }
            4 => {
                let number = 1 + input.below(255).min(last);
                assert_eq!(outbox.acked(room, id(number)), waiting.has(room, number));
                waiting.is_over(room, number);
            }
            5 | 6 => {
                let number = 1 + input.below(255).min(last);
                refuse(&mut outbox, &mut waiting, &mut input, (room, number, now));
            }
            _ => {
                now = now.saturating_add(input.number());
                if input.below(2) == 1 {
                    outbox.connected();
                    waiting.under_way.clear();
                }
            }
        }
        waiting.agrees(&outbox);
    }
    let mut all: Vec<u64> = waiting.all.into_values().flatten().collect();
    let mut given_up: Vec<u64> = outbox
        .drain()
        .iter()
        .map(|(_, message)| u64::from_be_bytes(message.id.0[8..].try_into().unwrap()))
        .collect();
    all.sort_unstable();
    given_up.sort_unstable();
    assert_eq!(all, given_up);
    assert_eq!((outbox.len(), outbox.bytes()), (0, 0));
}

fn refuse(
    outbox: &mut Outbox,
    waiting: &mut Waiting,
    input: &mut Input<'_>,
    (room, number, now): (ConversationId, u64, u64),
) {
    let class = [Class::Retry, Class::Fix, Class::Gone][input.below(3) as usize];
    let mut fault = Fault::new(code::UNAVAILABLE);
    fault.class = class;
    fault.retry_after_ms = (input.below(2) == 1).then(|| input.number());
    let epoch = u32::from(input.byte() % 4);
    let (retries, was_there) = (class == Class::Retry, waiting.has(room, number));
    match outbox.refused(room, id(number), epoch, &fault, now) {
        Verdict::Final => {
            assert!(!retries && was_there);
            waiting.is_over(room, number);
        }
        Verdict::Again { at_ms } => {
            assert!(retries && was_there && at_ms >= now);
            waiting.goes_again(room, number);
        }
        Verdict::Stale => assert!(retries || !was_there),
    }
}
