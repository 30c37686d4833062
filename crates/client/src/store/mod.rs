//! The state file: cursors, and next to it the sends without an answer. Only its owner may read them, and one program at
//! a time.

mod outbox;

use std::{
    fs::{File, TryLockError},
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use litrocket_core::client::Cursors;
use litrocket_protocol::{AccountId, ConversationId, MessageId, hex};
use serde::{Deserialize, Serialize};

pub(crate) use self::outbox::Unsent;
use self::outbox::{Sends, append_to};
use crate::{
    disk::{off_the_runtime, write_whole},
    shared::lock,
};

/// How long a client that was closed just now may keep its state file.
const PATIENCE: Duration = Duration::from_secs(2);

#[derive(Serialize, Deserialize)]
struct Saved {
    /// Whose cursors they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    account: Option<u64>,
    server_id: String,
    log_epoch: u64,
    account_version: u64,
    cursors: Vec<(u64, u64)>,
    /// Cursors that are of the logs before a backup was restored, by their epoch.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    earlier: Vec<(u64, Vec<(u64, u64)>)>,
}

impl Saved {
    /// `None` while no server is known.
    fn of(cursors: &Cursors, account: Option<AccountId>) -> Option<Self> {
        let (server_id, log_epoch) = cursors.server()?;
        let mut epochs = cursors.by_epoch();
        let numbers =
            |pairs: Vec<(ConversationId, u64)>| pairs.into_iter().map(|(id, seq)| (id.0, seq)).collect();
        let current = numbers(epochs.remove(&None).unwrap_or_default());
        let earlier = epochs.into_iter().filter_map(|(epoch, of)| Some((epoch?, numbers(of)))).collect();
        Some(Self {
            account: account.map(|account| account.0),
            server_id: hex::encode(server_id),
            log_epoch,
            account_version: cursors.account_version(),
            cursors: current,
            earlier,
        })
    }

    fn cursors(self) -> io::Result<Cursors> {
        let pairs = |pairs: Vec<(u64, u64)>| pairs.into_iter().map(|(id, seq)| (ConversationId(id), seq));
        let server = hex::decode(&self.server_id)
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "the server's id is no hex"))?;
        let mut cursors = Cursors::restore(server, self.log_epoch, self.account_version, pairs(self.cursors));
        for (epoch, of) in self.earlier {
            cursors.restore_of(Some(epoch), pairs(of));
        }
        Ok(cursors)
    }
}

pub(crate) struct Store {
    path: PathBuf,
    sends: Sends,
    /// The cursors are written one after the other: the newest last.
    saving: Arc<tokio::sync::Mutex<()>>,
    /// Held while the store is in use, also by what is being written.
    lock: Mutex<Option<Arc<File>>>,
}

/// A store as it was found.
pub(crate) struct Opened {
    pub(crate) store: Arc<Store>,
    /// The sends without an answer.
    pub(crate) unsent: Vec<Unsent>,
    /// The cursors as they were saved, and whose they are.
    pub(crate) cursors: Cursors,
    pub(crate) account: Option<AccountId>,
}

impl Opened {
    fn open(path: &Path) -> io::Result<Self> {
        let lock = append_to(&path.with_extension("lock"))?;
        lock.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => {
                let what = format!("{} is in use by another client", path.display());
                io::Error::new(io::ErrorKind::ResourceBusy, what)
            }
            TryLockError::Error(error) => error,
        })?;
        let (sends, unsent) = Sends::open(path.with_extension("outbox"))?;
        let (cursors, account) = cursors(path)?;
        let lock = Mutex::new(Some(Arc::new(lock)));
        let store = Arc::new(Store { path: path.into(), sends, saving: Arc::default(), lock });
        Ok(Self { store, unsent, cursors, account })
    }
}

fn cursors(path: &Path) -> io::Result<(Cursors, Option<AccountId>)> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok((Cursors::default(), None)),
        Err(error) => return Err(error),
    };
    let saved: Saved = serde_json::from_str(&text)?;
    let account = saved.account.map(AccountId);
    Ok((saved.cursors()?, account))
}

impl Store {
    /// Takes the store, unless another program has it.
    pub(crate) async fn open(path: &Path) -> io::Result<Opened> {
        let began = Instant::now();
        loop {
            let path = path.to_owned();
            match off_the_runtime(move || Opened::open(&path)).await {
                Err(error) if error.kind() == io::ErrorKind::ResourceBusy && began.elapsed() < PATIENCE => {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                result => return result,
            }
        }
    }

    /// Lets others have the store, once what is being written is: nothing is written to it any more.
    pub(crate) fn release(&self) {
        lock(&self.lock).take();
    }

    /// Keeps the store for something that is written; `None` after it was released.
    fn held(&self) -> Option<Arc<File>> {
        lock(&self.lock).clone()
    }

    /// Writes the cursors as they are when it is this call's turn. Who has the store by then has cursors of their own.
    pub(crate) async fn save(&self, now: impl FnOnce() -> (Cursors, Option<AccountId>)) -> io::Result<()> {
        let turn = self.saving.clone().lock_owned().await;
        let Some(held) = self.held() else { return Ok(()) };
        let (cursors, account) = now();
        let path = self.path.clone();
        off_the_runtime(move || {
            // Also when nobody waits for it any more.
            let _until_written = (turn, held);
            match Saved::of(&cursors, account) {
                Some(saved) => write_whole(&path, 0o600, serde_json::to_string(&saved)?.as_bytes()),
                None => Ok(()),
            }
        })
        .await
    }

    /// Writes the outbox file anew where it has grown too long. Whose turn it is to add a send keeps it until that is done.
    pub(crate) async fn make_room<T: Send + 'static>(self: &Arc<Self>, turn: T) -> io::Result<T> {
        let Some(held) = self.held().filter(|_| self.sends.is_long()) else { return Ok(turn) };
        let store = self.clone();
        off_the_runtime(move || {
            let result = store.sends.rewrite();
            drop(held);
            result.map(|()| turn)
        })
        .await
    }

    /// Adds a send; not after the store was released. One at a time does, in the order in which they are sent.
    pub(crate) fn unsent_add(&self, unsent: &Unsent) -> io::Result<bool> {
        match self.held() {
            Some(_until_added) => self.sends.add(unsent).map(|()| true),
            None => Ok(false),
        }
    }

    /// A send was answered, or given up by the app.
    pub(crate) fn unsent_done(&self, id: MessageId) -> io::Result<()> {
        self.sends.done(id)
    }
}

#[cfg(test)]
mod tests;
