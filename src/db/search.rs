//! The full-text index: SQLite's FTS5 in a file of its own, which can be deleted and is then built again.
//!
//! It stores tokens, never text, under the log position of each message, and how far the log is indexed.

use std::{
    path::Path,
    sync::{Arc, Mutex, MutexGuard},
    time::{Duration, Instant},
};

use super::{Error, limit::STEPS, raw::checked};

use crate::lock::lock;

const FILE: &str = "search.db";
/// Bump it when tokens change: an index of another version is built again.
const VERSION: i64 = 1;
/// How long one look into the index may take: whoever searches has one turn in it, one after the other.
const READ_TIME: Duration = Duration::from_secs(5);

/// The index. Cheap to clone; calls block, so they belong on blocking threads.
#[derive(Debug, Clone)]
pub struct SearchIndex {
    writer: Arc<Mutex<rusqlite::Connection>>,
    reader: Arc<Mutex<rusqlite::Connection>>,
    /// When the reader's statement began.
    began: Arc<Mutex<Instant>>,
    /// Whether there is one.
    is_open: bool,
}

/// What happened to one indexed message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IndexChange {
    /// The message at this position has these tokens now.
    Set(u64, String),
    /// The message at this position is found no more.
    Remove(u64),
}

impl SearchIndex {
    /// Opens the index of a data folder. One that is damaged or of another version is made anew.
    pub fn open(folder: &Path) -> Result<Self, Error> {
        let path = folder.join(FILE);
        let writer = Self::connect(&path).or_else(|error| {
            tracing::warn!(%error, "the search index is built again");
            for suffix in ["", "-wal", "-shm"] {
                drop(std::fs::remove_file(folder.join(format!("{FILE}{suffix}"))));
            }
            Self::connect(&path)
        })?;
        let reader = Self::connect(&path)?;
        checked(
            reader.execute_batch(
                "CREATE VIRTUAL TABLE temp.terms USING fts5vocab('main', 'words', 'instance')",
            ),
        )?;
        let began = Arc::new(Mutex::new(Instant::now()));
        let clock = began.clone();
        checked(reader.progress_handler(STEPS, Some(move || lock(&clock).elapsed() > READ_TIME)))?;
        Ok(Self {
            writer: Arc::new(Mutex::new(writer)),
            reader: Arc::new(Mutex::new(reader)),
            began,
            is_open: true,
        })
    }

    /// What stands in for an index that does not open: nobody may ask it anything.
    pub fn closed() -> Result<Self, Error> {
        let nothing = || checked(rusqlite::Connection::open_in_memory()).map(|it| Arc::new(Mutex::new(it)));
        let began = Arc::new(Mutex::new(Instant::now()));
        Ok(Self { writer: nothing()?, reader: nothing()?, began, is_open: false })
    }

    /// Whether it can be asked.
    pub fn is_open(&self) -> bool {
        self.is_open
    }

    fn connect(path: &Path) -> Result<rusqlite::Connection, Error> {
        let connection = checked(rusqlite::Connection::open(path))?;
        checked(connection.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA secure_delete = ON;
             PRAGMA busy_timeout = 5000; PRAGMA cache_size = -8192;",
        ))?;
        let version: i64 = checked(connection.query_row("PRAGMA user_version", [], |row| row.get(0)))?;
        if version != VERSION {
            checked(connection.execute_batch(&format!(
                "BEGIN IMMEDIATE; DROP TABLE IF EXISTS words; DROP TABLE IF EXISTS progress;
                 CREATE VIRTUAL TABLE words USING fts5(t, content = '', contentless_delete = 1, tokenize = 'ascii');
                 CREATE TABLE progress (pos INTEGER NOT NULL);
                 INSERT INTO progress (pos) VALUES (0); PRAGMA user_version = {VERSION}; COMMIT;"
            )))?;
        }
        checked(connection.execute_batch("CREATE TABLE IF NOT EXISTS purge (pos INTEGER NOT NULL)"))?;
        Ok(connection)
    }

    /// The reader's turn; what it asks from now on is ended in time.
    fn read(&self) -> MutexGuard<'_, rusqlite::Connection> {
        let reader = lock(&self.reader);
        *lock(&self.began) = Instant::now();
        reader
    }

    /// Once the log is indexed up to `pos`, words of messages that are gone have to leave the file.
    pub fn want_purge(&self, pos: u64) -> Result<(), Error> {
        let mut connection = lock(&self.writer);
        let transaction = checked(connection.transaction())?;
        checked(transaction.execute("DELETE FROM purge", []))?;
        checked(transaction.execute("INSERT INTO purge (pos) VALUES (?1)", [pos]))?;
        checked(transaction.commit())
    }

    /// Does that, if it is wanted and can be done. The index keeps the words of what was removed until its parts are
    /// merged; merging them all reads and writes the whole index.
    pub fn purge(&self, indexed: u64) -> Result<bool, Error> {
        let connection = lock(&self.writer);
        let wanted: Option<u64> = checked(rusqlite::OptionalExtension::optional(connection.query_row(
            "SELECT pos FROM purge WHERE pos <= ?1",
            [indexed],
            |row| row.get(0),
        )))?;
        if wanted.is_none() {
            return Ok(false);
        }
        checked(connection.execute_batch(
            "INSERT INTO words (words) VALUES ('optimize'); DELETE FROM purge; PRAGMA wal_checkpoint(TRUNCATE);",
        ))?;
        Ok(true)
    }

    /// Forgets everything: the log is indexed from its beginning.
    pub fn clear(&self) -> Result<(), Error> {
        checked(lock(&self.writer).execute_batch(
            "BEGIN IMMEDIATE; INSERT INTO words (words) VALUES ('delete-all'); UPDATE progress SET pos = 0;
             DELETE FROM purge; COMMIT;",
        ))
    }

    /// How far the log is indexed.
    pub fn indexed(&self) -> Result<u64, Error> {
        checked(self.read().query_row("SELECT pos FROM progress", [], |row| row.get(0)))
    }

    /// Takes changes in; the log is indexed up to `pos` then.
    pub fn apply(&self, changes: &[IndexChange], pos: u64) -> Result<(), Error> {
        let mut connection = lock(&self.writer);
        let transaction = checked(connection.transaction())?;
        {
            let mut delete = checked(transaction.prepare("DELETE FROM words WHERE rowid = ?1"))?;
            let mut insert = checked(transaction.prepare("INSERT INTO words (rowid, t) VALUES (?1, ?2)"))?;
            for change in changes {
                match change {
                    IndexChange::Remove(pos) => {
                        checked(delete.execute([pos]))?;
                    }
                    IndexChange::Set(pos, tokens) => {
                        checked(delete.execute([pos]))?;
                        checked(insert.execute(rusqlite::params![pos, tokens]))?;
                    }
                }
            }
            checked(transaction.execute("UPDATE progress SET pos = ?1", [pos]))?;
        }
        checked(transaction.commit())
    }

    /// The tokens of the index that begin with `prefix`, which is of `[a-z0-9]`; `None` when there are more than
    /// `most`. Each is found by a look-up of its own: reading the list through would read every place of every token.
    pub fn expand(&self, prefix: &str, most: usize) -> Result<Option<Vec<String>>, Error> {
        let connection = self.read();
        let mut next = checked(connection.prepare_cached("SELECT term FROM terms WHERE term >= ?1 LIMIT 1"))?;
        let (mut found, mut from) = (Vec::new(), prefix.to_owned());
        loop {
            let term: Option<String> =
                checked(rusqlite::OptionalExtension::optional(next.query_row([&from], |row| row.get(0))))?;
            let Some(term) = term.filter(|term| term.starts_with(prefix)) else { return Ok(Some(found)) };
            if found.len() == most {
                return Ok(None);
            }
            // No token lies between one and the same with a zero behind it.
            from = format!("{term}0");
            found.push(term);
        }
    }

    /// Positions that match an FTS5 expression, newest first, below `before`.
    pub fn find(&self, expression: &str, before: u64, limit: u64) -> Result<Vec<u64>, Error> {
        let connection = self.read();
        let mut statement = checked(connection.prepare_cached(
            "SELECT rowid FROM words WHERE words MATCH ?1 AND rowid < ?2 ORDER BY rowid DESC LIMIT ?3",
        ))?;
        let before = i64::try_from(before).unwrap_or(i64::MAX);
        let rows =
            checked(statement.query_map(rusqlite::params![expression, before, limit], |row| row.get(0)))?;
        checked(rows.collect())
    }
}
