//! What the peers said and heard, for the history checker.

use std::{
    collections::{BTreeSet, HashMap},
    fs::File,
    io::{BufWriter, Write as _},
    path::Path,
    sync::OnceLock,
    time::Instant,
};

use litrocket_history::{Checker, Entry, Gone, Hash};
use litrocket_protocol::{
    AccountId, ConversationId, MessageId,
    conversations::{GetConversation, MarkRead},
    event::kind,
};
use quinn::Connection;

use crate::{
    Error, Result, Seed, Stored,
    peer::{Heard, Join, Start, call},
};

/// Who notes: each account has one device in a run, with the account's number, in one conversation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Device {
    pub(crate) account: u64,
    pub(crate) conversation: u64,
}

/// What all devices noted.
#[derive(Debug, Default)]
pub(crate) struct History(Vec<Entry>);

impl History {
    pub(crate) fn add(&mut self, notes: Notes) {
        self.0.extend(notes.entries);
    }
}

/// What one device says and hears, and where that leaves it.
#[derive(Debug)]
pub(crate) struct Notes {
    device: Device,
    entries: Vec<Entry>,
    /// The last event that came without a hole, own acks included, and those that came ahead of it.
    at: u64,
    ahead: BTreeSet<u64>,
    /// Whether it came without ever having synced.
    fresh: bool,
    /// The last message of its account.
    last_sent: u64,
}

/// Microseconds of one clock for the whole run.
fn now_us() -> u64 {
    static START: OnceLock<Instant> = OnceLock::new();
    u64::try_from(START.get_or_init(Instant::now).elapsed().as_micros()).unwrap_or(u64::MAX)
}

impl Notes {
    pub(crate) fn new(device: Device) -> Self {
        Self { device, entries: Vec::new(), at: 0, ahead: BTreeSet::new(), fresh: false, last_sent: 0 }
    }

    /// The last message that its account had sent before the run.
    pub(crate) fn had_sent(mut self, message_seq: u64) -> Self {
        self.last_sent = message_seq;
        self
    }

    /// Where the device stands.
    pub(crate) fn at(&self) -> u64 {
        self.at
    }

    /// It comes for the first time, to hear what is said from now on.
    pub(crate) fn begins(&mut self) -> Join {
        self.fresh = true;
        Join { conversation: self.device.conversation, from: Start::Head }
    }

    /// It comes with what it has, be that nothing. Call it before the bytes leave.
    pub(crate) fn resumes(&mut self) -> Join {
        let (at_us, (account, device, conversation)) = (now_us(), self.who());
        self.fresh = false;
        self.ahead.clear();
        self.entries.push(Entry::Resume {
            at_us,
            account,
            device,
            conversation,
            event_seq: self.at,
            seek: false,
        });
        Join { conversation: conversation.0, from: Start::Cursor(self.at) }
    }

    /// Call it before the bytes leave.
    pub(crate) fn says(&mut self, said: &[([u8; 16], Vec<u8>)]) {
        let (at_us, (account, device, conversation)) = (now_us(), self.who());
        self.entries.extend(said.iter().map(|(id, body)| Entry::Send {
            at_us,
            account,
            device,
            conversation,
            id: MessageId(*id),
            kind: kind::TEXT,
            hash: Hash::of(body),
            target: None,
        }));
    }

    pub(crate) fn heard(&mut self, heard: Heard) {
        let (at_us, (account, device, own)) = (now_us(), self.who());
        let entry = match heard {
            Heard::Ack { id, event_seq, message_seq, at_ms, .. } => {
                self.passes(event_seq, event_seq);
                self.last_sent = self.last_sent.max(message_seq.unwrap_or(0));
                let (conversation, id) = (own, MessageId(id));
                Entry::Ack { at_us, account, device, conversation, id, event_seq, message_seq, at_ms }
            }
            Heard::Message { event: Some(event), .. } => {
                self.passes(event.event_seq, event.event_seq);
                Entry::Deliver {
                    at_us,
                    account,
                    device,
                    conversation: event.conversation,
                    event_seq: event.event_seq,
                    message_seq: event.message_seq,
                    at_ms: event.at_ms,
                    sender: event.sender,
                    id: event.id,
                    kind: event.kind,
                    hash: Hash::of(&event.body),
                    gone: Gone::None,
                }
            }
            Heard::Skip { conversation, from, to } => {
                self.passes(from, to);
                let (conversation, fresh) = (ConversationId(conversation), self.fresh && from == 1);
                Entry::Skip { at_us, account, device, conversation, from, to, fresh }
            }
            Heard::Message { event: None, .. } | Heard::Live | Heard::Other => return,
        };
        self.entries.push(entry);
    }

    /// It marks as read what it has.
    pub(crate) async fn reads(&self, connection: &Connection) -> Result<()> {
        let conversation = ConversationId(self.device.conversation);
        call(connection, &MarkRead { conversation, event_seq: self.at }).await.map(drop)
    }

    /// It asks what is unread.
    pub(crate) async fn counts(&mut self, connection: &Connection) -> Result<()> {
        let (account, _, conversation) = self.who();
        let info = call(connection, &GetConversation { conversation }).await?;
        self.entries.push(Entry::Unread {
            at_us: now_us(),
            account,
            conversation,
            head: info.head_message_seq,
            joined: info.mine.joined_message_seq,
            deleted_to: info.mine.deleted_to,
            retained_from: 0,
            read_marker: info.mine.read,
            my_last_sent: self.last_sent,
            unread: info.unread,
        });
        Ok(())
    }

    /// It was left alone and got what it gets.
    pub(crate) fn ends(&mut self) {
        let (at_us, (account, device, conversation)) = (now_us(), self.who());
        self.entries.push(Entry::End { at_us, account, device, conversation, event_seq: self.at });
    }

    fn who(&self) -> (AccountId, u64, ConversationId) {
        let Device { account, conversation } = self.device;
        (AccountId(account), account, ConversationId(conversation))
    }

    /// These events are here.
    fn passes(&mut self, from: u64, to: u64) {
        if from > self.at + 1 {
            self.ahead.extend(from..=to);
            return;
        }
        self.at = self.at.max(to);
        while self.ahead.first().is_some_and(|next| *next <= self.at + 1) {
            self.at = self.at.max(self.ahead.pop_first().unwrap_or(0));
        }
    }
}

/// Puts the log and the access ranges behind the notes and checks it all. Answers what was checked.
pub(crate) fn check(notes: History, log: &[Stored], seed: &Seed, file: Option<&Path>) -> Result<String> {
    let mut entries = notes.0;
    entries.sort_by_key(Entry::at_us);
    let at_us = now_us();
    let seeded: HashMap<u64, u64> = seed.conversations.iter().map(|one| (one.id, one.messages)).collect();
    for entry in &mut entries {
        // A device that never synced begins behind what was there before the start, and nowhere else.
        if let Entry::Skip { conversation, to, fresh, .. } = entry {
            *fresh &= seeded.get(&conversation.0) == Some(to);
        }
    }
    // What was there before the start is nobody's send in this history: the log begins behind it.
    let mut before: Vec<Entry> = Vec::new();
    for Stored { event, gone } in log {
        let hash = Hash::of(&event.body);
        let was_there =
            seeded.get(&event.conversation.0).is_some_and(|messages| event.event_seq <= *messages);
        if let (true, Some(id)) = (was_there, event.id) {
            before.push(Entry::Send {
                at_us: 0,
                account: event.sender,
                // Nobody's device of this run.
                device: u64::MAX - event.sender.0,
                conversation: event.conversation,
                id,
                kind: event.kind,
                hash,
                target: event.target_seq,
            });
        }
        entries.push(Entry::Log {
            at_us,
            conversation: event.conversation,
            event_seq: event.event_seq,
            message_seq: event.message_seq,
            counts: kind::counts(event.kind),
            at_ms: event.at_ms,
            sender: event.sender,
            id: event.id,
            kind: event.kind,
            hash,
            gone: if *gone { Gone::Recalled } else { Gone::None },
        });
    }
    for conversation in &seed.conversations {
        entries.extend(conversation.members.iter().map(|account| Entry::Access {
            at_us,
            account: AccountId(*account),
            conversation: ConversationId(conversation.id),
            from: 1,
            to: None,
        }));
    }
    before.extend(entries);
    if let Some(file) = file {
        write(&before, file)?;
    }
    let mut checker = Checker::new();
    let broken = |broken: litrocket_history::Broken| {
        Error(format!("the history breaks rule {}: {}", broken.rule, broken.message))
    };
    for entry in before {
        checker.push(entry).map_err(broken)?;
    }
    let report = checker.finish().map_err(broken)?;
    Ok(format!(
        "{} sends, {} acks, {} deliveries, no rule broken",
        report.sends, report.acks, report.deliveries
    ))
}

fn write(entries: &[Entry], file: &Path) -> Result<()> {
    let fail = |error: &dyn std::fmt::Display| Error::new(&file.display().to_string(), error);
    let mut out = BufWriter::new(File::create(file).map_err(|error| fail(&error))?);
    for entry in entries {
        serde_json::to_writer(&mut out, entry).map_err(|error| fail(&error))?;
        out.write_all(b"\n").map_err(|error| fail(&error))?;
    }
    out.flush().map_err(|error| fail(&error))
}
