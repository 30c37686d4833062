//! SQLite's own handle, lent by sqlx for the time of one call: for what returns no rows and for the hot insert,
//! where a hop to sqlx's worker per statement would cost more than the statement.

use rusqlite::types::{ToSqlOutput, ValueRef};

use super::{Error, Value, sqlite::from_code};

/// Statements that stay prepared.
const STATEMENTS_MAX: usize = 128;

/// The lent handle, with the statements prepared on it so far.
#[derive(Debug)]
pub struct Raw(rusqlite::Connection);

/// A prepared statement on the lent handle, with the argument of each of its places.
pub struct Statement<'a> {
    inner: rusqlite::CachedStatement<'a>,
    arguments: Vec<usize>,
}

impl Raw {
    #[expect(
        unsafe_code,
        reason = "rusqlite borrows the handle that sqlx has locked for us; it does not close it"
    )]
    pub(super) fn borrow(handle: *mut rusqlite::ffi::sqlite3) -> Result<Self, Error> {
        // SAFETY: sqlx keeps its worker off the handle while the lock that lent it is held. `Writer` keeps this value
        // beside the connection, uses it under that lock only, and drops it before the connection is closed.
        let connection = unsafe { rusqlite::Connection::from_handle(handle) };
        let connection = checked(connection)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
        Ok(Self(connection))
    }

    /// Copies the write-ahead log back, in one of SQLite's modes, waiting so long for others; whether all of it was.
    pub(super) fn checkpoint(&self, mode: &str, patience: std::time::Duration) -> Result<bool, Error> {
        checked(self.0.busy_timeout(patience))?;
        let done = self.0.query_row(&format!("PRAGMA wal_checkpoint({mode})"), [], |row| {
            let (busy, log, copied): (i64, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
            Ok(busy == 0 && log == copied)
        });
        checked(self.0.busy_timeout(super::sqlite::BUSY_TIMEOUT))?;
        checked(done)
    }

    /// Prepares a statement, or takes it as it was prepared before.
    pub fn prepare(&self, sql: &'static str) -> Result<Statement<'_>, Error> {
        let inner = checked(self.0.prepare_cached(sql))?;
        let arguments = (1..=inner.parameter_count()).map(|place| argument(&inner, place)).collect();
        Ok(Statement { inner, arguments })
    }
}

pub(super) fn checked<T>(result: Result<T, rusqlite::Error>) -> Result<T, Error> {
    result.map_err(|error| {
        let code = error.sqlite_error().map_or(1, |inner| inner.extended_code);
        from_code(code, error.to_string())
    })
}

impl rusqlite::ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::I(value) => ValueRef::Integer(*value),
            Self::T(value) => ValueRef::Text(value.as_bytes()),
            Self::B(value) => ValueRef::Blob(value),
            Self::Id(value) => ValueRef::Blob(value),
            Self::Hash(value) => ValueRef::Blob(value),
            Self::Null => ValueRef::Null,
        }))
    }
}

/// Which argument belongs to a place: `$n` is the n-th wherever it stands, although to SQLite it is only a name.
fn argument(statement: &rusqlite::Statement<'_>, place: usize) -> usize {
    let name = statement.parameter_name(place);
    name.and_then(|name| name.trim_start_matches(['$', '?']).parse().ok()).unwrap_or(place)
}

fn bind(statement: &mut Statement<'_>, args: &[Value]) -> Result<(), Error> {
    for (place, number) in statement.arguments.iter().enumerate() {
        let Some(value) = number.checked_sub(1).and_then(|at| args.get(at)) else {
            return Err(Error::statement(format!("argument {number} is missing")));
        };
        checked(statement.inner.raw_bind_parameter(place + 1, value))?;
    }
    Ok(())
}

/// Runs a prepared statement; how many rows it changed.
pub fn execute(statement: &mut Statement<'_>, args: &[Value]) -> Result<usize, Error> {
    bind(statement, args)?;
    checked(statement.inner.raw_execute())
}

/// The first row of a prepared query, as `read` takes it.
pub fn first<T>(
    statement: &mut Statement<'_>,
    args: &[Value],
    read: impl FnMut(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
) -> Result<Option<T>, Error> {
    Ok(all(statement, args, read)?.into_iter().next())
}

/// All rows of a prepared query.
pub fn all<T>(
    statement: &mut Statement<'_>,
    args: &[Value],
    mut read: impl FnMut(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
) -> Result<Vec<T>, Error> {
    bind(statement, args)?;
    let mut rows = statement.inner.raw_query();
    let mut out = Vec::new();
    while let Some(row) = checked(rows.next())? {
        out.push(checked(read(row))?);
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args;

    #[test]
    fn arguments_are_bound_by_their_number_and_not_by_where_they_stand() {
        let raw = Raw(rusqlite::Connection::open_in_memory().unwrap());
        let mut statement = raw.prepare("SELECT $2 || $1 || $2").unwrap();
        let text: Option<String> = first(&mut statement, args!["a", "b"], |row| row.get(0)).unwrap();
        assert_eq!(text.as_deref(), Some("bab"));
        assert!(first::<i64>(&mut statement, args!["a"], |row| row.get(0)).is_err());
    }
}
