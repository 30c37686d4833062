//! The writer: what may be appended, at which position, and what a retry is answered.
//!
//! The shell feeds one [`Incoming`] after the other with the [`Facts`] it looked up inside the open transaction,
//! carries out the [`Decision`], and reports [`Writer::committed`] or [`Writer::rolled_back`]. Heads move only on
//! commit, so a refused or failed send leaves no hole.

use foldhash::HashMap;

use litrocket_protocol::{
    AccountId, Code, ConversationId,
    conversations::{member_state, role},
    event::kind,
    fault::code,
    limits::FENCES_MAX,
};

pub use self::epochs::Epochs;
use crate::access::{self, Range};

mod epochs;

/// How many heads are remembered before those of quiet conversations are dropped.
const HEADS_MAX: usize = 100_000;

/// The end of a conversation's log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Head {
    /// The last event.
    pub event_seq: u64,
    /// Messages so far.
    pub message_seq: u64,
    /// The last event's time, in milliseconds.
    pub at_ms: u64,
}

/// The place of an event in its log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// Its sequence among all events.
    pub event_seq: u64,
    /// Messages up to and with it.
    pub message_seq: u64,
    /// Whether it counts as a message itself.
    pub counts: bool,
    /// Its time, in milliseconds; never before the event below it.
    pub at_ms: u64,
}

impl Position {
    /// The message sequence as the wire shows it: only on events that count.
    pub fn shown_message_seq(&self) -> Option<u64> {
        self.counts.then_some(self.message_seq)
    }
}

/// One send as the writer sees it.
#[derive(Debug, Clone, Copy)]
pub struct Incoming {
    /// The connection it came on.
    pub stream: u64,
    /// Its epoch for this conversation.
    pub epoch: u32,
    /// The conversation.
    pub conversation: ConversationId,
    /// The sender.
    pub sender: AccountId,
    /// The kind of event.
    pub kind: u16,
    /// The event it refers to.
    pub target: Option<u64>,
    /// Keyed hash over conversation, kind, target, body and fallback.
    pub hash: [u8; 32],
    /// Whether it mentions everybody.
    pub everybody: bool,
    /// Why the server's policy refuses it, unless it is a repeat.
    pub refusal: Option<Code>,
}

/// What is stored under the same (id, sender).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct First {
    /// Its place.
    pub position: Position,
    /// Its hash.
    pub hash: [u8; 32],
}

/// The state of a member whom nothing has shown the conversation yet.
pub const NOT_SHOWN: u8 = 0;

/// The sender's membership.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    /// One of [`member_state`], or [`NOT_SHOWN`].
    pub state: u8,
    /// What they may read.
    pub ranges: Vec<Range>,
    /// Why they may not write, although they are in.
    pub refusal: Option<Code>,
    /// One of [`role`].
    pub role: u8,
    /// Until when they may send nothing, in server milliseconds; 0 for not at all.
    pub muted_until_ms: u64,
    /// When they last wrote while the group was slow, in server milliseconds; 0 for never.
    pub last_ms: u64,
    /// Somebody waits there for their answer: a message of theirs is one.
    pub asked: bool,
    /// They are the one who waits: until there is an answer they may say only a little.
    pub asks: bool,
}

impl Membership {
    /// An ordinary member, whom nothing keeps from writing and nobody waits for.
    pub fn new(state: u8, ranges: Vec<Range>) -> Self {
        Self {
            state,
            ranges,
            refusal: None,
            role: role::MEMBER,
            muted_until_ms: 0,
            last_ms: 0,
            asked: false,
            asks: false,
        }
    }
}

/// What a group lets its members send. Each role is the weakest that may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// Who may write.
    pub write: u8,
    /// Who may send files.
    pub upload: u8,
    /// Who may mention everybody.
    pub everybody: u8,
    /// How long a member waits between messages, in milliseconds; 0 for not at all.
    pub slow_ms: u64,
}

impl Rules {
    /// Whether a message of this member makes them wait before the next. Those who look after the group never do.
    pub fn slows(&self, member: &Membership) -> bool {
        self.slow_ms > 0 && member.role >= role::MEMBER
    }

    fn refuse(&self, send: &Incoming, member: &Membership, now_ms: u64) -> Option<Decision> {
        let counts = kind::counts(send.kind);
        let writes = counts || send.kind == kind::EDIT;
        let lacks = |weakest: u8| member.role > weakest;
        if writes && lacks(self.write)
            || send.kind == kind::FILE && lacks(self.upload)
            || send.everybody && lacks(self.everybody)
        {
            return Some(Decision::Refuse(code::NOT_ALLOWED));
        }
        let next_ms = member.last_ms + self.slow_ms;
        // A time that lies ahead was written before the clock stepped back: it keeps nobody waiting.
        let waits = counts && self.slows(member) && member.last_ms <= now_ms && next_ms > now_ms;
        waits.then(|| Decision::Wait(code::SLOW_MODE, next_ms - now_ms))
    }
}

/// What the shell found in the open transaction.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// The row with the same id and sender. Who leaves the look-up out and is told to append has to take that back where the
    /// insert finds one, and to look up before anything but an append.
    pub first: Option<First>,
    /// The membership; `None` for strangers and unknown conversations.
    pub member: Option<&'a Membership>,
    /// What the group lets its members send; `None` outside groups.
    pub rules: Option<Rules>,
    /// The server's time, in milliseconds.
    pub now_ms: u64,
}

/// What to do with a send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// It is stored already: answer as the first time.
    Repeat(Position),
    /// Append it here.
    Append(Position),
    /// Refers to another event: the feature checks the target and appends by itself.
    Change,
    /// Refuse it.
    Refuse(Code),
    /// Refuse it; the like would be taken after so many milliseconds.
    Wait(Code, u64),
}

/// Heads and fences. One for the whole server.
#[derive(Debug)]
pub struct Writer {
    /// Messages of a stranger before there is an answer.
    stranger_messages_max: u64,
    heads: HashMap<ConversationId, Head>,
    /// Values that the open transaction replaced, oldest first.
    undo: Vec<(ConversationId, Head)>,
    fences: HashMap<u64, HashMap<ConversationId, u32>>,
}

/// A place in the open transaction to come back to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Savepoint(usize);

impl Default for Writer {
    fn default() -> Self {
        Self::new(u64::MAX)
    }
}

impl Writer {
    /// One that takes so many messages of a stranger before there is an answer.
    pub fn new(stranger_messages_max: u64) -> Self {
        Self {
            stranger_messages_max,
            heads: HashMap::default(),
            undo: Vec::new(),
            fences: HashMap::default(),
        }
    }

    /// The known head of a conversation, with the events of the open transaction.
    pub fn head(&self, conversation: ConversationId) -> Option<Head> {
        self.heads.get(&conversation).copied()
    }

    /// Tells the head that the database has.
    pub fn load(&mut self, conversation: ConversationId, head: Head) {
        self.heads.insert(conversation, head);
    }

    /// Takes the next place of a conversation whose head is known. Time never goes back within a conversation.
    pub fn append(&mut self, conversation: ConversationId, event_kind: u16, now_ms: u64) -> Position {
        let head = self.heads.entry(conversation).or_default();
        self.undo.push((conversation, *head));
        let counts = kind::counts(event_kind);
        head.event_seq += 1;
        head.message_seq += u64::from(counts);
        head.at_ms = head.at_ms.max(now_ms);
        Position { event_seq: head.event_seq, message_seq: head.message_seq, counts, at_ms: head.at_ms }
    }

    /// Decides one send. The head of its conversation must be known. The look-up of the id comes before
    /// membership and policy: a retry after a removal still gets its first answer.
    pub fn decide(&mut self, send: &Incoming, facts: Facts<'_>) -> Decision {
        #[cfg(feature = "plant")]
        let facts = Facts { first: facts.first.filter(|first| !expired(first, facts.now_ms)), ..facts };
        if let Some(first) = facts.first {
            return if first.hash == send.hash {
                Decision::Repeat(first.position)
            } else {
                Decision::Refuse(code::ID_CONFLICT)
            };
        }
        if self.is_fenced(send.stream, send.conversation, send.epoch) {
            return Decision::Refuse(code::FENCED);
        }
        if self.may_lack_fence(send.stream, send.conversation) {
            return Decision::Refuse(code::UNAVAILABLE);
        }
        let Some(member) = facts.member else { return Decision::Refuse(code::NOT_FOUND) };
        if member.state != member_state::JOINED {
            // Somebody who never read anything here learns nothing: as if the conversation were not there.
            let known = !member.ranges.is_empty() && member.state != NOT_SHOWN;
            return Decision::Refuse(if known { code::NOT_A_MEMBER } else { code::NOT_FOUND });
        }
        if let Some(code) = member.refusal.or(send.refusal) {
            return Decision::Refuse(code);
        }
        if let Some(refused) = ruled_out(send, member, &facts) {
            return refused;
        }
        let head = self.heads.get(&send.conversation).copied().unwrap_or_default();
        if member.asks && kind::counts(send.kind) && head.message_seq >= self.stranger_messages_max {
            return Decision::Refuse(code::NOT_ACCEPTING);
        }
        if let Some(target) = send.target
            && (target > head.event_seq || !access::may_read(&member.ranges, target))
        {
            return Decision::Refuse(code::BAD_TARGET);
        }
        match send.kind {
            kind::FORWARD | kind::FILE | kind::EDIT | kind::RECALL | kind::REACTION => Decision::Change,
            kind if kind::sendable(kind) => {
                Decision::Append(self.append(send.conversation, kind, facts.now_ms))
            }
            _ => Decision::Refuse(code::BAD_KIND),
        }
    }

    /// After a retryable refusal, later sends of the same epoch are refused: the order of one sender holds. `false` when
    /// the connection has so many fences that there is no room for this one: it takes nothing new then, and has to end.
    pub fn fence(&mut self, stream: u64, conversation: ConversationId, epoch: u32) -> bool {
        let fences = self.fences.entry(stream).or_default();
        let has_room = fences.len() < FENCES_MAX || fences.contains_key(&conversation);
        if has_room {
            let fence = fences.entry(conversation).or_default();
            *fence = (*fence).max(epoch.saturating_add(1));
        }
        has_room
    }

    /// Whether a fence of this conversation may be missing, because there was no room for it.
    fn may_lack_fence(&self, stream: u64, conversation: ConversationId) -> bool {
        self.fences
            .get(&stream)
            .is_some_and(|fences| fences.len() >= FENCES_MAX && !fences.contains_key(&conversation))
    }

    fn is_fenced(&self, stream: u64, conversation: ConversationId, epoch: u32) -> bool {
        self.fences
            .get(&stream)
            .and_then(|fences| fences.get(&conversation))
            .is_some_and(|next| epoch < *next)
    }

    /// The connection is gone, and its fences with it.
    pub fn forget(&mut self, stream: u64) {
        self.fences.remove(&stream);
    }

    /// Marks a place in the open transaction.
    pub fn savepoint(&self) -> Savepoint {
        Savepoint(self.undo.len())
    }

    /// Takes back what was appended since the savepoint.
    pub fn roll_back_to(&mut self, savepoint: Savepoint) {
        while self.undo.len() > savepoint.0 {
            if let Some((conversation, head)) = self.undo.pop() {
                self.heads.insert(conversation, head);
            }
        }
    }

    /// The transaction is durable.
    pub fn committed(&mut self) {
        self.undo.clear();
        self.bound();
    }

    fn bound(&mut self) {
        if self.heads.len() > HEADS_MAX {
            self.heads.clear();
        }
    }

    /// The transaction did not happen.
    pub fn rolled_back(&mut self) {
        self.roll_back_to(Savepoint(0));
        self.bound();
    }
}

/// Why the group does not take a send of one who is in. Own words may be taken back always.
fn ruled_out(send: &Incoming, member: &Membership, facts: &Facts<'_>) -> Option<Decision> {
    if send.kind == kind::RECALL {
        return None;
    }
    if member.muted_until_ms > facts.now_ms {
        return Some(Decision::Wait(code::MUTED, member.muted_until_ms - facts.now_ms));
    }
    facts.rules?.refuse(send, member, facts.now_ms)
}

#[cfg(feature = "plant")]
fn expired(first: &First, now_ms: u64) -> bool {
    use crate::plant::{self, Plant};
    plant::is(Plant::IdExpires) && now_ms > first.position.at_ms + plant::ID_EXPIRES_MS
}

#[cfg(test)]
mod tests;
