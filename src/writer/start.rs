//! The writer's thread: starts from what the database has, runs batches, writes what is lazy, checkpoints.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use litrocket_protocol::{AccountId, ConversationId};
use tokio::{
    sync::{mpsc, oneshot, watch},
    time::{Instant, MissedTickBehavior},
};

use super::{
    Command, Handle, Hooks, Lazy, QUEUE_MAX, Tx,
    batch::{GiveUp, refuse_all},
    identity::{Identity, identity},
};
use crate::{
    app::Clock,
    args,
    db::{Checkpoint, Db, Failure, OpenError},
    error::{Error, Result},
    hub::Hub,
};

/// How often lazy values are written.
const LAZY_INTERVAL: Duration = Duration::from_secs(1);
/// After how much quiet the write-ahead log is copied back whole.
const QUIET_BEFORE_CHECKPOINT: Duration = Duration::from_secs(5);
/// Rows of one step when the start replays the log behind the lazy values.
const REPLAY_STEP: u64 = 10_000;

/// How the writer runs.
#[derive(Debug, Clone)]
pub struct Options {
    /// The data folder.
    pub folder: PathBuf,
    /// The database.
    pub database: crate::db::Options,
    /// Commands in one transaction, at most.
    pub batch_max: usize,
    /// Messages of a stranger in a one-to-one before there is an answer.
    pub stranger_messages_max: u64,
}

/// The writer before it runs.
#[derive(Debug)]
pub struct Writer {
    tx: Tx,
    lazy: Lazy,
    batch_max: usize,
    identity: Identity,
}

impl Writer {
    /// Opens the database and finds out where it stands.
    pub async fn open(options: &Options, hub: Arc<Hub>, clock: Clock) -> Result<(Self, Db), OpenError> {
        let (db, mut connection) = Db::open(&options.folder, &options.database).await?;
        let (identity, ids) = identity(&mut connection).await?;
        let mut writer = Self {
            tx: Tx {
                connection,
                open: false,
                core: litrocket_core::writer::Writer::new(options.stranger_messages_max),
                memberships: foldhash::HashMap::default(),
                touched: Vec::new(),
                rules: foldhash::HashMap::default(),
                touched_rules: Vec::new(),
                settled_pos: ids.pos,
                ids,
                committed: crate::hub::Committed::default(),
                derived: Vec::new(),
                hub,
                clock,
            },
            lazy: Lazy::default(),
            batch_max: options.batch_max.max(1),
            identity,
        };
        writer.replay().await?;
        Ok((writer, db))
    }

    /// What makes this server itself.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Derives again what a crash kept from being written.
    async fn replay(&mut self) -> Result<(), OpenError> {
        const SELECT: &str = "SELECT pos, conversation, sender, message_seq, at_ms, kind FROM events
            WHERE pos > $1 AND pos <= $2 ORDER BY pos";
        let row: Option<(Vec<u8>,)> =
            self.tx.connection.first("SELECT value FROM meta WHERE key = 'lazy_pos'", &[]).await?;
        let mut from = row.and_then(|(value,)| value.try_into().ok()).map_or(0, u64::from_be_bytes);
        while from < self.tx.ids.pos {
            let to = from + REPLAY_STEP;
            let rows: Vec<(i64, i64, i64, i64, i64, i64)> =
                self.tx.connection.all(SELECT, args![from, to]).await?;
            for (_, conversation, sender, message_seq, at_ms, kind) in rows {
                let counts = litrocket_protocol::event::kind::counts(kind as u16);
                let sent = counts.then(|| (AccountId::from(sender), message_seq as u64));
                self.lazy.appended(ConversationId::from(conversation), at_ms as u64, sent);
            }
            from = to;
        }
        Ok(())
    }

    /// Runs the writer on a thread of its own, so that nothing else waits for the disk.
    pub fn start(self, hooks: Arc<dyn Hooks>) -> std::io::Result<Handle> {
        let (queue, commands) = mpsc::channel(QUEUE_MAX);
        let (failed_sender, failed) = watch::channel(None);
        let disk_low = Arc::new(AtomicBool::new(false));
        let handle = Handle { queue, lazy: self.lazy.clone(), disk_low: disk_low.clone(), failed };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        std::thread::Builder::new().name("writer".into()).spawn(move || {
            let run = || runtime.block_on(self.run(commands, hooks.as_ref(), &disk_low));
            let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(run));
            let cause = match ended {
                // `failed` goes on waiting when the sender is dropped.
                Ok(Ok(())) => return,
                Ok(Err(cause)) => cause,
                // What was decided and not committed is unknown now.
                Err(_) => "the writer panicked".to_owned(),
            };
            tracing::error!(cause, "the writer ends: the process must recover from the disk");
            drop(failed_sender.send(Some(cause)));
        })?;
        Ok(handle)
    }

    async fn run(
        mut self,
        mut commands: mpsc::Receiver<Command>,
        hooks: &dyn Hooks,
        disk_low: &AtomicBool,
    ) -> Result<(), String> {
        let mut lazy = tokio::time::interval(LAZY_INTERVAL);
        lazy.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut batch = Vec::new();
        let mut quiet_since = Some(Instant::now());
        loop {
            tokio::select! {
                biased;
                _ = lazy.tick() => {
                    self.write_lazy().await?;
                    let quiet = quiet_since.is_some_and(|since| since.elapsed() > QUIET_BEFORE_CHECKPOINT);
                    if quiet {
                        let done = self.checkpoint(Checkpoint::Quiet).await?;
                        quiet_since = (!done).then(Instant::now);
                    }
                }
                first = commands.recv() => {
                    let Some(first) = first else { return self.finish(None).await };
                    self.fill(&mut batch, first, &mut commands);
                    quiet_since = Some(Instant::now());
                    let stop = Self::take_stop(&mut batch);
                    self.run_one(std::mem::take(&mut batch), hooks, disk_low).await?;
                    if let Some(done) = stop {
                        commands.close();
                        while let Some(first) = commands.recv().await {
                            self.fill(&mut batch, first, &mut commands);
                            self.run_one(std::mem::take(&mut batch), hooks, disk_low).await?;
                        }
                        return self.finish(Some(done)).await;
                    }
                }
            }
        }
    }

    /// Takes what waits, up to the size of a batch.
    fn fill(&self, batch: &mut Vec<Command>, first: Command, commands: &mut mpsc::Receiver<Command>) {
        let mut weight = first.weight();
        batch.push(first);
        while weight < self.batch_max
            && let Ok(next) = commands.try_recv()
        {
            weight += next.weight();
            batch.push(next);
        }
    }

    fn take_stop(batch: &mut Vec<Command>) -> Option<oneshot::Sender<()>> {
        let at = batch.iter().position(|command| matches!(command, Command::Stop(_)))?;
        match batch.remove(at) {
            Command::Stop(done) => Some(done),
            _ => None,
        }
    }

    async fn run_one(
        &mut self,
        batch: Vec<Command>,
        hooks: &dyn Hooks,
        disk_low: &AtomicBool,
    ) -> Result<(), String> {
        if disk_low.load(Ordering::Relaxed) {
            refuse_all(&mut self.tx, batch.into_iter());
            return Ok(());
        }
        let hub = self.tx.hub.clone();
        match self.tx.run_batch(batch, hooks, &hub, &self.lazy).await {
            Ok(()) => self.checkpoint(Checkpoint::Grown).await.map(drop),
            Err(GiveUp::Temporary(cause)) => {
                tracing::warn!(cause, "a batch was rolled back");
                Ok(())
            }
            Err(GiveUp::Fatal(cause)) => Err(cause),
        }
    }

    /// Whether it is done.
    async fn checkpoint(&mut self, why: Checkpoint) -> Result<bool, String> {
        match self.tx.connection.checkpoint(why).await {
            Err(error) if error.failure() == Failure::Fatal => Err(format!("a checkpoint failed: {error}")),
            Err(error) => {
                tracing::debug!(%error, "a checkpoint was not possible");
                Ok(false)
            }
            Ok(done) => Ok(done),
        }
    }

    /// Writes the lazy values with the log position they cover.
    async fn write_lazy(&mut self) -> Result<(), String> {
        let values = self.lazy.take();
        let at = |value: u64| crate::db::Value::from(value);
        let last_at = values.last_at.iter().map(|(key, v)| vec![(*key).into(), at(*v)]).collect::<Vec<_>>();
        let pairs = |map: &foldhash::HashMap<(ConversationId, AccountId), u64>| {
            map.iter().map(|((c, a), v)| vec![(*c).into(), (*a).into(), at(*v)]).collect::<Vec<_>>()
        };
        let last_sent = pairs(&values.last_sent);
        let delivered = pairs(&values.delivered);
        let seen = values.seen.iter().map(|(key, v)| vec![(*key).into(), at(*v)]).collect::<Vec<_>>();
        let used = values.used.iter().map(|(key, v)| vec![(*key).into(), at(*v)]).collect::<Vec<_>>();
        let statements: [(&'static str, _); 5] = [
            ("UPDATE conversations SET last_at_ms = $2 WHERE id = $1 AND last_at_ms < $2", last_at),
            (
                "UPDATE members SET last_sent = $3 WHERE conversation = $1 AND account = $2 AND last_sent < $3",
                last_sent,
            ),
            (
                "UPDATE members SET delivered = $3 WHERE conversation = $1 AND account = $2 AND delivered < $3",
                delivered,
            ),
            ("UPDATE accounts SET last_seen_ms = $2 WHERE id = $1 AND last_seen_ms < $2", seen),
            ("UPDATE sessions SET last_used_ms = $2 WHERE id = $1 AND last_used_ms < $2", used),
        ];
        if statements.iter().all(|(_, rows)| rows.is_empty()) {
            return Ok(());
        }
        match write_rows(&mut self.tx, &statements).await {
            Ok(()) => {
                self.lazy.written();
                Ok(())
            }
            Err(error) => {
                drop(self.tx.connection.execute("ROLLBACK", &[]).await);
                self.lazy.put_back(values);
                if error.failure() == Some(Failure::Fatal) {
                    return Err(error.to_string());
                }
                tracing::debug!(%error, "lazy values were not written");
                Ok(())
            }
        }
    }

    async fn finish(mut self, done: Option<oneshot::Sender<()>>) -> Result<(), String> {
        self.write_lazy().await?;
        self.checkpoint(Checkpoint::Last).await?;
        self.tx.connection.close().await.map_err(|error| error.to_string())?;
        if let Some(done) = done {
            let _ = done.send(());
        }
        Ok(())
    }
}

async fn write_rows(tx: &mut Tx, statements: &[(&'static str, Vec<Vec<crate::db::Value>>)]) -> Result<()> {
    const POS: &str = "INSERT INTO meta (key, value) VALUES ('lazy_pos', $1)
        ON CONFLICT (key) DO UPDATE SET value = excluded.value";
    tx.execute("BEGIN IMMEDIATE", &[]).await?;
    for (sql, rows) in statements {
        if !rows.is_empty() {
            tx.execute_many(sql, rows).await?;
        }
    }
    let pos = tx.ids.pos.to_be_bytes().to_vec();
    tx.execute(POS, args![pos]).await?;
    tx.execute("COMMIT", &[]).await?;
    Ok(())
}

impl From<OpenError> for Error {
    fn from(error: OpenError) -> Self {
        Self::Internal(error.to_string())
    }
}
