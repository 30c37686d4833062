//! Bytes that move: the requests and streams of uploads and downloads.
//!
//! [`upload`] and [`download`] are the handlers; [`transfers`] is what is known of uploads under way, [`shares`] what streams
//! may take of memory, of streams and of the line. Start with [`upload::open`].

pub(super) mod download;
pub(super) mod shares;
pub(super) mod transfers;
pub(super) mod upload;
