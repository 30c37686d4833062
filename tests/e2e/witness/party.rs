//! Everybody comes, talks, falls silent and is judged.

use std::{
    collections::VecDeque,
    future::Future,
    path::Path,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use litrocket_bench::Host as _;
use litrocket_client::{Client, Options};
use litrocket_history::{Entry, Report};
use litrocket_protocol::{
    AccountId, ConversationId,
    account::Register,
    conversations::{CreateGroup, OpenDirect},
    event::kind,
};
use tokio::{task::JoinHandle, time::timeout};

use super::{
    LONG, Notes, Witness,
    asker::Asker,
    gone, hash, lock,
    talker::{Habit, Talker},
};
use crate::{
    process::Process,
    wire,
    world::{PASSWORD, World, sign_in},
};

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

/// People with several devices who talk all the time.
pub(crate) struct Party<P> {
    pub(crate) place: P,
    pub(crate) witness: Arc<Witness>,
    pub(crate) clients: Vec<Client>,
    pub(crate) conversations: Vec<ConversationId>,
    devices: Vec<JoinHandle<()>>,
    askers: Vec<JoinHandle<Asker>>,
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
        let names = ["ada", "bob", "carol"];
        let mut people = Vec::new();
        for name in names {
            people.push(registered(&options, name).await);
        }
        let accounts: Vec<AccountId> = people.iter().map(|person| person.me().unwrap().account).collect();
        let direct = people[0].call(OpenDirect { account: accounts[1] }).await.unwrap().conversation;
        let (id, name, others) = (people[0].new_id().unwrap(), "party".into(), accounts[1..].to_vec());
        let group = CreateGroup { id, name, accounts: others, open_history: false };
        let group = people[0].call(group).await.unwrap().conversation;
        let conversations = vec![direct, group];
        options.address.port = port;
        let mut party = Self {
            place,
            witness,
            clients: Vec::new(),
            conversations,
            devices: Vec::new(),
            askers: Vec::new(),
        };
        for (name, account) in names.into_iter().zip(accounts) {
            party.comes(&options, name, account).await;
        }
        party
    }

    /// A person comes with all devices.
    async fn comes(&mut self, options: &Options, name: &str, account: AccountId) {
        let is_guest = name == "carol";
        let conversations = self.conversations[usize::from(is_guest)..].to_vec();
        for n in 0..if is_guest { 1 } else { 2 } {
            let client = signed_in(options, name).await;
            let habit = match (name, n) {
                ("carol", _) => Habit::comes_and_goes(self.clients[0].clone(), conversations[0], account),
                ("ada", 0) => Habit::Edits(VecDeque::new()),
                _ => Habit::Talks,
            };
            self.clients.push(client.clone());
            let notes = Notes::new(&self.witness, account, conversations.clone());
            self.devices.push(tokio::spawn(Talker::new(notes, client, habit).run()));
        }
        let asker = Asker::new(&self.witness, self.clients[self.clients.len() - 1].clone(), account);
        self.askers.push(tokio::spawn(asker.run(conversations.clone())));
        let token = signed_in(options, name).await.token().unwrap();
        let notes = Notes::new(&self.witness, account, conversations);
        let ca = self.place.folder().join("certs/ca.pem");
        self.devices.push(tokio::spawn(wire::listens(notes, options.address.port, ca, token)));
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
        for (n, device) in self.devices.iter_mut().enumerate() {
            let ended = timeout(LONG, device).await;
            assert!(ended.is_ok(), "device {n} does not get everything: {}", self.witness.stands());
            ended.unwrap().unwrap();
        }
        self.devices.clear();
    }

    /// Nobody talks any more: when every device has everything, the store is read and all of it is judged.
    pub(crate) async fn judged(mut self) -> Report {
        self.falls_silent().await;
        for asker in self.askers.drain(..) {
            timeout(LONG, asker).await.expect("the asker ends").unwrap().asks_at_last().await;
        }
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
            assert!(!stored.gone || event.body.is_empty(), "a body that is gone is there: {event:?}");
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
                hash: hash(&event),
                gone: gone(&event),
            };
            checker.push(entry).unwrap_or_else(|broken| panic!("the history breaks {broken}"));
        }
        let report = checker.finish().unwrap_or_else(|broken| panic!("the history breaks {broken}"));
        assert_eq!(report.acks + self.witness.refused.load(Ordering::SeqCst), report.sends);
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
        self.witness.is_back();
    }

    /// Acks that came only after a restart, of what was stored before it.
    pub(crate) fn acked_again(&self) -> u64 {
        self.witness.again.load(Ordering::SeqCst)
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
