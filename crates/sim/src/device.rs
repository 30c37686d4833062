//! A device: the pure outbox and cursors, what an app keeps on its disk, and how it connects again.

use std::{
    borrow::Cow,
    collections::{BTreeSet, VecDeque},
};

use litrocket_core::client::{Cursors, Outbox, Outgoing, Seen, Verdict};
use litrocket_history::{Broken, Entry, Gone, Hash};
use litrocket_protocol::{Class, ConversationId, MessageId, chat, event::kind};

use crate::{
    chances::{MS, SECOND},
    clocks::Clocks,
    link::{Link, ToClient, ToServer},
    store::{Stored, account, conversation, room_index},
    told::Told,
    world::{Event, World},
};

const SERVER_ID: &[u8] = b"simulated";
const LOG_EPOCH: u64 = 1;
/// Messages a device remembers for edits, answers and reactions.
const REMEMBERED: usize = 16;

/// What arrived and the app has not handled.
#[derive(Debug)]
enum Item {
    Event(ConversationId, u64),
    Skip(chat::Skip),
    Live,
}

#[derive(Debug)]
pub(crate) struct Device {
    /// Its number in the history: a device that lost everything is another one.
    pub(crate) number: u64,
    pub(crate) account: usize,
    pub(crate) link: Option<usize>,
    /// The person wants it on-line; the network lets it.
    pub(crate) wanted: bool,
    pub(crate) reachable: bool,
    /// Which attempt to connect counts; how many failed.
    pub(crate) dial: u64,
    failed: u32,
    pub(crate) outbox: Outbox,
    pub(crate) received: Cursors,
    pub(crate) handled: Cursors,
    items: VecDeque<Item>,
    pub(crate) told: Told,
    pub(crate) clocks: Clocks,
    /// Sends whose caller waits for the answer.
    pending: BTreeSet<MessageId>,
    /// On the device's disk: the cursors, and the sends without an answer.
    saved: Option<Vec<(ConversationId, u64)>>,
    unsent: Vec<(ConversationId, Outgoing)>,
    /// Own texts and those of others, as far as the person sees them on the screen.
    pub(crate) own: VecDeque<(usize, u64)>,
    pub(crate) seen: VecDeque<(usize, u64)>,
}

fn remember(list: &mut VecDeque<(usize, u64)>, message: (usize, u64)) {
    list.push_back(message);
    if list.len() > REMEMBERED {
        list.pop_front();
    }
}

impl Device {
    pub(crate) fn new(number: u64, account: usize) -> Self {
        Self {
            number,
            account,
            link: None,
            wanted: true,
            reachable: true,
            dial: 0,
            failed: 0,
            outbox: Outbox::default(),
            received: Cursors::default(),
            handled: Cursors::default(),
            items: VecDeque::new(),
            told: Told::default(),
            clocks: Clocks::default(),
            pending: BTreeSet::new(),
            saved: None,
            unsent: Vec::new(),
            own: VecDeque::new(),
            seen: VecDeque::new(),
        }
    }

    pub(crate) fn push(&mut self, conversation: ConversationId, message: Outgoing) {
        self.pending.insert(message.id);
        self.unsent.push((conversation, message.clone()));
        self.outbox.push(conversation, message);
    }

    /// The app takes what waits for it.
    pub(crate) fn handle(&mut self) {
        for item in self.items.drain(..) {
            match item {
                Item::Event(conversation, seq) => drop(self.handled.event(conversation, seq)),
                Item::Skip(skip) => drop(self.handled.skip(skip.conversation, skip.from, skip.to)),
                Item::Live => self.handled.live(),
            }
        }
    }

    /// Everything is to come again, also after a crash.
    pub(crate) fn rewind(&mut self) {
        self.items.clear();
        self.handled.rewind();
        self.received.rewind();
        self.told.forget(&[]);
        self.saved = Some(Vec::new());
    }

    fn settled(&mut self, id: MessageId) {
        self.pending.remove(&id);
        self.unsent.retain(|(_, message)| message.id != id);
    }

    fn answered(&mut self, conversation: ConversationId, id: MessageId, event_seq: u64) {
        self.outbox.acked(conversation, id);
        self.received.acked(conversation, event_seq);
        self.handled.acked(conversation, event_seq);
        self.told.know(conversation, event_seq, event_seq);
        self.settled(id);
    }

    /// The app ends and starts again with what is on its disk; whether that is anything.
    fn restart(&mut self) -> bool {
        self.items.clear();
        self.pending.clear();
        self.outbox = Outbox::default();
        for (conversation, message) in &self.unsent {
            self.outbox.push(*conversation, message.clone());
        }
        self.handled = match &self.saved {
            Some(saved) => Cursors::restore(SERVER_ID.to_vec(), LOG_EPOCH, 0, saved.iter().copied()),
            None => Cursors::default(),
        };
        self.received = self.handled.clone();
        self.told.forget(self.saved.as_deref().unwrap_or_default());
        self.saved.is_some()
    }
}

impl World {
    /// Tries to connect, unless it is connected.
    pub(crate) fn dial(&mut self, at: usize, dial: u64) {
        let device = &mut self.devices[at];
        if device.dial != dial || !device.wanted || device.link.is_some() {
            return;
        }
        if !self.server.up || self.server.draining || !device.reachable {
            device.failed += 1;
            let pause = ((100 * MS) << device.failed.min(6)).min(5 * SECOND);
            let pause = pause / 2 + self.rng.below(pause / 2);
            self.dial_in(at, pause);
            return;
        }
        device.failed = 0;
        let link = self.links.len();
        let (number, account_at) = (device.number, device.account);
        device.link = Some(link);
        device.received.welcome(SERVER_ID, LOG_EPOCH);
        device.handled.welcome(SERVER_ID, LOG_EPOCH);
        let (cursors, live) = device.received.resume();
        device.outbox.connected();
        self.links.push(Link::new(at, account_at));
        self.links[link].fresh = live.fresh;
        self.server.online.push(link);
        for room in 0..self.server.durable.len() {
            self.history.push(Entry::Resume {
                at_us: self.now,
                account: account(account_at),
                device: number,
                conversation: conversation(room),
                event_seq: self.devices[at].received.position(conversation(room)),
                seek: false,
            });
        }
        let mut frames: Vec<ToServer> = cursors.into_iter().map(ToServer::Cursors).collect();
        frames.push(ToServer::Live(live));
        self.write_to_server(link, frames);
        self.flush(at);
        self.replay(link);
    }

    pub(crate) fn dial_in(&mut self, at: usize, time: u64) {
        self.devices[at].dial += 1;
        let dial = self.devices[at].dial;
        self.after(time, Event::Dial(at, dial));
    }

    /// Writes what the outbox lets go.
    pub(crate) fn flush(&mut self, at: usize) {
        let device = &mut self.devices[at];
        let Some(link) = device.link else { return };
        let now_ms = device.clocks.steady_ms(self.now);
        let mut frames = Vec::new();
        while let Some(send) = device.outbox.next(now_ms) {
            self.history.push(Entry::Send {
                at_us: self.now,
                account: account(device.account),
                device: device.number,
                conversation: send.conversation,
                id: send.id,
                kind: send.kind,
                hash: Hash::of(&send.body),
                target: send.target_seq,
            });
            frames.push(ToServer::Send(send));
        }
        if let Some(until_ms) = device.outbox.next_pause_end(now_ms) {
            let at_us = device.clocks.shows_at(until_ms);
            self.at(at_us, Event::Flush(at));
        }
        // Small writes or one large one: what is lost together differs.
        if self.rng.chance(500) {
            for frame in frames {
                self.write_to_server(link, vec![frame]);
            }
        } else {
            self.write_to_server(link, frames);
        }
    }

    /// Takes frames in.
    pub(crate) fn hear(&mut self, link: usize, frames: Vec<ToClient>) {
        let at = self.links[link].device;
        for frame in frames {
            let next = match frame {
                ToClient::Ack(ack) => self.hear_ack(at, &ack),
                ToClient::Refused(refused) => self.hear_refusal(at, refused),
                ToClient::Event(conversation, event) => self.hear_event(at, conversation, &event),
                ToClient::Skip(skip) => self.hear_skip(at, link, skip),
                ToClient::CursorRefused(refused) => {
                    let message = format!(
                        "a cursor in conversation {} was refused: {}",
                        refused.conversation, refused.fault.code
                    );
                    self.history.break_off(Broken { rule: 4, message, at_us: self.now });
                    Seen::Known
                }
                ToClient::CaughtUp => {
                    self.links[link].fresh = false;
                    self.devices[at].received.live();
                    self.devices[at].items.push_back(Item::Live);
                    Seen::New
                }
            };
            if next == Seen::Gap {
                self.client_lost(link);
                return;
            }
        }
        let (handles, saves) = (self.chances.handles, self.chances.saves);
        if self.rng.chance(handles) {
            self.devices[at].handle();
            if self.rng.chance(saves) {
                self.devices[at].saved = Some(self.devices[at].handled.positions().collect());
            }
        }
        self.flush(at);
    }

    fn hear_ack(&mut self, at: usize, ack: &chat::Ack) -> Seen {
        let device = &mut self.devices[at];
        self.history.push(Entry::Ack {
            at_us: self.now,
            account: account(device.account),
            device: device.number,
            conversation: ack.conversation,
            id: ack.id,
            event_seq: ack.event_seq,
            message_seq: ack.message_seq,
            at_ms: ack.at_ms,
        });
        if ack.message_seq.is_some() {
            remember(&mut device.own, (room_index(ack.conversation), ack.event_seq));
        }
        device.answered(ack.conversation, ack.id, ack.event_seq);
        Seen::Known
    }

    fn hear_refusal(&mut self, at: usize, refused: chat::Refused) -> Seen {
        let device = &mut self.devices[at];
        let chat::Refused { conversation, id, epoch, fault } = refused;
        let now_ms = device.clocks.steady_ms(self.now);
        if device.outbox.refused(conversation, id, epoch, &fault, now_ms) == Verdict::Final {
            device.settled(id);
        }
        self.history.push(Entry::Refused {
            at_us: self.now,
            account: account(device.account),
            device: device.number,
            conversation,
            id,
            is_final: fault.class != Class::Retry,
            code: Cow::Owned(fault.code),
        });
        Seen::Known
    }

    fn hear_event(&mut self, at: usize, conversation: ConversationId, event: &Stored) -> Seen {
        let device = &mut self.devices[at];
        let position = event.position;
        // Nobody can read what a tombstone replaced.
        let hash = if event.gone == Gone::None { event.hash } else { Hash::UNKNOWN };
        self.history.push(Entry::Deliver {
            at_us: self.now,
            account: account(device.account),
            device: device.number,
            conversation,
            event_seq: position.event_seq,
            message_seq: position.shown_message_seq(),
            at_ms: position.at_ms,
            sender: event.sender,
            id: event.id,
            kind: event.kind,
            hash,
            gone: event.gone,
        });
        let seen = device.received.event(conversation, position.event_seq);
        if seen == Seen::New {
            let own =
                event.id.filter(|id| event.sender == account(device.account) && device.pending.contains(id));
            if let Some(id) = own {
                // The ack was lost with an earlier connection: the event stands for it.
                device.answered(conversation, id, position.event_seq);
            } else {
                if !device.told.event(conversation, position.event_seq) {
                    let message = format!("the app hears event {} twice", position.event_seq);
                    self.history.break_off(Broken { rule: 4, message, at_us: self.now });
                }
                device.items.push_back(Item::Event(conversation, position.event_seq));
            }
            if event.kind == kind::TEXT {
                remember(&mut device.seen, (room_index(conversation), position.event_seq));
            }
        }
        seen
    }

    fn hear_skip(&mut self, at: usize, link: usize, skip: chat::Skip) -> Seen {
        let device = &mut self.devices[at];
        let chat::Skip { conversation, from, to } = skip;
        self.history.push(Entry::Skip {
            at_us: self.now,
            account: account(device.account),
            device: device.number,
            conversation,
            from,
            to,
            fresh: self.links[link].fresh && from == 1 && device.received.position(conversation) == 0,
        });
        let seen = device.received.skip(conversation, from, to);
        if seen == Seen::New {
            device.told.know(conversation, from, to);
            device.items.push_back(Item::Skip(skip));
        }
        seen
    }

    /// The device notices that its connection is gone, or drops it. What it wrote may still arrive.
    pub(crate) fn client_lost(&mut self, link: usize) {
        if !self.links[link].client_open {
            return;
        }
        self.links[link].client_open = false;
        let at = self.links[link].device;
        self.devices[at].link = None;
        if self.links[link].server_open {
            let time = self.rng.long(MS, 15);
            self.after(time, Event::ServerLost(link));
        }
        let time = self.rng.long(50 * MS, 6);
        self.dial_in(at, time);
    }

    /// The app ends at once and starts again.
    pub(crate) fn crash(&mut self, at: usize) {
        if let Some(link) = self.devices[at].link {
            self.cut(link);
            self.client_lost(link);
        }
        if !self.devices[at].restart() {
            let (account, device) = (account(self.devices[at].account), self.devices[at].number);
            self.history.push(Entry::Lost { at_us: self.now, account, device });
            self.last_number += 1;
            self.devices[at].number = self.last_number;
        }
        let time = self.rng.long(100 * MS, 10);
        self.dial_in(at, time);
    }
}
