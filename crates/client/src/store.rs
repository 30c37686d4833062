//! The state file: cursors, and next to it the sends without an answer. Only its owner may read them, and one program at
//! a time.

use std::{
    collections::{HashMap, HashSet},
    fs::{File, OpenOptions, TryLockError},
    io::{self, BufRead as _, BufReader, Seek as _, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    sync::Mutex,
};

use litrocket_core::client::{Cursors, Outgoing};
use litrocket_protocol::{AccountId, ConversationId, MessageId};
use serde::{Deserialize, Serialize};

use crate::shared::lock;

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

/// One line of the outbox file.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    Send {
        /// The server it was written for, and the epoch of its logs: elsewhere the same number is another
        /// conversation.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        server: Option<(String, u64)>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        account: Option<u64>,
        conversation: u64,
        id: String,
        kind: u16,
        target: Option<u64>,
        body: String,
        fallback: Option<String>,
    },
    Done {
        id: String,
    },
}

/// The server's id and the epoch of its logs.
pub(crate) type ServerKey = (Vec<u8>, u64);

/// A send without an answer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Unsent {
    /// Which server it was written for.
    pub(crate) server: Option<ServerKey>,
    /// Who wrote it.
    pub(crate) account: Option<AccountId>,
    pub(crate) conversation: ConversationId,
    pub(crate) message: Outgoing,
}

/// The outbox file is written anew when it has grown by so much, in bytes, and to twice what was open.
const REWRITE: u64 = 1024 * 1024;

pub(crate) struct Store {
    path: PathBuf,
    outbox: PathBuf,
    lines: Mutex<Lines>,
    /// Held while the store is in use.
    lock: Mutex<Option<File>>,
}

/// The outbox file.
struct Lines {
    file: File,
    /// Its length: a line that could not be written as a whole is cut off again.
    len: u64,
    /// The length at which it is written anew.
    rewrite: u64,
    /// The sends in it that have no answer.
    open: HashSet<MessageId>,
}

impl Lines {
    fn write(&mut self, line: &str) -> io::Result<()> {
        if let Err(error) = self.file.write_all(line.as_bytes()) {
            self.file.set_len(self.len)?;
            return Err(error);
        }
        self.len += line.len() as u64;
        Ok(())
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

fn from_hex(text: &str) -> io::Result<Vec<u8>> {
    let bad = || io::Error::new(io::ErrorKind::InvalidData, "no hex digits");
    let digits: Option<Vec<u8>> = text.chars().map(|c| c.to_digit(16).map(|digit| digit as u8)).collect();
    Ok(digits.ok_or_else(bad)?.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}

fn append_to(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).append(true).mode(0o600).open(path)
}

/// The sends of an outbox file without an answer, in order. A line that was cut off by a crash was never promised to
/// anybody.
fn read_unsent(path: &Path) -> io::Result<Vec<Unsent>> {
    let mut order = Vec::new();
    let mut open = HashMap::new();
    for line in BufReader::new(File::open(path)?).split(b'\n') {
        match serde_json::from_slice(&line?) {
            Ok(Line::Send { server, account, conversation, id, kind, target, body, fallback }) => {
                let Some(message_id) = MessageId::parse(&id) else { continue };
                let server = match server {
                    Some((id, epoch)) => Some((from_hex(&id)?, epoch)),
                    None => None,
                };
                let message = Outgoing { id: message_id, kind, target, body: from_hex(&body)?, fallback };
                let (account, conversation) = (account.map(AccountId), ConversationId(conversation));
                order.push(message_id);
                open.insert(message_id, Unsent { server, account, conversation, message });
            }
            Ok(Line::Done { id }) => {
                MessageId::parse(&id).and_then(|id| open.remove(&id));
            }
            Err(_) => {}
        }
    }
    Ok(order.into_iter().filter_map(|id| open.remove(&id)).collect())
}

/// Writes an outbox file anew: what was answered is left out.
fn rewritten(path: &Path) -> io::Result<(Lines, Vec<Unsent>)> {
    let unsent = read_unsent(path)?;
    let temporary = path.with_extension("outbox-new");
    drop(std::fs::remove_file(&temporary));
    let mut file = append_to(&temporary)?;
    for unsent in &unsent {
        file.write_all(send_line(unsent)?.as_bytes())?;
    }
    file.sync_all()?;
    std::fs::rename(&temporary, path)?;
    let len = file.stream_position()?;
    let open = unsent.iter().map(|unsent| unsent.message.id).collect();
    Ok((Lines { file, len, rewrite: REWRITE.max(2 * len), open }, unsent))
}

impl Store {
    /// Takes the store, unless another program has it; answers the sends without an answer too.
    pub(crate) fn open(path: &Path) -> io::Result<(Self, Vec<Unsent>)> {
        let lock = append_to(&path.with_extension("lock"))?;
        lock.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => {
                let what = format!("{} is in use by another client", path.display());
                io::Error::new(io::ErrorKind::ResourceBusy, what)
            }
            TryLockError::Error(error) => error,
        })?;
        let outbox = path.with_extension("outbox");
        append_to(&outbox)?;
        let (lines, unsent) = rewritten(&outbox)?;
        let store =
            Self { path: path.into(), outbox, lines: Mutex::new(lines), lock: Mutex::new(Some(lock)) };
        Ok((store, unsent))
    }

    /// Lets others have the store: nothing is written to it any more.
    pub(crate) fn release(&self) {
        lock(&self.lock).take();
    }

    /// The cursors as they were saved, and whose they are.
    pub(crate) fn cursors(&self) -> io::Result<(Cursors, Option<AccountId>)> {
        let text = match std::fs::read_to_string(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok((Cursors::default(), None)),
            Err(error) => return Err(error),
        };
        let saved: Saved = serde_json::from_str(&text)?;
        let pairs = |pairs: Vec<(u64, u64)>| pairs.into_iter().map(|(id, seq)| (ConversationId(id), seq));
        let server = from_hex(&saved.server_id)?;
        let mut cursors =
            Cursors::restore(server, saved.log_epoch, saved.account_version, pairs(saved.cursors));
        for (epoch, of) in saved.earlier {
            cursors.restore_of(Some(epoch), pairs(of));
        }
        Ok((cursors, saved.account.map(AccountId)))
    }

    /// Writes the cursors: the file is the old one or the new one, never a part.
    pub(crate) fn save(&self, cursors: &Cursors, account: Option<AccountId>) -> io::Result<()> {
        let Some((server_id, log_epoch)) = cursors.server() else { return Ok(()) };
        // Who has the store now has cursors of their own.
        if lock(&self.lock).is_none() {
            return Ok(());
        }
        let mut epochs = cursors.by_epoch();
        let numbers =
            |pairs: Vec<(ConversationId, u64)>| pairs.into_iter().map(|(id, seq)| (id.0, seq)).collect();
        let current = numbers(epochs.remove(&None).unwrap_or_default());
        let earlier = epochs.into_iter().filter_map(|(epoch, of)| Some((epoch?, numbers(of)))).collect();
        let saved = Saved {
            account: account.map(|account| account.0),
            server_id: hex(server_id),
            log_epoch,
            account_version: cursors.account_version(),
            cursors: current,
            earlier,
        };
        let temporary = self.path.with_extension("new");
        let mut file =
            OpenOptions::new().create(true).write(true).truncate(true).mode(0o600).open(&temporary)?;
        file.write_all(serde_json::to_string(&saved)?.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&temporary, &self.path)
    }

    pub(crate) fn unsent_add(&self, unsent: &Unsent) -> io::Result<()> {
        let mut lines = lock(&self.lines);
        if lines.len >= lines.rewrite {
            *lines = rewritten(&self.outbox)?.0;
        }
        lines.write(&send_line(unsent)?)?;
        lines.open.insert(unsent.message.id);
        Ok(())
    }

    /// A send was answered, or given up by the app.
    pub(crate) fn unsent_done(&self, id: MessageId) -> io::Result<()> {
        let mut lines = lock(&self.lines);
        if !lines.open.remove(&id) {
            return Ok(());
        }
        if lines.open.is_empty() {
            // Nothing waits: the file starts again.
            lines.file.set_len(0)?;
            lines.len = 0;
            return Ok(());
        }
        lines.write(&format!("{}\n", serde_json::to_string(&Line::Done { id: id.to_string() })?))
    }
}

fn send_line(Unsent { server, account, conversation, message }: &Unsent) -> io::Result<String> {
    let line = Line::Send {
        server: server.as_ref().map(|(id, epoch)| (hex(id), *epoch)),
        account: account.map(|account| account.0),
        conversation: conversation.0,
        id: message.id.to_string(),
        kind: message.kind,
        target: message.target,
        body: hex(&message.body),
        fallback: message.fallback.clone(),
    };
    Ok(format!("{}\n", serde_json::to_string(&line)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(n: u8) -> Unsent {
        let id = MessageId([n; 16]);
        Unsent {
            server: (n > 1).then(|| (vec![n; 16], 5)),
            account: (n > 2).then_some(AccountId(9)),
            conversation: ConversationId(7),
            message: Outgoing { id, kind: 1, target: None, body: vec![n], fallback: None },
        }
    }

    fn with_three(path: &Path) -> Store {
        let (store, _) = Store::open(path).unwrap();
        for n in 1..=3 {
            store.unsent_add(&message(n)).unwrap();
        }
        store
    }

    #[test]
    fn what_was_not_answered_is_there_after_a_crash() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state");
        let store = with_three(&path);
        store.unsent_done(MessageId([2; 16])).unwrap();
        store.release();
        let mut file = append_to(&path.with_extension("outbox")).unwrap();
        // Cut off in the middle of a character.
        file.write_all(b"{\"send\":{\"fallback\":\"\xe6\x9c").unwrap();
        assert_eq!(Store::open(&path).unwrap().1, [message(1), message(3)]);
    }

    #[test]
    fn an_answer_that_comes_twice_ends_no_other_send() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state");
        let store = with_three(&path);
        for n in [1, 1, 2, 9] {
            store.unsent_done(MessageId([n; 16])).unwrap();
        }
        drop(store);
        assert_eq!(Store::open(&path).unwrap().1, [message(3)]);
    }

    #[test]
    fn the_file_stays_small_while_something_always_waits() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state");
        let (store, _) = Store::open(&path).unwrap();
        let large = |n: u8| {
            let mut large = message(n);
            large.message.body = vec![n; 40_000];
            large
        };
        store.unsent_add(&message(1)).unwrap();
        for round in 0..100 {
            store.unsent_add(&large(2 + round)).unwrap();
            store.unsent_done(MessageId([2 + round; 16])).unwrap();
        }
        let size = std::fs::metadata(path.with_extension("outbox")).unwrap().len();
        assert!(size < REWRITE + 200_000, "{size} bytes");
        drop(store);
        assert_eq!(Store::open(&path).unwrap().1, [message(1)]);
    }

    #[test]
    fn one_client_at_a_time_has_the_store() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state");
        let (store, _) = Store::open(&path).unwrap();
        let refused = Store::open(&path).map(|_| ()).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::ResourceBusy, "{refused}");
        store.release();
        Store::open(&path).unwrap();
    }

    #[test]
    fn cursors_are_saved_whole() {
        let folder = tempfile::tempdir().unwrap();
        let (store, _) = Store::open(&folder.path().join("state")).unwrap();
        let mut cursors = Cursors::restore(vec![1; 16], 9, 4, [(ConversationId(2), 5)]);
        cursors.restore_of(Some(8), [(ConversationId(3), 7)]);
        store.save(&cursors, Some(AccountId(3))).unwrap();
        let (again, account) = store.cursors().unwrap();
        assert_eq!((again.position(ConversationId(2)), account), (5, Some(AccountId(3))));
        assert_eq!(again.server(), Some((&[1; 16][..], 9)));
        assert_eq!(again.account_version(), 4);
        assert_eq!(again.by_epoch(), cursors.by_epoch());
    }
}
