//! People using litrocket: a real server, real clients, real QUIC.

mod chat;
mod world;
