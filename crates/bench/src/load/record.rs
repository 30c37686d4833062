//! What the peers said and heard, for the history checker.

use std::{
    fs::File,
    io::{BufWriter, Write as _},
    path::Path,
    sync::OnceLock,
    time::Instant,
};

use litrocket_history::{Checker, Entry, Gone, Hash};
use litrocket_protocol::{AccountId, ConversationId, MessageId, event::kind};

use crate::{Error, Result, Seed, Stored, peer::Heard};

/// Who notes: each account has one device in a run, with the account's number.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Device {
    pub(crate) account: u64,
    pub(crate) conversation: u64,
}

/// Entries in the order of each device.
#[derive(Debug, Default)]
pub(crate) struct Notes(Vec<Entry>);

/// Microseconds of one clock for the whole run.
fn now_us() -> u64 {
    static START: OnceLock<Instant> = OnceLock::new();
    u64::try_from(START.get_or_init(Instant::now).elapsed().as_micros()).unwrap_or(u64::MAX)
}

impl Notes {
    /// Call it before the bytes leave.
    pub(crate) fn says(&mut self, device: Device, said: &[([u8; 16], Vec<u8>)]) {
        let at_us = now_us();
        self.0.extend(said.iter().map(|(id, body)| Entry::Send {
            at_us,
            account: AccountId(device.account),
            device: device.account,
            conversation: ConversationId(device.conversation),
            id: MessageId(*id),
            kind: kind::TEXT,
            hash: Hash::of(body),
            target: None,
        }));
    }

    pub(crate) fn heard(&mut self, device: Device, heard: Heard) {
        let (at_us, account, device, own) =
            (now_us(), AccountId(device.account), device.account, ConversationId(device.conversation));
        self.0.push(match heard {
            Heard::Ack { id, event_seq, message_seq, at_ms, .. } => Entry::Ack {
                at_us,
                account,
                device,
                conversation: own,
                id: MessageId(id),
                event_seq,
                message_seq,
                at_ms,
            },
            Heard::Message { event: Some(event) } => Entry::Deliver {
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
            },
            Heard::Skip { conversation, from, to } => {
                let conversation = ConversationId(conversation);
                Entry::Skip { at_us, account, device, conversation, from, to, fresh: from == 1 }
            }
            Heard::Message { event: None } | Heard::Live | Heard::Other => return,
        });
    }

    pub(crate) fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }
}

/// Puts the log and the access ranges behind the notes and checks it all. Answers what was checked.
pub(crate) fn check(notes: Notes, log: &[Stored], seed: &Seed, file: Option<&Path>) -> Result<String> {
    let mut entries = notes.0;
    entries.sort_by_key(Entry::at_us);
    let at_us = now_us();
    let seeded: std::collections::HashMap<u64, u64> =
        seed.conversations.iter().map(|one| (one.id, one.messages)).collect();
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
