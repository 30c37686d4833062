//! Who is connected, and what active conversations said last.
//!
//! The hub knows accounts and their devices, not features. A commit is published once: its frames enter the
//! recent log, every online member's device is marked and woken. Nothing is queued per device: a device that is
//! marked reads the log behind its cursor when it can. Start with [`Hub::publish`].

mod conversations;
mod device;
mod members;

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use bytes::Bytes;
use foldhash::HashMap;
use litrocket_protocol::{AccountId, ConversationId, SessionId, state::Marker};

use conversations::Conversations;
pub use conversations::{RecentEntry, Recents};
pub use device::{Device, Dirty, StateValue};
pub use members::Members;

/// An event that was committed.
#[derive(Debug, Clone)]
pub struct Appended {
    /// The conversation.
    pub conversation: ConversationId,
    /// Its sequence.
    pub event_seq: u64,
    /// The bytes that are sent.
    pub frame: Bytes,
    /// The chat stream whose ack stands for it; 0 for none.
    pub origin: u64,
}

/// What a commit changed beyond appended events.
#[derive(Debug, Clone)]
pub enum Change {
    /// The stored frame of an older event was replaced (edit, recall).
    Replaced {
        /// The conversation.
        conversation: ConversationId,
        /// The older event.
        event_seq: u64,
        /// Its new bytes.
        frame: Bytes,
    },
    /// Accounts came into a conversation or went: what they may read has changed.
    Members {
        /// The conversation.
        conversation: ConversationId,
        /// New joined members.
        added: Vec<AccountId>,
        /// Members who are in no longer. They still hear of the event that says so.
        removed: Vec<AccountId>,
    },
    /// What one account may read of a conversation has changed (cleared, hidden).
    Access {
        /// Who.
        account: AccountId,
        /// Where.
        conversation: ConversationId,
    },
    /// An account's log has new entries.
    Account {
        /// Whose.
        account: AccountId,
    },
    /// Sessions ended: their connections close.
    SessionsEnded {
        /// Whose.
        account: AccountId,
        /// Which; `None` for all.
        sessions: Option<Vec<SessionId>>,
        /// The reason that `Revoked` tells.
        reason: &'static str,
    },
    /// A member's markers moved: tell the others who are online.
    Marker {
        /// The value.
        marker: Marker,
    },
}

/// Everything one commit says.
#[derive(Debug, Default)]
pub struct Committed {
    /// Appended events, in order within each conversation.
    pub events: Vec<Appended>,
    /// Other changes, in order.
    pub changes: Vec<Change>,
}

/// Markers are told live in conversations up to this size; beyond it they are asked for.
const LIVE_MARKERS_MEMBERS_MAX: usize = 50;

/// Who is connected, and what active conversations said last.
#[derive(Debug, Default)]
pub struct Hub {
    accounts: Mutex<HashMap<AccountId, Vec<Arc<Device>>>>,
    /// Chat streams so far.
    streams: AtomicU64,
    conversations: Mutex<Conversations>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic while the lock is held leaves plain maps behind: they stay usable.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Hub {
    /// Adds a signed-in connection.
    ///
    /// # Errors
    ///
    /// As many as there may be, when the account or the session has so many already.
    pub fn connect(&self, device: Arc<Device>, [account_max, session_max]: [u64; 2]) -> Result<(), u64> {
        let mut accounts = lock(&self.accounts);
        let devices = accounts.entry(device.account).or_default();
        if count_staying(devices, |_| true) >= account_max {
            return Err(account_max);
        }
        if count_staying(devices, |other| other.session == device.session) >= session_max {
            return Err(session_max);
        }
        if let Some(other) = devices.first() {
            device.shares_with(other);
        }
        devices.push(device);
        Ok(())
    }

    /// Connections of an account, without those that are about to end.
    pub fn connections(&self, account: AccountId) -> u64 {
        lock(&self.accounts).get(&account).map_or(0, |devices| count_staying(devices, |_| true))
    }

    /// Takes a connection out.
    pub fn disconnect(&self, device: &Device) {
        let mut accounts = lock(&self.accounts);
        let Some(devices) = accounts.get_mut(&device.account) else { return };
        devices.retain(|other| !std::ptr::eq(Arc::as_ptr(other), device));
        if devices.is_empty() {
            accounts.remove(&device.account);
        }
    }

    /// The number of one more chat stream, unique in the process, never 0.
    pub fn next_stream(&self) -> u64 {
        self.streams.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// The connected devices of an account.
    pub fn devices(&self, account: AccountId) -> Vec<Arc<Device>> {
        lock(&self.accounts).get(&account).cloned().unwrap_or_default()
    }

    /// Every connected device.
    pub fn all_devices(&self) -> Vec<Arc<Device>> {
        lock(&self.accounts).values().flatten().cloned().collect()
    }

    /// Whether the joined members of a conversation are known; the writer loads them before it publishes.
    pub fn knows_members(&self, conversation: ConversationId) -> bool {
        lock(&self.conversations).members(conversation).is_some()
    }

    /// The joined members, if they are known.
    pub fn members(&self, conversation: ConversationId) -> Option<Members> {
        lock(&self.conversations).members(conversation)
    }

    /// Tells the joined members as the database has them.
    pub fn load_members(&self, conversation: ConversationId, members: Vec<AccountId>) {
        lock(&self.conversations).load_members(conversation, members);
    }

    /// Forgets the members of some conversations; the writer loads them again.
    pub fn forget_members(&self, of: impl Iterator<Item = ConversationId>) {
        let mut conversations = lock(&self.conversations);
        of.for_each(|conversation| conversations.forget_members(conversation));
    }

    /// The last event of a conversation that was active lately, and the entries of the recent log behind `after`,
    /// where it is known.
    pub fn news(&self, conversation: ConversationId, after: Option<u64>) -> Option<(u64, Recents)> {
        let mut conversations = lock(&self.conversations);
        let head = conversations.head(conversation)?;
        let recents = after.map_or(Recents::NotHere, |after| conversations.recent(conversation, after));
        Some((head, recents))
    }

    /// Entries of the recent log behind `after`, if it reaches back that far.
    pub fn recent(&self, conversation: ConversationId, after: u64) -> Recents {
        lock(&self.conversations).recent(conversation, after)
    }

    /// Makes a commit known: called by the writer alone, in the order of commits.
    pub fn publish(&self, committed: Committed) {
        self.mark_access(&committed.changes);
        let mut audiences: Vec<(ConversationId, Members)> = Vec::new();
        {
            let mut conversations = lock(&self.conversations);
            // Who hears of it is taken before anything is pushed: a push may drop what was used longest ago.
            for event in &committed.events {
                if audiences.iter().all(|(known, _)| *known != event.conversation)
                    && let Some(members) = conversations.members(event.conversation)
                {
                    audiences.push((event.conversation, members));
                }
            }
            for event in committed.events {
                conversations.push(event);
            }
            for change in &committed.changes {
                match change {
                    Change::Replaced { conversation, event_seq, frame } => {
                        conversations.replace(*conversation, *event_seq, frame.clone());
                    }
                    Change::Members { conversation, added, removed } => {
                        conversations.change_members(*conversation, added, removed);
                        audiences.push((*conversation, added.clone().into()));
                        audiences.push((*conversation, removed.clone().into()));
                    }
                    _ => {}
                }
            }
        }
        let mut ended = Vec::new();
        let accounts = lock(&self.accounts);
        for change in committed.changes {
            self.apply(&accounts, change, &mut ended);
        }
        for (conversation, members) in audiences {
            each_member(&accounts, &members, |device| device.mark(conversation));
        }
        drop(accounts);
        for (device, reason) in ended {
            device.end(reason);
        }
    }

    /// Tells devices that what they may read has changed. This comes before the events of the same commit are
    /// known: who sees a head then also sees every change of access up to it
    /// ([`Device::take_access_change`]).
    fn mark_access(&self, changes: &[Change]) {
        let mut marks = changes
            .iter()
            .filter_map(|change| match change {
                Change::Members { conversation, added, removed } => {
                    Some((*conversation, [&added[..], &removed[..]]))
                }
                Change::Access { account, conversation } => {
                    Some((*conversation, [std::slice::from_ref(account), &[]]))
                }
                _ => None,
            })
            .peekable();
        if marks.peek().is_none() {
            return;
        }
        let accounts = lock(&self.accounts);
        for (conversation, lists) in marks {
            for list in lists {
                each_online(&accounts, list, |device| device.access_changed(conversation));
            }
        }
    }

    fn apply(
        &self,
        accounts: &HashMap<AccountId, Vec<Arc<Device>>>,
        change: Change,
        ended: &mut Vec<(Arc<Device>, &'static str)>,
    ) {
        match change {
            // The devices were marked before the events became known.
            Change::Replaced { .. } | Change::Members { .. } | Change::Access { .. } => {}
            Change::Account { account } => each_online(accounts, &[account], |device| device.mark_account()),
            Change::SessionsEnded { account, sessions, reason } => {
                each_online(accounts, &[account], |device| {
                    if sessions.as_ref().is_none_or(|sessions| sessions.contains(&device.session)) {
                        ended.push((device.clone(), reason));
                    }
                });
            }
            Change::Marker { marker } => self.marker(accounts, &marker),
        }
    }

    /// The members of a conversation that is small enough for markers to be told live, if they are known.
    pub fn marked_members(&self, conversation: ConversationId) -> Option<Vec<AccountId>> {
        let members = self.members(conversation)?;
        (members.len() <= LIVE_MARKERS_MEMBERS_MAX).then(|| members.iter().collect())
    }

    /// Whether a conversation is small enough for markers to be told live.
    pub fn tells_markers(&self, conversation: ConversationId) -> bool {
        self.members(conversation).is_some_and(|members| members.len() <= LIVE_MARKERS_MEMBERS_MAX)
    }

    /// Tells the other members of a small conversation how far one of them is.
    pub fn tell_marker(&self, marker: &Marker) {
        self.marker(&lock(&self.accounts), marker);
    }

    fn marker(&self, accounts: &HashMap<AccountId, Vec<Arc<Device>>>, marker: &Marker) {
        let members = lock(&self.conversations).members(marker.conversation);
        let Some(members) = members.filter(|list| list.len() <= LIVE_MARKERS_MEMBERS_MAX) else { return };
        for member in members.iter().filter(|member| *member != marker.account) {
            let value = StateValue::Marker(marker.clone());
            each_online(accounts, &[member], |device| device.tell(value.clone()));
        }
    }

    /// Tells a state value to the devices of some accounts.
    pub fn tell(&self, accounts: &[AccountId], value: &StateValue) {
        let online = lock(&self.accounts);
        each_online(&online, accounts, |device| device.tell(value.clone()));
    }
}

fn count_staying(devices: &[Arc<Device>], which: impl Fn(&Device) -> bool) -> u64 {
    devices.iter().filter(|device| device.end_reason().is_none() && which(device)).count() as u64
}

fn each_online(
    online: &HashMap<AccountId, Vec<Arc<Device>>>,
    list: &[AccountId],
    each: impl FnMut(&Arc<Device>),
) {
    list.iter().filter_map(|account| online.get(account)).flatten().for_each(each);
}

/// Walks the smaller of the two: the members, or who is online.
fn each_member(
    online: &HashMap<AccountId, Vec<Arc<Device>>>,
    members: &Members,
    mut each: impl FnMut(&Arc<Device>),
) {
    if members.len() <= online.len() {
        members.iter().filter_map(|account| online.get(&account)).flatten().for_each(&mut each);
    } else {
        online
            .iter()
            .filter(|(account, _)| members.contains(**account))
            .flat_map(|(_, devices)| devices)
            .for_each(&mut each);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOM: ConversationId = ConversationId(1);
    const BOB: AccountId = AccountId(2);

    fn says(event_seq: u64) -> Appended {
        Appended { conversation: ROOM, event_seq, frame: Bytes::from_static(b"x"), origin: 0 }
    }

    /// Bob is removed in one commit and something is said in the next, while his device looks.
    #[test]
    fn who_sees_a_head_sees_every_change_of_access_before_it() {
        for _ in 0..2_000 {
            let hub = Hub::default();
            let device = Arc::new(Device::new(1, BOB, SessionId(1)));
            device.go_live();
            hub.connect(device.clone(), [1, 1]).unwrap();
            hub.load_members(ROOM, vec![AccountId(1), BOB]);
            hub.publish(Committed { events: vec![says(1)], changes: vec![] });
            device.take_dirty(&mut Dirty::default());
            std::thread::scope(|scope| {
                scope.spawn(|| {
                    let gone = Change::Members { conversation: ROOM, added: vec![], removed: vec![BOB] };
                    hub.publish(Committed { events: vec![says(2)], changes: vec![gone] });
                });
                while hub.news(ROOM, Some(1)).is_none_or(|(head, recents)| {
                    let told = matches!(recents, Recents::All(entries) if entries.len() == 1);
                    assert_eq!(head == 2, told, "the entries belong to the head");
                    head != 2
                }) {
                    std::hint::spin_loop();
                }
                assert!(device.take_access_change(ROOM));
            });
        }
    }
}
