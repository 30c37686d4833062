//! What is derived from the log, or only a hint, and so is written at most once a second.

use std::sync::{Arc, Mutex, MutexGuard};

use foldhash::HashMap;
use litrocket_protocol::{AccountId, ConversationId, SessionId};

use crate::lock::lock;

/// Values that wait to be written. Everything here can be derived again or may be lost with a crash.
#[derive(Debug, Default, Clone)]
pub(super) struct Values {
    /// The last activity of conversations, in milliseconds.
    pub(super) last_at: HashMap<ConversationId, u64>,
    /// The last message of each sender.
    pub(super) last_sent: HashMap<(ConversationId, AccountId), u64>,
    /// The last event delivered to a device of the account.
    pub(super) delivered: HashMap<(ConversationId, AccountId), u64>,
    /// When accounts were last seen, in milliseconds.
    pub(super) seen: HashMap<AccountId, u64>,
    /// When sessions were last used, in milliseconds.
    pub(super) used: HashMap<SessionId, u64>,
}

/// Values that wait, and those that are being written: until they are in their rows they are here.
#[derive(Debug, Default)]
struct Kept {
    waiting: Values,
    writing: Values,
}

/// The values that are not in their rows, shared by the writer and those who read or set them.
///
/// Who wants the latest value asks here before and after looking at the row: between the two it may have moved
/// from here to there, or have come here.
#[derive(Debug, Clone, Default)]
pub struct Lazy(Arc<Mutex<Kept>>);

impl Lazy {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        lock(&self.0)
    }

    fn latest(&self, of: impl Fn(&Values) -> Option<&u64>) -> u64 {
        let kept = self.kept();
        of(&kept.waiting).max(of(&kept.writing)).copied().unwrap_or(0)
    }

    /// What waits is to be written; [`Lazy::written`] or [`Lazy::put_back`] tells how that went.
    pub(super) fn take(&self) -> Values {
        let mut kept = self.kept();
        kept.writing = std::mem::take(&mut kept.waiting);
        kept.writing.clone()
    }

    /// What was taken is in its rows.
    pub(super) fn written(&self) {
        self.kept().writing = Values::default();
    }

    /// Puts values back after a failed write, unless newer ones came.
    pub(super) fn put_back(&self, old: Values) {
        let mut kept = self.kept();
        kept.writing = Values::default();
        let now = &mut kept.waiting;
        raise_all(&mut now.last_at, old.last_at);
        raise_all(&mut now.last_sent, old.last_sent);
        raise_all(&mut now.delivered, old.delivered);
        raise_all(&mut now.seen, old.seen);
        raise_all(&mut now.used, old.used);
    }

    pub(super) fn appended(&self, conversation: ConversationId, at_ms: u64, sent: Option<(AccountId, u64)>) {
        let mut kept = self.kept();
        let values = &mut kept.waiting;
        raise(&mut values.last_at, conversation, at_ms);
        if let Some((sender, message_seq)) = sent {
            raise(&mut values.last_sent, (conversation, sender), message_seq);
        }
    }

    /// The sender's last message that is not in its row yet; 0 for none.
    pub fn last_sent(&self, conversation: ConversationId, account: AccountId) -> u64 {
        self.latest(|values| values.last_sent.get(&(conversation, account)))
    }

    /// The account's delivered marker that is not in its row yet; 0 for none.
    pub fn last_delivered(&self, conversation: ConversationId, account: AccountId) -> u64 {
        self.latest(|values| values.delivered.get(&(conversation, account)))
    }

    /// A device of the account has everything up to this event.
    pub fn delivered(&self, conversation: ConversationId, account: AccountId, event_seq: u64) {
        raise(&mut self.kept().waiting.delivered, (conversation, account), event_seq);
    }

    /// The account and its session were connected just now.
    pub fn seen(&self, account: AccountId, session: SessionId, at_ms: u64) {
        let mut kept = self.kept();
        let values = &mut kept.waiting;
        raise(&mut values.seen, account, at_ms);
        raise(&mut values.used, session, at_ms);
    }

    /// When the account was last seen, if that is not in its row yet; 0 otherwise.
    pub fn last_seen(&self, account: AccountId) -> u64 {
        self.latest(|values| values.seen.get(&account))
    }
}

fn raise<K: std::hash::Hash + Eq>(map: &mut HashMap<K, u64>, key: K, value: u64) {
    let entry = map.entry(key).or_default();
    *entry = (*entry).max(value);
}

fn raise_all<K: std::hash::Hash + Eq>(map: &mut HashMap<K, u64>, old: HashMap<K, u64>) {
    for (key, value) in old {
        raise(map, key, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOM: ConversationId = ConversationId(1);
    const ADA: AccountId = AccountId(2);

    #[test]
    fn a_value_is_here_until_it_is_in_its_row() {
        let lazy = Lazy::default();
        lazy.appended(ROOM, 1, Some((ADA, 5)));
        let taken = lazy.take();
        assert_eq!((taken.last_sent[&(ROOM, ADA)], lazy.last_sent(ROOM, ADA)), (5, 5));
        lazy.appended(ROOM, 2, Some((ADA, 6)));
        assert_eq!(lazy.last_sent(ROOM, ADA), 6);
        lazy.put_back(taken);
        assert_eq!(lazy.take().last_sent[&(ROOM, ADA)], 6);
        lazy.written();
        assert_eq!(lazy.last_sent(ROOM, ADA), 0);
    }
}
