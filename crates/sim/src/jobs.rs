//! What the features do inside the writer's transaction, in short: edits and recalls, membership, markers.

use litrocket_core::{
    access::Range,
    writer::{Membership, NOT_SHOWN, Position},
};
use litrocket_history::{Entry, Gone};
use litrocket_protocol::{
    Code, chat,
    conversations::member_state,
    event::kind,
    fault::code,
    unread::{self, Markers},
};

use crate::{
    server::{Batch, Command},
    store::{Room, account, conversation, room_index},
    world::World,
};

/// A request on a stream of its own.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Request {
    Invite {
        room: usize,
        account: usize,
    },
    Remove {
        room: usize,
        account: usize,
    },
    Leave {
        room: usize,
    },
    /// Asks for the unread count after it marked what was read.
    Read {
        room: usize,
        event_seq: u64,
    },
    Clear {
        room: usize,
    },
    Hide {
        room: usize,
        event_seq: u64,
    },
}

/// A request on its way.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Call {
    pub(crate) number: u64,
    pub(crate) link: usize,
    pub(crate) request: Request,
}

impl World {
    /// A send that refers to another event; the writer has checked that the sender may read it.
    pub(crate) fn change(
        &mut self,
        batch: &mut Batch,
        link: usize,
        send: &chat::Send,
    ) -> Result<Position, Code> {
        let me = account(self.links[link].account);
        let room = room_index(send.conversation);
        let target = send.target_seq.unwrap_or(0);
        let found = self.server.working.room(room).event(target);
        let found = found.filter(|event| event.position.counts && event.gone != Gone::Recalled);
        let (sender, found_kind) = found.map(|event| (event.sender, event.kind)).ok_or(code::BAD_TARGET)?;
        if send.kind != kind::REACTION && sender != me {
            return Err(code::NOT_YOURS);
        }
        if send.kind == kind::EDIT && found_kind != kind::TEXT {
            return Err(code::BAD_TARGET);
        }
        let now_ms = self.server_ms();
        let position = self.server.writer.append(send.conversation, send.kind, now_ms);
        let gone = match send.kind {
            kind::EDIT => Gone::Edited,
            kind::RECALL => Gone::Recalled,
            _ => Gone::None,
        };
        if gone > Gone::None {
            for event in &mut self.server.working.room_mut(room).log {
                // The older edits are gone already, each by the one after it.
                let is_newest_edit =
                    event.kind == kind::EDIT && event.target == Some(target) && event.gone == Gone::None;
                if is_newest_edit || event.position.event_seq == target {
                    event.gone = gone;
                }
            }
        }
        self.store(batch, link, send, position);
        Ok(position)
    }

    pub(crate) fn run_job(&mut self, batch: &mut Batch, call: &Call) {
        let me = self.links[call.link].account;
        match call.request {
            Request::Invite { room, account } => self.invite(batch, room, me, account),
            Request::Remove { room, account } => {
                let it = self.server.working.room(room);
                if it.owner == me && account != me && it.members[account].is_joined() {
                    self.part(batch, room, me, account, (kind::REMOVED, member_state::REMOVED));
                }
            }
            Request::Leave { room } => {
                let it = self.server.working.room(room);
                if it.is_group && it.owner != me && it.members[me].is_joined() {
                    self.part(batch, room, me, me, (kind::LEFT, member_state::LEFT));
                }
            }
            Request::Read { room, event_seq } => {
                let it = self.server.working.room_mut(room);
                let messages = it.messages(event_seq.min(it.last(me)));
                let marker = &mut it.members[me].read_marker;
                *marker = messages.max(*marker);
            }
            Request::Clear { room } => {
                let it = self.server.working.room_mut(room);
                let last = it.last(me);
                let messages = it.messages(last);
                let member = &mut it.members[me];
                member.cleared = member.cleared.max(last);
                member.deleted_to = member.deleted_to.max(messages);
                batch.access.push((room, me));
            }
            Request::Hide { room, event_seq } => {
                let it = self.server.working.room_mut(room);
                if it.last(me) >= event_seq && !it.members[me].hidden.contains(&event_seq) {
                    it.members[me].hidden.push(event_seq);
                    batch.access.push((room, me));
                }
            }
        }
    }

    fn invite(&mut self, batch: &mut Batch, room: usize, me: usize, account: usize) {
        let it = self.server.working.room(room);
        if !it.is_group || !it.members[me].is_joined() || it.members[account].is_joined() {
            return;
        }
        // A send that was refused while its sender was out, and whose answer was lost, is decided anew: it would
        // stand behind what was sent after it. See "What is not simulated".
        if self.has_sends_under_way(account) {
            return;
        }
        let position = self.append(batch, room, me, kind::JOINED);
        self.server.working.room_mut(room).join(account, position.event_seq, position.message_seq + 1);
        batch.access.push((room, account));
    }

    fn has_sends_under_way(&self, account: usize) -> bool {
        let mine = |link: usize| self.links[link].account == account;
        let queued = |command: &Command| matches!(command, Command::Send { link, .. } if mine(*link));
        let mut devices = self.devices.iter().filter(|device| device.account == account);
        let mut links = self.links.iter().filter(|link| link.account == account && link.server_open);
        devices.any(|device| !device.outbox.is_empty())
            || links.any(|link| link.to_server.len() > 0)
            || self.server.queue.iter().any(queued)
    }

    /// Closes what a member may read at the event that says they went.
    fn part(&mut self, batch: &mut Batch, room: usize, me: usize, who: usize, (kind, state): (u16, u8)) {
        let position = self.append(batch, room, me, kind);
        let member = &mut self.server.working.room_mut(room).members[who];
        if let Some(membership) = &mut member.membership {
            membership.state = state;
            for range in &mut membership.ranges {
                range.to.get_or_insert(position.event_seq);
            }
        }
        batch.access.push((room, who));
    }

    /// A request will not be answered.
    pub(crate) fn give_up(&mut self, call: &Call) {
        self.asking.retain(|(_, number)| *number != call.number);
    }

    /// An answer arrives.
    pub(crate) fn replied(&mut self, call: &Call, markers: Markers) {
        let asked = self.asking.iter().any(|(_, number)| *number == call.number);
        self.give_up(call);
        let (Request::Read { room, .. }, link) = (call.request, &self.links[call.link]) else { return };
        if !asked || !link.client_open {
            return;
        }
        let Markers { head, joined, deleted_to, retained_from, read_marker, my_last_sent } = markers;
        self.history.push(Entry::Unread {
            at_us: self.now,
            account: account(link.account),
            conversation: conversation(room),
            head,
            joined,
            deleted_to,
            retained_from,
            read_marker,
            my_last_sent,
            unread: unread::unread(&markers),
        });
    }
}

impl Room {
    /// Somebody is in from an event on.
    pub(crate) fn join(&mut self, account: usize, from: u64, first_message: u64) {
        let member = &mut self.members[account];
        let membership = member.membership.get_or_insert_with(|| Membership::new(NOT_SHOWN, Vec::new()));
        membership.state = member_state::JOINED;
        membership.ranges.push(Range { from, to: None });
        member.joined = first_message;
    }
}
