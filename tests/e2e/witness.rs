//! Devices that talk and note what they say and hear, and the history checker that judges all of it. It knows
//! nothing of the faults. Start with [`Party`].
//!
//! Ada and Bob have three devices each, in a one-to-one and in a group. Two devices of each are the SDK and talk
//! in both; the third is a raw peer that listens ([`crate::wire`]), so that nothing the SDK would hide is hidden.

use std::{
    collections::{HashMap, VecDeque},
    future::Future,
    path::Path,
    pin::pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll, Waker},
    time::{Duration, Instant},
};

use litrocket_bench::Host as _;
use litrocket_client::{Client, Events, Item, Options, Outgoing, Pending, Start};
use litrocket_history::{Checker, Entry, Gone, Hash, Report};
use litrocket_protocol::{
    AccountId, ConversationId,
    account::Register,
    chat::Skip,
    conversations::{CreateGroup, OpenDirect},
    event::{Event, kind},
    frame,
};
use tokio::{task::JoinHandle, time::timeout};

use crate::{
    process::Process,
    wire,
    world::{PASSWORD, World, sign_in, text},
};

/// How long a loaded machine may take for what must happen.
pub(crate) const LONG: Duration = Duration::from_secs(120);
/// Sends of one device without an answer.
const IN_FLIGHT: usize = 32;
/// Between two sends of one device.
const PAUSE: Duration = Duration::from_millis(3);

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
    devices: AtomicU64,
    sent: AtomicU64,
    acked: AtomicU64,
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
            devices: AtomicU64::new(0),
            sent: AtomicU64::new(0),
            acked: AtomicU64::new(0),
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

    pub(crate) fn talks(&self) -> bool {
        *self.talking.borrow()
    }

    fn passed(&self, conversation: ConversationId, event_seq: u64) {
        let mut heads = lock(&self.heads);
        let head = heads.entry(conversation).or_default();
        *head = event_seq.max(*head);
    }

    /// Whether nobody talks, every send has its answer, and these cursors are at the heads.
    pub(crate) fn is_over(&self, cursors: &HashMap<ConversationId, Cursor>) -> bool {
        !self.talks()
            && self.sent.load(Ordering::SeqCst) == self.acked.load(Ordering::SeqCst)
            && lock(&self.heads).iter().all(|(id, head)| cursors.get(id).is_some_and(|at| at.0 == *head))
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
}

impl Notes {
    fn new(witness: &Arc<Witness>, account: AccountId) -> Self {
        let device = 1 + witness.devices.fetch_add(1, Ordering::SeqCst);
        Self { witness: witness.clone(), account, device, cursors: HashMap::new() }
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
            hash: Hash::of(&event.body),
            gone: Gone::None,
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
        for (conversation, cursor) in &self.cursors {
            let (conversation, event_seq) = (*conversation, cursor.0);
            self.witness.note(|at_us| Entry::End { at_us, account, device, conversation, event_seq });
        }
    }
}

/// A device of the SDK that talks and listens.
struct Talker {
    notes: Notes,
    client: Client,
    events: Events,
    conversations: Vec<ConversationId>,
    pending: VecDeque<(ConversationId, Pending)>,
    said: u64,
}

impl Talker {
    async fn run(mut self) {
        let mut talking = self.notes.witness.talking.subscribe();
        let mut next = tokio::time::interval(PAUSE);
        next.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        while !self.notes.witness.is_over(&self.notes.cursors) {
            tokio::select! {
                item = self.events.next() => {
                    let item = item.expect("the client is open");
                    // An ack that came before this event is noted before it.
                    self.settles();
                    match item {
                        Item::Event(event) => self.notes.heard(&event),
                        Item::Skipped(skip) => self.notes.skipped(&skip),
                        Item::CursorRefused(refused) => panic!("{refused:?}"),
                        _ => {}
                    }
                }
                _ = next.tick() => {
                    self.settles();
                    if self.notes.witness.talks() && self.pending.len() < IN_FLIGHT {
                        self.says().await;
                    }
                }
                _ = talking.changed() => {}
            }
        }
        self.notes.ends();
    }

    async fn says(&mut self) {
        self.said += 1;
        let (account, device) = (self.notes.account, self.notes.device);
        let conversation = self.conversations[self.said as usize % self.conversations.len()];
        let words = text(&format!("{} of device {device}{}", self.said, " and more".repeat(8)));
        let id = self.client.new_id().unwrap();
        let hash = Hash::of(&frame::encode_body(&words));
        let (kind, target) = (kind::TEXT, None);
        self.notes.witness.sent.fetch_add(1, Ordering::SeqCst);
        self.notes.witness.note(|at_us| Entry::Send {
            at_us,
            account,
            device,
            conversation,
            id,
            kind,
            hash,
            target,
        });
        let pending = self.client.send(conversation, Outgoing::rich(&words).id(id)).await.unwrap();
        self.pending.push_back((conversation, pending));
    }

    /// Notes the acks that are here, which come in the order of the sends of each conversation.
    fn settles(&mut self) {
        let mut context = Context::from_waker(Waker::noop());
        let mut open = VecDeque::new();
        while let Some((conversation, mut pending)) = self.pending.pop_front() {
            // Without tokio's budget: a ready ack that looks pending would be noted after what followed it.
            let Poll::Ready(answer) = pin!(tokio::task::unconstrained(&mut pending)).poll(&mut context)
            else {
                open.push_back((conversation, pending));
                continue;
            };
            let ack = answer.expect("every send is accepted");
            let (account, device) = (self.notes.account, self.notes.device);
            let (id, event_seq, message_seq, at_ms) = (ack.id, ack.event_seq, ack.message_seq, ack.at_ms);
            self.notes.witness.note(|at_us| Entry::Ack {
                at_us,
                account,
                device,
                conversation,
                id,
                event_seq,
                message_seq,
                at_ms,
            });
            self.notes.passes(conversation, event_seq);
            self.notes.witness.acked.fetch_add(1, Ordering::SeqCst);
        }
        self.pending = open;
    }
}

/// A server that a party meets at.
pub(crate) trait Place {
    fn options(&self) -> Options;
    fn folder(&self) -> &Path;
    /// Stops it as an operator does.
    fn stops(&mut self) -> impl Future<Output = ()>;
}

impl Place for Process {
    fn options(&self) -> Options {
        self.options()
    }

    fn folder(&self) -> &Path {
        self.path()
    }

    async fn stops(&mut self) {
        let code = tokio::task::block_in_place(|| self.terminate());
        assert_eq!(code, 0, "the server does not stop as asked: {}", self.last_words());
    }
}

impl Place for World {
    fn options(&self) -> Options {
        self.options()
    }

    fn folder(&self) -> &Path {
        self.folder.path()
    }

    async fn stops(&mut self) {
        self.down().await;
    }
}

/// Two people with three devices each who talk all the time.
pub(crate) struct Party<P> {
    pub(crate) place: P,
    pub(crate) witness: Arc<Witness>,
    pub(crate) clients: Vec<Client>,
    pub(crate) conversations: Vec<ConversationId>,
    devices: Vec<JoinHandle<()>>,
}

impl<P: Place> Party<P> {
    /// Everybody comes and begins to talk.
    pub(crate) async fn begins(place: P) -> Self {
        let port = place.options().address.port;
        Self::begins_at(place, port).await
    }

    /// The same, where devices reach the server through another port.
    pub(crate) async fn begins_at(place: P, port: u16) -> Self {
        let witness = Arc::new(Witness::new());
        let mut options = place.options();
        let [ada, bob] = [registered(&options, "ada").await, registered(&options, "bob").await];
        let accounts = [ada.me().unwrap().account, bob.me().unwrap().account];
        let direct = ada.call(OpenDirect { account: accounts[1] }).await.unwrap().conversation;
        let id = ada.new_id().unwrap();
        let group =
            CreateGroup { id, name: "party".into(), accounts: vec![accounts[1]], open_history: false };
        let group = ada.call(group).await.unwrap().conversation;
        let conversations = vec![direct, group];
        options.address.port = port;
        let (mut clients, mut devices) = (Vec::new(), Vec::new());
        for (name, account) in [("ada", accounts[0]), ("bob", accounts[1])] {
            for _ in 0..2 {
                let client = signed_in(&options, name).await;
                let events = client.events(Start::Beginning).unwrap();
                clients.push(client.clone());
                let (notes, conversations) = (Notes::new(&witness, account), conversations.clone());
                let talker =
                    Talker { notes, client, events, conversations, pending: VecDeque::new(), said: 0 };
                devices.push(tokio::spawn(talker.run()));
            }
            let token = signed_in(&options, name).await.token().unwrap();
            let notes = Notes::new(&witness, account);
            let ca = place.folder().join("certs/ca.pem");
            devices.push(tokio::spawn(wire::listens(notes, port, ca, token, conversations.clone())));
        }
        Self { place, witness, clients, conversations, devices }
    }

    /// Messages acked so far.
    pub(crate) fn acked(&self) -> u64 {
        self.witness.acked.load(Ordering::SeqCst)
    }

    /// Waits until so many more messages were acked.
    pub(crate) async fn goes_on(&self, messages: u64) {
        let goal = self.acked() + messages;
        let reached = async {
            while self.acked() < goal {
                assert!(!self.devices.iter().any(JoinHandle::is_finished), "a device gave up");
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(LONG, reached).await.expect("messages are acked again");
    }

    /// Nobody talks any more; waits until every device has everything.
    pub(crate) async fn falls_silent(&mut self) {
        self.witness.talking.send_replace(false);
        for device in &mut self.devices {
            timeout(LONG, device).await.expect("every device gets everything").unwrap();
        }
        self.devices.clear();
    }

    /// Nobody talks any more: when every device has everything, the store is read and all of it is judged.
    pub(crate) async fn judged(mut self) -> Report {
        self.falls_silent().await;
        for client in &self.clients {
            client.close().await;
        }
        self.place.stops().await;
        let data = self.place.folder().join("data");
        let mut checker = lock(&self.witness.checker).take().unwrap();
        let at_us = u64::try_from(self.witness.started.elapsed().as_micros()).unwrap();
        for access in access(&data.join("litrocket.db"), at_us) {
            checker.push(access).unwrap();
        }
        for stored in litrocket::bench::ServerHost.log(&data).await.unwrap() {
            let event = stored.event;
            let entry = Entry::Log {
                at_us,
                conversation: event.conversation,
                event_seq: event.event_seq,
                message_seq: event.message_seq,
                counts: kind::counts(event.kind),
                at_ms: event.at_ms,
                sender: event.sender,
                id: event.id,
                kind: event.kind,
                hash: Hash::of(&event.body),
                gone: if stored.gone { Gone::Recalled } else { Gone::None },
            };
            checker.push(entry).unwrap_or_else(|broken| panic!("the history breaks {broken}"));
        }
        let report = checker.finish().unwrap_or_else(|broken| panic!("the history breaks {broken}"));
        assert_eq!(report.acks, report.sends);
        report
    }
}

impl Party<Process> {
    /// Ends the server as a crash does and starts it again.
    pub(crate) fn crashes(&mut self) {
        tokio::task::block_in_place(|| self.place.kill());
        self.comes_back();
    }

    /// Starts the server that has ended.
    pub(crate) fn comes_back(&mut self) {
        self.witness.restarts();
        tokio::task::block_in_place(|| self.place.up());
    }
}

async fn registered(options: &Options, name: &str) -> Client {
    let client = Client::connect(options.clone()).await.unwrap();
    let request = Register {
        handle: name.into(),
        password: PASSWORD.into(),
        label: "first".into(),
        ..Register::default()
    };
    client.register(request).await.unwrap();
    client
}

async fn signed_in(options: &Options, name: &str) -> Client {
    let client = Client::connect(options.clone()).await.unwrap();
    client.sign_in(sign_in(name, PASSWORD)).await.unwrap();
    client
}

/// Who may read what, as the store has it; also asks SQLite whether the file is whole.
fn access(file: &Path, at_us: u64) -> Vec<Entry> {
    let database = rusqlite::Connection::open(file).unwrap();
    let whole: String = database.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(whole, "ok");
    let mut select = database.prepare("SELECT account, conversation, from_seq, to_seq FROM access").unwrap();
    let rows = select.query_map([], |row| {
        let (account, conversation): (i64, i64) = (row.get(0)?, row.get(1)?);
        let (from, to): (i64, Option<i64>) = (row.get(2)?, row.get(3)?);
        Ok(Entry::Access {
            at_us,
            account: AccountId::from(account),
            conversation: ConversationId::from(conversation),
            from: from as u64,
            to: to.map(|to| to as u64),
        })
    });
    rows.unwrap().map(Result::unwrap).collect()
}
