//! People using litrocket: a real server, real clients, real QUIC.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends here")]

mod access;
mod accounts;
mod admin;
mod avatars;
mod bad_inputs;
mod bench;
mod bounds;
mod certificates;
mod chat;
mod commands;
mod early;
mod ending;
mod faults;
mod files;
mod groups;
mod hostile;
mod limits;
mod mail;
mod marks;
mod moments;
mod newcomers;
mod numbers;
mod people;
mod pictures;
mod privacy;
mod process;
mod programs;
mod raw;
mod relay;
mod sdk;
mod search;
mod siege;
mod storage;
mod streams;
mod traces;
mod transcripts;
mod translate;
mod voice;
mod wire;
mod witness;
mod words;
mod world;
