//! The outbox: sends of each conversation in order, kept verbatim until they are answered.

use std::collections::{BTreeMap, VecDeque};

use litrocket_protocol::{Class, ConversationId, Fault, MessageId, chat};

/// Sends that may be under way in all. The server takes 256 before it reads no further.
const WINDOW: usize = 128;
/// The pause after a retryable refusal that names no time, in milliseconds.
const PAUSE_MS: u64 = 1_000;

/// A send before it has a conversation and an epoch.
#[derive(Debug, Clone, PartialEq)]
pub struct Outgoing {
    /// The id, for ever the same.
    pub id: MessageId,
    /// The kind of event.
    pub kind: u16,
    /// The event it refers to.
    pub target: Option<u64>,
    /// The body, verbatim.
    pub body: Vec<u8>,
    /// What to show when the kind is not known.
    pub fallback: Option<String>,
}

/// One conversation's sends. It stays when it is empty: its epoch belongs to the stream.
#[derive(Debug, Default)]
struct Queue {
    epoch: u32,
    paused_until_ms: u64,
    items: VecDeque<Outgoing>,
    /// How many of the items, from the front, are under way.
    under_way: usize,
}

/// What a refusal means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The send is over: tell the one who asked.
    Final,
    /// It goes again, with all that follow it, not before this time in milliseconds.
    Again {
        /// The time.
        at_ms: u64,
    },
    /// The send is not waiting for an answer any more.
    Stale,
}

/// Sends that have no answer yet.
#[derive(Debug, Default)]
pub struct Outbox {
    queues: BTreeMap<ConversationId, Queue>,
    waiting: usize,
    bytes: usize,
    /// The conversation that had its turn last.
    last: Option<ConversationId>,
}

impl Outbox {
    /// Puts a send at the end of its conversation. The same id again changes nothing.
    pub fn push(&mut self, conversation: ConversationId, message: Outgoing) {
        let queue = self.queues.entry(conversation).or_default();
        if queue.items.iter().any(|item| item.id == message.id) {
            return;
        }
        self.waiting += 1;
        self.bytes += message.body.len();
        queue.items.push_back(message);
    }

    /// The send with this id, while it has no answer.
    pub fn get(&self, id: MessageId) -> Option<(ConversationId, &Outgoing)> {
        let mut items = self.queues.iter().flat_map(|(of, queue)| queue.items.iter().map(|item| (*of, item)));
        items.find(|(_, item)| item.id == id)
    }

    /// Sends without an answer.
    pub fn len(&self) -> usize {
        self.waiting
    }

    /// Whether every send was answered.
    pub fn is_empty(&self) -> bool {
        self.waiting == 0
    }

    /// Bytes of the bodies without an answer.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether something is under way.
    pub fn is_under_way(&self) -> bool {
        self.queues.values().any(|queue| queue.under_way > 0)
    }

    /// A new chat stream: everything goes again in order, and epochs begin at 0.
    pub fn connected(&mut self) {
        for queue in self.queues.values_mut() {
            queue.epoch = 0;
            queue.paused_until_ms = 0;
            queue.under_way = 0;
        }
    }

    /// The next send to write, if the window has room: conversations take turns, each in its order.
    pub fn next(&mut self, now_ms: u64) -> Option<chat::Send> {
        let under_way: usize = self.queues.values().map(|queue| queue.under_way).sum();
        if under_way >= WINDOW {
            return None;
        }
        let ready = |queue: &Queue| queue.paused_until_ms <= now_ms && queue.items.len() > queue.under_way;
        let after = self.last.map_or(ConversationId(0), |last| ConversationId(last.0.saturating_add(1)));
        let turn = self.queues.range(after..).find(|(_, queue)| ready(queue)).map(|(id, _)| *id);
        let conversation =
            turn.or_else(|| self.queues.iter().find(|(_, queue)| ready(queue)).map(|(id, _)| *id))?;
        self.last = Some(conversation);
        let queue = self.queues.get_mut(&conversation)?;
        let epoch = queue.epoch;
        let message = queue.items.get(queue.under_way)?.clone();
        queue.under_way += 1;
        Some(chat::Send {
            conversation,
            epoch,
            id: message.id,
            kind: message.kind,
            target_seq: message.target,
            body: message.body,
            fallback: message.fallback,
        })
    }

    /// When the next paused conversation may go on, in milliseconds.
    pub fn next_pause_end(&self, now_ms: u64) -> Option<u64> {
        let paused =
            self.queues.values().filter(|queue| !queue.items.is_empty() && queue.paused_until_ms > now_ms);
        paused.map(|queue| queue.paused_until_ms).min()
    }

    /// The send was accepted. Whether it was waiting for that.
    pub fn acked(&mut self, conversation: ConversationId, id: MessageId) -> bool {
        self.remove(conversation, id)
    }

    fn remove(&mut self, conversation: ConversationId, id: MessageId) -> bool {
        let Some(queue) = self.queues.get_mut(&conversation) else { return false };
        let Some(at) = queue.items.iter().position(|item| item.id == id) else { return false };
        if let Some(item) = queue.items.remove(at) {
            self.waiting -= 1;
            self.bytes -= item.body.len();
            queue.under_way -= usize::from(at < queue.under_way);
        }
        true
    }

    /// The send was refused.
    pub fn refused(
        &mut self,
        conversation: ConversationId,
        id: MessageId,
        epoch: u32,
        fault: &Fault,
        now_ms: u64,
    ) -> Verdict {
        if fault.class != Class::Retry {
            return if self.remove(conversation, id) { Verdict::Final } else { Verdict::Stale };
        }
        let Some(queue) = self.queues.get_mut(&conversation) else { return Verdict::Stale };
        if epoch != queue.epoch {
            return Verdict::Stale;
        }
        let Some(at) = queue.items.iter().position(|item| item.id == id) else {
            return Verdict::Stale;
        };
        // The first refusal of an epoch: it and everything behind it goes again, in order.
        queue.epoch += 1;
        queue.paused_until_ms = now_ms.saturating_add(fault.retry_after_ms.unwrap_or(PAUSE_MS));
        queue.under_way = queue.under_way.min(at);
        Verdict::Again { at_ms: queue.paused_until_ms }
    }

    /// Gives every send up; answers them.
    pub fn drain(&mut self) -> Vec<(ConversationId, Outgoing)> {
        let queues = std::mem::take(self).queues.into_iter();
        queues
            .flat_map(|(conversation, queue)| queue.items.into_iter().map(move |item| (conversation, item)))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use litrocket_protocol::fault::code;
    use proptest::prelude::*;

    use super::*;

    const ROOM: ConversationId = ConversationId(1);

    fn message(number: u8) -> Outgoing {
        Outgoing { id: MessageId([number; 16]), kind: 1, target: None, body: vec![number], fallback: None }
    }

    fn drain(outbox: &mut Outbox, now_ms: u64) -> Vec<(u8, u32)> {
        std::iter::from_fn(|| outbox.next(now_ms)).map(|send| (send.id.0[0], send.epoch)).collect()
    }

    #[test]
    fn after_a_retryable_refusal_the_rest_goes_again_in_order() {
        let mut outbox = Outbox::default();
        (1..=4).for_each(|n| outbox.push(ROOM, message(n)));
        assert_eq!(drain(&mut outbox, 0), [(1, 0), (2, 0), (3, 0), (4, 0)]);
        assert!(outbox.acked(ROOM, MessageId([1; 16])));
        let busy = Fault::new(code::UNAVAILABLE).retry_after(50);
        let fenced = Fault::new(code::FENCED);
        assert_eq!(outbox.refused(ROOM, MessageId([2; 16]), 0, &busy, 10), Verdict::Again { at_ms: 60 });
        assert_eq!(outbox.refused(ROOM, MessageId([3; 16]), 0, &fenced, 11), Verdict::Stale);
        assert_eq!(drain(&mut outbox, 59), []);
        assert_eq!(outbox.next_pause_end(59), Some(60));
        assert_eq!(drain(&mut outbox, 60), [(2, 1), (3, 1), (4, 1)]);
    }

    #[test]
    fn what_waits_is_found_and_counted() {
        let mut outbox = Outbox::default();
        (1..=3).for_each(|n| outbox.push(ROOM, message(n)));
        outbox.push(ROOM, message(3));
        assert_eq!((outbox.len(), outbox.bytes(), outbox.is_under_way()), (3, 3, false));
        assert_eq!(outbox.get(MessageId([2; 16])), Some((ROOM, &message(2))));
        assert_eq!(outbox.get(MessageId([9; 16])), None);
        drain(&mut outbox, 0);
        assert!(outbox.is_under_way());
        (1..=3).for_each(|n| assert!(outbox.acked(ROOM, MessageId([n; 16]))));
        assert_eq!((outbox.len(), outbox.bytes(), outbox.is_under_way()), (0, 0, false));
    }

    #[test]
    fn a_final_refusal_ends_one_send_and_no_other() {
        let mut outbox = Outbox::default();
        (1..=2).for_each(|n| outbox.push(ROOM, message(n)));
        drain(&mut outbox, 0);
        let fault = Fault::new(code::ID_CONFLICT);
        assert_eq!(outbox.refused(ROOM, MessageId([1; 16]), 0, &fault, 0), Verdict::Final);
        assert_eq!(outbox.len(), 1);
        assert_eq!(outbox.refused(ROOM, MessageId([1; 16]), 0, &fault, 0), Verdict::Stale);
    }

    #[test]
    fn a_new_stream_sends_everything_again_from_epoch_0() {
        let mut outbox = Outbox::default();
        (1..=2).for_each(|n| outbox.push(ROOM, message(n)));
        drain(&mut outbox, 0);
        outbox.refused(ROOM, MessageId([1; 16]), 0, &Fault::new(code::UNAVAILABLE), 0);
        outbox.connected();
        assert_eq!(drain(&mut outbox, 0), [(1, 0), (2, 0)]);
    }

    proptest! {
        /// Whatever is acked, refused or cut off: an accepted order is the order of the pushes.
        #[test]
        fn accepted_order_is_the_order_of_the_pushes(plan in proptest::collection::vec(0_u8..6, 1..200)) {
            let mut outbox = Outbox::default();
            let mut pushed = 0;
            let mut wire: VecDeque<(u8, u32)> = VecDeque::new();
            let mut fence = 0;
            let mut accepted: Vec<u8> = Vec::new();
            for step in plan {
                match step {
                    0 | 1 if pushed < 200 => {
                        pushed += 1;
                        outbox.push(ROOM, message(pushed));
                    }
                    2 => wire.extend(drain(&mut outbox, u64::MAX)),
                    3 | 4 => {
                        // The server takes the next send, as the fence rule says.
                        let Some((n, epoch)) = wire.pop_front() else { continue };
                        let id = MessageId([n; 16]);
                        if accepted.contains(&n) {
                            outbox.acked(ROOM, id);
                        } else if epoch < fence {
                            outbox.refused(ROOM, id, epoch, &Fault::new(code::FENCED), 0);
                        } else if step == 3 {
                            accepted.push(n);
                            outbox.acked(ROOM, id);
                        } else {
                            fence = epoch + 1;
                            outbox.refused(ROOM, id, epoch, &Fault::new(code::UNAVAILABLE), 0);
                        }
                    }
                    _ => {
                        wire.clear();
                        fence = 0;
                        outbox.connected();
                    }
                }
            }
            prop_assert_eq!(&accepted, &(1..=accepted.len() as u8).collect::<Vec<_>>());
        }
    }
}
