//! The world: a clock, a queue of what comes next, and all who take part. One seed decides everything.

use std::{cmp::Reverse, collections::BinaryHeap};

use litrocket_core::{client::Outgoing, writer::Position};
use litrocket_history::{Broken, Entry, Gone, Hash, Report};
use litrocket_protocol::{event::kind, unread::Markers};

use crate::{
    chances::{Chances, SECOND},
    device::Device,
    history::History,
    jobs::Call,
    link::Link,
    rng::Rng,
    server::Server,
    store::{Member, Room, Store, Stored, account, conversation},
};

/// More than any run needs: beyond it something goes round in circles.
const EVENTS_MAX: u64 = 200_000;

/// What comes next.
#[derive(Debug)]
pub(crate) enum Event {
    /// Somebody or fate does something.
    Act,
    ToServer(usize),
    ToClient(usize),
    /// A device tries to connect; a later attempt cancels an earlier one.
    Dial(usize, u64),
    Flush(usize),
    ClientLost(usize),
    ServerLost(usize),
    Called(Call),
    Replied(Call, Markers),
    Committed(u32),
    Looked(usize),
    /// The server starts; the disk has room again; the network lets a device through; a person comes back.
    Start,
    Freed,
    Reachable(usize),
    Back(usize),
}

#[derive(Debug)]
struct Due {
    at: (u64, u64),
    event: Event,
}

impl PartialEq for Due {
    fn eq(&self, other: &Self) -> bool {
        self.at == other.at
    }
}

impl Eq for Due {}

impl PartialOrd for Due {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Due {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.at.cmp(&other.at)
    }
}

/// What a run answers.
#[derive(Debug)]
pub struct Outcome {
    /// What the checker says.
    pub result: Result<Report, Broken>,
    /// How long the run was on its own clock, in microseconds.
    pub simulated_us: u64,
    /// The history, if it was asked for.
    pub history: Vec<Entry>,
}

pub(crate) struct World {
    /// Microseconds since the begin.
    pub(crate) now: u64,
    order: u64,
    queue: BinaryHeap<Reverse<Due>>,
    pub(crate) rng: Rng,
    pub(crate) chances: Chances,
    pub(crate) server: Server,
    pub(crate) devices: Vec<Device>,
    pub(crate) links: Vec<Link>,
    pub(crate) history: History,
    /// Nothing bad happens any more.
    pub(crate) calm: bool,
    pub(crate) actions: u64,
    /// Everything that was said, for those who repeat themselves: device, room and message.
    pub(crate) said: Vec<(usize, usize, Outgoing)>,
    /// Numbers given to messages, requests and devices.
    pub(crate) last_message: u32,
    pub(crate) last_call: u64,
    pub(crate) last_number: u64,
    /// Who asks for an unread count: account and room, with the number of the request.
    pub(crate) asking: Vec<((usize, usize), u64)>,
}

/// Runs one seed to its end. A panic of the cores is a broken run (rule 0, without a history).
pub fn simulate(seed: u64, keep_history: bool) -> Outcome {
    let run = || {
        let mut world = World::new(seed);
        if keep_history {
            world.history.entries = Some(Vec::new());
        }
        world.run();
        world.finish()
    };
    std::panic::catch_unwind(run).unwrap_or_else(|_| {
        let broken = Broken { rule: 0, message: "a panic ended the run".into(), at_us: 0 };
        Outcome { result: Err(broken), simulated_us: 0, history: Vec::new() }
    })
}

impl World {
    fn new(seed: u64) -> Self {
        let mut rng = Rng::new(seed);
        let chances = Chances::draw(&mut rng);
        let rooms = (0..chances.rooms).map(|_| room(&chances, &mut rng)).collect();
        let mut world = Self {
            now: 0,
            order: 0,
            queue: BinaryHeap::new(),
            server: Server::new(Store::new(rooms)),
            devices: Vec::new(),
            links: Vec::new(),
            history: History::default(),
            calm: false,
            actions: 0,
            said: Vec::new(),
            last_message: 0,
            last_call: 0,
            last_number: chances.devices as u64,
            asking: Vec::new(),
            rng,
            chances,
        };
        for at in 0..world.chances.devices {
            // Everybody has one device at least.
            let account = at % world.chances.accounts;
            world.devices.push(Device::new(at as u64 + 1, account));
            let time = world.rng.long(1000, 14);
            world.dial_in(at, time);
        }
        world.after(1, Event::Act);
        world
    }

    pub(crate) fn at(&mut self, at_us: u64, event: Event) {
        self.order += 1;
        self.queue.push(Reverse(Due { at: (at_us.max(self.now), self.order), event }));
    }

    pub(crate) fn after(&mut self, time_us: u64, event: Event) {
        self.at(self.now + time_us, event);
    }

    fn run(&mut self) {
        let mut count = 0;
        while self.history.broken.is_none() {
            let Some(Reverse(due)) = self.queue.pop() else {
                if self.calm {
                    return;
                }
                self.calm_down();
                continue;
            };
            self.now = due.at.0;
            count += 1;
            if count > EVENTS_MAX {
                let message = "left alone, the devices do not come to rest".to_owned();
                self.history.break_off(Broken { rule: 10, message, at_us: self.now });
            }
            self.step(due.event);
        }
    }

    fn step(&mut self, event: Event) {
        match event {
            Event::Act => self.act(),
            Event::ToServer(link) => self.arrived_at_server(link),
            Event::ToClient(link) => self.arrived_at_client(link),
            Event::Dial(device, dial) => self.dial(device, dial),
            Event::Flush(device) => self.flush(device),
            Event::ClientLost(link) => self.client_lost(link),
            Event::ServerLost(link) => self.server_lost(link),
            Event::Called(call) => self.called(call),
            Event::Replied(call, markers) => self.replied(&call, markers),
            Event::Committed(life) => self.committed(life),
            Event::Looked(link) => self.looked(link),
            Event::Start => self.start(),
            Event::Freed => self.server.full = false,
            Event::Reachable(device) => self.devices[device].reachable = true,
            Event::Back(device) => {
                self.devices[device].wanted = true;
                self.dial_in(device, 1);
            }
        }
    }

    /// Everything bad is over; who is away comes back.
    fn calm_down(&mut self) {
        self.calm = true;
        for at in 0..self.devices.len() {
            self.devices[at].wanted = true;
            if self.devices[at].link.is_none() {
                self.dial_in(at, SECOND);
            }
        }
    }

    fn finish(mut self) -> Outcome {
        if self.history.broken.is_none() {
            self.read_store();
            self.read_devices();
        }
        let (result, history) = self.history.finish();
        Outcome { result, simulated_us: self.now, history }
    }

    /// What the store has at the end.
    fn read_store(&mut self) {
        let Self { server, history, now, .. } = self;
        for at in 0..server.durable.len() {
            let (room, conversation) = (server.durable.room(at), conversation(at));
            for (member, account) in room.members.iter().zip((0..).map(account)) {
                for range in member.ranges() {
                    let (from, to) = (range.from, range.to);
                    history.push(Entry::Access { at_us: *now, account, conversation, from, to });
                }
                for event_seq in &member.hidden {
                    let event_seq = *event_seq;
                    history.push(Entry::Hidden { at_us: *now, account, conversation, event_seq });
                }
                if member.cleared > 0 {
                    history.push(Entry::Cleared { at_us: *now, account, conversation, to: member.cleared });
                }
            }
            for Stored { position, sender, id, kind, hash, gone, .. } in &room.log {
                let Position { event_seq, counts, at_ms, .. } = *position;
                history.push(Entry::Log {
                    at_us: *now,
                    conversation,
                    event_seq,
                    message_seq: position.shown_message_seq(),
                    counts,
                    at_ms,
                    sender: *sender,
                    id: *id,
                    kind: *kind,
                    hash: *hash,
                    gone: *gone,
                });
            }
        }
    }

    /// Where the devices are at the end.
    fn read_devices(&mut self) {
        for device in &mut self.devices {
            device.handle();
            if !device.outbox.is_empty() {
                let message =
                    format!("device {} has {} sends without an answer", device.number, device.outbox.len());
                self.history.break_off(Broken { rule: 10, message, at_us: self.now });
            }
            for room in 0..self.server.durable.len() {
                let event_seq = device.received.position(conversation(room));
                if device.handled.position(conversation(room)) != event_seq {
                    let message = format!("device {}: the app did not handle all that came", device.number);
                    self.history.break_off(Broken { rule: 10, message, at_us: self.now });
                }
                if let Some(hole) = device.told.hole(conversation(room), event_seq) {
                    let message = format!("the app of device {} never heard event {hole}", device.number);
                    self.history.break_off(Broken { rule: 4, message, at_us: self.now });
                }
                self.history.push(Entry::End {
                    at_us: self.now,
                    account: account(device.account),
                    device: device.number,
                    conversation: conversation(room),
                    event_seq,
                });
            }
        }
    }
}

/// A one-to-one or a group, as it is at the begin.
fn room(chances: &Chances, rng: &mut Rng) -> Room {
    let is_group = rng.chance(800);
    let owner = rng.index(chances.accounts);
    let mut room =
        Room { members: vec![Member::default(); chances.accounts], owner, is_group, log: Vec::new() };
    let other = (owner + 1) % chances.accounts;
    for at in 0..chances.accounts {
        if at == owner || at == other || is_group && rng.chance(500) {
            room.join(at, 1, 1);
        }
    }
    if is_group {
        let position = Position { event_seq: 1, message_seq: 0, counts: false, at_ms: 1 };
        let (kind, hash) = (kind::CREATED, Hash::of(b"created"));
        let sender = account(owner);
        room.log.push(Stored { position, sender, id: None, kind, target: None, hash, gone: Gone::None });
    }
    room
}
