//! The litrocket server as a library; `main.rs` is the thin binary over it.
//!
//! | module | what it is | what it must not know |
//! | --- | --- | --- |
//! | [`server`] | assembles everything, runs, drains | – |
//! | [`app`] | what every handler needs; the clock | – |
//! | [`config`], [`limits`], [`error`], [`telemetry`] | as their names say | features |
//! | [`transport`] | QUIC, TLS, certificates, streams, HTTP calls, mail; the only place that names quinn, rustls, rcgen, hyper, lettre | requests, features |
//! | [`rpc`] | from a code to a typed handler; the life of a connection | features |
//! | [`hub`] | who is connected, what active conversations said last | features, SQL |
//! | [`writer`] | the one task that changes the database | features |
//! | [`db`] | the one place that names a database driver | features |
//! | [`features`] | what the product does | QUIC |
//! | [`admin`] | the operator's commands, over the server's socket | the database |
//! | [`check`] | the check of the stored files | features other than files and admin |
//! | `memory` | how many connections fit | – |
//! | [`mod@bench`] | what the load harness borrows | – |

pub mod admin;
pub mod app;
pub mod bench;
pub mod check;
pub mod config;
pub mod db;
pub mod error;
pub mod features;
pub mod hub;
pub mod limits;
mod memory;
pub mod rpc;
pub mod said;
pub mod serve;
pub mod server;
pub mod telemetry;
pub mod transport;
pub mod turns;
pub mod writer;

#[cfg(test)]
mod layout;
#[cfg(test)]
mod privacy;
#[cfg(test)]
mod versions;
