//! One life of the writer between two power cuts, and the chain of them.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    path::Path,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use litrocket::{
    app::Clock,
    db::{self, Db},
    features::chat::ChatHooks,
    hub::Hub,
    writer::{Answer, Answers, Handle, Options, SendCommand, Writer},
};
use litrocket_bench::Host as _;
use litrocket_faultdisk::{Disk, Random};
use litrocket_history::{Checker, Entry, Gone, Hash};
use litrocket_protocol::{
    AccountId, ConversationId, MessageId, chat,
    event::{Text, kind},
    frame,
};

use crate::store::{self, ACCOUNTS, CONVERSATIONS};

/// What a run did.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) cuts: u64,
    /// Cuts while the writer opened a folder, most of them while it made the tables in an empty one.
    pub(crate) opening: u64,
    /// Cuts after the writer had closed.
    pub(crate) closed: u64,
    pub(crate) acked: u64,
    pub(crate) jobs: u64,
    pub(crate) changes: u64,
}

/// The answers of one life, in their order.
#[derive(Debug, Default)]
struct Answered(Mutex<Vec<Answer>>);

impl Answers for Answered {
    fn answer(&self, answer: Answer) {
        self.0.lock().unwrap().push(answer);
    }

    fn wake(&self) {}

    fn end(&self) {}
}

/// Lives on one history.
pub(crate) struct Chain {
    folder: tempfile::TempDir,
    random: Random,
    is_synced: bool,
    checker: Checker,
    started: Instant,
    /// Sends without an ack, in order.
    outbox: VecDeque<chat::Send>,
    sent: HashMap<MessageId, u64>,
    acked: HashMap<MessageId, (u64, u64)>,
    hidden: HashSet<u64>,
    next: u64,
    stream: u64,
}

impl Chain {
    /// A history that begins with a copy of a folder; `is_synced`: each commit, as the configuration has it.
    pub(crate) fn new(template: &Path, random: Random, is_synced: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        store::copy(template, folder.path());
        Self {
            folder,
            random,
            is_synced,
            checker: Checker::new(),
            started: Instant::now(),
            outbox: VecDeque::new(),
            sent: HashMap::new(),
            acked: HashMap::new(),
            hidden: HashSet::new(),
            next: 0,
            stream: 0,
        }
    }

    fn now_us(&self) -> u64 {
        self.started.elapsed().as_micros() as u64
    }

    /// Runs the writer until the power fails; says what is wrong with what is left.
    pub(crate) async fn lives(&mut self, tally: &mut Tally) -> Result<(), String> {
        let disk = litrocket_faultdisk::install();
        // Half of the cuts hit the first commits.
        let changes = [40, 300][self.random.below(2) as usize];
        let changes = 1 + self.random.below(changes);
        disk.watch(self.folder.path(), changes, self.random.below(u64::MAX)).unwrap();
        let hub = Arc::new(Hub::default());
        let checkpoint_bytes = [16 * 1024, 128 * 1024, 64 * 1024 * 1024][self.random.below(3) as usize];
        let database = database(self.is_synced, checkpoint_bytes);
        let options = Options {
            folder: self.folder.path().to_owned(),
            database,
            batch_max: 64,
            stranger_messages_max: u64::MAX,
        };
        match Writer::open(&options, hub, Clock::default()).await {
            Ok((writer, db)) => {
                let handle = writer.start(Arc::new(ChatHooks { files_quota: 0 })).unwrap();
                self.works(&handle, disk, tally).await;
                let was_cut = disk.is_cut();
                ends(handle, db).await;
                tally.closed += u64::from(!was_cut && !disk.is_cut());
            }
            Err(error) => {
                assert!(disk.is_cut(), "the writer does not open what a power cut left: {error}");
                tally.opening += 1;
            }
        }
        tally.cuts += 1;
        tally.changes += disk.changes();
        let next = tempfile::tempdir().unwrap();
        disk.leave(next.path()).unwrap();
        self.folder = next;
        let at_us = self.now_us();
        self.checker.push(Entry::Restart { at_us }).unwrap();
        self.is_there()
    }

    /// Sends and runs jobs for a while, or until the power fails.
    async fn works(&mut self, handle: &Handle, disk: &Disk, tally: &mut Tally) {
        self.stream += 1;
        let answered = Arc::new(Answered::default());
        let mut again: Vec<chat::Send> = self.outbox.iter().cloned().collect();
        for _ in 0..2 + self.random.below(14) {
            let mut batch = std::mem::take(&mut again);
            for _ in 0..self.random.below(12) {
                let send = self.says();
                self.outbox.push_back(send.clone());
                batch.push(send);
            }
            for send in &batch {
                self.notes(send);
            }
            let count = batch.len();
            handle.send(batch.into_iter().map(|send| self.command(send, &answered)).collect()).await;
            if self.random.below(3) == 0 {
                tally.jobs += u64::from(self.hides(handle).await);
            }
            let answers = wait(&answered, disk, count).await;
            let before = self.acked.len();
            self.takes(answers);
            tally.acked += (self.acked.len() - before) as u64;
            if disk.is_cut() {
                return;
            }
        }
    }

    fn says(&mut self) -> chat::Send {
        self.next += 1;
        let mut id = [0x70; 16];
        id[8] = 0x80;
        id[..6].copy_from_slice(&self.next.to_be_bytes()[2..]);
        let words = format!("{} {}", self.next, "word ".repeat(self.random.below(200) as usize));
        let place = self.random.below(2) as usize;
        self.sent.insert(MessageId(id), CONVERSATIONS[place]);
        chat::Send {
            conversation: ConversationId(CONVERSATIONS[place]),
            epoch: 0,
            id: MessageId(id),
            kind: kind::TEXT,
            target_seq: None,
            body: frame::encode_body(&Text { text: words, ..Text::default() }),
            fallback: None,
        }
    }

    fn command(&self, send: chat::Send, answered: &Arc<Answered>) -> SendCommand {
        let mut hash = [0; 32];
        hash[..8].copy_from_slice(&Hash::of(&send.body).0.to_be_bytes());
        SendCommand {
            stream: self.stream,
            origin: self.stream,
            sender: AccountId(ACCOUNTS[0]),
            send,
            hash,
            mentions: Vec::new(),
            refusal: None,
            answers: answered.clone(),
            held: None,
        }
    }

    fn notes(&mut self, send: &chat::Send) {
        let entry = Entry::Send {
            at_us: self.now_us(),
            account: AccountId(ACCOUNTS[0]),
            device: 1,
            conversation: send.conversation,
            id: send.id,
            kind: send.kind,
            hash: Hash::of(&send.body),
            target: None,
        };
        self.checker.push(entry).unwrap();
    }

    /// A job of a feature: one more event that account 1 deleted for itself.
    async fn hides(&mut self, handle: &Handle) -> bool {
        const INSERT: &str = "INSERT INTO hidden (account, conversation, event_seq) VALUES (1, 1, $1)";
        self.next += 1;
        let seq = self.next;
        let done =
            handle.run(move |tx| Box::pin(async move { tx.execute(INSERT, litrocket::args![seq]).await }));
        let is_done = done.await.is_ok();
        if is_done {
            self.hidden.insert(seq);
        }
        is_done
    }

    fn takes(&mut self, answers: Vec<Answer>) {
        for Answer { conversation, id, result, .. } in answers {
            // Refused because the power failed: it stays in the outbox.
            let Ok(position) = result else { continue };
            let entry = Entry::Ack {
                at_us: self.now_us(),
                account: AccountId(ACCOUNTS[0]),
                device: 1,
                conversation,
                id,
                event_seq: position.event_seq,
                message_seq: Some(position.message_seq),
                at_ms: position.at_ms,
            };
            self.checker.push(entry).unwrap_or_else(|broken| panic!("the history breaks {broken}"));
            self.acked.insert(id, (conversation.0, position.event_seq));
            self.outbox.retain(|send| send.id != id);
        }
    }

    /// Whether what the cut left holds all that was acked, and nothing that was not sent.
    fn is_there(&self) -> Result<(), String> {
        let found = store::look(self.folder.path())?;
        for (id, (conversation, seq)) in &self.acked {
            let place = found.messages.get(&id.0);
            if place != Some(&(*conversation, *seq, ACCOUNTS[0])) {
                return Err(format!(
                    "message {id} was acked as {seq} of {conversation}, the store has {place:?}"
                ));
            }
        }
        for (id, (conversation, ..)) in &found.messages {
            if self.sent.get(&MessageId(*id)) != Some(conversation) {
                return Err(format!("message {} was not sent", MessageId(*id)));
            }
        }
        match self.hidden.difference(&found.hidden).next() {
            Some(seq) => Err(format!("the job that hid {seq} was answered, and is not there")),
            None => Ok(()),
        }
    }

    /// Judges all lives together.
    pub(crate) async fn judged(mut self) {
        let at_us = self.now_us();
        for stored in litrocket::bench::ServerHost.log(self.folder.path()).await.unwrap() {
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
                gone: Gone::None,
            };
            self.checker.push(entry).unwrap_or_else(|broken| panic!("the history breaks {broken}"));
        }
        self.checker.finish().unwrap_or_else(|broken| panic!("the history breaks {broken}"));
    }
}

/// Waits for so many answers, or the power cut.
async fn wait(answered: &Answered, disk: &Disk, count: usize) -> Vec<Answer> {
    let deadline = Instant::now() + Duration::from_secs(60);
    while answered.0.lock().unwrap().len() < count && !disk.is_cut() {
        assert!(Instant::now() < deadline, "no answer, and no power cut");
        tokio::time::sleep(Duration::from_micros(200)).await;
    }
    std::mem::take(&mut answered.0.lock().unwrap())
}

/// The power fails while a server starts for the first time: the next start goes on from what is there.
pub(crate) async fn begins(random: &mut Random, tally: &mut Tally) {
    let disk = litrocket_faultdisk::install();
    let (first, next) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    disk.watch(first.path(), 1 + random.below(120), random.below(u64::MAX)).unwrap();
    let options = |folder: &Path| Options {
        folder: folder.to_owned(),
        database: database(true, 64 * 1024 * 1024),
        batch_max: 64,
        stranger_messages_max: u64::MAX,
    };
    let open = async |options| Writer::open(&options, Arc::new(Hub::default()), Clock::default()).await;
    match open(options(first.path())).await {
        Ok((writer, db)) => ends(writer.start(Arc::new(ChatHooks { files_quota: 0 })).unwrap(), db).await,
        Err(error) => {
            assert!(disk.is_cut(), "the first start fails: {error}");
            tally.opening += 1;
        }
    }
    tally.cuts += 1;
    tally.changes += disk.changes();
    disk.leave(next.path()).unwrap();
    let (writer, db) = open(options(next.path())).await.expect("what a power cut left opens");
    ends(writer.start(Arc::new(ChatHooks { files_quota: 0 })).unwrap(), db).await;
    store::look(next.path()).unwrap();
}

fn database(full_durability: bool, checkpoint_bytes: u64) -> db::Options {
    db::Options { full_durability, readers: 1, checkpoint_bytes, read_time: Duration::from_secs(60) }
}

async fn ends(handle: Handle, db: Db) {
    handle.stop().await;
    db.close().await;
}
