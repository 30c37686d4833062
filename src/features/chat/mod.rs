//! Chat: sends and their acks, deliveries and cursors, on the long-lived chat stream.
//!
//! [`stream`] is the stream's two directions, [`delivery`] carries out what the pure reader decides, within a
//! [`window`], [`check`] looks at a send before the writer sees it, [`changes`] are the sends that change another event,
//! [`mod@erase`] takes back what somebody said, [`mod@said`] hands it out. Must not know QUIC. Start with [`stream::serve`].

mod changes;
mod check;
mod delivery;
mod erase;
mod export_store;
mod frames;
mod quiet;
mod said;
mod store;
mod stream;
mod window;

use litrocket_protocol::stream_kind;

use crate::rpc::Router;

pub use changes::ChatHooks;
pub use check::payload_hash;
pub(crate) use erase::erase;
pub(crate) use export_store::EXPORT;
pub(crate) use said::said;
pub(crate) use store::{decode, event};

/// Registers the chat stream.
pub fn routes(router: Router) -> Router {
    router.on_stream(stream_kind::CHAT, stream::serve)
}
