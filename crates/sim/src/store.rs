//! The model store: what is committed, and what an open transaction sees. Rooms are shared until one is written
//! to, so that a commit and a rollback are a copy of a few pointers.

use std::rc::Rc;

use litrocket_core::{
    access::{self, Range},
    writer::{Head, Membership, Position},
};
use litrocket_history::{Gone, Hash};
use litrocket_protocol::{
    AccountId, ConversationId, MessageId, conversations::member_state, unread::Markers,
};

/// An event of a log.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stored {
    pub(crate) position: Position,
    pub(crate) sender: AccountId,
    pub(crate) id: Option<MessageId>,
    pub(crate) kind: u16,
    pub(crate) target: Option<u64>,
    /// What the body was. It stays when the body goes, as the database keeps its keyed hash.
    pub(crate) hash: Hash,
    pub(crate) gone: Gone,
}

/// What an account has in a conversation.
#[derive(Debug, Clone, Default)]
pub(crate) struct Member {
    /// `None` for somebody who never was in.
    pub(crate) membership: Option<Membership>,
    pub(crate) cleared: u64,
    pub(crate) hidden: Vec<u64>,
    pub(crate) joined: u64,
    pub(crate) deleted_to: u64,
    pub(crate) read_marker: u64,
    pub(crate) last_sent: u64,
}

impl Member {
    pub(crate) fn is_joined(&self) -> bool {
        self.membership.as_ref().is_some_and(|membership| membership.state == member_state::JOINED)
    }

    /// All that the account may read, also what it cleared since.
    pub(crate) fn ranges(&self) -> &[Range] {
        self.membership.as_ref().map_or(&[], |membership| &membership.ranges)
    }
}

/// A conversation: its log and its members, by account.
#[derive(Debug, Clone, Default)]
pub(crate) struct Room {
    pub(crate) log: Vec<Stored>,
    pub(crate) members: Vec<Member>,
    /// Who came first and may not be removed.
    pub(crate) owner: usize,
    /// Others may come and go.
    pub(crate) is_group: bool,
}

impl Room {
    pub(crate) fn head(&self) -> Head {
        self.log.last().map_or_else(Head::default, |event| Head {
            event_seq: event.position.event_seq,
            message_seq: event.position.message_seq,
            at_ms: event.position.at_ms,
        })
    }

    pub(crate) fn event(&self, event_seq: u64) -> Option<&Stored> {
        self.log.get((event_seq as usize).checked_sub(1)?)
    }

    /// The messages up to and with an event.
    pub(crate) fn messages(&self, event_seq: u64) -> u64 {
        self.event(event_seq).map_or(0, |event| event.position.message_seq)
    }

    /// The last event an account may read.
    pub(crate) fn last(&self, account: usize) -> u64 {
        access::last(self.members[account].ranges(), self.head().event_seq)
    }

    /// What an account is sent: without what it cleared.
    pub(crate) fn readable(&self, account: usize) -> Vec<Range> {
        let member = &self.members[account];
        access::above(member.ranges(), member.cleared)
    }

    pub(crate) fn markers(&self, account: usize) -> Markers {
        let member = &self.members[account];
        Markers {
            head: self.messages(self.last(account)),
            joined: member.joined,
            deleted_to: member.deleted_to,
            retained_from: 0,
            read_marker: member.read_marker,
            my_last_sent: member.last_sent,
        }
    }
}

/// Everything the database has.
#[derive(Debug, Clone, Default)]
pub(crate) struct Store {
    rooms: Vec<Rc<Room>>,
    /// Where the message with each number is.
    ids: Rc<Vec<Option<(usize, u64)>>>,
}

impl Store {
    pub(crate) fn new(rooms: Vec<Room>) -> Self {
        Self { rooms: rooms.into_iter().map(Rc::new).collect(), ids: Rc::default() }
    }

    pub(crate) fn len(&self) -> usize {
        self.rooms.len()
    }

    pub(crate) fn room(&self, room: usize) -> &Room {
        &self.rooms[room]
    }

    pub(crate) fn room_mut(&mut self, room: usize) -> &mut Room {
        Rc::make_mut(&mut self.rooms[room])
    }

    /// The row with this id, of whichever conversation.
    pub(crate) fn first(&self, id: MessageId) -> Option<&Stored> {
        let (room, event_seq) = (*self.ids.get(number(id))?)?;
        self.room(room).event(event_seq)
    }

    /// The room in which a message is.
    pub(crate) fn room_of(&self, id: MessageId) -> Option<usize> {
        self.ids.get(number(id)).copied().flatten().map(|(room, _)| room)
    }

    /// Inserts an event at the place the writer gave it.
    pub(crate) fn append(&mut self, room: usize, event: Stored) {
        if let Some(id) = event.id {
            let ids = Rc::make_mut(&mut self.ids);
            let at = number(id);
            if ids.len() <= at {
                ids.resize(at + 1, None);
            }
            ids[at] = Some((room, event.position.event_seq));
        }
        let room = self.room_mut(room);
        if event.position.counts
            && let Some(member) = account_index(event.sender).and_then(|at| room.members.get_mut(at))
        {
            member.last_sent = event.position.message_seq;
        }
        room.log.push(event);
    }
}

/// Ids of one run end in a number that counts its messages.
pub(crate) fn message_id(at_ms: u64, number: u32) -> MessageId {
    let n = number.to_be_bytes();
    MessageId::v7(at_ms, [1, 2, 3, 4, 5, 6, n[0], n[1], n[2], n[3]])
}

fn number(id: MessageId) -> usize {
    let [.., a, b, c, d] = id.0;
    u32::from_be_bytes([a, b, c, d]) as usize
}

pub(crate) fn conversation(room: usize) -> ConversationId {
    ConversationId(room as u64 + 1)
}

pub(crate) fn room_index(conversation: ConversationId) -> usize {
    conversation.0 as usize - 1
}

pub(crate) fn account(index: usize) -> AccountId {
    AccountId(index as u64 + 1)
}

pub(crate) fn account_index(account: AccountId) -> Option<usize> {
    (account.0 as usize).checked_sub(1)
}
