//! The outbox file: a line for each send, one for each answer. It is written anew when it has grown.

use std::{
    collections::{HashMap, HashSet},
    fs::{File, OpenOptions},
    io::{self, BufRead as _, BufReader, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    sync::Mutex,
};

use litrocket_core::client::Outgoing;
use litrocket_protocol::{AccountId, ConversationId, MessageId, hex};
use serde::{Deserialize, Serialize};

use crate::{
    disk::{beside, sync_folder},
    shared::lock,
};

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
pub(super) const REWRITE: u64 = 1024 * 1024;

/// The outbox file.
pub(super) struct Sends {
    path: PathBuf,
    lines: Mutex<Lines>,
}

/// Its lines, and what is known of them.
struct Lines {
    file: File,
    /// Its length: a line that could not be written as a whole is cut off again.
    len: u64,
    /// The length at which it is written anew.
    rewrite: u64,
    /// The sends in it that have no answer.
    open: HashSet<MessageId>,
    /// While it is written anew: the answers that came meanwhile.
    meanwhile: Option<String>,
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

    /// Nothing waits: the file starts again.
    fn empty(&mut self) -> io::Result<()> {
        self.file.set_len(0)?;
        self.len = 0;
        Ok(())
    }
}

pub(super) fn append_to(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).append(true).mode(0o600).open(path)
}

fn from_hex(text: &str) -> io::Result<Vec<u8>> {
    hex::decode(text).ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "no hex digits"))
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

fn new_name(path: &Path) -> PathBuf {
    beside(path, "-new")
}

/// Writes an outbox file anew beside the old one: what was answered is left out.
fn anew(path: &Path) -> io::Result<(Lines, Vec<Unsent>)> {
    let unsent = read_unsent(path)?;
    let temporary = new_name(path);
    drop(std::fs::remove_file(&temporary));
    let mut file = append_to(&temporary)?;
    let mut len = 0;
    for unsent in &unsent {
        let line = send_line(unsent)?;
        file.write_all(line.as_bytes())?;
        len += line.len() as u64;
    }
    file.sync_all()?;
    let open = unsent.iter().map(|unsent| unsent.message.id).collect();
    Ok((Lines { file, len, rewrite: REWRITE.max(2 * len), open, meanwhile: None }, unsent))
}

impl Sends {
    /// Reads the file, or begins it; answers the sends without an answer.
    pub(super) fn open(path: PathBuf) -> io::Result<(Self, Vec<Unsent>)> {
        append_to(&path)?;
        let (lines, unsent) = anew(&path)?;
        std::fs::rename(new_name(&path), &path)?;
        sync_folder(&path)?;
        Ok((Self { path, lines: Mutex::new(lines) }, unsent))
    }

    /// Whether it is to be written anew before the next send.
    pub(super) fn is_long(&self) -> bool {
        let lines = lock(&self.lines);
        lines.len >= lines.rewrite
    }

    /// Writes the file anew. It reads and syncs, and holds nobody up who notes an answer meanwhile; nobody adds a send.
    pub(super) fn rewrite(&self) -> io::Result<()> {
        let anew = self.begins_anew();
        self.goes_on(anew)?;
        sync_folder(&self.path)
    }

    fn begins_anew(&self) -> io::Result<Lines> {
        lock(&self.lines).meanwhile = Some(String::new());
        anew(&self.path).map(|(lines, _)| lines)
    }

    /// Goes on with the file that was written anew, and with the answers that came meanwhile; with the old one where it could
    /// not be written.
    fn goes_on(&self, anew: io::Result<Lines>) -> io::Result<()> {
        let mut lines = lock(&self.lines);
        let meanwhile = lines.meanwhile.take().unwrap_or_default();
        let mut anew = anew?;
        anew.open.clone_from(&lines.open);
        if anew.open.is_empty() {
            anew.empty()?;
        } else {
            anew.write(&meanwhile)?;
        }
        std::fs::rename(new_name(&self.path), &self.path)?;
        *lines = anew;
        Ok(())
    }

    /// Adds a send: one write to the system's cache, which survives the end of the app.
    pub(super) fn add(&self, unsent: &Unsent) -> io::Result<()> {
        let line = send_line(unsent)?;
        let mut lines = lock(&self.lines);
        lines.write(&line)?;
        lines.open.insert(unsent.message.id);
        Ok(())
    }

    /// A send was answered, or given up by the app.
    pub(super) fn done(&self, id: MessageId) -> io::Result<()> {
        let line = format!("{}\n", serde_json::to_string(&Line::Done { id: id.to_string() })?);
        let mut lines = lock(&self.lines);
        if !lines.open.remove(&id) {
            return Ok(());
        }
        if let Some(meanwhile) = &mut lines.meanwhile {
            meanwhile.push_str(&line);
        }
        if lines.open.is_empty() { lines.empty() } else { lines.write(&line) }
    }
}

fn send_line(Unsent { server, account, conversation, message }: &Unsent) -> io::Result<String> {
    let line = Line::Send {
        server: server.as_ref().map(|(id, epoch)| (hex::encode(id), *epoch)),
        account: account.map(|account| account.0),
        conversation: conversation.0,
        id: message.id.to_string(),
        kind: message.kind,
        target: message.target,
        body: hex::encode(&message.body),
        fallback: message.fallback.clone(),
    };
    Ok(format!("{}\n", serde_json::to_string(&line)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const WAITING: [u8; 3] = [1, 2, 3];

    fn id(n: u8) -> MessageId {
        MessageId([n; 16])
    }

    fn with_three(folder: &Path) -> Sends {
        let (sends, _) = Sends::open(folder.join("state.outbox")).unwrap();
        for n in WAITING {
            let message = Outgoing { id: id(n), kind: 1, target: None, body: vec![n], fallback: None };
            let unsent = Unsent { server: None, account: None, conversation: ConversationId(7), message };
            sends.add(&unsent).unwrap();
        }
        sends
    }

    fn found(folder: &Path) -> Vec<u8> {
        let (_, unsent) = Sends::open(folder.join("state.outbox")).unwrap();
        unsent.iter().map(|unsent| unsent.message.id.0[0]).collect()
    }

    #[test]
    fn answers_that_come_while_the_file_is_written_anew_are_in_it() {
        for answered in [&[2][..], &[1, 3], &WAITING] {
            let folder = tempfile::tempdir().unwrap();
            let sends = with_three(folder.path());
            let anew = sends.begins_anew();
            for n in answered {
                sends.done(id(*n)).unwrap();
            }
            sends.goes_on(anew).unwrap();
            // The file that is gone on with takes answers too.
            sends.done(id(2)).unwrap();
            let left: Vec<u8> = WAITING.into_iter().filter(|n| *n != 2 && !answered.contains(n)).collect();
            assert_eq!(found(folder.path()), left, "{answered:?}");
        }
    }

    #[test]
    fn a_file_that_cannot_be_written_anew_goes_on_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let sends = with_three(folder.path());
        // Nothing is put into the place of a folder.
        std::fs::create_dir(folder.path().join("state.outbox-new")).unwrap();
        let anew = sends.begins_anew();
        sends.done(id(2)).unwrap();
        sends.goes_on(anew).unwrap_err();
        sends.done(id(1)).unwrap();
        std::fs::remove_dir(folder.path().join("state.outbox-new")).unwrap();
        assert_eq!(found(folder.path()), [3]);
    }
}
