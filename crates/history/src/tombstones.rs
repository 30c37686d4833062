//! Which events may be tombstones: the other half of rule 5. A tombstone without a cause is a lost message.

use std::collections::HashMap;

use litrocket_protocol::event::kind;

use crate::{Broken, Gone, conversation::Conversation};

/// What the edits and recalls of one log replace.
#[derive(Debug, Default)]
pub(crate) struct Tombstones {
    /// By event: what it has to be, and when the first cause was sent.
    causes: HashMap<u64, (Gone, u64)>,
    /// By message: its edits, in the order of the log.
    edits: HashMap<u64, Vec<u64>>,
}

impl Tombstones {
    /// The event that comes next in the log changes `target`, if its kind is an edit or a recall.
    pub(crate) fn change(&mut self, event_seq: u64, event_kind: u16, target: Option<u64>, sent_us: u64) {
        let Some(target) = target else { return };
        let gone = match event_kind {
            kind::EDIT => Gone::Edited,
            kind::RECALL => Gone::Recalled,
            _ => return,
        };
        let edits = self.edits.entry(target).or_default();
        // The older edits are gone already, each by the one after it.
        let kept = edits.len().saturating_sub(1);
        for seq in edits[kept..].iter().chain([&target]) {
            let (now, since) = self.causes.entry(*seq).or_insert((gone, sent_us));
            *now = gone.max(*now);
            *since = sent_us.min(*since);
        }
        if gone == Gone::Edited {
            edits.push(event_seq);
        }
    }

    /// The log has these tombstones and no others, and nobody heard of one before its cause.
    pub(crate) fn check(&self, conversation: &Conversation) -> Result<(), Broken> {
        for fact in conversation.log() {
            let (seq, found) = (fact.event.event_seq, fact.event.gone);
            let (expected, since) = self.causes.get(&seq).copied().unwrap_or((Gone::None, 0));
            if found != expected {
                let message = format!("event {seq} is {found:?}, but the log makes it {expected:?}");
                return Err(Broken::new(5, since, message));
            }
            if let Some(gone_us) = fact.gone_at.filter(|gone| *gone < since) {
                let message = format!("event {seq} came as a tombstone before its edit or recall was sent");
                return Err(Broken::new(5, gone_us, message));
            }
        }
        Ok(())
    }
}
