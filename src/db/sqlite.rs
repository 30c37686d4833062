//! SQLite through sqlx: one writing connection, a pool of reading ones, and the raw handle for the hot insert.

use std::{borrow::Cow, path::Path, time::Duration};

use sqlx::{
    ConnectOptions, Connection as _, SqlSafeStr, Sqlite, SqliteConnection,
    migrate::{Migration, MigrationType, Migrator},
    pool::PoolOptions,
    sqlite::{SqliteArguments, SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqliteSynchronous},
};

use super::{
    Checkpoint, Error, Failure, OpenError, Options, Raw, Row, Value,
    checkpoint::Wal,
    limit::{self, ReadLimit},
    raw,
};

pub(crate) const FILE: &str = "litrocket.db";

/// The steps of the schema, embedded in the program. A number that is missing was never shipped; the next one is behind the last.
const MIGRATIONS: &[(i64, &str, &str)] = &[
    (1, "foundation", include_str!("../../migrations/sqlite/0001_foundation.sql")),
    (3, "people", include_str!("../../migrations/sqlite/0003_people.sql")),
    (5, "moments", include_str!("../../migrations/sqlite/0005_moments.sql")),
    (6, "words", include_str!("../../migrations/sqlite/0006_words.sql")),
    (7, "files", include_str!("../../migrations/sqlite/0007_files.sql")),
    (8, "find", include_str!("../../migrations/sqlite/0008_find.sql")),
    (9, "account_log_age", include_str!("../../migrations/sqlite/0009_account_log_age.sql")),
    (10, "standing", include_str!("../../migrations/sqlite/0010_standing.sql")),
    (11, "group files", include_str!("../../migrations/sqlite/0011_group_files.sql")),
    (12, "mail", include_str!("../../migrations/sqlite/0012_mail.sql")),
    (13, "accounts", include_str!("../../migrations/sqlite/0013_accounts.sql")),
    (14, "privacy", include_str!("../../migrations/sqlite/0014_privacy.sql")),
    (15, "recommend", include_str!("../../migrations/sqlite/0015_recommend.sql")),
    (16, "groups", include_str!("../../migrations/sqlite/0016_groups.sql")),
    (17, "file places", include_str!("../../migrations/sqlite/0017_file_places.sql")),
    (18, "pictures", include_str!("../../migrations/sqlite/0018_pictures.sql")),
    (19, "replaced tokens", include_str!("../../migrations/sqlite/0019_replaced_tokens.sql")),
    (20, "operators' deletions", include_str!("../../migrations/sqlite/0020_operators_deletions.sql")),
    (21, "ended requests", include_str!("../../migrations/sqlite/0021_ended_requests.sql")),
    (22, "pictures again", include_str!("../../migrations/sqlite/0022_pictures_again.sql")),
    (23, "file times", include_str!("../../migrations/sqlite/0023_file_times.sql")),
    (24, "removed files", include_str!("../../migrations/sqlite/0024_removed_files.sql")),
    (25, "people's traces", include_str!("../../migrations/sqlite/0025_peoples_traces.sql")),
    (27, "file storage", include_str!("../../migrations/sqlite/0027_file_storage.sql")),
    (28, "early files", include_str!("../../migrations/sqlite/0028_early_files.sql")),
    (29, "invites", include_str!("../../migrations/sqlite/0029_invites.sql")),
    (31, "ends", include_str!("../../migrations/sqlite/0031_ends.sql")),
    (33, "files held", include_str!("../../migrations/sqlite/0033_files_held.sql")),
    (34, "file use", include_str!("../../migrations/sqlite/0034_file_use.sql")),
    (35, "large pictures", include_str!("../../migrations/sqlite/0035_large_pictures.sql")),
];

/// How long a writer waits for a lock that another program holds on the file.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(2);

/// How much longer than its time a read is waited for.
const GRACE: Duration = Duration::from_secs(1);
/// Commands that may wait for the driver's worker.
const COMMANDS_MAX: usize = 64;
/// How often the handle is lent before the worker is waited for. Each time leaves the worker a command; with the
/// commands at their limit the lender would wait for the worker, and the worker for the handle.
const LENT_MAX: usize = COMMANDS_MAX / 2;

#[derive(Debug, Clone)]
pub(super) struct Readers {
    pool: SqlitePool,
    limit: ReadLimit,
}

#[derive(Debug)]
pub(super) struct Writer {
    /// Its statements have to end before the connection does.
    raw: Option<Raw>,
    /// How often the handle was lent since the worker had nothing left to do.
    lent: usize,
    connection: SqliteConnection,
    wal: Wal,
}

fn connect_options(folder: &Path, options: &Options) -> SqliteConnectOptions {
    let synchronous =
        if options.full_durability { SqliteSynchronous::Full } else { SqliteSynchronous::Normal };
    SqliteConnectOptions::new()
        .filename(folder.join(FILE))
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(synchronous)
        .busy_timeout(BUSY_TIMEOUT)
        .command_buffer_size(COMMANDS_MAX)
        .foreign_keys(false)
        // Only the writer checkpoints: two connections doing it at once is where SQLite has had its worst bug.
        .pragma("wal_autocheckpoint", "0")
        .pragma("secure_delete", "on")
        // The file keeps its size when the log begins again: beyond this it is cut, so that its size tells how long
        // the log is.
        .pragma("journal_size_limit", options.checkpoint_bytes.to_string())
        .pragma("cache_size", "-16384")
        .pragma("temp_store", "memory")
        .disable_statement_logging()
}

async fn readers(base: SqliteConnectOptions, options: &Options) -> Result<Readers, OpenError> {
    let pool = PoolOptions::<Sqlite>::new()
        .max_connections(options.readers.max(1))
        .min_connections(1)
        .acquire_timeout(Duration::from_secs(10))
        // Setting a read's time asks the connection anyway.
        .test_before_acquire(false)
        .connect_with(base.read_only(true).pragma("query_only", "on"))
        .await?;
    Ok(Readers { pool, limit: ReadLimit::new(options.read_time) })
}

pub(super) async fn open(folder: &Path, options: &Options) -> Result<(Readers, Writer), OpenError> {
    let base = connect_options(folder, options);
    let mut connection = base.clone().create_if_missing(true).connect().await?;
    migrate(&mut connection).await?;
    settle(&mut connection).await?;
    let readers = readers(base, options).await?;
    let wal = Wal::new(&folder.join(FILE), options.checkpoint_bytes, readers.limit.clone());
    Ok((readers, Writer { raw: None, lent: 0, connection, wal }))
}

/// Copies what the log holds into the database and syncs that, before anything is answered from it. After a sync that failed
/// the kernel may show pages of the log that never reached the disk, and takes the next sync of them for done.
async fn settle(connection: &mut SqliteConnection) -> Result<(), OpenError> {
    let (busy, ..): (i64, i64, i64) =
        sqlx::query_as("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(connection).await?;
    if busy != 0 {
        tracing::warn!("another program reads the database: its log is copied back later");
    }
    Ok(())
}

/// Opens the tables for reading alone and changes nothing, not even their version.
pub(super) async fn open_reading(folder: &Path, options: &Options) -> Result<Readers, OpenError> {
    let readers = readers(connect_options(folder, options), options).await?;
    let (database,): (i64,) = sqlx::query_as("SELECT COALESCE(MAX(version), 0) FROM _sqlx_migrations")
        .fetch_one(&readers.pool)
        .await?;
    let program = MIGRATIONS.last().map_or(0, |step| step.0);
    match database.cmp(&program) {
        std::cmp::Ordering::Less => Err(OpenError::Older { database, program }),
        std::cmp::Ordering::Equal => Ok(readers),
        std::cmp::Ordering::Greater => Err(OpenError::Newer { database, program }),
    }
}

async fn migrate(connection: &mut SqliteConnection) -> Result<(), OpenError> {
    let program = MIGRATIONS.last().map_or(0, |step| step.0);
    let known: Option<(i64,)> =
        sqlx::query_as("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = '_sqlx_migrations'")
            .fetch_optional(&mut *connection)
            .await?;
    if known.is_some() {
        let (database,): (i64,) = sqlx::query_as("SELECT COALESCE(MAX(version), 0) FROM _sqlx_migrations")
            .fetch_one(&mut *connection)
            .await?;
        if database > program {
            return Err(OpenError::Newer { database, program });
        }
    }
    let steps = MIGRATIONS
        .iter()
        .map(|(version, name, sql)| {
            let sql = SqlSafeStr::into_sql_str(*sql);
            Migration::new(*version, Cow::Borrowed(*name), MigrationType::Simple, sql, false)
        })
        .collect();
    Migrator::with_migrations(steps).run(connection).await.map_err(|error| {
        OpenError::Driver(Error {
            failure: Failure::Statement,
            message: format!("bringing the tables up to date failed: {error}"),
        })
    })
}

fn bind(args: &[Value]) -> Result<SqliteArguments, Error> {
    use sqlx::Arguments as _;
    let mut out = SqliteArguments::default();
    for value in args {
        let added = match value {
            Value::I(v) => out.add(*v),
            Value::T(v) => out.add(v.clone()),
            Value::B(v) => out.add(v.to_vec()),
            Value::Id(v) => out.add(v.to_vec()),
            Value::Hash(v) => out.add(v.to_vec()),
            Value::Null => out.add(None::<i64>),
        };
        added.map_err(|error| error_of(&sqlx::Error::Encode(error)))?;
    }
    Ok(out)
}

impl Readers {
    pub(super) async fn all<R: Row>(&self, sql: &'static str, args: &[Value]) -> Result<Vec<R>, Error> {
        let args = bind(args)?;
        let mut connection = limit::acquire(&self.pool, &self.limit).await?;
        let query = sqlx::query_as_with::<_, R, _>(sql, args).fetch_all(&mut *connection);
        // SQLite ends the statement itself; this is for a connection that does not answer.
        match tokio::time::timeout(self.limit.time() + GRACE, query).await {
            Ok(Err(sqlx::Error::WorkerCrashed)) | Err(_) => connection.close_on_drop(),
            Ok(rows) => return Ok(rows?),
        }
        Err(Error { failure: Failure::Temporary, message: "a read took too long".into() })
    }

    pub(super) async fn close(&self) {
        self.pool.close().await;
    }
}

impl Writer {
    pub(super) async fn execute(&mut self, sql: &'static str, args: &[Value]) -> Result<u64, Error> {
        self.raw(|raw| Ok(raw::execute(&mut raw.prepare(sql)?, args)? as u64)).await
    }

    pub(super) async fn all<R: Row>(&mut self, sql: &'static str, args: &[Value]) -> Result<Vec<R>, Error> {
        Ok(sqlx::query_as_with::<_, R, _>(sql, bind(args)?).fetch_all(&mut self.connection).await?)
    }

    pub(super) async fn raw<T>(&mut self, run: impl FnOnce(&Raw) -> Result<T, Error>) -> Result<T, Error> {
        lend(&mut self.raw, &mut self.lent, &mut self.connection, run).await
    }

    pub(super) async fn checkpoint(&mut self, why: Checkpoint) -> Result<bool, Error> {
        if !self.wal.wants(why) {
            return Ok(true);
        }
        let Self { raw, lent, connection, wal } = self;
        lend(raw, lent, connection, |raw| wal.run(raw, why)).await
    }

    pub(super) async fn close(mut self) -> Result<(), Error> {
        if self.raw.is_some() {
            let _handle = self.connection.lock_handle().await?;
            self.raw = None;
        }
        Ok(self.connection.close().await?)
    }
}

/// Lends the connection's own handle for one call.
async fn lend<T>(
    raw: &mut Option<Raw>,
    lent: &mut usize,
    connection: &mut SqliteConnection,
    run: impl FnOnce(&Raw) -> Result<T, Error>,
) -> Result<T, Error> {
    if *lent >= LENT_MAX {
        connection.ping().await?;
        *lent = 0;
    }
    *lent += 1;
    let mut handle = connection.lock_handle().await?;
    let raw = match raw {
        Some(raw) => raw,
        empty => empty.insert(Raw::borrow(handle.as_raw_handle().as_ptr())?),
    };
    run(raw)
}

pub(super) fn error_of(error: &sqlx::Error) -> Error {
    match error {
        sqlx::Error::Database(inner) => {
            let code = inner.code().and_then(|text| text.parse().ok()).unwrap_or(1);
            from_code(code, error.to_string())
        }
        sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::Io(_) => {
            Error { failure: Failure::Temporary, message: error.to_string() }
        }
        _ => Error { failure: Failure::Statement, message: error.to_string() },
    }
}

/// Result codes of SQLite, <https://www.sqlite.org/rescode.html>.
pub(super) fn from_code(code: i32, message: String) -> Error {
    use rusqlite::ffi;
    let failure = match (code, code & 0xff) {
        (ffi::SQLITE_IOERR_FSYNC | ffi::SQLITE_IOERR_DIR_FSYNC, _)
        | (_, ffi::SQLITE_CORRUPT | ffi::SQLITE_NOTADB) => Failure::Fatal,
        (_, ffi::SQLITE_BUSY | ffi::SQLITE_LOCKED | ffi::SQLITE_FULL | ffi::SQLITE_INTERRUPT) => {
            Failure::Temporary
        }
        (_, ffi::SQLITE_IOERR | ffi::SQLITE_CANTOPEN | ffi::SQLITE_NOMEM | ffi::SQLITE_READONLY) => {
            Failure::System
        }
        _ => Failure::Statement,
    };
    Error { failure, message }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn statements_in_a_row_never_wait_for_each_other() {
        let folder = tempfile::tempdir().unwrap();
        let options = Options {
            full_durability: false,
            readers: 1,
            checkpoint_bytes: 1 << 20,
            read_time: Duration::from_secs(1),
        };
        let (_readers, mut writer) = open(folder.path(), &options).await.unwrap();
        // More threads than cores, so that the driver's worker is often late.
        let done = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
        let spin = || {
            let done = done.clone();
            std::thread::spawn(move || while !done.load(std::sync::atomic::Ordering::Relaxed) {})
        };
        let busy: Vec<_> = (0..8).map(|_| spin()).collect();
        let statements = async {
            for number in 0..50_000_i64 {
                writer.execute("SELECT 1 WHERE $1 < 0", &[Value::I(number)]).await.unwrap();
            }
        };
        let ended = tokio::time::timeout(Duration::from_secs(60), statements).await;
        done.store(true, std::sync::atomic::Ordering::Relaxed);
        for thread in busy {
            thread.join().unwrap();
        }
        assert!(ended.is_ok(), "the writer waits for the worker, and the worker for the writer");
    }
}
