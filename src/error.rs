//! What the server has when something fails; a client sees the [`Fault`] made from it.

use litrocket_protocol::{Code, Fault, fault::code, hex};

use crate::db;

/// The result of everything that can refuse or fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a request is refused or failed.
#[derive(Debug)]
pub enum Error {
    /// A refusal the client sees as it is.
    Fault(Box<Fault>),
    /// The database; the client sees `unavailable` or `internal`.
    Db(db::Error),
    /// A cause for the log; the client sees `internal`.
    Internal(String),
}

impl Error {
    /// What a field names is not there, or not for the caller to know of.
    pub fn missing(field: &str) -> Self {
        Fault::new(code::NOT_FOUND).field(field).into()
    }

    /// There are more of what a field holds, or would be, than there may be.
    pub fn too_many(field: &str, limit: impl TryInto<u64>) -> Self {
        Fault::new(code::TOO_MANY).field(field).limit(limit.try_into().unwrap_or(u64::MAX)).into()
    }

    /// Whether the disk is full, locked or gone: the whole transaction has to be given up.
    pub fn failure(&self) -> Option<db::Failure> {
        match self {
            Self::Db(error) => Some(error.failure()),
            _ => None,
        }
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Fault(fault) => fault.fmt(f),
            Self::Db(error) => write!(f, "database: {error}"),
            Self::Internal(cause) => f.write_str(cause),
        }
    }
}

impl std::error::Error for Error {}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        Self::Fault(Box::new(fault))
    }
}

impl From<Code> for Error {
    fn from(code: Code) -> Self {
        Fault::new(code).into()
    }
}

impl From<db::Error> for Error {
    fn from(error: db::Error) -> Self {
        Self::Db(error)
    }
}

/// The one place where causes go to the log and become words that are safe to show.
impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        match error {
            Error::Fault(fault) => *fault,
            Error::Db(error) if matches!(error.failure(), db::Failure::Temporary | db::Failure::System) => {
                tracing::warn!(%error, "the database is not available");
                Self::new(code::UNAVAILABLE).retry_after(1000)
            }
            other => {
                let mut bytes = [0; 6];
                let reference = match getrandom::fill(&mut bytes) {
                    Ok(()) => hex::encode(&bytes),
                    Err(_) => "none".into(),
                };
                tracing::error!(error = %other, reference, "a request failed");
                Self::new(code::INTERNAL).reference(reference)
            }
        }
    }
}
