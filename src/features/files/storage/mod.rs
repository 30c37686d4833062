//! Where chunks are: a folder or a bucket, and the rows that say what is in it. Knows no account.
//!
//! [`blobs`] puts, gets and deletes objects, [`place`] is where those of a content are; [`mod@mark`] is how the storage is known to
//! be there, [`staged`] takes away what writes left that never ended, [`workers`] are the threads that hash, decode and wait for
//! it. [`content_store`] is the table of contents, one for each hash.

pub(super) mod blobs;
pub(super) mod content_store;
pub(super) mod mark;
pub(super) mod place;
mod staged;
mod workers;
