//! Active conversations: their joined members and the newest part of their log, each with a byte budget.

use std::collections::VecDeque;

use bytes::Bytes;
use foldhash::HashMap;
use litrocket_protocol::{AccountId, ConversationId};

use super::{Appended, Members};

/// The recent log of one conversation, in bytes.
const RECENT_BYTES_MAX: usize = 64 * 1024;
/// All recent logs and member lists together, in bytes. Beyond it the oldest half of the conversations goes.
const TOTAL_BYTES_MAX: usize = 64 * 1024 * 1024;

/// An entry of the recent log.
#[derive(Debug, Clone)]
pub struct RecentEntry {
    /// Its sequence.
    pub event_seq: u64,
    /// The bytes that are sent.
    pub frame: Bytes,
    /// The chat stream whose ack stands for it; 0 for none.
    pub origin: u64,
}

/// What the recent log has behind a cursor.
#[derive(Debug)]
pub enum Recents {
    /// All of it, ascending; empty when the cursor is at the head.
    All(Vec<RecentEntry>),
    /// Not all: ask the database.
    NotHere,
}

#[derive(Debug, Default)]
struct Active {
    members: Option<Members>,
    recent: VecDeque<RecentEntry>,
    recent_bytes: usize,
    used: u64,
}

impl Active {
    fn bytes(&self) -> usize {
        self.recent_bytes + self.members.as_ref().map_or(0, Members::bytes) + 128
    }
}

#[derive(Debug, Default)]
pub(super) struct Conversations {
    active: HashMap<ConversationId, Active>,
    bytes: usize,
    clock: u64,
}

impl Conversations {
    fn entry(&mut self, conversation: ConversationId) -> &mut Active {
        self.clock += 1;
        let active = self.active.entry(conversation).or_default();
        active.used = self.clock;
        active
    }

    pub(super) fn members(&mut self, conversation: ConversationId) -> Option<Members> {
        self.active.get(&conversation)?.members.clone()
    }

    pub(super) fn load_members(&mut self, conversation: ConversationId, members: Vec<AccountId>) {
        self.update(conversation, |active| active.members = Some(members.into()));
    }

    pub(super) fn forget_members(&mut self, conversation: ConversationId) {
        self.update(conversation, |active| active.members = None);
    }

    pub(super) fn change_members(
        &mut self,
        conversation: ConversationId,
        added: &[AccountId],
        removed: &[AccountId],
    ) {
        self.update(conversation, |active| {
            if let Some(members) = &mut active.members {
                members.change(added, removed);
            }
        });
    }

    pub(super) fn push(&mut self, event: Appended) {
        self.update(event.conversation, |active| {
            // The log in memory has no hole: after a gap it starts again.
            if active.recent.back().is_some_and(|last| last.event_seq + 1 != event.event_seq) {
                active.recent.clear();
                active.recent_bytes = 0;
            }
            active.recent_bytes += event.frame.len();
            active.recent.push_back(RecentEntry {
                event_seq: event.event_seq,
                frame: event.frame,
                origin: event.origin,
            });
            while active.recent_bytes > RECENT_BYTES_MAX {
                let Some(oldest) = active.recent.pop_front() else { break };
                active.recent_bytes -= oldest.frame.len();
            }
        });
        self.shrink();
    }

    pub(super) fn replace(&mut self, conversation: ConversationId, event_seq: u64, frame: Bytes) {
        self.update(conversation, |active| {
            if let Some(entry) = active.recent.iter_mut().find(|entry| entry.event_seq == event_seq) {
                active.recent_bytes = active.recent_bytes - entry.frame.len() + frame.len();
                entry.frame = frame;
            }
        });
    }

    pub(super) fn head(&self, conversation: ConversationId) -> Option<u64> {
        self.active.get(&conversation)?.recent.back().map(|entry| entry.event_seq)
    }

    pub(super) fn recent(&mut self, conversation: ConversationId, after: u64) -> Recents {
        let Some(active) = self.active.get(&conversation) else { return Recents::NotHere };
        let (Some(first), Some(last)) = (active.recent.front(), active.recent.back()) else {
            return Recents::NotHere;
        };
        if after + 1 < first.event_seq || after > last.event_seq {
            return Recents::NotHere;
        }
        let skip = (after + 1 - first.event_seq) as usize;
        Recents::All(active.recent.iter().skip(skip).cloned().collect())
    }

    fn update(&mut self, conversation: ConversationId, change: impl FnOnce(&mut Active)) {
        let active = self.entry(conversation);
        let before = active.bytes();
        change(active);
        let after = active.bytes();
        self.bytes = (self.bytes + after).saturating_sub(before);
    }

    /// Drops the half of the conversations that were used longest ago.
    fn shrink(&mut self) {
        if self.bytes <= TOTAL_BYTES_MAX {
            return;
        }
        let mut ages: Vec<u64> = self.active.values().map(|active| active.used).collect();
        ages.sort_unstable();
        let median = ages[ages.len() / 2];
        self.active.retain(|_, active| active.used > median);
        self.bytes = self.active.values().map(Active::bytes).sum();
    }
}
