//! The litrocket server as a library; `main.rs` is the thin binary over it.

pub mod config;
pub mod db;
pub mod features;
pub mod telemetry;
pub mod transport;
