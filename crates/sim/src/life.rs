//! How a server ends and starts: politely, or at once with a commit that happened or did not.

use std::collections::VecDeque;

use litrocket_core::writer::Writer;
use litrocket_history::Entry;

use crate::{
    chances::MS,
    server::{Command, Server},
    world::{Event, World},
};

impl Server {
    /// Ends it: a commit that was under way happened, or it did not.
    pub(crate) fn end(&mut self, committed: bool) {
        if committed && self.batch.is_some() {
            self.durable = self.working.clone();
        }
        self.working = self.durable.clone();
        self.writer = Writer::default();
        self.batch = None;
        self.queue.clear();
        self.online.clear();
        self.recents.iter_mut().for_each(VecDeque::clear);
        self.life += 1;
        self.up = false;
        self.draining = false;
    }
}

impl World {
    /// The server stops politely: what it read is committed and answered.
    pub(crate) fn drain(&mut self) {
        if self.server.up {
            self.server.draining = true;
            self.drained();
        }
    }

    pub(crate) fn drained(&mut self) {
        if self.server.draining && self.server.batch.is_none() && self.server.queue.is_empty() {
            self.kill();
        }
    }

    /// The server ends at once. Each device notices in its own time.
    pub(crate) fn kill(&mut self) {
        if !self.server.up {
            return;
        }
        let committed = self.rng.chance(500);
        self.server.end(committed);
        for at in 0..self.links.len() {
            if self.links[at].server_open {
                self.links[at].server_open = false;
                self.cut(at);
                let time = self.rng.long(MS, 13);
                self.after(time, Event::ClientLost(at));
            }
        }
        self.asking.clear();
        let down = self.rng.long(50 * MS, 11);
        self.after(down, Event::Start);
    }

    pub(crate) fn start(&mut self) {
        self.server.up = true;
        self.history.push(Entry::Restart { at_us: self.now });
    }

    /// The server notices that a connection is gone.
    pub(crate) fn server_lost(&mut self, at: usize) {
        if self.links[at].server_open {
            self.links[at].server_open = false;
            self.server.online.retain(|online| *online != at);
            self.server.queue.push_back(Command::Forget(at));
            self.begin();
        }
    }
}
