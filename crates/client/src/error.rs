//! What can go wrong.

use std::time::Duration;

use litrocket_protocol::{Fault, fault::code};

/// Why something did not work.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The server refused it.
    Fault(Box<Fault>),
    /// The server cannot be reached, or the connection broke while it was asked.
    Unreachable(String),
    /// It took too long.
    TimedOut,
    /// The client was closed.
    Closed,
    /// Another server answers at this address: what was written for the one before is not sent. [`crate::Client::take_stranded`] has it.
    ServerChanged,
    /// Nobody is signed in.
    NotSignedIn,
    /// The state file cannot be read or written.
    Store(std::io::Error),
    /// A file that is sent or fetched cannot be read or written.
    File(std::io::Error),
    /// Who sends a file has brought only so much of it, and nothing further for as long as the transfer has patience.
    Incomplete {
        /// Bytes that the server has.
        there: u64,
        /// Bytes of the whole file.
        size: u64,
    },
    /// The server's certificate is not trusted, or TLS failed otherwise.
    Tls(String),
    /// The server broke the protocol.
    Protocol(String),
}

impl Error {
    /// The server's refusal, if it is one.
    pub fn fault(&self) -> Option<&Fault> {
        match self {
            Self::Fault(fault) => Some(fault),
            _ => None,
        }
    }

    /// When the server wants to be asked again, where it says that it did nothing. `busy` with a `limit` does not say that: the
    /// reply had no room, whatever the request did.
    pub(crate) fn again_after(&self) -> Option<Duration> {
        let fault = self.fault()?;
        let did_nothing = (fault.is(code::BUSY) && fault.limit.is_none())
            || [code::RATE_LIMITED, code::UNAVAILABLE, code::GOING_AWAY].iter().any(|code| fault.is(*code));
        fault.retry_after_ms.filter(|_| did_nothing).map(Duration::from_millis)
    }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        Self::Fault(Box::new(fault))
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Fault(fault) => fault.fmt(f),
            Self::Unreachable(why) => write!(f, "the server cannot be reached: {why}"),
            Self::TimedOut => f.write_str("the server took too long"),
            Self::Closed => f.write_str("the client is closed"),
            Self::ServerChanged => f.write_str("another server answers now: it was not sent"),
            Self::NotSignedIn => f.write_str("nobody is signed in"),
            Self::Store(error) => write!(f, "the state file is not usable: {error}"),
            Self::File(error) => write!(f, "the file is not usable: {error}"),
            Self::Incomplete { there, size } => {
                write!(f, "its sender has brought only {there} of {size} bytes so far")
            }
            Self::Tls(why) => write!(f, "the server is not trusted: {why}"),
            Self::Protocol(why) => write!(f, "the server broke the protocol: {why}"),
        }
    }
}

impl std::error::Error for Error {}
