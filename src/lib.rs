//! The litrocket server as a library; `main.rs` is the thin binary over it.
//!
//! | module | what it is | what it must not know |
//! | --- | --- | --- |
//! | [`server`] | assembles everything, runs, drains | – |
//! | [`app`] | what every handler needs; the clock | – |
//! | [`serve`] | the commands `serve` and `config`: from a configuration to a running server | – |
//! | [`config`], [`limits`], [`error`], [`telemetry`] | as their names say | features |
//! | [`mod@cause`], [`sentences`] | why the server does not start, and how it is said in either language | features |
//! | [`secrets`] | keys and other files that are whole or not there | features |
//! | [`loops`] | work beside the connections | features |
//! | [`turns`], [`counts`], [`lock`] | counted places for what takes long; how many each has; locks that a panic does not take along | features |
//! | [`transport`] | QUIC, TLS, certificates, streams, HTTP calls, mail; the only place that names quinn, rustls, rcgen, hyper, lettre | requests, features |
//! | [`rpc`] | from a code to a typed handler; the life of a connection | features |
//! | [`hub`] | who is connected, what active conversations said last | features, SQL |
//! | [`writer`] | the one task that changes the database | features |
//! | [`db`] | the one place that names a database driver | features |
//! | [`features`] | what the product does | QUIC |
//! | [`memory`] | how many connections fit | – |
//! | [`command`] | the command line of the whole program | features |
//! | [`admin`] | the operator's commands, over the server's socket; the check of the stored files | features other than files and admin |
//! | [`mod@bench`] | what the load harness borrows | – |

#![warn(missing_docs)]

pub mod admin;
pub mod app;
pub mod bench;
pub mod cause;
pub mod command;
pub mod config;
pub mod counts;
pub mod db;
pub mod error;
pub mod features;
pub mod hub;
pub mod limits;
pub(crate) mod lock;
pub mod loops;
mod memory;
pub mod rpc;
pub mod secrets;
pub mod sentences;
pub mod serve;
pub mod server;
pub mod telemetry;
pub mod transport;
pub mod turns;
pub mod writer;

#[cfg(test)]
mod house;
