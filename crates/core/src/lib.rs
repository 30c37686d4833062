//! The pure state machines that keep the promises: no I/O, no clock, no randomness of their own.
//!
//! Events and time go in, decisions come out; an async shell carries them out. [`writer`] decides what is
//! appended to a conversation's log, [`reader`] what a device is sent of it, [`access`] who may read what, [`pace`] how quickly
//! files go beside it.
#![warn(missing_docs)]

pub mod access;
pub mod chunks;
pub mod client;
pub mod pace;
#[cfg(feature = "plant")]
pub mod plant;
pub mod reader;
pub mod writer;
