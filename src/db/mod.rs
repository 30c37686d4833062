//! The one place that names a database driver: pools, values, rows, migrations.
//!
//! Everything above speaks SQL as static text in the subset that SQLite and PostgreSQL share (`$1`,
//! `ON CONFLICT`, `RETURNING`, integers, text, blobs) with arguments as [`Value`]s and rows as tuples. Reads go
//! through [`Db`]; every write goes through the writer's [`Connection`]. Start with [`Db::open`].

mod checkpoint;
mod limit;
pub mod raw;
mod search;
mod sqlite;

use std::path::Path;

use bytes::Bytes;

pub use checkpoint::Checkpoint;
pub use raw::Raw;
pub use search::{IndexChange, SearchIndex};
/// The file of the database in its folder.
pub(crate) use sqlite::FILE;

/// An argument of a statement.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// An integer.
    I(i64),
    /// Text.
    T(String),
    /// Bytes.
    B(Bytes),
    /// An id of 16 bytes, without an allocation.
    Id([u8; 16]),
    /// A hash of 32 bytes, without an allocation.
    Hash([u8; 32]),
    /// Nothing.
    Null,
}

macro_rules! value_from {
    ($($from:ty, $value:ident => $make:expr;)*) => {$(
        impl From<$from> for Value {
            fn from($value: $from) -> Self { $make }
        }
    )*};
}

value_from! {
    i64, v => Self::I(v);
    u64, v => Self::I(i64::try_from(v).unwrap_or(i64::MAX));
    u32, v => Self::I(v.into());
    u16, v => Self::I(v.into());
    u8, v => Self::I(v.into());
    bool, v => Self::I(v.into());
    String, v => Self::T(v);
    &str, v => Self::T(v.into());
    Bytes, v => Self::B(v);
    Vec<u8>, v => Self::B(v.into());
    &[u8], v => Self::B(Bytes::copy_from_slice(v));
    [u8; 32], v => Self::Hash(v);
    litrocket_protocol::AccountId, v => Self::I(v.sql());
    litrocket_protocol::ConversationId, v => Self::I(v.sql());
    litrocket_protocol::SessionId, v => Self::I(v.sql());
    litrocket_protocol::MessageId, v => Self::Id(v.0);
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// Arguments for a statement: `args![account, "text", 5_u64]`.
#[macro_export]
macro_rules! args {
    ($($value:expr),* $(,)?) => { &[$($crate::db::Value::from($value)),*] as &[$crate::db::Value] };
}

/// Numbers or texts as JSON, for a statement that goes over them with `json_each`.
pub fn list<T: serde::Serialize>(values: impl IntoIterator<Item = T>) -> Result<String, Error> {
    let mut json = serde_json::Serializer::new(Vec::new());
    serde::Serializer::collect_seq(&mut json, values).map_err(|error| Error::statement(error.to_string()))?;
    String::from_utf8(json.into_inner()).map_err(|error| Error::statement(error.to_string()))
}

/// A row that decodes from every supported driver. Tuples of `i64`, `String`, `Vec<u8>` and their `Option`s do.
pub trait Row: for<'r> sqlx::FromRow<'r, sqlx::sqlite::SqliteRow> + Send + Unpin + 'static {}
impl<T> Row for T where T: for<'r> sqlx::FromRow<'r, sqlx::sqlite::SqliteRow> + Send + Unpin + 'static {}

/// What a failed statement means for the one who asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// The disk is full, the database is locked, or the time for a read is up: try again later.
    Temporary,
    /// The system refused a read or a write. A statement may be tried again later; whether a commit that met it stands
    /// is not known.
    System,
    /// The data may not have reached the disk, or is damaged: stop and recover from the disk.
    Fatal,
    /// The statement itself failed.
    Statement,
}

/// A failed statement.
#[derive(Debug, Clone)]
pub struct Error {
    failure: Failure,
    message: String,
}

impl Error {
    /// A failure that has nothing to do with a statement and may pass.
    pub fn temporary(message: String) -> Self {
        Self { failure: Failure::Temporary, message }
    }

    pub(crate) fn statement(message: String) -> Self {
        Self { failure: Failure::Statement, message }
    }

    /// What it means.
    pub fn failure(&self) -> Failure {
        self.failure
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        sqlite::error_of(&error)
    }
}

/// How the database is opened.
#[derive(Debug, Clone)]
pub struct Options {
    /// Whether a commit survives power loss (`synchronous=FULL`), or only a crash of the program.
    pub full_durability: bool,
    /// Connections for reading.
    pub readers: u32,
    /// After how many bytes of write-ahead log the writer checkpoints.
    pub checkpoint_bytes: u64,
    /// How long one read may take.
    pub read_time: std::time::Duration,
}

/// The read side of the database. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Db {
    engine: Engine,
}

#[derive(Debug, Clone)]
enum Engine {
    Sqlite(sqlite::Readers),
}

/// The one connection that writes. The writer task owns it.
#[derive(Debug)]
pub struct Connection {
    engine: WriteEngine,
}

#[derive(Debug)]
enum WriteEngine {
    Sqlite(sqlite::Writer),
}

impl Db {
    /// Opens (and at first makes) the database in the data folder and brings its tables up to date.
    /// A database newer than the program is refused, naming both versions.
    pub async fn open(folder: &Path, options: &Options) -> Result<(Self, Connection), OpenError> {
        let (readers, writer) = sqlite::open(folder, options).await?;
        Ok((Self { engine: Engine::Sqlite(readers) }, Connection { engine: WriteEngine::Sqlite(writer) }))
    }

    /// Opens the tables for reading alone, also beside the server; they have to be those this program knows.
    pub async fn open_reading(folder: &Path, options: &Options) -> Result<Self, OpenError> {
        Ok(Self { engine: Engine::Sqlite(sqlite::open_reading(folder, options).await?) })
    }

    /// All rows of a query. Bound the query itself: nothing here limits the rows.
    pub async fn all<R: Row>(&self, sql: &'static str, args: &[Value]) -> Result<Vec<R>, Error> {
        match &self.engine {
            // The driver's futures take some kilobytes, and every task that ever reads would hold them all the time.
            Engine::Sqlite(readers) => Box::pin(readers.all(sql, args)).await,
        }
    }

    /// The first row of a query.
    pub async fn first<R: Row>(&self, sql: &'static str, args: &[Value]) -> Result<Option<R>, Error> {
        Ok(self.all(sql, args).await?.into_iter().next())
    }

    /// Closes the reading connections.
    pub async fn close(&self) {
        match &self.engine {
            Engine::Sqlite(readers) => readers.close().await,
        }
    }
}

impl Connection {
    /// Runs a statement; how many rows it changed.
    pub async fn execute(&mut self, sql: &'static str, args: &[Value]) -> Result<u64, Error> {
        match &mut self.engine {
            WriteEngine::Sqlite(writer) => writer.execute(sql, args).await,
        }
    }

    /// Runs one statement for many rows of arguments.
    pub async fn execute_many(&mut self, sql: &'static str, rows: &[Vec<Value>]) -> Result<(), Error> {
        self.raw(|raw| {
            let mut statement = raw.prepare(sql)?;
            rows.iter().try_for_each(|row| raw::execute(&mut statement, row).map(drop))
        })
        .await
    }

    /// All rows of a query or of a statement with `RETURNING`, inside the open transaction.
    pub async fn all<R: Row>(&mut self, sql: &'static str, args: &[Value]) -> Result<Vec<R>, Error> {
        match &mut self.engine {
            WriteEngine::Sqlite(writer) => writer.all(sql, args).await,
        }
    }

    /// The first row.
    pub async fn first<R: Row>(&mut self, sql: &'static str, args: &[Value]) -> Result<Option<R>, Error> {
        Ok(self.all(sql, args).await?.into_iter().next())
    }

    /// Runs prepared statements on the driver's own handle: for the one hot insert, where a hop per statement
    /// would cost more than the statement.
    pub async fn raw<T>(&mut self, run: impl FnOnce(&Raw) -> Result<T, Error>) -> Result<T, Error> {
        match &mut self.engine {
            WriteEngine::Sqlite(writer) => writer.raw(run).await,
        }
    }

    /// Copies the write-ahead log back into the database when there is a reason; `false` when it has to be tried again.
    pub async fn checkpoint(&mut self, why: Checkpoint) -> Result<bool, Error> {
        match &mut self.engine {
            WriteEngine::Sqlite(writer) => writer.checkpoint(why).await,
        }
    }

    /// Closes the connection; the database is one file again.
    pub async fn close(self) -> Result<(), Error> {
        match self.engine {
            WriteEngine::Sqlite(writer) => writer.close().await,
        }
    }
}

/// Why the database did not open.
#[derive(Debug)]
pub enum OpenError {
    /// The tables were made by a newer program.
    Newer {
        /// The version of the tables.
        database: i64,
        /// The newest version this program knows.
        program: i64,
    },
    /// The tables were made by an older program.
    Older {
        /// The version of the tables.
        database: i64,
        /// The version this program needs.
        program: i64,
    },
    /// The driver's reason.
    Driver(Error),
}

impl std::fmt::Display for OpenError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Newer { database, program } => write!(
                f,
                "the database has version {database}, this program knows versions up to {program}: run a newer program"
            ),
            Self::Older { database, program } => write!(
                f,
                "the database has version {database}, this program reads version {program}: start the server with it first"
            ),
            Self::Driver(error) => write!(f, "the database does not open: {error}"),
        }
    }
}

impl std::error::Error for OpenError {}

impl From<sqlx::Error> for OpenError {
    fn from(error: sqlx::Error) -> Self {
        Self::Driver(error.into())
    }
}

impl From<Error> for OpenError {
    fn from(error: Error) -> Self {
        Self::Driver(error)
    }
}
