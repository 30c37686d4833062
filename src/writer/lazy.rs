//! What is derived from the log, or only a hint, and so is written at most once a second.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use litrocket_protocol::{AccountId, ConversationId, SessionId};

/// Values that wait to be written. Everything here can be derived again or may be lost with a crash.
#[derive(Debug, Default)]
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

/// The values that wait, shared by the writer and those who read or set them.
#[derive(Debug, Clone, Default)]
pub struct Lazy(Arc<Mutex<Values>>);

impl Lazy {
    fn values(&self) -> MutexGuard<'_, Values> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn take(&self) -> Values {
        std::mem::take(&mut self.values())
    }

    /// Puts values back after a failed write, unless newer ones came.
    pub(super) fn put_back(&self, old: Values) {
        let mut now = self.values();
        raise_all(&mut now.last_at, old.last_at);
        raise_all(&mut now.last_sent, old.last_sent);
        raise_all(&mut now.delivered, old.delivered);
        raise_all(&mut now.seen, old.seen);
        raise_all(&mut now.used, old.used);
    }

    pub(super) fn appended(&self, conversation: ConversationId, at_ms: u64, sent: Option<(AccountId, u64)>) {
        let mut values = self.values();
        raise(&mut values.last_at, conversation, at_ms);
        if let Some((sender, message_seq)) = sent {
            raise(&mut values.last_sent, (conversation, sender), message_seq);
        }
    }

    /// The sender's last message that is not in its row yet; 0 for none.
    pub fn last_sent(&self, conversation: ConversationId, account: AccountId) -> u64 {
        self.values().last_sent.get(&(conversation, account)).copied().unwrap_or(0)
    }

    /// The account's delivered marker that is not in its row yet; 0 for none.
    pub fn last_delivered(&self, conversation: ConversationId, account: AccountId) -> u64 {
        self.values().delivered.get(&(conversation, account)).copied().unwrap_or(0)
    }

    /// A device of the account has everything up to this event.
    pub fn delivered(&self, conversation: ConversationId, account: AccountId, event_seq: u64) {
        raise(&mut self.values().delivered, (conversation, account), event_seq);
    }

    /// The account and its session were connected just now.
    pub fn seen(&self, account: AccountId, session: SessionId, at_ms: u64) {
        let mut values = self.values();
        raise(&mut values.seen, account, at_ms);
        raise(&mut values.used, session, at_ms);
    }

    /// When the account was last seen, if that is not in its row yet; 0 otherwise.
    pub fn last_seen(&self, account: AccountId) -> u64 {
        self.values().seen.get(&account).copied().unwrap_or(0)
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
