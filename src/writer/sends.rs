//! Runs of sends: decided and inserted on the driver's own handle, one hop for the whole run.

use foldhash::HashMap;
use litrocket_core::{
    access::Range,
    writer::{Decision, Facts, First, Head, Incoming, Membership, Position, Rules, Writer},
};
use litrocket_protocol::{AccountId, Code, ConversationId, event::kind, fault::code};

use super::{
    SendCommand, Tx,
    batch::BEGIN,
    placing::{INSERT_SEND, Placing},
    standing::{
        SELECT_HEAD, SELECT_RANGES, SELECT_RULES, SELECT_STATE, SET_SLOW_AT, asks, is_asked, refusal,
    },
    tx::NewEvent,
};
use crate::{
    args,
    db::{self, Raw, raw},
};

const SELECT_FIRST: &str = "SELECT event_seq, message_seq, kind, at_ms, hash FROM events
    WHERE id = $1 AND sender = $2";
const INSERT_MENTION: &str = "INSERT INTO mentions (conversation, account, message_seq) VALUES ($1, $2, $3)
    ON CONFLICT DO NOTHING";

/// What became of one send before the commit.
#[derive(Debug)]
pub(super) enum Outcome {
    /// It stands here.
    At(Position),
    /// It stands here since the first time.
    Again(Position),
    /// It is refused; with when the like would be taken, in milliseconds from now.
    Refused(Code, Option<u64>),
    /// A feature has to look at the event it refers to.
    Change,
}

impl Tx {
    /// Decides and appends sends from the front of the run, up to and with the first that needs a feature, or
    /// begins a conversation.
    /// Answers one outcome for each send it took.
    pub(super) async fn append_run(&mut self, run: &mut [SendCommand]) -> Result<Vec<Outcome>, db::Error> {
        for command in run.iter() {
            self.load_facts(command).await?;
        }
        let mut outcomes = Vec::with_capacity(run.len());
        let Self {
            connection, open, core, memberships, rules, touched, clock, committed, derived, ids, ..
        } = self;
        let now_ms = clock.now_ms();
        connection
            .raw(|raw| {
                if !*open {
                    raw::execute(&mut raw.prepare(BEGIN)?, &[])?;
                    *open = true;
                }
                let (first, insert) = (raw.prepare(SELECT_FIRST)?, raw.prepare(INSERT_SEND)?);
                let placing = Placing { committed, derived, ids };
                let mut run_of =
                    Run { raw, first, insert, core, memberships, rules, touched, placing, now_ms };
                for command in run.iter_mut() {
                    let outcome = run_of.one(command)?;
                    // What features do at a conversation's first event decides about those behind it.
                    let ends = match &outcome {
                        Outcome::At(position) => position.event_seq == 1,
                        Outcome::Change => true,
                        Outcome::Again(_) | Outcome::Refused(..) => false,
                    };
                    outcomes.push(outcome);
                    if ends {
                        break;
                    }
                }
                Ok(())
            })
            .await?;
        Ok(outcomes)
    }

    /// Makes sure that head and membership are known, with what this transaction changed.
    async fn load_facts(&mut self, command: &SendCommand) -> Result<(), db::Error> {
        let conversation = command.send.conversation;
        let load_head = self.core.head(conversation).is_none();
        let load_member = !self.memberships.contains_key(&(conversation, command.sender));
        let load_rules = !self.rules.contains_key(&conversation);
        if !load_head && !load_member && !load_rules {
            return Ok(());
        }
        let (head, member, rules) = self
            .connection
            .raw(|raw| {
                let head = raw::first(&mut raw.prepare(SELECT_HEAD)?, args![conversation], |row| {
                    Ok(Head { event_seq: row.get(0)?, message_seq: row.get(1)?, at_ms: row.get(2)? })
                })?;
                Ok((head.unwrap_or_default(), membership(raw, command)?, rules(raw, command)?))
            })
            .await?;
        if load_head {
            self.core.load(conversation, head);
        }
        self.remember(conversation, command.sender, member);
        self.remember_rules(conversation, rules);
        Ok(())
    }
}

/// What a run works on while the connection is lent.
struct Run<'a> {
    raw: &'a Raw,
    first: raw::Statement<'a>,
    insert: raw::Statement<'a>,
    core: &'a mut Writer,
    memberships: &'a mut HashMap<(ConversationId, AccountId), Option<Membership>>,
    rules: &'a HashMap<ConversationId, Option<Rules>>,
    touched: &'a mut Vec<(ConversationId, AccountId)>,
    placing: Placing<'a>,
    now_ms: u64,
}

impl Run<'_> {
    /// Decides one send, and appends it where that is what it takes.
    ///
    /// Nearly every send is new, and then its insert tells: looking the id up before it would be a tenth of what a send
    /// costs. Whatever is not an append of something new is decided by what is stored.
    fn one(&mut self, command: &mut SendCommand) -> Result<Outcome, db::Error> {
        let incoming = incoming(command);
        let mark = self.core.savepoint();
        if let Decision::Append(position) = self.decide(&incoming, None) {
            if self.insert(command, position)? {
                self.appended(command, &incoming, position)?;
                return Ok(Outcome::At(position));
            }
            self.core.roll_back_to(mark);
        }
        let stored = stored(&mut self.first, command)?;
        Ok(match self.decide(&incoming, stored) {
            Decision::Repeat(position) => Outcome::Again(position),
            Decision::Refuse(code) => Outcome::Refused(code, None),
            Decision::Wait(code, after_ms) => Outcome::Refused(code, Some(after_ms)),
            Decision::Change => Outcome::Change,
            Decision::Append(_) => {
                return Err(db::Error::statement("an id that is stored is not there".into()));
            }
        })
    }

    fn decide(&mut self, incoming: &Incoming, first: Option<First>) -> Decision {
        let member = self.memberships.get(&(incoming.conversation, incoming.sender)).and_then(Option::as_ref);
        let rules = self.rules.get(&incoming.conversation).copied().flatten();
        self.core.decide(incoming, Facts { first, member, rules, now_ms: self.now_ms })
    }

    /// Inserts the event; `false` where its sender has used its id before.
    fn insert(&mut self, command: &mut SendCommand, position: Position) -> Result<bool, db::Error> {
        let row = self.placing.place(event(command), position);
        let is_new = raw::execute(&mut self.insert, &row)? == 1;
        if !is_new {
            self.placing.take_back();
        }
        Ok(is_new)
    }

    fn appended(
        &mut self,
        command: &SendCommand,
        incoming: &Incoming,
        position: Position,
    ) -> Result<(), db::Error> {
        let key = (incoming.conversation, incoming.sender);
        if !command.mentions.is_empty() {
            let mut mention = self.raw.prepare(INSERT_MENTION)?;
            for account in &command.mentions {
                raw::execute(&mut mention, args![key.0, *account, position.message_seq])?;
            }
        }
        let rules = self.rules.get(&key.0).copied().flatten();
        let member = self.memberships.get_mut(&key).and_then(Option::as_mut);
        if let Some(member) = member
            && position.counts
            && rules.is_some_and(|rules| rules.slows(member))
        {
            member.last_ms = self.now_ms;
            self.touched.push(key);
            raw::execute(&mut self.raw.prepare(SET_SLOW_AT)?, args![key.0, key.1, self.now_ms])?;
        }
        Ok(())
    }
}

pub(super) fn incoming(command: &SendCommand) -> Incoming {
    Incoming {
        stream: command.stream,
        epoch: command.send.epoch,
        conversation: command.send.conversation,
        sender: command.sender,
        kind: command.send.kind,
        target: command.send.target_seq,
        hash: command.hash,
        everybody: command.mentions.contains(&AccountId::SYSTEM),
        refusal: command.refusal.as_ref().map(|_| code::TOO_LONG),
    }
}

fn stored(statement: &mut raw::Statement<'_>, command: &SendCommand) -> Result<Option<First>, db::Error> {
    raw::first(statement, args![command.send.id, command.sender], |row| {
        let counts = kind::counts(row.get(2)?);
        let position =
            Position { event_seq: row.get(0)?, message_seq: row.get(1)?, counts, at_ms: row.get(3)? };
        Ok(First { position, hash: row.get(4)? })
    })
}

fn membership(raw: &Raw, command: &SendCommand) -> Result<Option<Membership>, db::Error> {
    let key = args![command.send.conversation, command.sender];
    let found = raw::first(&mut raw.prepare(SELECT_STATE)?, key, |row| {
        Ok(Membership {
            state: row.get(0)?,
            ranges: Vec::new(),
            refusal: refusal(row.get(1)?),
            role: row.get(2)?,
            muted_until_ms: row.get(3)?,
            last_ms: row.get(4)?,
            asked: is_asked(row.get(5)?),
            asks: asks(row.get(5)?),
        })
    })?;
    let Some(found) = found else { return Ok(None) };
    let ranges = raw::all(&mut raw.prepare(SELECT_RANGES)?, key, |row| {
        Ok(Range { from: row.get(0)?, to: row.get(1)? })
    })?;
    Ok(Some(Membership { ranges, ..found }))
}

fn rules(raw: &Raw, command: &SendCommand) -> Result<Option<Rules>, db::Error> {
    raw::first(&mut raw.prepare(SELECT_RULES)?, args![command.send.conversation], |row| {
        Ok(Rules { write: row.get(0)?, upload: row.get(1)?, everybody: row.get(2)?, slow_ms: row.get(3)? })
    })
}

/// The event of a send. Its body moves: what is refused keeps it.
fn event(command: &mut SendCommand) -> NewEvent {
    NewEvent {
        conversation: command.send.conversation,
        sender: command.sender,
        kind: command.send.kind,
        target: command.send.target_seq,
        id: Some((command.send.id, command.hash)),
        body: std::mem::take(&mut command.send.body),
        fallback: command.send.fallback.take(),
        origin: command.origin,
    }
}

/// Whether a refusal asks for the same send again: then later sends of its epoch are fenced.
pub(super) fn is_retryable(code: Code) -> bool {
    code.class == litrocket_protocol::Class::Retry && code.name != code::FENCED.name
}
