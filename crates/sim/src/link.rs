//! A connection: two pipes that keep their order, delay what they carry and may be cut in the middle of a write.

use std::collections::VecDeque;

use litrocket_protocol::{ConversationId, chat};

use crate::{
    chances::MS,
    delivery::Desk,
    store::Stored,
    world::{Event, World},
};

/// Frames of a client on the chat stream.
#[derive(Debug, Clone)]
pub(crate) enum ToServer {
    Cursors(chat::Cursors),
    Live(chat::Live),
    Send(chat::Send),
}

/// Frames of the server on the chat stream.
#[derive(Debug, Clone)]
pub(crate) enum ToClient {
    Ack(chat::Ack),
    Refused(chat::Refused),
    Event(ConversationId, Stored),
    Skip(chat::Skip),
    CursorRefused(chat::CursorRefused),
    CaughtUp,
}

/// Writes on their way, each with the time of its arrival.
#[derive(Debug)]
pub(crate) struct Pipe<T> {
    writes: VecDeque<(u64, Vec<T>)>,
    last_us: u64,
}

impl<T> Pipe<T> {
    fn new() -> Self {
        Self { writes: VecDeque::new(), last_us: 0 }
    }

    fn push(&mut self, at_us: u64, frames: Vec<T>) -> u64 {
        self.last_us = self.last_us.max(at_us);
        self.writes.push_back((self.last_us, frames));
        self.last_us
    }

    /// The write that arrives now, if it was not lost.
    fn pop(&mut self, now: u64) -> Option<Vec<T>> {
        self.writes.pop_front_if(|(at_us, _)| *at_us <= now).map(|(_, frames)| frames)
    }

    pub(crate) fn len(&self) -> usize {
        self.writes.len()
    }

    /// Only so many frames of what is under way arrive.
    fn keep(&mut self, mut frames: usize) {
        for (_, write) in &mut self.writes {
            write.truncate(frames);
            frames -= write.len();
        }
    }

    fn frames(&self) -> usize {
        self.writes.iter().map(|(_, write)| write.len()).sum()
    }
}

/// One connection of a device.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) device: usize,
    pub(crate) account: usize,
    /// Each side knows by itself whether the connection is there.
    pub(crate) client_open: bool,
    pub(crate) server_open: bool,
    /// Nothing more comes through.
    pub(crate) cut: bool,
    /// The device said that it never synced, and is still told where the conversations stand.
    pub(crate) fresh: bool,
    pub(crate) to_server: Pipe<ToServer>,
    pub(crate) to_client: Pipe<ToClient>,
    pub(crate) desk: Desk,
}

impl Link {
    pub(crate) fn new(device: usize, account: usize) -> Self {
        Self {
            device,
            account,
            client_open: true,
            server_open: true,
            cut: false,
            fresh: false,
            to_server: Pipe::new(),
            to_client: Pipe::new(),
            desk: Desk::default(),
        }
    }
}

impl World {
    /// How long something takes from one side to the other; lost packets come late.
    pub(crate) fn delay(&mut self) -> u64 {
        let (most, late) = (self.chances.delay, self.chances.late);
        let time = self.rng.range(1, most);
        if self.rng.chance(late) { time + self.rng.range(1, 8) * most } else { time }
    }

    pub(crate) fn write_to_server(&mut self, at: usize, frames: Vec<ToServer>) {
        if !frames.is_empty() && !self.links[at].cut {
            let arrives = self.now + self.delay();
            let arrives = self.links[at].to_server.push(arrives, frames);
            self.at(arrives, Event::ToServer(at));
        }
    }

    /// Now and then the first flight of a connection comes twice: the server sees another one, with nobody there.
    pub(crate) fn replay(&mut self, of: usize) {
        if !self.rng.chance(20) {
            return;
        }
        let first: Vec<ToServer> =
            self.links[of].to_server.writes.iter().flat_map(|(_, it)| it.clone()).collect();
        let at = self.links.len();
        let mut ghost = Link::new(self.links[of].device, self.links[of].account);
        ghost.client_open = false;
        self.links.push(ghost);
        self.server.online.push(at);
        self.write_to_server(at, first);
        let time = self.rng.long(MS, 15);
        self.after(time, Event::ServerLost(at));
    }

    pub(crate) fn write_to_client(&mut self, at: usize, frames: Vec<ToClient>) {
        if !frames.is_empty() && !self.links[at].cut {
            let arrives = self.now + self.delay();
            let arrives = self.links[at].to_client.push(arrives, frames);
            self.at(arrives, Event::ToClient(at));
        }
    }

    pub(crate) fn arrived_at_server(&mut self, at: usize) {
        let link = &mut self.links[at];
        let Some(frames) = link.to_server.pop(self.now) else { return };
        if link.server_open && self.server.up && !self.server.draining {
            self.serve(at, frames);
        }
    }

    pub(crate) fn arrived_at_client(&mut self, at: usize) {
        let link = &mut self.links[at];
        let Some(frames) = link.to_client.pop(self.now) else { return };
        if link.client_open {
            self.hear(at, frames);
        }
        self.pump(at);
    }

    /// The connection is lost in the middle of whatever is under way; nobody knows yet.
    pub(crate) fn cut(&mut self, at: usize) {
        let link = &mut self.links[at];
        if link.cut {
            return;
        }
        link.cut = true;
        let kept = self.rng.index(link.to_server.frames() + 1);
        link.to_server.keep(kept);
        let kept = self.rng.index(link.to_client.frames() + 1);
        link.to_client.keep(kept);
    }
}
