//! The litrocket wire, version 1: every type, code and rule that server and clients share.
//!
//! This crate does no I/O and knows no storage. Start with [`requests`] for the tables of request codes,
//! [`chat`] and [`state`] for the two long-lived streams, [`event`] for what a conversation is made of, and
//! [`frame`] for the bytes. `PROTOCOL.md` at the top of the repository says the same in prose.
#![warn(missing_docs)]

#[macro_use]
mod message;

pub mod account;
pub mod announcements;
pub mod chat;
pub mod conversations;
pub mod describe;
pub mod email;
pub mod event;
pub mod export;
pub mod fault;
pub mod files;
pub mod frame;
pub mod groups;
pub mod hex;
pub mod history;
pub mod ids;
pub mod limits;
pub mod markdown;
pub mod moments;
pub mod names;
pub mod people;
pub mod pictures;
pub mod requests;
pub mod state;
pub mod unread;
pub mod varint;
#[cfg(test)]
mod vectors;
pub mod words;

pub use fault::{Class, Code, Fault};
pub use ids::{AccountId, ConversationId, MessageId, SessionId};
pub use message::{Described, Field, wire_type};
pub use requests::{Request, RequestInfo, Who};

/// The ALPN protocol name of native clients.
pub const ALPN: &[u8] = b"litrocket/1";

/// The protocol version `hello` asks for and answers.
pub const VERSION: u32 = 1;

/// The first number on every stream says what the stream is.
pub mod stream_kind {
    /// One request frame, one reply frame, then the end. Opened by the client, bidirectional.
    pub const REQUEST: u64 = 1;
    /// The long-lived chat stream. Opened by the client, bidirectional, at most one a connection.
    pub const CHAT: u64 = 2;
    /// The long-lived state stream. Opened by the client, bidirectional, at most one a connection.
    pub const STATE: u64 = 3;
    /// Chunks of an upload. Opened by the client, unidirectional: file, first chunk, count as varints, then bytes.
    pub const UPLOAD: u64 = 4;
    /// Chunks of a download. Opened by the server, unidirectional: the client's number, first chunk, count as
    /// varints, then bytes.
    pub const DOWNLOAD: u64 = 5;
}

/// Application error codes: QUIC `RESET_STREAM`, `STOP_SENDING` and `CONNECTION_CLOSE` carry one of these.
pub mod close_code {
    /// Nothing went wrong.
    pub const DONE: u32 = 0;
    /// Whoever sends it gave the stream up; what was sent on it is incomplete.
    pub const CANCELLED: u32 = 1;
    /// A frame broke the rules of this page.
    pub const BAD_FRAME: u32 = 2;
    /// The stream is not served: its kind is not known here, or it was refused. The connection goes on.
    pub const UNKNOWN_STREAM: u32 = 3;
    /// Nobody signed in within the time the server allows.
    pub const NOT_SIGNED_IN: u32 = 4;
    /// The session was signed out or revoked.
    pub const REVOKED: u32 = 5;
    /// The server is going away: reconnect after the announced time.
    pub const GOING_AWAY: u32 = 6;
    /// A limit of the connection was passed.
    pub const LIMIT: u32 = 7;
    /// The server had an internal error.
    pub const INTERNAL: u32 = 8;
    /// A stream made no progress for too long.
    pub const TOO_SLOW: u32 = 9;
    /// A chunk does not have the hash that was announced.
    pub const WRONG_HASH: u32 = 10;
    /// More bytes than were announced, or chunks that there are not.
    pub const WRONG_SIZE: u32 = 11;
    /// There is no such transfer, or not any more.
    pub const NO_TRANSFER: u32 = 12;
    /// The storage of files takes or gives nothing at the moment.
    pub const STORAGE: u32 = 13;
    /// Too many streams with files at the same time; try again later.
    pub const BUSY: u32 = 14;
    /// What is stored of the file was found changed or lost.
    pub const DAMAGED: u32 = 15;
}
