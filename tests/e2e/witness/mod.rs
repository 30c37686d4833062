//! Devices that talk and note what they say and hear, and the history checker that judges all of it. It knows
//! nothing of the faults. Start with [`Party`].
//!
//! Ada and Bob have three devices each, in a one-to-one and in a group. Two devices of each are the SDK and talk
//! in both, one of Ada's also edits and recalls; the third is a raw peer that listens ([`crate::wire`]), so that
//! nothing the SDK would hide is hidden. Carol has one of each kind and is in the group only, where she is put out
//! and let in again. All three ask now and then what is unread.

mod asker;
mod party;
mod talker;

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use litrocket_history::{Checker, Entry, Gone, Hash};
use litrocket_protocol::{AccountId, ConversationId, chat::Skip, event::Event};

pub(crate) use self::party::{Party, Place};

/// How long a loaded machine may take for what must happen.
pub(crate) const LONG: Duration = Duration::from_secs(120);

/// The size of a stress: the short form, or what the environment asks for.
pub(crate) fn size(variable: &str, short: u64) -> u64 {
    std::env::var(variable).map_or(short, |value| value.parse().expect("a whole number"))
}

/// Numbers that look random, from a seed that is printed. `LITROCKET_SEED` repeats them.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new() -> Self {
        let fresh = getrandom::u64().unwrap();
        let seed = size("LITROCKET_SEED", fresh);
        eprintln!("LITROCKET_SEED={seed}");
        Self(seed | 1)
    }

    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) % end.max(1)
    }
}

/// What everybody noted so far.
pub(crate) struct Witness {
    started: Instant,
    checker: Mutex<Option<Checker>>,
    heads: Mutex<HashMap<ConversationId, u64>>,
    /// Devices that are not done when nobody talks any more: where they stand, in the conversation they lack something of.
    behind: Mutex<std::collections::BTreeMap<u64, String>>,
    devices: AtomicU64,
    sent: AtomicU64,
    acked: AtomicU64,
    refused: AtomicU64,
    /// When the server came back the last time, in milliseconds since 1970.
    back_ms: AtomicU64,
    /// Acks for what was stored before that: the first ack was lost with the server.
    again: AtomicU64,
    /// Members who are put out or let in.
    moving: AtomicU64,
    /// The last message of each account.
    last_sent: Mutex<HashMap<(AccountId, ConversationId), u64>>,
    talking: tokio::sync::watch::Sender<bool>,
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Witness {
    fn new() -> Self {
        Self {
            started: Instant::now(),
            checker: Mutex::new(Some(Checker::new())),
            heads: Mutex::default(),
            behind: Mutex::default(),
            devices: AtomicU64::new(0),
            sent: AtomicU64::new(0),
            acked: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            back_ms: AtomicU64::new(0),
            again: AtomicU64::new(0),
            moving: AtomicU64::new(0),
            last_sent: Mutex::default(),
            talking: tokio::sync::watch::channel(true).0,
        }
    }

    /// Takes an entry. The time is taken under the lock: entries are in its order.
    pub(crate) fn note(&self, entry: impl FnOnce(u64) -> Entry) {
        let mut checker = lock(&self.checker);
        let at_us = u64::try_from(self.started.elapsed().as_micros()).unwrap();
        if let Err(broken) = checker.as_mut().expect("not judged yet").push(entry(at_us)) {
            panic!("the history breaks {broken}");
        }
    }

    /// The server has ended and is started again.
    pub(crate) fn restarts(&self) {
        self.note(|at_us| Entry::Restart { at_us });
    }

    /// The server is back.
    fn is_back(&self) {
        let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_millis();
        self.back_ms.store(now as u64, Ordering::SeqCst);
    }

    /// An ack came for what is stored since this time.
    fn acked_at(&self, at_ms: u64) {
        if at_ms < self.back_ms.load(Ordering::SeqCst) {
            self.again.fetch_add(1, Ordering::SeqCst);
        }
    }

    pub(crate) fn talks(&self) -> bool {
        *self.talking.borrow()
    }

    fn passed(&self, conversation: ConversationId, event_seq: u64) {
        let mut heads = lock(&self.heads);
        let head = heads.entry(conversation).or_default();
        *head = event_seq.max(*head);
    }

    /// The last event that anybody has.
    fn head(&self, conversation: ConversationId) -> u64 {
        lock(&self.heads).get(&conversation).copied().unwrap_or(0)
    }

    /// What is still open, for the failure that is to be understood.
    fn stands(&self) -> String {
        let (sent, acked, refused) = (&self.sent, &self.acked, &self.refused);
        let heads = lock(&self.heads);
        format!(
            "sent {sent:?}, acked {acked:?}, refused {refused:?}, moving {:?}, heads {heads:?}, behind {:?}",
            self.moving,
            lock(&self.behind)
        )
    }

    /// Whether nobody talks or moves, and every send has its answer.
    fn is_silent(&self) -> bool {
        let count = |of: &AtomicU64| of.load(Ordering::SeqCst);
        !self.talks()
            && count(&self.moving) == 0
            && count(&self.sent) == count(&self.acked) + count(&self.refused)
    }
}

/// The last event that came without a hole, and those that came ahead of it.
#[derive(Debug, Default)]
pub(crate) struct Cursor(pub(crate) u64, std::collections::BTreeSet<u64>);

impl Cursor {
    fn pass(&mut self, event_seq: u64) {
        self.1.insert(event_seq);
        while self.1.first().is_some_and(|next| *next <= self.0 + 1) {
            self.0 = self.0.max(self.1.pop_first().unwrap());
        }
    }
}

/// One device as the witness knows it.
pub(crate) struct Notes {
    pub(crate) witness: Arc<Witness>,
    pub(crate) account: AccountId,
    pub(crate) device: u64,
    pub(crate) cursors: HashMap<ConversationId, Cursor>,
    /// Where its account is a member at the end.
    pub(crate) conversations: Vec<ConversationId>,
}

/// Whether an event still has its words.
fn gone(event: &Event) -> Gone {
    match (event.recalled_by, event.edited_by) {
        (Some(_), _) => Gone::Recalled,
        (None, Some(_)) => Gone::Edited,
        (None, None) => Gone::None,
    }
}

/// The hash of what an event says.
fn hash(event: &Event) -> Hash {
    if gone(event) == Gone::None { Hash::of(&event.body) } else { Hash::UNKNOWN }
}

impl Notes {
    fn new(witness: &Arc<Witness>, account: AccountId, conversations: Vec<ConversationId>) -> Self {
        let device = 1 + witness.devices.fetch_add(1, Ordering::SeqCst);
        Self { witness: witness.clone(), account, device, cursors: HashMap::new(), conversations }
    }

    /// Whether nothing more is to come here.
    pub(crate) fn is_over(&self) -> bool {
        let stands = |id: &ConversationId| self.cursors.get(id).map_or(0, |at| at.0);
        if !self.witness.is_silent() {
            return false;
        }
        let behind = self.conversations.iter().find(|id| stands(id) != self.witness.head(**id));
        if let Some(behind) = behind {
            lock(&self.witness.behind).insert(self.device, format!("{:?}", self.cursors.get(behind)));
        }
        behind.is_none()
    }

    pub(crate) fn heard(&mut self, event: &Event) {
        let (account, device) = (self.account, self.device);
        self.witness.note(|at_us| Entry::Deliver {
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
            hash: hash(event),
            gone: gone(event),
        });
        self.passes(event.conversation, event.event_seq);
    }

    pub(crate) fn skipped(&mut self, skip: &Skip) {
        let (account, device, conversation) = (self.account, self.device, skip.conversation);
        let (from, to) = (skip.from, skip.to);
        let fresh = false;
        self.witness.note(|at_us| Entry::Skip { at_us, account, device, conversation, from, to, fresh });
        (from..=to).for_each(|seq| self.passes(conversation, seq));
    }

    fn passes(&mut self, conversation: ConversationId, event_seq: u64) {
        self.cursors.entry(conversation).or_default().pass(event_seq);
        self.witness.passed(conversation, event_seq);
    }

    pub(crate) fn ends(&self) {
        let (account, device) = (self.account, self.device);
        // Also where nothing was heard: that is what the end says there.
        let unheard =
            self.conversations.iter().filter(|id| !self.cursors.contains_key(id)).map(|id| (*id, 0));
        let heard = self.cursors.iter().map(|(id, cursor)| (*id, cursor.0));
        for (conversation, event_seq) in heard.chain(unheard) {
            self.witness.note(|at_us| Entry::End { at_us, account, device, conversation, event_seq });
        }
    }
}
