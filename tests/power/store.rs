//! A data folder to start from, and a look into one that nobody uses, without the disk of the test.

use std::{collections::HashMap, path::Path};

use litrocket_bench::{Host as _, Seed, SeedAccount, SeedConversation};
use rusqlite::{Connection, OpenFlags};

/// Members of both conversations; the first one sends.
pub(crate) const ACCOUNTS: [u64; 2] = [1, 2];
/// A one-to-one and a group.
pub(crate) const CONVERSATIONS: [u64; 2] = [1, 2];

/// A folder with the accounts and the conversations.
pub(crate) async fn template() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let conversation =
        |id: u64, members: &[u64]| SeedConversation { id, members: members.to_vec(), messages: 0 };
    let seed = Seed {
        accounts: (1..=3).map(|id: u64| SeedAccount { id, token: [id as u8; 32] }).collect(),
        conversations: vec![
            conversation(CONVERSATIONS[0], &ACCOUNTS),
            conversation(CONVERSATIONS[1], &[ACCOUNTS[0], ACCOUNTS[1], 3]),
        ],
        ..Seed::default()
    };
    litrocket::bench::ServerHost.seed(folder.path(), &seed).await.unwrap();
    folder
}

pub(crate) fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            std::fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
        }
    }
}

/// What a folder holds: each message's conversation, place and sender by its id, and the events hidden by jobs.
pub(crate) struct Found {
    pub(crate) messages: HashMap<[u8; 16], (u64, u64, u64)>,
    pub(crate) hidden: std::collections::HashSet<u64>,
}

/// Looks into a copy of a folder: opening a database changes it.
pub(crate) fn look(folder: &Path) -> Result<Found, String> {
    let copied = tempfile::tempdir().unwrap();
    copy(folder, copied.path());
    let file = copied.path().join("litrocket.db");
    let database = Connection::open_with_flags_and_vfs(file, OpenFlags::SQLITE_OPEN_READ_WRITE, c"unix");
    let database = database.map_err(|error| error.to_string())?;
    read(&database).map_err(|error| error.to_string())?
}

fn read(database: &Connection) -> rusqlite::Result<Result<Found, String>> {
    let whole: String = database.query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
    if whole != "ok" {
        return Ok(Err(whole));
    }
    let mut found = Found { messages: HashMap::new(), hidden: std::collections::HashSet::new() };
    let mut next: HashMap<u64, u64> = HashMap::new();
    let mut select = database
        .prepare("SELECT id, conversation, event_seq, sender FROM events ORDER BY conversation, event_seq")?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let (id, conversation, seq, sender): ([u8; 16], i64, i64, i64) =
            (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
        let (conversation, seq) = (conversation as u64, seq as u64);
        let next = next.entry(conversation).or_insert(1);
        if seq != *next {
            return Ok(Err(format!("conversation {conversation}: event {seq} stands where {next} should")));
        }
        *next += 1;
        if found.messages.insert(id, (conversation, seq, sender as u64)).is_some() {
            return Ok(Err(format!("conversation {conversation}: event {seq} is there twice")));
        }
    }
    let mut select =
        database.prepare("SELECT event_seq FROM hidden WHERE account = 1 AND conversation = 1")?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let seq: i64 = row.get(0)?;
        found.hidden.insert(seq as u64);
    }
    Ok(Ok(found))
}
