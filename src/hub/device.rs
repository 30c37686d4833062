//! One signed-in connection as the hub sees it: what is new for it, and the latest state values to tell.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use foldhash::HashMap;
use litrocket_protocol::{AccountId, ConversationId, SessionId, announcements::Announcement, state};
use tokio::sync::{Notify, Semaphore};

use super::lock;
use crate::writer::{ACCOUNT_SENDS_MAX, room};

/// State values that may wait for one device. Beyond it the oldest goes: they are hints, the next one comes.
const STATE_VALUES_MAX: usize = 1024;

/// The latest value of something that is never queued.
#[derive(Debug, Clone, PartialEq)]
pub enum StateValue {
    /// Somebody types.
    Typing(state::TypingNow),
    /// Somebody came or went.
    Presence(state::Presence),
    /// Somebody received or read.
    Marker(state::Marker),
    /// The server goes away.
    GoingAway(state::GoingAway),
    /// The session ended.
    Revoked(state::Revoked),
    /// A friend posted a moment.
    NewMoments(state::NewMoments),
    /// Operators tell everybody something.
    Announcement(Announcement),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum StateKey {
    Typing(ConversationId, AccountId),
    Presence(AccountId),
    Marker(ConversationId, AccountId),
    GoingAway,
    Revoked,
    NewMoments,
    Announcement,
}

impl StateValue {
    fn key(&self) -> StateKey {
        match self {
            Self::Typing(value) => StateKey::Typing(value.conversation, value.account),
            Self::Presence(value) => StateKey::Presence(value.account),
            Self::Marker(value) => StateKey::Marker(value.conversation, value.account),
            Self::GoingAway(_) => StateKey::GoingAway,
            Self::Revoked(_) => StateKey::Revoked,
            Self::NewMoments(_) => StateKey::NewMoments,
            Self::Announcement(_) => StateKey::Announcement,
        }
    }
}

/// What is new for a device since it last looked.
#[derive(Debug, Default)]
pub struct Dirty {
    /// Conversations with something new; `true` where what may be read has changed.
    pub conversations: HashMap<ConversationId, bool>,
    /// Whether the account's log has something new.
    pub account: bool,
}

#[derive(Debug, Default)]
struct States {
    values: HashMap<StateKey, StateValue>,
    order: VecDeque<StateKey>,
}

/// One signed-in connection.
#[derive(Debug)]
pub struct Device {
    /// The connection's id, unique in the process.
    pub id: u64,
    /// Whose.
    pub account: AccountId,
    /// Which session.
    pub session: SessionId,
    /// Whether the person is away from it.
    pub away: AtomicBool,
    /// Bytes of replies that wait to be taken.
    pub replies: AtomicUsize,
    /// Room for the account's sends that wait for the writer; all its devices have the same.
    sends: OnceLock<Arc<Semaphore>>,
    live: AtomicBool,
    dirty: Mutex<Dirty>,
    states: Mutex<States>,
    /// Wakes the chat stream.
    pub chat: Notify,
    /// Wakes the state stream.
    pub state: Notify,
    /// Wakes who ends the connection.
    pub ended: Notify,
    reason: Mutex<Option<&'static str>>,
}

impl Device {
    /// A connection that just signed in.
    pub fn new(id: u64, account: AccountId, session: SessionId) -> Self {
        Self {
            id,
            account,
            session,
            away: AtomicBool::new(false),
            replies: AtomicUsize::new(0),
            sends: OnceLock::new(),
            live: AtomicBool::new(false),
            dirty: Mutex::default(),
            states: Mutex::default(),
            chat: Notify::new(),
            state: Notify::new(),
            ended: Notify::new(),
            reason: Mutex::default(),
        }
    }

    /// Room for the sends of the account's devices.
    pub fn send_room(&self) -> Arc<Semaphore> {
        self.sends.get_or_init(|| room(ACCOUNT_SENDS_MAX)).clone()
    }

    /// Has the room of another device of the account.
    pub(super) fn shares_with(&self, other: &Self) {
        let _ = self.sends.set(other.send_room());
    }

    /// From now on the device hears of new events.
    pub fn go_live(&self) {
        self.live.store(true, Ordering::SeqCst);
    }

    /// Something is new in a conversation.
    pub fn mark(&self, conversation: ConversationId) {
        if self.live.load(Ordering::SeqCst) {
            lock(&self.dirty).conversations.entry(conversation).or_default();
            self.chat.notify_one();
        }
    }

    /// What may be read of a conversation has changed.
    pub fn access_changed(&self, conversation: ConversationId) {
        if self.live.load(Ordering::SeqCst) {
            lock(&self.dirty).conversations.insert(conversation, true);
            self.chat.notify_one();
        }
    }

    /// Whether what may be read of a conversation has changed since this was asked, or taken, the last time. Asked
    /// after a head was read, it leaves out no change that came before that head.
    pub fn take_access_change(&self, conversation: ConversationId) -> bool {
        lock(&self.dirty).conversations.get_mut(&conversation).is_some_and(std::mem::take)
    }

    /// The account's log has something new.
    pub fn mark_account(&self) {
        if self.live.load(Ordering::SeqCst) {
            lock(&self.dirty).account = true;
            self.chat.notify_one();
        }
    }

    /// Takes what is new into an empty `dirty`, whose room the device gets in return.
    pub fn take_dirty(&self, dirty: &mut Dirty) {
        std::mem::swap(&mut *lock(&self.dirty), dirty);
    }

    /// Sets a state value; an earlier one of the same key that was not written yet is gone.
    pub fn tell(&self, value: StateValue) {
        let mut states = lock(&self.states);
        let key = value.key();
        let earlier = states.values.remove(&key);
        let value = match (earlier, value) {
            // Two markers of one member are one: each may carry only what moved.
            (Some(StateValue::Marker(old)), StateValue::Marker(new)) => StateValue::Marker(state::Marker {
                read: new.read.max(old.read),
                delivered: new.delivered.max(old.delivered),
                ..new
            }),
            (earlier, value) => {
                if earlier.is_none() {
                    states.order.push_back(key);
                }
                value
            }
        };
        states.values.insert(key, value);
        if states.order.len() > STATE_VALUES_MAX
            && let Some(oldest) = states.order.pop_front()
        {
            states.values.remove(&oldest);
        }
        drop(states);
        self.state.notify_one();
    }

    /// Takes the state values that wait, oldest key first.
    pub fn take_states(&self) -> Vec<StateValue> {
        let mut states = lock(&self.states);
        let mut values = std::mem::take(&mut states.values);
        states.order.drain(..).filter_map(|key| values.remove(&key)).collect()
    }

    /// Ends the connection: the device is told why, then it closes.
    pub fn end(&self, reason: &'static str) {
        lock(&self.reason).get_or_insert(reason);
        self.tell(StateValue::Revoked(state::Revoked { reason: reason.into() }));
        self.ended.notify_one();
    }

    /// Why the connection has to end, if it has to.
    pub fn end_reason(&self) -> Option<&'static str> {
        *lock(&self.reason)
    }
}
