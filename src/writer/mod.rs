//! The writer: the one task that changes the database.
//!
//! Whatever waits goes into one transaction (group commit, no timer): sends of the chat stream, and jobs of the
//! features, each in a savepoint of its own. Answers leave after the commit; the hub hears of a commit before
//! the askers do. The decisions are made by the pure `litrocket_core::writer`; this module carries them out.
//! Start with [`Writer::start`] and [`Handle`]; a feature's job works on a [`Tx`].

mod batch;
mod identity;
mod lazy;
mod placing;
mod prune;
mod room;
mod sends;
mod standing;
mod start;
mod tx;

use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use litrocket_core::writer::Position;
use litrocket_protocol::{
    AccountId, ConversationId, Fault, MessageId, chat, event::kind, fault::code, frame,
};
use tokio::sync::{mpsc, oneshot, watch};

use crate::error::{Error, Result};

pub use identity::Identity;
pub use lazy::Lazy;
pub use prune::{prune, prune_now};
pub use room::{ACCOUNT_SENDS_MAX, ALL_SENDS_MAX, Held, Rooms, room};
pub use start::{Options, Writer};
pub use tx::{NewEvent, Tx};

impl NewEvent {
    /// An event of a group's log that the server makes.
    pub fn of_group<T: serde::Serialize>(
        conversation: ConversationId,
        sender: AccountId,
        kind: u16,
        body: &T,
    ) -> Self {
        debug_assert!((kind::CREATED..=kind::AVATAR_CHANGED).contains(&kind), "kinds that the server makes");
        Self { conversation, sender, kind, body: frame::encode_body(body), ..Self::default() }
    }
}

/// A boxed future that may borrow the transaction.
pub type TxFuture<'t, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 't>>;

/// Commands that may wait for the writer. Beyond it the askers wait: the streams they came on are read slower.
const QUEUE_MAX: usize = 1024;

/// A send of the chat stream, checked as far as it can be without the database.
#[derive(Debug)]
pub struct SendCommand {
    /// The connection it came on.
    pub stream: u64,
    /// The chat stream whose ack stands for the event: [`crate::hub::Hub::next_stream`].
    pub origin: u64,
    /// The connection's account.
    pub sender: AccountId,
    /// What was sent.
    pub send: chat::Send,
    /// Keyed hash of the payload.
    pub hash: [u8; 32],
    /// Accounts that the text mentions; account 0 for everybody.
    pub mentions: Vec<AccountId>,
    /// Why the operator's policy refuses it, unless it is a repeat of what was accepted before.
    pub refusal: Option<Box<Fault>>,
    /// Where the answer goes.
    pub answers: Arc<dyn Answers>,
    /// Its place among the sends that wait.
    pub held: Option<Held>,
}

impl SendCommand {
    /// Answers it; the stream writes the answer when it is woken.
    pub(super) fn answer(&self, result: std::result::Result<Position, Fault>) {
        self.answers.answer(Answer {
            conversation: self.send.conversation,
            id: self.send.id,
            epoch: self.send.epoch,
            result: result.map_err(Box::new),
        });
    }
}

/// Refuses sends for now.
pub(super) fn refuse(commands: &[SendCommand]) {
    for command in commands {
        command.answer(Err(unavailable()));
        command.answers.wake();
    }
}

/// The answer to a send.
#[derive(Debug)]
pub struct Answer {
    /// The conversation.
    pub conversation: ConversationId,
    /// The client's id.
    pub id: MessageId,
    /// The epoch it was sent with.
    pub epoch: u32,
    /// Its place, or why it was refused.
    pub result: Result<Position, Box<Fault>>,
}

/// Takes the answers of a connection. Must not block.
pub trait Answers: Send + Sync + std::fmt::Debug {
    /// Takes one answer.
    fn answer(&self, answer: Answer);

    /// Writes the answers that wait, if there are any.
    fn wake(&self);

    /// Too much of what the connection sent has to be sent again: the stream ends, and the client begins anew.
    fn end(&self);
}

/// What the writer leaves to the features.
pub trait Hooks: Send + Sync + std::fmt::Debug {
    /// A send that refers to another event (edit, recall, reaction, forward): checks the target, changes what
    /// has to change and appends.
    fn change<'t>(&'t self, tx: &'t mut Tx, command: &'t SendCommand) -> TxFuture<'t, Position>;

    /// The first event of a conversation was appended by a send.
    fn first_event<'t>(&'t self, tx: &'t mut Tx, conversation: ConversationId) -> TxFuture<'t, ()>;

    /// A member whose answer somebody waited for has sent something.
    fn answered<'t>(&'t self, tx: &'t mut Tx, conversation: ConversationId) -> TxFuture<'t, ()>;
}

/// What a job left behind: the savepoint is kept when it went well, and the answer is given after the commit.
struct Ran {
    kept: Result<(), Option<crate::db::Failure>>,
    answer: Box<dyn FnOnce(Result<()>) + Send>,
}

trait Job: Send {
    fn run<'t>(self: Box<Self>, tx: &'t mut Tx) -> Pin<Box<dyn Future<Output = Ran> + Send + 't>>;
    fn refuse(self: Box<Self>, error: Error);
}

struct TypedJob<T, F> {
    run: F,
    reply: oneshot::Sender<Result<T>>,
}

impl<T, F> Job for TypedJob<T, F>
where
    T: Send + 'static,
    F: for<'t> FnOnce(&'t mut Tx) -> TxFuture<'t, T> + Send + 'static,
{
    fn run<'t>(self: Box<Self>, tx: &'t mut Tx) -> Pin<Box<dyn Future<Output = Ran> + Send + 't>> {
        Box::pin(async move {
            let TypedJob { run, reply } = *self;
            // Nobody listens any more when the send fails: the work stands all the same.
            match run(tx).await {
                Ok(value) => Ran {
                    kept: Ok(()),
                    answer: Box::new(move |result| drop(reply.send(result.map(|()| value)))),
                },
                Err(error) => Ran {
                    kept: Err(error.failure()),
                    answer: Box::new(move |_| drop(reply.send(Err(error)))),
                },
            }
        })
    }

    fn refuse(self: Box<Self>, error: Error) {
        drop(self.reply.send(Err(error)));
    }
}

impl Command {
    /// What counts towards the size of a batch.
    fn weight(&self) -> usize {
        match self {
            Self::Sends(sends) => sends.len(),
            _ => 1,
        }
    }
}

enum Command {
    /// Sends of one connection, in their order.
    Sends(Vec<SendCommand>),
    Job(Box<dyn Job>),
    Forget(u64),
    Stop(oneshot::Sender<()>),
}

/// The way to the writer. Cheap to clone.
#[derive(Clone)]
pub struct Handle {
    queue: mpsc::Sender<Command>,
    lazy: Lazy,
    disk_low: Arc<AtomicBool>,
    failed: watch::Receiver<Option<String>>,
}

impl std::fmt::Debug for Handle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("writer::Handle")
    }
}

impl Handle {
    /// Runs a job in the next transaction, in a savepoint of its own: when it answers an error, nothing of it
    /// stays. Returns after the commit. The job runs to its end also when the caller goes away.
    ///
    /// ```text
    /// writer.run(move |tx| Box::pin(async move { tx.execute(SQL, args![account]).await?; Ok(()) })).await?;
    /// ```
    pub async fn run<T, F>(&self, run: F) -> Result<T>
    where
        T: Send + 'static,
        F: for<'t> FnOnce(&'t mut Tx) -> TxFuture<'t, T> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let job = Box::new(TypedJob { run, reply });
        self.queue.send(Command::Job(job)).await.map_err(|_| unavailable())?;
        // Where the writer is gone with the job, nobody knows whether it stands.
        answer.await.map_err(|_| Error::from(code::TIMED_OUT))?
    }

    /// Hands sends over. Waits while the queue is full; the answers come through [`SendCommand::answers`].
    pub async fn send(&self, commands: Vec<SendCommand>) {
        if let Err(mpsc::error::SendError(Command::Sends(commands))) =
            self.queue.send(Command::Sends(commands)).await
        {
            refuse(&commands);
        }
    }

    /// A connection is gone.
    pub async fn forget(&self, stream: u64) {
        drop(self.queue.send(Command::Forget(stream)).await);
    }

    /// What is written at most once a second.
    pub fn lazy(&self) -> &Lazy {
        &self.lazy
    }

    /// While the disk is low nothing is written: everything is refused as `unavailable`.
    pub fn set_disk_low(&self, low: bool) {
        self.disk_low.store(low, Ordering::Relaxed);
    }

    /// Why the writer ended by itself; the process must end then and recover from the disk.
    pub async fn failed(&self) -> String {
        let mut failed = self.failed.clone();
        loop {
            if let Some(cause) = failed.borrow_and_update().clone() {
                return cause;
            }
            if failed.changed().await.is_err() {
                // The writer stopped as asked.
                return std::future::pending().await;
            }
        }
    }

    /// Finishes what was accepted, writes what is lazy, and closes the database.
    pub async fn stop(&self) {
        let (done, stopped) = oneshot::channel();
        if self.queue.send(Command::Stop(done)).await.is_ok() {
            drop(stopped.await);
        }
    }
}

fn unavailable() -> Fault {
    Fault::new(code::UNAVAILABLE).retry_after(1000)
}
