//! The state file: cursors, and next to it the sends without an answer. Only its owner may read them.

use std::{
    collections::HashMap,
    fs::{File, OpenOptions},
    io::{self, BufRead as _, BufReader, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    sync::Mutex,
};

use litrocket_core::client::{Cursors, Outgoing};
use litrocket_protocol::{ConversationId, MessageId};
use serde::{Deserialize, Serialize};

use crate::shared::lock;

#[derive(Serialize, Deserialize)]
struct Saved {
    server_id: String,
    log_epoch: u64,
    account_version: u64,
    cursors: Vec<(u64, u64)>,
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
    pub(crate) conversation: ConversationId,
    pub(crate) message: Outgoing,
}

pub(crate) struct Store {
    path: PathBuf,
    outbox: PathBuf,
    lines: Mutex<Lines>,
}

struct Lines {
    file: File,
    open: usize,
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

impl Store {
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let outbox = path.with_extension("outbox");
        let file = append_to(&outbox)?;
        let store = Self { path: path.into(), outbox, lines: Mutex::new(Lines { file, open: 0 }) };
        // What was answered is left out from now on.
        let unsent = store.unsent()?;
        let temporary = store.outbox.with_extension("outbox-new");
        drop(std::fs::remove_file(&temporary));
        let mut file = append_to(&temporary)?;
        for unsent in &unsent {
            file.write_all(send_line(unsent)?.as_bytes())?;
        }
        file.sync_all()?;
        std::fs::rename(&temporary, &store.outbox)?;
        *lock(&store.lines) = Lines { file, open: unsent.len() };
        Ok(store)
    }

    /// The cursors as they were saved.
    pub(crate) fn cursors(&self) -> io::Result<Cursors> {
        let text = match std::fs::read_to_string(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Cursors::default()),
            Err(error) => return Err(error),
        };
        let saved: Saved = serde_json::from_str(&text)?;
        let cursors =
            saved.cursors.into_iter().map(|(conversation, seq)| (ConversationId(conversation), seq));
        Ok(Cursors::restore(from_hex(&saved.server_id)?, saved.log_epoch, saved.account_version, cursors))
    }

    /// Writes the cursors: the file is the old one or the new one, never a part.
    pub(crate) fn save(&self, cursors: &Cursors) -> io::Result<()> {
        let Some((server_id, log_epoch)) = cursors.server() else { return Ok(()) };
        let saved = Saved {
            server_id: hex(server_id),
            log_epoch,
            account_version: cursors.account_version(),
            cursors: cursors.positions().map(|(conversation, seq)| (conversation.0, seq)).collect(),
        };
        let temporary = self.path.with_extension("new");
        let mut file =
            OpenOptions::new().create(true).write(true).truncate(true).mode(0o600).open(&temporary)?;
        file.write_all(serde_json::to_string(&saved)?.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&temporary, &self.path)
    }

    /// The sends without an answer, in order.
    pub(crate) fn unsent(&self) -> io::Result<Vec<Unsent>> {
        let mut order = Vec::new();
        let mut open = HashMap::new();
        for line in BufReader::new(File::open(&self.outbox)?).lines() {
            // A line that was cut off by a crash was never promised to anybody.
            match serde_json::from_str(&line?) {
                Ok(Line::Send { server, conversation, id, kind, target, body, fallback }) => {
                    let Some(message_id) = MessageId::parse(&id) else { continue };
                    let server = match server {
                        Some((id, epoch)) => Some((from_hex(&id)?, epoch)),
                        None => None,
                    };
                    let message = Outgoing { id: message_id, kind, target, body: from_hex(&body)?, fallback };
                    let conversation = ConversationId(conversation);
                    order.push(message_id);
                    open.insert(message_id, Unsent { server, conversation, message });
                }
                Ok(Line::Done { id }) => {
                    MessageId::parse(&id).and_then(|id| open.remove(&id));
                }
                Err(_) => {}
            }
        }
        Ok(order.into_iter().filter_map(|id| open.remove(&id)).collect())
    }

    pub(crate) fn unsent_add(&self, unsent: &Unsent) -> io::Result<()> {
        let mut lines = lock(&self.lines);
        lines.file.write_all(send_line(unsent)?.as_bytes())?;
        lines.open += 1;
        Ok(())
    }

    pub(crate) fn unsent_done(&self, id: MessageId) -> io::Result<()> {
        let mut lines = lock(&self.lines);
        lines.open = lines.open.saturating_sub(1);
        if lines.open == 0 {
            // Nothing waits: the file starts again.
            return lines.file.set_len(0);
        }
        lines
            .file
            .write_all(format!("{}\n", serde_json::to_string(&Line::Done { id: id.to_string() })?).as_bytes())
    }
}

fn send_line(Unsent { server, conversation, message }: &Unsent) -> io::Result<String> {
    let line = Line::Send {
        server: server.as_ref().map(|(id, epoch)| (hex(id), *epoch)),
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

    #[test]
    fn what_was_not_answered_is_there_after_a_crash() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state");
        let message = |n: u8| Unsent {
            server: (n > 1).then(|| (vec![n; 16], 5)),
            conversation: ConversationId(7),
            message: Outgoing {
                id: MessageId([n; 16]),
                kind: 1,
                target: None,
                body: vec![n],
                fallback: None,
            },
        };
        let store = Store::open(&path).unwrap();
        for n in 1..=3 {
            store.unsent_add(&message(n)).unwrap();
        }
        store.unsent_done(MessageId([2; 16])).unwrap();
        let mut file = append_to(&path.with_extension("outbox")).unwrap();
        file.write_all(b"{\"send\":{\"conv").unwrap();
        let again = Store::open(&path).unwrap().unsent().unwrap();
        assert_eq!(again, [message(1), message(3)]);
    }

    #[test]
    fn cursors_are_saved_whole() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("state")).unwrap();
        let cursors = Cursors::restore(vec![1; 16], 9, 4, [(ConversationId(2), 5)]);
        store.save(&cursors).unwrap();
        let again = store.cursors().unwrap();
        assert_eq!(again.position(ConversationId(2)), 5);
        assert_eq!(again.server(), Some((&[1; 16][..], 9)));
        assert_eq!(again.account_version(), 4);
    }
}
