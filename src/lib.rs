//! The litrocket server as a library; `main.rs` is the thin binary over it.

pub mod config;
pub mod db;
pub mod telemetry;
pub mod transport;
pub mod error;
pub mod hub;
pub mod app;
pub mod writer;
