//! The writer's shell: batches over the model store, as the server's writer runs them over the database. Every
//! decision about a send is the pure writer's.

use std::collections::VecDeque;

use litrocket_core::writer::{Decision, Facts, First, Incoming, Position, Writer};
use litrocket_history::{Gone, Hash};
use litrocket_protocol::{Class, Code, ConversationId, Fault, MessageId, chat, fault::code};

use crate::{
    chances::MS,
    jobs::{Call, Request},
    link::ToClient,
    store::{Store, Stored, account, conversation, room_index},
    world::{Event, World},
};

/// The server's clock at the beginning, in milliseconds.
pub(crate) const BEGIN_MS: u64 = 1_700_000_000_000;
/// Bodies above this length are refused while the policy is strict.
const STRICT_BYTES: usize = 8;

/// What waits for the writer.
#[derive(Debug)]
pub(crate) enum Command {
    Send { link: usize, send: chat::Send },
    Job(Call),
    Forget(usize),
}

/// The open transaction, and who is answered after it.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    answers: Vec<Answer>,
    calls: Vec<Call>,
    pub(crate) appended: Vec<(usize, u64, usize)>,
    /// Accounts that may read something else in a conversation than before.
    pub(crate) access: Vec<(usize, usize)>,
}

#[derive(Debug)]
struct Answer {
    link: usize,
    conversation: ConversationId,
    id: MessageId,
    epoch: u32,
    result: Result<Position, Fault>,
}

/// One server; all but `durable` is lost when it ends.
#[derive(Debug, Default)]
pub(crate) struct Server {
    pub(crate) up: bool,
    /// Which start this is: what an earlier one began does not end any more.
    pub(crate) life: u32,
    pub(crate) writer: Writer,
    pub(crate) queue: VecDeque<Command>,
    pub(crate) batch: Option<Batch>,
    pub(crate) durable: Store,
    /// The durable state with the open transaction.
    pub(crate) working: Store,
    /// The newest events of each conversation, with the connection whose ack stands for it.
    pub(crate) recents: Vec<VecDeque<(u64, usize)>>,
    pub(crate) online: Vec<usize>,
    /// It reads no more, and ends when it has answered what it took.
    pub(crate) draining: bool,
    pub(crate) full: bool,
    pub(crate) strict: bool,
    /// How far the clock jumped, in milliseconds.
    pub(crate) clock_ms: i64,
}

impl Server {
    pub(crate) fn new(store: Store) -> Self {
        let recents = vec![VecDeque::new(); store.len()];
        Self { up: true, working: store.clone(), durable: store, recents, ..Self::default() }
    }

    /// The recent log from an event on, if it reaches back that far.
    pub(crate) fn recent(&self, room: usize, from: u64) -> Option<Vec<(Stored, usize)>> {
        let recent = &self.recents[room];
        let (first, last) = (recent.front()?.0, recent.back()?.0);
        if from < first || from > last {
            return None;
        }
        let log = &self.durable.room(room).log;
        let entries = recent.iter().skip((from - first) as usize);
        Some(entries.map(|(seq, origin)| (log[*seq as usize - 1], *origin)).collect())
    }
}

impl World {
    /// The server's clock, in milliseconds.
    pub(crate) fn server_ms(&self) -> u64 {
        (BEGIN_MS + self.now / MS).saturating_add_signed(self.server.clock_ms)
    }

    /// Puts what waits into a transaction, unless one is open.
    pub(crate) fn begin(&mut self) {
        if !self.server.up || self.server.batch.is_some() || self.server.queue.is_empty() {
            return;
        }
        let mut batch = Batch::default();
        let count = self.server.queue.len().min(self.chances.batch);
        let commands: Vec<Command> = self.server.queue.drain(..count).collect();
        for command in commands {
            match command {
                Command::Send { link, send } => {
                    let result = self.decide(&mut batch, link, &send);
                    let chat::Send { conversation, id, epoch, .. } = send;
                    let answer = Answer { link, conversation, id, epoch, result };
                    #[cfg(feature = "plant")]
                    if litrocket_core::plant::is(litrocket_core::plant::Plant::AckBeforeCommit) {
                        self.answer(answer);
                        self.pump(link);
                        continue;
                    }
                    batch.answers.push(answer);
                }
                Command::Job(call) => {
                    self.run_job(&mut batch, &call);
                    batch.calls.push(call);
                }
                Command::Forget(link) => self.server.writer.forget(link as u64),
            }
        }
        self.server.batch = Some(batch);
        let most = self.chances.commit;
        let time = self.rng.range(1, most) * if self.rng.chance(20) { 20 } else { 1 };
        let life = self.server.life;
        self.after(time, Event::Committed(life));
    }

    fn load_head(&mut self, conversation: ConversationId) {
        if self.server.writer.head(conversation).is_none() {
            let head = self.server.working.room(room_index(conversation)).head();
            self.server.writer.load(conversation, head);
        }
    }

    fn decide(&mut self, batch: &mut Batch, link: usize, send: &chat::Send) -> Result<Position, Fault> {
        self.load_head(send.conversation);
        let now_ms = self.server_ms();
        let me = self.links[link].account;
        let server = &mut self.server;
        let member = &server.working.room(room_index(send.conversation)).members[me];
        let too_long = server.strict && send.body.len() > STRICT_BYTES;
        let incoming = Incoming {
            stream: link as u64,
            epoch: send.epoch,
            conversation: send.conversation,
            sender: account(me),
            kind: send.kind,
            target: send.target_seq,
            hash: hash_of(send.conversation, send.kind, send.target_seq, Hash::of(&send.body)),
            everybody: false,
            refusal: too_long.then_some(code::TOO_LONG),
        };
        let first = server.working.first(send.id).filter(|stored| stored.sender == account(me));
        let first = first.map(|stored| First {
            position: stored.position,
            hash: hash_of(server.conversation_of(send.id), stored.kind, stored.target, stored.hash),
        });
        // As the server does it: what is new is found out by inserting it, everything else by what is stored.
        let facts = |first| Facts { first, member: member.membership.as_ref(), rules: None, now_ms };
        let mark = server.writer.savepoint();
        let decision = match server.writer.decide(&incoming, facts(None)) {
            Decision::Append(position) if first.is_none() => Decision::Append(position),
            _ => {
                server.writer.roll_back_to(mark);
                server.writer.decide(&incoming, facts(first))
            }
        };
        match decision {
            Decision::Repeat(position) => Ok(position),
            Decision::Append(position) => {
                self.store(batch, link, send, position);
                Ok(position)
            }
            Decision::Change => {
                let mark = self.server.writer.savepoint();
                self.change(batch, link, send).map_err(|code| {
                    self.server.writer.roll_back_to(mark);
                    self.refusal(link, send, code)
                })
            }
            Decision::Refuse(code) | Decision::Wait(code, _) => Err(self.refusal(link, send, code)),
        }
    }

    fn refusal(&mut self, link: usize, send: &chat::Send, code: Code) -> Fault {
        if code.class == Class::Retry && code.name != code::FENCED.name {
            self.server.writer.fence(link as u64, send.conversation, send.epoch);
        }
        Fault::new(code)
    }

    pub(crate) fn store(&mut self, batch: &mut Batch, link: usize, send: &chat::Send, position: Position) {
        let room = room_index(send.conversation);
        let event = Stored {
            position,
            sender: account(self.links[link].account),
            id: Some(send.id),
            kind: send.kind,
            target: send.target_seq,
            hash: Hash::of(&send.body),
            gone: Gone::None,
        };
        self.server.working.append(room, event);
        batch.appended.push((room, position.event_seq, link));
    }

    /// Appends an event that the server makes.
    pub(crate) fn append(&mut self, batch: &mut Batch, room: usize, sender: usize, kind: u16) -> Position {
        self.load_head(conversation(room));
        let now_ms = self.server_ms();
        let position = self.server.writer.append(conversation(room), kind, now_ms);
        let hash = Hash::of(&[kind as u8, sender as u8]);
        let sender = account(sender);
        let event = Stored { position, sender, id: None, kind, target: None, hash, gone: Gone::None };
        self.server.working.append(room, event);
        batch.appended.push((room, position.event_seq, usize::MAX));
        position
    }

    fn answer(&mut self, answer: Answer) {
        let Answer { link, conversation, id, epoch, result } = answer;
        let frame = match result {
            Ok(position) => ToClient::Ack(chat::Ack {
                conversation,
                id,
                event_seq: position.event_seq,
                message_seq: position.shown_message_seq(),
                at_ms: position.at_ms,
            }),
            Err(fault) => ToClient::Refused(chat::Refused { conversation, id, epoch, fault }),
        };
        self.links[link].desk.answered.push(frame);
    }

    /// The commit ended.
    pub(crate) fn committed(&mut self, life: u32) {
        if life != self.server.life {
            return;
        }
        let Some(batch) = self.server.batch.take() else { return };
        let failures = self.chances.failures;
        let fails = !self.calm && (self.server.full || self.rng.chance(failures));
        if fails && self.rng.chance(50) {
            self.server.batch = Some(batch);
            self.kill();
            return;
        }
        if fails {
            self.rolled_back(batch);
        } else {
            self.server.durable = self.server.working.clone();
            self.server.writer.committed();
            for answer in batch.answers {
                self.answer(answer);
            }
            self.publish(&batch.appended, &batch.access);
            for call in batch.calls {
                self.reply(call);
            }
        }
        for at in self.server.online.clone() {
            self.pump(at);
        }
        self.begin();
        self.drained();
    }

    fn rolled_back(&mut self, batch: Batch) {
        self.server.working = self.server.durable.clone();
        self.server.writer.rolled_back();
        for answer in batch.answers {
            let Answer { link, conversation, epoch, .. } = answer;
            self.server.writer.fence(link as u64, conversation, epoch);
            let result = Err(Fault::new(code::UNAVAILABLE).retry_after(1000));
            self.answer(Answer { result, ..answer });
        }
        for call in &batch.calls {
            self.give_up(call);
        }
    }

    /// Tells everybody who is concerned.
    fn publish(&mut self, appended: &[(usize, u64, usize)], access: &[(usize, usize)]) {
        let Self { server, links, chances, .. } = self;
        for (room, seq, origin) in appended {
            let recent = &mut server.recents[*room];
            recent.push_back((*seq, *origin));
            while recent.len() > chances.recent {
                recent.pop_front();
            }
        }
        for at in &server.online {
            let link = &mut links[*at];
            if !link.desk.live {
                continue;
            }
            let mine = access.iter().filter(|(_, account)| *account == link.account);
            link.desk.dirty.extend(mine.map(|(room, _)| (conversation(*room), true)));
            for (room, ..) in appended {
                if server.durable.room(*room).members[link.account].is_joined() {
                    link.desk.dirty.push((conversation(*room), false));
                }
            }
        }
    }

    /// A request that arrived goes to the writer.
    pub(crate) fn called(&mut self, call: Call) {
        if self.links[call.link].server_open && self.server.up && !self.server.draining {
            self.server.queue.push_back(Command::Job(call));
            self.begin();
        } else {
            self.give_up(&call);
        }
    }

    /// The answer leaves after the commit.
    fn reply(&mut self, call: Call) {
        let Request::Read { room, .. } = call.request else { return };
        let markers = self.server.durable.room(room).markers(self.links[call.link].account);
        if self.links[call.link].cut {
            self.give_up(&call);
        } else {
            let time = self.delay();
            self.after(time, Event::Replied(call, markers));
        }
    }
}

impl Server {
    fn conversation_of(&self, id: MessageId) -> ConversationId {
        conversation(self.working.room_of(id).unwrap_or(0))
    }
}

/// What the server's keyed hash covers.
fn hash_of(conversation: ConversationId, kind: u16, target: Option<u64>, body: Hash) -> [u8; 32] {
    let mut hash = [0; 32];
    hash[..8].copy_from_slice(&conversation.0.to_be_bytes());
    hash[8..10].copy_from_slice(&kind.to_be_bytes());
    hash[10..18].copy_from_slice(&target.unwrap_or(u64::MAX).to_be_bytes());
    hash[18..26].copy_from_slice(&body.0.to_be_bytes());
    hash
}
