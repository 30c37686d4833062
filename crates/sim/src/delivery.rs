//! The server's half of a connection: carries out what the pure reader decides, as the server's chat feature does.
//! Looks into the store may take time, during which the world goes on.

use litrocket_core::access::Range;
use litrocket_core::reader::{Reader, Step};
use litrocket_protocol::{ConversationId, Fault, chat, fault::code};

use crate::{
    link::{ToClient, ToServer},
    server::Command,
    store::{Stored, conversation, room_index},
    world::{Event, World},
};

/// A look into the store. `None` when what it finds is what is there at its end.
#[derive(Debug)]
pub(crate) enum Look {
    Places(Option<Vec<(ConversationId, u64)>>),
    Ranges(Option<Vec<Range>>),
    Page { from: u64, to: u64, page: Option<Vec<(Stored, usize)>> },
}

/// What the server knows of one connection.
#[derive(Debug, Default)]
pub(crate) struct Desk {
    reader: Reader,
    named: Vec<(ConversationId, u64)>,
    fresh: bool,
    pub(crate) live: bool,
    caught_up: bool,
    /// Conversations with something new; `true` where what may be read has changed.
    pub(crate) dirty: Vec<(ConversationId, bool)>,
    pub(crate) answered: Vec<ToClient>,
    look: Option<Look>,
    /// The turn that goes on: the conversation with its head, and what was read so far.
    turning: bool,
    current: Option<(ConversationId, u64)>,
    out: Vec<ToClient>,
    read: usize,
}

impl World {
    /// Takes frames in.
    pub(crate) fn serve(&mut self, at: usize, frames: Vec<ToServer>) {
        for frame in frames {
            let desk = &mut self.links[at].desk;
            match frame {
                ToServer::Cursors(cursors) => desk.named.extend(cursors.cursors),
                ToServer::Live(live) => {
                    desk.fresh = live.fresh;
                    desk.live = true;
                    self.look(at, Look::Places(None));
                }
                ToServer::Send(send) => self.server.queue.push_back(Command::Send { link: at, send }),
            }
        }
        self.pump(at);
        self.begin();
    }

    /// Starts a look into the store. What is found is what is there at its begin or at its end.
    fn look(&mut self, at: usize, mut look: Look) {
        if self.rng.chance(500) {
            self.fill(at, &mut look);
        }
        self.links[at].desk.look = Some(look);
        let (slow, most) = (self.chances.slow_looks, self.chances.look);
        if self.rng.chance(slow) {
            let time = self.rng.range(1, most);
            self.after(time, Event::Looked(at));
        } else {
            self.found(at);
        }
    }

    fn fill(&self, at: usize, look: &mut Look) {
        let link = &self.links[at];
        let store = &self.server.durable;
        let room = link.desk.current.map_or(0, |(conversation, _)| room_index(conversation));
        match look {
            Look::Places(places) => {
                places.get_or_insert_with(|| {
                    let member = |room: &usize| store.room(*room).members[link.account].membership.is_some();
                    let mine = (0..store.len()).filter(member);
                    mine.map(|room| (conversation(room), store.room(room).last(link.account))).collect()
                });
            }
            Look::Ranges(ranges) => {
                ranges.get_or_insert_with(|| store.room(room).readable(link.account));
            }
            Look::Page { from, to, page } => {
                page.get_or_insert_with(|| {
                    let last = (*to).min(*from + self.chances.page as u64 - 1);
                    let log = &store.room(room).log[*from as usize - 1..last as usize];
                    // What comes from the database has no origin.
                    log.iter().map(|event| (*event, usize::MAX)).collect()
                });
            }
        }
    }

    /// A look ended.
    fn found(&mut self, at: usize) {
        let Some(mut look) = self.links[at].desk.look.take() else { return };
        self.fill(at, &mut look);
        match look {
            Look::Places(places) => self.go_live(at, places.unwrap_or_default()),
            Look::Ranges(ranges) => {
                let desk = &mut self.links[at].desk;
                if let Some((conversation, _)) = desk.current {
                    desk.reader.set_ranges(conversation, ranges.unwrap_or_default());
                }
            }
            Look::Page { to, page, .. } => self.push(at, to, page.unwrap_or_default()),
        }
    }

    /// A look that took time ended.
    pub(crate) fn looked(&mut self, at: usize) {
        if self.links[at].server_open {
            self.found(at);
            self.pump(at);
        }
    }

    fn go_live(&mut self, at: usize, places: Vec<(ConversationId, u64)>) {
        let desk = &mut self.links[at].desk;
        let mut frames = Vec::new();
        for (conversation, head) in places {
            let named = desk.named.iter().position(|(named, _)| *named == conversation);
            match named.map(|at| desk.named.swap_remove(at).1) {
                Some(cursor) if cursor > head => frames.push(refused(conversation, code::CURSOR_AHEAD)),
                Some(cursor) => {
                    desk.reader.set_cursor(conversation, cursor);
                    if cursor < head {
                        desk.reader.mark(conversation);
                    }
                }
                None if desk.fresh => {
                    desk.reader.set_cursor(conversation, head);
                    if head > 0 {
                        frames.push(ToClient::Skip(chat::Skip { conversation, from: 1, to: head }));
                    }
                }
                None => desk.reader.mark(conversation),
            }
        }
        frames.extend(desk.named.drain(..).map(|(conversation, _)| refused(conversation, code::NOT_FOUND)));
        self.write_to_client(at, frames);
    }

    /// Writes whatever there is to write: acks first, then what the device is behind in.
    pub(crate) fn pump(&mut self, at: usize) {
        loop {
            let link = &self.links[at];
            if !link.server_open || link.desk.look.is_some() || link.to_client.len() >= self.chances.window {
                return;
            }
            if !self.turn(at) {
                return;
            }
            let desk = &mut self.links[at].desk;
            let mut frames = std::mem::take(&mut desk.answered);
            frames.append(&mut desk.out);
            if frames.is_empty() && (!desk.live || desk.dirty.is_empty()) {
                return;
            }
            self.write_to_client(at, frames);
        }
    }

    /// One turn round the conversations; `false` when it waits for the store.
    fn turn(&mut self, at: usize) -> bool {
        if !self.links[at].desk.live {
            return true;
        }
        if !self.links[at].desk.turning {
            self.links[at].desk.turning = true;
            self.take_dirty(at);
        }
        loop {
            if let Some((conversation, head)) = self.links[at].desk.current {
                if !self.conversation(at, conversation, head) {
                    return false;
                }
                self.links[at].desk.current = None;
            }
            let desk = &mut self.links[at].desk;
            if desk.read >= self.chances.turn {
                break;
            }
            let Some(conversation) = desk.reader.turn() else { break };
            let head = self.server.durable.room(room_index(conversation)).head().event_seq;
            desk.current = Some((conversation, head));
            // What may be read may have changed while the turn waited for the store, below this head.
            self.take_dirty(at);
        }
        let desk = &mut self.links[at].desk;
        (desk.turning, desk.read) = (false, 0);
        if desk.out.is_empty() && !desk.caught_up && desk.reader.is_idle() {
            desk.caught_up = true;
            desk.out.push(ToClient::CaughtUp);
        }
        true
    }

    fn take_dirty(&mut self, at: usize) {
        let desk = &mut self.links[at].desk;
        for (conversation, access_changed) in desk.dirty.drain(..) {
            if access_changed {
                desk.reader.ranges_changed(conversation);
            }
            desk.reader.mark(conversation);
        }
    }

    /// One turn of one conversation; `false` when it waits for the store.
    fn conversation(&mut self, at: usize, conversation: ConversationId, head: u64) -> bool {
        loop {
            let desk = &mut self.links[at].desk;
            match desk.reader.step(conversation, head) {
                Step::Done => return true,
                Step::Skip { from, to } => {
                    desk.out.push(ToClient::Skip(chat::Skip { conversation, from, to }));
                }
                Step::LookUp => {
                    self.look(at, Look::Ranges(None));
                    if self.links[at].desk.look.is_some() {
                        return false;
                    }
                }
                Step::Read { from, to } => {
                    if let Some(recent) = self.server.recent(room_index(conversation), from) {
                        self.push(at, to, recent);
                        return true;
                    }
                    self.look(at, Look::Page { from, to, page: None });
                    return self.links[at].desk.current.is_none();
                }
            }
        }
    }

    fn push(&mut self, at: usize, to: u64, entries: Vec<(Stored, usize)>) {
        let Self { links, server, chances, .. } = self;
        let (account, desk) = (links[at].account, &mut links[at].desk);
        let Some((conversation, _)) = desk.current.take() else { return };
        let hidden = &server.durable.room(room_index(conversation)).members[account].hidden;
        let entries = entries.into_iter().take_while(|(event, _)| event.position.event_seq <= to);
        for (event, origin) in entries.take(chances.turn) {
            let seq = event.position.event_seq;
            desk.reader.passed(conversation, seq);
            // What an ack stands for costs nothing: such a turn goes on.
            desk.read += usize::from(origin != at);
            if hidden.contains(&seq) {
                desk.out.push(ToClient::Skip(chat::Skip { conversation, from: seq, to: seq }));
            } else if origin != at {
                desk.out.push(ToClient::Event(conversation, event));
            }
        }
    }
}

fn refused(conversation: ConversationId, code: litrocket_protocol::Code) -> ToClient {
    ToClient::CursorRefused(chat::CursorRefused { conversation, fault: Fault::new(code) })
}
