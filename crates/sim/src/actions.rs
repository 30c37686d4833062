//! What persons and fate do, one thing after the other.

use litrocket_core::client::Outgoing;
use litrocket_protocol::event::kind;

use crate::{
    chances::{Action, MS, SECOND},
    clocks::YEAR_MS,
    jobs::{Call, Request},
    store::{conversation, message_id},
    world::{Event, World},
};

impl World {
    /// One action, and the next one after a pause.
    pub(crate) fn act(&mut self) {
        self.actions += 1;
        if self.actions >= self.chances.actions {
            return;
        }
        let action = self.chances.action(&mut self.rng);
        let device = self.rng.index(self.devices.len());
        let mut room = self.rng.index(self.chances.rooms);
        // Hardly anybody writes where they are not.
        if !self.server.durable.room(room).members[self.devices[device].account].is_joined()
            && self.rng.chance(900)
        {
            room = self.rng.index(self.chances.rooms);
        }
        match action {
            Action::Kill => self.kill(),
            Action::Stop => self.drain(),
            Action::Full => {
                self.server.full = true;
                let time = self.rng.long(10 * MS, 12);
                self.after(time, Event::Freed);
            }
            Action::Clock => {
                let jump = self.rng.long(1, 34).min(YEAR_MS) as i64;
                self.server.clock_ms += if self.rng.chance(500) { jump } else { -jump };
            }
            Action::DeviceClock => self.devices[device].clocks.jump(&mut self.rng),
            Action::Policy => self.server.strict = true,
            Action::Away | Action::AppCrash | Action::Rewind | Action::Cut | Action::Partition => {
                self.trouble(action, device);
            }
            Action::Read | Action::Clear | Action::Hide | Action::Invite | Action::Remove | Action::Leave => {
                self.ask(action, device, room);
            }
            _ => self.write(action, device, room),
        }
        let (silences, pace) = (self.chances.silences, self.chances.pace);
        let pause = if self.rng.chance(silences) { self.rng.long(SECOND, 13) } else { self.rng.below(pace) };
        self.after(pause, Event::Act);
    }

    /// Something goes wrong for one device.
    fn trouble(&mut self, action: Action, at: usize) {
        match action {
            Action::AppCrash => return self.crash(at),
            Action::Away => {
                self.devices[at].wanted = false;
                let time = self.rng.long(SECOND, 13);
                self.after(time, Event::Back(at));
            }
            Action::Rewind => {
                self.devices[at].rewind();
            }
            Action::Partition => {
                self.devices[at].reachable = false;
                let time = self.rng.long(100 * MS, 12);
                self.after(time, Event::Reachable(at));
            }
            _ => {}
        }
        let Some(link) = self.devices[at].link else { return };
        if action == Action::Rewind {
            return self.client_lost(link);
        }
        if action != Action::Away || self.rng.chance(500) {
            self.cut(link);
        }
        // Who comes first to notice differs: a silent connection is dropped after seconds, or half a minute.
        let time = self.rng.long(MS, 12);
        self.after(time, Event::ClientLost(link));
        let time = self.rng.long(MS, 15);
        self.after(time, Event::ServerLost(link));
    }

    fn ask(&mut self, action: Action, at: usize, room: usize) {
        // The owner lets people in and puts them out; the first device of each account is at its index.
        let is_owners = matches!(action, Action::Invite | Action::Remove);
        let at = if is_owners { self.server.durable.room(room).owner } else { at };
        let Some(link) = self.devices[at].link else { return };
        // Those who are out are asked in, those who are in are put out.
        let out = |account: &usize| !self.server.durable.room(room).members[*account].is_joined();
        let mut others: Vec<usize> = (0..self.chances.accounts).collect();
        others.retain(|account| out(account) == (action == Action::Invite));
        let pick = self.rng.index(others.len());
        let Some(other) = others.get(pick).copied() else { return };
        let position = self.devices[at].received.position(conversation(room));
        let event_seq = self.rng.below(position + 1);
        let request = match action {
            Action::Read => Request::Read { room, event_seq },
            Action::Clear => Request::Clear { room },
            Action::Hide if event_seq > 0 => Request::Hide { room, event_seq },
            Action::Invite => Request::Invite { room, account: other },
            Action::Remove => Request::Remove { room, account: other },
            Action::Leave => Request::Leave { room },
            _ => return,
        };
        self.last_call += 1;
        let call = Call { number: self.last_call, link, request };
        if action == Action::Read {
            let key = (self.devices[at].account, room);
            if self.asking.iter().any(|(asking, _)| *asking == key) {
                return;
            }
            self.asking.push((key, call.number));
        }
        if self.links[link].cut {
            return self.give_up(&call);
        }
        let time = self.delay();
        self.after(time, Event::Called(call));
        // A request that changes a state may come twice.
        if action != Action::Read && self.rng.chance(100) {
            let time = self.delay();
            self.after(time, Event::Called(call));
        }
    }

    fn write(&mut self, action: Action, at: usize, room: usize) {
        let count = if action == Action::SayMuch { self.rng.range(2, 12) } else { 1 };
        for _ in 0..count {
            if !self.write_one(action, at, room) {
                return;
            }
        }
        self.flush(at);
    }

    /// Puts one send into the outbox; `false` when there is nothing to say it about.
    fn write_one(&mut self, action: Action, at: usize, room: usize) -> bool {
        let device = &self.devices[at];
        let own = self.rng.index(device.own.len());
        let seen = self.rng.index(device.seen.len());
        let answers = self.rng.chance(200);
        let (kind, about) = match action {
            Action::Edit => (kind::EDIT, device.own.get(own)),
            Action::Recall => (kind::RECALL, device.own.get(own)),
            Action::React => (kind::REACTION, device.seen.get(seen)),
            Action::SayAgain | Action::SayOther => return self.repeat(action, at),
            _ => (kind::TEXT, device.seen.get(seen).filter(|_| answers)),
        };
        if kind != kind::TEXT && about.is_none() {
            return false;
        }
        let (room, target) = about.map_or((room, None), |(room, seq)| (*room, Some(*seq)));
        self.last_message += 1;
        let number = self.last_message;
        let mut body = u64::from(number).to_be_bytes().to_vec();
        if self.rng.chance(200) {
            body.push(0);
        }
        let id = message_id(self.devices[at].clocks.day_ms(self.now), number);
        let message = Outgoing { id, kind, target, body, fallback: None };
        self.said.push((at, room, message.clone()));
        self.devices[at].push(conversation(room), message);
        true
    }

    /// What the device sent before goes into the outbox again, as it was or with other words.
    fn repeat(&mut self, action: Action, at: usize) -> bool {
        let pick = self.rng.index(self.said.len());
        let Some((device, room, message)) = self.said.get(pick) else { return false };
        let (room, mut message) = (*room, message.clone());
        if *device != at {
            return false;
        }
        if action == Action::SayOther {
            message.body.push(1);
        }
        self.devices[at].push(conversation(room), message);
        true
    }
}
