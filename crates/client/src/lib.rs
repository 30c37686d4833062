//! The Rust SDK of litrocket: one QUIC connection, typed requests, an ordered outbox, events without a hole.
//!
//! ```no_run
//! use litrocket_client::{Client, Options, Outgoing, Start, Trust, Item};
//! use litrocket_protocol::{account, conversations};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let mut options = Options::new("localhost:4433".parse()?);
//! options.trust = Trust::CaFile("certs/ca.pem".into());
//! let client = Client::connect(options).await?;
//! client
//!     .sign_in(account::SignIn {
//!         handle: "ada".into(),
//!         password: "correct horse".into(),
//!         label: "laptop".into(),
//!         old_token: None,
//!     })
//!     .await?;
//! let bob = client.call(account::GetProfile { handle: Some("bob".into()), account: None }).await?;
//! let chat = client.call(conversations::OpenDirect { account: bob.account }).await?;
//! let ack = client.send(chat.conversation, Outgoing::text("hello")).await?.await?;
//! println!("stored as event {}", ack.event_seq);
//! let mut events = client.events(Start::Cursors)?;
//! while let Some(item) = events.next().await {
//!     if let Item::Event(event) = item {
//!         println!("{event:?}");
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! [`Client::connect`] makes the first connection; a task behind it reconnects with jitter and the server's pacing,
//! sends again what was not acked, and goes on from the cursors. Everything is cancel-safe: dropping a call resets
//! its stream, dropping a [`Pending`] leaves the send in the outbox, and a sign-in goes on without its call
//! ([`Client::enter`]).
#![warn(missing_docs)]

mod address;
mod chat;
mod client;
mod connect;
mod disk;
mod driver;
mod entering;
mod error;
mod events;
mod files;
mod hints;
mod inbox;
mod options;
mod outgoing;
mod reconnect;
mod shared;
mod store;
mod stream;
mod trust;
mod voice;

pub use address::Address;
pub use chat::Pending;
pub use client::Client;
pub use disk::write_whole;
pub use error::Error;
pub use events::{Events, Item, Start};
pub use files::{
    Digest, Progress, Transfer, check_picture, check_target, clean_picture, disk_name, new_name,
};
pub use litrocket_protocol as protocol;
pub use options::Options;
pub use outgoing::Outgoing;
pub use shared::{Me, Status};
pub use trust::Trust;
pub use voice::Recording;
