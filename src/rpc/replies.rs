//! How much of replies may wait for peers that do not take them: of a connection, and of an account over all its connections.
//!
//! A reply that waits is memory that the peer decides about. One stream holds a reply at most; who asks on many streams and on
//! many connections and reads none of them would hold a great deal.

use std::sync::{Arc, atomic::Ordering};

use crate::{
    app::App,
    hub::Device,
    limits::{ACCOUNT_REPLIES_MAX, CONNECTION_REPLIES_FREE, CONNECTION_REPLIES_MAX},
};

/// A reply that waits to be taken, until it is dropped.
#[derive(Debug)]
pub(super) struct Held {
    device: Arc<Device>,
    bytes: usize,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.device.replies.fetch_sub(self.bytes, Ordering::AcqRel);
    }
}

/// Room for one more reply; or how many bytes may wait.
pub(super) fn hold(app: &App, device: Arc<Device>, bytes: usize) -> Result<Held, usize> {
    let own = device.replies.fetch_add(bytes, Ordering::AcqRel) + bytes;
    let held = Held { device, bytes };
    if own <= CONNECTION_REPLIES_FREE {
        return Ok(held);
    }
    if own > CONNECTION_REPLIES_MAX {
        return Err(CONNECTION_REPLIES_MAX);
    }
    let devices = app.hub.devices(held.device.account);
    let all: usize = devices.iter().map(|device| device.replies.load(Ordering::Acquire)).sum();
    if all > ACCOUNT_REPLIES_MAX { Err(ACCOUNT_REPLIES_MAX) } else { Ok(held) }
}
